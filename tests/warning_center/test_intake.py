"""Directives that come at once: one person makes one case, one reference is stored once, nobody gets an error."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from pytest_django import Settings

from dispatch.identity import check_digit
from dispatch.models import Case, Sum, Target
from dispatch.vocabulary import Disposition, Tier
from dispatch.workflow import turn
from telephony import clock
from tests import factories, senders
from tests.factories import START, Centre
from tests.races import until_somebody_waits
from tests.senders import Sender, row
from warning_center.models import Directive

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 3
ID_NUMBER = "44090419780315001" + check_digit("44090419780315001")
OTHER_ID = "44090419780315002" + check_digit("44090419780315002")


@pytest.fixture
def at(transactional_db: None, settings: Settings) -> Centre:
    assert connection.vendor == "postgresql"
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START)
    return factories.centre()


@pytest.fixture
def source(at: Centre) -> Sender:
    return senders.sender(at)


def at_once(*doings: Callable[[], Any]) -> list[Any]:
    """Do these in threads of their own, each with its own connection, all let go at the same moment."""
    gate = threading.Barrier(len(doings))

    def do(doing: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            gate.wait(timeout=30)
            return doing()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(doings)) as threads:
        return [done.result(timeout=60) for done in [threads.submit(do, doing) for doing in doings]]


def test_the_same_directive_posted_at_once_is_stored_once(source: Sender) -> None:
    for n in range(ROUNDS):
        one = row(f"A-{n}", phone=f"1900000{n:04d}", amount=100)
        answers = at_once(*[lambda one=one: source.post(one)] * 4)
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
        assert len({answer.json()["case"] for answer in answers}) == 1
    assert Directive.objects.count() == Case.objects.count() == Sum.objects.count() == ROUNDS


def test_one_reference_with_two_contents_at_once_is_one_case_and_one_conflict(source: Sender) -> None:
    for n in range(ROUNDS):
        answers = at_once(
            lambda n=n: source.post(row(f"A-{n}", phone=f"1900000{n:04d}")),  # type: ignore[misc]
            lambda n=n: source.post(row(f"A-{n}", phone=f"1900001{n:04d}")),  # type: ignore[misc]
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert Directive.objects.count() == Case.objects.count() == ROUNDS


def test_two_directives_for_a_new_phone_at_once_make_one_case(source: Sender) -> None:
    for n in range(ROUNDS):
        phone = f"1900000{n:04d}"
        answers = at_once(
            *[lambda k=k, n=n, phone=phone: source.post(row(f"A-{n}-{k}", phone=phone)) for k in range(4)]
        )
        assert sorted(answer.json()["answer"] for answer in answers) == [
            "accepted",
            "joined",
            "joined",
            "joined",
        ]
        assert len({answer.json()["case"] for answer in answers}) == 1
    assert Case.objects.count() == Target.objects.count() == ROUNDS


def test_two_directives_for_one_id_number_at_once_make_one_case(source: Sender) -> None:
    answers = at_once(
        lambda: source.post(row("A-1", phone="19000000001", id_number=ID_NUMBER)),
        lambda: source.post(row("A-2", phone="19000000002", id_number=ID_NUMBER)),
        lambda: source.post(row("A-3", phone=None, id_number=ID_NUMBER)),
    )
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert Case.objects.get().target.numbers.count() == 2


def test_a_phone_and_its_owner_at_once_make_one_case(source: Sender) -> None:
    for n in range(ROUNDS):
        first = f"4409041978031{n:04d}"
        owner = first + check_digit(first)
        at_once(
            lambda n=n: source.post(row(f"A-{n}", phone=f"1900000{n:04d}")),  # type: ignore[misc]
            lambda n=n, owner=owner: source.post(  # type: ignore[misc]
                row(f"B-{n}", phone=f"1900000{n:04d}", id_number=owner)
            ),
        )
    assert Case.objects.open().count() == ROUNDS


def test_two_strangers_who_turn_out_to_be_one_person_keep_one_open_case(source: Sender) -> None:
    source.post(row("A-1", phone="19000000001"))
    source.post(row("A-2", phone="19000000002"))
    answers = at_once(
        lambda: source.post(row("A-3", phone="19000000001", id_number=ID_NUMBER)),
        lambda: source.post(row("A-4", phone="19000000002", id_number=ID_NUMBER)),
    )
    assert [answer.status_code for answer in answers] == [201, 201]
    assert Case.objects.open().count() == 1


def test_two_people_on_one_phone_have_two_cases(source: Sender) -> None:
    at_once(
        lambda: source.post(row("A-1", id_number=ID_NUMBER)),
        lambda: source.post(row("A-2", id_number=OTHER_ID)),
    )
    assert Case.objects.open().count() == 2


def test_batches_with_the_same_people_in_another_order_do_not_stop_each_other(source: Sender) -> None:
    phones = [f"1900000{n:04d}" for n in range(20)]
    forth = [row(f"A-{n}", phone=phone) for n, phone in enumerate(phones)]
    back = [row(f"B-{n}", phone=phone) for n, phone in enumerate(phones)][::-1]
    answers = at_once(lambda: source.batch(forth), lambda: source.batch(back))
    assert [answer.json()["summary"]["refused"] for answer in answers] == [0, 0]
    assert Case.objects.count() == len(phones)


def test_directives_and_the_engines_turn_do_not_stop_each_other(source: Sender) -> None:
    phones = [f"1900000{n:04d}" for n in range(15)]
    source.batch([row(f"A-{n}", phone=phone, level="critical") for n, phone in enumerate(phones)])

    def engine() -> int:
        moved = 0
        for minute in range(1, 40):
            moved += turn.advance_due(now=START + timedelta(minutes=minute))
        return moved

    def more() -> Any:
        return source.batch([row(f"B-{n}", phone=phone) for n, phone in enumerate(phones)])

    moved, answer = at_once(engine, more)
    assert moved > 0
    assert answer.json()["summary"]["joined"] == len(phones)


def test_a_turn_may_name_the_person_while_a_directive_about_them_waits_for_the_case(source: Sender) -> None:
    """Else the two would wait for each other: the turn holds the case, the directive the phone and the person."""
    source.post(row())
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic(), connection.cursor() as cursor:
            case = Case.objects.select_for_update(of=("self",)).get()
            waiting = threads.submit(_and_close, lambda: source.post(row("A-2")))
            until_somebody_waits()
            cursor.execute("SELECT 1 FROM dispatch_phonenumber FOR KEY SHARE NOWAIT")  # as a foreign key does
            cursor.execute(
                "SELECT 1 FROM dispatch_target WHERE id = %s FOR KEY SHARE NOWAIT", [case.target_id]
            )
        assert waiting.result(timeout=30).json()["answer"] == "joined"


def _and_close(doing: Callable[[], Any]) -> Any:
    try:
        return doing()
    finally:
        connections.close_all()


def test_a_relapse_told_twice_at_once_opens_one_case(source: Sender) -> None:
    source.post(row())
    factories.judged(Case.objects.get(), Disposition.PERSUADED, Tier.VOICE, now=START + timedelta(minutes=1))
    later = clock.moving.forward(timedelta(hours=1)).isoformat()
    answers = at_once(
        lambda: source.post(row("A-2", issued_at=later)),
        lambda: source.post(row("A-3", issued_at=later)),
    )
    assert sorted(answer.json()["answer"] for answer in answers) == ["accepted", "joined"]
    assert Case.objects.count() == 2
