"""The kinds of field a directive has: strict about what they hold, patient about how it is written."""

import math
import re
import unicodedata
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from dispatch import identity
from dispatch.vocabulary import Level
from telephony import numbers

# What telephony.numbers and dispatch.identity say, for the translators' list.
gettext_noop("only digits, spaces, hyphens, brackets and a leading + may stand in a phone number")
gettext_noop("a number from abroad has 8 to 15 digits after the + (E.164)")
gettext_noop("a mobile number has 11 digits and begins with 13 to 19; a land line needs its area code")
gettext_noop("an ID number has 17 digits and a last digit or X (GB 11643)")

_MOMENT = re.compile(r"\d{4}-?\d\d-?\d\d[T ]\d\d.*", re.ASCII | re.DOTALL)
_YEARS = range(2000, 2101)
LEVELS = {
    "critical": Level.CRITICAL,
    "high": Level.HIGH,
    "medium": Level.MEDIUM,
    "low": Level.LOW,
    "紧急": Level.CRITICAL,
    "高危": Level.HIGH,
    "中危": Level.MEDIUM,
    "低危": Level.LOW,
}
_SEXES = {"male": "male", "m": "male", "男": "male", "female": "female", "f": "female", "女": "female"}


class TextField(serializers.CharField):
    """Text in one line. With `digits`, a JSON integer is taken for the digits it is written with."""

    default_error_messages = {"control": gettext_lazy("No control characters.")}

    def __init__(self, *, digits: bool = False, **rest: Any) -> None:
        self.digits = digits
        super().__init__(**rest)

    def to_internal_value(self, data: Any) -> str:
        if self.digits and isinstance(data, int) and not isinstance(data, bool):
            data = str(data)
        if not isinstance(data, str):
            self.fail("invalid")
        text = " ".join(super().to_internal_value(data).split())
        if any(unicodedata.category(character) == "Cc" for character in text):
            self.fail("control")
        return text


class ReferenceField(TextField):
    """1 to 64 printable characters without spaces."""

    default_error_messages = {"reference": gettext_lazy("Printable characters without spaces only.")}

    def __init__(self, **rest: Any) -> None:
        super().__init__(digits=True, max_length=64, **rest)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not is_reference(text):
            self.fail("reference")
        return text


def is_reference(text: str) -> bool:
    """Whether a directive could have this reference."""
    return 0 < len(text) <= 64 and text.isprintable() and " " not in text


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentField(serializers.Field[datetime, Any, str, Any]):
    """ISO 8601, date and time. Without a zone it comes out naive: whoever reads it decides."""

    default_error_messages = {
        "invalid": gettext_lazy("A date and time as in ISO 8601: 2026-03-02T09:14:03+08:00."),
        "years": gettext_lazy("A year from 2000 to 2100."),
    }

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or not _MOMENT.fullmatch(data.strip()):
            self.fail("invalid")
        try:
            moment = datetime.fromisoformat(data.strip())
        except ValueError:
            self.fail("invalid")
        if moment.year not in _YEARS:
            self.fail("years")
        return moment


@extend_schema_field({"type": "string", "enum": list(LEVELS)})
class LevelField(serializers.Field[Level, Any, str, Any]):
    """A level by its code or its Chinese name."""

    default_error_messages = {
        "invalid": gettext_lazy("One of critical, high, medium, low, 紧急, 高危, 中危, 低危.")
    }

    def to_internal_value(self, data: Any) -> Level:
        if not isinstance(data, str) or data.strip() not in LEVELS:
            self.fail("invalid")
        return LEVELS[data.strip()]


@extend_schema_field({"type": "string", "enum": ["male", "female", "男", "女", "M", "F"]})
class SexField(serializers.Field[str, Any, str, Any]):
    """`male` or `female`, however it was written."""

    default_error_messages = {"invalid": gettext_lazy("One of male, female, 男, 女, M, F.")}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data.strip().lower() not in _SEXES:
            self.fail("invalid")
        return _SEXES[data.strip().lower()]


class PhoneField(TextField):
    """A telephone number; comes out as E.164."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(digits=True, max_length=40, **rest)

    def to_internal_value(self, data: Any) -> str:
        try:
            return numbers.normalise(super().to_internal_value(data))
        except numbers.BadNumber as fault:
            raise serializers.ValidationError(_(str(fault))) from None


class IdNumberField(TextField):
    """A mainland ID number; comes out with 18 characters."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(digits=True, max_length=40, **rest)

    def to_internal_value(self, data: Any) -> str:
        try:
            return identity.read(super().to_internal_value(data)).number
        except identity.BadIdNumber as fault:
            raise serializers.ValidationError(_(str(fault))) from None


class AreaCodeField(TextField):
    """An administrative code: 6 digits for a county, 9 for a town, 12 for a village."""

    default_error_messages = {"area": gettext_lazy("An administrative code has 6, 9 or 12 digits.")}

    def __init__(self, **rest: Any) -> None:
        super().__init__(digits=True, max_length=40, **rest)

    def to_internal_value(self, data: Any) -> str:
        code = unicodedata.normalize("NFKC", super().to_internal_value(data))
        if len(code) not in (6, 9, 12) or not (code.isascii() and code.isdigit()):
            self.fail("area")
        return code


class DegreesField(serializers.FloatField):
    """Latitude or longitude in degrees."""

    def to_internal_value(self, data: Any) -> float:
        degrees = float("nan") if isinstance(data, bool) else super().to_internal_value(data)
        if not math.isfinite(degrees):
            self.fail("invalid")
        return degrees


_MOST = Decimal("99999999999999.99")  # 14 digits before the point


@extend_schema_field(
    {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}]}
)
class AmountField(serializers.DecimalField):
    """Yuan, zero or more; more than two decimal places are left to whoever reads it."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(max_digits=None, decimal_places=None, min_value=Decimal(0), max_value=_MOST, **rest)


class FlagField(serializers.BooleanField):
    """Yes or no; 是 and 否 too, since spreadsheets say so."""

    TRUE_VALUES = serializers.BooleanField.TRUE_VALUES | {"是"}
    FALSE_VALUES = serializers.BooleanField.FALSE_VALUES | {"否"}
