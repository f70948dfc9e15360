"""The directives of a day as they come in: its shape, its bursts, repeats and persons warned of again. No Django."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from dispatch.vocabulary import Level
from warning_center.simulation import odds
from warning_center.simulation.population import Person, people

Json = dict[str, Any]
HOUR = 3600.0
BURST_WITHIN = 10.0  # seconds from its first directive to its last
MOST_IN_A_BATCH = 40
REPEATED_WITHIN = (5.0, 3600.0)  # seconds after the first time
REMEMBERED = 400  # the last so many people may be warned of again


@dataclass(frozen=True, slots=True)
class Sending:
    """What one source sends at one moment: one directive, or several in one batch, in the shape of the door."""

    at: datetime
    source: str
    rows: tuple[Json, ...]
    batch: bool = False
    refused: bool = False  # the reference is known with another content: it must not be taken in


def of_a_day(seed: int, *, start: datetime, directives: int, hours: float) -> list[Sending]:
    """So many directives with references of their own within so many hours from `start`, and some again; by time."""
    luck = Random(f"{seed}:arrivals")  # noqa: S311
    drafts = _Drafts(seed, luck, start)
    sendings: list[Sending] = []
    for moments in _moments(luck, start, directives, hours):
        source = odds.draw(odds.SOURCES, luck)
        rows = [(at, drafts.row(at)) for at in moments]
        if len(rows) > 1 and odds.BATCHED.falls(luck):
            sendings.append(Sending(rows[-1][0], source, tuple(row for _, row in rows), batch=True))
        else:
            sendings += [Sending(at, source, (row,)) for at, row in rows]
        sendings += [again for at, row in rows for again in _again(luck, at, source, row)]
    return sorted(sendings, key=lambda sending: sending.at)


def _moments(luck: Random, start: datetime, directives: int, hours: float) -> Iterator[list[datetime]]:
    """The moments of all directives, those of a burst together."""
    left = directives
    while left:
        at = _moment(luck, start, hours)
        many = min(left, luck.randint(*odds.BURST_OF)) if _begins_burst(luck) else 1
        ends = start + timedelta(hours=hours)
        yield sorted(
            min(at + timedelta(seconds=round(luck.uniform(0, BURST_WITHIN), 1) if many > 1 else 0), ends)
            for _ in range(many)
        )
        left -= many


def _begins_burst(luck: Random) -> bool:
    """So seldom that the share of directives in bursts comes out."""
    share, mean = odds.IN_BURSTS.likely, sum(odds.BURST_OF) / 2
    return luck.random() < share / (share + mean * (1 - share))


def _moment(luck: Random, start: datetime, hours: float) -> datetime:
    """A moment of the span, by the day's shape."""
    spans = [HOUR * min(1.0, hours - n) for n in range(int(-(-hours // 1)))]
    weights = [odds.HOURS[(start.hour + n) % 24].weight * span for n, span in enumerate(spans)]
    (hour,) = luck.choices(range(len(spans)), weights)
    return start + timedelta(seconds=round(hour * HOUR + luck.uniform(0, spans[hour]), 1))


def _again(luck: Random, at: datetime, source: str, row: Json) -> Iterator[Sending]:
    """The same reference once more: the same content, or another."""
    later = at + timedelta(seconds=round(luck.uniform(*REPEATED_WITHIN), 1))
    if odds.REPEATED.falls(luck):
        yield Sending(later, source, (row,))
    if odds.CHANGED.falls(luck):
        yield Sending(later, source, ({**row, "amount": 1},), refused=True)


class _Drafts:
    """Directives in the making, of ever new people or of some who are known."""

    def __init__(self, seed: int, luck: Random, start: datetime) -> None:
        self._people, self._luck, self._start = people(seed), luck, start
        self._known: list[Person] = []
        self._count = 0

    def row(self, at: datetime) -> Json:
        luck = self._luck
        self._count += 1
        again = bool(self._known) and odds.SAME_PERSON.falls(luck)
        person = luck.choice(self._known[-REMEMBERED:]) if again else next(self._people)
        if not again:
            self._known.append(person)
        late = odds.LATE_BY.draw(luck) if odds.LATE.falls(luck) else odds.ON_THE_WAY.draw(luck)
        row: Json = {
            "reference": f"SIM-{self._start:%m%d}-{self._count:06d}",
            "issued_at": (at - timedelta(seconds=late)).isoformat(),
            "fraud_type": odds.draw(odds.FRAUDS, luck).value,
        }
        level = odds.draw(odds.LEVELS, luck)
        if level is not None:
            row["level"] = Level(level).code
        return {**row, **self._person(person, again), **self._signs()}

    def _person(self, person: Person, again: bool) -> Json:
        luck = self._luck
        second = again and odds.SECOND_PHONE.falls(luck)
        known: Json = {"phone": person.phones[1 if second else 0], "name": person.name}
        if odds.WITH_ID.falls(luck) or second:
            known |= {"id_number": person.id_number, "age": person.age, "sex": person.sex}
            if odds.WITHOUT_PHONE.falls(luck):
                del known["phone"]
        if odds.PLACED.falls(luck):
            known["location"] = {"lat": person.lat, "lon": person.lon, "adcode": person.area}
        return known

    def _signs(self) -> Json:
        luck, signs = self._luck, {}
        if odds.ON_CALL.falls(luck):
            signs["on_call_seconds"] = luck.randint(60, 5400)
        if odds.MONEY_MOVED.falls(luck):
            signs["money_moved"] = 1
        if odds.POOLED.falls(luck):
            signs["pooled_accounts"] = luck.randint(1, 5)
        if odds.SCREEN_SHARED.falls(luck):
            signs["screen_shared"] = 1
        told: Json = {"signs": signs} if signs else {}
        if odds.WITH_AMOUNT.falls(luck):
            told["amount"] = luck.choice((5, 10, 30, 50, 100, 300)) * 1000
        return told
