"""The live board in the terminal: a line per case, with what happened last and what is next, and when."""

from datetime import datetime
from typing import TextIO

from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch.models import Attempt, Case, Event, Unit
from dispatch.models.choices import name
from dispatch.vocabulary import Level, Stage, State, Tier
from dispatch.wording import MARKS, sentence
from warning_center.story import masked_person
from warning_center.teller import Teller, pad

MOST_LINES = 30


class Board:
    """On a terminal the board is drawn again in its place; elsewhere each new line of the record is printed."""

    def __init__(self, out: TextIO, *, terminal: bool, heading: int) -> None:
        self.out, self.terminal, self.heading = out, terminal, heading
        last = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
        self._teller = Teller(_Lines(out), after=0 if last is None else last)
        self._drawn = 0
        self._note = ""

    def note(self, text: str) -> None:
        """Something said once, which stands beneath the cases until the next; from any thread."""
        if self.terminal:
            self._note = text
        else:
            self.out.write(f"{text}\n")
            self.out.flush()

    def show(self, now: datetime) -> None:
        """Draw what there is by now."""
        if not self.terminal:
            self._teller.tell(now)
            return
        lines = [*self._lines(now), *filter(None, [self._note])]
        if self._drawn:
            self.out.write(f"\x1b[{self._drawn}A")
        self.out.write("".join(f"\x1b[2K{line}\n" for line in lines))
        if len(lines) < self._drawn:
            self.out.write("\x1b[J")
        self._drawn = len(lines)
        self.out.flush()

    def _lines(self, now: datetime) -> list[str]:
        cases = (
            Case.objects.select_related("target")
            .prefetch_related("target__numbers__phone", "attempts__unit", "events")
            .order_by("-pk")[:MOST_LINES]
        )
        units = {unit.pk: unit for unit in Unit.objects.all()}
        shown = timezone.localtime(now).strftime("%Y-%m-%d %H:%M:%S")
        if not cases:
            return [f"{shown}  {_('No case yet; the first directive is on its way.')}"]
        return [shown, *(_row(case, units, now) for case in reversed(cases))]


class _Lines:
    def __init__(self, out: TextIO) -> None:
        self.out = out

    def write(self, text: str) -> None:
        self.out.write(text + "\n")
        self.out.flush()


def _row(case: Case, units: dict[int, Unit], now: datetime) -> str:
    level = Level(case.level)
    events = sorted(case.events.all(), key=lambda event: event.pk)
    telling = [event for event in events if event.verb not in ("planned", "told")]
    last = sentence(telling[-1], units) if telling else ""
    mark = pad(f"{MARKS[level]} {name(level)}", 10)
    state = pad(name(State(case.state)), 10)
    return f"{case.number}  {mark}{pad(masked_person(case), 19)}{state}{pad(last, 40)}{_next(case, now)}"


def _next(case: Case, now: datetime) -> str:
    """What comes next and when: the first live attempt that is planned, else the first limit."""
    live = sorted((a for a in case.attempts.all() if a.due_at), key=_moment)
    if not live:
        return ""
    first = live[0]
    at = _moment(first)
    away = int((at - now).total_seconds())
    clock = f"{abs(away) // 3600:d}:{abs(away) // 60 % 60:02d}:{abs(away) % 60:02d}"
    return f"→ {name(Tier(first.tier))} {name(Stage(first.stage))} {'+' if away < 0 else ''}{clock}"


def _moment(attempt: Attempt) -> datetime:
    planned = attempt.stage == Stage.PLANNED
    return attempt.starts_at if planned or attempt.due_at is None else attempt.due_at
