"""The queueing formulas: published values, laws, an independent reckoning and a seeded simulation; the inverse."""

from itertools import pairwise
from math import exp, inf, isclose, isinf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import policies, rules
from dispatch.models import PolicyVersion
from dispatch.vocabulary import Level, Met, Tier
from tests.queueing import Desk, exponential, simulate, telephone
from warning_center.planning import load, staffing
from warning_center.planning.erlang import Impatient, Waiting, erlang_b, erlang_c
from warning_center.planning.load import Given, Load, Measured, Origin, Quantity, compose
from warning_center.planning.precedence import waits
from warning_center.planning.staffing import Aim, plan

CHAIN = rules.read(policies.built_in(PolicyVersion.Kind.ESCALATION))
CRITICAL, HIGH, MEDIUM, LOW = load.BY_PRECEDENCE
Q = Quantity

servers = st.integers(1, 400)
uses = st.floats(0.01, 0.999)  # erlang a server
times = st.floats(0.0, 3600.0)
services = st.floats(5.0, 600.0)


# published values: what peers print, or textbooks, to the digits they give


@pytest.mark.parametrize(
    ("erlangs", "n", "delayed", "digits"),
    [
        (1, 1, 1.0, 6),
        (1, 2, 0.333333, 6),
        (2, 3, 0.444444, 6),
        (3.87, 8, 0.0501, 4),  # TETRA dimensioning: 5 %
        (4.08, 10, 0.0101, 4),  # the same: 1 %
        (5, 6, 0.587516, 6),
        (5, 7, 0.324150, 6),
        (5, 8, 0.167267, 6),
        (10, 11, 0.682118, 6),
        (10, 12, 0.449388, 6),
        (10, 13, 0.285270, 6),
        (10, 14, 0.174132, 6),  # pyworkforce
        (20, 25, 0.209103, 6),
        (48, 55, 0.238701, 6),  # Mitan
        (123, 132, 0.321116, 6),  # call-center-tools
        (123, 130, 0.424381, 6),
        (12345, 12421, 0.381225, 6),  # naive factorials overflow
    ],
)
def test_erlang_c_gives_the_reference_values(erlangs: float, n: int, delayed: float, digits: int) -> None:
    assert round(erlang_c(n, erlangs), digits) == delayed


@pytest.mark.parametrize(
    ("n", "an_hour", "service", "limit", "within", "mean"),
    [
        (11, 200, 180, 20, 0.389614, 122.78),
        (12, 200, 180, 20, 0.640158, 40.44),
        (13, 200, 180, 20, 0.795595, 17.12),
        (14, 200, 180, 20, 0.888350, 7.84),
        (55, 720, 240, 15, 0.845883, 8.18),
        (130, 1476, 300, 20, 0.733875, None),
        (50, 2880, 60, 20, None, 20.83),
    ],
)
def test_erlang_c_gives_the_reference_service_levels(
    n: int, an_hour: float, service: float, limit: float, within: float | None, mean: float | None
) -> None:
    queue = Waiting(n, an_hour / 3600, service)
    assert within is None or round(queue.within(limit), 6) == within
    assert mean is None or round(queue.mean_wait, 2) == mean


def test_fourteen_operators_for_ten_erlang_are_busy_five_sevenths_of_the_time() -> None:
    assert round(Waiting(14, 200 / 3600, 180).occupancy, 6) == 0.714286


def test_erlang_b_gives_the_textbooks_values() -> None:
    assert erlang_b(1, 1.0) == 0.5
    assert isclose(erlang_b(2, 1.0), 1 / 5)
    assert isclose(erlang_b(3, 2.0), 4 / 19)
    assert erlang_b(0, 7.0) == 1.0


def test_erlang_a_gives_mandelbaum_and_zeltyns_example() -> None:
    queue = Impatient(50, 48 / 60, 60, 120)
    assert round(100 * queue.given_up, 2) == 3.09
    assert round(queue.mean_wait, 2) == 3.71
    assert round(100 * queue.delayed, 1) == 46.8
    assert round(100 * queue.occupancy, 1) == 93.0
    assert round(Waiting(50, 48 / 60, 60).delayed, 4) == 0.6945


