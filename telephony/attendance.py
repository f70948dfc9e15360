"""Those of ours who are on a call: how they take part, and what their news does to it and to their desks.

An operator whose phone does not answer takes no more calls: the desk is paused, the call hung up as our fault; so is
the call of one for whose phone no line was free, and the desk goes on. Locks are taken desk, call, leg.
"""

import logging
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from telephony import calls, lines, sockets
from telephony.carrier import CallResult, CarrierError, Joint, LegNews, Way
from telephony.models import Call, Desk, Leg

logger = logging.getLogger(__name__)
SILENCE = timedelta(seconds=60)  # no news for so long: the carrier is asked
UNANSWERED = "unanswered"  # why a desk is paused whose phone did not answer
HELPING = "helping"  # why a desk is paused that has been brought into another's call
MISSING = "missing"  # in the evidence: when the carrier knew no such leg
State = Leg.State
Role = Leg.Role
_RANK = {state: nth for nth, state in enumerate(State)}


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
    leg.placed_at = leg.placed_at or (now if leg.dialled_at else None)
    state = State(news.state)
    moved = leg.state != State.ENDED and _RANK[state] >= _RANK[State(leg.state)]
    if moved:
        _move(leg, state, news, now)
        _follow(leg, call, desks, now)
    leg.save()
    return moved


@transaction.atomic
def is_missed(leg_id: int, *, now: datetime) -> bool:
    """The carrier knows no such leg. Somebody who talks is missed only if it said so the last time too: once is a list
    that lags, and to end the leg of who leads a call is to hang up on the person."""
    leg = Leg.objects.select_for_update(of=("self",)).get(pk=leg_id)
    again = leg.state != State.TALKING or (leg.evidence and MISSING in leg.evidence[-1])
    leg.evidence = [*leg.evidence, {MISSING: now.isoformat()}]
    leg.save(update_fields=["evidence"])
    return bool(again)


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
        if desk.state in Desk.BUSY and leg.dialled_at is not None:  # it was rung
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
                tell(leg)
            except CarrierError as fault:
                logger.warning("the lead of call %s could not be shared: %s", call_id, fault)


def took_part(call: Call) -> bool:
    """Whether one of ours was on the call: who was rung into it has answered, or its carrier joins the two itself."""
    ours = call.legs.exclude(role=Role.SUPERVISOR).values_list("answered_at", flat=True)
    return not ours or any(answered_at is not None for answered_at in ours)


def tell(leg: Leg) -> None:
    """Let the carrier know how somebody takes part, and whether they lead. May raise CarrierError."""
    carrier = lines.joiner(leg.call)
    if carrier is not None and leg.external_id:
        carrier.turn(leg.call.as_dial(), joint(leg))


def joint(leg: Leg, *, with_address: bool = True) -> Joint:
    """What the carrier is told of a leg."""
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
