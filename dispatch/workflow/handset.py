"""Calls an operator makes from their own desk: to a case's person by voice or video, or to one of their contacts."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_noop as _

from dispatch import policies, record
from dispatch.calling import DAY, Calling
from dispatch.models import Contact, Operator, User
from dispatch.vocabulary import Level, Tier
from dispatch.workflow import byhand, debts
from dispatch.workflow.desk import at_the_desk, lock_open, not_anothers
from dispatch.workflow.facts import chain_facts, histories
from dispatch.workflow.refusal import NotAllowedError
from telephony import calls, dialling, numbers
from telephony.carrier import CallKind
from telephony.dialling import CannotDialError
from telephony.models import Desk

SOON = timedelta(minutes=1)  # a call to a contact that finds no line so long is not made

# What the desk says when the line says no.
_SAID = {
    CannotDialError.NO_DESK: _("your desk is away: say first that you are ready"),
    CannotDialError.BUSY: _("your desk has a call"),
    CannotDialError.UNABLE: _("your desk takes no video calls"),
    CannotDialError.TAKEN_ALREADY: _("the call has just been given to a desk"),
    CannotDialError.ON_LINE: _("that number is on the line; the call waits in its place"),
    CannotDialError.NO_LINE: _("no line is free this moment; the call waits in its place"),
}


def call(*, case_id: int, tier: Tier, by: User, now: datetime) -> None:
    """Call the person now, from one's own desk, under the same promises as any call.

    Booked first, in its own transaction, then given a line: where none is free it waits in its place, and the first
    free desk takes it. Raises NotAllowedError, saying what stood in the way.
    """
    desk = _own_desk(by, video=tier is Tier.VIDEO)
    debts.must_have_said(by=by, now=now)
    call_id = byhand.plan_call(case_id=case_id, tier=tier, by=by, now=now, desk=desk.pk)
    _dial(call_id, desk, now)


def call_contact(*, case_id: int, contact_id: int, by: User, now: datetime) -> None:
    """Call one of their contacts now. Never an attempt: whoever answers, the target is not reached.

    Within the same hours and the same cap per number, one live call a number. Raises NotAllowedError.
    """
    desk = _own_desk(by)
    with transaction.atomic():
        case = lock_open(case_id)
        not_anothers(case, by, now)
        contact = Contact.objects.filter(pk=contact_id, target=case.target_id).first()
        if contact is None:
            raise NotAllowedError("that is no contact of theirs")
        rules = policies.escalation_rules(case.policy_id)
        chain = rules.levels[Level(case.level)]
        calling = Calling(chain_facts(case, histories([case], now)[case.pk]), chain, rules.zone)
        rung = calls.rung_since([numbers.index(contact.number)], now - DAY)
        if calling.within_hours(now) > now:
            raise NotAllowedError("outside the calling hours")
        if chain.most_calls and sum(map(len, rung.values())) >= chain.most_calls:
            raise NotAllowedError("this number has been rung often enough in 24 hours")
        booked = calls.booking(
            number=contact.number,
            kind=CallKind.VOICE,
            at=now,
            until=now + SOON,
            head_start=chain.head_start,
            tag=case.fraud_type,
            prefers=desk.pk,
        )
        calls.book([booked])
        record.write(
            "contact_rung",
            now=now,
            case=case,
            by=by,
            relation=contact.relation,
            contact=contact.pk,
            call=booked.pk,
        )
    try:
        _dial(booked.pk, desk, now)
    except NotAllowedError:
        calls.call_off([booked.pk], now=now)  # nobody else is to make it
        raise


def _dial(call_id: int, desk: Desk, now: datetime) -> None:
    try:
        dialling.dial(call_id=call_id, desk_id=desk.pk, now=now)
    except CannotDialError as bar:
        raise NotAllowedError(_SAID[bar.why]) from None


def _own_desk(by: User, *, video: bool = False) -> Desk:
    """Theirs, if it can make a call now: asked before anything is booked. Raises NotAllowedError."""
    at_the_desk(by)
    operator = Operator.objects.filter(user=by).first() if by.is_active else None
    if operator is None:
        raise NotAllowedError("you have no desk")
    desk = Desk.objects.defer("address").get(pk=operator.desk_id)
    if desk.state == Desk.State.AWAY:
        raise NotAllowedError(_SAID[CannotDialError.NO_DESK])
    if desk.state in Desk.BUSY:
        raise NotAllowedError(_SAID[CannotDialError.BUSY])
    if video and "video" not in desk.tags:
        raise NotAllowedError(_SAID[CannotDialError.UNABLE])
    return desk
