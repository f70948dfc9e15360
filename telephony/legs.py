"""Those of ours who are rung into a call: its operator, a colleague, a supervisor; what their news does.

An operator whose phone does not answer takes no more calls: the desk is paused, the call hung up as our fault. Rows
come before the carrier is asked; locks are taken desk, call, leg.
"""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction

from telephony import calls, lines, sockets
from telephony.carrier import CallResult, CallStatus, CarrierError, Joins, Joint, LegNews, LegState, Way
from telephony.models import Call, Desk, Leg

logger = logging.getLogger(__name__)
SILENCE = timedelta(seconds=60)  # no news for so long: the carrier is asked
UNANSWERED = "unanswered"  # why a desk is paused whose phone did not answer
HELPING = "helping"  # why a desk is paused that has been brought into another's call
State = Leg.State
Role = Leg.Role
_RANK = {state: nth for nth, state in enumerate(State)}


class CannotJoinError(Exception):
    """Nobody can be rung into this call, or not these: the message says why, in English, for a person."""


def call_moved(sender: type[Call], call: Call, now: datetime, **_: Any) -> None:
    """Heard inside the transaction that moved a call: its operator is rung when somebody answers, until it ends."""
    if call.status == CallStatus.TALKING and call.desk_id and not _is_machine(call):
        want(call, now)
    elif call.status == CallStatus.ENDED and call.desk_id:
        for leg in call.legs.live():
            transaction.on_commit(partial(part, leg))


def want(call: Call, now: datetime) -> None:
    """The operator who leads a call is to be rung, once; if their desk has a phone that we know, and the carrier does
    not join the two by itself."""
    if (
        call.desk_id is None
        or joiner(call) is None
        or not Desk.objects.filter(pk=call.desk_id).exclude(address="").exists()
    ):
        return
    if not call.legs.exists():
        _forget_the_last(call.desk_id, now)
        _begin(call, call.desk_id, Role.DESK, Way.TALK, now)


def _forget_the_last(desk_id: int, now: datetime) -> None:
    """A leg of a call that is over, whose own end nobody told: it must not keep the desk from its next call."""
    for leg in (
        Leg.objects.live().filter(desk=desk_id, call__status=CallStatus.ENDED).select_for_update(of=("self",))
    ):
        leg.state, leg.result, leg.ended_at, leg.due_at = State.ENDED, CallResult.OUTCOME_UNKNOWN, now, None
        leg.save(update_fields=["state", "result", "ended_at", "due_at"])
        transaction.on_commit(partial(part, leg))


def bring(*, call_id: int, desk_id: int, role: Leg.Role, now: datetime, way: Way = Way.TALK) -> Leg:
    """Ring a colleague, or a supervisor, into a call that talks. Raises CannotJoinError."""
    with transaction.atomic():
        desk = Desk.objects.select_for_update(no_key=True).get(pk=desk_id)
        call = Call.objects.select_for_update(of=("self",)).select_related("trunk").get(pk=call_id)
        if call.status != CallStatus.TALKING:
            raise CannotJoinError("nobody talks on this call")
        if joiner(call) is None:
            raise CannotJoinError("this line joins nobody to a call")
        if not desk.address:
            raise CannotJoinError("that desk has no phone")
        if Leg.objects.live().filter(desk=desk).exists() or desk.pk == call.desk_id:
            raise CannotJoinError("that desk is on a call")
        if role is Role.COLLEAGUE:
            if desk.state != Desk.State.READY or desk.has_lapsed(now):
                raise CannotJoinError("that desk is not ready")
            desk.enter(Desk.State.PAUSED, now, reason=HELPING)
            desk.save()
        return _begin(call, desk.pk, role, way, now)


def turn(*, leg_id: int, way: Way, now: datetime) -> None:
    """A supervisor listens or whispers from now on. May raise CarrierError."""
    leg = Leg.objects.select_related("call__trunk").get(pk=leg_id, role=Role.SUPERVISOR, ended_at=None)
    Leg.objects.filter(pk=leg.pk).update(way=way)
    leg.way = way
    _tell(leg)


def record(*, call_id: int) -> str:
    """Record a call that talks, with its notice; the recording's id. Raises CannotJoinError, CarrierError."""
    call = Call.objects.select_related("trunk").get(pk=call_id)
    carrier = joiner(call)
    if call.status != CallStatus.TALKING or carrier is None:
        raise CannotJoinError("nobody talks on this call")
    return carrier.record(call.as_dial())


