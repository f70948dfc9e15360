"""Waits where some calls go before others: one queue, n servers, classes in order of precedence."""

from cmath import sqrt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import comb, exp, inf, pi

from warning_center.planning.erlang import erlang_c

_PRECISION = 18.4  # of the inversion: an error of some e^-18.4 = 1e-8
_TERMS, _AVERAGED = 15, 11
_AT_ONCE = 1e-12  # of a call's mean time between two ends: nothing ends so soon


@dataclass(frozen=True)
class Wait:
    """What a class waits. Rates a second: arrivals of its own and of those before it, ends on all servers together."""

    delayed: float  # the share that waits at all
    finished: float
    before: float  # arrivals of the classes before it
    up_to: float  # those and its own

    @property
    def is_kept_up(self) -> bool:
        """Whether the servers keep up with this class and all before it."""
        return self.up_to < self.finished

    @property
    def mean(self) -> float:
        """Seconds over all calls of the class (Cobham 1954, Priority assignment in waiting line problems):
        C / (n m (1 - s before) (1 - s up to)), s the load a server; infinite where they cannot keep up."""
        if not self.is_kept_up:
            return inf
        return self.delayed * self.finished / ((self.finished - self.before) * (self.finished - self.up_to))

    def within(self, seconds: float) -> float:
        """The share that waits no longer than so many seconds.

        Kella and Yechiali 1985 (Waiting times in the non-preemptive priority M/M/c queue): whoever waits, waits
        for a geometric number of calls to be taken before it, each a busy period of those that go before it.
        """
        if not self.is_kept_up:
            return 0.0
        longer = 1.0
        if seconds * self.finished > _AT_ONCE:
            longer = _invert(lambda s: (1.0 - self._transform(s)) / s, seconds)
        return 1.0 - self.delayed * min(1.0, max(0.0, longer))

    def _transform(self, s: complex) -> complex:
        """The Laplace-Stieltjes transform of the wait of those that wait."""
        ahead = self.up_to / self.finished
        busy = _busy_period(s, self.before, self.finished)
        return (1.0 - ahead) * busy / (1.0 - ahead * busy)


def waits(arrivals: Sequence[float], service: float, servers: int) -> tuple[Wait, ...]:
    """The wait of each class, the one that goes first first. Arrivals a second; mean seconds of service, one for all.

    Non-preemptive: a call begun is never cut off. Where all together are too many, the first classes may still be
    kept up with; the others' waits grow without end.
    """
    delayed = erlang_c(servers, sum(arrivals) * service)
    finished = servers / service
    ends = list(accumulate(arrivals))
    return tuple(
        Wait(delayed, finished, before, up_to) for before, up_to in zip([0.0, *ends[:-1]], ends, strict=True)
    )


def _busy_period(s: complex, arrivals: float, finished: float) -> complex:
    """The transform of an M/M/1 busy period (Kleinrock 1975, 5.9), by the root that does not cancel."""
    q = s + arrivals + finished
    edge = 2.0 * sqrt(arrivals * finished)
    return 2.0 * finished / (q + sqrt(q - edge) * sqrt(q + edge))


def _invert(transform: Callable[[complex], complex], t: float) -> float:
    """The value at t > 0 of a bounded function by its Laplace transform.

    Abate and Whitt 1995 (Numerical inversion of Laplace transforms of probability distributions), algorithm Euler.
    """
    middle = _PRECISION / (2.0 * t)
    total = transform(complex(middle)).real / 2.0
    partial = []
    for k in range(1, _TERMS + _AVERAGED + 1):
        total += (-1) ** k * transform(complex(middle, k * pi / t)).real
        partial.append(total)
    ends = partial[_TERMS - 1 :]
    mean: float = sum(comb(_AVERAGED, k) * end for k, end in enumerate(ends)) / 2**_AVERAGED
    return exp(_PRECISION / 2.0) / t * mean
