"""Directives as a province sends them, about people who do not exist, and the city they are about."""

import random
from datetime import datetime, timedelta
from typing import Any

from dispatch.models import Unit
from dispatch.vocabulary import Level, UnitKind
from telephony.models import Desk, Trunk
from tests import factories
from tests.crowd import SHARES
from tests.seats import taken_seats
from warning_center.models import Source

COUNTIES, STATIONS = 5, 12
ADCODES = tuple(f"4409{n:02}" for n in range(10, 10 + COUNTIES))
FRAUDS = ("刷单返利", "虚假网络投资理财", "冒充电商物流客服", "虚假贷款", "冒充公检法及政府机关", "冒充熟人")
LEVELS = [level for level, share in SHARES.items() for _ in range(share)]


def found(
    now: datetime, *, concurrent: int = 5_000, per_second: float = 200, desks: int = 300
) -> tuple[Source, str]:
    """A city of five counties with a dozen stations each, one wide trunk and these ready desks; its source and key."""
    centre = factories.centre(now)
    for n, adcode in enumerate(ADCODES):
        county = Unit.objects.create(
            name=f"county {n}",
            kind=UnitKind.COUNTY,
            adcode=adcode,
            parent=centre.city,
            lat=21.5,
            lon=110.5 + n / 10,
        )
        for k in range(STATIONS):
            for kind in (UnitKind.STATION, UnitKind.VILLAGE):
                code = adcode if kind is UnitKind.STATION else f"{adcode}{100 + k}"
                Unit.objects.create(
                    name=f"{kind} {k}",
                    kind=kind,
                    adcode=code,
                    parent=county,
                    lat=21.5 + k / 100,
                    lon=county.lon,
                )
    Trunk.objects.update(concurrent=concurrent, per_second=per_second, tokens=per_second, filled_at=now)
    taken_seats(desks - Desk.objects.count(), now)
    key = centre.source.renew_key()
    centre.source.save()
    return centre.source, key


def directive(n: int, now: datetime, *, level: Level | None = None, prefix: str = "B") -> dict[str, Any]:
    """The n-th, whole: a name, a number, a place, a sum, sometimes danger signs. The same n is the same directive."""
    chance = random.Random(n)
    chosen = level or LEVELS[chance.randrange(len(LEVELS))]
    county = chance.randrange(COUNTIES)
    given: dict[str, Any] = {
        "reference": f"{prefix}-{n:07d}",
        "issued_at": (now - timedelta(seconds=chance.randrange(60))).isoformat(),
        "fraud_type": chance.choice(FRAUDS),
        "level": chosen.code,
        "phone": f"1900{n:07d}",
        "name": "测试人",
        "age": chance.randint(18, 75),
        "amount": str(chance.randrange(1_000, 300_000)),
        "location": {
            "lat": 21.5 + chance.random() / 10,
            "lon": 110.5 + county / 10,
            "adcode": ADCODES[county],
            "address": f"某小区 {n} 号",
        },
    }
    if chosen >= Level.HIGH:
        given["signs"] = {"on_call_seconds": chance.randrange(0, 1200)}
    return given
