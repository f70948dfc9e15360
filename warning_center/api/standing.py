"""How a directive stands, as its source is told: its case, the newest case of the same effort, and when what."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from dispatch.models import Case
from dispatch.vocabulary import FraudType, Level, Outcome, State
from telephony.prepared import prepared
from warning_center import notes
from warning_center.intake import Answer, Receipt

_LEVELS = [level.code for level in Level]


class LevelCodeField(serializers.ChoiceField):
    """A stored level as its code."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(choices=_LEVELS, **rest)

    def to_representation(self, value: Any) -> str:
        return Level(value).code


class CaseStandingSerializer(serializers.Serializer[Any]):
    """One case: `case` and `previous` are case numbers; `outcome` is null while it is open."""

    case = serializers.CharField(source="number")
    previous = serializers.CharField(source="previous.number", allow_null=True)
    state = serializers.ChoiceField(choices=[s.value for s in State])
    level = LevelCodeField()
    fraud_type = serializers.ChoiceField(choices=[f.value for f in FraudType])
    outcome = serializers.SerializerMethodField()
    opened_at = serializers.DateTimeField()
    reached_at = serializers.DateTimeField(allow_null=True)
    listened_at = serializers.DateTimeField(allow_null=True)
    agreed_at = serializers.DateTimeField(allow_null=True)
    verified_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field({"type": "string", "enum": [o.value for o in Outcome], "nullable": True})
    def get_outcome(self, case: Case) -> str | None:
        return case.outcome or None


class ReceiptSerializer(serializers.Serializer[Any]):
    """What became of a directive."""

    reference = serializers.CharField(source="directive.reference")
    answer = serializers.ChoiceField(choices=[a.value for a in Answer])
    issued_at = serializers.DateTimeField(source="directive.issued_at")
    received_at = serializers.DateTimeField(source="directive.received_at")
    notes = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_notes(self, receipt: Receipt) -> list[str]:
        return [notes.said(note) for note in receipt.directive.notes]


class StandingSerializer(ReceiptSerializer, CaseStandingSerializer):
    """A directive with its case, and `newest`: the last case of the same effort, where it stands now."""

    newest = CaseStandingSerializer()


def standing(receipt: Receipt, *, just_opened: bool = False) -> dict[str, Any]:
    """The answer to a source, as StandingSerializer describes it. No case can have followed one that just opened."""
    case = receipt.directive.case
    newest = (None if just_opened else _newest.first(case.chain_id or case.pk)) or case
    stands = CaseStandingSerializer(case).data
    return {
        **ReceiptSerializer(receipt).data,
        **stands,
        "newest": stands if newest.pk == case.pk else CaseStandingSerializer(newest).data,
    }


@prepared
def _newest(root: int) -> QuerySet[Case]:
    """Of the chain that begins with this case."""
    return Case.objects.in_chain(root).select_related("previous")[:1]


class FaultSerializer(serializers.Serializer[Any]):
    """One bad field: its path, the value that came (cut short), the rule it breaks."""

    field = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    rule = serializers.CharField()


class RowSerializer(serializers.Serializer[Any]):
    """What became of one row of a batch; `status` is what it would have been answered alone."""

    index = serializers.IntegerField()
    reference = serializers.CharField(allow_null=True)
    status = serializers.IntegerField()
    answer = serializers.ChoiceField(choices=[*(a.value for a in Answer), "refused"])
    case = serializers.CharField(allow_null=True)
    notes = serializers.ListField(child=serializers.CharField())
    detail = serializers.CharField(allow_null=True)
    errors = serializers.ListField(child=FaultSerializer())  # type: ignore[assignment]  # a name of DRF's own


class SummarySerializer(serializers.Serializer[Any]):
    """How many rows were answered how."""

    received = serializers.IntegerField()
    accepted = serializers.IntegerField()
    joined = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()


class BatchSerializer(serializers.Serializer[Any]):
    """The answer to a batch: its rows in the order they came."""

    summary = SummarySerializer()
    results = RowSerializer(many=True)
