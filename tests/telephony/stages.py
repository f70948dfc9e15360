"""Where a carrier plays its part in the contract: a carrier, its network, who it calls back."""

import io
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from telephony.carrier import CallKind, CallResult, Carrier, Dial, Update
from telephony.carriers.remote import RemoteCarrier
from telephony.carriers.simulated import BY_LAST_DIGIT, Behaviour, SimulatedCarrier
from telephony.carriers.twilio import TwilioCarrier
from telephony.carriers.twilio.video import TwilioVideoCarrier
from telephony.clock import MovingClock
from telephony.door import Door, Post
from telephony.network import Network, Script
from telephony.practice import video as rooms
from telephony.practice.phones import Phone
from telephony.practice.switch import Switch
from telephony.practice.video_records import Room
from tests.telephony.practising import PracticeTwilio, practising
from tests.telephony.relayed import PERSONS, Page
from tests.telephony.sip_trunk import SIP_PHONES, SipTrunk

R = CallResult
SECRET = "between the two of us"

PHONES = {
    R.ANSWERED: Phone(),
    R.MACHINE: Phone(answered_by="machine_start", lasts=30),
    R.BUSY: Phone("busy", 486, rings=None, lasts=5),
    R.NO_ANSWER: Phone("no-answer", 487, lasts=45),
    R.REJECTED: Phone("failed", 603, lasts=10),
    R.OUT_OF_AREA: Phone("failed", 480, rings=None, lasts=5),
    R.INVALID_NUMBER: Phone("failed", 404, rings=None, lasts=3),
    R.LABELLED_NUISANCE: Phone("failed", 608, rings=None, lasts=3),
    R.CONGESTION: Phone("failed", 503, rings=None, lasts=2),
}


class Stage(ABC):
    """One carrier over its network, on a clock the test moves."""

    carrier: Carrier
    within = 10.0  # seconds: news that has not come by then does not come
    sends_texts = True
    hears_machines = True  # whether it can tell a machine by its voice

    def __init__(self, clock: MovingClock) -> None:
        self.clock = clock
        self.news: list[Update] = []
        self.come = threading.Condition()
        self.failures = 0  # so many callbacks our side cannot take

    def hear(self, update: Update) -> None:
        with self.come:
            self.news.append(update)
            self.come.notify_all()

    def heard(self, fits: Callable[[list[Update]], bool]) -> list[Update]:
        """All the news, once it fits; the test fails if it does not in time."""
        with self.come:
            assert self.come.wait_for(lambda: fits(self.news), self.within), self.news[-20:]
            return list(self.news)

    def forward(self, seconds: float) -> None:
        self.clock.forward(timedelta(seconds=seconds))
        self.run()

    @abstractmethod
    def run(self) -> None:
        """Let come what is due by now."""

    @abstractmethod
    def behaves(self, number: str, result: CallResult) -> None:
        """Make a phone meet every call so."""

    @abstractmethod
    def made(self, number: str) -> int:
        """How many calls the network has made to a number."""


def _behaviour(result: CallResult) -> Behaviour:
    lasts = {how.result: how.lasts for how in BY_LAST_DIGIT.values()}
    return Behaviour(result, lasts.get(result, timedelta(seconds=10)))


class SimulatedStage(Stage):
    """The network inside this process."""

    def __init__(self, clock: MovingClock) -> None:
        super().__init__(clock)
        self.phones: dict[str, Behaviour] = {}
        self.calls: Counter[str] = Counter()
        self.simulated = SimulatedCarrier(clock=clock, behave=self._behave)
        self.carrier = self.simulated

    def _behave(self, dial: Dial) -> Behaviour:
        self.calls[dial.number] += 1
        return self.phones.get(dial.number, _behaviour(R.ANSWERED))

    def run(self) -> None:
        for update in self.simulated.collect(self.clock()):
            self.hear(update)

    def behaves(self, number: str, result: CallResult) -> None:
        self.phones[number] = _behaviour(result)

    def made(self, number: str) -> int:
        return self.calls[number]


class Ear(ThreadingHTTPServer):
    """Our side of the callbacks: hears what its carrier finds genuine."""

    daemon_threads = True

    def __init__(self, stage: Stage) -> None:
        super().__init__(("127.0.0.1", 0), _Listener)
        self.stage = stage