@pytest.mark.parametrize(("an_hour", "n", "within"), [(542, 32, 0.9466), (1300, 70, 0.9177)])
def test_the_sizing_examples_come_out(an_hour: float, n: int, within: float) -> None:
    one = Load({HIGH: float(an_hour)}, ring=0, answered=1, talk=180, wrap=0, head_starts={HIGH: 0.0}, away=0)
    answer = plan(one, Aim()).answer
    assert (answer.operators, answer.blocked <= 0.01) == (n, True)
    assert round(Waiting(n, an_hour / 3600, 180).within(60), 4) == within
    assert isclose(answer.shares[HIGH], within * (1 - answer.blocked), abs_tol=1e-4)


def test_three_in_ten_away_make_twenty_of_fourteen() -> None:
    load_ = Load({HIGH: 200.0}, 0, 1, 180, 0, {HIGH: 0.0}, away=0.3)
    told = plan(load_, Aim(within=20, share=0.85))
    assert (told.answer.operators, told.paid) == (14, 20)


# laws


@given(servers, uses)
def test_one_server_more_blocks_and_delays_fewer(n: int, use: float) -> None:
    erlangs = n * use
    assert erlang_b(n + 1, erlangs) <= erlang_b(n, erlangs)
    assert erlang_c(n + 1, erlangs) <= erlang_c(n, erlangs) <= 1.0
    assert erlang_b(n, erlangs) <= erlang_c(n, erlangs) + 1e-15


@given(servers, uses, services, times, times)
def test_waits_shrink_with_servers_and_shares_grow_with_time(
    n: int, use: float, service: float, t: float, later: float
) -> None:
    queue, more = (Waiting(k, n * use / service, service) for k in (n, n + 1))
    assert more.mean_wait <= queue.mean_wait
    assert queue.within(t) <= more.within(t) + 1e-12
    assert queue.within(t) <= queue.within(t + later) <= 1.0
    assert more.occupancy <= queue.occupancy


@given(st.integers(1, 60), st.floats(0.01, 300.0), services)
def test_servers_who_cannot_keep_up_serve_nobody_in_time(n: int, above: float, service: float) -> None:
    queue = Waiting(n, (n + above) / service, service)
    assert (queue.delayed, queue.within(60), queue.mean_wait, queue.occupancy) == (1.0, 0.0, inf, 1.0)


@given(uses, services)
def test_with_servers_without_end_nobody_waits(erlangs: float, service: float) -> None:
    for queue in (
        Waiting(3000, 10 * erlangs / service, service),
        Impatient(3000, 10 * erlangs / service, service, 60.0),
    ):
        assert queue.delayed < 1e-12
        assert queue.mean_wait < 1e-9
        assert queue.within(0.0) > 1 - 1e-9


@given(servers, uses, services, times)
def test_endless_patience_makes_erlang_a_erlang_c(n: int, use: float, service: float, t: float) -> None:
    calm, endless = Waiting(n, n * use / service, service), Impatient(n, n * use / service, service, inf)
    assert (endless.delayed, endless.mean_wait, endless.given_up) == (calm.delayed, calm.mean_wait, 0.0)
    assert endless.within(t) == calm.within(t)


@given(st.integers(1, 200), st.floats(0.05, 0.95), services)
def test_great_patience_comes_near_to_it(n: int, use: float, service: float) -> None:
    calm, patient = (
        Waiting(n, n * use / service, service),
        Impatient(n, n * use / service, service, 1e8 * service),
    )
    assert isclose(patient.delayed, calm.delayed, rel_tol=1e-4, abs_tol=1e-9)
    assert isclose(patient.within(60), calm.within(60), abs_tol=1e-5)


@given(st.integers(1, 60), st.floats(0.05, 2.5), services, st.floats(0.05, 50.0))
def test_erlang_a_agrees_with_the_chains_own_balance(
    n: int, use: float, service: float, patience: float
) -> None:
    queue = Impatient(n, n * use / service, service, patience * service)
    delayed, given_up = _balance(queue)
    assert isclose(queue.delayed, delayed, rel_tol=1e-9, abs_tol=1e-12)
    assert isclose(queue.given_up, given_up, rel_tol=1e-7, abs_tol=1e-12)
    assert isclose(
        queue.within(1e7 * service), 1 - given_up, abs_tol=1e-9
    )  # in the end served, or given up on


