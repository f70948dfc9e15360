"""What an officer's phone is told: visits and checks, their news, and who is signed in."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from dispatch.field.permissions import may_open
from dispatch.identity import mask_name
from dispatch.models import Attempt, Contact, News
from dispatch.models.choices import name
from dispatch.vocabulary import (
    MUST_BE_SEEN,
    RESULTS_OF,
    Disposition,
    FraudType,
    Level,
    NewsKind,
    OrderState,
    Stage,
    Tier,
)
from dispatch.workflow import doors
from telephony import numbers

_TIERS = (Tier.VISIT, Tier.FOLLOW_UP)
STEPS = ("acknowledge", "set_out", "arrive", "report")


class UnitSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class ColleagueSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    name = serializers.SerializerMethodField()

    def get_name(self, user: Any) -> str:
        return str(user.get_full_name() or user.get_username())


class ColleaguesSerializer(serializers.Serializer[Any]):
    """Who may go instead."""

    officers = ColleagueSerializer(many=True, help_text="Of your unit, on duty now.")
    units = UnitSerializer(many=True, help_text="Below yours, on duty now; for supervisors.")


class OfficerSerializer(serializers.Serializer[Any]):
    name = serializers.SerializerMethodField()
    unit = UnitSerializer()

    def get_name(self, user: Any) -> str:
        return str(user.get_full_name() or user.get_username())


class SignedInSerializer(serializers.Serializer[Any]):
    """Both tokens are shown this once."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    refresh_token = serializers.CharField(help_text="Good once, for the next pair.")
    refresh_expires_at = serializers.DateTimeField(help_text="After this a password is asked for again.")


class DeviceSerializer(serializers.Serializer[Any]):
    """A device on which somebody is signed in."""

    id = serializers.IntegerField(source="pk")
    device = serializers.CharField()
    since = serializers.DateTimeField(source="created_at")
    expires_at = serializers.DateTimeField()


class NewsSerializer(serializers.Serializer[News]):
    """One thing that happened to a visit."""

    id = serializers.IntegerField(source="pk")
    visit = serializers.IntegerField(source="attempt_id")
    kind = serializers.ChoiceField(choices=[k.value for k in NewsKind])
    at = serializers.DateTimeField()
    words = serializers.SerializerMethodField(help_text="In the reader's language.")
    must_be_seen = serializers.SerializerMethodField(help_text="An officer of the unit has to say: seen.")
    seen_at = serializers.DateTimeField(allow_null=True)

    def get_words(self, news: News) -> str:
        return name(NewsKind(news.kind))

    def get_must_be_seen(self, news: News) -> bool:
        return news.kind in MUST_BE_SEEN


class OrderSerializer(serializers.Serializer[Any]):
    """The case's stop-payment order; what stands in it is not shown again."""

    state = serializers.ChoiceField(choices=[s.value for s in OrderState])
    due_at = serializers.DateTimeField()


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
    amount = serializers.IntegerField(
        allow_null=True, help_text="Yuan at stake, as reported: an order begins with it."
    )


