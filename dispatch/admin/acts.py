"""What a person may do to a case: who may, what is asked, and which one workflow function does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dispatch import policies
from dispatch.admin import forms
from dispatch.admin.access import CHIEFS, DESK, scope_of, within
from dispatch.models import Case, Merge, Operator, User
from dispatch.vocabulary import Disposition, Outcome, Result, Role, Tier
from dispatch.workflow import (
    byhand,
    closing,
    contradictions,
    desk,
    handset,
    orders,
    proposing,
    reserving,
    sums,
    undoing,
    words,
)
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock


def _always(case: Case, by: User) -> bool:
    return True


def _open(case: Case, by: User) -> bool:
    return case.is_open


def _free(case: Case, by: User) -> bool:
    """Nobody's, or theirs for a while only; a chief takes it from anybody."""
    mine = case.holder_id == by.pk and case.held_until is None
    return _mine(case, by) and not mine


def _mine(case: Case, by: User) -> bool:
    """Open, and no colleague is on it."""
    return case.is_open and (not case.is_held_by_another(by.pk, clock.now()) or by.is_a(*CHIEFS))


def _callable(case: Case, by: User) -> bool:
    """They may still be called, and this user has a desk to call from."""
    return _unmet(case, by) and Operator.objects.filter(user=by).exists()


def _unmet(case: Case, by: User) -> bool:
    return _mine(case, by) and case.agreed_at is None


def _chiefs(case: Case, by: User) -> bool:
    return case.is_open and by.is_a(*CHIEFS)


def _held(case: Case, by: User) -> bool:
    return case.is_open and case.holder_id is not None and (case.holder_id == by.pk or by.is_a(*CHIEFS))


def _proposable(case: Case, by: User) -> bool:
    return case.is_open and not case.proposals.filter(decided_at=None).exists()


def _counts(case: Case, by: User) -> bool:
    return case.outcome != Outcome.DUPLICATE


