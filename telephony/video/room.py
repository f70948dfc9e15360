"""One video call as the relay sees it: placed, its link sent, opened, joined, flowing, over. No clock, no socket.

Times are seconds of any clock that runs evenly. What happened is told as news, each piece with its time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from telephony.carrier import CallResult, CallStatus
from telephony.video.card import Card

R = CallResult
PERSON, DESK = "person", "desk"


class Stage(StrEnum):
    WAITING = "waiting"  # placed; the operator has not sent the link yet
    SENT = "sent"
    OPENED = "opened"
    JOINED = "joined"  # the person has pressed the button
    TALKING = "talking"  # sound flows
    OVER = "over"


STATUS = {
    Stage.WAITING: CallStatus.DIALLING,
    Stage.SENT: CallStatus.DIALLING,
    Stage.OPENED: CallStatus.RINGING,
    Stage.JOINED: CallStatus.RINGING,
    Stage.TALKING: CallStatus.TALKING,
    Stage.OVER: CallStatus.ENDED,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """In seconds."""

    send: float = 180  # from the desk's taking the call to the link's going out
    open: float = 300
    join: float = 180
    connect: float = 40  # from the button to sound
    gone: float = 25  # without sound or line before somebody counts as gone
    short: float = 10  # a talk so short was none
    talk: float = 1860


@dataclass(frozen=True, slots=True)
class News:
    """One piece, and when it happened."""

    status: CallStatus
    result: CallResult | None
    at: float
    evidence: Mapping[str, object]


class Shut(Exception):
    """The page does not open: `why` is `used` (by another browser), `over`, or `unknown`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class Room:
    """Made when a desk has taken the call. Every method that moves it takes the moment, `now`."""

    key: str
    placed_at: float
    limits: Limits = field(default_factory=Limits)
    stage: Stage = Stage.WAITING
    card: Card | None = None
    ticket: str = ""  # the hash of what the first opener's browser was given
    camera: bool = True  # whether the person lent it
    news: list[News] = field(default_factory=list)
    result: CallResult | None = None
    since: float = 0.0
    evidence: dict[str, object] = field(default_factory=dict)
    lines: set[str] = field(default_factory=set)  # who is on the page now
    flows: set[str] = field(default_factory=set)  # who of them says that sound flows
    sees: set[str] = field(default_factory=set)  # who has ever seen the other
    quiet_since: float | None = None

    def __post_init__(self) -> None:
        self.since = self.placed_at

    # ---- From inside

    def invite(self, card: Card, now: float) -> None:
        """The link goes out, with whose face it shows. Said again it does nothing."""
        if self.stage is Stage.WAITING:
            self.card = card
            self._move(Stage.SENT, now)

    def cut(self, now: float) -> None:
        """The centre ends the call."""
        self._end(self._talked() if self.stage is Stage.TALKING else R.CANCELLED, now, by="centre")

    # ---- From the person's page

    def open(self, ticket: str, now: float) -> None:
        """A browser shows the link; `ticket` is the hash of what it holds or will. Raises Shut but for the first."""
        if self.stage is Stage.OVER:
            self._refused("over", now)
        if self.stage is Stage.WAITING:
            raise Shut("unknown")
        if self.ticket and ticket != self.ticket:
            self._refused("used", now)
        self.ticket = ticket
        if self.stage is Stage.SENT:
            self._move(Stage.OPENED, now)

    def join(self, *, camera: bool, now: float) -> None:
        """The button; again after the page was loaded anew."""
        if self.stage in (Stage.OPENED, Stage.JOINED, Stage.TALKING):
            self.camera = camera
            self.evidence["camera"] = camera
        if self.stage is Stage.OPENED:
            self._move(Stage.JOINED, now)

    def refuse(self, now: float) -> None:
        """They do not want to."""
        if self.stage in (Stage.OPENED, Stage.JOINED):
            self._end(R.REJECTED, now, by=PERSON)
        elif self.stage is Stage.TALKING:
            self.leave(now)

    def leave(self, now: float) -> None:
        """They hang up."""
        if self.stage is Stage.TALKING:
            self._end(R.HUNG_UP if now - self.since < self.limits.short else self._talked(), now, by=PERSON)
        elif self.stage is Stage.JOINED:
            self._end(R.HUNG_UP, now, by=PERSON)

    # ---- From the operator's page

    def hang_up(self, now: float) -> None:
        met = R.NOT_PLACED if self.stage is Stage.WAITING else R.NO_ANSWER
        self._end(self._talked() if self.stage is Stage.TALKING else met, now, by=DESK)

    # ---- From either page

    def line(self, side: str, up: bool, now: float) -> None:
        """Whether a page is connected with us."""
        if self.stage is Stage.OVER:
            return
        (self.lines.add if up else self.lines.discard)(side)
        if not up:
            self.flows.discard(side)
        self._listen(now)

    def flow(self, side: str, *, sound: bool, picture: bool, now: float) -> None:
        """What a page says of its media: whether it is joined with the other, and has seen it."""
        if self.stage is Stage.OVER:
            return
        (self.flows.add if sound else self.flows.discard)(side)
        if sound and picture and side not in self.sees:
            self.sees.add(side)
            self.evidence["seen"] = sorted(self.sees)
        if sound and self.stage is Stage.JOINED:
            self._move(Stage.TALKING, now)
        self._listen(now)

    def _listen(self, now: float) -> None:
        if self.flows:
            self.quiet_since = None
        elif self.quiet_since is None:
            self.quiet_since = now

    # ---- Time

    def due(self) -> tuple[float, Callable[[float], None]] | None:
        """When time alone moves it next, and how; None: never again."""
        limits = self.limits
        match self.stage:
            case Stage.WAITING:
                return self.since + limits.send, lambda at: self._end(R.NOT_PLACED, at, by="time")
            case Stage.SENT:
                return self.since + limits.open, lambda at: self._end(R.NO_ANSWER, at, by="time")
            case Stage.OPENED:
                return self.since + limits.join, lambda at: self._end(R.NO_ANSWER, at, by="time")
            case Stage.JOINED:
                return self.since + limits.connect, self._never_met
            case Stage.TALKING:
                ends = self.since + limits.talk
                if self.quiet_since is None or self.quiet_since + limits.gone > ends:
                    return ends, lambda at: self._end(self._talked(), at, by="time")
                return self.quiet_since + limits.gone, self._dropped
        return None

    def advance(self, now: float) -> None:
        """Let pass what is over by now."""
        while (due := self.due()) is not None and due[0] <= now:
            due[1](due[0])

    def _never_met(self, at: float) -> None:
        """They pressed, and no sound came: theirs if they have gone, else ours."""
        self._end(R.FAILED_HERE if PERSON in self.lines else R.HUNG_UP, at, by="media")

    def _dropped(self, at: float) -> None:
        """Sound stopped and did not come back. An operator's page that vanished leaves a talk that was one."""
        self._end(R.HUNG_UP if DESK in self.lines else self._talked(), at, by="media")

    # ---- What is told

    @property
    def status(self) -> CallStatus:
        return STATUS[self.stage]

    def told(self) -> News:
        """Where it stands."""
        return News(self.status, self.result, self.since, self._said())

    def _said(self) -> dict[str, object]:
        return {"page": self.stage.value, **self.evidence}

    def _talked(self) -> CallResult:
        """A picture was asked for: with sound alone it is another result."""
        return R.ANSWERED if self.sees == {PERSON, DESK} else R.AUDIO_ONLY

    def _move(self, stage: Stage, now: float) -> None:
        self.stage, self.since = stage, now
        self.news.append(self.told())

    def _refused(self, why: str, now: float) -> None:
        self.news.append(News(self.status, self.result, now, {**self._said(), "refused": why}))
        raise Shut(why)

    def _end(self, result: CallResult, now: float, *, by: str) -> None:
        if self.stage is Stage.OVER:
            return
        self.result, self.card = result, None
        self.evidence["by"] = by
        self.lines.clear()
        self.flows.clear()
        self._move(Stage.OVER, now)
