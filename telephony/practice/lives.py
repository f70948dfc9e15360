"""A call's life as Twilio lives it: dialled, rung, answered, our TwiML followed verb by verb, ended.

A life is a generator that says what it waits for; whoever drives it (switch.py) sends what has come, or throws
that the call has been hung up or given other TwiML.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urljoin

from telephony.practice import twiml
from telephony.practice.codes import Refused
from telephony.practice.records import Call, Conference
from telephony.practice.twiml import Verb

LETTERS_A_SECOND = 8  # said
KEY_AFTER = timedelta(seconds=1.5)  # from the asking to the key
RINGS_FOR = 60  # seconds, Twilio's default
LONGEST = 14400  # seconds, Twilio's default
DETECTS_FOR = 30  # seconds, Twilio's default
MOST_VERBS = 200  # a document that redirects to itself comes to an end

Verbs = Sequence[Verb]


@dataclass(frozen=True, slots=True)
class Until:
    """Wait until this moment; None: until somebody ends the waiting."""

    at: datetime | None


@dataclass(frozen=True, slots=True)
class Ask:
    """Fetch TwiML; what comes back is its text, None if there is none."""

    url: str
    method: str
    more: dict[str, str]


Life = Generator[Until | Ask, Any, None]
Part = Generator[Until | Ask, Any, Any]


class HungUp(Exception):
    """Somebody hung up."""


class Redirected(Exception):
    """The API has given the call other TwiML: verbs, or an address to fetch them from."""

    def __init__(self, verbs: Verbs | None, url: str = "", method: str = "POST") -> None:
        super().__init__("redirected")
        self.verbs, self.url, self.method = verbs, url, method


class Switch(Protocol):
    """What a life needs of the house it is lived in."""

    def now(self) -> datetime: ...
    def tell(self, call: Call, event: str) -> None: ...
    def detect(self, call: Call, at: datetime) -> None: ...
    def hang_up_at(self, call: Call, at: datetime) -> None: ...
    def hang_up(self, call: Call) -> bool: ...
    def dial_out(self, parent: Call, verb: Verb, dial: Verb) -> Call: ...
    def enter(self, call: Call, verb: Verb) -> None: ...
    def enter_as_participant(self, call: Call) -> Conference: ...
    def leave(self, call: Call) -> None: ...
    def wake(self, call: Call) -> None: ...
    def record(self, call: Call, source: str, verb: Verb) -> None: ...
    def record_from_the_answer(self, call: Call) -> None: ...


def live(call: Call, switch: Switch) -> Life:
    """The whole of it; every status it passes through is told."""
    switch.tell(call, "initiated")
    try:
        if (yield from _reach(call, switch)):
            yield from _talk(call, switch)
            _end(call, switch, "completed")
    except HungUp:
        talked = call.answered is not None
        call.sip = None if not talked else call.phone.sip
        _end(call, switch, "completed" if talked else "canceled")


def _end(call: Call, switch: Switch, word: str) -> None:
    call.status, call.ended, call.updated = word, switch.now(), switch.now()
    if call.child is not None:
        switch.hang_up(call.child)
    switch.leave(call)
    switch.tell(call, "completed")
    switch.wake(call)


def _reach(call: Call, switch: Switch) -> Part:
    """Ring; whether somebody answered."""
    phone = call.phone
    gives_up = call.created + timedelta(seconds=float(call.one("Timeout", str(RINGS_FOR))))
    if phone.rings is not None:
        yield Until(call.created + timedelta(seconds=phone.rings))
        call.status, call.started, call.updated = "ringing", switch.now(), switch.now()
        switch.tell(call, "ringing")
    ends = call.created + timedelta(seconds=phone.lasts)
    if phone.picks_up:
        picks_up = call.created + timedelta(seconds=phone.answers or 0)
        if picks_up <= gives_up:
            yield Until(picks_up)
            return True
        ends = gives_up + timedelta(seconds=1)
    if ends > gives_up:
        yield Until(gives_up)
        call.sip = 487
        _end(call, switch, "no-answer")
        return False
    yield Until(ends)
    call.sip = phone.sip
    _end(call, switch, phone.word)
    return False


def _talk(call: Call, switch: Switch) -> Part:
    now = switch.now()
    call.status, call.answered, call.updated, call.sip = "in-progress", now, now, call.phone.sip
    switch.hang_up_at(call, max(now, call.created + timedelta(seconds=call.phone.lasts)))
    switch.hang_up_at(call, now + timedelta(seconds=float(call.one("TimeLimit", str(LONGEST)))))
    switch.tell(call, "answered")
    if call.one("Record") == "true":
        switch.record_from_the_answer(call)
    heard = {}
    if call.one("MachineDetection"):
        within = float(call.one("MachineDetectionTimeout", str(DETECTS_FOR)))
        at = now + timedelta(seconds=min(call.phone.detects, within))
        if call.one("AsyncAmd") == "true":
            switch.detect(call, at)
        else:
            yield Until(at)
            call.answered_by = call.phone.answered_by if call.phone.detects <= within else "unknown"
            heard = {"AnsweredBy": call.answered_by}
    if call.as_participant is not None:
        switch.enter_as_participant(call)
        yield Until(None)
        return
    if call.parent is not None:  # the other end of a Dial: it talks until one of the two hangs up
        yield Until(None)
        return
    if call.one("Url"):
        yield from _follow(
            call, switch, (yield from _fetch(call, call.one("Url"), call.one("Method", "POST"), heard))
        )
    elif call.one("Twiml"):
        yield from _follow(call, switch, twiml.read(call.one("Twiml")))


def _fetch(call: Call, url: str, method: str, more: dict[str, str]) -> Part:
    """The verbs behind an address; none if it gives none that can be read, when the call ends."""
    where = urljoin(call.document, url)
    text = yield Ask(where, method, more)
    call.document = where
    try:
        return twiml.read(text) if text else ()
    except Refused:
        return ()


def _follow(call: Call, switch: Switch, verbs: Verbs) -> Part:
    """Do as the verbs say, until there are no more."""
    left, done = list(verbs), 0
    while left and done < MOST_VERBS:
        done += 1
        verb = left.pop(0)
        try:
            other = yield from _do(call, switch, verb)
        except Redirected as told:
            switch.leave(call)
            other = told.verbs
            if other is None:
                other = yield from _fetch(call, told.url, told.method, {})
        if other is not None:
            left = list(other)


def _do(call: Call, switch: Switch, verb: Verb) -> Part:
    """One verb; other verbs if it says to go on elsewhere."""
    if verb.name in ("Say", "Play", "Pause"):
        yield Until(switch.now() + _takes(verb))
    elif verb.name in ("Hangup", "Reject"):
        raise HungUp
    elif verb.name == "Redirect":
        return (yield from _fetch(call, verb.text, verb.said.get("method", "POST"), {}))
    elif verb.name == "Gather":
        return (yield from _gather(call, switch, verb))
    elif verb.name == "Dial":
        return (yield from _dial(call, switch, verb))
    elif verb.name == "Record":
        switch.record(call, "RecordVerb", verb)
        yield Until(switch.now() + timedelta(seconds=min(verb.number("maxLength", 3600), 20)))
        return (yield from _fetch(call, verb.said.get("action", ""), verb.said.get("method", "POST"), {}))
    return None


def _takes(verb: Verb) -> timedelta:
    if verb.name == "Pause":
        return timedelta(seconds=verb.number("length", 1))
    if verb.name == "Play":
        return timedelta(seconds=3)
    times = max(1.0, verb.number("loop", 1))
    return timedelta(seconds=max(1.0, len(verb.text) / LETTERS_A_SECOND) * times)


def _gather(call: Call, switch: Switch, verb: Verb) -> Part:
    """A key, if the called press one: it ends what is being said. Without one the next verb's turn comes."""
    begun = switch.now()
    takes = sum((_takes(inside) for inside in verb.inside), timedelta())
    if call.presses and call.phone.answered_by in ("human", "unknown"):
        yield Until(begun + KEY_AFTER)
        pressed, call.presses = call.presses[0], call.presses[1:]
        said = {"Digits": pressed, "FinishedOnKey": ""}
        return (yield from _fetch(call, verb.said.get("action", ""), verb.said.get("method", "POST"), said))
    yield Until(begun + takes + timedelta(seconds=verb.number("timeout", 5)))
    if verb.said.get("actionOnEmptyResult") == "true":
        none = {"Digits": ""}
        return (yield from _fetch(call, verb.said.get("action", ""), verb.said.get("method", "POST"), none))
    return None


def _dial(call: Call, switch: Switch, verb: Verb) -> Part:
    """Join the call to a room, or to another phone; afterwards the action's verbs, if there is one."""
    nouns = verb.inside or (Verb("Number", {}, verb.text),)
    if nouns[0].name == "Conference":
        switch.enter(call, nouns[0])
        yield Until(None)
        more = {"DialCallStatus": "completed"}
    else:
        child = switch.dial_out(call, nouns[0], verb)
        while child.is_live:
            yield Until(None)
        more = {"DialCallStatus": child.status, "DialCallSid": child.sid}
        call.child = None
    if "action" not in verb.said:
        return None
    return (yield from _fetch(call, verb.said["action"], verb.said.get("method", "POST"), more))
