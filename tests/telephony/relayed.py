"""The video page for the contract: a real relay on its socket, and persons who open, press and go as they are told."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from telephony.carrier import CallKind, CallResult, Dial
from telephony.carriers.page import PageCarrier
from telephony.clock import MovingClock
from telephony.video.card import Card
from telephony.video.lobby import Lobby
from telephony.video.relay import Relay, Served, Site
from telephony.video.room import DESK, PERSON, Room
from telephony.video.secret import digest, of
from telephony.video.turn import Ways

R = CallResult
SECRET = "between the centre and its relay"
CARD = Card("王警官", "044127", "七迳派出所", "data:image/png;base64,iVBORw0KGgo=")
SITE = Site({"zh-hans": "<!DOCTYPE html><p>页面</p>", "en": "<!DOCTYPE html><p>page</p>"})
Act = Callable[[Room, float], object]
Life = tuple[tuple[float, Act], ...]  # seconds after placing


def _seen(room: Room, at: float) -> None:
    for side in (PERSON, DESK):
        room.flow(side, sound=True, picture=True, now=at)


def _heard(room: Room, at: float) -> None:
    for side in (PERSON, DESK):
        room.flow(side, sound=True, picture=False, now=at)


INVITED: Life = ((1, lambda room, at: room.invite(CARD, at)),)
OPENED: Life = (*INVITED, (2, lambda room, at: room.open("ticket", at)))
JOINED: Life = (*OPENED, (6, lambda room, at: room.join(camera=True, now=at)))
PERSONS: dict[CallResult, Life] = {
    R.ANSWERED: (*JOINED, (8, _seen), (60, lambda room, at: room.leave(at))),
    R.AUDIO_ONLY: (*JOINED, (8, _heard), (60, lambda room, at: room.leave(at))),
    R.HUNG_UP: (*JOINED, (8, _seen), (11, lambda room, at: room.leave(at))),
    R.REJECTED: (*OPENED, (10, lambda room, at: room.refuse(at))),
    R.NO_ANSWER: (*OPENED, (5, lambda room, at: room.hang_up(at))),
}


class Phones(PageCarrier):
    """The adapter; who is called is seen on the way, since the relay is told of nobody."""

    def __init__(self, clock: MovingClock, url: str) -> None:
        super().__init__(clock=clock, url=url, secret=SECRET)
        self.placed: list[Dial] = []

    def place(self, dial: Dial) -> str:
        self.placed.append(dial)
        return super().place(replace(dial, kind=CallKind.VIDEO))


class Page:
    """A relay, its adapter, and the lives of those it calls."""

    def __init__(self, clock: MovingClock) -> None:
        self.clock = clock
        self.lobby = Lobby()
        relay = Relay(
            self.lobby, SITE, secret=SECRET, ways=Ways(), now=lambda: clock().timestamp(),
            wall=lambda: clock().timestamp(),
        )  # fmt: skip
        self.served = Served(relay, "127.0.0.1", 0)
        self.served.start()
        self.carrier = Phones(clock, self.served.url)
        self.lives: defaultdict[str, Life] = defaultdict(lambda: PERSONS[R.ANSWERED])
        self._done: Counter[str] = Counter()

    def run(self, now: datetime) -> None:
        self.served.within(self._run(now.timestamp()))

    async def _run(self, now: float) -> None:
        for dial in self.carrier.placed:
            life, began = self.lives[dial.number], dial.dialled_at.timestamp()
            for after, act in life[self._done[dial.key] :]:
                if began + after <= now and dial.key in self.lobby.rooms:
                    self._done[dial.key] += 1
                    self.lobby.advance(began + after)
                    act(self.lobby.rooms[dial.key], began + after)
        self.served.relay.advance()


def link(n: int = 1) -> tuple[str, str]:
    """A link's secret, and its hash."""
    secret = of(bytes([n]) * 16)
    return secret, digest(secret)
