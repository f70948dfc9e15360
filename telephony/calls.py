"""The life of a call: booked, dialled, heard of, asked after, ended."""

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from telephony import clock, health, lines, numbers, pace, sockets
from telephony.carrier import CallKind, CallResult, CallStatus, CarrierError, Update
from telephony.models import Call, Desk, Trunk
from telephony.prepared import prepared
from telephony.signals import call_moved
from telephony.writeback import insert, write_back

logger = logging.getLogger(__name__)

SILENCE = timedelta(seconds=90)  # no news for so long: the carrier is asked. Well above its HTTP time-out
ASKED_IN_VAIN = 3  # so many times the carrier gave no answer: the outcome stays unknown
NOT_KNOWN = 2  # so many times the carrier knew no such call: then none was placed. Once is not enough: the
# asking may have overtaken a slow placing, or the carrier's list may lag.

# Whatever the carrier says, no call waits or rings longer: it is asked to cut it much sooner.
RINGS = timedelta(hours=1)
LONGEST = timedelta(minutes=31)  # no talk lasts longer: carriers are asked to cut it after half an hour

PUT_DOWN = "put_down"  # in the evidence: the desk at which the talk was ended

_HEARD = (
    "status",
    "result",
    "due_at",
    "answered_at",
    "ended_at",
    "external_id",
    "asked",
    "evidence",
    "placed_at",
    "unknown",
)

# Calls that never reached the number do not count against its cap.
NEVER_RANG = (CallResult.CONGESTION, CallResult.FAILED_HERE, CallResult.NOT_PLACED, CallResult.CANCELLED)


def booking(
    *,
    number: str,
    kind: CallKind,
    at: datetime,
    until: datetime,
    head_start: timedelta,
    mode: str = "",
    tag: str = "",
    needs: Collection[str] = (),
    area: str = "",
    prefers: int | None = None,
    avoid: Sequence[int] = (),
    route: str = "",
) -> Call:
    """A call that may begin at `at` and is dialled before `until` or not at all. Not saved: see `book`.

    `head_start` puts it that much further to the front of the queue; `avoid` are ids of trunks that have
    just failed its forerunner; `route` is PAGE for a video call that must go by the page. Of a call that an
    operator leads (no `mode`), `needs` are tags its desk must have and `area` is the part of the centre it must
    serve; `prefers`, the id of its forerunner's desk, and `tag` are wishes. Raises ValueError for needs of a call
    that no operator leads.
    """
    if mode and needs:
        raise ValueError("a call that no operator leads needs nothing of a desk")
    call = Call(
        number=number,
        number_index=numbers.index(number),
        kind=kind,
        mode=mode,
        tag=tag,
        needs=" ".join(sorted(set(needs))),
        area=area,
        prefers_id=None if mode else prefers,
        avoid=list(avoid),
        route=route,
        booked_for=at,
        until=until,
        due_at=at,
    )
    call.rank(head_start)
    return call


def book(bookings: Sequence[Call]) -> None:
    """Save bookings, all in one statement."""
    insert(bookings)


@transaction.atomic(savepoint=False)
def call_off(ids: Collection[int], *, now: datetime) -> int:
    """Take booked calls back; how many. One that is being dialled this moment is left alone.

    No signal: who calls off knows. A locked row is being dialled, so it is skipped, not waited for.
    """
    booked = Call.objects.filter(pk__in=ids, status=CallStatus.BOOKED).select_for_update(skip_locked=True)
    return Call.objects.filter(pk__in=booked.values("pk"), status=CallStatus.BOOKED).update(
        status=CallStatus.ENDED, result=CallResult.CANCELLED, ended_at=now, due_at=None
    )


@transaction.atomic(savepoint=False)
def move(ids: Collection[int], area: str) -> None:
    """Booked calls belong to another part of the centre from here on. One that is being dialled is left alone."""
    booked = Call.objects.filter(pk__in=ids, status=CallStatus.BOOKED).select_for_update(skip_locked=True)
    Call.objects.filter(pk__in=booked.values("pk"), status=CallStatus.BOOKED).update(area=area)


