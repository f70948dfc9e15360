"""What happened on the way: visits, stop payment, promises broken and why, money, and what came later."""

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext as _

from dispatch.models.choices import name
from dispatch.vocabulary import Money, Result
from dispatch.wording import agent
from warning_center.models import Source
from warning_center.supervision.pages import keys
from warning_center.supervision.pages.address import Asked
from warning_center.supervision.pages.sheet import Chart, Sheet, Value, plain
from warning_center.supervision.pages.tables import interval, rate_value
from warning_center.supervision.pages.times import many
from warning_center.supervision.rates import Rate
from warning_center.supervision.rollups.read import ANY, Rows


def _number(n: int, href: str) -> Value:
    return Value(f"{n:,}", href, float(n))


def shares(asked: Asked, cut: str, slug: str, title: str, heading: str, whole: str, remark: str) -> Sheet:
    """How often each key of a cut occurred, of all that occurred."""
    found = asked.reading.cut(cut)
    named = keys.words(cut, found, asked.wanted.scope)
    n = sum(many(rows) for rows in found.values())
    rates = {key: Rate("", "", many(found[key]), n) for key in named}
    links = {key: asked.href("received", cut=cut, key=key) for key in named}
    rows = tuple(
        (plain(word), _number(rates[key].k, links[key]), rate_value(rates[key]), plain(interval(rates[key])))
        for key, word in named.items()
    )
    values = [rates[key].k for key in named]
    chart = Chart("bars", tuple(named.values()), ({"name": whole, "values": values},), tuple(links.values()))
    heads = (heading, whole, _("share"), _("95 % interval"))
    return Sheet(slug, title, heads, rows, remark, chart if n else None)


def visits(asked: Asked) -> Sheet:
    remark = _(
        "Each visit counts once, by what the officer judged, or by its result; a directive may have several."
    )
    return shares(asked, "visit", "visits", _("Visits and what they found"), _("found"), _("visits"), remark)


def orders(asked: Asked) -> Sheet:
    held = sum(row.total for rows in asked.reading.cut("order").values() for row in rows)
    remark = _("Held by banks, as they answered: {sum}.").format(sum=keys.money(Decimal(held) / 100))
    return shares(asked, "order", "orders", _("Stop payment"), _("stands"), _("orders"), remark)


def promised() -> dict[str, str]:
    """The promises that are told, by their codes."""
    return {
        "line": _("a line in time"),
        "ack": _("visit acknowledged in time"),
        "arrive": _("arrived in time"),
        "order": _("the bank answered in time"),
    }


def promises(asked: Asked) -> Sheet:
    """Each promise of the policy: how often it was kept, and why it was not."""
    found = asked.reading.cut("promise")
    rows: list[tuple[Value, ...]] = []
    labels: list[str] = []
    values: list[int] = []
    for code, word in promised().items():
        told = {
            key.partition(":")[2]: many(some) for key, some in found.items() if key.startswith(f"{code}:")
        }
        n = sum(told.values())
        for why in sorted(told, key=lambda why: (why != "kept", -told[why])):
            rate = Rate("", "", told[why], n)
            link = asked.href("received", cut="promise", key=f"{code}:{why}")
            rows.append(
                (
                    plain(word),
                    plain(_why(why)),
                    _number(told[why], link),
                    rate_value(rate),
                    plain(interval(rate)),
                )
            )
            if why != "kept":
                labels.append(f"{word}: {_why(why)}")
                values.append(told[why])
    heads = (_("promise"), _("kept, or why not"), _("times"), _("share"), _("95 % interval"))
    remark = _(
        "Each attempt by the promise of the policy it ran under. What still runs, or was stood down, is in no row."
    )
    chart = Chart("bars", tuple(labels), ({"name": _("broken"), "values": values},)) if values else None
    return Sheet("promises", _("Promises"), heads, tuple(rows), remark, chart)


def _why(code: str) -> str:
    plainly = {"kept": _("kept"), "late": _("kept late"), "unanswered": _("no answer from the bank")}
    return plainly.get(code) or (name(Result(code)) if code in {r.value for r in Result} else code)


def money(asked: Asked) -> Sheet:
    """The three sums, each of a case's kinds by its newest saying, and by who said so."""
    reading = asked.reading
    reading.ask(*(f"money.{kind.value}" for kind in Money))
    sources = {f"source:{code}": title for code, title in Source.objects.values_list("code", "name")}
    rows: list[tuple[Value, ...]] = []
    labels, values = [], []
    for kind in Money:
        found = reading.cut(f"money.{kind.value}")
        total = _sum(found)
        link = asked.href("received", cut=f"money.{kind.value}", key=ANY)
        by = _(" · ").join(
            f"{sources.get(who) or agent(who)} {keys.money(_sum({who: some}))}" for who, some in found.items()
        )
        n = sum(many(some) for some in found.values())
        rows.append(
            (
                plain(name(kind)),
                Value(keys.money(total), number=float(total)),
                _number(n, link),
                plain(by or "–"),
            )
        )
        labels.append(name(kind))
        values.append(float(total))
    heads = (_("sum"), _("total"), _("cases"), _("who said so"))
    chart = Chart("bars", tuple(labels), ({"name": _("yuan"), "values": values},)) if any(values) else None
    return Sheet(
        "money", _("Money"), heads, tuple(rows), _("Of each case the newest saying of each sum."), chart
    )


def _sum(found: Mapping[str, Rows]) -> Decimal:
    return Decimal(sum(row.total for rows in found.values() for row in rows)) / 100


def later(asked: Asked) -> Sheet:
    remark = _(
        "Directives that stand otherwise now than when their watch ended. The figures keep; this tells."
    )
    return shares(
        asked, "later", "later", _("Changed after the watch"), _("stands now"), _("directives"), remark
    )


def voids(asked: Asked) -> Sheet:
    remark = _("A void leaves the denominator; so whoever approves many of them is to be seen.")
    return shares(
        asked, "voider", "voids", _("Voids, by who approved them"), _("approved by"), _("directives"), remark
    )
