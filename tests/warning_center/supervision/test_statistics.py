"""The figures: what counts, once, by which case; intervals against published values; money by who said so."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from dispatch.models import Case, Sum
from dispatch.vocabulary import Disposition, FraudType, Level, Money, Outcome, Result, Role, Tier
from dispatch.workflow import closing
from tests import factories
from tests.factories import SHANGHAI, START, Centre
from warning_center.models import Directive
from warning_center.supervision import rates, statistics
from warning_center.supervision.rates import Row
from warning_center.supervision.statistics import Filter

LATER = START + timedelta(minutes=5)


def row(**given: object) -> Row:
    plain = {
        "case": 1,
        "source": "province",
        "directives": 1,
        "outcome": None,
        "level": Level.HIGH,
        "fraud": FraudType.OTHER,
        "path": "1/",
    }
    return Row(**{**plain, **given})  # type: ignore[arg-type]


# 0/20 to 81/263: Newcombe 1998, as scipy's binomtest gives them too
@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (15, 148, 0.0624, 0.1605),
        (81, 263, 0.2553, 0.3662),
        (7, 50, 0.0695, 0.2619),
        (95, 100, 0.8882, 0.9785),
        (5, 5, 0.5655, 1.0),
    ],
)
def test_wilson_interval_has_the_published_values(k: int, n: int, low: float, high: float) -> None:
    assert [round(edge, 4) for edge in rates.wilson(k, n)] == [low, high]


def test_nothing_of_nothing_is_no_rate() -> None:
    assert rates.success([]).share is None
    assert rates.wilson(0, 0) == (0.0, 1.0)


def test_every_outcome_is_a_success_a_failure_pending_or_taken_out() -> None:
    for outcome in (*Outcome, None):
        one = [row(outcome=outcome)]
        kinds = ("succeeded", "failed", "pending", "duplicate", "void")
        assert sum(rates.count(one, kind) for kind in kinds) == 1, outcome
        assert rates.count(one, "received") == 1


def test_rates_stay_together_until_their_intervals_part() -> None:
    near = [rates.Rate("a", "b", 5, 10), rates.Rate("a", "b", 7, 10)]
    far = [rates.Rate("a", "b", 10, 100), rates.Rate("a", "b", 90, 100)]
    assert not rates.differ(near)
    assert rates.differ(far)
    assert not rates.differ([rates.Rate("a", "b", 0, 0)])


def test_verified_counts_for_both_rates_and_open_counts_for_none(place: Centre) -> None:
    saved = factories.directive(place, "A", number=1)
    factories.directive(place, "B", number=2)
    saved = factories.judged(saved, Disposition.PERSUADED, now=LATER)
    pending = statistics.read(Filter())
    assert rates.count(pending, "pending") == 2
    assert rates.count(pending, "agreed_pending") == 1
    saved = factories.followed_up(saved)
    assert saved.outcome == Outcome.VERIFIED
    rows = statistics.read(Filter())
    assert (rates.success(rows).k, rates.success(rows).n) == (1, 2)
    assert (rates.strict(rows).k, rates.strict(rows).n) == (1, 2)
    assert [r.case for r in rates.select(rows, "succeeded")] == [saved.pk]
    assert [(r.agreed_in, r.reached, r.listened, r.verified) for r in rows if r.agreed] == [
        (Tier.VOICE, True, True, True)
    ]


def test_two_directives_of_one_case_are_two(place: Centre) -> None:
    factories.directive(place, "A", number=1)
    factories.directive(place, "B", number=1, now=LATER)
    (only,) = statistics.read(Filter())
    assert only.directives == 2


def test_each_directive_counts_by_the_last_case_of_its_chain(place: Centre) -> None:
    first = factories.directive(place, "A", number=1)
    first = factories.judged(first, Disposition.PERSUADED, now=LATER)
    relapse = factories.directive(place, "B", number=1, now=LATER + timedelta(hours=1))
    assert Case.objects.get(pk=first.pk).outcome == Outcome.RELAPSED
    factories.judged(relapse, Disposition.PERSUADED, now=LATER + timedelta(minutes=65))
    ended = factories.followed_up(relapse, Result.LOSS, checks=1)
    assert ended.outcome == Outcome.DEFRAUDED_AFTER_WARNING
    (only,) = statistics.read(Filter())
    assert (only.case, only.directives, only.outcome) == (relapse.pk, 2, Outcome.DEFRAUDED_AFTER_WARNING)
    assert (rates.defrauded([only]).k, rates.defrauded([only]).n) == (2, 2)


def test_void_takes_out_its_own_directives_and_decides_for_no_other(place: Centre) -> None:
    chief = place.user(Role.SUPERVISOR)
    lost = factories.directive(place, "A", number=1)
    factories.judged(lost, Disposition.FALSE_ALARM, now=LATER)
    wrong = factories.directive(place, "B", number=1, now=LATER + timedelta(hours=1))
    closing.void(case_id=wrong.pk, by=chief, why="sent in error", now=LATER + timedelta(hours=2))
    rows = statistics.read(Filter())
    assert rates.count(rows, "void") == 1
    assert rates.count(rows, "counted") == 1
    assert rates.count(rows, "false_alarm") == 1  # a voided successor hides no earlier failure


def test_window_is_of_receipt_in_the_centres_days_and_its_last_day_counts(place: Centre) -> None:
    midnight = datetime(2026, 3, 3, tzinfo=SHANGHAI)
    factories.directive(place, "A", number=1, now=midnight - timedelta(seconds=1))
    factories.directive(place, "B", number=2, now=midnight)
    second, third = date(2026, 3, 2), date(2026, 3, 3)

    def received(since: date | None, until: date | None) -> int:
        return rates.count(statistics.read(Filter(since=since, until=until)), "received")

    assert received(second, second) == 1
    assert received(third, third) == 1
    assert received(second, third) == 2
    assert received(None, None) == 2


def test_nobody_sees_another_counties_figures(place: Centre) -> None:
    factories.directive(place, "A", number=1)
    factories.directive(place, "B", number=2, place=factories.elsewhere())
    assert len(statistics.read(Filter(scope=place.city.path))) == 2
    (mine,) = statistics.read(Filter(scope=place.other.path))
    assert mine.path == place.other.path
    assert statistics.read(Filter(scope="")) == ()
    assert statistics.read(Filter(scope=place.other.path, unit=place.county.path or "")) == ()


def test_units_types_and_sources_divide_the_whole(place: Centre) -> None:
    factories.directive(place, "A", number=1)
    factories.directive(place, "B", number=2, place=factories.elsewhere(), fraud_word="刷单")
    rows = statistics.read(Filter())
    units = statistics.by_unit(rows, place.city.path or "")
    assert [(line.name, line.key) for line in units] == [
        ("电白区", place.county.path),
        ("高州市", place.other.path),
    ]
    assert [fraud for fraud, _ in statistics.by_fraud(rows)] == [FraudType.BRUSHING, FraudType.AUTHORITY]
    (own,) = statistics.by_unit(rows[:1], rows[0].path)
    assert own.key == f"{rows[0].path}="
    assert rows[0] in statistics.read(Filter(unit=rows[0].path, exactly=True))
    assert [line.name for line in statistics.by_source(rows)] == ["省反诈中心"]


def test_filters_narrow_by_level_type_and_source(place: Centre) -> None:
    factories.directive(place, "A", number=1, level=Level.CRITICAL)
    factories.directive(place, "B", number=2, level=Level.HIGH, fraud_word="刷单")
    assert len(statistics.read(Filter(level=Level.CRITICAL))) == 1
    assert len(statistics.read(Filter(fraud=FraudType.BRUSHING))) == 1
    assert len(statistics.read(Filter(source="province"))) == 2
    assert statistics.read(Filter(source="nobody")) == ()


def test_tier_rate_is_of_those_with_whom_the_tier_was_begun(place: Centre) -> None:
    by_phone = factories.directive(place, "A", number=1, level=Level.CRITICAL)
    factories.followed_up(factories.judged(by_phone, Disposition.PERSUADED, now=LATER))
    at_door = factories.directive(place, "B", number=2, level=Level.CRITICAL)
    factories.followed_up(factories.judged(at_door, Disposition.PERSUADED, Tier.VISIT, now=LATER))
    told = {tier: (rate.k, rate.n) for tier, rate in rates.by_tier(statistics.read(Filter()))}
    assert told[Tier.VISIT] == (1, 2)
    assert told[Tier.VOICE] == (1, 1)
    assert told[Tier.VIDEO] == (0, 0)
    assert told[Tier.FOLLOW_UP] == (2, 2)


def test_money_is_the_newest_saying_of_each_case_by_who_said_it(place: Centre) -> None:
    case = factories.directive(place, "A", number=1, amount="1000")
    factories.directive(place, "B", number=1, amount="3000", now=LATER)
    factories.directive(place, "C", number=2, amount="500", signs={"money_moved": True})
    Sum.objects.create(case=case, kind=Money.PROTECTED, amount=Decimal(2500), at=LATER, said_by="operator")
    pots = {pot.kind: pot for pot in statistics.money(Filter())}
    assert pots[Money.AT_RISK].total == 3000
    assert pots[Money.AT_RISK].by == (("省反诈中心", Decimal(3000)),)
    assert pots[Money.LOST].total == 500
    assert pots[Money.PROTECTED].by == (("operator", Decimal(2500)),)
    assert pots[Money.PROTECTED].cases == {case.pk}
    assert [pot.total for pot in statistics.money(Filter(scope=place.other.path))] == [0, 0, 0]


def test_money_lost_in_a_case_that_followed_counts_for_the_directive_that_began_it(place: Centre) -> None:
    first = factories.directive(place, "A", number=1)
    factories.judged(first, Disposition.FALSE_ALARM, now=LATER)
    follower = factories.directive(
        place, "B", number=1, now=LATER + timedelta(days=2), amount="700", signs={"money_moved": True}
    )
    assert follower.previous_id == first.pk
    (lost,) = (p for p in statistics.money(Filter(until=date(2026, 3, 2))) if p.kind is Money.LOST)
    assert lost.total == 700


def test_reading_takes_the_same_number_of_queries_however_many_there_are(
    place: Centre, django_assert_num_queries: object
) -> None:
    for number in range(12):
        factories.directive(place, f"R{number}", number=number)
    with django_assert_num_queries(3):  # type: ignore[operator]
        statistics.read(Filter())
    with django_assert_num_queries(3):  # type: ignore[operator]
        statistics.money(Filter())


def test_totals_are_plain_data_and_the_table_has_a_line_for_each(place: Centre) -> None:
    case = factories.directive(place, "A", number=1, amount="1000")
    factories.followed_up(factories.judged(case, Disposition.PERSUADED, now=LATER))
    totals = json.loads(json.dumps(statistics.totals()))
    assert totals["success"] == {"k": 1, "n": 1, "rate": 1.0, "low": 0.2065, "high": 1.0}
    assert totals["received"] == Directive.objects.count() == 1
    assert totals["money"]["at_risk"]["by"] == {"省反诈中心": "1000.00"}
    figures = [figure for _, figure in statistics.table()]
    assert "1 / 1 = 100.0 % (20.7–100.0)" in figures