def _balance(queue: Impatient) -> tuple[float, float]:
    """Who waits and who gives up, by summing the birth-death chain's states one by one."""
    weights, k = [1.0], 0
    while weights[-1] > 1e-22 * sum(weights) or k <= queue.servers:
        k += 1
        ends = min(k, queue.servers) / queue.service + max(0, k - queue.servers) / queue.patience
        weights.append(weights[-1] * queue.arrivals / ends)
        if weights[-1] > 1e200:
            weights = [weight / 1e200 for weight in weights]
    whole = sum(weights)
    waiting = sum(max(0, k - queue.servers) * weight for k, weight in enumerate(weights)) / whole
    return sum(weights[queue.servers :]) / whole, waiting / queue.patience / queue.arrivals


@given(st.integers(1, 100), st.floats(0.05, 3.0), services, st.floats(0.1, 100.0), times, times)
def test_patience_only_helps_those_who_stay(
    n: int, use: float, service: float, patience: float, t: float, later: float
) -> None:
    queue = Impatient(n, n * use / service, service, patience * service)
    assert 0.0 <= queue.given_up <= 1.0
    assert queue.occupancy <= 1.0
    assert queue.within(t) <= queue.within(t + later) + 1e-9
    assert queue.within(t) <= 1.0 - queue.given_up + 1e-9
    assert queue.within(t) >= Waiting(n, queue.arrivals, service).within(t) * (1 - queue.given_up) - 1e-9


# precedence


@given(servers, uses, services, times)
def test_one_class_alone_waits_as_erlang_c_says(n: int, use: float, service: float, t: float) -> None:
    plain, (alone,) = Waiting(n, n * use / service, service), waits([n * use / service], service, n)
    assert isclose(alone.mean, plain.mean_wait, rel_tol=1e-9, abs_tol=1e-300)  # beside the smallest floats
    assert isclose(alone.within(t), plain.within(t), abs_tol=1e-6)


@given(servers, st.lists(st.floats(0.01, 1.0), min_size=2, max_size=4), uses, services, times)
def test_precedence_takes_from_some_what_it_gives_to_others(
    n: int, weights: list[float], use: float, service: float, t: float
) -> None:
    arrivals = [n * use / service * weight / sum(weights) for weight in weights]
    of_class, plain = waits(arrivals, service, n), Waiting(n, sum(arrivals), service)
    mean = sum(rate * wait.mean for rate, wait in zip(arrivals, of_class, strict=True)) / sum(arrivals)
    assert isclose(
        mean, plain.mean_wait, rel_tol=1e-9, abs_tol=1e-300
    )  # the conservation law, Kleinrock 1965
    assert [w.mean for w in of_class] == sorted(w.mean for w in of_class)
    shares = [w.within(t) for w in of_class]
    assert all(a >= b - 1e-6 for a, b in pairwise(shares))
    assert shares[0] >= plain.within(t) - 1e-6


def test_the_first_class_is_kept_up_with_where_all_together_are_too_many() -> None:
    first, second = waits([0.04, 0.09], 100.0, 10)
    assert isclose(first.within(60), 1 - exp(-60 * (0.1 - 0.04)), abs_tol=1e-6)
    assert isinf(second.mean)
    assert second.within(1e6) == 0.0


# against a simulation


@pytest.mark.parametrize(("an_hour", "seed"), [(100.0, 5), (20.0, 6)])
def test_the_formula_of_precedence_agrees_with_a_simulation_of_it(an_hour: float, seed: int) -> None:
    chosen = compose(Given({Q.DIRECTIVES: an_hour}), CHAIN)
    answer = plan(chosen, Aim()).answer
    told = staffing.by_level(chosen, answer.operators)
    strict = {level: 1e7 * level for level in chosen.calls}
    rates = {level: calls / 3600 for level, calls in chosen.calls.items()}
    desk = Desk(answer.operators, rates, strict, exponential(chosen.handled))
    seen = simulate(desk, seconds=60_000 / an_hour * 3600, warm=2_000 / an_hour * 3600, seed=seed)
    for level, wait in told.items():
        assert abs(seen.within(level, 60) - wait.within(60)) < 0.02
        assert abs(seen.mean(level) - wait.mean) < 0.15 * wait.mean


