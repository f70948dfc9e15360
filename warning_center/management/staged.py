"""Commands on a throw-away database: before they are read, the settings are told of nothing that lasts."""

import os
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

MARK = "WARNING_CENTER_STAGED"
COMMANDS = ("demo", "simulate")
NOBODYS_KEYS = {  # of a database that is thrown away, so that two runs are alike
    "SECRET_KEY": "nobody's",
    "SEALING_KEYS": "k1:bm9ib2R5J3Mga2V5LCBub2JvZHkncyBrZXksIG5vYm8=",
    "INDEX_KEY": "bm9ib2R5J3Mga2V5LCBub2JvZHkncyBrZXksIG5vYm8=",
}


@contextmanager
def stage(words: Sequence[str]) -> Iterator[None]:
    """What a line of manage.py's, its own name first, needs around it: nothing, unless the command is one of these.

    The database is SQLite's in memory, or the one that `--database` names.
    """
    if words[1:2] not in [[name] for name in COMMANDS]:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="warning-center-staged-") as home:
        os.environ |= {
            **NOBODYS_KEYS,
            MARK: "1",
            "WARNING_CENTER_HOME": home,
            "DATABASE_URL": _database(words[2:]) or "sqlite://:memory:",
            "REDIS_URL": "",
            "CLOCK": "telephony.clock.moving",
        }
        os.environ.pop("TWILIO_ACCOUNT_SID", None)
        yield


def _database(options: Sequence[str]) -> str:
    """The PostgreSQL that the options name; whatever else they say is for the command to judge."""
    parser = ArgumentParser(add_help=False)
    parser.add_argument("--database", nargs="?", default="")
    named = str(parser.parse_known_args(options)[0].database)
    return named if named.startswith(("postgres://", "postgresql://")) else ""


def required() -> None:
    """Raises CommandError unless manage.py has set the stage."""
    if os.environ.get(MARK) != "1":
        raise CommandError(_("start it with manage.py: else it would fill the centre's own database"))
