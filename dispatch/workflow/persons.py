"""Who is it? Same ID number, same person; different ID numbers on one phone, two people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from dispatch.models import Case, PhoneNumber, Target, TargetNumber
from dispatch.workflow.closing import merge
from dispatch.workflow.report import Person
from dispatch.workflow.undoing import remember, was_parted
from telephony import numbers, sealing
from telephony.prepared import prepared
from telephony.writeback import insert


@dataclass(frozen=True, slots=True)
class Identity:
    """Who it is: their row, their numbers in the order they are called, and whether nobody knew them before."""

    target: Target
    numbers: list[TargetNumber]
    is_new: bool


def identify(person: Person, now: datetime) -> Identity:
    """The one target this is, made if new, with what is newly known of them; their rows stay locked.

    The phone's row is locked before the person's: under it, a phone without an ID number is one person.
    The locks are FOR NO KEY UPDATE: a turn that holds the case and writes rows which name this phone or
    this person need not wait for us, who may be waiting for that case.
    """
    phone = _lock_phone(person.number) if person.number else None
    known = _by_id(person, phone, now) if person.id_number else _by_phone(phone)
    target = known or Target(**_told(person))
    if known is None:
        insert([target])
    else:
        _learn(known, person)
    uses = _numbers_of(known.pk) if known else []
    if phone is not None and phone.pk not in {use.phone_id for use in uses}:
        last = max((use.position for use in uses), default=0)
        uses.append(TargetNumber(target=target, phone=phone, position=last + 1))
        insert(uses[-1:])
    return Identity(target, uses, is_new=known is None)


@prepared
def _numbers_of(target_id: int) -> QuerySet[TargetNumber]:
    return TargetNumber.objects.filter(target=target_id).select_related("phone")


def _lock_phone(number: str) -> PhoneNumber:
    """Its row, written if new. To write it again is to lock it: one statement for both."""
    phone = PhoneNumber(number=number, index=numbers.index(number))
    PhoneNumber.objects.bulk_create(
        [phone], update_conflicts=True, unique_fields=["index"], update_fields=["number"]
    )
    return phone


def _by_id(person: Person, phone: PhoneNumber | None, now: datetime) -> Target:
    index = sealing.index("id", person.id_number)
    anonymous = _anonymous(phone)
    known = _lock_by_id.first(index)
    if known is None and anonymous is not None:
        anonymous.id_number, anonymous.id_index = person.id_number, index
        anonymous.save()
        return anonymous
    if known is None:
        fresh = Target(id_number=person.id_number, id_index=index)
        Target.objects.bulk_create([fresh], ignore_conflicts=True)
        known = _lock_by_id.get(index)
    if anonymous is not None and not was_parted(anonymous, known):
        _absorb(anonymous, known, now)
    return known


@prepared
def _lock_by_id(index: str) -> QuerySet[Target]:
    return Target.objects.filter(id_index=index).select_for_update(no_key=True)


def _by_phone(phone: PhoneNumber | None) -> Target | None:
    """Of those who use this phone: who has an open case, the riskiest first; else the one known last."""
    if phone is None:
        raise ValueError("a person needs a phone number or an ID number")
    users = _users_of(phone.pk)
    if not users:
        return None
    chosen = users[0]
    if len(users) > 1 and (case := Case.objects.open().filter(target__in=users).by_risk().first()):
        chosen = case.target
    return _lock_target.get(chosen.pk)


@prepared
def _users_of(phone_id: int) -> QuerySet[Target]:
    return Target.objects.filter(numbers__phone=phone_id).order_by("-pk")


@prepared
def _lock_target(target_id: int) -> QuerySet[Target]:
    return Target.objects.filter(pk=target_id).select_for_update(no_key=True)


def _anonymous(phone: PhoneNumber | None) -> Target | None:
    if phone is None:
        return None
    return _lock_nameless.first(phone.pk)


@prepared
def _lock_nameless(phone_id: int) -> QuerySet[Target]:
    users = Target.objects.select_for_update(no_key=True, of=("self",))
    return users.filter(numbers__phone=phone_id, id_index=None).order_by("pk")[:1]


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
    news = {name: told for name, told in _told(person).items() if told and not getattr(target, name)}
    if news:
        for name, told in news.items():
            setattr(target, name, told)
        target.save(update_fields=news)


def _told(person: Person) -> dict[str, Any]:
    return {name: getattr(person, name) for name in ("name", "sex", "birth_year", "occupation")}
