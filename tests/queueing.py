"""A small seeded simulation of the desk: directives come, calls wait by the moment they may begin less a head start."""

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from dispatch.vocabulary import Level

Service = Callable[[Random], tuple[float, bool]]  # seconds, and whether the call is tried no more


@dataclass(frozen=True)
class Desk:
    """Seconds and rates a second. `redials` are the waits before the second, third, … try of a silent phone."""

    operators: int
    arrivals: Mapping[Level, float]
    head_starts: Mapping[Level, float]
    service: Service
    redials: Mapping[Level, tuple[float, ...]] = field(default_factory=dict)
    patience: float | None = None  # the mean of an exponential one


@dataclass
class Seen:
    """What happened: the wait of every first try by level, every wait, and how many were given up on."""

    first: dict[Level, list[float]]
    waits: list[float] = field(default_factory=list)
    given_up: int = 0
    calls: int = 0

    def within(self, level: Level, seconds: float) -> float:
        waits = self.first[level]
        return sum(wait <= seconds for wait in waits) / len(waits)

    def mean(self, level: Level) -> float:
        return sum(self.first[level]) / len(self.first[level])


def simulate(desk: Desk, *, seconds: float, warm: float, seed: int) -> Seen:
    """Run the desk from empty; what comes in the first `warm` seconds is not counted."""
    chance = Random(seed)
    seen = Seen({level: [] for level in desk.arrivals})
    coming: list[tuple[float, int, Level, int]] = []  # at, order, level, try
    order = 0
    for level, rate in desk.arrivals.items():
        at = chance.expovariate(rate)
        while at < seconds:
            coming.append((at, order, level, 0))
            order += 1
            at += chance.expovariate(rate)
    heapq.heapify(coming)
    waiting: list[tuple[float, int, float, Level, int, float]] = []  # rank, order, since, level, try, until
    busy: list[float] = []
    while coming or waiting:
        now = coming[0][0] if coming and (len(busy) < desk.operators or coming[0][0] <= busy[0]) else busy[0]
        while busy and busy[0] <= now:
            heapq.heappop(busy)
        while coming and coming[0][0] <= now:
            at, number, level, tried = heapq.heappop(coming)
            until = at + (chance.expovariate(1 / desk.patience) if desk.patience else float("inf"))
            heapq.heappush(waiting, (at - desk.head_starts[level], number, at, level, tried, until))
        while waiting and len(busy) < desk.operators:
            _rank, _number, since, level, tried, until = heapq.heappop(waiting)
            counts = since >= warm
            seen.calls += counts
            if until < now:
                seen.given_up += counts
                continue
            if counts:
                seen.waits.append(now - since)
                if tried == 0:
                    seen.first[level].append(now - since)
            lasts, done = desk.service(chance)
            heapq.heappush(busy, now + lasts)
            again = desk.redials.get(level, ())
            if not done and tried < len(again):
                order += 1
                heapq.heappush(coming, (now + lasts + again[tried], order, level, tried + 1))
        if not coming and waiting and not busy:
            break
    return seen


def exponential(mean: float) -> Service:
    return lambda chance: (chance.expovariate(1 / mean), True)


def telephone(*, answered: float, ring: float, talk: float, wrap: float) -> Service:
    """Ringing lasts as long as it lasts; who answers talks for an exponential time, and the wrap-up is fixed."""

    def serve(chance: Random) -> tuple[float, bool]:
        if chance.random() >= answered:
            return ring, False
        return ring + chance.expovariate(1 / talk) + wrap, True

    return serve
