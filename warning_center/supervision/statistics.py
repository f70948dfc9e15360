"""How well we do, as frozen rows: what was received in a window, what became of it, and the money, by who said so.

A cohort: the window is of receipt, so a figure of last week still moves while its cases are open. Each directive
counts once, by the last case of its chain; a duplicate or void case takes only its own directives out, and
decides for nobody else's. A duplicate whose merge was undone is none: the case that follows it decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case as Choice
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch.models import Attempt, Case, Sum, Unit
from dispatch.models.choices import name
from dispatch.vocabulary import UNCOUNTED, Disposition, FraudType, Level, Money, Outcome, Role, Tier
from warning_center.models import Directive, Source
from warning_center.supervision import rates
from warning_center.supervision.rates import Row


@dataclass(frozen=True, slots=True)
class Filter:
    """Which directives. Days are of the page's time zone, `until` included; None is no limit."""

    since: date | None = None
    until: date | None = None
    scope: str | None = None  # the path of the subtree that may be seen; None: everything
    unit: str = ""  # the path of a chosen subtree
    exactly: bool = False  # that unit's own cases, not those below it; without one: those of no unit
    level: Level | None = None
    fraud: FraudType | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Pot:
    """One of the three sums, each of its cases once: the newest saying of that case."""

    kind: Money
    total: Decimal
    by: tuple[tuple[str, Decimal], ...]  # who said so, and how much of the total
    cases: frozenset[int]


@dataclass(frozen=True, slots=True)
class Line:
    """A group of a table: its key in the filter, its name, its rows."""

    key: str
    name: str
    rows: tuple[Row, ...]

    @property
    def success(self) -> rates.Rate:
        return rates.success(self.rows)

    @property
    def strict(self) -> rates.Rate:
        return rates.strict(self.rows)


def read(wanted: Filter) -> tuple[Row, ...]:
    """The directives of a filter, gathered by the case that decides them and by source."""
    directives = _directives(wanted)
    decided = directives.values("decided")
    told = _cases(wanted).filter(pk__in=decided)
    fields = ("outcome", "level", "fraud_type", "unit__path")
    rungs = ("reached_at", "listened_at", "agreed_at", "verified_at")
    cases = {case["pk"]: case for case in told.values("pk", *fields, *rungs)}
    tried, agreed = _tiers(told)
    counts = directives.values_list("decided", "source__code").order_by().annotate(n=Count("pk"))
    return tuple(
        Row(
            case=pk,
            source=source,
            directives=n,
            outcome=Outcome(case["outcome"]) if case["outcome"] else None,
            level=Level(case["level"]),
            fraud=FraudType(case["fraud_type"]),
            path=case["unit__path"] or "",
            tried=frozenset(tried.get(pk, ())),
            agreed_in=agreed.get(pk),
            **{rung.removesuffix("_at"): case[rung] is not None for rung in rungs},
        )
        for pk, source, n in counts
        if (case := cases.get(pk)) is not None
    )


