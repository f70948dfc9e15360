"""What a simulation is asked: its options, read and checked."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

START = datetime(
    2026, 3, 2, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai")
)  # a Monday, when the day's calling hours begin


@dataclass(frozen=True, slots=True)
class Asked:
    """How much of a day, and what goes wrong in it."""

    directives: int = 1000
    hours: float = 24.0
    operators: int = 6
    seed: int = 1
    faults: tuple[str, ...] = ()

    def plain(self) -> dict[str, object]:
        return {
            "directives": self.directives,
            "hours": self.hours,
            "operators": self.operators,
            "seed": self.seed,
            "faults": list(self.faults),
        }
