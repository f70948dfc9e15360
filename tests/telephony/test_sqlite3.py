"""SQLite's place-holders are translated once for each text, and mean what Django's do."""

import pytest
from django.db.utils import ConnectionHandler, OperationalError

pytestmark = pytest.mark.django_db


@pytest.fixture
def sqlite() -> ConnectionHandler:
    return ConnectionHandler({"default": {"ENGINE": "telephony.sqlite3", "NAME": ":memory:"}})


@pytest.mark.parametrize("time", ["first", "again"])
def test_values_are_bound_and_percent_signs_kept(sqlite: ConnectionHandler, time: str) -> None:
    with sqlite["default"].cursor() as cursor:
        cursor.execute("SELECT %s, '100%%', %s", [time, "%s"])
        assert cursor.fetchall() == [(time, "100%", "%s")]
        cursor.execute("SELECT '100%%', '%s'")
        assert cursor.fetchall() == [("100%%", "%s")]


def test_values_may_have_names(sqlite: ConnectionHandler) -> None:
    with sqlite["default"].cursor() as cursor:
        cursor.execute("SELECT %(b)s, %(a)s", {"a": 1, "b": 2})
        assert cursor.fetchall() == [(2, 1)]


def test_a_bad_statement_is_djangos_error(sqlite: ConnectionHandler) -> None:
    with sqlite["default"].cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT %s FROM nowhere", [1])