@transaction.atomic
def hurry(ids: Collection[int], head_start: timedelta) -> None:
    """Give booked calls another head start: a case has been raised."""
    booked = list(
        Call.objects.filter(pk__in=ids, status=CallStatus.BOOKED).select_for_update(skip_locked=True)
    )
    for call in booked:
        call.rank(head_start)
    write_back(booked, ["rank_at"])


def rung_since(indexes: Iterable[str], since: datetime) -> dict[str, dict[int, datetime]]:
    """When each of these numbers (keyed indexes) has been rung since `since`, or will be, by the id of the call.

    Whoever it is for: two people may have one telephone.
    """
    rung: dict[str, dict[int, datetime]] = {}
    for pk, number_index, dialled_at, booked_for in _rung(list(indexes), since):
        rung.setdefault(number_index, {})[pk] = dialled_at or booked_for
    return rung


@prepared
def _rung(
    indexes: Collection[str], since: datetime
) -> QuerySet[Call, tuple[int, str, datetime | None, datetime]]:
    calls = Call.objects.filter(number_index__in=indexes).exclude(result__in=NEVER_RANG)
    rows = calls.filter(Q(dialled_at__gte=since) | Q(status=CallStatus.BOOKED))
    return rows.values_list("pk", "number_index", "dialled_at", "booked_for")


def stand_down(call: Call, *, now: datetime) -> None:
    """Take back a call that was to be dialled once this transaction commits: who booked it wants it no more.

    The last moment at which it can be: `call_off` leaves alone what somebody is about to dial.
    """
    call.status, call.result, call.ended_at = CallStatus.ENDED, CallResult.CANCELLED, now
    call.trunk = call.dialled_at = call.due_at = None
    write_back([call], ["status", "result", "ended_at", "trunk", "dialled_at", "due_at"])
    if call.desk is not None:
        call.desk.follow(call, now)
        write_back([call.desk], Desk.MOVES)


def dial(call: Call, *, now: datetime) -> None:
    """Ask the carrier for a call that `connect` has committed as DIALLING. At most once for a call.

    A certain refusal ends it. A doubtful one leaves it: the carrier's news, or asking, will tell.
    `placed_at` is not when it was decided, but by when the carrier had been asked: see `pace.left`.
    One that waited here too long, perhaps so long that the carrier has been asked about it, is not placed any
    more, nor one whose desk has gone meanwhile.
    """
    if call.trunk is None:
        raise ValueError("a call is dialled over a trunk")
    still = _still_to_place.first(call.pk)
    if still is None:
        return
    if still.dropped_at is not None or pace.is_late(still.dialled_at, clock.now()):
        end(
            key=str(call.key), result=CallResult.FAILED_HERE, now=now, evidence={health.NOT_ASKED: "too late"}
        )
        return
    try:
        external_id = lines.carrier(call.trunk.carrier).place(
            still.as_dial(sockets.address_of(still.desk_id))
        )
    except CarrierError as refusal:
        Call.objects.filter(pk=call.pk, placed_at=None).update(placed_at=clock.now())
        if refusal.certain:
            end(key=str(call.key), result=refusal.result, now=now, evidence=refusal.evidence)
        return
    Call.objects.filter(pk=call.pk, external_id="").update(external_id=external_id, placed_at=clock.now())


@prepared
def _still_to_place(pk: int) -> QuerySet[Call]:
    return Call.objects.filter(pk=pk, status=CallStatus.DIALLING, asked=0)


class _TakenOverError(Exception):
    """Another desk has this call than a moment ago."""


def hear(update: Update, *, now: datetime) -> bool:
    """Take one piece of news; whether it changed the call.

    News only ever moves a call forward, so late, doubled and disordered news end the same. After the end
    one thing may still be learned: that what answered was a machine. Its desk does as the call does.

    Desks are locked before calls. Where the call went to another desk in between, a colleague's, both locks are
    given back and taken anew: its desk, asked for now, would be locked after it.
    """
    while True:
        try:
            return _hear(update, now)
        except _TakenOverError:
            continue


