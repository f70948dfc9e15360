"""What an officer's phone may send: each write names the version it saw, and when it was so by its own clock."""

import json
import re
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers

from dispatch.models.choices import name
from dispatch.vocabulary import FACE_TO_FACE, RESULTS_OF, Disposition, Result, Tier
from dispatch.workflow.words import NOT_A_PERSONS_WORD
from telephony import numbers

_TIERS = (Tier.VISIT, Tier.FOLLOW_UP)
RESULTS = {tier: RESULTS_OF[tier] - NOT_A_PERSONS_WORD - FACE_TO_FACE for tier in _TIERS}
MOST_TICKS = 30
MOST_NEWS = 100
LONGEST_TEXT = 2000
_YEARS = range(2000, 2101)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class WordsField(serializers.CharField):
    """What an officer types: any text but control characters and half characters."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(**{"max_length": LONGEST_TEXT, **rest})

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if _CONTROL.search(text) or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise serializers.ValidationError(_("No control characters."))
        return text


class MomentField(serializers.DateTimeField):
    """ISO 8601 with a zone, of this century."""

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            raise serializers.ValidationError(_("A date and time as in ISO 8601: 2026-03-02T09:14:03+08:00."))
        try:
            moment: datetime = super().to_internal_value(value)
        except (OverflowError, ValueError):
            raise serializers.ValidationError(_("A year from 2000 to 2100.")) from None
        if moment.year not in _YEARS:
            raise serializers.ValidationError(_("A year from 2000 to 2100."))
        return moment


class SignInSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=128, trim_whitespace=False, write_only=True)
    device = serializers.CharField(max_length=64)


class RenewSerializer(serializers.Serializer[Any]):
    """`renewal` is a word of the device's own: asked again with the same one it is given the same answer."""

    refresh_token = serializers.CharField(max_length=128)
    renewal = serializers.CharField(min_length=8, max_length=64)


class StepSerializer(serializers.Serializer[Any]):
    """What every write about a visit says. The phone's two times tell how far its clock is off."""

    version = serializers.IntegerField(
        min_value=0, max_value=2**62, help_text="Of the visit, as it was seen."
    )
    at = MomentField(required=False, help_text="When it was so, by the device's clock. Without it: now.")
    sent_at = MomentField(required=False, help_text="The device's clock at this sending.")