def _directives(wanted: Filter) -> QuerySet[Any, Any]:
    """Directives of the window, each with the case that decides it."""
    received = Directive.objects.all()
    if wanted.since:
        received = received.filter(received_at__gte=_midnight(wanted.since))
    if wanted.until:
        received = received.filter(received_at__lt=_midnight(wanted.until + timedelta(days=1)))
    if wanted.source:
        received = received.filter(source__code=wanted.source)
    counted = Case.objects.exclude(outcome__in=UNCOUNTED).filter(pk__gte=OuterRef("case_id")).order_by("-pk")
    last = counted.filter(Q(pk=OuterRef("root")) | Q(chain=OuterRef("root"))).values("pk")[:1]
    alone = Q(case__outcome=Outcome.VOID) | Q(case__next=None)  # only an undone duplicate has a next
    return received.annotate(
        root=Coalesce("case__chain_id", "case_id"),
        decided=Choice(
            When(alone, then=F("case_id")),
            default=Coalesce(Subquery(last), F("case_id")),
            output_field=IntegerField(),
        ),
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _cases(wanted: Filter) -> QuerySet[Case, Any]:
    cases = Case.objects.all()
    if wanted.scope is not None:
        cases = cases.filter(unit__path__startswith=wanted.scope) if wanted.scope else cases.none()
    if wanted.exactly:
        cases = cases.filter(unit__path=wanted.unit) if wanted.unit else cases.filter(unit=None)
    elif wanted.unit:
        cases = cases.filter(unit__path__startswith=wanted.unit)
    if wanted.level:
        cases = cases.filter(level=wanted.level)
    if wanted.fraud:
        cases = cases.filter(fraud_type=wanted.fraud)
    return cases


def _tiers(cases: QuerySet[Case, Any]) -> tuple[dict[int, set[Tier]], dict[int, Tier]]:
    """Which tiers each case began, and in which the person agreed."""
    tried: dict[int, set[Tier]] = {}
    agreed: dict[int, Tier] = {}
    attempts = Attempt.objects.filter(case__in=cases.values("pk"), started_at__isnull=False).order_by("tier")
    facts = attempts.values_list("case_id", "tier", "disposition", "judged_at", "case__agreed_at")
    for case, tier, disposition, judged_at, agreed_at in facts:
        tried.setdefault(case, set()).add(Tier(tier))
        if disposition == Disposition.PERSUADED and judged_at is not None and judged_at == agreed_at:
            agreed[case] = Tier(tier)
    return tried, agreed


def money(wanted: Filter) -> tuple[Pot, ...]:
    """The three sums of the cases that a filter's directives opened or joined, and of those that followed."""
    directives = _directives(wanted)
    first: dict[int, int] = {}
    for root, case in directives.values_list("root", "case_id"):
        first[root] = min(case, first.get(root, case))
    said = (
        Sum.objects.annotate(root=Coalesce("case__chain_id", "case_id"))
        .filter(root__in=directives.values("root"), case__in=_cases(wanted).values("pk"))
        .exclude(case__outcome__in=UNCOUNTED)
        .order_by("at", "pk")
        .values_list("root", "case_id", "kind", "amount", "said_by")
    )
    newest = {
        (kind, case): (amount, said_by) for root, case, kind, amount, said_by in said if case >= first[root]
    }
    names = {f"source:{code}": title for code, title in Source.objects.values_list("code", "name")}
    names |= {f"role:{role}": name(role) for role in Role}
    return tuple(_pot(kind, newest, names) for kind in Money)


def _pot(kind: Money, newest: Mapping[tuple[str, int], tuple[Decimal, str]], names: Mapping[str, str]) -> Pot:
    by: dict[str, Decimal] = {}
    cases = set()
    for (said_kind, case), (amount, said_by) in newest.items():
        if said_kind == kind:
            who = names.get(said_by, said_by)
            by[who] = by.get(who, Decimal()) + amount
            cases.add(case)
    return Pot(kind, sum(by.values(), Decimal()), tuple(sorted(by.items())), frozenset(cases))


def by_fraud(rows: Sequence[Row]) -> list[tuple[FraudType, tuple[Row, ...]]]:
    """In the vocabulary's order, those that occurred."""
    groups = [(fraud, tuple(row for row in rows if row.fraud is fraud)) for fraud in FraudType]
    return [(fraud, group) for fraud, group in groups if group]


def by_unit(rows: Iterable[Row], above: str) -> list[Line]:
    """By what stands next below the unit with the path `above` ("" for the roots), in the tree's order.

    A key ending in `=` means the unit's own cases.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        below = row.path.removeprefix(above).split("/")[0]
        groups.setdefault(f"{above}{below}/" if below else f"{above}=", []).append(row)
    paths = {key.removesuffix("=") for key in groups}
    names = dict(Unit.objects.filter(path__in=paths).values_list("path", "name"))
    return [
        Line(key, names.get(key.removesuffix("="), ""), tuple(groups[key]))
        for key in sorted(groups, key=_place)
    ]


def _place(key: str) -> list[int]:
    return [int(pk) for pk in key.removesuffix("=").split("/") if pk]


def by_source(rows: Iterable[Row]) -> list[Line]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.source, []).append(row)
    names = dict(Source.objects.filter(code__in=groups).values_list("code", "name"))
    return [Line(code, names[code], tuple(group)) for code, group in sorted(groups.items())]


def totals(wanted: Filter | None = None) -> dict[str, Any]:
    """The figures as plain data, each rate with its numerator, denominator and interval."""
    wanted = wanted or Filter()
    rows = read(wanted)
    parts = ("received", "duplicate", "void", "counted", "succeeded", "pending", "agreed_pending", "failed")
    return {
        **{part: rates.count(rows, part) for part in parts},
        "outcomes": {outcome.value: rates.count(rows, outcome.value) for outcome in Outcome},
        "success": _plain(rates.success(rows)),
        "strict": _plain(rates.strict(rows)),
        "defrauded_after_warning": _plain(rates.defrauded(rows)),
        "tiers": {tier.code: _plain(rate) for tier, rate in rates.by_tier(rows)},
        "money": {
            pot.kind.value: {"total": str(pot.total), "by": {who: str(sum_) for who, sum_ in pot.by}}
            for pot in money(wanted)
        },
    }


def _plain(rate: rates.Rate) -> dict[str, Any]:
    low, high = rate.interval
    share = None if rate.share is None else round(rate.share, 4)
    return {"k": rate.k, "n": rate.n, "rate": share, "low": round(low, 4), "high": round(high, 4)}


def table(wanted: Filter | None = None) -> list[tuple[str, str]]:
    """The success table in words: a label and its figure."""
    wanted = wanted or Filter()
    rows = read(wanted)
    counts = {
        _("Directives received"): "received",
        _("less duplicates"): "duplicate",
        _("less voids, approved"): "void",
        _("Closed as a success"): "succeeded",
        _("Not a success"): "failed",
        _("Still open (pending)"): "pending",
    }
    told = [(label, str(rates.count(rows, part))) for label, part in counts.items()]
    told += [
        (_("Success rate"), in_words(rates.success(rows))),
        (_("Strict rate (verified)"), in_words(rates.strict(rows))),
        (_("Defrauded after warning"), in_words(rates.defrauded(rows))),
    ]
    for pot in money(wanted):
        by = _(", ").join(f"{who} ¥{amount:,.0f}" for who, amount in pot.by)
        told.append((name(pot.kind), f"¥{pot.total:,.0f}" + (_(" ({by})").format(by=by) if by else "")))
    return told


def in_words(rate: rates.Rate) -> str:
    """`902 / 1171 = 77.0 % (74.5–79.3)`."""
    if rate.share is None:
        return _("0 of 0: no rate")
    low, high = (f"{100 * edge:.1f}" for edge in rate.interval)
    return f"{rate.k} / {rate.n} = {100 * rate.share:.1f} % ({low}–{high})"


def word(code: str) -> str:
    """A tier, an outcome or a sum by its code, in the reader's language."""
    for kind in (Outcome, Money):
        if code in kind.__members__.values():
            return name(kind(code))
    return name(Tier[code.upper()])
