"""Which carrier stands behind which name: one adapter each, whoever asks, and a clear word for none."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from pytest_django import Settings

from telephony import clock, lines
from telephony.carrier import Carrier
from telephony.carriers.simulated import SimulatedCarrier


def test_an_adapter_is_made_from_its_entry_and_the_programs_clock() -> None:
    made = lines.carrier("simulated")
    assert isinstance(made, SimulatedCarrier)
    assert made.clock is clock.now
    assert ("simulated", made) in lines.every()


def test_all_threads_share_one_adapter(settings: Settings) -> None:
    ready = threading.Barrier(8)

    def ask(_: int) -> Carrier:
        ready.wait(10)
        return lines.carrier("simulated")

    with ThreadPoolExecutor(8) as threads:
        assert len({id(made) for made in threads.map(ask, range(8))}) == 1


def test_a_name_the_settings_do_not_have_is_our_certain_fault() -> None:
    with pytest.raises(lines.NoSuchCarrier, match="nobody") as met:
        lines.carrier("nobody")
    assert met.value.certain


def test_new_settings_make_new_adapters_once_the_old_are_forgotten() -> None:
    old = lines.carrier("simulated")
    lines.forget()
    assert lines.carrier("simulated") is not old
