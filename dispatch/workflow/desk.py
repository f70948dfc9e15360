"""What a person does with a case besides judging: take it, give it back, set its level, write a note, open data."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from dispatch import policies, record
from dispatch.models import Attempt, Case, User
from dispatch.vocabulary import Level, NewsKind, Role, Stage
from dispatch.workflow import news
from dispatch.workflow.facts import larger
from dispatch.workflow.refusal import NotAllowedError
from dispatch.workflow.turn import advance
from telephony import dialling
from telephony.sealing import seal

DESK = (Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR)
LONGEST_NOTE = 500


class Need(models.TextChoices):
    """Why somebody may open personal data."""

    CALL = "call", _("to call them")
    IDENTITY = "identity", _("to check who is on the line")
    VISIT = "visit", _("to brief a station")
    BANK = "bank", _("for a stop-payment order")
    CHECK = "check", _("to check on them")
    REVIEW = "review", _("to review the case")


@dataclass(frozen=True, slots=True)
class Opened:
    """A person's data, unmasked, for the one answer that shows them."""

    name: str
    id_number: str
    numbers: tuple[str, ...]
    address: str
    contacts: tuple[tuple[str, str, str], ...]  # relation, name, number


@transaction.atomic
def take(*, case_id: int, by: User, now: datetime) -> Case:
    """A person takes a case over until they give it back: stand-ins act in it no more. Doing it twice does nothing.

    Raises NotAllowedError if a colleague is on it; a supervisor takes it all the same.
    """
    at_the_desk(by)
    case = lock_open(case_id)
    if not by.is_a(Role.SUPERVISOR, Role.ADMINISTRATOR):
        not_anothers(case, by, now)
    if case.holder_id != by.pk or case.held_until is not None:
        before = case.holder_id
        case.holder, case.held_until = by, None
        case.save(update_fields=["holder", "held_until"])
        dialling.let_go(booked_calls(case))
        record.write("taken", now=now, case=case, by=by, before_holder=before)
    return case


@transaction.atomic
def give_back(*, case_id: int, by: User, now: datetime) -> Case:
    """Whoever holds a case, or a supervisor, lets it go: stand-ins act again. Of a free case it does nothing."""
    at_the_desk(by)
    case = lock_open(case_id)
    if case.holder is None:
        return case
    if case.holder != by and not by.is_a(Role.SUPERVISOR, Role.ADMINISTRATOR):
        raise NotAllowedError("only who holds the case, or a supervisor, gives it back")
    record.write("given_back", now=now, case=case, by=by, before_holder=case.holder_id)
    free(case)
    return case


@transaction.atomic
def set_level(*, case_id: int, level: Level, by: User, why: str, now: datetime) -> None:
    """A person sets the level, with a reason: only so does it ever fall. The case takes its turn.

    What was met before raises it no more; what is met, reported or judged from here on may.
    """
    at_the_desk(by)
    if not why.strip():
        raise NotAllowedError("a reason is needed")
    case = lock_open(case_id)
    before = Level(case.level)
    if level is before:
        raise NotAllowedError("that is its level already")
    case.level, case.level_set_at, case.due_at = level, now, now
    case.save(update_fields=["level", "level_set_at", "due_at"])
    verb = "lowered" if level < before else "raised"
    record.write(verb, now=now, case=case, by=by, why=why.strip(), level=level.code, before=before.code)
    news.tell_who_goes(case, NewsKind(verb), now=now)
    advance([case.pk], now=now)


@transaction.atomic
def note(*, case_id: int, by: User, text: str, now: datetime, signs: Collection[str] = ()) -> None:
    """A line of a person's own words in the record, sealed; also after the case has closed.

    `signs` are danger signs of the risk policy that the person has learnt of: new facts, so the case, which
    must be open, takes its turn. Raises NotAllowedError for one that the policy does not know.
    """
    at_the_desk(by)
    text, signs = text.strip()[:LONGEST_NOTE], sorted(set(signs))
    if not text and not signs:
        raise NotAllowedError("a note has words")
    rules = policies.risk_policy(now).rules
    if unknown := [sign for sign in signs if sign not in rules.signs]:
        raise NotAllowedError("the risk policy knows no such sign: {signs}", signs=", ".join(unknown))
    case = lock_open(case_id) if signs else Case.objects.get(pk=case_id)
    told = None
    if signs:
        case.sizes, case.due_at = larger(case.sizes, dict.fromkeys(signs, 1)), now
        case.save(update_fields=["sizes", "due_at"])
        told = record.reported(case, issued=case.issued_at)
    record.write("noted", now=now, case=case, by=by, sealed=seal(text), signs=signs or None, reported=told)
    if signs:
        advance([case.pk], now=now)


@transaction.atomic
def open_person(*, case_id: int, by: User, why: Need, now: datetime) -> Opened:
    """Personal data, once, with the reason on record."""
    at_the_desk(by)
    case = Case.objects.select_related("target").get(pk=case_id)
    record.write("viewed", now=now, case=case, by=by, why=why)
    target = case.target
    return Opened(
        name=target.name,
        id_number=target.id_number,
        numbers=tuple(use.phone.number for use in target.numbers.select_related("phone")),
        address=case.address,
        contacts=tuple((c.relation, c.name, c.number) for c in target.contacts.order_by("pk")),
    )


def free(case: Case) -> None:
    """A locked case that nobody holds any more: saved, and its calls go on."""
    case.holder = case.held_until = None
    case.save(update_fields=["holder", "held_until"])
    dialling.let_go(booked_calls(case))


def booked_calls(case: Case) -> list[int]:
    """Ids of the case's calls that have not been dialled."""
    planned = Attempt.objects.live().filter(case=case, stage=Stage.PLANNED, call__isnull=False)
    return list(planned.values_list("call", flat=True))


def not_anothers(case: Case, by: User, now: datetime) -> None:
    """Raises NotAllowedError if a colleague is on the case this moment."""
    if case.is_held_by_another(by.pk, now):
        raise NotAllowedError("a colleague is on this case: {who}", who=str(case.holder))


def at_the_desk(by: User) -> None:
    """Raises NotAllowedError for whoever does not work there."""
    if not by.is_a(*DESK):
        raise NotAllowedError("only operators, supervisors and administrators work at the desk")


def lock_open(case_id: int) -> Case:
    """The case, locked. Raises NotAllowedError once it is closed."""
    case = Case.objects.open().select_for_update(of=("self",)).filter(pk=case_id).first()
    if case is None:
        raise NotAllowedError("the case is closed already")
    return case
