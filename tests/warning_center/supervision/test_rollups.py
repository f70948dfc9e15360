"""The roll-ups are what the record says, whatever happened and in whatever order they were kept."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from dispatch.models import Case, Unit
from dispatch.vocabulary import Disposition, Level, Outcome, Result, Role, Tier
from dispatch.workflow import closing, orders, turn
from tests import factories
from tests.factories import START, Centre
from tests.supervision import gaming
from warning_center.models import Cell, Counted, Directive, Happening, Stirred
from warning_center.supervision import rates, statistics
from warning_center.supervision.counting import profile
from warning_center.supervision.rollups import keep, recount
from warning_center.supervision.statistics import Filter

LATER = START + timedelta(minutes=5)


def assert_the_same() -> None:
    keep.keep_up()
    found = recount.check()
    assert found.differences == ()
    assert found.directives == Directive.objects.count()
    assert found.waiting == 0


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=pytest.mark.long) for n in range(2, 6))])
def test_kept_along_random_lives_they_equal_a_recount(place: Centre, seed: int) -> None:
    chance = random.Random(seed)
    life = gaming.Lives(place, chance)
    for _ in range(60):
        life.step()
        if chance.random() < 0.2:
            keep.keep(limit=chance.randint(1, 9))  # at any moment, of any part
    assert_the_same()
    before = sorted(Cell.objects.values_list("node", "cut", "key", "day", "profile", "n", "total"))
    recount.rebuild()
    assert sorted(Cell.objects.values_list("node", "cut", "key", "day", "profile", "n", "total")) == before


@pytest.mark.parametrize("seed", [6, *(pytest.param(n, marks=pytest.mark.long) for n in range(7, 10))])
def test_every_part_is_what_the_plain_count_of_the_record_finds(place: Centre, seed: int) -> None:
    life = gaming.Lives(place, random.Random(seed))
    for _ in range(60):
        life.step()
    keep.keep_up()
    rows = statistics.read(Filter())
    # Within the watch nothing is frozen yet, and both must agree.
    assert life.now < START + timedelta(days=14)
    for part in rates.PARTS:
        if part in ("again", "brief"):  # the plain count does not know these
            continue
        holds = rates.PARTS[part]
        kept = [c for c in Counted.objects.all() if holds(profile.parse(c.profile))]
        assert len(kept) == rates.count(rows, part), part
        assert {c.case_id for c in kept} == {row.case for row in rates.select(rows, part)}, part


def test_nothing_is_kept_twice_and_an_empty_round_does_nothing(place: Centre) -> None:
    factories.directive(place, "A", number=1)
    assert keep.keep() > 0
    cells = list(Cell.objects.order_by("pk").values_list("pk", "n"))
    assert keep.keep() == 0
    assert list(Cell.objects.order_by("pk").values_list("pk", "n")) == cells


def test_every_change_of_the_record_leaves_a_note_in_its_own_transaction(place: Centre) -> None:
    case = factories.directive(place, "A", number=1)
    keep.keep_up()
    assert not Stirred.objects.exists()
    attempt = factories.dial(case, now=LATER)  # the line rings: no line of the record, but a first attempt
    assert attempt.started_at is not None
    assert Stirred.objects.filter(case=case).exists()
    assert_the_same()


def test_a_unit_that_moves_in_the_tree_takes_its_figures_along(place: Centre) -> None:
    factories.directive(place, "A", number=1)
    keep.keep_up()
    assert not Cell.objects.filter(node=place.other.pk).exists()
    unit = Unit.objects.get(pk=Counted.objects.get().path.rstrip("/").rsplit("/", 1)[-1])
    unit.parent = place.other
    unit.save()
    assert_the_same()
    assert Cell.objects.filter(node=place.other.pk).exists()


def test_what_a_person_turns_out_to_be_is_counted_anew(place: Centre) -> None:
    case = factories.directive(place, "A", number=1)
    keep.keep_up()
    case.target.occupation = "财务"
    case.target.save()
    assert_the_same()
    assert Cell.objects.filter(cut="occupation", key="财务").exists()


def test_a_figure_is_frozen_when_its_watch_ends_and_what_came_later_is_told_beside(place: Centre) -> None:
    case = factories.directive(place, "A", number=1)
    case = factories.followed_up(factories.judged(case, Disposition.PERSUADED, now=LATER))
    assert case.outcome == Outcome.VERIFIED
    keep.keep_up()
    again = factories.directive(place, "B", number=1, now=START + timedelta(days=20))
    factories.judged(again, Disposition.NOT_PERSUADED, now=START + timedelta(days=20, minutes=5))
    keep.keep_up()
    first = Counted.objects.get(directive__reference="A")
    assert profile.parse(first.profile).outcome is Outcome.VERIFIED
    assert "~later=open " in first.marks
    assert profile.parse(Counted.objects.get(directive__reference="B").profile).outcome is None
    assert_the_same()


def test_a_bank_that_answered_late_kept_no_promise_and_the_order_had_stood_unanswered(place: Centre) -> None:
    case = factories.directive(place, "A", number=1)
    order = orders.draft(case_id=case.pk, now=LATER, within=timedelta(minutes=30))
    orders.submit(order_id=order.pk, now=LATER)
    closing.hand_over(case_id=case.pk, by=place.user(), why="-", now=LATER)
    orders.lapse_due(now=order.due_at)

    def told() -> set[str]:
        keep.keep_up()
        marked = [Counted.objects.get().marks, *Happening.objects.values_list("marks", flat=True)]
        found = " ".join(marked).split()
        return {mark for mark in found if mark.partition("~")[2].startswith(("order", "promise", "on."))}

    unanswered = told()
    assert {"~order=unanswered", "~promise=order:unanswered", "1~on.order=unanswered"} <= unanswered
    orders.answer(order_id=order.pk, held=Decimal(800), now=order.due_at + timedelta(days=2))
    assert told() - unanswered == {
        "80000~order=answered", "~promise=order:late",
        "1~on.order=answered", "80000~on.held=held", "80000~on.sum=protected",
    }  # fmt: skip
    assert unanswered - told() == {"~order=unanswered", "~promise=order:unanswered"}
    assert_the_same()


def test_an_answer_after_the_watch_has_ended_leaves_the_figure_as_it_was(place: Centre) -> None:
    case = factories.directive(place, "A", number=1)
    order = orders.draft(case_id=case.pk, now=LATER, within=timedelta(minutes=30))
    orders.submit(order_id=order.pk, now=LATER)
    closing.hand_over(case_id=case.pk, by=place.user(), why="-", now=LATER)
    orders.lapse_due(now=order.due_at)
    keep.keep_up()
    before = Counted.objects.get().marks
    orders.answer(order_id=order.pk, held=Decimal(800), now=LATER + timedelta(days=20))
    keep.keep_up()
    assert Counted.objects.get().marks == before


def test_within_its_watch_a_case_opened_again_counts_against_the_first(place: Centre) -> None:
    case = factories.directive(place, "A", number=1)
    factories.followed_up(factories.judged(case, Disposition.PERSUADED, now=LATER))
    factories.directive(place, "B", number=1, now=START + timedelta(days=9))
    keep.keep_up()
    first = profile.parse(Counted.objects.get(directive__reference="A").profile)
    assert first.outcome is None
    assert first.again


def test_a_planted_error_is_found_and_named(place: Centre) -> None:
    case = factories.directive(place, "A", number=1)
    closing.void(case_id=case.pk, by=place.user(Role.SUPERVISOR), why="twice", now=LATER)
    keep.keep_up()
    call_command("recount", check=True)
    cell = Cell.objects.filter(cut="").first()
    assert cell is not None
    Cell.objects.filter(pk=cell.pk).update(n=7)
    with pytest.raises(CommandError, match="differ"):
        call_command("recount", check=True)
    call_command("recount")
    call_command("recount", check=True)
    Counted.objects.update(profile=profile.Profile(Level.LOW).code)
    assert any("directive" in difference for difference in recount.check().differences)


def test_only_one_keeper_works_at_a_time(transactional_db: None) -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN; SELECT pg_advisory_xact_lock(%s)", [keep.LOCK])
        assert keep.keep() == 0
        with pytest.raises(recount.BusyError):
            recount.rebuild()
        cursor.execute("ROLLBACK")
    other.close()


def test_tiers_are_told_of_whom_they_took_kept_and_passed_on(place: Centre) -> None:
    case = factories.directive(place, "A", number=1, level=Level.CRITICAL)
    factories.judged(case, Disposition.NOT_PERSUADED, Tier.VOICE, now=LATER)
    factories.judged(case, Disposition.PERSUADED, Tier.VISIT, now=LATER + timedelta(minutes=1))
    factories.followed_up(case, Result.NO_LOSS)
    turn.advance([case.pk], now=LATER)
    keep.keep_up()
    standing = profile.parse(Counted.objects.get().profile)
    told = {part for part, holds in rates.PARTS.items() if holds(standing)}
    assert {"tried_voice", "passed_voice", "agreed_visit", "succeeded_visit", "verified"} <= told
    assert "passed_visit" not in told
    assert Case.objects.get().outcome == Outcome.VERIFIED
