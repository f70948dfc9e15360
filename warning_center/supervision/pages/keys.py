"""The keys of the cuts in words: units, users, bands, sources, results."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dispatch import policies
from dispatch.admin.access import within
from dispatch.models import PolicyVersion, Unit, User
from dispatch.models.choices import name
from dispatch.vocabulary import (
    Disposition,
    FraudType,
    Level,
    Money,
    OrderState,
    Outcome,
    Result,
    Situation,
    Tier,
)
from warning_center.models import Source
from warning_center.supervision import definitions
from warning_center.supervision.counting.marks import AGES, SUMS, UNKNOWN

MOST_VERSIONS = 16  # of the scripts, whose sentences are still known by their words


def words(cut: str, keys: Iterable[str], scope: str | None = None) -> dict[str, str]:
    """Each key's name, in the order of a table; units and users outside the subtree `scope` stay without."""
    known = list(keys)
    if cut in ("station", "voider", "operator"):
        named = _units(known, scope) if cut == "station" else _users(known, scope)
        return {
            key: named.get(key, _("not known"))
            for key in sorted(known, key=lambda k: (k == UNKNOWN, named.get(k, k)))
        }
    if cut == "talk":  # `operator:step`, or `operator:*`
        named = words("operator", {key.partition(":")[0] for key in known}, scope)
        return {key: named[key.partition(":")[0]] for key in known}
    if cut in ("source", "on.received"):
        named = dict(Source.objects.filter(code__in=known).values_list("code", "name"))
        return {key: named.get(key, key) for key in sorted(known)}
    if cut in ("script", "script_yes", "sentence"):
        lines = _sentences() if cut == "sentence" else {}
        return {key: _script(key, lines) for key in sorted(known, key=_place)}
    if cut == "fraud":
        return {fraud.value: name(fraud) for fraud in FraudType if fraud.value in known}
    told = _PLAIN.get(cut)
    if cut in _ORDER:
        ordered = sorted(known, key=lambda key: [_ORDER[cut].index(part) for part in key.split(".")])
    else:
        ordered = sorted(known, key=lambda key: (key == UNKNOWN, int(key) if key.isdigit() else 0, key))
    return {key: _named(key, told) for key in ordered}


def _named(key: str, told: Callable[[str], str] | None) -> str:
    if key == UNKNOWN:
        return _("not known")
    return told(key) if told else key


def _units(keys: list[str], scope: str | None) -> dict[str, str]:
    found = Unit.objects.filter(pk__in=[key for key in keys if key.isdigit()])
    outside = _("of another unit")
    return {str(unit.pk): unit.name if within(unit.path, scope) else outside for unit in found}


def _users(keys: list[str], scope: str | None) -> dict[str, str]:
    found = User.objects.filter(pk__in=[key for key in keys if key.isdigit()]).select_related("unit")
    outside = _("of another unit")
    return {
        str(user.pk): (user.get_full_name() or user.get_username())
        if within(user.unit.path if user.unit else "", scope)
        else outside
        for user in found
    }


def _place(key: str) -> tuple[list[int], str]:
    """Where a script stands: by the vocabulary's order of types and situations."""
    codes = ([fraud.value for fraud in FraudType], [one.value for one in Situation])
    parts = key.split(".")
    at = [known.index(part) if part in known else -1 for part, known in zip(parts, codes, strict=False)]
    return at, key


def _script(key: str, told: Mapping[str, str]) -> str:
    """`冒充公检法 · 否认`, then the sentence, if there is one."""
    fraud, situation, *line = key.split(".", 2)
    codes = ({f.value for f in FraudType}, {s.value for s in Situation})
    words_ = [
        name(FraudType(fraud)) if fraud in codes[0] else fraud,
        name(Situation(situation)) if situation in codes[1] else situation,
    ]
    return " · ".join([*words_, *(told.get(one, one) for one in line)])


def _sentences() -> dict[str, str]:
    """Every line that a version says, as the newest that has it words it."""
    told: dict[str, str] = {}
    versions = PolicyVersion.objects.filter(kind=PolicyVersion.Kind.SCRIPTS).order_by("version")
    for pk in list(versions.values_list("pk", flat=True))[-MOST_VERSIONS:]:
        told |= {line.id: line.words[language()] for line in policies.scripts_of(pk).lines.values()}
    return told


def _hour(key: str) -> str:
    return f"{key}:00"


