"""The record in words, in the reader's language, and the words of an SMS."""

import tomllib
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from dispatch.models import Event, Unit
from dispatch.models.choices import name
from dispatch.vocabulary import (
    Disposition,
    FraudType,
    Level,
    Money,
    OrderState,
    Outcome,
    Result,
    Role,
    Stage,
    Tier,
)
from telephony.models import Leg

MARKS = {Level.CRITICAL: "▲▲", Level.HIGH: "▲", Level.MEDIUM: "●", Level.LOW: "○"}  # beside the colour
_SMS = tomllib.loads((Path(__file__).parent / "sms.toml").read_text(encoding="utf-8"))


def sms_body(fraud_type: str) -> str:
    """What the person is told by SMS: the kind of fraud, the one sentence of defence; always Chinese, names nobody."""
    told = _SMS["of"].get(fraud_type, _SMS["of"]["other"])
    return str(_SMS["signature"] + _SMS["body"].format(**told))


def sentence(event: Event, units: dict[int, Unit] | None = None) -> str:
    """One line of the record as a sentence."""
    words = {"why": event.why, **_words(event.detail, units or {})}
    template = _templates().get(event.verb)
    if template is None:
        return event.verb
    return _tidy(template.format_map(_Blank(words)))


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _templates() -> dict[str, str]:
    return {
        "opened": _("Case opened, {level}"),
        "joined": _("Another directive joined"),
        "merged": _("Merged with {other}"),
        "parted": _("Merge with {other} undone"),
        "raised": _("Raised from {before} to {level}"),
        "published": _("Policy {what} published, in force from {starts}"),
        "lowered": _("Lowered from {before} to {level}: {why}"),
        "planned": _("{tier} {stage} for {starts} {unit} {reinforced}"),
        "begun": _("{tier} begun {unit}"),
        "met": _("{tier}: {result} {unit}"),
        "late_result": _("{tier}: late report {said}"),
        "judged": _("{tier}: {result}, {disposition} {unit}"),
        "identified": _("{tier}: identity checked"),
        "settled": _("{tier}: {result}, its time was up"),
        "recalled": _("{tier} stood down"),
        "told": _("{tier} goes on, and was told"),
        "messaged": _("SMS written"),
        "ordered": _("Stop-payment order drafted, due {due}"),
        "submitted": _("Stop-payment order submitted"),
        "answered": _("Bank answered the stop-payment order, {held} held"),
        "lapsed": _("Stop-payment order unanswered in time"),
        "acknowledged": _("{unit} acknowledged the visit"),
        "arrived": _("{unit} is at the door"),
        "closed": _("Closed: {outcome}"),
        "fault": _("The turn failed and will be tried again"),
        "viewed": _("Personal data opened"),
        "refused": _("Refused: {why}"),
        "exported": _("Figures taken out"),
        "taken": _("A person took the case over"),
        "given_back": _("Given back"),
        "reserved": _("Reserved for a while"),
        "passed": _("Passed to {to}"),
        "proposed": _("A hand-over to {to} is proposed"),
        "rung": _("{tier}: called by hand"),
        "contact_rung": _("A contact is called: {relation}"),
        "call_back": _("A call back is arranged for {starts}"),
        "sent": _("A person had somebody sent to the door"),
        "desk_ready": _("{desk} is ready for calls"),
        "desk_paused": _("{desk} pauses"),
        "desk_away": _("{desk} goes"),
        "desk_accepted": _("{desk} takes the call"),
        "desk_declined": _("{desk} lets another take the call"),
        "desk_wrapped_up": _("{desk} has written everything down"),
        "desk_phone": _("{desk} has another phone"),
        "desk_recorded": _("{desk} records the call"),
        "desk_joined": _("{other} joins the call: {way}"),
        "key_pressed": _("Pressed {key} on the phone"),
        "noted": _("Note: {signs}{text}"),
        "sum": _("{kind}: ¥{amount}"),
        "added": _("Added: {what} {name}"),
        "changed": _("Changed: {what} {name}, {fields}"),
        "key_renewed": _("API key renewed: {source}"),
        "broken": _("The system broke a promise: {promise} {fault}"),
        "mended": _("The system keeps its promise again: {promise}"),
    }


_ENUMS = {
    "tier": Tier,
    "level": Level,
    "before": Level,
    "result": Result,
    "said": Result,
    "disposition": Disposition,
    "stage": Stage,
    "outcome": Outcome,
    "kind": Money,
    "order": None,
}


def _words(detail: dict[str, Any], units: dict[int, Unit]) -> dict[str, str]:
    words: dict[str, str] = {}
    for key, value in detail.items():
        if key in ("tier", "level", "before"):
            words[key] = name((Tier if key == "tier" else Level)[str(value).upper()])
        elif kind := _ENUMS.get(key):
            words[key] = name(kind(value))
        elif key == "unit":
            words[key] = str(units.get(value, ""))
        elif key in ("starts", "due"):
            words[key] = _clock(parse_datetime(str(value)))
        elif key == "signs":
            words[key] = _(", ").join(reason(sign, "1") for sign in value) + " "
        elif key == "amount":
            words[key] = f"{Decimal(str(value)):,.2f}"
        elif key == "reinforced":
            words[key] = _("reinforced")
        elif key == "key":
            words[key] = key_in_words(str(value))
        elif key == "way":
            words[key] = str(Leg.Way(value).label)
        elif key == "promise":
            words[key] = promise(str(value))
        else:
            words[key] = str(value)
    return words


def key_in_words(key: str) -> str:
    """What a key pressed during an announcement asks for."""
    return {"1": _("1, an officer now"), "2": _("2, I have transferred already")}.get(key, key)


def _clock(at: datetime | None) -> str:
    return timezone.localtime(at).strftime("%m-%d %H:%M:%S") if at else ""


def _tidy(text: str) -> str:
    return " ".join(text.split()).replace(" ,", ",").rstrip(" ,:，：")


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
        "silent_call": _("carriers are asked about silent calls"),
        "stale_call": _("calls past their time are called off"),
        "unknown_code": _("what carriers say of calls is understood"),
        "unmanned_call": _("somebody is signed in at a desk while calls wait for an operator"),
        "overdue_order": _("stop-payment orders end in time"),
        "agreement": _("a case and its attempts agree"),
    }
    return known.get(code, code)