@transaction.atomic
def _hear(update: Update, now: datetime) -> bool:
    key = UUID(update.key)
    desk = _desk_of.first(key)
    call = _lock.first(key)
    if call is None or call.status == CallStatus.BOOKED:
        return False
    if call.desk_id is not None and (desk is None or desk.pk != call.desk_id):
        raise _TakenOverError
    if update.seal and any(piece.get("seal") == update.seal for piece in call.evidence):
        return False
    news = {"status": update.status, "result": update.result or "", "heard_at": now.isoformat()}
    sealed = {"seal": update.seal} if update.seal else {}
    call.evidence = [*call.evidence, {**update.evidence, **news, **sealed}]
    call.placed_at, call.unknown = call.placed_at or now, call.unknown or update.unknown
    call.external_id = call.external_id or update.external_id
    was_live = call.is_live
    moved = _move(call, update, now)
    write_back([call], _HEARD)
    if moved and was_live and desk is not None:
        desk.follow(call, now)
        write_back([desk], Desk.MOVES)
    if moved:
        call_moved.send(sender=Call, call=call, now=now)
    if moved and was_live and not call.is_live:
        transaction.on_commit(partial(health.note, call, now))
    left = update.result is CallResult.MACHINE or call.dropped_at is not None
    if left and call.is_live:
        transaction.on_commit(partial(leave, call))
    return moved


@transaction.atomic
def keep(key: str, said: dict[str, object], *, now: datetime) -> None:
    """Keep what a carrier told of a call that moves nothing, a recording's state, say."""
    call = _lock.first(UUID(key))
    if call is not None:
        call.evidence = [*call.evidence, {**said, "heard_at": now.isoformat()}]
        write_back([call], ["evidence"])


@prepared
def _desk_of(key: UUID) -> QuerySet[Desk]:
    """The desk of a call, locked before the call is: that is the order."""
    desks = Desk.objects.filter(call__key=key).defer("address")
    return desks.select_for_update(of=("self",), no_key=True)


@prepared
def _lock(key: UUID) -> QuerySet[Call]:
    found = Call.objects.filter(key=key).select_related("trunk").defer("number")
    return found.select_for_update(of=("self",))


def leave(call: Call) -> None:
    """Hang up on a machine, or before silence answers. If that fails, it is tried again."""
    try:
        hang_up(call)
    except CarrierError as fault:
        logger.warning("could not hang up call %s: %s", call.pk, fault)


def _move(call: Call, update: Update, now: datetime) -> bool:
    if update.status is CallStatus.TALKING:
        known = [call.answered_at, update.at or (now if call.is_live else None)]
        call.answered_at = min((at for at in known if at), default=None)
    if call.status == CallStatus.ENDED:
        if call.result == CallResult.ANSWERED and update.result is CallResult.MACHINE:
            call.result = CallResult.MACHINE
            return True
        return False
    if update.status.rank < CallStatus(call.status).rank:
        return False
    call.asked = 0
    if update.status is CallStatus.ENDED:
        call.status, call.result = CallStatus.ENDED, _result(call, update)
        call.ended_at, call.due_at = update.at or now, None
        return True
    call.status, call.due_at = update.status, now + SILENCE
    if call.dialled_at is not None and call.status != CallStatus.TALKING:
        call.due_at = min(call.due_at, call.dialled_at + RINGS)
    return True  # still ringing, still talking are news too: whoever waits goes on waiting


def _result(call: Call, update: Update) -> CallResult:
    """What the call met. A machine heard while it was up is remembered in the evidence until here.

    With nobody of ours to speak it met nothing: that is our fault, whatever the carrier says.
    """
    if call.dropped_at is not None:
        return CallResult.FAILED_HERE
    result = update.result or CallResult.OUTCOME_UNKNOWN
    machine = any(piece.get("result") == CallResult.MACHINE for piece in call.evidence)
    return CallResult.MACHINE if machine and result is CallResult.ANSWERED else result