@pytest.mark.parametrize(("an_hour", "seed"), [(100.0, 7), (1300.0, 8)])
def test_the_answer_holds_at_a_desk_with_head_starts_redials_and_real_calls(
    an_hour: float, seed: int
) -> None:
    chosen = compose(Given({Q.DIRECTIVES: an_hour}), CHAIN)
    answer = plan(chosen, Aim()).answer
    desk = Desk(
        answer.operators,
        {level: an_hour * load.ASSUMED_SHARES[level] / 3600 for level in chosen.calls},
        chosen.head_starts,
        telephone(answered=0.6, ring=25, talk=180, wrap=60),
        {level: _redials(level) for level in chosen.calls},
    )
    seen = simulate(desk, seconds=50_000 / an_hour * 3600, warm=3_000 / an_hour * 3600, seed=seed)
    told = staffing.by_level(chosen, answer.operators)
    for level in (CRITICAL, HIGH):
        assert abs(seen.within(level, 60) - told[level].within(60)) < 0.02
        assert seen.within(level, 60) >= 0.9


def _redials(level: Level) -> tuple[float, ...]:
    cell = CHAIN.levels[level].rungs[Tier.VOICE].cells[Met.SILENT]
    again = [span.total_seconds() for span in cell.again]
    return tuple(again + again[-1:] * (cell.most - 1 - len(again)))


def test_erlang_a_agrees_with_a_simulation_of_it() -> None:
    queue = Impatient(10, 0.11, 100.0, 200.0)
    desk = Desk(10, {HIGH: 0.11}, {HIGH: 0.0}, exponential(100.0), patience=200.0)
    seen = simulate(desk, seconds=600_000, warm=10_000, seed=9)
    assert abs(seen.given_up / seen.calls - queue.given_up) < 0.01
    assert abs(sum(wait <= 60 for wait in seen.waits) / seen.calls - queue.within(60)) < 0.02


# the inverse


@given(
    st.floats(1.0, 4000.0),
    st.lists(st.floats(0.02, 1.0), min_size=4, max_size=4),
    st.floats(0.5, 0.99),
    st.floats(0.0, 120.0),
    st.sampled_from([CRITICAL, HIGH, MEDIUM, LOW]),
)
def test_the_answer_is_the_least(
    an_hour: float, weights: list[float], share: float, within: float, level: Level
) -> None:
    shares = {of: weight / sum(weights) for of, weight in zip(load.BY_PRECEDENCE, weights, strict=True)}
    chosen = compose(Given({Q.DIRECTIVES: an_hour}, shares), CHAIN)
    aim = Aim(within=within, share=share, level=level)
    operators = staffing.least_operators(chosen, aim)
    assert _is_enough(chosen, aim, operators)
    assert not _is_enough(chosen, aim, operators - 1)
    lines = staffing.least_lines(chosen, aim, operators)
    assert _are_enough(chosen, aim, operators, lines)
    assert lines == 1 or not _are_enough(chosen, aim, operators, lines - 1)
    assert lines <= operators


def _is_enough(chosen: Load, aim: Aim, operators: int) -> bool:
    if operators <= chosen.arrivals * chosen.handled:
        return False
    starts, told = chosen.head_starts, staffing.by_level(chosen, operators)
    kept = all(wait.within(aim.within) >= aim.share - 1e-9 for of, wait in told.items() if aim.binds(of))
    behind = {of: starts[aim.level] - starts[of] for of in told if not aim.binds(of)}
    return kept and all(told[of].within(gap) >= aim.share - 1e-9 for of, gap in behind.items())


