"""The video page: a link goes out after voice contact alone, announced by the operator, under that officer's face."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from dispatch import record
from dispatch.models import Attempt, Badge, Case, Message, Operator, PhoneNumber, User
from dispatch.vocabulary import Disposition, Result, Stage, Tier
from dispatch.wording import link_body
from dispatch.workflow.desk import at_the_desk
from dispatch.workflow.refusal import NotAllowedError
from telephony import links
from telephony.carrier import ON_LINE, CallKind, CallStatus, CarrierError
from telephony.models import Call, Trunk
from telephony.models.call import PAGE
from telephony.pages import page_of
from telephony.video.card import Card

SPOKEN = (Result.REACHED, Result.ANSWERED_UNVERIFIED)  # of a voice call: somebody was spoken to
IN_TALK = (Stage.TALKING, Stage.JUDGING)
LINK = "link"  # the kind of its message


@dataclass(frozen=True, slots=True)
class Panel:
    """What the operator's page of a call begins with. `line` and `token` bring their browser to the call."""

    attempt: int
    case: int
    number: str
    person: str
    line: str
    token: str
    card: Card | None
    sent: bool
    hindrance: str  # why no link can go out now, in the reader's words


def call_moved(call: Call, *, now: datetime) -> None:
    """Somebody else has tried to open a link. Runs inside the transaction that moved the call."""
    if call.kind != CallKind.VIDEO or not call.evidence or "refused" not in call.evidence[-1]:
        return
    attempt = Attempt.objects.select_related("case").filter(call=call).first()
    if attempt is not None:
        why = call.evidence[-1]["refused"]
        record.write("link_refused", now=now, case=attempt.case, agent="line", attempt=attempt.pk, opened=why)


@transaction.atomic
def by_page(*, attempt_id: int, by: User, now: datetime) -> None:
    """This phone takes no video call: its video calls go by the page, one that is booked already among them.

    Raises NotAllowedError where no trunk carries the page.
    """
    at_the_desk(by)
    if not any(trunk.can(PAGE) for trunk in Trunk.objects.filter(enabled=True)):
        raise NotAllowedError("no trunk carries the video page")
    attempt = Attempt.objects.select_related("case").get(pk=attempt_id)
    if attempt.phone_id is None:
        raise NotAllowedError("only a call goes by the page")
    if PhoneNumber.objects.filter(pk=attempt.phone_id, by_page=False).update(by_page=True):
        record.write("by_page", now=now, case=attempt.case, by=by, attempt=attempt.pk)
    waiting = Attempt.objects.live().filter(phone=attempt.phone_id, tier=Tier.VIDEO)
    Call.objects.filter(attempt__in=waiting, status=CallStatus.BOOKED).update(route=PAGE)


@transaction.atomic
def send_link(*, attempt_id: int, announced: bool, by: User, now: datetime) -> None:
    """Send the person the link of a video call that this operator leads; it goes out after commit.

    Raises NotAllowedError, saying why: no voice contact at that number, not announced, no badge, not their call.
    """
    at_the_desk(by)
    attempt = _lock(attempt_id)
    if hindrance := _hindrance(attempt, by):
        raise hindrance
    if not announced:
        raise NotAllowedError(
            "announce the link by voice first: police never ask anybody to open one unannounced"
        )
    try:
        text = links.write(call_id=attempt.call_id or 0, card=_card(by), body=link_body(), now=now)
    except links.CannotInviteError:
        raise NotAllowedError("the link of this call has gone out, or the call is over") from None
    Message.objects.create(case=attempt.case, kind=LINK, text=text, written_at=now)
    record.write("link_sent", now=now, case=attempt.case, by=by, attempt=attempt.pk)


def panel(*, attempt_id: int, by: User, wall: float) -> Panel:
    """What the operator's page of a video call begins with. `wall`: seconds since 1970. Raises NotAllowedError."""
    at_the_desk(by)
    attempt = Attempt.objects.select_related("case__target", "call__trunk", "call__desk").get(pk=attempt_id)
    call = attempt.call
    page = page_of(call) if call is not None else None
    if call is None or page is None:
        raise NotAllowedError("this call does not go by the page")
    if not _leads(call, by):
        raise NotAllowedError("that call is not at your desk")
    told, hindrance = page.desk(str(call.key), wall), _hindrance(attempt, by)
    return Panel(
        attempt=attempt.pk,
        case=attempt.case_id,
        number=attempt.case.number,
        person=attempt.case.target.masked_name,
        line=told["line"],
        token=told["token"],
        card=_card_of(by),
        sent=hasattr(call, "link"),
        hindrance=hindrance.in_words() if hindrance else "",
    )