def end(*, key: str, result: CallResult, now: datetime, evidence: dict[str, object] | None = None) -> bool:
    """End a call on our own account, if it has not ended."""
    return hear(Update(key, CallStatus.ENDED, result, evidence=evidence or {}), now=now)


def hang_up(call: Call) -> None:
    """Ask the carrier to end a call on the line; its news will say when it has. May raise CarrierError."""
    if call.is_live and call.trunk is not None:
        lines.carrier(call.trunk.carrier).hang_up(call.as_dial())


def tend(*, now: datetime, limit: int = 100) -> int:
    """Ask the carriers about calls they have been silent on; how many were asked about.

    Each asking is claimed first by moving its `due_at`, so that no two workers ask at once.
    """
    asked = 0
    for call in _silent(now, limit):
        try:
            asked += _ask(call, now)
        except Exception:  # one bad call must not keep the others from being asked about
            logger.exception("call %s could not be asked about", call.pk)
    return asked


@prepared
def _silent(now: datetime, most: int) -> QuerySet[Call]:
    # Its number is read when it is asked about: one that no key opens must not keep the others from it.
    return Call.objects.silent(now).select_related("trunk").defer("number")[:most]


def _ask(call: Call, now: datetime) -> bool:
    claim = Call.objects.on_line().filter(pk=call.pk, due_at=call.due_at, asked=call.asked)
    if call.trunk is None or not claim.update(due_at=now + SILENCE, asked=call.asked + 1):
        return False
    key = str(call.key)
    try:
        found = lines.carrier(call.trunk.carrier).find(call.as_dial())
        if found is not None and _is_anothers(found, call.pk, call.trunk.carrier):
            raise CarrierError("that is another call", certain=False, evidence={"found": "another call"})
    except CarrierError as fault:
        if call.asked + 1 >= ASKED_IN_VAIN and not _may_still_talk(call, now):
            end(key=key, result=CallResult.OUTCOME_UNKNOWN, now=now, evidence=fault.evidence)
        return True
    if found is None:
        _forgotten(call, now)
    elif _rings_on(call, found, now):
        leave(call)
        end(key=key, result=CallResult.OUTCOME_UNKNOWN, now=now, evidence={"carrier": "let it ring"})
    else:
        hear(found, now=now)
    return True


def _forgotten(call: Call, now: datetime) -> None:
    """The carrier knows no such call: none was placed; but where somebody had answered, it has lost its memory."""
    if call.answered_at is None:
        if call.asked + 1 >= NOT_KNOWN:
            _end_unknown(call, CallResult.FAILED_HERE, now)
    elif not _may_still_talk(call, now):
        _end_unknown(call, CallResult.OUTCOME_UNKNOWN, now)


def _end_unknown(call: Call, result: CallResult, now: datetime) -> None:
    end(key=str(call.key), result=result, now=now, evidence={"carrier": "knows no such call"})


def _rings_on(call: Call, found: Update, now: datetime) -> bool:
    """Whether the carrier still says so of one that should long have been over."""
    waits = found.status in (CallStatus.DIALLING, CallStatus.RINGING)
    return waits and call.dialled_at is not None and now >= call.dialled_at + RINGS


def _may_still_talk(call: Call, now: datetime) -> bool:
    """Whether somebody answered and may still be there: given up, their number could be rung meanwhile."""
    put_down = any(PUT_DOWN in piece for piece in call.evidence)
    return call.status == CallStatus.TALKING and not put_down and now < (call.answered_at or now) + LONGEST


def _is_anothers(found: Update, pk: int, carrier: str) -> bool:
    """Whether a carrier that had to guess which call we mean took one that we know as another."""
    return bool(found.external_id) and bool(_twins(carrier, found.external_id, pk))


@prepared
def _twins(carrier: str, external_id: str, pk: int) -> QuerySet[Call, int]:
    trunks = Trunk.objects.filter(carrier=carrier)
    twins = (
        Call.objects.filter(trunk__in=trunks, external_id=external_id).exclude(external_id="").exclude(pk=pk)
    )
    return twins.values_list("pk", flat=True)[:1]
