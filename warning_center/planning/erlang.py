"""Erlang's three formulas: lost calls (B), calls that wait (C), calls that wait for as long as they like to (A).

Loads are in erlang (arrivals a second times mean seconds of service), times in seconds, shares from 0 to 1. Every
recurrence here adds and divides positive numbers only, so it holds for one server as for many thousands.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import exp, expm1, inf, isinf, lgamma, log, log1p

_ENOUGH = 1e-16  # a term smaller than this, beside the sum, changes nothing
_TINY = 1e-300
_LARGEST = 700.0  # whose exponential is still a number


def erlang_b(servers: int, load: float) -> float:
    """The share of calls that find every server taken and are lost; 1 with no server.

    Erlang 1917. B(n) = a B(n-1) / (n + a B(n-1)), B(0) = 1: the stable recurrence (Jagerman 1974; Cooper,
    Introduction to Queueing Theory, 1981, 3.2).
    """
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """The share of calls that wait when none is lost; 1 where the servers cannot keep up.

    Erlang 1917, from B: C = n B / (n - a (1 - B)) (Cooper 1981, 3.4).
    """
    if servers <= load:
        return 1.0
    blocked = erlang_b(servers, load)
    return servers * blocked / (servers - load * (1.0 - blocked))


@dataclass(frozen=True)
class Waiting:
    """M/M/n: arrivals a second, mean seconds of service, first come first served, nobody gives up."""

    servers: int
    arrivals: float
    service: float

    @property
    def load(self) -> float:
        """In erlang."""
        return self.arrivals * self.service

    @cached_property
    def delayed(self) -> float:
        """The share that waits at all."""
        return erlang_c(self.servers, self.load)

    @property
    def occupancy(self) -> float:
        """The share of the servers' time that is work."""
        return min(1.0, self.load / self.servers)

    @property
    def mean_wait(self) -> float:
        """Seconds, over all calls; infinite where the servers cannot keep up."""
        if self.servers <= self.load:
            return inf
        return self.delayed * self.service / (self.servers - self.load)

    def within(self, seconds: float) -> float:
        """The share served within so many seconds: 1 - C exp(-(n - a) t / s) (Cooper 1981, 3.4)."""
        if self.servers <= self.load:
            return 0.0
        return 1.0 - self.delayed * exp(-(self.servers - self.load) * seconds / self.service)


@dataclass(frozen=True)
class Impatient:
    """M/M/n+M, Erlang A: as `Waiting`, but each call is given up on after an exponential patience, seconds in the mean.

    Palm 1957 (Research on telephone traffic carried by full availability groups); as computed in Garnett, Mandelbaum
    and Reiman 2002 (Designing a call center with impatient customers) and Mandelbaum and Zeltyn 2007 (Service
    engineering in action: the Palm/Erlang-A queue); Brown et al. 2005 hold it against a real call centre. With
    x = n m / h and y = l / h (l arrivals, m services, h givings-up a second),
    A(x, y) = 1 + y/(x+1) + y²/((x+1)(x+2)) + …: all below follows from A and Erlang B.
    """

    servers: int
    arrivals: float
    service: float
    patience: float

    @property
    def load(self) -> float:
        """In erlang."""
        return self.arrivals * self.service

    @property
    def _use(self) -> float:
        return self.load / self.servers

    @property
    def _x(self) -> float:
        return self.servers * self.patience / self.service

    @property
    def _y(self) -> float:
        return self.arrivals * self.patience

    @cached_property
    def _calm(self) -> Waiting:
        """The same queue with endless patience."""
        return Waiting(self.servers, self.arrivals, self.service)

    @cached_property
    def _log_a(self) -> float:
        return _log_a(self._x, self._y)

    @cached_property
    def delayed(self) -> float:
        """The share that waits at all, whether served in the end or not: A B / (1 + (A - 1) B)."""
        if isinf(self.patience):
            return self._calm.delayed
        blocked = erlang_b(self.servers, self.load)
        if blocked == 0.0:
            return 0.0
        return 1.0 / (1.0 + (1.0 - blocked) / blocked * exp(-min(self._log_a, _LARGEST)))

    @cached_property
    def given_up(self) -> float:
        """The share given up on before its turn: P(wait) (1/(r A) + 1 - 1/r), r the load a server."""
        if isinf(self.patience):
            return max(0.0, 1.0 - 1.0 / self._use) if self._use else 0.0
        if not self._use:
            return 0.0
        of_delayed = (exp(-self._log_a) - 1.0) / self._use + 1.0
        return self.delayed * min(1.0, max(0.0, of_delayed))

    @property
    def mean_wait(self) -> float:
        """Seconds over all calls, those given up on included: the share given up on times the patience."""
        return self._calm.mean_wait if isinf(self.patience) else self.given_up * self.patience

    @property
    def occupancy(self) -> float:
        """The share of the servers' time that is work: only who is served costs any."""
        return min(1.0, self._use * (1.0 - self.given_up))

    def within(self, seconds: float) -> float:
        """The share served, and that within so many seconds.

        The wait offered to a call of endless patience has, where it is not nought, the density
        g(t) = exp(y (1 - e^(-h t)) - n m t) but for a factor (Palm 1957; Mandelbaum and Zeltyn 2007); a call
        sees it through with the chance e^(-h t). Integrated:
        P(wait)/(r A) (g(t) - 1 + A(x, y) - g(t) A(x, y e^(-h t))), and those who do not wait.
        """
        if isinf(self.patience):
            return self._calm.within(seconds)
        if not self._use or not self.delayed:
            return 1.0
        past = seconds / self.patience
        log_g = -self._y * expm1(-past) - self._x * past - self._log_a
        left = exp(log_g) - exp(log_g + _log_a(self._x, self._y * exp(-past)))
        served = self.delayed / self._use * (1.0 - exp(-self._log_a) + left)
        return min(1.0, max(0.0, 1.0 - self.delayed + served))


def _log_a(x: float, y: float) -> float:
    """The logarithm of A(x, y) = x e^y y^(-x) g(x, y), g the lower incomplete gamma function.

    By its own series where that falls from the start, else by the continued fraction of the upper function
    (Lentz's way; Abramowitz and Stegun 1964, 6.5.29 and 6.5.31). Either takes some √x steps at worst.
    """
    if y < x + 1.0:
        return log(sum(_falling(x, y)))
    upper = exp(x * log(y) - y - lgamma(x)) * _fraction(x, y)
    return lgamma(x + 1.0) + y - x * log(y) + log1p(-upper)


def _falling(x: float, y: float) -> Iterator[float]:
    term, total, j = 1.0, 0.0, x
    while term > _ENOUGH * total:
        yield term
        total += term
        j += 1.0
        term *= y / j


def _fraction(x: float, y: float) -> float:
    b = y + 1.0 - x
    c, d = 1.0 / _TINY, 1.0 / b
    value, step, i = d, 0.0, 0
    while abs(step - 1.0) > 10 * _ENOUGH:
        i += 1
        a = -i * (i - x)
        b += 2.0
        d = 1.0 / (a * d + b or _TINY)
        c = b + a / c or _TINY
        step = d * c
        value *= step
    return value
