"""What `manage.py plan` is asked: its options read and checked, each refused by name with its rule."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from dispatch.models import Unit
from dispatch.rules import span
from dispatch.vocabulary import Level, UnitKind
from warning_center.planning.load import Given, Quantity
from warning_center.planning.staffing import Aim

REFUSED = 2  # exit status
LONGEST = 30 * 86400.0  # seconds
_SPANS = {"ring": Quantity.RING, "talk": Quantity.TALK, "wrap": Quantity.WRAP, "patience": Quantity.PATIENCE}
_ROUNDING = 1e-6


def given(options: Mapping[str, Any]) -> Given:
    """What the asker says of the load. Raises CommandError."""
    values: dict[Quantity, float] = {}
    if (text := options["directives_per_hour"]) is not None:
        values[Quantity.DIRECTIVES] = _number("directives-per-hour", text, above=0, most=1_000_000)
    if (text := options["answered"]) is not None:
        values[Quantity.ANSWERED] = _number("answered", text, above=0, most=1)
    if (text := options["away"]) is not None:
        values[Quantity.AWAY] = _number("away", text, least=0, most=0.95)
    if (text := options["at"]) is not None:
        values[Quantity.AT] = whole("at", text, least=0, most=23)
    for option, quantity in _SPANS.items():
        if (text := options[option]) is not None:
            values[quantity] = _time(option, text, least=1 if option in ("talk", "patience") else 0)
    return Given(values, _shares(options["share"] or ()))


def aim(options: Mapping[str, Any]) -> Aim:
    """What is to be kept. Raises CommandError."""
    return Aim(
        within=_time("within", options["within"], least=0),
        share=_number("target", options["target"], above=0, most=0.9999),
        level=_level("level", options["level"]),
        blocked=_number("blocked", options["blocked"], above=0, most=0.5),
    )


def unit(adcode: str) -> Unit | None:
    """The unit of an administrative code; None for none asked. Raises CommandError."""
    if not adcode:
        return None
    found = Unit.objects.exclude(kind=UnitKind.STATION).filter(adcode=adcode).order_by("path").first()
    if found is None:
        raise CommandError(
            _("unit: {code} is no unit's administrative code").format(code=adcode), returncode=REFUSED
        )
    return found


def whole(option: str, text: str, *, least: int, most: int) -> int:
    """A whole number. Raises CommandError."""
    if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
        rule = _("a whole number from {least} to {most} is expected").format(least=least, most=most)
        raise refused(option, text, rule)
    return int(text)


def refused(option: str, text: str, rule: str) -> CommandError:
    """The refusal of one option."""
    return CommandError(f"--{option} {text}: {rule}", returncode=REFUSED)


def _number(
    option: str,
    text: str,
    *,
    most: float,
    least: float | None = None,
    above: float | None = None,
    whole_text: str = "",
) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    fits = isfinite(value) and value <= most
    if above is not None:
        rule = _("a number above {above} and at most {most} is expected").format(above=above, most=most)
        fits = fits and value > above
    else:
        rule = _("a number from {least} to {most} is expected").format(least=least, most=most)
        fits = fits and value >= (least or 0.0)
    if not fits:
        raise refused(option, whole_text or text, rule)
    return value


def _time(option: str, text: str, *, least: float) -> float:
    try:
        seconds = span(text).total_seconds()
    except (ValueError, OverflowError):
        seconds = -1.0
    if not least <= seconds <= LONGEST:
        rule = _("a length of time from {least} s to 30 d is expected, such as 45s, 3m or 2h")
        raise refused(option, text, rule.format(least=int(least)))
    return seconds


def _level(option: str, text: str, whole_text: str = "") -> Level:
    levels = {level.code: level for level in sorted(Level, reverse=True)}
    if text not in levels:
        rule = _("a level is expected, one of {levels}").format(levels=", ".join(levels))
        raise refused(option, whole_text or text, rule)
    return levels[text]


def _shares(texts: Iterable[str]) -> dict[Level, float]:
    shares: dict[Level, float] = {}
    for text in texts:
        code, equals, share = text.partition("=")
        if not equals:
            raise refused("share", text, _("a level and its share are expected, such as high=0.2"))
        level = _level("share", code, text)
        if level in shares:
            raise refused("share", text, _("each level is named once"))
        shares[level] = _number("share", share, least=0, most=1, whole_text=text)
    total = sum(shares.values())
    if total > 1 + _ROUNDING or (len(shares) == len(Level) and total < 1 - _ROUNDING):
        raise refused(
            "share",
            " ".join(texts),
            _("the shares of all levels add up to 1, here to {total}").format(total=round(total, 4)),
        )
    return shares