class ArrivalSerializer(StepSerializer):
    """Where the device says it is; only the distance to the place we know is kept."""

    lat = serializers.FloatField(required=False, min_value=-90, max_value=90)
    lon = serializers.FloatField(required=False, min_value=-180, max_value=180)
    accuracy = serializers.FloatField(
        required=False, min_value=0, max_value=100_000, help_text="Metres the device may err by."
    )
    why = WordsField(required=False, allow_blank=True, help_text="Why so far from the place, if they are.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("lat" in attrs) != ("lon" in attrs):
            raise serializers.ValidationError(_("lat and lon come together or not at all."))
        if not all(isfinite(attrs.get(key, 0.0)) for key in ("lat", "lon", "accuracy")):
            raise serializers.ValidationError(_("A finite number."))
        return attrs


class ReportSerializer(StepSerializer):
    """What a visit or check met: a `disposition`, and why, after the person was met at the door; else a `result`."""

    result = serializers.ChoiceField(
        required=False, choices=sorted({(r.value) for results in RESULTS.values() for r in results})
    )
    disposition = serializers.ChoiceField(required=False, choices=[d.value for d in Disposition])
    note = WordsField(
        required=False, allow_blank=True, help_text="In the officer's words; a disposition needs them: why."
    )
    evidence = serializers.DictField(
        required=False, child=serializers.BooleanField(), help_text="Ticks of the list at the door, by name."
    )

    def validate_evidence(self, ticks: dict[str, bool]) -> dict[str, bool]:
        if len(ticks) > MOST_TICKS or any(not (key.isidentifier() and len(key) <= 40) for key in ticks):
            raise serializers.ValidationError(_("At most 30 ticks, each named by a short identifier."))
        return ticks

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        tier = Tier(self.context["tier"])
        if ("result" in attrs) == ("disposition" in attrs):
            raise serializers.ValidationError({"result": _("Either a result or a disposition, not both.")})
        if "disposition" in attrs and tier is Tier.FOLLOW_UP:
            raise serializers.ValidationError({"disposition": _("A check ends with a result.")})
        if "disposition" in attrs and not attrs.get("note"):
            raise serializers.ValidationError({"note": _("A disposition needs its reason, in your words.")})
        if "result" in attrs and attrs["result"] not in RESULTS[tier]:
            allowed = ", ".join(f"{r.value} ({name(r)})" for r in Result if r in RESULTS[tier])
            raise serializers.ValidationError({"result": _("One of: %(words)s.") % {"words": allowed}})
        return attrs


class ReportScheme(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """What a report needs, in the API's description."""

    target_class = "dispatch.field.given.ReportSerializer"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        told: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        why = {"required": ["disposition", "note"], "properties": {"note": {"minLength": 1}}}
        return {**told, "oneOf": [why, {"required": ["result"]}]}


class ReasonSerializer(StepSerializer):
    """With a reason, in the officer's own words."""

    why = WordsField()


class NoteSerializer(StepSerializer):
    text = WordsField()


class ReassignSerializer(ReasonSerializer):
    """To a colleague, or to another unit."""

    officer = serializers.IntegerField(
        required=False, min_value=1, max_value=2**62, help_text="A colleague of the unit that goes."
    )
    unit = serializers.IntegerField(
        required=False, min_value=1, max_value=2**62, help_text="A unit below one's own."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("officer" in attrs) == ("unit" in attrs):
            raise serializers.ValidationError({"officer": _("Either a colleague or a unit, not both.")})
        return attrs


class ReassignScheme(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """What giving a visit away needs, in the API's description."""

    target_class = "dispatch.field.given.ReassignSerializer"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        told: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**told, "oneOf": [{"required": ["officer"]}, {"required": ["unit"]}]}


class AnswersSerializer(StepSerializer):
    answers = serializers.DictField(
        child=serializers.BooleanField(),
        allow_empty=False,
        help_text="By the code of the question (see form).",
    )

    def validate_answers(self, answers: dict[str, bool]) -> dict[str, bool]:
        if len(answers) > MOST_TICKS or any(len(code) > 40 for code in answers):
            raise serializers.ValidationError(_("At most 30 ticks, each named by a short identifier."))
        return answers


class MetSerializer(StepSerializer):
    """Somebody else met there who may reach the person."""

    relation = WordsField(max_length=32)
    name = WordsField(max_length=64, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)

    def validate_phone(self, phone: str) -> str:
        try:
            return numbers.normalise(phone) if phone.strip() else ""
        except numbers.BadNumber as fault:
            raise serializers.ValidationError(_(str(fault))) from None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("name") and not attrs.get("phone"):
            raise serializers.ValidationError(_("A name or a telephone number is needed."))
        return attrs


class DraftSerializer(StepSerializer):
    """The stop-payment order in four fields; the bank's answer is due within the policy's time."""

    account = WordsField(max_length=64)
    bank = WordsField(max_length=64, required=False, allow_blank=True)
    holder = WordsField(max_length=64, required=False, allow_blank=True)
    amount = serializers.DecimalField(
        required=False, max_digits=16, decimal_places=2, min_value=Decimal("0.01"), allow_null=True
    )


class SeenSerializer(StepSerializer):
    news = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62), min_length=1, max_length=MOST_NEWS
    )


class PhotoQuerySerializer(StepSerializer):
    """Beside the picture, in the address."""


def digest_of(step: str, given: dict[str, Any]) -> str:
    """One line for what was sent, whenever it is sent again."""
    said = {key: value for key, value in given.items() if key != "sent_at"}
    return json.dumps([step, said], sort_keys=True, default=str, ensure_ascii=False)
