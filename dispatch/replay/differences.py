"""A comparison of two policies in the reader's language: groups for a page, lines for a terminal, a JSON document."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch.models.choices import name
from dispatch.replay.comparison import Called, Comparison, Ending, Risen, Sent, Unknown
from dispatch.vocabulary import Level, Outcome

MOST_ROWS = 20  # of one kind in the table; JSON has them all
Row = TypeVar("Row", Risen, Sent, Called, Ending, Unknown)


@dataclass(frozen=True, slots=True)
class Group:
    """The cases that change in one way: each its number, and what changes in words."""

    title: str
    rows: tuple[tuple[str, str], ...]


def lines(told: Comparison) -> Iterator[str]:
    """The table: how far to trust it, the totals, then the cases that change, kind by kind."""
    yield from trust(told)
    yield ""
    yield from totals(told)
    for group in groups(told):
        yield ""
        yield f"{group.title} ({len(group.rows)})"
        yield from (f"  {case}  {words}" for case, words in group.rows[:MOST_ROWS])
        if len(group.rows) > MOST_ROWS:
            yield "  " + _("… and {count} more; --json names all").format(count=len(group.rows) - MOST_ROWS)


def groups(told: Comparison) -> list[Group]:
    """The cases that change, kind by kind; no kind is empty."""
    risen = [row for row in told.risen if row.at]
    fallen = [row for row in told.risen if not row.at]
    kinds = (
        _group(_("Would have risen"), risen, _risen),
        _group(_("Would have risen less high"), fallen, _risen),
        _group(_median(_("Visit sent earlier"), told.minutes_earlier), told.earlier, _sent),
        _group(_median(_("Visit sent later"), told.minutes_later), told.later, _sent),
        _group(_("Visit sent where none was"), told.newly_sent, _sent),
        _group(_("No visit where one was sent"), told.no_more_sent, _sent),
        _group(_("Other number of calls"), told.called, _called),
        _group(_("Would have ended otherwise"), told.ended, _ended),
        _group(_("Not known to the end"), told.unknown, _unknown),
    )
    return [group for group in kinds if group.rows]


def _group(title: str, rows: Sequence[Row], tell: Callable[[Row], str]) -> Group:
    return Group(title, tuple((row.case, tell(row)) for row in rows))


def trust(told: Comparison) -> Iterator[str]:
    """How far to trust it: how many cases go under their own policy as they really went."""
    share = round(100 * told.reproduced / told.cases) if told.cases else 0
    yield _(
        "Replayed under their own policy, {reproduced} of {cases} cases ({share} %) go as they really went: "
        "the same levels, number of calls and outcome."
    ).format(reproduced=told.reproduced, cases=told.cases, share=share)
    if told.strayed:
        yield _("Not reproduced: {cases}").format(cases=_some(told.strayed))
    if told.failed:
        yield _("Could not be replayed: {cases}").format(cases=_some(told.failed))
    if told.guessed:
        yield _("Facts not on record by their time, the last ones taken for all: {count}").format(
            count=told.guessed
        )
    if told.assumed:
        yield _("Rest in part on an assumption under the candidate: {count}").format(count=told.assumed)


def totals(told: Comparison) -> Iterator[str]:
    """What changes in all."""
    if not told.changed and not told.unknown:
        yield _("Nothing changes.")
    else:
        yield ngettext("{count} case changes.", "{count} cases change.", told.changed).format(
            count=told.changed
        )
    yield _("Known to the end under both: {compared} cases").format(compared=told.compared)
    more = told.calls_after - told.calls_before
    yield _("Calls: {before} → {after} ({more})").format(
        before=told.calls_before, after=told.calls_after, more=f"{more:+}"
    )
    more = told.visits_after - told.visits_before
    yield _("Cases with a visit: {before} → {after} ({more})").format(
        before=told.visits_before, after=told.visits_after, more=f"{more:+}"
    )


def _median(title: str, minutes: float | None) -> str:
    if minutes is None:
        return title
    return _("{title}, median {minutes} min").format(title=title, minutes=round(minutes, 1))


def _some(cases: Sequence[str]) -> str:
    more = f" … +{len(cases) - MOST_ROWS}" if len(cases) > MOST_ROWS else ""
    return ", ".join(cases[:MOST_ROWS]) + more


def _risen(row: Risen) -> str:
    return f"{name(row.before)} → {name(row.after)}  {_clock(row.at)}".rstrip()


def _sent(row: Sent) -> str:
    minutes = "" if row.minutes is None else "  " + _("{minutes} min").format(minutes=f"{row.minutes:+.1f}")
    return f"{_clock(row.before) or '–'} → {_clock(row.after) or '–'}{minutes}"


def _called(row: Called) -> str:
    return f"{row.before} → {row.after} ({row.after - row.before:+})"


def _ended(row: Ending) -> str:
    return f"{_outcome(row.before)} → {_outcome(row.after)}"


def _outcome(outcome: Outcome | None) -> str:
    return _("still open") if outcome is None else name(outcome)


def _unknown(row: Unknown) -> str:
    return _("from {at} on: a tier begins that was never tried").format(at=_clock(row.since))


def _clock(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%m-%d %H:%M:%S}" if at else ""


def document(told: Comparison) -> dict[str, Any]:
    """All of it, with every case named."""
    plain: dict[str, Any] = _plain(asdict(told))
    return {**plain, "minutes_earlier": told.minutes_earlier, "minutes_later": told.minutes_later}


def _plain(value: Any) -> Any:
    match value:
        case Level():
            return value.code
        case Enum():
            return value.value
        case datetime():
            return timezone.localtime(value).isoformat()
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    return value
