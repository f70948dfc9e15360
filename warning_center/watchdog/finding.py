"""What a check has found, as frozen rows. No Django, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field

SHOWN = 5  # offenders named, the oldest first
UNSEEN = "not looked at"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a check has measured: one number, and the rows behind it, each with its own."""

    value: float | None  # None: nothing was there to measure
    rows: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise: `measured` and `allowance` in seconds, or in pieces where the promise counts."""

    name: str
    measured: float | None
    allowance: float
    offenders: tuple[str, ...] = ()  # ids of rows, or names of hosts
    fault: str = ""  # what kept it from being measured

    @property
    def ok(self) -> bool:
        """Kept. What could not be measured is broken."""
        return self.measured is not None and self.measured <= self.allowance and not self.fault

    @property
    def unseen(self) -> bool:
        """Whether it was not even looked at, because what it stands on is broken itself."""
        return self.fault == UNSEEN

    def plain(self) -> dict[str, object]:
        """For JSON."""
        measured = None if self.measured is None else round(self.measured, 3)
        told: dict[str, object] = {"ok": self.ok, "measured": measured, "allowance": self.allowance}
        if self.offenders:
            told["offenders"] = list(self.offenders)
        return {**told, "fault": self.fault} if self.fault else told


@dataclass(frozen=True, slots=True)
class Round:
    """All the findings of one look."""

    findings: tuple[Finding, ...]
    broken: tuple[Finding, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "broken", tuple(finding for finding in self.findings if not finding.ok))

    @property
    def ok(self) -> bool:
        return bool(self.findings) and not self.broken


def latest(rows: Iterable[tuple[object, float]]) -> Measured:
    """The greatest of some times in seconds; 0 if there is none, or none has come yet."""
    known = tuple((str(name), seconds) for name, seconds in rows)
    return Measured(max((0.0, *(seconds for _name, seconds in known))), known)


def counted(names: Iterable[object]) -> Measured:
    """So many."""
    known = tuple((str(name), 1.0) for name in names)
    return Measured(float(len(known)), known)


def judge(name: str, measured: Measured, allowance: float) -> Finding:
    """Hold what was measured against what is allowed."""
    offenders = tuple(row for row, value in measured.rows if value > allowance)
    return Finding(name, measured.value, allowance, offenders[:SHOWN])