class _Listener(BaseHTTPRequestHandler):
    server: Ear

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key, event = self.path.rsplit("/", 2)[1:]
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        carrier: Any = self.server.stage.carrier
        genuine = carrier.is_genuine(key=key, event=event, headers=self.headers, form=form, body=body)
        status = 204 if genuine else 403
        if genuine and self.server.stage.failures:
            self.server.stage.failures -= 1
            status = 503
        elif genuine:
            self.server.stage.hear(carrier.read(key=key, form=form, body=body))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        """Nothing."""


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    """A server in a thread; its address."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class RemoteStage(Stage):
    """The network as a server, its news by post."""

    def __init__(self, clock: MovingClock) -> None:
        super().__init__(clock)
        self.words: dict[str, list[Behaviour]] = {}
        self.journal = io.StringIO()
        self.network = Network(clock=clock, script=Script(self.words), journal=self.journal)

    def run(self) -> None:
        """Nothing: the network's own threads look at the clock."""

    def behaves(self, number: str, result: CallResult) -> None:
        self.words[number] = [_behaviour(result)]

    def made(self, number: str) -> int:
        return self.network.script.calls[number]


class TwilioStage(Stage):
    """The real SDK over the practice Twilio."""

    def __init__(self, clock: MovingClock, twilio: PracticeTwilio) -> None:
        super().__init__(clock)
        self.twilio = twilio

    def run(self) -> None:
        self.twilio.run()

    def behaves(self, number: str, result: CallResult) -> None:
        self.twilio.phones[number] = PHONES[result]

    def made(self, number: str) -> int:
        return len(self.twilio.made_to(number))


@contextmanager
def simulated(clock: MovingClock) -> Iterator[Stage]:
    yield SimulatedStage(clock)


@contextmanager
def remote(clock: MovingClock) -> Iterator[RemoteStage]:
    stage = RemoteStage(clock)
    with serving(Ear(stage)) as ear, serving(Door(("127.0.0.1", 0), stage.network, SECRET)) as door:
        stage.carrier = RemoteCarrier(clock=clock, url=door, secret=SECRET)
        post = Post(stage.network, callback=f"{ear}/telephony/simulated", secret=SECRET)
        post.start()
        try:
            yield stage
        finally:
            post.stop()


@contextmanager
def twilio(clock: MovingClock) -> Iterator[TwilioStage]:
    with practising(clock) as practice:
        stage = TwilioStage(clock, practice)
        with serving(Ear(stage)) as ear:
            stage.carrier = twilio_carrier(practice, ear)
            yield stage


def twilio_carrier(practice: PracticeTwilio, callback_base: str, **given: Any) -> TwilioCarrier:
    """The adapter, pointed at the practice Twilio."""
    plain: dict[str, Any] = {
        "clock": practice.clock,
        "account_sid": practice.sid,
        "auth_token": practice.token,
        "caller_id": practice.caller_id,
        "callback_base": callback_base,
        "base_url": practice.url,
        "timeout": 5,
    }
    return TwilioCarrier(**{**plain, **given})


class SipStage(Stage):
    """The SIP trunk as a server, its news by post."""

    hears_machines = False

    def __init__(self, clock: MovingClock) -> None:
        super().__init__(clock)
        self.trunk = SipTrunk(clock)
        self.trunk.net.carrier.default = SIP_PHONES[R.ANSWERED]

    def run(self) -> None:
        self.trunk.run()

    def behaves(self, number: str, result: CallResult) -> None:
        self.trunk.net.carrier.manners[number] = [SIP_PHONES[result]]

    def made(self, number: str) -> int:
        return sum(f"sip:{number}@" in held.invite.uri for held in self.trunk.net.carrier.calls.values())


@contextmanager
def sip(clock: MovingClock) -> Iterator[SipStage]:
    stage = SipStage(clock)
    with serving(Ear(stage)) as ear, serving(Door(("127.0.0.1", 0), stage.trunk, SECRET)) as door:
        stage.carrier = RemoteCarrier(clock=clock, url=door, secret=SECRET)
        post = Post(stage.trunk, callback=f"{ear}/telephony/sip", secret=SECRET)
        post.start()
        try:
            yield stage
        finally:
            post.stop()


