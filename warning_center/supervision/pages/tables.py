"""Tables of rates: one group a row, each figure with its link, its interval, and the period before if asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from dispatch.admin.access import within
from dispatch.models import Unit, User
from dispatch.models.choices import name
from dispatch.vocabulary import Level, Tier
from warning_center.supervision import definitions, rates
from warning_center.supervision.pages import keys
from warning_center.supervision.pages.address import Asked
from warning_center.supervision.pages.sheet import Chart, Sheet, Value, counted, plain
from warning_center.supervision.rates import Rate
from warning_center.supervision.rollups.read import OR, Reading, Rows, together


@dataclass(frozen=True, slots=True)
class Group:
    """A row of a table: its name, its directives, what narrows the filter to them; `deeper` is a unit with parts."""

    key: str
    name: str
    rows: Rows
    narrower: Mapping[str, str] = field(default_factory=dict)
    deeper: str = ""


Grouping = Callable[[Reading], list[Group]]


def of_cut(cut: str) -> Grouping:
    """By the keys of a cut."""

    def groups(reading: Reading) -> list[Group]:
        found = reading.cut(cut)
        named = keys.words(cut, found, reading.wanted.scope)
        return [Group(key, word, found[key], {"cut": cut, "key": key}) for key, word in named.items()]

    return groups


def by_type(reading: Reading) -> list[Group]:
    found = reading.cut("fraud")
    return [Group(key, word, found[key], {"type": key}) for key, word in keys.words("fraud", found).items()]


def by_source(reading: Reading) -> list[Group]:
    found = reading.cut("source")
    return [
        Group(key, word, found[key], {"source": key}) for key, word in keys.words("source", found).items()
    ]


def by_level(reading: Reading) -> list[Group]:
    rows = reading.whole()
    groups = [
        Group(
            level.code,
            name(level),
            tuple(r for r in rows if r.standing.level is level),
            {"level": level.code},
        )
        for level in reversed(Level)
    ]
    return [group for group in groups if group.rows]


def by_unit(reading: Reading) -> list[Group]:
    """By what stands next below the chosen unit; a filter ending in `=` is a unit's own cases."""
    found = reading.below()
    units = {unit.pk: unit for unit in Unit.objects.filter(pk__in=found)}
    below = set(reading.children)
    groups = []
    for pk in sorted(found, key=lambda pk: ((pk not in below), pk)):
        unit = units.get(pk)
        path = (unit.path or "") if unit else ""
        own = pk not in below
        title = (
            _("{unit}: its own").format(unit=unit) if own and unit else (str(unit) if unit else _("no unit"))
        )
        narrower = {"unit": f"{path}=" if own else path}
        groups.append(Group(path, title, found[pk], narrower, "" if own else path))
    return groups


def by_team(reading: Reading) -> list[Group]:
    """Operators by the unit they belong to now."""
    found = reading.cut("operator")
    units = User.objects.filter(pk__in=[key for key in found if key.isdigit()])
    outside = _("of another unit")
    team_of = {
        str(pk): (title or "") if within(path, reading.wanted.scope) else outside
        for pk, title, path in units.values_list("pk", "unit__name", "unit__path")
    }
    teams: dict[str, list[str]] = {}
    for key in found:
        teams.setdefault(team_of.get(key, ""), []).append(key)
    return [
        Group(
            team,
            team or _("not known"),
            together(found[key] for key in teams[team]),
            {"cut": "operator", "key": OR.join(teams[team])},
        )
        for team in sorted(teams)
    ]


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def interval(rate: Rate) -> str:
    low, high = rate.interval
    return f"{100 * low:.1f}–{100 * high:.1f}" if rate.n else "–"


def rate_value(rate: Rate) -> Value:
    return Value(percent(rate.share), number=rate.share)


