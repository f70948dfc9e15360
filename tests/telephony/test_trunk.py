"""A booked call over the SIP trunk: matched, rung at the desk and at the person, heard of; and the journal on disk."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from telephony import calls, clock, exchange, lines
from telephony.carrier import CallResult
from telephony.clock import MovingClock
from telephony.door import Door
from telephony.journal import Journal
from telephony.models import Desk
from tests.seats import taken_seats
from tests.telephony.farends import EXCHANGE, refusing
from tests.telephony.rows import Exchange
from tests.telephony.samples import NUMBER, START
from tests.telephony.sip_trunk import SIP_PHONES, SipTrunk
from tests.telephony.stages import SECRET, serving

R = CallResult
REMOTE = "telephony.carriers.remote.RemoteCarrier"


@pytest.mark.django_db
@pytest.mark.parametrize("result", [R.ANSWERED, R.BUSY, R.OUT_OF_AREA, R.FAILED_HERE])
def test_a_call_and_its_desk_do_as_the_phones_do(
    exchange_rows: Exchange, moving: MovingClock, settings: Settings, result: CallResult
) -> None:
    trunk = SipTrunk(moving)
    if result is R.FAILED_HERE:
        trunk.net.ends[EXCHANGE].default = refusing(486)
    else:
        trunk.net.carrier.manners[NUMBER] = [SIP_PHONES[result]]
    (desk,) = taken_seats(1, START, address="1002", wrap=timedelta(seconds=30))
    call = exchange_rows.booked(NUMBER)
    with serving(Door(("127.0.0.1", 0), trunk, SECRET)) as url:
        settings.CARRIERS = {"sip": {"adapter": REMOTE, "url": url, "secret": SECRET}}
        lines.forget()
        assert exchange.turn(now=clock.now()) == 1
        for _ in range(60):
            moving.forward(timedelta(seconds=1))
            trunk.run()
            for update in trunk.collect():
                calls.hear(update, now=clock.now())
    call.refresh_from_db()
    desk.refresh_from_db()
    assert (call.status, call.result, call.external_id) == ("ended", result, f"sip-{call.key}")
    assert desk.state == (Desk.State.WRAPPING if result is R.ANSWERED else Desk.State.READY)
    assert trunk.net.exchange.got[0].uri == "sip:1002@10.0.0.2:5060"


@pytest.fixture
def exchange_rows(exchange: Exchange) -> Exchange:
    """One SIP trunk, no desks yet; under a name that leaves `exchange` to the module."""
    exchange.trunk(carrier="sip", desks=0)
    return exchange


def test_a_desk_without_an_address_is_refused_with_its_reason(
    exchange_rows: Exchange, moving: MovingClock, settings: Settings
) -> None:
    trunk = SipTrunk(moving)
    trunk.place = trunk.net.agent.place  # type: ignore[method-assign]  # with the desk as it was told
    taken_seats(1, START)
    call = exchange_rows.booked(NUMBER)
    with serving(Door(("127.0.0.1", 0), trunk, SECRET)) as url:
        settings.CARRIERS = {"sip": {"adapter": REMOTE, "url": url, "secret": SECRET}}
        lines.forget()
        exchange.turn(now=clock.now())
    call.refresh_from_db()
    assert (call.status, call.result) == ("ended", R.FAILED_HERE)
    assert "extension or SIP address" in call.evidence[0]["desk"]


# ---- The journal


def test_a_journal_holds_the_last_word_for_each_key_and_no_number_in_the_open(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.note("a", {"number": NUMBER})
    journal.note("b", {"x": 1})
    journal.note("a", {"number": NUMBER, "then": True})
    journal.close()
    assert NUMBER not in path.read_text()
    again = Journal(path, keep=lambda said: said != {"x": 1})
    assert again.entries == {"a": {"number": NUMBER, "then": True}}
    assert len(path.read_text().splitlines()) == 1  # written anew
    assert path.stat().st_mode & 0o077 == 0
    again.close()


def test_a_torn_line_costs_that_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    for n in range(3):
        journal.note(str(n), {"n": n})
    journal.close()
    lines_there = path.read_text().splitlines()
    path.write_text("\n".join([lines_there[0], lines_there[1][:20], lines_there[2], "nonsense"]))
    again = Journal(path)
    assert list(again.entries) == ["0", "2"]
    again.close()


def test_a_trunk_without_its_settings_says_what_is_missing(settings: Settings) -> None:
    settings.CARRIERS = {}
    with pytest.raises(CommandError, match="SIP_TRUNK"):
        call_command("trunk")
    settings.CARRIERS = {"sip": {"secret": SECRET}}
    settings.SIP = {"listen": "127.0.0.1:5060"}
    with pytest.raises(CommandError, match="SIP_TRUNK"):
        call_command("trunk")
