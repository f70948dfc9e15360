"""A directive at the door: the one place where what comes in is checked, whichever door it comes by."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from dispatch import identity
from dispatch.vocabulary import PlaceKind
from dispatch.workflow import report
from warning_center import notes
from warning_center.api import fields
from warning_center.api.faults import FieldFault, faults_of
from warning_center.api.shape import bad_shapes, without_absent
from warning_center.intake import Incoming

__all__ = ["BadDirective", "DirectiveSerializer", "FieldFault", "read"]


class BadDirective(ValueError):
    """A directive that cannot be taken in; `faults` name each field, its value and the rule it breaks."""

    def __init__(self, faults: list[FieldFault]) -> None:
        self.faults = faults
        super().__init__(", ".join(fault.field for fault in faults))  # never the values


class LocationSerializer(serializers.Serializer[Any]):
    """Where the person was last known to be; the last place known beats a registered address."""

    lat = fields.DegreesField(required=False, min_value=-90, max_value=90)
    lon = fields.DegreesField(required=False, min_value=-180, max_value=180)
    adcode = fields.AreaCodeField(required=False)
    address = fields.TextField(required=False, max_length=255)
    kind = serializers.ChoiceField(
        required=False,
        choices=[kind.value for kind in PlaceKind],
        help_text="How the place is known. A registered address never replaces a fresh position or hotel.",
    )
    accuracy = serializers.IntegerField(
        required=False, min_value=0, max_value=10**6, help_text="Metres around lat and lon."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("lat" in attrs) != ("lon" in attrs):
            lacking = "lat" if "lon" in attrs else "lon"
            raise serializers.ValidationError({lacking: _("lat and lon come together or not at all.")})
        return attrs


class SignsSerializer(serializers.Serializer[Any]):
    """Signs of danger. Others are kept, and noted."""

    on_call_seconds = serializers.IntegerField(required=False, min_value=0, max_value=10**7)
    pooled_accounts = serializers.IntegerField(required=False, min_value=0, max_value=10**6)
    warnings_30d = serializers.IntegerField(required=False, min_value=0, max_value=10**6)
    money_moved = fields.FlagField(required=False)
    screen_shared = fields.FlagField(required=False)
    remote_control = fields.FlagField(required=False)
    line_forwarded = fields.FlagField(required=False)


class ContactSerializer(serializers.Serializer[Any]):
    """Another person who may reach the target."""

    relation = fields.TextField(required=False, max_length=32)
    name = fields.TextField(required=False, max_length=64)
    phone = fields.PhoneField()


class DirectiveSerializer(serializers.Serializer[Any]):
    """预警指令. null and "" mean absent, in nested fields too; `phone` or `id_number` must be there."""

    reference = fields.ReferenceField()
    issued_at = fields.MomentField()
    fraud_type = fields.TextField(max_length=64)
    level = fields.LevelField(required=False)
    phone = fields.PhoneField(required=False)
    id_number = fields.IdNumberField(required=False)
    name = fields.TextField(required=False, max_length=64)
    age = serializers.IntegerField(required=False, min_value=0, max_value=150)
    sex = fields.SexField(required=False)
    occupation = fields.TextField(required=False, max_length=64)
    location = LocationSerializer(required=False)
    amount = fields.AmountField(required=False)
    signs = SignsSerializer(required=False)
    contacts = serializers.ListField(child=ContactSerializer(), required=False, max_length=20)


def read(row: Mapping[str, Any]) -> Incoming:
    """A row of any door as what intake takes in. Raises BadDirective, naming every bad field."""
    given: Any = row
    if not isinstance(given, Mapping):
        raise BadDirective([FieldFault("", given, _("A directive is a JSON object."))])
    faults = list(bad_shapes(given))
    if any(not fault.field for fault in faults):  # too deep or too large to be looked at more closely
        raise BadDirective(faults)
    given = without_absent(given)
    value: Mapping[str, Any] = {}
    try:
        value = _TAKES.run_validation(given)
    except serializers.ValidationError:
        faults += faults_of(_errors(given), given)
    if "phone" not in given and "id_number" not in given:
        faults.append(FieldFault("phone", None, _("A phone or an id_number is needed.")))
    if faults:
        raise BadDirective(list({fault.field: fault for fault in reversed(faults)}.values())[::-1])
    return _incoming(given, value)


# Made once, since each new one copies all its fields. What it says of a fault stays in the language it was first said
# in, so a new one is asked for that.
_TAKES = DirectiveSerializer()


def _errors(given: Mapping[str, Any]) -> Any:
    checked = DirectiveSerializer(data=given)
    checked.is_valid()
    return checked.errors


def _incoming(given: Mapping[str, Any], value: Mapping[str, Any]) -> Incoming:
    issued_at: datetime = value["issued_at"]
    said = list(_unknown_fields(given))
    if timezone.is_naive(issued_at):
        issued_at = timezone.make_aware(issued_at)
        said.append("issued_at_local")
    amount: Decimal | None = value.get("amount")
    if amount is not None and amount != (rounded := amount.quantize(Decimal("0.01"), ROUND_HALF_UP)):
        amount = rounded
        said.append("amount_rounded")
    person = _person(value, timezone.localtime(issued_at), said)
    return Incoming(
        reference=value["reference"],
        issued_at=issued_at,
        fraud_word=value["fraud_type"],
        person=person,
        body=given,
        level=value.get("level"),
        age=value.get("age"),
        amount=amount,
        place=_place(value.get("location", {})),
        signs=value.get("signs", {}),
        contacts=tuple(
            report.Related(relation=one.get("relation", ""), number=one["phone"], name=one.get("name", ""))
            for one in value.get("contacts", ())
        ),
        notes=tuple(said),
    )


def _place(value: Mapping[str, Any]) -> report.Place:
    kind = PlaceKind(value["kind"]) if "kind" in value else None
    return report.Place(**{**value, "kind": kind})


def _person(value: Mapping[str, Any], issued: datetime, said: list[str]) -> report.Person:
    """Who it is about; the ID number tells the year of birth, and the sex where the source does not."""
    sex, age = value.get("sex", ""), value.get("age")
    born = None if age is None else issued.year - age
    number = value.get("id_number", "")
    if number:
        holder = identity.read(number)
        years = holder.age_on(issued.date())
        if not holder.check_agrees:
            said.append("id_number_check")
        if holder.born is None or years is None or not 0 <= years <= 150:
            said.append("id_number_date")
        else:
            born = holder.born.year
            if age is not None and age != years:
                said.append("age_disagrees")
        if sex and sex != holder.sex:
            said.append("sex_disagrees")
        sex = sex or holder.sex
    return report.Person(
        number=value.get("phone", ""),
        id_number=number,
        name=value.get("name", ""),
        sex=sex,
        birth_year=born,
        occupation=value.get("occupation", ""),
    )


def _unknown_fields(given: Mapping[str, Any]) -> Iterator[str]:
    """A note for each field we do not know, the nested ones too."""
    parts: list[tuple[str, Any, type[serializers.Serializer[Any]]]] = [
        ("", given, DirectiveSerializer),
        ("location.", given.get("location", {}), LocationSerializer),
        ("signs.", given.get("signs", {}), SignsSerializer),
    ]
    parts += [(f"contacts[{n}].", one, ContactSerializer) for n, one in enumerate(given.get("contacts", ()))]
    for path, part, known in parts:
        names = known._declared_fields
        yield from (notes.unknown_field(f"{path}{name}") for name in part if name not in names)
