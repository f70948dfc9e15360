"""Who is it? Same ID number, same person; different ID numbers on one phone, two people."""

from datetime import datetime

from django.db.models import Max

from dispatch.models import Case, PhoneNumber, Target, TargetNumber
from dispatch.workflow.closing import merge
from dispatch.workflow.report import Person
from dispatch.workflow.undoing import remember, was_parted
from telephony import numbers, sealing


def identify(person: Person, now: datetime) -> Target:
    """The one target this is, made if new, with what is newly known of them; their rows stay locked.

    The phone's row is locked before the person's: under it, a phone without an ID number is one person.
    The locks are FOR NO KEY UPDATE: a turn that holds the case and writes rows which name this phone or
    this person need not wait for us, who may be waiting for that case.
    """
    phone = _lock_phone(person.number) if person.number else None
    target = _by_id(person, phone, now) if person.id_number else _by_phone(phone)
    if phone is not None and not target.numbers.filter(phone=phone).exists():
        last = target.numbers.aggregate(last=Max("position"))["last"] or 0
        TargetNumber.objects.create(target=target, phone=phone, position=last + 1)
    _learn(target, person)
    return target


def _lock_phone(number: str) -> PhoneNumber:
    index = numbers.index(number)
    PhoneNumber.objects.bulk_create([PhoneNumber(number=number, index=index)], ignore_conflicts=True)
    return PhoneNumber.objects.select_for_update(no_key=True).get(index=index)


def _by_id(person: Person, phone: PhoneNumber | None, now: datetime) -> Target:
    index = sealing.index("id", person.id_number)
    anonymous = _anonymous(phone)
    known = Target.objects.select_for_update(no_key=True).filter(id_index=index).first()
    if known is None and anonymous is not None:
        anonymous.id_number, anonymous.id_index = person.id_number, index
        anonymous.save()
        return anonymous
    if known is None:
        fresh = Target(id_number=person.id_number, id_index=index)
        Target.objects.bulk_create([fresh], ignore_conflicts=True)
        known = Target.objects.select_for_update(no_key=True).get(id_index=index)
    if anonymous is not None and not was_parted(anonymous, known):
        _absorb(anonymous, known, now)
    return known


def _by_phone(phone: PhoneNumber | None) -> Target:
    """Of those who use this phone: who has an open case, the riskiest first; else the one known last."""
    if phone is None:
        raise ValueError("a person needs a phone number or an ID number")
    users = Target.objects.filter(numbers__phone=phone)
    case = Case.objects.open().filter(target__in=users).by_risk().first()
    target = case.target if case else users.order_by("-pk").first()
    if target is None:
        target = Target.objects.create()
    return Target.objects.select_for_update(no_key=True).get(pk=target.pk)


def _anonymous(phone: PhoneNumber | None) -> Target | None:
    if phone is None:
        return None
    users = Target.objects.select_for_update(no_key=True, of=("self",))
    return users.filter(numbers__phone=phone, id_index=None).first()


def _absorb(anonymous: Target, known: Target, now: datetime) -> None:
    """The nameless user of a phone turns out to be a person we know: one person, one case."""
    mine = Case.objects.open().filter(target=known).select_for_update(of=("self",)).first()
    theirs = Case.objects.open().filter(target=anonymous).select_for_update(of=("self",)).first()
    if theirs is not None and mine is not None:
        remember(kept=mine, other=theirs, person=anonymous, now=now)
    for use in anonymous.numbers.all():
        if known.numbers.filter(phone_id=use.phone_id).exists():
            use.delete()
        else:
            use.target = known
            use.save()
    anonymous.contacts.update(target=known)
    if theirs is not None and mine is not None:
        merge(kept=mine, other=theirs, now=now)
    # The closed ones too: they are this person's past.
    Case.objects.filter(target=anonymous).update(target=known)


def _learn(target: Target, person: Person) -> None:
    """Keep what was not known; what was known stays."""
    target.name = target.name or person.name
    target.sex = target.sex or person.sex
    target.birth_year = target.birth_year or person.birth_year
    target.occupation = target.occupation or person.occupation
    target.save()
