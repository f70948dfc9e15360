"""What the database itself refuses: each promise once, on the real PostgreSQL."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from dispatch.models import (
    Area,
    Assessment,
    Attempt,
    Badge,
    Case,
    DeviceToken,
    Event,
    Merge,
    News,
    Operator,
    Order,
    Photo,
    PolicyVersion,
    Proposal,
    RefreshToken,
    Shift,
    Sum,
    TargetNumber,
    Unit,
    User,
    Written,
)
from dispatch.models.event import RecordIsAppendOnlyError
from dispatch.vocabulary import Level, Money, NewsKind, OrderState, Outcome, ShiftKind, State, Tier
from telephony import calls
from telephony.models import Call, Desk, Leg, Link, Text, Trunk
from tests import factories
from tests.factories import START
from warning_center.models import Cell, Directive, Factor, Happening, Pulse, Report, SavedView

pytestmark = pytest.mark.django_db

Breaks = Callable[[Case], Any]


def _again(row: Any, **changed: Any) -> Any:
    """The same row once more."""
    for name, value in {"pk": None, **changed}.items():
        setattr(row, name, value)
    row._state.adding = True
    return type(row).objects.bulk_create([row])


def _live(case: Case) -> Attempt:
    return factories.live(case, Tier.VOICE)


def _call(case: Case) -> Call:
    call = _live(case).call
    assert call is not None
    return call


def _shift(**given: Any) -> Any:
    hours = {"begins": time(8), "ends": time(20), **given}
    return Shift.objects.create(unit=Unit.objects.all()[0], **hours)


def _area(**given: Any) -> Any:
    return Area.objects.create(unit=Unit.objects.all()[0], **given)


def _two_on_line(case: Case) -> Any:
    call = _call(case)
    Call.objects.filter(pk=call.pk).update(status="dialling")
    return _again(Call.objects.get(pk=call.pk), key="00000000-0000-0000-0000-000000000002")


def _same_external_id(case: Case) -> Any:
    trunk = Trunk.objects.get()
    Call.objects.update(trunk=trunk, external_id="x")
    return _again(_call(case), key="00000000-0000-0000-0000-000000000003", external_id="x", trunk=trunk)


def _leg(case: Case, **changed: Any) -> Leg:
    row = {"role": "desk", "begun_at": START, "due_at": START, **changed}
    return Leg.objects.create(call=_call(case), desk=Desk.objects.all()[0], **row)


def _link(case: Case, **changed: Any) -> Link:
    text = Text.objects.create(number="+8619000000001", body="", due_at=START)
    row = {"secret_hash": "0", "written_at": START, "expires_at": START, "due_at": START, **changed}
    return Link.objects.create(call=_call(case), text=text, **row)


def _two_of_one_desk(case: Case) -> Any:
    call = _call(case)
    Call.objects.filter(pk=call.pk).update(desk=Desk.objects.first())
    other = {"key": "00000000-0000-0000-0000-000000000004", "number_index": "another"}
    return _again(Call.objects.get(pk=call.pk), **other)


def _order(case: Case) -> Order:
    return Order.objects.create(case=case, drafted_at=START, due_at=START + timedelta(minutes=30))


def _proposal(case: Case, **given: Any) -> Proposal:
    return Proposal.objects.create(case=case, to="a", why="b", by=_user(), at=case.opened_at, **given)


def _user() -> User:
    return User.objects.get_or_create(username="nobody")[0]


def _refresh(**changed: Any) -> RefreshToken:
    row = {
        "digest": "x",
        "family": UUID(int=1),
        "created_at": START,
        "expires_at": START + timedelta(hours=1),
    }
    return RefreshToken.objects.create(user=_user(), **{**row, **changed})


def _news(case: Case, **changed: Any) -> News:
    (unit, *_others) = Unit.objects.all()
    return News.objects.create(unit=unit, attempt=_live(case), kind=NewsKind.SENT, at=START, **changed)


def _written(case: Case) -> Written:
    row = {
        "key": "k",
        "step": "note",
        "digest": "x",
        "saw": 0,
        "at": START,
        "received_at": START,
        "status": 200,
    }
    return Written.objects.create(user=_user(), attempt=_live(case), **row)


def _photo(case: Case, **changed: Any) -> Photo:
    row = {"file": "x", "digest": "x", "width": 1, "height": 1, "size": 1, "at": START, **changed}
    return Photo.objects.create(attempt=_live(case), by=_user(), **row)


def _close(outcome: Outcome, **given: Any) -> Any:
    return Case.objects.update(
        **{"state": State.CLOSED, "outcome": outcome, "due_at": None, "closed_at": START, **given}
    )


BREAKS: dict[str, Breaks] = {
    "dispatch_case_open_has_due_at": lambda case: Case.objects.update(due_at=None),
    "dispatch_case_one_open_per_target": lambda case: _again(Case.objects.get(pk=case.pk)),
    "dispatch_case_verified_was_agreed": lambda case: _close(
        Outcome.VERIFIED, agreed_at=START, verified_at=START - timedelta(seconds=1)
    ),
    "dispatch_case_unconfirmed_was_agreed": lambda case: _close(Outcome.UNCONFIRMED),
    "dispatch_case_judged_was_reached": lambda case: _close(Outcome.FALSE_ALARM),
    "dispatch_case_reserved_names_who": lambda case: Case.objects.update(held_until=START),
    "dispatch_case_void_and_handed_over_name_who": lambda case: _close(Outcome.VOID),
    "dispatch_case_duplicate_names_the_kept": lambda case: _close(Outcome.DUPLICATE),
    "dispatch_proposal_one_undecided_per_case": lambda case: [_proposal(case) for _ in range(2)],
    "dispatch_proposal_decided_names_who": lambda case: _proposal(case, accepted=True),
    "dispatch_merge_undone_names_who": lambda case: Merge.objects.create(
        other=case, person=case.target, at=START, undone_at=START
    ),
    "dispatch_operator_moved_names_who_and_why": lambda case: Operator.objects.create(
        user=User.objects.create(username="moved"), desk=Desk.objects.all()[0], moved="paused"
    ),
    "dispatch_attempt_live_has_due_at": lambda case: Attempt.objects.update(due_at=None),
    "dispatch_attempt_one_live_per_case_and_tier": lambda case: _again(_live(case), call=None),
    "dispatch_attempt_judged_has_disposition": lambda case: Attempt.objects.update(judged_at=START),
    "dispatch_assessment_score_is_0_to_100": lambda case: Assessment.objects.update(score=101),
    "dispatch_sum_is_not_negative": lambda case: Sum.objects.create(
        case=case, kind=Money.LOST, amount=-1, at=START, said_by="nobody"
    ),
    "dispatch_order_open_has_not_ended": lambda case: Order.objects.filter(pk=_order(case).pk).update(
        state=OrderState.ANSWERED
    ),
    "dispatch_order_one_open_per_case_and_kind": lambda case: (_order(case), _order(case)),
    "dispatch_devicetoken_expires": lambda case: DeviceToken.objects.create(
        user=User.objects.create(username="nobody"), digest="x", created_at=START, expires_at=START
    ),
    "dispatch_refreshtoken_expires": lambda case: _refresh(expires_at=START),
    "dispatch_refreshtoken_used_names_renewal": lambda case: _refresh(used_at=START),
    "dispatch_news_seen_names_who": lambda case: _news(case, seen_at=START),
    "dispatch_news_seen_is_due_no_more": lambda case: _news(
        case, seen_at=START, seen_by=_user(), due_at=START
    ),
    "dispatch_written_once_a_key": lambda case: (_written(case), _written(case)),
    "dispatch_photo_kept_once": lambda case: (_photo(case, file="a"), _photo(case, file="b")),
    "dispatch_photo_is_no_empty_file": lambda case: _photo(case, size=0),
    "dispatch_policyversion_is_one": lambda case: _again(PolicyVersion.objects.first()),
    "dispatch_targetnumber_known_once": lambda case: _again(TargetNumber.objects.get()),
    "dispatch_unit_name_is_one_units": lambda case: _again(
        Unit.objects.exclude(parent=None).first(), path="9/9/"
    ),
    "dispatch_unit_code_is_one_units": lambda case: Unit.objects.update(code="S1"),
    "dispatch_shift_hours_are_whole": lambda case: _shift(ends=None),
    "dispatch_shift_regular_has_hours": lambda case: _shift(begins=None, ends=None),
    "dispatch_shift_others_have_dates": lambda case: _shift(kind=ShiftKind.HOLIDAY),
    "dispatch_shift_stand_in_has_no_hours": lambda case: _shift(
        kind=ShiftKind.STAND_IN, since=START.date(), until=START.date(), instead_of="甲"
    ),
    "dispatch_shift_ends_after_it_begins": lambda case: _shift(
        since=START.date(), until=START.date() - timedelta(days=1)
    ),
    "dispatch_area_is_a_code_or_an_outline": lambda case: _area(code=""),
    "dispatch_area_code_once_a_unit": lambda case: [_area(code="440904") for _ in range(2)],
    "dispatch_unit_station_has_a_place": lambda case: Unit.objects.update(lat=None),
    "telephony_call_live_has_due_at": lambda case: Call.objects.update(due_at=None),
    "telephony_call_rank_is_not_behind": lambda case: Call.objects.update(rank_at=F("until")),
    "telephony_call_one_live_per_number": _two_on_line,
    "telephony_call_one_live_per_desk": _two_of_one_desk,
    "telephony_call_announced_needs_no_desk": lambda case: Call.objects.update(
        mode="announce", needs="video"
    ),
    "telephony_desk_here_has_lease": lambda case: Desk.objects.update(lease_until=None),
    "telephony_desk_pause_has_reason": lambda case: Desk.objects.update(state="paused"),
    "telephony_desk_wrapping_has_limit": lambda case: Desk.objects.update(state="wrapping"),
    "telephony_desk_ready_has_its_turn": lambda case: Desk.objects.update(ready_since=None),
    "telephony_desk_leaves_after_a_call": lambda case: Desk.objects.update(after="away"),
    "telephony_desk_who_owes_is_not_ready": lambda case: Desk.objects.update(owes=1),
    "telephony_call_external_id_is_one_calls": _same_external_id,
    "telephony_text_queued_has_due_at": lambda case: Text.objects.update(due_at=None),
    "telephony_trunk_can_carry": lambda case: Trunk.objects.update(concurrent=0),
    "warning_center_factor_enrolled_has_secret": lambda case: Factor.objects.create(
        user=User.objects.create_user("lin"), confirmed_at=case.opened_at
    ),
    "warning_center_directive_reference_is_one_sources": lambda case: _again(Directive.objects.get()),
    "warning_center_pulse_is_one_hosts": lambda case: _again(
        Pulse.objects.create(name="tick", host="a", at=case.opened_at, kept_at=case.opened_at)
    ),
    "warning_center_report_is_made_once": lambda case: _again(
        Report.objects.create(
            kind="daily",
            unit=Unit.objects.earliest("pk"),
            since=case.opened_at,
            until=case.opened_at,
            made_at=case.opened_at,
            paper=b"",
        )
    ),
    "warning_center_savedview_name_is_one_users": lambda case: _again(
        SavedView.objects.create(user=User.objects.create(username="chief"), name="mine")
    ),
    "telephony_leg_one_live_per_desk": lambda case: [_leg(case), _leg(case)],
    "telephony_leg_live_has_due_at": lambda case: _leg(case, due_at=None),
    "telephony_leg_only_supervisors_listen": lambda case: _leg(case, way="listen"),
    "telephony_link_live_has_due_at": lambda case: _link(case, due_at=None),
    "telephony_link_opened_has_its_moment": lambda case: _link(case, state="opened"),
    "telephony_trunk_carries_something": lambda case: Trunk.objects.update(carries=""),
    "dispatch_badge_number_is_one_persons": lambda case: _again(
        Badge.objects.create(user=User.objects.create(username="officer"), number="1"),
        user=User.objects.create(username="other"),
    ),
    "warning_center_happening_is_one": lambda case: _again(
        Happening.objects.create(case=case, root=case.pk, day=case.opened_at.date(), level=case.level)
    ),
    "warning_center_cell_is_one": lambda case: _again(
        Cell.objects.create(node=1, day=case.opened_at.date(), profile="1 open   ", n=1, total=0)
    ),
}


@pytest.fixture
def case() -> Case:
    return factories.directive(factories.centre(), "D-1", level=Level.HIGH, number="1")


ENDINGS = [
    ("dispatch_case_verified_was_agreed", {"outcome": Outcome.VERIFIED}),
    ("dispatch_case_verified_was_agreed", {"outcome": Outcome.VERIFIED, "agreed_at": START}),
    ("dispatch_case_verified_was_agreed", {"outcome": Outcome.VERIFIED, "verified_at": START}),
    ("dispatch_case_judged_was_reached", {"outcome": Outcome.NOT_PERSUADED}),
    ("dispatch_case_void_and_handed_over_name_who", {"outcome": Outcome.HANDED_OVER}),
]


@pytest.mark.parametrize(("promise", "row"), ENDINGS)
def test_the_database_refuses_an_ending_that_the_case_does_not_bear_out(
    case: Case, promise: str, row: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match=promise), transaction.atomic():
        _close(**row)


@pytest.mark.parametrize("promise", BREAKS)
def test_the_database_keeps_the_promise(case: Case, promise: str) -> None:
    with pytest.raises(IntegrityError, match=promise), transaction.atomic():
        BREAKS[promise](case)


DESKS: list[tuple[str, dict[str, Any]]] = [
    ("telephony_desk_here_has_lease", {"state": "away"}),
    ("telephony_desk_pause_has_reason", {"reason": "lunch"}),
    ("telephony_desk_pause_has_reason", {"state": "talking", "after": "paused"}),
    ("telephony_desk_wrapping_has_limit", {"wrap_until": START}),
    ("telephony_desk_ready_has_its_turn", {"state": "offered", "ready_since": None}),
    ("telephony_desk_leaves_after_a_call", {"state": "talking", "after": "ready"}),
]


@pytest.mark.parametrize(("promise", "row"), DESKS)
def test_the_database_refuses_a_desk_whose_row_contradicts_itself(
    case: Case, promise: str, row: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match=promise), transaction.atomic():
        Desk.objects.update(**row)


def test_a_call_that_has_ended_keeps_its_desk_and_the_desk_may_have_another(case: Case) -> None:
    call, desk = _call(case), Desk.objects.first()
    calls.call_off([call.pk], now=START)
    Call.objects.filter(pk=call.pk).update(desk=desk)
    other: dict[str, Any] = {"key": "00000000-0000-0000-0000-000000000005", "number_index": "another"}
    booked: dict[str, Any] = {"status": "booked", "result": "", "due_at": START, "ended_at": None}
    _again(Call.objects.get(pk=call.pk), **other, **booked)
    assert Call.objects.filter(desk=desk).count() == 2


def test_every_promise_of_our_models_is_tried() -> None:
    promised = {
        constraint.name
        for model in apps.get_models()
        if model._meta.app_label in ("telephony", "dispatch", "warning_center")
        for constraint in model._meta.constraints
    }
    assert promised == BREAKS.keys()


def test_a_line_of_the_record_is_never_changed(case: Case) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        super(type(Event.objects.all()), Event.objects.all()).update(verb=F("verb"))
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM dispatch_event")
    with pytest.raises(RecordIsAppendOnlyError):
        Event.objects.update(verb="other")
    with pytest.raises(RecordIsAppendOnlyError):
        Event.objects.all().delete()
    with pytest.raises(RecordIsAppendOnlyError):
        Event.objects.all()[0].save()


def test_an_evidence_row_is_never_deleted(case: Case) -> None:
    with pytest.raises(Exception, match="protected foreign keys"):
        case.delete()
