"""What every test stands on: real servers, and Django set up beside them.

Set TEST_DATABASE_URL or TEST_REDIS_URL to use servers of your own; that Redis database is emptied.
"""

import contextlib
import gc
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

import django
import hypothesis
import pytest
import redis
from django.conf import settings
from django.core.servers.basehttp import WSGIRequestHandler
from django.utils import translation
from pytest_django import DjangoDbBlocker
from xdist.scheduler import LoadScopeScheduling

from tests import emptying, servers, template
from tests.examples import few

# No limit on an example's time: the machine may be busy with something else.
# The gate says the same of the same tree; new examples are searched for with EXAMPLES (`make search`).
hypothesis.settings.register_profile("gate", deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("repeated", hypothesis.settings.get_profile("gate"), max_examples=50)
hypothesis.settings.register_profile("search", deadline=None, max_examples=few(100))
hypothesis.settings.load_profile("search" if "EXAMPLES" in os.environ else "gate")

# Begun first. The kills before all: no test that times a recovery is then beside them.
LONGEST = ("test_kills.py", "journeys", "browser", "test_walk.py", "simulation")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Servers first, then Django. Under xdist one PostgreSQL for all, and a Redis for each worker."""
    if settings.configured:
        raise pytest.UsageError(
            "Unset DJANGO_SETTINGS_MODULE: settings are read after the servers have started."
        )
    given = contextlib.ExitStack()
    config.add_cleanup(given.close)
    if "TEST_DATABASE_URL" not in os.environ:
        os.environ["TEST_DATABASE_URL"] = given.enter_context(servers.postgres())
        given.callback(os.environ.pop, "TEST_DATABASE_URL", None)
    if config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"):
        return  # this process runs no tests itself; its workers come here again
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    os.environ["REDIS_URL"] = os.environ.get("TEST_REDIS_URL") or given.enter_context(servers.redis())
    os.environ["WARNING_CENTER_HOME"] = given.enter_context(tempfile.TemporaryDirectory(prefix="wc-home-"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "warning_center.settings"
    django.setup()
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # nobody's passwords, quickly
    settings.VITALS_KEPT_FOR = 0  # each page looks for itself, so each takes as many queries
    settings.WHITENOISE_AUTOREFRESH = (
        True  # a new client does not read all static files; each is found when asked for
    )
    emptying.instead_of_truncating()
    WSGIRequestHandler.disable_nagle_algorithm = True  # of the live server, where it costs 40 ms an answer


class OneFileOneWorker(LoadScopeScheduling):
    """What a file's tests share, such as one play for all, is made once; the long walks are spread one by one."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return nodeid if path.endswith("test_walk.py") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneFileOneWorker:
    """xdist's own `--dist loadgroup` groups nothing under pytest 9.2."""
    config.option.loadscopereorder = False  # xdist would begin a file of one long test last
    return OneFileOneWorker(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, then file by file, the fullest first: a long one begun last would keep a worker waiting."""
    many = Counter(item.path for item in items)

    def place(item: pytest.Item) -> tuple[int, int]:
        named = (n for n, part in enumerate(LONGEST) if part in item.path.parts)
        return next(named, len(LONGEST)), -many[item.path]

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """What has been imported stays until the end: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)  # fourteen times as seldom: a worker lives for minutes


@pytest.fixture(autouse=True)
def centres_language() -> Iterator[None]:
    """Every test begins in the centre's own language: a request in another one leaves it behind in its thread."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture(scope="session")
def migrated(django_db_blocker: DjangoDbBlocker) -> str:
    """The name of the migrated database, to be copied."""
    with django_db_blocker.unblock():
        return template.migrated()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, migrated: str) -> None:
    """A worker's database is a copy of it."""
    settings.DATABASES["default"]["TEST"]["TEMPLATE"] = migrated


@pytest.fixture
def redis_url() -> str:
    """The address of an empty Redis."""
    address = os.environ["REDIS_URL"]
    with redis.Redis.from_url(address) as connection:
        connection.flushdb()
    return address
