"""A link: one for a call, its secret in no row, told to the relay, filled into the SMS, over by a fixed moment."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from telephony import calls, lines, links, pages, texts
from telephony import exchange as matcher
from telephony.carrier import CallKind, CallResult, CallStatus, CarrierError, Update
from telephony.clock import MovingClock
from telephony.models import Call, Desk, Link, Text
from telephony.models.call import PAGE
from telephony.models.desk import LEASE
from telephony.video.card import Card
from telephony.video.secret import digest
from tests.fakes.puppet import Puppet
from tests.telephony.relayed import CARD
from tests.telephony.rows import Exchange
from tests.telephony.samples import NUMBER, START

R = CallResult
BODY = "请打开 {link} 核实"
OTHER = "+8619000000002"


class Pages(Puppet):
    """A relay that does as it is told."""

    def __init__(self, *, clock: object) -> None:
        super().__init__(clock=clock)
        self.invited: list[tuple[str, str, Card]] = []

    def invite(self, key: str, link: str, card: Card) -> None:
        if self.refuses:
            raise self.refuses
        self.invited.append((key, link, card))

    def address(self, secret: str) -> str:
        return f"https://v.example/v/{secret}"

    def desk(self, key: str, wall: float) -> dict[str, str]:
        return {"line": "wss://v.example/line/desk", "token": key}


@pytest.fixture
def page(puppet: Puppet, settings: Settings) -> Pages:
    settings.CARRIERS = {**settings.CARRIERS, "page": {"adapter": f"{__name__}.Pages"}}
    made = lines.carrier("page")
    assert isinstance(made, Pages)
    return made


def trunks(exchange: Exchange) -> None:
    exchange.trunk(name="voices", carrier="puppet", carries="voice text", priority=1)
    exchange.trunk(name="pages", carrier="page", carries="page", priority=2, desks=0)


@pytest.fixture
def call(page: Pages, exchange: Exchange) -> Call:
    """A video call that a desk has taken and that waits for its link."""
    trunks(exchange)
    exchange.booked(kind=CallKind.VIDEO, needs=("video",))
    turned()
    return Call.objects.get()


def turned() -> None:
    matcher.turn(now=START)


def written(call: Call, commits: DjangoCaptureOnCommitCallbacks) -> Link:
    with commits(execute=True):
        links.write(call_id=call.pk, card=CARD, body=BODY, now=START)
    return Link.objects.get()


def hear(call: Call, status: CallStatus, result: CallResult | None = None) -> None:
    calls.hear(Update(str(call.key), status, result), now=START)


@pytest.mark.django_db
def test_voice_never_goes_by_the_page_and_video_does_where_nothing_else_carries_it(
    page: Pages, puppet: Puppet, exchange: Exchange
) -> None:
    trunks(exchange)
    voice = exchange.booked()
    video = exchange.booked(OTHER, kind=CallKind.VIDEO)
    turned()
    assert puppet.placed == [str(voice.key)]
    assert page.placed == [str(video.key)]


@pytest.mark.django_db
def test_a_trunk_that_carries_video_comes_first_unless_the_phone_takes_none(
    page: Pages, puppet: Puppet, exchange: Exchange
) -> None:
    trunks(exchange)
    exchange.trunk(name="pictures", carrier="puppet", carries="video", priority=1)
    plain = exchange.booked(kind=CallKind.VIDEO)
    paged = exchange.booked(OTHER, kind=CallKind.VIDEO, route=PAGE)
    turned()
    assert puppet.placed == [str(plain.key)]
    assert page.placed == [str(paged.key)]


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "taken"), [("talking", False), ("away", True)])
def test_the_page_waits_for_the_officer_who_announced_it_while_they_are_there(
    page: Pages, exchange: Exchange, state: str, taken: bool
) -> None:
    trunks(exchange)
    theirs = Desk.objects.earliest("pk")
    lease = None if state == "away" else theirs.lease_until
    Desk.objects.filter(pk=theirs.pk).update(state=state, lease_until=lease, ready_since=None)
    exchange.booked(kind=CallKind.VIDEO, route=PAGE, prefers=theirs.pk)
    turned()
    assert bool(page.placed) == taken
    Desk.objects.filter(pk=theirs.pk).update(state="ready", lease_until=START + LEASE, ready_since=START)
    turned()
    assert len(page.placed) == 1


@pytest.mark.django_db
def test_a_video_call_nobody_can_carry_holds_up_no_voice(puppet: Puppet, exchange: Exchange) -> None:
    exchange.trunk(carrier="puppet", carries="voice")
    exchange.booked(OTHER, kind=CallKind.VIDEO, needs=("video",), head_start=timedelta(hours=1))
    voice = exchange.booked()
    turned()
    assert puppet.placed == [str(voice.key)]


@pytest.mark.django_db
def test_no_sms_goes_over_the_page(page: Pages, puppet: Puppet, exchange: Exchange) -> None:
    exchange.trunk(name="pages", carrier="page", carries="page", priority=1, desks=0)
    texts.write(number=NUMBER, body="请勿转账", now=START).save()
    assert texts.send_due(now=START) == 0
    exchange.trunk(name="voices", carrier="puppet", priority=2)
    assert texts.send_due(now=START) == 1
    assert page.texts == []


@pytest.mark.django_db
def test_no_row_holds_the_secret_and_the_sms_has_the_address(
    call: Call,
    page: Pages,
    puppet: Puppet,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    link = written(call, django_capture_on_commit_callbacks)
    secret = pages.secret_of(call)
    sent = pages.filled(Text.objects.get())
    assert sent == f"请打开 https://v.example/v/{secret} 核实"
    assert page.invited == [(str(call.key), digest(secret), CARD)]
    assert link.secret_hash == digest(secret)
    rows = [*Link.objects.values_list(), *Text.objects.values_list(), *Call.objects.values_list()]
    assert secret not in repr(rows)


@pytest.mark.django_db
def test_two_links_on_one_day_are_not_the_same_words(
    call: Call, puppet: Puppet, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    earlier = Text(number=NUMBER, body=BODY, number_index=call.number_index, sent_at=START, state="sent")
    earlier.save()
    link = written(call, django_capture_on_commit_callbacks)
    texts.send_due(now=START)
    assert Text.objects.get(pk=link.text_id).state == Text.State.SENT


@pytest.mark.django_db
def test_a_call_has_one_link(
    call: Call, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    written(call, django_capture_on_commit_callbacks)
    with pytest.raises(links.CannotInviteError):
        links.write(call_id=call.pk, card=CARD, body=BODY, now=START)


@pytest.mark.django_db
def test_no_link_for_a_call_that_is_over_or_goes_another_way(page: Pages, exchange: Exchange) -> None:
    trunks(exchange)
    voice = exchange.booked()
    video = exchange.booked(OTHER, kind=CallKind.VIDEO)
    turned()
    hear(video, CallStatus.ENDED, R.CANCELLED)
    for call in (voice, video):
        with pytest.raises(links.CannotInviteError):
            links.write(call_id=call.pk, card=CARD, body=BODY, now=START)
    assert not Text.objects.exists()


@pytest.mark.django_db
def test_a_relay_that_was_away_is_told_again(
    call: Call,
    page: Pages,
    moving: MovingClock,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    page.refuses = CarrierError("away", certain=False)
    assert written(call, django_capture_on_commit_callbacks).state == Link.State.WANTED
    page.refuses = None
    links.tend(now=START + links.AGAIN)
    assert Link.objects.get().state == Link.State.SENT
    assert len(page.invited) == 1


@pytest.mark.django_db
def test_a_link_nobody_opens_expires_by_its_row_though_the_relay_says_nothing(
    call: Call, page: Pages, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    written(call, django_capture_on_commit_callbacks)
    assert links.tend(now=START + links.OPENS_WITHIN - timedelta(seconds=1)) == 0
    links.tend(now=START + links.OPENS_WITHIN)
    link, ended = Link.objects.get(), Call.objects.get()
    assert (link.state, link.due_at, link.card) == (Link.State.OVER, None, {})
    assert ended.result == R.NO_ANSWER
    assert page.cut == [str(call.key)]


@pytest.mark.django_db
def test_opened_it_may_wait_for_the_button_and_is_over_with_the_call(
    call: Call, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    written(call, django_capture_on_commit_callbacks)
    hear(call, CallStatus.RINGING)
    link = Link.objects.get()
    assert (link.state, link.opened_at, link.due_at) == (Link.State.OPENED, START, START + links.JOINS_WITHIN)
    hear(call, CallStatus.TALKING)
    assert links.tend(now=START + timedelta(minutes=20)) == 0
    hear(call, CallStatus.ENDED, R.ANSWERED)
    assert Link.objects.get().state == Link.State.OVER


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong", [{"due_at": None}, {"state": "over"}, {"state": "opened", "opened_at": None}]
)
def test_the_database_refuses_a_link_without_its_moments(
    call: Call, wrong: dict[str, object], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    written(call, django_capture_on_commit_callbacks)
    with pytest.raises(IntegrityError), transaction.atomic():
        Link.objects.update(**wrong)


@pytest.mark.django_db
def test_an_operator_whom_the_carrier_joins_by_itself_is_rung_by_no_leg_of_ours(
    call: Call, page: Pages
) -> None:
    """Over the page and over the SIP trunk the desk is in the call when somebody answers."""
    assert call.desk is not None
    call.desk.address = "sip:1001@10.0.0.1"
    call.desk.save()
    hear(call, CallStatus.TALKING)
    assert not call.legs.exists()
    assert Call.objects.get().dropped_at is None
    assert page.cut == []