class RateTable:
    """Draws groups under one named rate of the definitions."""

    def __init__(self, asked: Asked, rate: str = "success") -> None:
        self.asked = asked
        self.rate = definitions.built_in().rates[rate]

    def of(self, rows: Rows) -> Rate:
        return rates.rate(rows, self.rate.part, self.rate.whole)

    def sheet(
        self, slug: str, title: str, heading: str, grouping: Grouping, *, people: bool = False
    ) -> Sheet:
        groups = grouping(self.asked.reading)
        before: dict[str, Rows] = {}
        if self.asked.compares:
            before = {group.key: group.rows for group in grouping(self.asked.reading_before)}
        told = [self.of(group.rows) for group in groups]
        return Sheet(
            slug=slug,
            title=title,
            heads=self._heads(heading),
            rows=tuple(
                self._row(g, rate, before.get(g.key, ())) for g, rate in zip(groups, told, strict=True)
            ),
            remark=remark(told),
            chart=self._chart(groups, told),
            people=people,
        )

    def _heads(self, heading: str) -> tuple[str, ...]:
        general = (heading, _("directives"), word(self.rate.part), _("rate"), _("95 % interval"))
        more = (_("strict"), _("defrauded after warning"), _("open"), _("not")) if self._whole else ()
        return (*general, *more, *((_("the period before"),) if self.asked.compares else ()))

    @property
    def _whole(self) -> bool:
        return self.rate.name == "success"

    def _link(self, n: int, part: str, group: Group) -> Value:
        return counted(n, self.asked.href(part, **group.narrower) if group.narrower else "")

    def _row(self, group: Group, rate: Rate, before: Rows) -> tuple[Value, ...]:
        cells = [
            Value(group.name, self.asked.deeper(group.deeper) if group.deeper else ""),
            self._link(rate.n, self.rate.whole, group),
            self._link(rate.k, self.rate.part, group),
            rate_value(rate),
            plain(interval(rate)),
        ]
        if self._whole:
            cells.append(rate_value(rates.strict(group.rows)))
            cells += [
                self._link(rates.count(group.rows, part), part, group)
                for part in ("defrauded_after_warning", "pending", "failed")
            ]
        if self.asked.compares:
            then = self.of(before)
            cells.append(Value(f"{percent(then.share)} ({then.n:,})", number=then.share))
        return tuple(cells)

    def _chart(self, groups: Sequence[Group], told: Sequence[Rate]) -> Chart | None:
        if not any(rate.n for rate in told):
            return None
        return Chart(
            kind="rates",
            labels=tuple(group.name for group in groups),
            series=(
                {
                    "name": word_of(self.rate.words),
                    "values": [None if r.share is None else round(100 * r.share, 2) for r in told],
                    "low": [round(100 * r.interval[0], 2) if r.n else None for r in told],
                    "high": [round(100 * r.interval[1], 2) if r.n else None for r in told],
                    "n": [r.n for r in told],
                },
            ),
            links=tuple(self.asked.href(self.rate.whole, **g.narrower) if g.narrower else "" for g in groups),
        )


def remark(told: Sequence[Rate]) -> str:
    """Whether rows may be compared at all; they are never ranked."""
    if not rates.differ(told):
        return _("Differences not significant: the intervals meet, so the rows are not ranked.")
    return _("Only rows whose whiskers do not meet differ; the order is the list's own, not a ranking.")


def word(part: str) -> str:
    """What a part is called, in the reader's language."""
    return keys.part_in_words(part)


def word_of(words: Mapping[str, str]) -> str:
    return words[keys.language()]


def funnel(asked: Asked) -> Sheet:
    """By tier: how many each took, how many agreed there, were saved by it, ended there, were passed on."""
    rows = asked.reading.whole()
    parts = ("tried", "agreed", "succeeded", "ended", "passed")
    heads = (
        _("tier"),
        _("begun"),
        _("agreed there"),
        _("saved by it"),
        _("ended there"),
        _("passed on"),
        _("rate"),
        _("95 % interval"),
    )
    lines = []
    told = []
    for tier in Tier:
        numbers = [rates.count(rows, f"{part}_{tier.code}") for part in parts]
        rate = rates.rate(rows, f"succeeded_{tier.code}", f"tried_{tier.code}")
        told.append(rate)
        links = [
            counted(n, asked.href(f"{part}_{tier.code}")) for n, part in zip(numbers, parts, strict=True)
        ]
        lines.append((plain(name(tier)), *links, rate_value(rate), plain(interval(rate))))
    series = tuple(
        {"name": head, "values": [line[column].number for line in lines]}
        for column, head in enumerate(heads[1:6], start=1)
    )
    chart = Chart("bars", tuple(name(tier) for tier in Tier), series, tuple(line[1].href for line in lines))
    ends = _("Nobody agrees in follow-up: its row tells how many that came to it ended as a success.")
    return Sheet(
        "funnel", _("Funnel by tier"), heads, tuple(lines), f"{remark(told)} {ends}", chart if rows else None
    )