def ring(leg_id: int, now: datetime) -> None:
    """Ask the carrier for a leg whose row has been committed. At most once for a leg."""
    leg = Leg.objects.select_related("call__trunk").get(pk=leg_id)
    claim = Leg.objects.filter(pk=leg_id, state=State.WANTED)
    if not claim.update(state=State.ASKED, due_at=now + SILENCE):
        return
    carrier = joiner(leg.call)
    if not leg.call.is_live or carrier is None:
        hear(LegNews(str(leg.key), LegState.ENDED, result=CallResult.CANCELLED), now=now)
        return
    try:
        external_id = carrier.join(leg.call.as_dial(), joint(leg))
    except CarrierError as refusal:
        if refusal.certain:
            told = LegNews(str(leg.key), LegState.ENDED, result=refusal.result, evidence=refusal.evidence)
            hear(told, now=now)
        return
    Leg.objects.filter(pk=leg_id, external_id="").update(external_id=external_id)


@transaction.atomic
def hear(news: LegNews, *, now: datetime, seal: str = "") -> bool:
    """Take one piece of news of a leg; whether it moved it. News never takes a leg back."""
    known = Leg.objects.filter(key=news.key).values_list("desk_id", "call_id", "call__desk_id").first()
    if known is None:
        return False
    desk_id, call_id, led_by = known
    helping = Leg.objects.live().filter(call=call_id, role=Role.COLLEAGUE).values_list("desk_id", flat=True)
    locked = Desk.objects.filter(pk__in={desk_id, led_by, *helping} - {None}).order_by("pk").defer("address")
    desks = {desk.pk: desk for desk in locked.select_for_update(no_key=True)}
    call = Call.objects.select_for_update(of=("self",)).get(pk=call_id)
    leg = Leg.objects.select_for_update(of=("self",)).get(key=news.key)
    if seal and any(piece.get("seal") == seal for piece in leg.evidence):
        return False
    leg.evidence = [
        *leg.evidence,
        {**news.evidence, "state": news.state, "heard_at": now.isoformat(), "seal": seal},
    ]
    leg.external_id = leg.external_id or news.external_id
    state = State(news.state)
    moved = leg.state != State.ENDED and _RANK[state] >= _RANK[State(leg.state)]
    if moved:
        _move(leg, state, news, now)
        _follow(leg, call, desks, now)
    leg.save()
    return moved


def _move(leg: Leg, state: State, news: LegNews, now: datetime) -> None:
    leg.state, leg.due_at = state, now + SILENCE
    if state == State.TALKING:
        leg.answered_at = leg.answered_at or news.at or now
    if state == State.ENDED:
        leg.result = news.result or CallResult.OUTCOME_UNKNOWN
        leg.ended_at, leg.due_at = news.at or now, None


def _follow(leg: Leg, call: Call, desks: dict[int, Desk], now: datetime) -> None:
    """What the news of a leg means for its desk, and for the call."""
    desk = desks[leg.desk_id]
    leads = leg.desk_id == call.desk_id
    if leg.state == State.TALKING and leads and desk.state in Desk.BUSY:
        desk.enter(Desk.State.TALKING, now)
    elif leg.state == State.TALKING and leg.role == Role.COLLEAGUE:
        transaction.on_commit(partial(_share_the_lead, call.pk))
    elif leg.state == State.ENDED and leads:
        _leader_left(leg, call, desks, now)
    elif leg.state == State.ENDED and desk.state == Desk.State.PAUSED and desk.reason == HELPING:
        desk.enter(Desk.State.READY, now)
    for each in desks.values():
        each.save()


def _leader_left(leg: Leg, call: Call, desks: dict[int, Desk], now: datetime) -> None:
    if not call.is_live:
        return
    desk = desks[leg.desk_id]
    heirs = call.legs.filter(role=Role.COLLEAGUE, state=State.TALKING, desk__in=desks).exclude(pk=leg.pk)
    heir = heirs.first()
    if heir is not None:
        _hand_over(call, desks[heir.desk_id], now)
        desk.call_over(now, spoke=True)
        return
    if leg.answered_at is None:
        if desk.state in Desk.BUSY:
            desk.after, desk.reason = Desk.State.PAUSED, UNANSWERED
        call.dropped_at = now
        call.save(update_fields=["dropped_at"])
    transaction.on_commit(partial(calls.leave, call))


