"""What a person may ask of a case: one small form each, checked before one workflow function is called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dispatch import policies
from dispatch.admin.access import CHIEFS, DESK
from dispatch.models import Attempt, Case, Merge, Order, User
from dispatch.models.choices import choices
from dispatch.vocabulary import FACE_TO_FACE, Disposition, Level, Money, Outcome, Result, Role
from dispatch.workflow import closing, desk, orders, sums, undoing, words

SHOWN = sorted(set(Result) - FACE_TO_FACE - words.NOT_A_PERSONS_WORD)


class Asking(forms.Form):
    """A form about one case."""

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "attempt" in self.fields:
            self.fields["attempt"].queryset = Attempt.objects.filter(case=case)  # type: ignore[attr-defined]
        if "order" in self.fields:
            self.fields["order"].queryset = Order.objects.filter(case=case)  # type: ignore[attr-defined]

    def faults(self) -> str:
        """What was wrong, field by field, in the reader's language."""
        return " ".join(
            str(error) if field == "__all__" else f"{self.fields[field].label or field}: {error}"
            for field, errors in self.errors.items()
            for error in errors
        )


class AttemptForm(Asking):
    attempt = forms.ModelChoiceField(Attempt.objects.none())


class JudgeForm(AttemptForm):
    disposition = forms.ChoiceField(choices=choices(Disposition))

    def clean(self) -> dict[str, Any]:
        """Who it is comes first; only that it is somebody else needs no identity."""
        data = super().clean() or self.cleaned_data
        attempt, said = data.get("attempt"), data.get("disposition")
        if attempt and said != Disposition.WRONG_PERSON and attempt.identified_at is None:
            raise forms.ValidationError(_("Check the identity first, then judge."))
        return data


class ResultForm(AttemptForm):
    result = forms.ChoiceField(choices=[pair for pair in choices(Result) if pair[0] in SHOWN])


class SignsField(forms.MultipleChoiceField):
    """Danger signs by name; which there are, the risk policy of the day says."""

    def valid_value(self, value: Any) -> bool:
        return isinstance(value, str)


class NoteForm(Asking):
    text = forms.CharField(label=_("note"), max_length=desk.LONGEST_NOTE, required=False)
    signs = SignsField(label=_("danger signs"), required=False)


class SumForm(Asking):
    kind = forms.TypedChoiceField(label=_("sum"), choices=choices(Money), coerce=Money)
    amount = forms.DecimalField(label=_("amount"), min_value=0, max_digits=16, decimal_places=2)
    before = forms.BooleanField(label=_("gone before they agreed"), required=False)
    why = forms.CharField(label=_("reason"), max_length=200)


class DraftForm(Asking):
    amount = forms.DecimalField(
        label=_("amount"), min_value=0, max_digits=16, decimal_places=2, required=False
    )


class SubmitForm(Asking):
    order = forms.ModelChoiceField(Order.objects.none())
    bank = forms.CharField(label=_("bank"), max_length=64, required=False)
    account = forms.CharField(label=_("scam account"), max_length=64, required=False)
    holder_name = forms.CharField(label=_("account holder"), max_length=64, required=False)


class AnswerForm(Asking):
    order = forms.ModelChoiceField(Order.objects.none())
    held = forms.DecimalField(label=_("held by the bank"), min_value=0, max_digits=16, decimal_places=2)


class WhyForm(Asking):
    why = forms.CharField(label=_("reason"), max_length=200)


class LevelForm(WhyForm):
    level = forms.TypedChoiceField(label=_("level"), choices=choices(Level), coerce=lambda n: Level(int(n)))


def _always(case: Case, by: User) -> bool:
    return True


def _open(case: Case, by: User) -> bool:
    return case.is_open


def _free(case: Case, by: User) -> bool:
    return case.is_open and case.holder_id != by.pk


def _held(case: Case, by: User) -> bool:
    return case.is_open and case.holder_id is not None and (case.holder_id == by.pk or by.is_a(*CHIEFS))


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
    form: type[Asking]
    do: Callable[[Case, Mapping[str, Any], User, datetime], object]
    done: Promise
    fits: Callable[[Case, User], bool] = _always


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
        Asking,
        lambda case, data, by, now: desk.take(case_id=case.pk, by=by, now=now),
        _("The case is yours."),
        _free,
    ),
    "give_back": Act(
        DESK,
        Asking,
        lambda case, data, by, now: desk.give_back(case_id=case.pk, by=by, now=now),
        _("The case is given back."),
        _held,
    ),
    "identify": Act(
        DESK,
        AttemptForm,
        lambda case, data, by, now: words.identify(attempt_id=data["attempt"].pk, by=by, now=now),
        _("Identity checked. Now the disposition."),
    ),
    "judge": Act(DESK, JudgeForm, _judge, _("The disposition is on record.")),
    "result": Act(DESK, ResultForm, _result, _("The result is on record.")),
    "level": Act(
        DESK,
        LevelForm,
        lambda case, data, by, now: desk.set_level(
            case_id=case.pk, level=data["level"], why=data["why"], by=by, now=now
        ),
        _("The level is set."),
        _open,
    ),
    "note": Act(
        DESK,
        NoteForm,
        lambda case, data, by, now: desk.note(
            case_id=case.pk, text=data["text"], signs=data["signs"], by=by, now=now
        ),
        _("The note is on record."),
    ),
    "sum": Act(DESK, SumForm, _sum, _("The sum is on record."), _counts),
    "draft": Act(DESK, DraftForm, _draft, _("A stop-payment order is drafted.")),
    "submit": Act(DESK, SubmitForm, _submit, _("The order is submitted.")),
    "answer": Act(
        DESK,
        AnswerForm,
        lambda case, data, by, now: orders.answer(
            order_id=data["order"].pk, held=data["held"], by=by, now=now
        ),
        _("The bank's answer is on record."),
    ),
    "hand_over": Act(
        DESK,
        WhyForm,
        lambda case, data, by, now: closing.hand_over(case_id=case.pk, why=data["why"], by=by, now=now),
        _("The case is handed over."),
        _open,
    ),
    "void": Act(
        CHIEFS,
        WhyForm,
        lambda case, data, by, now: closing.void(case_id=case.pk, why=data["why"], by=by, now=now),
        _("The case is void."),
        _open,
    ),
    "undo": Act(
        CHIEFS,
        WhyForm,
        lambda case, data, by, now: undoing.undo(case_id=case.pk, why=data["why"], by=by, now=now),
        _("The merge is undone; the person has a case of their own."),
        _merged,
    ),
}


def offered(case: Case, by: User) -> frozenset[str]:
    """The names of the acts that the case's page offers to this user."""
    return frozenset(name for name, act in ACTS.items() if by.is_a(*act.roles) and act.fits(case, by))