def own(*, attempt_id: int, by: User) -> Attempt:
    """An attempt whose call this operator leads, or led. Raises NotAllowedError."""
    at_the_desk(by)
    attempt = Attempt.objects.select_related("call").get(pk=attempt_id)
    if attempt.call is None or not _leads(attempt.call, by):
        raise NotAllowedError("that call is not at your desk")
    return attempt


def last_talk(*, by: User) -> Attempt | None:
    """The call by voice that this operator has, or had last, in a case that is open: whose phone may take no video."""
    talks = Attempt.objects.filter(tier=Tier.VOICE, call__desk__operator__user=by, case__closed_at=None)
    read = talks.exclude(call__answered_at=None).select_related("case__target", "phone")
    return read.order_by("-call__dialled_at").first()


def own_call(*, by: User) -> Attempt | None:
    """The video call at one's own desk that goes by the page, if there is one; judged already, perhaps."""
    held = Attempt.objects.filter(tier=Tier.VIDEO, call__desk__operator__user=by, call__status__in=ON_LINE)
    attempts = held.select_related("case", "call__trunk")
    return next((one for one in attempts if one.call is not None and page_of(one.call) is not None), None)


def rehearse(*, by: User, wall: float, now: datetime) -> links.Rehearsal:
    """A call with oneself, to try camera, sound and way: nobody is sent anything. Raises NotAllowedError."""
    at_the_desk(by)
    try:
        made = links.rehearse(card=_card(by), wall=wall, now=now)
    except (links.CannotInviteError, CarrierError):
        raise NotAllowedError("the relay of the video page does not answer") from None
    record.write("rehearsed", now=now, by=by)
    return made


def _hindrance(attempt: Attempt, by: User) -> NotAllowedError | None:
    """Why no link may go out for it, if so."""
    call = attempt.call
    if Tier(attempt.tier) is not Tier.VIDEO or call is None or attempt.ended_at is not None:
        return NotAllowedError("that is no video call under way")
    if not _leads(call, by):
        return NotAllowedError("that call is not at your desk")
    if not _spoken_to(attempt.case, attempt.phone_id):
        return NotAllowedError("nobody has been spoken to at that number: first by voice, then the link")
    if _card_of(by) is None:
        return NotAllowedError(
            "you have no badge with a face here: a person must be able to check who you are"
        )
    return None


def _spoken_to(case: Case, phone_id: int | None) -> bool:
    """Whether somebody of ours has talked with a person at that number in this case, and not with the wrong one."""
    voice = Attempt.objects.filter(case=case, tier=Tier.VOICE, phone=phone_id)
    met = Q(identified_at__isnull=False) | Q(result__in=SPOKEN) | Q(ended_at=None, stage__in=IN_TALK)
    return voice.filter(met).exclude(disposition=Disposition.WRONG_PERSON).exists()


def _leads(call: Call, by: User) -> bool:
    return call.desk_id is not None and Operator.objects.filter(user=by, desk=call.desk_id).exists()


def _card(by: User) -> Card:
    card = _card_of(by)
    if card is None:
        raise NotAllowedError(
            "you have no badge with a face here: a person must be able to check who you are"
        )
    return card


def _card_of(by: User) -> Card | None:
    badge = Badge.objects.filter(user=by).first()
    try:
        return badge.as_card() if badge is not None else None
    except ValueError:
        return None


def _lock(attempt_id: int) -> Attempt:
    """Call, case, attempt: in the order of all."""
    call_id = Attempt.objects.values_list("call_id", flat=True).get(pk=attempt_id)
    Call.objects.select_for_update(of=("self",)).filter(pk=call_id).defer("number").first()
    case_id = Attempt.objects.values_list("case_id", flat=True).get(pk=attempt_id)
    Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case_id)
    read = Attempt.objects.select_related("case", "call__trunk", "call__desk")
    return read.select_for_update(of=("self",)).get(pk=attempt_id)