def _hand_over(call: Call, heir: Desk, now: datetime) -> None:
    """The colleague leads from here on, at their own desk."""
    call.desk = heir
    call.save(update_fields=["desk"])
    heir.after = heir.reason = ""
    heir.enter(Desk.State.TALKING, now)


def _share_the_lead(call_id: int) -> None:
    """With a colleague there the call no longer ends when the first one goes."""
    for leg in Leg.objects.live().filter(call=call_id, state=State.TALKING).select_related("call__trunk"):
        if leg.role != Role.SUPERVISOR:
            try:
                _tell(leg)
            except CarrierError as fault:
                logger.warning("the lead of call %s could not be shared: %s", call_id, fault)


def _tell(leg: Leg) -> None:
    carrier = joiner(leg.call)
    if carrier is not None and leg.external_id:
        carrier.turn(leg.call.as_dial(), joint(leg))


def part(leg: Leg) -> None:
    """Hang up on somebody of ours; their news will say when it is so. A fault is tried again by `tend`."""
    call = Call.objects.select_related("trunk").get(pk=leg.call_id)
    carrier = joiner(call)
    if carrier is not None:
        try:
            carrier.part(call.as_dial(), joint(leg, with_address=False))
        except CarrierError as fault:
            logger.warning("could not hang up on leg %s: %s", leg.pk, fault)


def tend(*, now: datetime, limit: int = 100) -> int:
    """Ring those who are still to be rung, ask the carriers about those gone silent; how many were seen to."""
    due = list(Leg.objects.silent(now).select_related("call__trunk")[:limit])
    for leg in due:
        try:
            _see_to(leg, now)
        except Exception:  # one bad leg must not keep the others waiting
            logger.exception("leg %s could not be seen to", leg.pk)
    return len(due)


def _see_to(leg: Leg, now: datetime) -> None:
    if leg.state == State.WANTED:
        ring(leg.pk, now)
        return
    if not Leg.objects.filter(pk=leg.pk, due_at=leg.due_at).update(due_at=now + SILENCE):
        return
    carrier = joiner(leg.call)
    if carrier is None:
        return
    try:
        news = carrier.find_joint(leg.call.as_dial(), joint(leg, with_address=False))
    except CarrierError:
        return
    hear(news or LegNews(str(leg.key), LegState.ENDED, result=CallResult.FAILED_HERE), now=now)
    if not leg.call.is_live and (news is None or news.state is not LegState.ENDED):
        part(leg)


def _begin(call: Call, desk_id: int, role: Leg.Role, way: Way, now: datetime) -> Leg:
    leg = Leg.objects.create(call=call, desk_id=desk_id, role=role, way=way, begun_at=now, due_at=now)
    transaction.on_commit(partial(_ring_safely, leg.pk, now))
    return leg


def _ring_safely(leg_id: int, now: datetime) -> None:
    try:
        ring(leg_id, now)
    except Exception:  # the row says that it is wanted, or asked for: `tend` will see to it
        logger.exception("leg %s could not be rung", leg_id)


def can_join(carrier: str) -> bool:
    """Whether others of ours can be rung into the calls of this carrier of the settings."""
    try:
        return isinstance(lines.carrier(carrier), Joins)
    except lines.NoSuchCarrier:
        return False


def joiner(call: Call) -> Joins | None:
    """The carrier of a call, if it can ring others into it."""
    if call.trunk is None:
        return None
    try:
        made = lines.carrier(call.trunk.carrier)
    except lines.NoSuchCarrier:
        return None
    return made if isinstance(made, Joins) else None


def joint(leg: Leg, *, with_address: bool = True) -> Joint:
    """A leg as its carrier is told of it."""
    coached = (
        leg.call.legs.filter(desk=leg.call.desk_id)
        .exclude(external_id="")
        .values_list("external_id", flat=True)
    )
    many = leg.call.legs.filter(state=State.TALKING).exclude(role=Role.SUPERVISOR).count()
    return Joint(
        key=str(leg.key),
        address=sockets.address_of(leg.desk_id) if with_address else "",
        way=Way(leg.way),
        leads=leg.role == Role.DESK and many < 2,
        coaches=(coached.first() or "") if leg.way == Way.WHISPER else "",
        external_id=leg.external_id,
        muted=leg.muted,
    )


def _is_machine(call: Call) -> bool:
    return any(piece.get("result") == CallResult.MACHINE for piece in call.evidence)