class VisitSerializer(serializers.Serializer[Attempt]):
    """A visit, or a check of the follow-up. Every case is named by its number."""

    id = serializers.IntegerField(source="pk")
    version = serializers.IntegerField(help_text="Grows with whatever changes; a write names the one it saw.")
    tier = serializers.SerializerMethodField()
    case = serializers.CharField(source="case.number")
    level = serializers.SerializerMethodField()
    score = serializers.IntegerField(source="case.score")
    fraud_type = serializers.ChoiceField(source="case.fraud_type", choices=[f.value for f in FraudType])
    stage = serializers.ChoiceField(choices=[s.value for s in Stage])
    next = serializers.SerializerMethodField(help_text="The step that is due; null once it has ended.")
    unit = UnitSerializer()
    mine = serializers.SerializerMethodField(help_text="It is your own unit's.")
    officer = serializers.SerializerMethodField(help_text="Who of the unit goes, where that was said.")
    reinforced = serializers.BooleanField()
    sent_at = serializers.DateTimeField(source="started_at")
    due_at = serializers.DateTimeField(allow_null=True, help_text="When its stage's time is up.")
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    set_out_at = serializers.DateTimeField(allow_null=True)
    arrived_at = serializers.DateTimeField(allow_null=True)
    identified_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    result = serializers.SerializerMethodField()
    disposition = serializers.SerializerMethodField()
    doorstep = serializers.SerializerMethodField(help_text="Answers to the form at the door, by code.")
    photos = serializers.IntegerField(source="photo_count")
    order = serializers.SerializerMethodField()
    unseen = NewsSerializer(many=True, help_text="What somebody has to say of that they have seen it.")
    place_at = serializers.DateTimeField(
        source="case.place_at", allow_null=True, help_text="How old the place is."
    )
    tolerance_metres = serializers.SerializerMethodField(
        help_text="Farther from the place than this, an arrival needs a `why`."
    )
    person = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "enum": [t.code for t in _TIERS]})
    def get_tier(self, attempt: Attempt) -> str:
        return Tier(attempt.tier).code

    @extend_schema_field({"type": "string", "enum": [level.code for level in Level]})
    def get_level(self, attempt: Attempt) -> str:
        return Level(attempt.case.level).code

    def get_mine(self, attempt: Attempt) -> bool:
        return bool(attempt.unit_id == self.context["user"].unit_id)

    @extend_schema_field(ColleagueSerializer(allow_null=True))
    def get_officer(self, attempt: Attempt) -> dict[str, Any] | None:
        given = getattr(attempt, "assignment", None)
        return dict(ColleagueSerializer(given.user).data) if given else None

    @extend_schema_field(
        {
            "type": "string",
            "nullable": True,
            "enum": sorted({r.value for tier in _TIERS for r in RESULTS_OF[tier]}),
        }
    )
    def get_result(self, attempt: Attempt) -> str | None:
        return attempt.result or None

    @extend_schema_field({"type": "string", "nullable": True, "enum": [d.value for d in Disposition]})
    def get_disposition(self, attempt: Attempt) -> str | None:
        return attempt.disposition or None

    @extend_schema_field({"type": "string", "nullable": True, "enum": list(STEPS)})
    def get_next(self, attempt: Attempt) -> str | None:
        if attempt.ended_at is not None:
            return None
        if attempt.tier == Tier.FOLLOW_UP or attempt.arrived_at is not None:
            return "report"
        if attempt.acknowledged_at is None:
            return "acknowledge"
        return "set_out" if attempt.set_out_at is None else "arrive"

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "boolean"}})
    def get_doorstep(self, attempt: Attempt) -> dict[str, bool]:
        return {code: said["is"] for code, said in attempt.evidence.get("doorstep", {}).items()}

    @extend_schema_field(OrderSerializer(allow_null=True))
    def get_order(self, attempt: Any) -> dict[str, Any] | None:
        if attempt.order_state is None:
            return None
        return dict(OrderSerializer({"state": attempt.order_state, "due_at": attempt.order_due}).data)

    def get_tolerance_metres(self, attempt: Attempt) -> int:
        return doors.tolerance(attempt.case)

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
        "amount": case.sizes.get("amount") or None if opened else None,
    }


def _contact(contact: Contact, *, opened: bool) -> dict[str, str]:
    return {
        "relation": contact.relation,
        "name": contact.name if opened else mask_name(contact.name),
        "phone": contact.number if opened else numbers.mask(contact.number),
    }


class ReportedSerializer(VisitSerializer):
    """The visit as it now stands; `late`: it had ended before. The report is kept; only bad news still moves a case."""

    late = serializers.SerializerMethodField()

    def get_late(self, attempt: Attempt) -> bool:
        said = self.context.get("result")
        return said is not None and attempt.result != said


class ChangesSerializer(serializers.Serializer[Any]):
    """News since a cursor, in order, and the visits they are about as these stand now."""

    changes = NewsSerializer(many=True)
    visits = VisitSerializer(many=True)
    cursor = serializers.CharField(help_text="From here on next time.")
    more = serializers.BooleanField(help_text="There is more already: ask again at once.")


class PhotoSerializer(serializers.Serializer[Any]):
    """A photo; asked for by its key."""

    key = serializers.UUIDField()
    at = serializers.DateTimeField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    size = serializers.IntegerField()


class QuestionSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    part = serializers.CharField()
    text = serializers.CharField()
    ours = serializers.BooleanField(help_text="No source names it.")


class WordSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    text = serializers.CharField()


class BankSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="As the order says it.")
    text = serializers.CharField(help_text="Short, in the reader's language.")


class FormSerializer(serializers.Serializer[Any]):
    """What an officer is asked at the door, in their language."""

    source = serializers.CharField()  # type: ignore[assignment]  # a name of DRF's own
    questions = QuestionSerializer(many=True)
    results = WordSerializer(many=True)
    checks = WordSerializer(many=True)
    dispositions = WordSerializer(many=True)
    banks = BankSerializer(many=True, help_text="To be pressed; any other is typed.")
    officer = OfficerSerializer()
