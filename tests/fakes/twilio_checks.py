"""What the practice Twilio finds wrong with a request, by Twilio's own error codes."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from xml.etree import ElementTree

Form = Mapping[str, list[str]]

OF_CALLS = {
    "To",
    "From",
    "Twiml",
    "Timeout",
    "TimeLimit",
    "StatusCallback",
    "StatusCallbackEvent",
    "StatusCallbackMethod",
    "MachineDetection",
    "AsyncAmd",
    "AsyncAmdStatusCallback",
    "AsyncAmdStatusCallbackMethod",
}
EVENTS = {"initiated", "ringing", "answered", "completed"}
E164 = re.compile(r"\+[1-9]\d{7,14}")


def of_call(form: Form, caller_id: str) -> int | None:
    """The code of the first thing wrong with a call that is asked for; None if all is well."""
    return _of_numbers(form, caller_id) or _of_script(form) or _of_callbacks(form) or _of_limits(form)


def of_text(form: Form, caller_id: str) -> int | None:
    """The same of a text."""
    if wrong := _of_numbers(form, caller_id):
        return wrong
    return None if form.get("Body", [""])[0] else 21602


def _of_numbers(form: Form, caller_id: str) -> int | None:
    if "To" not in form:
        return 21201
    if "From" not in form:
        return 21213
    if not E164.fullmatch(form["To"][0]):
        return 21211
    return None if form["From"] == [caller_id] else 21210


def _of_script(form: Form) -> int | None:
    """TwiML is well-formed, short, and made of verbs that may stand in a voice response."""
    text = form.get("Twiml", [""])[0]
    if not text:
        return 21205
    if len(text) > 4000:
        return 21219
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - our own adapter wrote it
    except ElementTree.ParseError:
        return 12100
    return None if root.tag == "Response" and {verb.tag for verb in root} <= {"Say", "Dial"} else 12200


def _of_callbacks(form: Form) -> int | None:
    if not set(form.get("StatusCallbackEvent", [])) <= EVENTS:
        return 21626
    for name in ("StatusCallback", "AsyncAmdStatusCallback"):
        if name in form:
            address = urlsplit(form[name][0])
            if address.scheme not in ("http", "https") or not address.hostname or "_" in address.hostname:
                return 21609
    return None


def _of_limits(form: Form) -> int | None:
    """Numbers are in their range, words are known ones; a parameter nobody knows is a slip of the pen."""
    ring, limit = form.get("Timeout", ["60"])[0], form.get("TimeLimit", ["14400"])[0]
    if not ring.isdecimal() or not 1 <= int(ring) <= 600 or not limit.isdecimal() or int(limit) < 1:
        return 21218
    words = {"AsyncAmd": ("true", "false"), "MachineDetection": ("Enable", "DetectMessageEnd")}
    known = all(form[name][0] in fits for name, fits in words.items() if name in form)
    methods = all(form[name] == ["POST"] for name in form if name.endswith("Method"))
    return None if known and methods and set(form) <= OF_CALLS else 21218
