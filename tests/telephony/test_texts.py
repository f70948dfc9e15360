"""SMS: out once, tried again when the carrier fails, given up in the end."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from telephony import texts
from telephony.carrier import CarrierError
from telephony.models import Text, Trunk
from tests.fakes.puppet import Puppet
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


def test_without_a_trunk_a_text_waits(text: Text) -> None:
    assert texts.send_due(now=START) == 0
    text.refresh_from_db()
    assert (text.state, text.tries) == (Text.State.QUEUED, 0)


def test_the_database_refuses_a_queued_text_that_is_never_due(text: Text) -> None:
    with pytest.raises(IntegrityError, match="telephony_text_queued_has_due_at"), transaction.atomic():
        Text.objects.update(due_at=None)
