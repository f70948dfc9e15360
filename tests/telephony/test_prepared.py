"""Prepared reads answer as their querysets do, whatever is asked, and refuse what they cannot bind."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from telephony.carrier import CallKind, CallResult, CallStatus
from telephony.models import Call, Trunk
from telephony.prepared import prepared
from telephony.writeback import insert

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _calls(many: int) -> list[Call]:
    trunk = Trunk.objects.create(name="one", carrier="simulated", concurrent=5, per_second=5, filled_at=NOON)
    return [
        Call.objects.create(
            number=f"1900000{n:04d}",
            kind=CallKind.VOICE,
            status=CallStatus.ENDED,
            result=CallResult.BUSY if n % 2 else CallResult.ANSWERED,
            rank_at=NOON + timedelta(minutes=n),
            booked_for=NOON + timedelta(minutes=n),
            until=NOON + timedelta(hours=1),
            ended_at=NOON + timedelta(minutes=n, microseconds=n),
            trunk=trunk,
        )
        for n in range(many)
    ]


@prepared
def _of_keys(keys: Collection[UUID], since: datetime, result: str) -> QuerySet[Call]:
    calls = Call.objects.filter(key__in=keys, ended_at__gte=since, result=result)
    return calls.select_related("trunk").defer("number").order_by("pk")


@prepared
def _first_of(result: str, most: int) -> QuerySet[Call, tuple[int, datetime | None]]:
    return Call.objects.filter(result=result).order_by("pk").values_list("pk", "ended_at")[:most]


@prepared
def _locked(pk: int) -> QuerySet[Call]:
    return Call.objects.filter(pk=pk).select_for_update()


@pytest.mark.django_db
def test_a_prepared_read_finds_what_its_queryset_finds() -> None:
    calls = _calls(9)
    for many in (1, 2, 3, 5, 8, 9, 4, 7, 1):
        for since in (NOON, NOON + timedelta(minutes=3)):
            for result in (CallResult.BUSY, CallResult.ANSWERED):
                keys = [call.key for call in calls[:many]]
                expected = [
                    c.pk for c in calls[:many] if c.result == result and c.ended_at and c.ended_at >= since
                ]
                found = _of_keys(keys, since, result)
                assert [call.pk for call in found] == expected
                assert [call.ended_at for call in found] == [c.ended_at for c in calls if c.pk in expected]


@pytest.mark.django_db
def test_rows_come_with_what_was_selected_and_without_what_was_deferred() -> None:
    call = _calls(1)[0]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        (found,) = _of_keys([call.key], NOON, CallResult.ANSWERED)
        assert found.trunk is not None
        assert found.trunk.name == "one"
    assert len(asked) == 1
    assert found.get_deferred_fields() == {"number"}
    assert found.number == call.number


@pytest.mark.django_db
def test_an_instance_is_the_orms_in_every_field() -> None:
    def build(pks: Collection[int]) -> QuerySet[Call]:
        calls = Call.objects.filter(pk__in=pks).select_related("trunk", "desk").defer("number")
        return calls.annotate(twice=F("asked") * 2).order_by("pk")

    pks = [call.pk for call in _calls(3)]
    ours, theirs = prepared(build)(pks), list(build(pks))
    assert len(ours) == 3
    for our, their in zip(ours, theirs, strict=True):
        assert _plainly(our) == _plainly(their)
        assert our._state.db == their._state.db
        assert not our._state.adding
        assert our.trunk is not None
        assert our.trunk.name == "one"
        assert our.desk is None


def _plainly(call: Call) -> dict[str, object]:
    return {name: value for name, value in vars(call).items() if name != "_state"}


@pytest.mark.django_db
def test_only_instances_and_values_are_given() -> None:
    @prepared
    def as_dicts(pk: int) -> QuerySet[Call, Any]:
        return Call.objects.filter(pk=pk).values("pk")

    @prepared
    def sorted_by_another(pk: int) -> QuerySet[Call, tuple[int]]:
        return Call.objects.filter(pk=pk).order_by("rank_at").values_list("asked").distinct()

    for read in (as_dicts, sorted_by_another):
        with pytest.raises(RuntimeError, match="neither instances nor values"):
            read(1)


@pytest.mark.django_db
def test_another_limit_is_another_statement() -> None:
    _calls(9)
    for most in (1, 3, 2, 3):
        assert len(_first_of(CallResult.BUSY, most)) == most
    pk, at = _first_of.first(CallResult.BUSY, 1) or (0, None)
    assert Call.objects.get(pk=pk).ended_at == at


@pytest.mark.django_db
def test_nothing_is_asked_about_nobody() -> None:
    with CaptureQueriesContext(connection) as asked:
        assert _of_keys([], NOON, CallResult.BUSY) == []
    assert not asked.captured_queries


@pytest.mark.django_db
def test_what_is_not_there_is_none_or_refused() -> None:
    assert _first_of.first(CallResult.MACHINE, 1) is None
    for pk in (0, 2**64):
        with pytest.raises(Call.DoesNotExist):
            _locked.get(pk)


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_inside_a_transaction_only() -> None:
    with transaction.atomic():
        assert _locked(1) == []
    with pytest.raises(transaction.TransactionManagementError):
        _locked(1)


@pytest.mark.django_db
def test_a_builder_that_computes_with_its_arguments_is_refused() -> None:
    @prepared
    def earlier(at: datetime) -> QuerySet[Call]:
        return Call.objects.filter(ended_at__gte=at - timedelta(days=1))

    @prepared
    def begins(text: str) -> QuerySet[Call]:
        return Call.objects.filter(external_id__startswith=text)

    with pytest.raises(RuntimeError, match="computed"):
        earlier(NOON)
    with pytest.raises(RuntimeError, match="computed"):
        begins("CA")


@pytest.mark.django_db
def test_what_cannot_be_bound_is_refused() -> None:
    with pytest.raises(TypeError, match=r"1\.5"):
        _locked(Decimal("1.5"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="None"):
        _locked(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="by position"):
        _locked(pk=1)


@pytest.mark.django_db
def test_the_same_value_may_stand_in_several_places() -> None:
    calls = _calls(4)

    @prepared
    def touching(pks: Collection[int], at: datetime) -> QuerySet[Call, int]:
        mine = Call.objects.filter(pk__in=pks, ended_at__lte=at)
        others = Call.objects.filter(pk__in=pks, ended_at__gt=at).annotate(n=F("asked"))
        return mine.values_list("pk", flat=True).union(others.values_list("pk", flat=True))

    pks = [call.pk for call in calls]
    for at in (NOON, NOON + timedelta(hours=2)):
        assert sorted(touching(pks[:3], at)) == pks[:3]


@given(st.lists(st.uuids(), max_size=20))
@pytest.mark.django_db
def test_however_many_are_asked_about_nobody_else_is_found(strangers: list[UUID]) -> None:
    call = Call.objects.first() or _calls(1)[0]
    found = _of_keys([*strangers, call.key], NOON, CallResult.ANSWERED)
    assert [each.pk for each in found] == [call.pk]


@pytest.mark.django_db
def test_new_rows_learn_their_ids_and_those_of_the_rows_they_name() -> None:
    trunk = Trunk(name="new", carrier="simulated", concurrent=5, per_second=5, filled_at=NOON)
    made = [
        Call(
            key=uuid4(), number=f"1900001{n:04d}", number_index=f"i{n}", kind=CallKind.VOICE, trunk=trunk,
            rank_at=NOON, booked_for=NOON, until=NOON, due_at=NOON,
        )
        for n in range(3)
    ]  # fmt: skip
    insert([trunk])
    insert(made)
    assert [Call.objects.get(key=call.key).pk for call in made] == [call.pk for call in made]
    assert set(Call.objects.values_list("trunk__name", flat=True)) == {"new"}
    made[0].status = CallStatus.ENDED
    insert([])
