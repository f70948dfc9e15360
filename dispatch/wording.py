"""The record in words, in the reader's language, and the words of an SMS."""

import tomllib
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from dispatch import choosing, sentences
from dispatch.models import Event, Unit
from dispatch.models.choices import name
from dispatch.models.operator import Moved
from dispatch.vocabulary import (
    Disposition,
    FraudType,
    Level,
    Money,
    NewsKind,
    OrderState,
    Outcome,
    Result,
    Role,
    Situation,
    Stage,
    Tier,
)
from telephony.models import Leg
from telephony.sealing import unseal

MARKS = {Level.CRITICAL: "▲▲", Level.HIGH: "▲", Level.MEDIUM: "●", Level.LOW: "○"}  # beside the colour
_SMS = tomllib.loads((Path(__file__).parent / "sms.toml").read_text(encoding="utf-8"))


def sms_body(fraud_type: str) -> str:
    """What the person is told by SMS: the kind of fraud, the one sentence of defence; always Chinese, names nobody."""
    told = _SMS["of"].get(fraud_type, _SMS["of"]["other"])
    return str(_SMS["signature"] + _SMS["body"].format(**told))


def link_body() -> str:
    """What comes with the link of a video call; its address is filled in by the line. Always Chinese, names nobody."""
    return str(_SMS["signature"] + _SMS["video"])


def unseen_body(case: str, kind: NewsKind, at: datetime, minutes: int) -> str:
    """What a unit's duty phone is told where nobody has looked. Always Chinese, names nobody.

    The time keeps two changes apart: the line sends the same words to the same number only once in a while.
    """
    with translation.override("zh-hans"):
        news = name(kind)
    return str(
        _SMS["signature"]
        + _SMS["unseen"].format(case=case, news=news, at=f"{timezone.localtime(at):%H:%M}", minutes=minutes)
    )


def sentence(event: Event, units: dict[int, Unit] | None = None) -> str:
    """One line of the record as a sentence."""
    words = {"why": why(event), **_words(event.detail, units or {})}
    if words.get("unit") and words["unit"] in words.get("choice", ""):
        words["unit"] = ""  # named there, with why it is this one
    template = sentences.templates().get(event.verb)
    if template is None:
        return event.verb
    return _tidy(template.format_map(_Blank(words)))


def why(event: Event) -> str:
    """Why, as the record says: in the reader's language where it is one of ours and not somebody's own words."""
    return _(event.why) if event.verb == "refused" and event.why else event.why


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


_ENUMS = {
    "result": Result,
    "said": Result,
    "disposition": Disposition,
    "stage": Stage,
    "outcome": Outcome,
    "kind": Money,
    "situation": Situation,
    "news": NewsKind,
}


def _words(detail: dict[str, Any], units: dict[int, Unit]) -> dict[str, str]:
    return {key: _word(key, value, units) for key, value in detail.items()}


def _word(key: str, value: Any, units: dict[int, Unit]) -> str:
    kind = _ENUMS.get(key)
    if kind is not None and value in {one.value for one in kind}:  # "kind" is a file's, too
        return name(kind(value))
    if of_units := _OF_UNITS.get(key):
        return of_units(value, units)
    if key in ("word", "stands"):
        return said(str(value))
    if tell := _TOLD.get(key):
        return tell(value)
    return str(value)


def _choice(value: dict[str, Any], units: dict[int, Unit]) -> str:
    told = choosing.in_words(value, units)
    return _("({choice})").format(choice=told) if told else ""


_OF_UNITS: dict[str, Callable[[Any, dict[int, Unit]], str]] = {
    "unit": lambda value, units: str(units.get(value, "")),
    "passed_by": lambda value, units: _(", ").join(str(units.get(one, "")) for one in value),
    "choice": _choice,
}


def said(word: str) -> str:
    """A result or a judgement, whichever the word is."""
    return name(Result(word) if word in {one.value for one in Result} else Disposition(word))


def key_in_words(key: str) -> str:
    """What a key pressed during an announcement asks for."""
    return {"1": _("1, an officer now"), "2": _("2, I have transferred already")}.get(key, key)


def _clock(at: datetime | None) -> str:
    return timezone.localtime(at).strftime("%m-%d %H:%M:%S") if at else ""


def _tidy(text: str) -> str:
    return " ".join(text.split()).replace(" ,", ",").replace(" :", ":").rstrip(" ,:，：")


def order_state(state: str) -> str:
    """An order's state in words."""
    return name(OrderState(state))