class TwilioVideoStage(Stage):
    """The real SDK over the practice Twilio's video rooms, on persons who do as they are told."""

    sends_texts = False

    def __init__(self, clock: MovingClock, twilio: PracticeTwilio) -> None:
        super().__init__(clock)
        self.twilio = twilio
        self.lives: dict[str, Life] = {}
        self.done: Counter[str] = Counter()
        self.placed: list[Dial] = []

    def run(self) -> None:
        """Those who come and go, each at their moment; then the letters."""
        for room in list(self.twilio.switch.video.values()):
            dial = next(one for one in self.placed if one.key == room.name)
            life = self.lives.get(dial.number, IN_ROOMS[R.ANSWERED])
            for after, who, what in life[self.done[room.sid] :]:
                at = room.made + timedelta(seconds=after)
                if at <= self.clock():
                    self.done[room.sid] += 1
                    ROOM_ACTS[what](self.twilio.switch, room, who, at)
        self.twilio.run()

    def behaves(self, number: str, result: CallResult) -> None:
        self.lives[number] = IN_ROOMS[result]

    def made(self, number: str) -> int:
        mine = {dial.key for dial in self.placed if dial.number == number}
        return sum(room.name in mine for room in self.twilio.switch.video.values())


class Rooms(TwilioVideoCarrier):
    """The adapter; who is called is seen on the way, since Twilio is told of nobody."""

    placed: list[Dial]

    def place(self, dial: Dial) -> str:
        self.placed.append(dial)
        return super().place(replace(dial, kind=CallKind.VIDEO))


Life = Sequence[tuple[float, str, str]]  # seconds after the room was made, who, what
ROOM_ACTS: Mapping[str, Callable[[Switch, Room, str, datetime], None]] = {
    "comes": rooms.enter,
    "goes": rooms.leave,
    "ends": lambda switch, room, who, at: rooms.end(switch, room, at),
}
IN_ROOMS: dict[CallResult, Life] = {
    R.ANSWERED: ((2, "desk", "comes"), (8, "person", "comes"), (60, "person", "goes"), (61, "", "ends")),
    R.HUNG_UP: ((2, "desk", "comes"), (8, "person", "comes"), (12, "person", "goes"), (13, "", "ends")),
    R.NO_ANSWER: ((2, "desk", "comes"), (301, "", "ends")),
    R.REJECTED: ((2, "desk", "comes"), (10, "", "ends")),  # nobody says no to a room: it is called off
}


def twilio_video_carrier(practice: PracticeTwilio, callback_base: str) -> Rooms:
    """The adapter for rooms, pointed at the practice Twilio."""
    made = Rooms(
        clock=practice.clock, account_sid=practice.sid, auth_token=practice.token, api_key="SK" + "0" * 32,
        api_secret="signs tokens for browsers, 32 or more", callback_base=callback_base, base_url=practice.url,
        timeout=5,
    )  # fmt: skip
    made.placed = []
    return made


@contextmanager
def twilio_video(clock: MovingClock) -> Iterator[TwilioVideoStage]:
    with practising(clock) as practice:
        stage = TwilioVideoStage(clock, practice)
        with serving(Ear(stage)) as ear:
            made = twilio_video_carrier(practice, ear)
            stage.carrier, stage.placed = made, made.placed
            yield stage


class PageStage(Stage):
    """The relay as a server, on persons who do as they are told; its news is fetched."""

    sends_texts = False

    def __init__(self, page: Page) -> None:
        super().__init__(page.clock)
        self.page, self.carrier = page, page.carrier

    def run(self) -> None:
        self.page.run(self.clock())
        for update in self.page.carrier.collect(self.clock()):
            self.hear(update)

    def behaves(self, number: str, result: CallResult) -> None:
        self.page.lives[number] = PERSONS[result]

    def made(self, number: str) -> int:
        return len({dial.key for dial in self.page.carrier.placed if dial.number == number})


@contextmanager
def page(clock: MovingClock) -> Iterator[PageStage]:
    made = Page(clock)
    try:
        yield PageStage(made)
    finally:
        made.served.stop()


STAGES = {
    "simulated": simulated,
    "remote": remote,
    "twilio": twilio,
    "sip": sip,
    "page": page,
    "twilio-video": twilio_video,
}
MET_BY: Mapping[str, Iterable[CallResult]] = {"page": PERSONS, "twilio-video": (R.ANSWERED, R.HUNG_UP)}
MEETS = [(name, met) for name in STAGES for met in MET_BY.get(name, PHONES)]  # who can meet what
