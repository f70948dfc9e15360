"""Who gets which desk: what a call needs, what it would rather have, and that nothing hides behind what cannot be."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from telephony import calls, desks, exchange
from telephony.carrier import ANNOUNCE, CallKind, CallResult, CallStatus
from telephony.models import Call, Desk
from telephony.models.call import PAGE
from tests.seats import taken_seats
from tests.telephony.rows import Exchange
from tests.telephony.samples import START

MINUTE = timedelta(minutes=1)


@pytest.fixture
def rows(exchange: Exchange) -> Exchange:
    """Ten lines and no desk."""
    exchange.trunk(desks=0)
    return exchange


@pytest.fixture
def bare(exchange: Exchange) -> Exchange:
    """Neither a line nor a desk."""
    return exchange


@pytest.fixture
def mixed(exchange: Exchange) -> Exchange:
    """Ten lines that carry anything and no desk."""
    exchange.trunk(carries="voice video page", desks=0)
    return exchange


def number(n: int) -> str:
    return f"+8619000003{n:03}"


def seats(many: int = 1, **given: object) -> list[Desk]:
    return list(taken_seats(many, START, **given))


def dialled(*, minutes: int = 0) -> list[int]:
    return [call.pk for call in exchange.connect(now=START + minutes * MINUTE)]


def test_without_a_ready_desk_operators_calls_wait_and_announcements_do_not(rows: Exchange) -> None:
    seats(state="paused", reason="lunch")
    rows.booked(number(1), head_start=MINUTE)
    announced = rows.booked(number(2), mode=ANNOUNCE)
    assert dialled() == [announced.pk]
    assert not exchange.is_anyone_waiting(START)
    assert Call.objects.get(pk=announced.pk).desk is None


def test_there_are_never_more_operators_calls_on_the_line_than_desks(rows: Exchange) -> None:
    seats(2)
    for n in range(4):
        rows.booked(number(n))
    assert len(dialled()) == 2
    assert dialled(minutes=1) == []
    calls.end(key=str(Call.objects.on_line()[0].key), result=CallResult.BUSY, now=START + MINUTE)
    assert len(dialled(minutes=1)) == 1


def test_a_number_offered_to_a_desk_is_dialled_for_no_other_call_meanwhile(rows: Exchange) -> None:
    (desk,) = seats(mode=Desk.Mode.PREVIEW)
    offered = rows.booked(number(1))
    assert dialled() == []
    announced = rows.booked(number(1), mode=ANNOUNCE, head_start=MINUTE)
    other = rows.booked(number(2), mode=ANNOUNCE)
    assert dialled() == [other.pk]
    assert desks.decline(desk_id=desk.pk, call_id=offered.pk, now=START)
    assert dialled() == [announced.pk]


def test_a_desk_nobody_has_been_heard_of_at_gets_no_call(rows: Exchange) -> None:
    seats(lease_until=START)
    rows.booked()
    assert dialled() == []


def test_the_desk_that_has_been_ready_longest_is_first(rows: Exchange) -> None:
    late, early = seats(1, ready_since=START + MINUTE)[0], seats()[0]
    rows.booked(number(1))
    rows.booked(number(2))
    dialled(minutes=2)
    assert [call.desk for call in Call.objects.order_by("pk")] == [early, late]


def test_one_who_knows_the_kind_of_fraud_is_preferred_and_the_desk_before_even_more(rows: Exchange) -> None:
    _longest, knows, before = seats()[0], seats(tags=["loan"])[0], seats()[0]
    rows.booked(number(1), tag="loan", prefers=before.pk)
    rows.booked(number(2), tag="loan", prefers=before.pk)
    dialled()
    assert [call.desk for call in Call.objects.order_by("pk")] == [before, knows]


def test_a_wish_that_nobody_can_meet_holds_nobody_up(rows: Exchange) -> None:
    rows.booked(tag="loan", prefers=seats(state="paused", reason="lunch")[0].pk)
    (only,) = seats(tags=["romance"])
    dialled()
    assert Call.objects.get().desk == only


def test_a_call_goes_only_to_a_desk_that_has_all_it_needs(rows: Exchange) -> None:
    call = rows.booked(kind=CallKind.VIDEO, needs=["video", "minnan"])
    assert call.needs == "minnan video"
    seats(tags=["video"])
    assert dialled() == []
    (able,) = seats(tags=["video", "minnan", "loan"])
    assert dialled() == [call.pk]
    assert Call.objects.get().desk == able


def test_what_no_ready_desk_can_take_hides_nothing_behind_it(rows: Exchange) -> None:
    seats(tags=[])
    for n in range(40):
        rows.booked(number(n), needs=["video"], head_start=60 * MINUTE)
        rows.booked(number(100 + n), needs=["minnan", "video"], head_start=60 * MINUTE)
    plain = rows.booked(number(200))
    announced = rows.booked(number(201), mode=ANNOUNCE)
    assert dialled() == [plain.pk, announced.pk]


def test_announcements_and_operators_calls_share_the_lines_by_rank(rows: Exchange) -> None:
    seats(3)
    exchange_of = [("", 1), (ANNOUNCE, 4), ("", 3), (ANNOUNCE, 2)]
    made = [rows.booked(number(n), mode=mode, head_start=n * MINUTE) for mode, n in exchange_of]
    Call.objects.filter(pk=made[0].pk).update(rank_at=START)
    by_rank = sorted(made, key=lambda call: Call.objects.get(pk=call.pk).rank_at)
    assert dialled() == [call.pk for call in by_rank]


def test_many_announcements_do_not_hide_an_operators_call_nor_the_other_way_round(rows: Exchange) -> None:
    rows.trunk(desks=0, concurrent=2)
    Desk.objects.all().delete()
    for n in range(60):
        rows.booked(number(n), mode=ANNOUNCE, head_start=20 * MINUTE)
    urgent = rows.booked(number(100), head_start=60 * MINUTE)
    seats()
    assert dialled()[0] == urgent.pk


def test_a_call_that_no_operator_leads_needs_nothing_of_a_desk(rows: Exchange) -> None:
    with pytest.raises(ValueError, match="no operator"):
        rows.booked(mode=ANNOUNCE, needs=["video"])


def test_an_offer_takes_no_line_and_no_turn_of_others(rows: Exchange) -> None:
    (asked,) = seats(mode=Desk.Mode.PREVIEW)
    first = rows.booked(number(1), head_start=MINUTE)
    seats(ready_since=START + MINUTE)
    second = rows.booked(number(2))
    assert dialled(minutes=2) == [second.pk]
    offered = Call.objects.get(pk=first.pk)
    assert (offered.status, offered.desk, offered.trunk) == (CallStatus.BOOKED, asked, None)
    assert not exchange.is_anyone_waiting(START + 2 * MINUTE)


def test_a_call_goes_only_to_a_desk_that_serves_its_part_of_the_centre(rows: Exchange) -> None:
    (ours,) = seats(area="1/4/")
    theirs = [rows.booked(number(n), area=f"1/{n}/", head_start=60 * MINUTE) for n in (5, 40, 41)]
    here = rows.booked(number(4), area="1/4/9/")
    assert exchange.is_anyone_waiting(START)
    assert dialled() == [here.pk]
    assert Call.objects.get(pk=here.pk).desk == ours
    assert not exchange.is_anyone_waiting(START)
    seats(area="1/")  # the province's
    assert dialled(minutes=1) == [theirs[0].pk]
    seats()  # anybody's
    assert dialled(minutes=2) == [theirs[1].pk]


def test_a_call_that_belongs_to_no_part_of_the_centre_goes_to_any_desk(rows: Exchange) -> None:
    seats(area="1/4/")
    stray = rows.booked(number(1))
    assert dialled() == [stray.pk]


def test_many_calls_of_another_part_hide_nothing(rows: Exchange) -> None:
    for n in range(30):
        rows.booked(number(n), area="1/5/", head_start=MINUTE)
    here = rows.booked(number(90), area="1/4/")
    seats(area="1/4/")
    assert dialled() == [here.pk]


def test_a_booked_call_moves_to_another_part_and_one_on_the_line_stays(rows: Exchange) -> None:
    first = rows.booked(number(1), area="1/5/")
    second = rows.booked(number(2), area="1/4/")
    seats(area="1/4/")
    assert dialled() == [second.pk]
    calls.move([first.pk, second.pk], "1/6/")
    assert dict(Call.objects.values_list("pk", "area")) == {first.pk: "1/6/", second.pk: "1/4/"}


def at_the_head(rows: Exchange, many: int = 3, **given: Any) -> None:
    """Video calls before all others."""
    for n in range(many):
        rows.booked(number(n), kind=CallKind.VIDEO, needs=["video"], head_start=MINUTE, **given)


def test_page_calls_that_wait_for_their_officer_hide_nobody(mixed: Exchange) -> None:
    (theirs,) = seats(state="paused", ready_since=None, reason="lunch")
    seats()
    at_the_head(mixed, route=PAGE, prefers=theirs.pk)
    behind = mixed.booked(number(9), kind=CallKind.VIDEO, needs=["video"])
    assert dialled() == [behind.pk]


def test_page_calls_for_which_there_is_no_line_hide_no_other_video(bare: Exchange) -> None:
    page = bare.trunk(carries="page", concurrent=1, desks=0)
    bare.trunk(carries="video", desks=0)
    seats()
    bare.on_line(number(50), trunk=page)
    at_the_head(bare, route=PAGE)
    behind = bare.booked(number(9), kind=CallKind.VIDEO, needs=["video"])
    assert dialled() == [behind.pk]


def test_announcements_for_which_there_is_no_line_hide_no_video(bare: Exchange) -> None:
    voice = bare.trunk(carries="voice", concurrent=1, desks=0)
    bare.trunk(carries="video", concurrent=1, desks=0)
    seats()
    bare.on_line(number(50), trunk=voice)
    for n in range(5):
        bare.booked(number(n), mode=ANNOUNCE, head_start=MINUTE)
    behind = bare.booked(number(9), kind=CallKind.VIDEO, needs=["video"])
    assert dialled() == [behind.pk]


def test_redials_that_must_show_the_number_of_a_full_trunk_hide_nobody(bare: Exchange) -> None:
    full = bare.trunk(callers="+861096110", concurrent=1, desks=0)
    bare.trunk(callers="+861096111", desks=0)
    seats()
    bare.on_line(number(50), trunk=full)
    for n in range(3):
        earlier = bare.booked(number(n), at=START - MINUTE)
        Call.objects.filter(pk=earlier.pk).update(
            status="ended", result="busy", due_at=None, ended_at=START - MINUTE, dialled_at=START - MINUTE,
            trunk=full, caller="+861096110",
        )  # fmt: skip
        bare.booked(number(n), head_start=MINUTE)
    behind = bare.booked(number(9))
    assert dialled() == [behind.pk]


def test_what_nobody_can_take_is_read_past_no_further_than_is_cheap(mixed: Exchange) -> None:
    (theirs,) = seats(state="paused", ready_since=None, reason="lunch")
    seats()
    at_the_head(mixed, 2 * exchange.MOST_LOOKS, route=PAGE, prefers=theirs.pk)
    mixed.booked(number(99), kind=CallKind.VIDEO, needs=["video"])
    with CaptureQueriesContext(connection) as seen:
        assert dialled() == []
    assert sum("rank_at" in query["sql"] for query in seen) <= exchange.MOST_LOOKS + 2


def test_however_many_wait_as_many_statements_are_asked(rows: Exchange) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            exchange.connect(now=START, limit=1)
        Call.objects.on_line().delete()
        Desk.objects.update(state="ready", ready_since=START)
        return len(seen)

    seats(2)
    rows.booked(number(0))
    rows.booked(number(1))
    few = asked()
    for n in range(2, 40):
        rows.booked(number(n))
    assert asked() == few