def reason(fact: str, size: str) -> str:
    """One reason of an assessment, without its points."""
    match fact:
        case "fraud_type":
            return name(FraudType(size))
        case "upstream_level":
            return _("Upstream says {level}").format(level=name(Level[size.upper()]))
        case "on_call_seconds":
            return _("On the phone with them for {minutes} min").format(minutes=max(1, int(size) // 60))
    template = _facts().get(fact)
    return template.format(size=f"{int(size):,}") if template else f"{fact} {size}"


def _facts() -> dict[str, str]:
    return {
        "money_moved": _("Money has moved"),
        "pooled_accounts": _("Money pooled from {size} accounts"),
        "screen_shared": _("Screen shared"),
        "remote_control": _("Remote control"),
        "line_forwarded": _("Line forwarded"),
        "amount": _("¥{size} at stake"),
        "warnings_30d": _("{size} warnings in the 30 days before"),
        "agreed_before": _("Agreed before, and was warned again"),
        "age": _("{size} years old"),
        "line_signs": _("Busy, forwarded or answered by another, {size} times"),
    }


def fact(code: str) -> str:
    """What a fact of the risk policy measures, as the heading of its steps."""
    known = {
        "on_call_seconds": _("Seconds on the phone with them"),
        "money_moved": _("Money has moved"),
        "pooled_accounts": _("Accounts that money is pooled from"),
        "screen_shared": _("Screen shared"),
        "remote_control": _("Remote control"),
        "line_forwarded": _("Line forwarded"),
        "amount": _("Yuan at stake"),
        "warnings_30d": _("Warnings in the 30 days before"),
        "agreed_before": _("Agreed before, and was warned again"),
        "age": _("Age"),
        "line_signs": _("Times busy, forwarded or answered by another"),
    }
    return known.get(code, code)


def agent(code: str) -> str:
    """Who acted, where it was no user."""
    if code.startswith("source:"):
        return _("source {code}").format(code=code.removeprefix("source:"))
    if code.startswith("role:"):
        return name(Role(code.removeprefix("role:")))
    known = {
        "engine": _("the system"),
        "line": _("the line"),
        "stand-in": _("stand-in"),
        "bank": _("bank"),
        "watchdog": _("the watchdog"),
    }
    return known.get(code, code)


_TOLD: dict[str, Callable[[Any], str]] = {
    "tier": lambda value: name(Tier[str(value).upper()]),
    "level": lambda value: name(Level[str(value).upper()]),
    "before": lambda value: name(Level[str(value).upper()]),
    "starts": lambda value: _clock(parse_datetime(str(value))),
    "due": lambda value: _clock(parse_datetime(str(value))),
    "signs": lambda value: _(", ").join(reason(sign, "1") for sign in value) + " ",
    "amount": lambda value: f"{Decimal(str(value)):,.2f}",
    "helped": lambda value: _("helped") if value else _("did not help"),
    "sealed": lambda value: unseal(str(value)),
    "forced": lambda value: str(Moved(value).label),
    "reinforced": lambda value: _("reinforced"),
    "duty_phone": lambda value: _("its duty phone is told by SMS") if value else _("it has no duty phone"),
    "key": lambda value: key_in_words(str(value)),
    "way": lambda value: str(Leg.Way(value).label),
    "promise": lambda value: promise(str(value)),
}


def promise(code: str) -> str:
    """What the watchdog looks at."""
    if code.startswith("overdue_") and code != "overdue_order":
        return _("{level} cases move in time").format(
            level=name(Level[code.removeprefix("overdue_").upper()])
        )
    if code.startswith("pulse_"):
        return _("{name} shows that it lives").format(name=code.removeprefix("pulse_"))
    known = {
        "database": _("the database answers"),
        "redis": _("Redis answers"),
        "clocks": _("all clocks agree"),
        "case_without_due": _("every open case is due some time"),
        "attempt_without_due": _("every live attempt is due some time"),
        "failed_turn": _("no turn of a case fails"),
        "silent_call": _("carriers are asked about silent calls"),
        "stale_call": _("calls past their time are called off"),
        "unknown_code": _("what carriers say of calls is understood"),
        "unmanned_call": _("somebody is signed in at a desk while calls wait for an operator"),
        "narrow_trunk": _("every trunk has the lines that an operator's call takes"),
        "overdue_order": _("stop-payment orders end in time"),
        "untended": _("texts, legs, links and news are seen to in time"),
        "agreement": _("a case and its attempts agree"),
    }
    return known.get(code, code)
