"""All rooms of a relay: found by key, by link, by ticket; each forgotten some time after its end."""

from collections.abc import Iterator
from dataclasses import dataclass

from telephony.video.card import Card
from telephony.video.room import Limits, News, Room, Shut, Stage
from telephony.video.secret import digest, looks_like_one, made

KEPT = 3600.0  # seconds after its end: so long the centre may ask what became of it


class Known(Exception):
    """That call has been placed before: it may well be open on somebody's phone."""


class Full(Exception):
    """No room is left."""


class Forgotten(Exception):
    """A call of before this relay began: what became of it, nobody can say."""


@dataclass(frozen=True, slots=True)
class Told:
    """A piece of a room's news, with its id at this relay."""

    key: str
    external_id: str
    news: News


class Lobby:
    """`boot` names this run: what an earlier one knew is lost with it."""

    def __init__(self, *, boot: str = "", limits: Limits | None = None, most: int = 500) -> None:
        self.boot = boot or made()[:8]
        self.limits, self.most = limits or Limits(), most
        self.rooms: dict[str, Room] = {}
        self._links: dict[str, str] = {}
        self._tickets: dict[str, str] = {}
        self.turned_away = 0  # openings of links that nobody here knows

    # ---- For the centre

    def place(self, key: str, now: float) -> str:
        """A room for a call; its id here. Raises Known, Full."""
        if key in self.rooms:
            raise Known(key)
        if sum(room.stage is not Stage.OVER for room in self.rooms.values()) >= self.most:
            raise Full
        self.rooms[key] = Room(key, now, self.limits)
        return self._id(key)

    def invite(self, key: str, link: str, card: Card, now: float) -> None:
        """Let the link with that hash open the room. Raises KeyError for no such room."""
        room = self.rooms[key]
        room.invite(card, now)
        if room.stage is not Stage.OVER:
            self._links[link] = key

    def find(self, key: str, external_id: str) -> Told | None:
        """Where a call stands; None: it was certainly never placed. Raises Forgotten."""
        room = self.rooms.get(key)
        if room is not None:
            return Told(key, self._id(key), room.told())
        if external_id and external_id != self._id(key):
            raise Forgotten(external_id)
        return None

    def cut(self, key: str, now: float) -> None:
        if key in self.rooms:
            self.rooms[key].cut(now)

    def collect(self) -> list[Told]:
        """The news since the last time."""
        told = [Told(key, self._id(key), news) for key, room in self.rooms.items() for news in room.news]
        for room in self.rooms.values():
            room.news.clear()
        return sorted(told, key=lambda one: one.news.at)

    # ---- For the person

    def open(self, secret: str, ticket: str, now: float) -> tuple[Room, str]:
        """The room of a link, and the ticket that this browser is to show from now on. Raises Shut."""
        key = self._links.get(digest(secret)) if looks_like_one(secret) else None
        if key is None:
            self.turned_away += 1
            raise Shut("unknown")
        room = self.rooms[key]
        ticket = ticket if ticket and digest(ticket) == room.ticket else made()
        room.open(digest(ticket), now)
        self._tickets[digest(ticket)] = key
        return room, ticket

    def of_ticket(self, ticket: str) -> Room | None:
        """The room that the bearer of a ticket has opened."""
        return self.rooms.get(self._tickets.get(digest(ticket), ""))

    # ---- Time

    def advance(self, now: float) -> None:
        """Let pass what is over by now, and forget what ended long ago."""
        for room in list(self.rooms.values()):
            room.advance(now)
            if room.stage is Stage.OVER and room.since + KEPT <= now:
                self._forget(room)

    def next_at(self) -> float | None:
        """When time alone moves anything next."""
        return min(self._moments(), default=None)

    def _moments(self) -> Iterator[float]:
        for room in self.rooms.values():
            due = room.due()
            yield due[0] if due is not None else room.since + KEPT

    def _forget(self, room: Room) -> None:
        del self.rooms[room.key]
        self._links = {link: key for link, key in self._links.items() if key != room.key}
        self._tickets = {ticket: key for ticket, key in self._tickets.items() if key != room.key}

    def _id(self, key: str) -> str:
        return f"{self.boot}.{key}"
