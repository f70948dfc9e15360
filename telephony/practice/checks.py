"""What one field of a request may hold, by Twilio's OpenAPI description and its documentation."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from telephony.practice import twiml
from telephony.practice.codes import Refused

Form = Mapping[str, list[str]]
Check = Callable[[str, str], None]  # a field's name and what it holds; raises Refused

NUMBER = re.compile(r"\+[1-9]\d{6,14}")
SIP = re.compile(r"sips?:[^@\s]+@[^@\s]+", re.IGNORECASE)
CLIENT = re.compile(r"client:[\w.\-+@]+", re.IGNORECASE)
KEYS = re.compile(r"[0-9A-D#*wW]{1,32}")
HOST = re.compile(r"[A-Za-z0-9.\-:\[\]]+")  # underscores are not permitted
LONGEST_TWIML = 4000
LONGEST_BODY = 1600


def sid(prefix: str) -> re.Pattern[str]:
    """The pattern of a sid: two letters and 32 hexadecimal digits."""
    return re.compile(f"(?:{prefix})[0-9a-fA-F]{{32}}")


def plain(said: str) -> str:
    """A number as Twilio reads it: without blanks and brackets, and with the + that may have been left out."""
    bare = re.sub(r"[\s().\-]", "", said)
    if re.fullmatch(r"[1-9]\d{9,14}", bare):
        return f"+{bare}"
    return bare if re.fullmatch(r"\+\d+", bare) else said


def is_number(said: str) -> bool:
    return NUMBER.fullmatch(said) is not None


def is_endpoint(said: str) -> bool:
    """A phone number, a SIP address, or a client."""
    return any(kind.fullmatch(said) for kind in (NUMBER, SIP, CLIENT))


def is_url(said: str) -> bool:
    """Absolute, http or https, with a host name that has no underscore."""
    try:
        parts = urlsplit(said)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and HOST.fullmatch(host or "") is not None


def refused(code: int) -> Callable[[str, str], Refused]:
    """How a field is refused: with this code; the generic one names the field."""
    return lambda name, said: Refused(code, f"{name}={said}" if code == 20001 else said)


def _must(fits: Callable[[str], bool], code: int = 20001) -> Check:
    def check(name: str, said: str) -> None:
        if not fits(said):
            raise refused(code)(name, said)

    return check


def words(*known: str, code: int = 20001) -> Check:
    """One of these words."""
    return _must(known.__contains__, code)


def whole(least: int, most: int, code: int = 20001) -> Check:
    """A whole number within these bounds, both included."""
    return _must(lambda said: re.fullmatch(r"\d{1,9}", said) is not None and least <= int(said) <= most, code)


def many(*known: str, code: int = 20001) -> Check:
    """Some of these words, a blank between."""
    return _must(lambda said: bool(said.split()) and set(said.split()) <= set(known), code)


def _twiml(name: str, said: str) -> None:
    if len(said) > LONGEST_TWIML:
        raise Refused(20001, f"{name} is longer than {LONGEST_TWIML} characters")
    twiml.read(said)


ANYTHING = _must(lambda said: True)
BOOLEAN = words("true", "false")
METHOD = words("GET", "POST", code=21209)
URL = _must(is_url, 21205)
CALLBACK = _must(is_url, 21609)
TWIML: Check = _twiml
APPLICATION = _must(lambda said: sid("AP").fullmatch(said) is not None, 21218)
CALL_SID = _must(lambda said: sid("CA").fullmatch(said) is not None)
BYOC = _must(lambda said: sid("BY").fullmatch(said) is not None)
SERVICE = _must(lambda said: sid("MG").fullmatch(said) is not None)
CONTENT = _must(lambda said: sid("HX").fullmatch(said) is not None)
PHONE = _must(is_number)
ENDPOINT = _must(is_endpoint)
DIGITS = _must(lambda said: KEYS.fullmatch(said) is not None, 21206)
LABEL = _must(lambda said: 0 < len(said) <= 128)


def every(form: Form, checks: Mapping[str, Check]) -> None:
    """Each field that is there against its check; a field nobody knows is passed over, as Twilio does.

    An empty value is no value. Raises Refused for the first that does not fit.
    """
    for name, check in checks.items():
        for said in form.get(name, []):
            if said:
                check(name, said)


def one(form: Form, name: str, otherwise: str = "") -> str:
    """The first value of a field."""
    return (form.get(name) or [""])[0] or otherwise
