"""The forms behind what a person may ask of a case: one small form each."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dispatch.models import Attempt, Case, Contact, Order, User
from dispatch.models.choices import choices
from dispatch.vocabulary import FACE_TO_FACE, Disposition, Level, Money, Result
from dispatch.workflow import desk, words

SHOWN = sorted(set(Result) - FACE_TO_FACE - words.NOT_A_PERSONS_WORD)


class Asking(forms.Form):
    """A form about one case."""

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "attempt" in self.fields:
            self.fields["attempt"].queryset = Attempt.objects.filter(case=case)  # type: ignore[attr-defined]
        if "order" in self.fields:
            self.fields["order"].queryset = Order.objects.filter(case=case)  # type: ignore[attr-defined]
        if "contact" in self.fields:
            theirs = Contact.objects.filter(target=case.target_id)
            self.fields["contact"].queryset = theirs  # type: ignore[attr-defined]

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
        if attempt and said != Disposition.WRONG_PERSON and not self.is_identified(attempt):
            raise forms.ValidationError(_("Check the identity first, then judge."))
        return data

    def is_identified(self, attempt: Attempt) -> bool:
        """Whether somebody has checked that it is the target."""
        return attempt.identified_at is not None


class WordForm(JudgeForm):
    """Identity and disposition in one: `identified` is the tick that it is the target who was met."""

    identified = forms.BooleanField(label=_("identity checked"), required=False)

    def is_identified(self, attempt: Attempt) -> bool:
        return bool(attempt.identified_at or self.cleaned_data.get("identified"))


class ContactForm(Asking):
    contact = forms.ModelChoiceField(Contact.objects.none(), label=_("contact"))


class CallBackForm(Asking):
    minutes = forms.IntegerField(label=_("in how many minutes"), min_value=1, max_value=7 * 24 * 60)
    own = forms.BooleanField(label=_("at my own desk, if it is free then"), required=False)


class PassForm(Asking):
    to = forms.ModelChoiceField(User.objects.filter(is_active=True), label=_("colleague"))
    why = forms.CharField(label=_("reason"), max_length=200, required=False)


class ProposeForm(Asking):
    to = forms.CharField(label=_("centre"), max_length=64)
    why = forms.CharField(label=_("reason"), max_length=200)


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


class SettleForm(AttemptForm):
    word = forms.ChoiceField(
        label=_("which report counts"), choices=[*choices(Disposition), *choices(Result)]
    )
    why = forms.CharField(label=_("reason"), max_length=200)


class LevelForm(WhyForm):
    level = forms.TypedChoiceField(label=_("level"), choices=choices(Level), coerce=lambda n: Level(int(n)))
