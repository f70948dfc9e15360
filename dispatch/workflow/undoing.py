"""Merges, kept at merging and undone by a supervisor: the person taken for another is a person of their own again.

Closed stays closed. Their earlier cases go back with them, and a new case follows the duplicate one, which so
counts no more as a duplicate. What was done in the kept case, and how it ends, stays its own person's; so do the
dangers it took over, since nobody knows which of them are theirs, and a level falls only by a person.
"""

import json
from datetime import datetime

from django.db import transaction
from django.utils.dateparse import parse_datetime

from dispatch import record
from dispatch.models import Attempt, Case, Contact, Merge, PhoneNumber, Sum, Target, TargetNumber, User
from dispatch.vocabulary import CALLS, Level, Money, Role
from dispatch.workflow.places import PLACE, put
from dispatch.workflow.refusal import NotAllowedError
from dispatch.workflow.turn import advance, succeed


def remember(*, kept: Case, other: Case, person: Target, now: datetime) -> Merge:
    """What will be needed to part them: to be kept before anything moves from `person` to the kept case's target."""
    phones = list(person.numbers.values_list("phone_id", flat=True))
    shared = TargetNumber.objects.filter(target=kept.target_id, phone__in=phones)
    return Merge.objects.create(
        other=other,
        person=person,
        at=now,
        phones=phones,
        shared=list(shared.values_list("phone_id", flat=True)),
        contacts=list(person.contacts.values_list("pk", flat=True)),
        cases=list(person.cases.values_list("pk", flat=True)),
        place=_place(kept) if kept.is_placed_before(other) else "",
    )


def was_parted(person: Target, known: Target) -> bool:
    """Whether a supervisor has said that these two are not one."""
    undone = Merge.objects.filter(person=person, undone_at__isnull=False)
    return undone.filter(other__merged_into__target=known).exists()


@transaction.atomic
def undo(*, case_id: int, by: User, why: str, now: datetime) -> Case:
    """Part the person of a duplicate case from the one they were taken for; the new case that follows it.

    Raises NotAllowedError if that has been done, if a case is open for one of their numbers, or while the kept
    case is calling one: what is said there must be written first.
    """
    if not by.is_a(Role.SUPERVISOR, Role.ADMINISTRATOR):
        raise NotAllowedError("only a supervisor undoes a merge")
    if not why.strip():
        raise NotAllowedError("a reason is needed")
    merge, other, kept = _lock(case_id)
    if merge.undone_at is not None:
        raise NotAllowedError("the merge is undone already")
    _must_be_free(merge, kept)
    merge.undone_at, merge.undone_by = now, by
    merge.save(update_fields=["undone_at", "undone_by"])
    _part(merge, kept.target_id)
    new = _follow(Case.objects.get(pk=other.pk), now)
    _put_back(kept, merge, now)
    why = why.strip()
    record.write("parted", now=now, case=other, by=by, why=why, other=kept.number)
    record.write("parted", now=now, case=kept, by=by, why=why, other=other.number)
    record.opened_after(new, now=now, by=by, why=why)
    advance([kept.pk, new.pk], now=now)
    return Case.objects.get(pk=new.pk)


def _lock(case_id: int) -> tuple[Merge, Case, Case]:
    """Phones and persons first, as a directive that comes in locks them; then the cases as a late word does, that
    is the closed one first.
    """
    merge = Merge.objects.select_related("other__merged_into").filter(other=case_id).first()
    if merge is None or merge.other.merged_into is None:
        raise NotAllowedError("only a merged case is parted again, and this one is none")
    kept_id, known = merge.other.merged_into.pk, merge.other.merged_into.target_id
    list(PhoneNumber.objects.select_for_update(no_key=True).filter(pk__in=merge.phones).order_by("pk"))
    list(Target.objects.select_for_update(no_key=True).filter(pk__in=[known, merge.person_id]).order_by("pk"))
    locked = Case.objects.select_for_update(of=("self",))
    other, kept = locked.get(pk=case_id), locked.get(pk=kept_id)
    return Merge.objects.select_for_update(of=("self",)).get(pk=merge.pk), other, kept


def _must_be_free(merge: Merge, kept: Case) -> None:
    """Nobody else's open case is joined silently, and no call is taken from under the one who talks."""
    users = TargetNumber.objects.filter(phone__in=merge.phones).exclude(target=kept.target_id)
    theirs = Case.objects.open().filter(target__in=[merge.person_id, *users.values_list("target", flat=True)])
    if (going_on := theirs.by_risk().first()) is not None:
        raise NotAllowedError("a case is open for their number by now: {number}", number=going_on.number)
    calling = Attempt.objects.live().filter(case=kept, tier__in=CALLS, phone__in=merge.phones)
    if calling.filter(started_at__isnull=False).exists():
        raise NotAllowedError("one of their numbers is being called: first say what that call met")


def _part(merge: Merge, known: int) -> None:
    """Numbers, contacts and cases go back; a number that both had stays the other's too."""
    taken = set(merge.phones) - set(merge.shared)
    TargetNumber.objects.filter(target=known, phone__in=taken).update(target=merge.person_id)
    have = TargetNumber.objects.filter(target=merge.person_id).values_list("phone_id", flat=True)
    missing = [phone for phone in merge.phones if phone not in set(have)]
    TargetNumber.objects.bulk_create(
        TargetNumber(target_id=merge.person_id, phone_id=phone, position=position)
        for position, phone in enumerate(missing, start=len(have) + 1)
    )
    Contact.objects.filter(pk__in=merge.contacts).update(target=merge.person_id)
    Case.objects.filter(pk__in=merge.cases).update(target=merge.person_id)


def _follow(other: Case, now: datetime) -> Case:
    """The person's case goes on where it was broken off: the same facts, level and sums."""
    new = succeed(other, level=Level(other.level), now=now)
    new.sizes, new.assessed_level = dict(other.sizes), other.assessed_level
    new.save(update_fields=["sizes", "assessed_level"])
    newest = [other.sums.filter(kind=kind).order_by("-at", "-pk").first() for kind in Money]
    Sum.objects.bulk_create(
        Sum(case=new, kind=said.kind, amount=said.amount, at=said.at, said_by=said.said_by, by=said.by)
        for said in filter(None, newest)
    )
    return new


def _put_back(kept: Case, merge: Merge, now: datetime) -> None:
    """The kept case thinks anew about whom to call; if it still goes by the other's place, by its own again."""
    if not kept.is_open:
        return
    if merge.place and kept.place_at == merge.other.place_at:
        before = json.loads(merge.place)
        put(kept, {**before, "place_at": parse_datetime(before["place_at"] or "")}, now)
    kept.due_at = now
    kept.save()


def _place(case: Case) -> str:
    return json.dumps({name: getattr(case, name) for name in PLACE}, default=datetime.isoformat)
