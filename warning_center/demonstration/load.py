"""Loading the demonstration centre: units, trunks, desks, sources and one login a role; twice is as good as once."""

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher
from django.db import transaction

from dispatch.models import Operator, Unit, User
from dispatch.register.parts import outlined
from dispatch.vocabulary import FraudType, Role, UnitKind
from telephony.models import Desk, Trunk
from warning_center.answers import Answers, parse
from warning_center.models import Source

HERE = Path(__file__).parent
CITY = "440900"  # Maoming: the demonstration city
EVER = timedelta(days=3650)  # the lease of a desk at which a stand-in sits: its clock leaps
VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Login:
    """Who may log in to this installation, and with what."""

    username: str
    role: Role
    password: str


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A loaded centre: its city, and its sources by code, which have no API key until it is renewed."""

    city: Unit
    sources: Mapping[str, Source]


@transaction.atomic
def load(now: datetime, *, people: bool = True) -> Demonstration:
    """Put the demonstration centre into the database; what is there already stays as it is.

    `people` is false where nobody logs in.
    """
    document = _read("units.json")
    units = _units(document["units"])
    _sketches(_read("outlines.json")["features"], units)
    for row in document["trunks"]:
        fresh = {**row, "tokens": row["per_second"], "filled_at": now}
        Trunk.objects.get_or_create(name=fresh.pop("name"), defaults=fresh)
    _desks_of_stand_ins(document, now)
    sources = {}
    for row in document["sources"]:
        place = {"name": row["name"], "unit": units[UnitKind.CITY, row["unit"]]}
        sources[row["code"]], _ = Source.objects.get_or_create(code=row["code"], defaults=place)
    if people:
        _people(document["people"], units)
        _desks_of_people(document["desks"]["people"], now)
    return Demonstration(units[UnitKind.CITY, CITY], sources)


def directives() -> list[dict[str, Any]]:
    """The events as directives in the order of their issue, each with the code of its `source`."""
    rows: list[dict[str, Any]] = _read("directives.json")
    return rows


def answers() -> Answers:
    """How phones and people behave in the events."""
    return parse(_read("answers.json"))


def logins() -> tuple[Login, ...]:
    """The logins of this installation whose passwords are kept; none before people have been loaded."""
    kept = _kept()
    rows = _read("units.json")["people"]
    return tuple(
        Login(row["username"], Role(row["role"]), kept[row["username"]])
        for row in rows
        if row["username"] in kept
    )


def _read(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def _units(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[UnitKind, str], Unit]:
    """Units by kind and code; a station has the code of its town. The file names parents first."""
    units: dict[tuple[UnitKind, str], Unit] = {}
    areas: dict[str | None, Unit] = {}
    for row in rows:
        kind = UnitKind(row["kind"])
        unit, _ = Unit.objects.get_or_create(
            kind=kind,
            adcode=row["adcode"],
            defaults={
                "parent": areas.get(row["parent"]),
                "name": row["name"],
                "lat": row["lat"],
                "lon": row["lon"],
                "duty_phone": row["duty_phone"],
            },
        )
        units[kind, unit.adcode] = unit
        if kind is not UnitKind.STATION:
            areas[unit.adcode] = unit
    return units


def _sketches(features: Iterable[Mapping[str, Any]], units: Mapping[tuple[UnitKind, str], Unit]) -> None:
    """Outlines for the map, drawn by ourselves; where an outline stands already, it stays."""
    for feature in features:
        unit = units[UnitKind.COUNTY, feature["properties"]["adcode"]]
        if not unit.areas.filter(code="").exists():
            outlined(unit, feature["geometry"], sketch=True).save()


def _people(rows: Iterable[Mapping[str, Any]], units: Mapping[tuple[UnitKind, str], Unit]) -> None:
    """A user for each row; a new one takes the password kept for that name, or a random one."""
    missing = [row for row in rows if not User.objects.filter(username=row["username"]).exists()]
    if not missing:
        return
    kept = _kept()
    passwords = {row["username"]: kept.get(row["username"]) or secrets.token_urlsafe(9) for row in missing}
    _keep({**kept, **passwords})
    for row in missing:
        role = Role(row["role"])
        User.objects.create(
            username=row["username"],
            password=_hashed(passwords[row["username"]]),
            role=role,
            unit=units[UnitKind(row["kind"]), row["adcode"]],
            is_staff=role is not Role.OFFICER,
            is_superuser=role is Role.ADMINISTRATOR,
        )


def _hashed(drawn: str) -> str:
    """As the database keeps it. Nobody guesses 72 bits, hashed in one round or a million; a login does it in full."""
    hasher = get_hasher()
    few = {"iterations": 1} if isinstance(hasher, PBKDF2PasswordHasher) else {}
    return hasher.encode(drawn, hasher.salt(), **few)


def _desks_of_stand_ins(document: Mapping[str, Any], now: datetime) -> None:
    """A desk for each line, ready from now on, which needs no time to wrap up: its stand-in writes nothing."""
    many = sum(row["concurrent"] for row in document["trunks"])
    names = [f"{document['desks']['stand_ins']} {n:02}" for n in range(1, many + 1)]
    known = set(Desk.objects.filter(name__in=names).values_list("name", flat=True))
    ready = {"state": Desk.State.READY, "since": now, "ready_since": now, "lease_until": now + EVER}
    Desk.objects.bulk_create(
        Desk(name=name, tags=[VIDEO], wrap=timedelta(), lease=EVER, **ready)
        for name in names
        if name not in known
    )


def _desks_of_people(rows: Iterable[Mapping[str, Any]], now: datetime) -> None:
    """Each has a desk of their own that knows every kind of fraud, so calls come there first while they are ready."""
    for row in rows:
        every = {"since": now, "tags": [VIDEO, *(fraud.value for fraud in FraudType)]}
        desk, _ = Desk.objects.get_or_create(name=row["name"], defaults=every)
        if not Operator.objects.filter(desk=desk).exists():
            Operator.objects.get_or_create(
                user=User.objects.get(username=row["username"]), defaults={"desk": desk}
            )


def _path() -> Path:
    return Path(settings.HOME) / "logins.json"


def _kept() -> dict[str, str]:
    """Passwords in plain words, for a later start to print again; the database has only their hashes."""
    try:
        kept: dict[str, str] = json.loads(_path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return kept


def _keep(passwords: Mapping[str, str]) -> None:
    """Written whole or not at all, readable by its owner only, before the database learns of them."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(passwords, indent=1), encoding="utf-8")
    draft.replace(path)
