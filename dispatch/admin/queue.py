"""The operators' queue: which cases it shows, in the order of their risk, a page at a time, and its menus of filters.

Nothing here counts what waits, or sorts it: a count ends at `MOST_COUNTED`, and each filter has an index to read in
the queue's order, so that the page costs the same among a hundred open cases and a million.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Prefetch
from django.utils.translation import gettext as _

from dispatch.admin import columns
from dispatch.admin.columns import CaseLine, Mark
from dispatch.models import Attempt, Case, Order, Unit, User
from dispatch.models.case import BY_RISK, CaseQuerySet
from dispatch.models.choices import choices
from dispatch.vocabulary import FraudType, Level, State

PAGE = 25
MOST_COUNTED = 1000
FEW_UNITS = 200  # so many are named one by one, which lets an index of theirs be read
OPEN_STATES = tuple(state for state in State if state is not State.CLOSED)
FILTERS = ("closed", "mine", "overdue", "level", "state", "type", "unit")


@dataclass(frozen=True, slots=True)
class Row:
    """One case, one line. `warned` is which warning this is, from the second on."""

    case: Case
    mark: Mark
    person: str
    phone: str
    fraud: str
    place: str
    warned: int
    line: CaseLine
    mine: bool


@dataclass(frozen=True, slots=True)
class Count:
    """How many, up to a bound: `214`, `999+`."""

    many: int

    def __str__(self) -> str:
        return f"{MOST_COUNTED - 1}+" if self.many >= MOST_COUNTED else str(self.many)

    def __bool__(self) -> bool:
        return self.many > 0


@dataclass(frozen=True, slots=True)
class Menu:
    """One filter: what it is called, what is chosen, and each choice with its address."""

    name: str
    title: str
    chosen: str
    choices: tuple[tuple[str, str, bool], ...]  # address, words, whether chosen


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; what is no choice of a filter is left out."""

    given: Mapping[str, str]
    targets: tuple[int, ...] = ()
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        known = {name: query[name] for name in FILTERS if query.get(name) in _values(name)}
        if (unit := query.get("unit", "")).isdecimal() and len(unit) < 18:
            known["unit"] = unit
        targets = query.get("target__in", "").split(",")
        page = query.get("page", "")
        return cls(
            known,
            tuple(int(one) for one in targets if one.isdecimal() and len(one) < 18),
            min(max(1, int(page)), MOST_COUNTED // PAGE) if page.isdecimal() and len(page) < 5 else 1,
        )

    def address(self, **changed: str | None) -> str:
        """The address of the same queue with these filters changed; None takes one out. Always the first page."""
        targets = {"target__in": ",".join(map(str, self.targets))} if self.targets else {}
        asked = {**self.given, **targets, **changed}
        return "?" + urlencode({name: value for name, value in asked.items() if value})


def _values(name: str) -> set[str]:
    match name:
        case "closed":
            return {"1", "all"}
        case "mine" | "overdue":
            return {"1"}
        case "level":
            return {str(int(level)) for level in Level}
        case "state":
            return set(OPEN_STATES)
        case "type":
            return set(FraudType)
    return set()


def units_of(scope: str | None) -> dict[int, str]:
    """The names of a subtree's units (None: all) by id; of no more than one over `FEW_UNITS`."""
    units = Unit.objects.all() if scope is None else Unit.objects.filter(path__startswith=scope)
    known = units.order_by("path").values_list("pk", "name")[: FEW_UNITS + 1]
    return dict(known) if scope != "" else {}


def within(cases: CaseQuerySet, scope: str | None, units: Mapping[int, str]) -> CaseQuerySet:
    """The cases of a subtree (None: all), by the ids of its units where these are few."""
    if scope is None:
        return cases
    if len(units) > FEW_UNITS:
        return cases.filter(unit__path__startswith=scope)
    return cases.filter(unit__in=list(units)) if units else cases.none()


def chosen(cases: CaseQuerySet, asked: Asked, by: User, now: datetime) -> CaseQuerySet:
    """Those that the filters let through; open and closed ones."""
    given = asked.given
    if "level" in given:
        cases = cases.filter(level=int(given["level"]))
    if "state" in given:
        cases = cases.filter(state=given["state"])
    if "type" in given:
        cases = cases.filter(fraud_type=given["type"])
    if "unit" in given:
        unit = Unit.objects.filter(pk=int(given["unit"])).first()
        path = unit.path or "" if unit else ""
        cases = within(cases, path, units_of(path))
    if "mine" in given:
        cases = cases.held_by(by.pk, now)
    if "overdue" in given:  # every level named: so an index of level and due time is of use
        cases = cases.filter(level__in=list(Level), due_at__lt=now)
    return cases.filter(target__in=asked.targets) if asked.targets else cases


def page(cases: CaseQuerySet, asked: Asked) -> tuple[list[Case], bool]:
    """One page of them, open ones by risk before closed ones, the last closed first; and whether there are more."""
    which, first = asked.given.get("closed"), (asked.page - 1) * PAGE
    open_ = cases.filter(closed_at=None).order_by(*BY_RISK)
    closed = cases.filter(closed_at__isnull=False).order_by("-closed_at", "-pk")
    if which == "1":
        found = list(closed[first : first + PAGE + 1])
    elif which == "all":
        found = list(open_[first : first + PAGE + 1])
        if len(found) <= PAGE:
            skip = 0 if found or not first else max(0, first - open_[:MOST_COUNTED].count())
            found += list(closed[skip : skip + PAGE + 1 - len(found)])
    else:
        found = list(open_[first : first + PAGE + 1])
    return found[:PAGE], len(found) > PAGE


def with_all(cases: CaseQuerySet) -> CaseQuerySet:
    """The cases with what their lines tell of, in a fixed number of queries."""
    attempts = Attempt.objects.live().select_related("unit", "call__desk")
    attempts = attempts.defer("call__number", "call__evidence", "call__desk__address")
    return cases.select_related("target", "unit", "holder").prefetch_related(
        Prefetch("attempts", attempts, to_attr="live_attempts"),
        Prefetch("orders", Order.objects.open(), to_attr="open_orders"),
        "target__numbers__phone",
    )


def rows(cases: list[Case], by: User, now: datetime) -> Iterator[Row]:
    """A line each."""
    for case in cases:
        attempts: list[Attempt] = getattr(case, "live_attempts")  # noqa: B009 - `with_all` has put them there
        orders: list[Order] = getattr(case, "open_orders")  # noqa: B009
        warnings = int(case.sizes.get("warnings_30d", 0))
        yield Row(
            case=case,
            mark=columns.mark(case.level),
            person=columns.person(case, now),
            phone=next((use.phone.masked for use in case.target.numbers.all()), ""),
            fraud=columns.fraud(case),
            place=str(case.unit or "–"),
            warned=warnings + 1 if warnings else 0,
            line=columns.line(case, attempts, orders, now),
            mine=case.holder_id == by.pk,
        )


def standing(cases: CaseQuerySet, now: datetime) -> dict[str, Count]:
    """Open, critical and overdue ones."""
    open_ = cases.filter(closed_at=None)
    return {
        "open": _count(open_.order_by(*BY_RISK)),
        "critical": _count(open_.filter(level=Level.CRITICAL).order_by(*BY_RISK)),
        "late": _overdue(open_, now),
    }


def _overdue(open_: CaseQuerySet, now: datetime) -> Count:
    """Level by level, as their index has them, in one statement where the database can."""
    late = [
        open_.filter(level=level, due_at__lt=now).order_by("due_at", "pk").values("pk") for level in Level
    ]
    if (
        not connection.features.supports_slicing_ordering_in_compound
    ):  # SQLite, with which nobody has a million
        return _count(open_.filter(due_at__lt=now).order_by())
    first, *others = (cases[:MOST_COUNTED] for cases in late)
    return Count(first.union(*others, all=True).count())


def _count(cases: CaseQuerySet) -> Count:
    """In the order of an index: else all that is closed might be read before the first open one."""
    return Count(cases.values("pk")[:MOST_COUNTED].count())


def menus(asked: Asked, units: Mapping[int, str]) -> list[Menu]:
    """The filters an operator uses."""
    places = [(str(pk), name) for pk, name in islice(units.items(), FEW_UNITS)]
    listed: list[tuple[str, str, list[tuple[Any, Any]]]] = [
        ("closed", _("state"), [("", _("open")), ("1", _("closed")), ("all", _("all"))]),
        ("level", _("level"), [("", _("all")), *reversed(choices(Level))]),
        ("state", _("tier"), [("", _("all")), *((v, w) for v, w in choices(State) if v in OPEN_STATES)]),
        ("type", _("fraud type"), [("", _("all")), *choices(FraudType)]),
        ("unit", _("unit"), [("", _("all")), *places]),
    ]
    return [_menu(asked, name, title, options) for name, title, options in listed]


def _menu(asked: Asked, name: str, title: str, options: list[tuple[Any, Any]]) -> Menu:
    now = asked.given.get(name, "")
    lines = tuple(
        (asked.address(**{name: str(value)}), str(words), str(value) == now) for value, words in options
    )
    return Menu(name, title, next((words for _address, words, on in lines if on), ""), lines)
