"""Telling a play in the terminal: a line for every step of every case, and the success table at the end."""

import unicodedata
from datetime import datetime
from typing import Protocol

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch.models import Event, TargetNumber, Unit
from dispatch.models.choices import name
from dispatch.vocabulary import Level, State
from dispatch.wording import MARKS, sentence
from warning_center.story import masked_person
from warning_center.supervision import statistics


class Out(Protocol):
    def write(self, text: str) -> object: ...


class Teller:
    """Prints what has been recorded since it last looked."""

    def __init__(self, out: Out, *, after: int = 0) -> None:
        self.out = out
        self.seen = after
        self.units = {unit.pk: unit for unit in Unit.objects.all()}

    def tell(self, now: datetime) -> None:
        """Print the new lines of the record: who, level, tier, what happened, what is next and when."""
        numbers = Prefetch("case__target__numbers", TargetNumber.objects.select_related("phone"))
        events = (
            Event.objects.filter(pk__gt=self.seen)
            .exclude(case=None)
            .select_related("case__target")
            .prefetch_related(numbers)
            .order_by("pk")
        )
        for event in events:
            self.seen = event.pk
            self.out.write(self._line(event))

    def _line(self, event: Event) -> str:
        case = event.case
        if case is None:
            return ""
        level = Level(case.level)
        at = timezone.localtime(event.at).strftime("%m-%d %H:%M:%S")
        mark = pad(f"{MARKS[level]} {name(level)}", 12)
        who = pad(masked_person(case), 20)
        state = pad(name(State(case.state)), 10)
        return f"{at}  {case.number}  {mark}{who}{state} {sentence(event, self.units)}"

    def success_table(self) -> None:
        """The figures, each with its numerator and denominator."""
        self.out.write("")
        self.out.write(_("Success table"))
        for label, figure in statistics.table():
            self.out.write(f"  {pad(label, 34)}{figure}")


def pad(text: str, width: int) -> str:
    """`text` filled up to `width` columns."""
    return text + " " * max(1, width - columns(text))


def columns(text: str) -> int:
    """How wide a terminal shows `text`; Chinese characters take two columns."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
