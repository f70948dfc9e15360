"""Personal data at rest: sealed under a named key, opened by any of ours, found by an index."""

import base64

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from telephony import sealing
from telephony.models import Text
from tests.telephony.samples import NUMBER, START


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> None:
    settings.SEALING_KEYS = {"2025": b"a" * 32, "2026": b"b" * 32}
    settings.INDEX_KEY = b"c" * 32


@given(st.text())
def test_what_is_sealed_can_be_unsealed(text: str) -> None:
    assert sealing.unseal(sealing.seal(text)) == text


def test_the_last_key_seals_and_all_of_them_open(settings: Settings) -> None:
    settings.SEALING_KEYS = {"2025": b"a" * 32}
    old = sealing.seal(NUMBER)
    settings.SEALING_KEYS = {"2025": b"a" * 32, "2026": b"b" * 32}
    assert sealing.seal(NUMBER).startswith("2026.")
    assert sealing.unseal(old) == NUMBER


def test_nothing_is_sealed_the_same_twice() -> None:
    assert sealing.seal(NUMBER) != sealing.seal(NUMBER)


def test_the_empty_text_stays_empty() -> None:
    assert sealing.seal("") == ""
    assert sealing.unseal("") == ""


def changed(sealed: str) -> str:
    name, _, body = sealed.partition(".")
    raw = bytearray(base64.b64decode(body))
    raw[-1] ^= 1
    return f"{name}.{base64.b64encode(raw).decode()}"


def test_text_that_was_changed_does_not_open() -> None:
    with pytest.raises(sealing.Unsealable):
        sealing.unseal(changed(sealing.seal(NUMBER)))


@pytest.mark.parametrize("text", ["lost.AAAA", "2026.", "2026.AAAA", "2026.!!", "2026", NUMBER])
def test_what_none_of_our_keys_sealed_does_not_open(text: str) -> None:
    with pytest.raises(sealing.Unsealable) as met:
        sealing.unseal(text)
    assert NUMBER not in str(met.value)


def test_a_key_cannot_be_passed_off_as_another() -> None:
    body = sealing.seal(NUMBER).partition(".")[2]
    with pytest.raises(sealing.Unsealable):
        sealing.unseal(f"2025.{body}")


def test_an_index_keeps_kinds_apart(settings: Settings) -> None:
    here = sealing.index("number", NUMBER)
    assert here != sealing.index("id_number", NUMBER)
    settings.INDEX_KEY = b"d" * 32
    assert sealing.index("number", NUMBER) != here


def test_the_database_holds_sealed_text_only(db: None) -> None:
    Text.objects.create(number=NUMBER, body="", due_at=START)
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM telephony_text")
        (stored,) = cursor.fetchone()
    assert stored.startswith("2026.")
    assert NUMBER[3:] not in stored
    assert Text.objects.get().number == NUMBER
