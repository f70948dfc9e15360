"""SMS: out once, tried again when the carrier fails, given up in the end."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from telephony import lines, texts
from telephony.carrier import CarrierError, TextNews, TextState
from telephony.clock import MovingClock
from telephony.models import Text, Trunk
from telephony.practice.phones import Phone
from tests.fakes.puppet import Puppet
from tests.telephony.practising import SID, TOKEN, practising
from tests.telephony.rows import Exchange
from tests.telephony.samples import NUMBER, START


@pytest.fixture
def trunk(exchange: Exchange) -> Trunk:
    return exchange.trunk(carrier="puppet")


@pytest.fixture
def text(db: None) -> Text:
    text = texts.write(number=NUMBER, body="请勿转账", now=START)
    text.save()
    return text


def test_a_text_goes_out_once(text: Text, trunk: Trunk, puppet: Puppet) -> None:
    assert texts.send_due(now=START) == 1
    assert texts.send_due(now=START + timedelta(hours=1)) == 0
    text.refresh_from_db()
    assert (text.state, text.sent_at, text.due_at) == (Text.State.SENT, START, None)
    assert text.external_id == str(text.key)
    assert puppet.texts == [str(text.key)]


def test_a_text_is_not_sent_before_its_time(text: Text, trunk: Trunk, puppet: Puppet) -> None:
    assert texts.send_due(now=START - timedelta(seconds=1)) == 0


def test_a_text_that_failed_is_tried_again_and_then_given_up(
    text: Text, trunk: Trunk, puppet: Puppet
) -> None:
    puppet.refuses = CarrierError("down", certain=True)
    for tried in range(texts.TRIES + 3):
        assert texts.send_due(now=START + tried * texts.LEASE) == 0
    text.refresh_from_db()
    assert (text.state, text.tries, text.due_at) == (Text.State.FAILED, texts.TRIES, None)


def test_a_text_whose_sender_died_is_sent_by_another(text: Text, trunk: Trunk, puppet: Puppet) -> None:
    Text.objects.update(due_at=START + texts.LEASE, tries=1)  # claimed, and never heard of again
    assert texts.send_due(now=START) == 0
    assert texts.send_due(now=START + texts.LEASE) == 1


def test_a_text_is_sent_by_one_worker_only(text: Text, trunk: Trunk, puppet: Puppet) -> None:
    stale = Text.objects.get()
    assert texts.send_due(now=START) == 1
    assert not texts._send(stale, trunk, START)


def test_a_text_whose_number_no_key_opens_keeps_no_other_waiting(
    text: Text, trunk: Trunk, puppet: Puppet, caplog: pytest.LogCaptureFixture
) -> None:
    texts.write(number=NUMBER, body="请勿转账", now=START - timedelta(seconds=1)).save()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE telephony_text SET number = 'lost.AAAA' WHERE id <> %s", [text.pk])
    assert texts.send_due(now=START) == 1
    assert puppet.texts == [str(text.key)]


# ---- Quiet, in doubt, followed


def another(body: str = "请勿转账", *, at: datetime, number: str = NUMBER) -> Text:
    text = texts.write(number=number, body=body, now=at)
    text.save()
    return text


def test_the_same_words_are_not_sent_twice_within_hours_to_one_number(
    text: Text, trunk: Trunk, puppet: Puppet
) -> None:
    texts.send_due(now=START)
    soon, late = START + timedelta(hours=1), START + texts.QUIET + timedelta(seconds=1)
    again, other = another(at=soon), another("别的话", at=soon)
    elsewhere = another(at=soon, number="+8619000000002")
    assert texts.send_due(now=soon) == 2
    assert Text.objects.get(pk=again.pk).state == Text.State.QUIET
    assert {Text.objects.get(pk=t.pk).state for t in (other, elsewhere)} == {Text.State.SENT}
    another(at=late)
    assert texts.send_due(now=late) == 1


def test_words_that_did_not_arrive_are_said_again(text: Text, trunk: Trunk, puppet: Puppet) -> None:
    texts.send_due(now=START)
    texts.hear(TextNews(str(text.key), TextState.UNDELIVERED), now=START)
    another(at=START)
    assert texts.send_due(now=START) == 1


class Finder(Puppet):
    """One that can be asked for texts."""

    taken: str | CarrierError | None = None

    def find_text(self, *, number: str, body: str, since: datetime) -> str | None:
        if isinstance(self.taken, CarrierError):
            raise self.taken
        return self.taken


@pytest.fixture
def finder(exchange: Exchange, settings: Settings) -> Finder:
    settings.CARRIERS = {"finder": {"adapter": "tests.telephony.test_texts.Finder"}}
    exchange.trunk(carrier="finder")
    made = lines.carrier("finder")
    assert isinstance(made, Finder)
    return made


@pytest.mark.parametrize(("taken", "sent_again"), [("SM1", 0), (None, 1)])
def test_a_text_in_doubt_is_looked_for_before_it_is_sent_again(
    text: Text, finder: Finder, taken: str | None, sent_again: int
) -> None:
    finder.refuses = CarrierError("no answer", certain=False)
    assert texts.send_due(now=START) == 0
    finder.refuses, finder.taken = None, taken
    assert texts.send_due(now=START + texts.LEASE) == 1
    assert len(finder.texts) == sent_again
    assert Text.objects.get(pk=text.pk).state == Text.State.SENT


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("dies", [SystemExit, OperationalError])
def test_a_text_whose_sender_died_goes_out_once_whether_it_had_been_taken_or_not(
    text: Text, finder: Finder, monkeypatch: pytest.MonkeyPatch, dies: type[BaseException], taken: bool
) -> None:
    """Killed, or without its database, before it could write that the carrier has it."""

    def dying(*, key: str, number: str, body: str) -> str:
        if taken:
            finder.taken = Puppet.send_text(finder, key=key, number=number, body=body)
        raise dies

    with monkeypatch.context() as dead, suppress(SystemExit):
        dead.setattr(finder, "send_text", dying)
        texts.send_due(now=START)
    assert texts.send_due(now=START + texts.LEASE) == 1
    assert finder.texts == [str(text.key)]
    assert Text.objects.get().state == Text.State.SENT


def test_a_text_that_was_certainly_refused_is_not_looked_for(text: Text, finder: Finder) -> None:
    finder.refuses, finder.taken = CarrierError("no", certain=True), "SM1"
    assert texts.send_due(now=START) == 0
    text.refresh_from_db()
    assert (text.doubted_at, text.trunk) == (None, None)
    finder.refuses = None
    assert texts.send_due(now=START + texts.LEASE) == 1
    assert finder.texts == [str(text.key)]


def test_a_text_goes_to_another_carrier_when_the_one_in_doubt_can_never_be_asked(
    text: Text, finder: Finder, exchange: Exchange, settings: Settings
) -> None:
    settings.CARRIERS |= {"puppet": {"adapter": "tests.fakes.puppet.Puppet"}}
    exchange.trunk(carrier="puppet", priority=2)
    finder.refuses = finder.taken = CarrierError("no answer", certain=False)
    sent = [texts.send_due(now=START + tried * texts.LEASE) for tried in range(texts.TRIES)]
    assert sent == [0, 0, 0, 1, 0]
    assert Text.objects.get(pk=text.pk).state == Text.State.SENT


def test_a_text_in_doubt_goes_out_twice_at_most(text: Text, finder: Finder) -> None:
    """Its carrier takes all it is given, and never says so."""
    given: list[str] = []

    def mute(*, key: str, number: str, body: str) -> str:
        given.append(key)
        raise CarrierError("no answer", certain=False)

    finder.taken = CarrierError("no answer", certain=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finder, "send_text", mute)
        for tried in range(texts.TRIES + 1):
            assert texts.send_due(now=START + tried * texts.LEASE) == 0
    assert len(given) == 2
    assert Text.objects.get(pk=text.pk).state == Text.State.FAILED


def test_a_text_that_the_first_carrier_has_not_is_looked_for_at_the_second(
    text: Text, finder: Finder, exchange: Exchange, settings: Settings
) -> None:
    settings.CARRIERS |= {"second": {"adapter": "tests.telephony.test_texts.Finder"}}
    exchange.trunk(carrier="second", priority=2)
    second = lines.carrier("second")
    assert isinstance(second, Finder)
    finder.refuses = second.refuses = CarrierError("no answer", certain=False)
    for tried in range(2):
        assert texts.send_due(now=START + tried * texts.LEASE) == 0
    second.taken, finder.refuses = "SM2", None
    assert texts.send_due(now=START + 2 * texts.LEASE) == 1
    assert finder.texts == []
    assert Text.objects.get(pk=text.pk).external_id == "SM2"


def test_a_text_is_followed_to_the_phone_whatever_the_order_of_its_news(
    text: Text, trunk: Trunk, puppet: Puppet
) -> None:
    texts.send_due(now=START)
    states = []
    for state in (TextState.DELIVERED, TextState.SENT, TextState.FAILED, None):
        texts.hear(TextNews(str(text.key), state, "SM1"), now=START + timedelta(seconds=5))
        states.append(Text.objects.get().state)
    kept = Text.objects.get()
    assert states == [Text.State.DELIVERED] * 4
    assert (kept.delivered_at, len(kept.evidence)) == (START + timedelta(seconds=5), 4)


def test_the_same_letter_about_a_text_is_heard_once(text: Text, trunk: Trunk, puppet: Puppet) -> None:
    texts.send_due(now=START)
    news = TextNews(str(text.key), TextState.DELIVERED)
    assert texts.hear(news, now=START, seal="abc")
    assert not texts.hear(news, now=START, seal="abc")
    assert len(Text.objects.get().evidence) == 1


@pytest.mark.parametrize(
    ("phone", "state"),
    [
        ("delivered", Text.State.DELIVERED),
        ("undelivered", Text.State.UNDELIVERED),
        ("failed", Text.State.FAILED),
    ],
)
def test_over_twilio_its_delivery_is_told_by_signed_callbacks(
    live_server: LiveServer, settings: Settings, moving: MovingClock, phone: str, state: Text.State
) -> None:
    with practising(moving) as practice:
        settings.CARRIERS = {
            "twilio": {
                "adapter": "telephony.carriers.twilio.TwilioCarrier",
                "account_sid": SID,
                "auth_token": TOKEN,
                "caller_id": "+861096110",
                "base_url": practice.url,
                "callback_base": live_server.url,
            }
        }
        practice.phones[NUMBER] = Phone(text=phone)
        Exchange().trunk(carrier="twilio")
        another(at=START)
        assert texts.send_due(now=START) == 1
        moving.forward(timedelta(seconds=10))
        practice.run()
        assert Text.objects.get().state == state
        assert set(practice.answers_to("message")) == {204}
        forged = {"MessageSid": "SM1", "MessageStatus": "delivered"}
        url = f"{live_server.url}/telephony/twilio/{Text.objects.get().key}/text"
        assert practice.send(url, forged, token="another") == 403
        assert Text.objects.get().state == state


def test_without_a_trunk_a_text_waits(text: Text) -> None:
    assert texts.send_due(now=START) == 0
    text.refresh_from_db()
    assert (text.state, text.tries) == (Text.State.QUEUED, 0)


def test_the_database_refuses_a_queued_text_that_is_never_due(text: Text) -> None:
    with pytest.raises(IntegrityError, match="telephony_text_queued_has_due_at"), transaction.atomic():
        Text.objects.update(due_at=None)