def _are_enough(chosen: Load, aim: Aim, operators: int, lines: int) -> bool:
    lost = staffing.blocked(chosen, lines, operators)
    told = staffing.by_level(chosen, operators)
    kept = min(wait.within(aim.within) for of, wait in told.items() if aim.binds(of))
    return lost <= aim.blocked and kept * (1 - lost) >= aim.share - 1e-9


@given(st.floats(1.0, 4000.0), st.floats(1.0, 500.0))
def test_more_directives_never_need_fewer_operators(an_hour: float, more: float) -> None:
    needs = [
        staffing.least_operators(compose(Given({Q.DIRECTIVES: n}), CHAIN), Aim())
        for n in (an_hour, an_hour + more)
    ]
    assert needs == sorted(needs)


def test_a_hundred_thousand_directives_an_hour_are_planned_for() -> None:
    told = plan(compose(Given({Q.DIRECTIVES: 100_000.0}), CHAIN), Aim())
    assert [row.operators - told.answer.operators for row in told.rows] == [-1, 0, 1]
    assert told.answer.operators > told.load.arrivals * told.load.handled > 7000


# the load


@given(st.floats(0.05, 1.0))
def test_a_directive_is_rung_as_often_as_the_chain_redials(answered: float) -> None:
    for level, most in ((CRITICAL, 20), (HIGH, 4), (MEDIUM, 4), (LOW, 3)):
        summed = sum((1 - answered) ** tried for tried in range(most))
        assert isclose(load.tries(CHAIN.levels[level], answered), summed, rel_tol=1e-9)


def test_what_is_not_given_shares_the_rest_as_usual() -> None:
    told = load.shares({CRITICAL: 0.1, HIGH: 0.15}, load.ASSUMED_SHARES)
    assert told == pytest.approx({CRITICAL: 0.1, HIGH: 0.15, MEDIUM: 0.35, LOW: 0.40})
    assert sum(load.shares({HIGH: 0.9}, {HIGH: 5.0}).values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("at", "called"),
    [(3, {CRITICAL, HIGH}), (8, set(Level)), (20, {CRITICAL, HIGH, MEDIUM}), (21, {CRITICAL, HIGH})],
)
def test_only_whom_the_hour_allows_is_called(at: int, called: set[Level]) -> None:
    assert set(compose(Given({Q.AT: at}), CHAIN).calls) == called


MEASURED = Measured(
    at=9,
    directives={CRITICAL: 1.0, HIGH: 3.0, MEDIUM: 4.0, LOW: 2.0},
    calls={CRITICAL: 3.0, HIGH: 5.0, MEDIUM: 4.0, LOW: 6.0},
    each={CRITICAL: 2.0, HIGH: 1.5},
    means={Q.ANSWERED: 0.5, Q.RING: 20.0, Q.TALK: 100.0},
    seen={Q.RING: 40, Q.TALK: 20},
)


def test_given_goes_before_measured_and_measured_before_assumed() -> None:
    told = compose(Given({Q.TALK: 90.0}), CHAIN, MEASURED)
    origins = {(figure.of, figure.level): figure.origin for figure in told.figures}
    assert told.calls == MEASURED.calls
    assert (told.talk, told.ring, told.wrap, told.answered) == (90.0, 20.0, 60.0, 0.5)
    assert origins[Q.TALK, None] is Origin.GIVEN
    assert origins[Q.RING, None] is Origin.MEASURED
    assert origins[Q.WRAP, None] is Origin.ASSUMED
    assert origins[Q.CALLS, HIGH] is Origin.MEASURED
    assert (told.held, told.handled) == (20 + 45, 20 + 45 + 30)


def test_more_directives_than_measured_bring_calls_as_each_did_here() -> None:
    told = compose(Given({Q.DIRECTIVES: 100.0}), CHAIN, MEASURED)
    assert told.calls[CRITICAL] == pytest.approx(100 * 0.1 * 2.0)
    assert told.calls[HIGH] == pytest.approx(100 * 0.3 * 1.5)
    assert told.calls[LOW] == pytest.approx(100 * 0.2 * load.tries(CHAIN.levels[LOW], 0.5))  # none on record
