"""Matchers, vanishing browsers, answers and news at once: a desk has one call, a call one desk, nothing is stuck."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connections, transaction
from pytest_django import Settings

from telephony import attendance, calls, desks, exchange, lines
from telephony.carrier import CallResult, CallStatus, LegNews, LegState, Update
from telephony.models import Call, Desk, Leg, Trunk
from telephony.models.desk import LEASE, OFFER
from tests.races import until_somebody_waits
from tests.seats import taken_seats
from tests.telephony.rows import Exchange
from tests.telephony.samples import START

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 8


def at_once(*acts: Callable[[], object]) -> None:
    """Each in a thread and over a connection of its own; their faults are raised here."""
    faults: list[Exception] = []
    ready = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        try:
            ready.wait(10)
            act()
        except Exception as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults, faults


@pytest.fixture
def rows(settings: Settings) -> Exchange:
    settings.CARRIERS = {"puppet": {"adapter": "tests.fakes.puppet.Puppet"}}
    lines.forget()
    made = Exchange()
    made.trunk(carrier="puppet", desks=0, concurrent=50, per_second=1000, tokens=1000)
    return made


def all_is_one_to_one() -> None:
    """Every call on the line has a desk, every busy desk a call, and they agree."""
    held = {call.desk_id: call for call in Call.objects.at_desks().filter(dropped_at=None)}
    assert not Call.objects.on_line().filter(desk=None).exists()
    for desk in Desk.objects.all():
        call = held.get(desk.pk)
        assert (desk.state in Desk.BUSY) == (call is not None), (desk.state, call)
        if call is not None:
            assert (desk.state == Desk.State.TALKING) == (call.status == CallStatus.TALKING)


def test_two_matchers_vanishing_browsers_and_news_never_give_a_desk_two_calls(rows: Exchange) -> None:
    made = [desk.pk for desk in taken_seats(4, START, lease=LEASE, lease_until=START + LEASE)]
    for n in range(30):
        rows.booked(f"+8619000005{n:03}")
    later = START + LEASE

    def news() -> None:
        for _ in range(ROUNDS):
            for key, status in Call.objects.on_line().values_list("key", "status"):
                talks = status == CallStatus.TALKING
                then = CallStatus.ENDED if talks else CallStatus.TALKING
                calls.hear(Update(str(key), then, CallResult.ANSWERED if talks else None), now=later)

    def vanish() -> None:
        for _ in range(ROUNDS):
            desks.release_lapsed(now=later)

    def browse() -> None:
        for n in range(ROUNDS):
            desks.sign_in(desk_id=made[n % 4], now=later)
            with suppress(desks.NotSignedInError):  # it has just gone away
                desks.ready(desk_id=made[n % 4], now=later)
                desks.pause(desk_id=made[(n + 1) % 4], reason="tea", now=later)
            desks.heartbeat(desk_id=made[(n + 2) % 4], now=later)

    def match() -> None:
        for _ in range(ROUNDS):
            exchange.turn(now=later - timedelta(seconds=1))

    for pk in made[1:]:
        desks.sign_in(desk_id=pk, now=START)
    at_once(match, match, news, vanish, browse)
    desks.release_lapsed(now=later)
    all_is_one_to_one()
    assert len(placed()) == len(set(placed()))


def placed() -> list[str]:
    carrier = lines.carrier("puppet")
    keys: list[str] = getattr(carrier, "placed")  # noqa: B009 - the puppet's own
    return keys


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_an_answer_races_with_the_end_of_the_offer_and_with_who_calls_off(
    rows: Exchange, round_: int
) -> None:
    """Whoever wins, the call is dialled for its desk, or waits in its place, or has ended; once, and nothing hangs."""
    (desk,) = taken_seats(1, START, mode=Desk.Mode.PREVIEW)
    call = rows.booked()
    exchange.turn(now=START)
    ends = START + OFFER
    at_once(
        lambda: desks.accept(desk_id=desk.pk, call_id=call.pk, now=ends - timedelta(seconds=1)),
        lambda: desks.accept(desk_id=desk.pk, call_id=call.pk, now=ends - timedelta(seconds=1)),
        lambda: desks.release_lapsed(now=ends),
        lambda: calls.call_off([call.pk], now=ends) if round_ % 2 else exchange.turn(now=ends),
        lambda: desks.heartbeat(desk_id=desk.pk, now=ends),
    )
    desks.release_lapsed(now=ends)
    all_is_one_to_one()
    found = Call.objects.get(pk=call.pk)
    assert placed() == ([str(call.key)] if found.dialled_at else [])
    assert found.status in (CallStatus.BOOKED, CallStatus.DIALLING, CallStatus.ENDED)


def test_news_that_waits_for_a_desk_is_heard_at_the_desk_of_the_colleague_who_takes_over(
    rows: Exchange,
) -> None:
    """Locked after the call, the colleague's desk would be asked for by who holds the call, and the call by who holds
    that desk."""
    first, heir = taken_seats(2, START, state=Desk.State.TALKING, ready_since=None)
    call = rows.on_line(trunk=Trunk.objects.get())
    Call.objects.filter(pk=call.pk).update(status=CallStatus.TALKING, desk=first, answered_at=START)
    plain = {
        "call": call,
        "state": Leg.State.TALKING,
        "begun_at": START,
        "due_at": START,
        "answered_at": START,
    }
    leading = Leg.objects.create(**plain, desk=first, role=Leg.Role.DESK)
    Leg.objects.create(**plain, desk=heir, role=Leg.Role.COLLEAGUE)
    over = Update(str(call.key), CallStatus.ENDED, CallResult.ANSWERED)
    taken_over = threading.Event()

    def take_over() -> None:
        with transaction.atomic():
            attendance.hear(LegNews(str(leading.key), LegState.ENDED), now=START)
            taken_over.set()
            until_somebody_waits()

    def end() -> None:
        taken_over.wait(10)
        calls.hear(over, now=START)

    at_once(take_over, end)
    found = Call.objects.get(pk=call.pk)
    assert (found.desk, found.status) == (heir, CallStatus.ENDED)
    all_is_one_to_one()
