"""What an officer's phone is told of a visit or check, and what it may say of it."""

from math import isfinite
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from dispatch.field.permissions import may_open
from dispatch.identity import mask_name
from dispatch.models import Attempt, Contact
from dispatch.models.choices import name
from dispatch.vocabulary import FACE_TO_FACE, RESULTS_OF, Disposition, FraudType, Level, Result, Stage, Tier
from dispatch.workflow.words import NOT_A_PERSONS_WORD
from telephony import numbers

_TIERS = (Tier.VISIT, Tier.FOLLOW_UP)
_RESULTS = {tier: RESULTS_OF[tier] - NOT_A_PERSONS_WORD - FACE_TO_FACE for tier in _TIERS}
MOST_TICKS = 30


class SignInSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=128, trim_whitespace=False, write_only=True)
    device = serializers.CharField(max_length=64)


class SignedInSerializer(serializers.Serializer[Any]):
    """`token` is shown this once."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class UnitSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class RelatedSerializer(serializers.Serializer[Any]):
    relation = serializers.CharField()
    name = serializers.CharField()
    phone = serializers.CharField()


class PersonSerializer(serializers.Serializer[Any]):
    """The person at risk. Masked, and without the place, unless `opened`."""

    opened = serializers.BooleanField()
    name = serializers.CharField()
    sex = serializers.CharField()
    birth_year = serializers.IntegerField(allow_null=True)
    id_number = serializers.CharField(help_text="Always masked: the person's own card shows it.")
    phones = serializers.ListField(child=serializers.CharField())
    contacts = RelatedSerializer(many=True)
    address = serializers.CharField()
    lat = serializers.FloatField(allow_null=True)
    lon = serializers.FloatField(allow_null=True)


class VisitSerializer(serializers.Serializer[Attempt]):
    """A visit, or a check of the follow-up. Every case is named by its number."""

    id = serializers.IntegerField(source="pk")
    tier = serializers.SerializerMethodField()
    case = serializers.CharField(source="case.number")
    level = serializers.SerializerMethodField()
    score = serializers.IntegerField(source="case.score")
    fraud_type = serializers.ChoiceField(source="case.fraud_type", choices=[f.value for f in FraudType])
    stage = serializers.ChoiceField(choices=[s.value for s in Stage])
    unit = UnitSerializer()
    mine = serializers.SerializerMethodField(help_text="It is your own unit's.")
    reinforced = serializers.BooleanField()
    sent_at = serializers.DateTimeField(source="started_at")
    due_at = serializers.DateTimeField(allow_null=True, help_text="When its stage's time is up.")
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    arrived_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    result = serializers.SerializerMethodField()
    disposition = serializers.SerializerMethodField()
    person = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "enum": [t.code for t in _TIERS]})
    def get_tier(self, attempt: Attempt) -> str:
        return Tier(attempt.tier).code

    @extend_schema_field({"type": "string", "enum": [level.code for level in Level]})
    def get_level(self, attempt: Attempt) -> str:
        return Level(attempt.case.level).code

    def get_mine(self, attempt: Attempt) -> bool:
        return bool(attempt.unit_id == self.context["user"].unit_id)

    @extend_schema_field(
        {"type": "string", "nullable": True, "enum": sorted(set().union(*RESULTS_OF.values()))}
    )
    def get_result(self, attempt: Attempt) -> str | None:
        return attempt.result or None

    @extend_schema_field({"type": "string", "nullable": True, "enum": [d.value for d in Disposition]})
    def get_disposition(self, attempt: Attempt) -> str | None:
        return attempt.disposition or None

    @extend_schema_field(PersonSerializer)
    def get_person(self, attempt: Attempt) -> dict[str, Any]:
        opened = bool(self.context.get("open")) and may_open(self.context["user"], attempt)
        return _person(attempt, opened=opened)


def _person(attempt: Attempt, *, opened: bool) -> dict[str, Any]:
    case, target = attempt.case, attempt.case.target
    return {
        "opened": opened,
        "name": target.name if opened else target.masked_name,
        "sex": target.sex,
        "birth_year": target.birth_year,
        "id_number": target.masked_id,
        "phones": [use.phone.number if opened else use.phone.masked for use in target.numbers.all()],
        "contacts": [_contact(contact, opened=opened) for contact in target.contacts.all()],
        "address": case.address if opened else "*" * min(len(case.address), 4),
        "lat": case.lat if opened else None,
        "lon": case.lon if opened else None,
    }


def _contact(contact: Contact, *, opened: bool) -> dict[str, str]:
    return {
        "relation": contact.relation,
        "name": contact.name if opened else mask_name(contact.name),
        "phone": contact.number if opened else numbers.mask(contact.number),
    }


class ArrivalSerializer(serializers.Serializer[Any]):
    """Where the device says it is; only the distance to the place we know is kept."""

    lat = serializers.FloatField(required=False, min_value=-90, max_value=90)
    lon = serializers.FloatField(required=False, min_value=-180, max_value=180)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("lat" in attrs) != ("lon" in attrs):
            raise serializers.ValidationError(_("lat and lon come together or not at all."))
        if not all(isfinite(degrees) for degrees in attrs.values()):
            raise serializers.ValidationError(_("A finite number."))
        return attrs


class ReportSerializer(serializers.Serializer[Any]):
    """What a visit or check met: a `disposition` after the person was met at the door, else a `result`."""

    result = serializers.ChoiceField(
        required=False, choices=sorted({(r.value) for results in _RESULTS.values() for r in results})
    )
    disposition = serializers.ChoiceField(required=False, choices=[d.value for d in Disposition])
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000)
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
        if "result" in attrs and attrs["result"] not in _RESULTS[tier]:
            allowed = ", ".join(f"{r.value} ({name(r)})" for r in Result if r in _RESULTS[tier])
            raise serializers.ValidationError({"result": _("One of: %(words)s.") % {"words": allowed}})
        return attrs


class ReportedSerializer(VisitSerializer):
    """The visit as it now stands; `late`: it had ended before. The report is kept; only bad news still moves a case."""

    late = serializers.SerializerMethodField()

    def get_late(self, attempt: Attempt) -> bool:
        said = self.context.get("result")
        return said is not None and attempt.result != said
