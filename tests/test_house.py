"""The law of the house: imports, keys, migrations, guarded addresses, one clock, nothing of anybody's machine."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("warning_center", "dispatch", "telephony")  # the top one first
DIRECTION, FLOORS = "Imports point the way the data flows", "The floors of dispatch"
PLANTS = [  # where, what, the contract that it breaks, and what is said to break it
    ("telephony/calls.py", "from dispatch import vocabulary", DIRECTION, "telephony.calls -> dispatch.vocabulary"),
    ("dispatch/stations.py", "from warning_center import intake", DIRECTION,
     "dispatch.stations -> warning_center.intake"),
    ("dispatch/policy.py", "from django.utils import timezone", "The pure modules know no Django",
     "dispatch.policy -> django"),
    ("dispatch/workflow/turn.py", "import celery", "Only tasks.py", "dispatch.workflow.turn -> celery"),
    ("telephony/exchange.py", "import twilio", "Only telephony.carriers.twilio knows Twilio",
     "telephony.exchange -> twilio"),
    ("telephony/carriers/remote.py", "from telephony.carriers import simulated", "Carriers do not know each other",
     "telephony.carriers.remote -> telephony.carriers.simulated"),
    ("dispatch/models/unit.py", "from dispatch import workflow", FLOORS, "dispatch.models.unit -> dispatch.workflow"),
    ("dispatch/helpers.py", '"""Odds and ends."""', FLOORS, "- dispatch.helpers\n"),
]  # fmt: skip


@cache
def _modules() -> list[tuple[Path, ast.Module]]:
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return [(path, ast.parse(path.read_text())) for path in paths if "migrations" not in path.parts]


def _contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [tool, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for room in ROOMS:
        shutil.copytree(
            ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__", "docs", "static")
        )
    return folder


def test_the_import_contracts_hold(copy: Path) -> None:
    ran = _contracts(copy)
    assert ran.returncode == 0, ran.stdout


@pytest.fixture(scope="module")
def broken(copy: Path) -> dict[str, str]:
    """What is said of each broken contract, by its name, with every plant in place."""
    before = {path: path.read_text() if path.exists() else None for path in (copy / p[0] for p in PLANTS)}
    for where, what, _, _ in PLANTS:
        with (copy / where).open("a") as file:
            file.write(f"\n{what}\n")
    try:
        ran = _contracts(copy)
    finally:
        for path, text in before.items():
            path.write_text(text) if text is not None else path.unlink()
    assert ran.returncode != 0
    _, *said = re.split(r"\n(.+)\n-{9,}\n", ran.stdout.partition("Broken contracts")[2])
    return dict(zip(said[::2], said[1::2], strict=True))


@pytest.mark.parametrize(("where", "what", "contract", "import_"), PLANTS, ids=lambda given: given[:40])
def test_the_import_contracts_fail_on_a_planted_violation(
    broken: dict[str, str], where: str, what: str, contract: str, import_: str
) -> None:
    (told,) = (said for name, said in broken.items() if name.startswith(contract))
    assert import_ in told


def test_no_foreign_key_points_against_the_flow() -> None:
    rank = {room: n for n, room in enumerate(ROOMS)}
    against = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.many_to_one or (field.one_to_one and field.concrete)
        if model._meta.app_label in rank and field.related_model._meta.app_label in rank  # type: ignore[union-attr]
        if rank[field.related_model._meta.app_label] < rank[model._meta.app_label]  # type: ignore[union-attr]
    ]
    assert against == []


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def test_migrations_squashed_into_one_come_to_the_same() -> None:
    """The rows of a new database's models and those of one that took every step."""
    stepwise, squashed = (
        MigrationLoader(None, replace_migrations=replaced).project_state().models
        for replaced in (False, True)
    )
    assert stepwise.keys() == squashed.keys()
    for key, model in stepwise.items():
        assert _deep(model.fields) == _deep(squashed[key].fields), key
        assert _deep(model.options) == _deep(squashed[key].options), key
        assert model.bases == squashed[key].bases, key


def _deep(given: Mapping[str, Any]) -> dict[str, Any]:
    """Fields, or options, as a migration would write them, whatever their order; those that say nothing left out."""
    plain = MigrationAutodetector(ProjectState(), ProjectState()).deep_deconstruct
    constraints = {
        name: {str(plain(one)) for one in given.get(name) or ()} for name in ("indexes", "constraints")
    }
    return {name: plain(value) for name, value in given.items() if value} | constraints


OPEN_TO_ALL = {
    "login",
    "wallboard-login",  # where a screen shows its key
    "logout",
    "set_language",
    "jsi18n",
    "api-schema",
    "api-docs",
    "api-redoc",
    "field-page",  # without data
    "field-worker",
    "field-manifest",
    "field-renew",  # by refresh token
    "field-token",  # where a device comes by its token, by password
    "telephony-callback",  # signed
    "health",  # names of promises and whether they are kept
    "health-live",
}


def _addresses(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _addresses(entry, path)
        elif isinstance(entry, URLPattern):
            yield path, entry.name or ""


def _concrete(path: str) -> str:
    path = re.sub(r"\(\?P<\w+>[^)]*\)", "1", path)
    path = re.sub(r"<uuid:\w+>", "00000000-0000-0000-0000-000000000001", path)
    path = re.sub(r"<(?:\w+:)?\w+>", "1", path)
    return "/" + path.replace("^", "").replace("$", "").replace("\\Z", "").lstrip("/")


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_address_is_closed_to_strangers(client: Client, method: str) -> None:
    opened = []
    for path, name in _addresses(get_resolver()):
        if name in OPEN_TO_ALL:
            continue
        answer = getattr(client, method)(_concrete(path))
        said_no = answer.status_code in (401, 403, 404, 405)
        sent_away = answer.status_code in (301, 302) and (
            "login" in answer["Location"] or answer["Location"] == "/"
        )
        if not said_no and not sent_away:
            opened.append(f"{method} {path} {answer.status_code}")
    assert opened == []


def test_a_planted_look_at_the_clock_is_caught(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    (tmp_path / "late.py").write_text(
        '"""A module."""\n\nfrom datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n'
    )
    ruff = Path(sys.executable).parent / "ruff"
    ran = subprocess.run(
        [ruff, "check", "--no-cache", "late.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "TID251" in ran.stdout


def test_the_state_is_moved_by_transitions_only() -> None:
    guilty = []
    for path, module in _modules():
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            named = {keyword.arg for keyword in node.keywords}
            if node.func.attr == "update" and "state" in named and "Case" in ast.unparse(node.func.value):
                guilty.append(f"{path.name}:{node.lineno} update(state=…)")
            if node.func.attr == "refresh_from_db":
                guilty.append(f"{path.name}:{node.lineno} refresh_from_db")
    assert guilty == []


def test_no_import_hides_inside_a_function() -> None:
    hidden = [
        f"{path.relative_to(ROOT)}:{inner.lineno}"
        for path, module in _modules()
        if path.name != "apps.py"
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def test_nothing_committed_names_a_registry_or_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    words = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|deb\.debian\.org|/" + "work/")
    named = [
        name
        for name in listed.splitlines()
        if (ROOT / name).suffix in {".py", ".md", ".toml", ".txt", ".in", ".json", ".html", ".css", ".js", ""}
        if (ROOT / name).is_file() and words.search((ROOT / name).read_text(errors="replace"))
        if name != "tests/test_house.py"
    ]
    assert named == []