def _age(key: str) -> str:
    edges = (0, *AGES, 0)
    above = edges[edges.index(int(key)) + 1]
    return f"{key}–{above - 1}" if above else _("{age} and older").format(age=key)


def _sum(key: str) -> str:
    edges = (*SUMS, 0)
    above = edges[edges.index(int(key)) + 1]
    low = money(Decimal(key))
    return f"{low} – {money(Decimal(above))}" if above else _("{sum} and more").format(sum=low)


def _warned(key: str) -> str:
    return {"0": _("first warning"), "5": _("5 and more before")}.get(key, _("{n} before").format(n=key))


def _visit(key: str) -> str:
    if key == "going_on":
        return _("still going on")
    return name(Disposition(key)) if key in {d.value for d in Disposition} else name(Result(key))


def _met(key: str) -> str:
    tier, _dot, result = key.partition(".")
    return _("{tier}: {result}").format(tier=name(Tier[tier.upper()]), result=name(Result(result)))


def _rung(key: str) -> str:
    told = {
        "reached": _("reached"),
        "listened": _("listened"),
        "agreed": _("agreed"),
        "verified": _("verified"),
    }
    return told[key]


_PLAIN: dict[str, Callable[[str], str]] = {
    "on.came": lambda key: _("a directive came"),
    "on.opened": lambda key: _("opened again") if key == "again" else _("opened for the first time"),
    "on.begun": lambda key: name(Tier[key.upper()]),
    "on.met": _met,
    "on.judged": lambda key: name(Disposition(key)),
    "on.rung": _rung,
    "on.visit": lambda key: _("arrived at the door") if key == "arrived" else _("acknowledged"),
    "on.closed": lambda key: name(Outcome(key)),
    "on.order": lambda key: name(OrderState(key)),
    "on.held": lambda key: _("held"),
    "on.sum": lambda key: name(Money(key)),
    "hour": _hour,
    "age": _age,
    "sum": _sum,
    "warned": _warned,
    "visit": _visit,
    "order": lambda key: name(OrderState(key)),
    "edition": lambda key: _("version {n}").format(n=key),
    "edition_yes": lambda key: _("version {n}").format(n=key),
    "later": lambda key: _("open again") if key == "open" else name(Outcome(key)),
    "level": lambda key: name(Level[key.upper()]),
}


# As their keys stand one after another: the vocabulary's order.
_TIERS = [tier.code for tier in Tier]
_ORDER: dict[str, list[str]] = {
    "on.opened": ["first", "again"],
    "on.begun": _TIERS,
    "on.met": [*_TIERS, *(result.value for result in Result)],
    "on.judged": [one.value for one in Disposition],
    "on.rung": ["reached", "listened", "agreed", "verified"],
    "on.visit": ["acknowledged", "arrived"],
    "on.closed": [one.value for one in Outcome],
    "on.order": [one.value for one in OrderState],
    "on.sum": [one.value for one in Money],
}


def money(amount: Decimal) -> str:
    """`3,120.0 万元`, or `¥31,200,000`: as each language counts money."""
    if (get_language() or "").startswith("zh"):
        return f"{amount / 10000:,.1f} 万元" if amount >= 10000 else f"{amount:,.0f} 元"
    return f"¥{amount:,.0f}"


def signed(amount: Decimal) -> str:
    """A sum that may have become less: `+3.0 万元`, `−¥500`."""
    sign = {1: "+", -1: "−"}.get((amount > 0) - (amount < 0), "")
    return f"{sign}{money(abs(amount))}"


def span(seconds: float) -> str:
    """`0:04:12`, days before it from 48 hours on."""
    whole = timedelta(seconds=round(seconds))
    days, rest = divmod(int(whole.total_seconds()), 86400)
    if days < 2:
        rest, days = rest + days * 86400, 0
    clock = f"{rest // 3600}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return _("{days} d {clock}").format(days=days, clock=clock) if days else clock


def language() -> str:
    return "zh" if (get_language() or "").startswith("zh") else "en"


def part_in_words(part: str) -> str:
    """What a figure is called above the list of its cases."""
    made = definitions.built_in().parts.get(part)
    if made is None:
        return part
    if not made.words:
        return name(Outcome(part))
    tier = next((name(tier) for tier in Tier if part.endswith(f"_{tier.code}")), "")
    return made.words[language()].replace("{tier}", tier)


def yuan(cents: int) -> str:
    """A sum of cents in words."""
    return money(Decimal(cents) / 100)