def _merged(case: Case, by: User) -> bool:
    return Merge.objects.filter(other=case, undone_at=None).exists()


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a person may do: who may, what is asked, which workflow function does it, what is said then.

    `fits` says when the page offers it; whether it may be done, the workflow says.
    """

    roles: tuple[Role, ...]
    form: type[forms.Asking]
    do: Callable[[Case, Mapping[str, Any], User, datetime], object]
    done: Promise
    fits: Callable[[Case, User], bool] = _always
    atomic: bool = True  # not where the line is asked in a transaction of its own, after the case's


def _draft(case: Case, data: Mapping[str, Any], by: User, now: datetime) -> object:
    within: timedelta = policies.escalation_rules(case.policy_id).order_within
    return orders.draft(case_id=case.pk, amount=data["amount"], within=within, by=by, now=now)


def _submit(case: Case, data: Mapping[str, Any], by: User, now: datetime) -> object:
    return orders.submit(
        order_id=data["order"].pk,
        bank=data["bank"],
        account=data["account"],
        holder_name=data["holder_name"],
        by=by,
        now=now,
    )


def _call(tier: Tier) -> Callable[[Case, Mapping[str, Any], User, datetime], object]:
    return lambda case, data, by, now: handset.call(case_id=case.pk, tier=tier, by=by, now=now)


def _call_back(case: Case, data: Mapping[str, Any], by: User, now: datetime) -> object:
    at = now + timedelta(minutes=data["minutes"])
    seat = Operator.objects.filter(user=by).first() if data["own"] else None
    return byhand.call_back(case_id=case.pk, at=at, by=by, now=now, desk=seat.desk_id if seat else None)


def _pass(case: Case, data: Mapping[str, Any], by: User, now: datetime) -> object:
    to: User = data["to"]
    if not within(case.unit.path if case.unit else None, scope_of(to)):
        raise NotAllowedError("this case is not of their units")
    return reserving.pass_on(case_id=case.pk, to=to, by=by, why=data["why"], now=now)


def _word(case: Case, data: Mapping[str, Any], by: User, now: datetime) -> object:
    if data["disposition"] != Disposition.WRONG_PERSON:
        words.identify(attempt_id=data["attempt"].pk, by=by, now=now)
    return _judge(case, data, by, now)


def _judge(case: Case, data: Mapping[str, Any], by: User, now: datetime) -> object:
    said = Disposition(data["disposition"])
    return words.judge(attempt_id=data["attempt"].pk, disposition=said, by=by, now=now)


def _result(case: Case, data: Mapping[str, Any], by: User, now: datetime) -> object:
    said = Result(data["result"])
    return words.record_result(attempt_id=data["attempt"].pk, result=said, by=by, now=now)


def _sum(case: Case, data: Mapping[str, Any], by: User, now: datetime) -> object:
    return sums.say(case_id=case.pk, **data, by=by, now=now)


ACTS: dict[str, Act] = {
    "take": Act(
        DESK,
        forms.Asking,
        lambda case, data, by, now: desk.take(case_id=case.pk, by=by, now=now),
        _("The case is yours."),
        _free,
    ),
    "give_back": Act(
        DESK,
        forms.Asking,
        lambda case, data, by, now: desk.give_back(case_id=case.pk, by=by, now=now),
        _("The case is given back."),
        _held,
    ),
    "identify": Act(
        DESK,
        forms.AttemptForm,
        lambda case, data, by, now: words.identify(attempt_id=data["attempt"].pk, by=by, now=now),
        _("Identity checked. Now the disposition."),
    ),
    "judge": Act(DESK, forms.JudgeForm, _judge, _("The disposition is on record.")),
    "result": Act(DESK, forms.ResultForm, _result, _("The result is on record.")),
    "settle": Act(
        DESK,
        forms.SettleForm,
        lambda case, data, by, now: contradictions.settle(
            attempt_id=data["attempt"].pk, word=data["word"], why=data["why"], by=by, now=now
        ),
        _("It is decided which report counts."),
    ),
    "word": Act(DESK, forms.WordForm, _word, _("The disposition is on record.")),
    "call": Act(DESK, forms.Asking, _call(Tier.VOICE), _("Your desk calls them."), _callable, atomic=False),
    "video": Act(
        DESK, forms.Asking, _call(Tier.VIDEO), _("Your desk calls them by video."), _callable, atomic=False
    ),
    "contact": Act(
        DESK,
        forms.ContactForm,
        lambda case, data, by, now: handset.call_contact(
            case_id=case.pk, contact_id=data["contact"].pk, by=by, now=now
        ),
        _("Your desk calls the contact."),
        _callable,
        atomic=False,
    ),
    "station": Act(
        DESK,
        forms.Asking,
        lambda case, data, by, now: byhand.send_station(case_id=case.pk, by=by, now=now),
        _("Somebody is sent to the door."),
        _unmet,
    ),
    "text": Act(
        DESK,
        forms.Asking,
        lambda case, data, by, now: byhand.text(case_id=case.pk, by=by, now=now),
        _("The SMS goes out."),
        _mine,
    ),
    "call_back": Act(DESK, forms.CallBackForm, _call_back, _("The call back is arranged."), _unmet),
    "pass": Act(DESK, forms.PassForm, _pass, _("The case is passed on."), _mine),
    "propose": Act(
        DESK,
        forms.ProposeForm,
        lambda case, data, by, now: proposing.propose(
            case_id=case.pk, to=data["to"], why=data["why"], by=by, now=now
        ),
        _("The hand-over is proposed; a supervisor decides."),
        _proposable,
    ),
    "level": Act(
        DESK,
        forms.LevelForm,
        lambda case, data, by, now: desk.set_level(
            case_id=case.pk, level=data["level"], why=data["why"], by=by, now=now
        ),
        _("The level is set."),
        _open,
    ),
    "note": Act(
        DESK,
        forms.NoteForm,
        lambda case, data, by, now: desk.note(
            case_id=case.pk, text=data["text"], signs=data["signs"], by=by, now=now
        ),
        _("The note is on record."),
    ),
    "sum": Act(DESK, forms.SumForm, _sum, _("The sum is on record."), _counts),
    "draft": Act(DESK, forms.DraftForm, _draft, _("A stop-payment order is drafted.")),
    "submit": Act(DESK, forms.SubmitForm, _submit, _("The order is submitted.")),
    "answer": Act(
        DESK,
        forms.AnswerForm,
        lambda case, data, by, now: orders.answer(
            order_id=data["order"].pk, held=data["held"], by=by, now=now
        ),
        _("The bank's answer is on record."),
    ),
    "hand_over": Act(
        DESK,
        forms.WhyForm,
        lambda case, data, by, now: closing.hand_over(case_id=case.pk, why=data["why"], by=by, now=now),
        _("The case is handed over."),
        _chiefs,
    ),
    "void": Act(
        CHIEFS,
        forms.WhyForm,
        lambda case, data, by, now: closing.void(case_id=case.pk, why=data["why"], by=by, now=now),
        _("The case is void."),
        _open,
    ),
    "undo": Act(
        CHIEFS,
        forms.WhyForm,
        lambda case, data, by, now: undoing.undo(case_id=case.pk, why=data["why"], by=by, now=now),
        _("The merge is undone; the person has a case of their own."),
        _merged,
    ),
}


def offered(case: Case, by: User) -> frozenset[str]:
    """The names of the acts that the case's page offers to this user."""
    return frozenset(name for name, act in ACTS.items() if by.is_a(*act.roles) and act.fits(case, by))
