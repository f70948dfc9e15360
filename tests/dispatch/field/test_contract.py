"""The officers' doors keep to their own description: whatever is sent, no server error, no answer unnamed."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from dispatch.models import Attempt
from tests.devices import Device, client, new_key

KEPT = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
EXAMPLES = 3  # a door
LINES = "/api/v1/field/stream"  # never ends by itself; see test_changes


@pytest.fixture(autouse=True)
def folder(tmp_path: Any, settings: Settings) -> None:
    settings.PHOTOS = tmp_path
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    }  # counts no tries


@contextmanager
def one_connection() -> Iterator[None]:
    """A request's end does not close the test's transaction. Django's own client sees to that itself, and undoes it."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def schemathesis() -> Any:
    """Not imported at the top: every worker reads this file, and one of them needs it."""
    import_module("schemathesis.checks")
    return import_module("schemathesis")


def test_no_server_error_and_no_undocumented_answer(
    schemathesis: Any, officer: Device, visit: Attempt
) -> None:
    described = client().get("/api/v1/schema/?format=json").json()
    schema = schemathesis.openapi.from_dict(described)
    schema.app = get_wsgi_application()
    doors = schema.include(path_regex="^/api/v1/field/").exclude(path=LINES)
    checks = [schemathesis.checks.CHECKS.get_one(name) for name in KEPT]
    found = [each.ok() for each in doors.get_all_operations()]
    seen = {operation.label: _answers(operation, checks, officer, visit) for operation in found}
    assert len(seen) >= 24
    assert any(codes & {200, 201, 204} for codes in seen.values())


def _answers(operation: Any, checks: list[Any], officer: Device, visit: Attempt) -> set[int]:
    """How one door answers whatever its description allows, or nearly; each answer is held against the description."""
    codes = set()

    @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(operation.as_strategy(), st.booleans())
    def keeps_to_it(case: Any, ours: bool) -> None:
        if ours and "visit" in case.path_parameters:
            case.path_parameters["visit"] = visit.pk
        headers = {"Authorization": f"Bearer {officer.token}"}
        if ours:
            headers["Idempotency-Key"] = new_key()
        with one_connection():
            answer = case.call(headers=headers)
        case.validate_response(answer, checks=checks)
        codes.add(answer.status_code)

    keeps_to_it()
    return codes
