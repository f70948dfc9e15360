"""Why this unit was sent, in words: how far it is, until when it is on duty, how busy, and why not a nearer one."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch.models import Event, Unit
from dispatch.models.choices import name
from dispatch.vocabulary import PlaceKind

Units = Mapping[int, Unit]


def units_of(events: Iterable[Event]) -> dict[int, Unit]:
    """Every unit that these lines of the record name, by id, in one query."""
    ids: set[int] = set()
    for event in events:
        detail, choice = event.detail, event.detail.get("choice", {})
        ids |= {detail["unit"]} if "unit" in detail else set()
        ids |= set(detail.get("passed_by", ()))
        ids |= {one["unit"] for one in [choice.get("sent"), *choice.get("nearer", ())] if one}
    return Unit.objects.in_bulk(ids)


def in_words(choice: Mapping[str, Any], units: Units) -> str:
    """`七迳派出所: 1.2 km, on duty until 08:00, 1 of 4 visits; nearer 马店河: off duty`; "" for no choice."""
    sent = choice.get("sent")
    if not sent:
        return _("nobody can be sent") if "place" in choice else ""
    if sent["why"] == "same":
        return _("the same unit again")
    told = [_sent(sent, units), *(_passed_over(one, sent, units) for one in choice.get("nearer", ()))]
    told += filter(None, [_place(choice.get("place", {}), sent)])
    return _("; ").join(told)


def _sent(sent: Mapping[str, Any], units: Units) -> str:
    unit = units.get(sent["unit"])
    parts = []
    match sent["why"]:
        case "duty":
            parts.append(_("the duty officer, no station being left in reach"))
        case "last":
            parts.append(_("asked again, nobody else being left"))
    if sent["km"] is not None:
        parts.append(_("{km} km").format(km=sent["km"]))
    until = parse_datetime(sent["until"]) if sent["until"] else None
    parts.append(_("on duty until {clock}").format(clock=_clock(until, unit)) if until else _("on duty"))
    parts.append(
        ngettext("{n} of {room} visits", "{n} of {room} visits", sent["room"]).format(
            n=sent["visits"], room=sent["room"]
        )
    )
    return _("{unit}: {said}").format(unit=unit or "", said=_(", ").join(parts))


def _passed_over(one: Mapping[str, Any], sent: Mapping[str, Any], units: Units) -> str:
    reasons = {
        "off_duty": _("off duty"),
        "full": _("no room"),
        "asked": _("did not acknowledge"),
        "charge": _("not its area"),
    }
    unit, why = str(units.get(one["unit"], "")), reasons.get(one["why"], "")
    if sent["why"] == "duty":
        return _("{unit}: {said}").format(unit=unit, said=why)
    return _("nearer {unit}: {why}").format(unit=unit, why=why)


def _place(place: Mapping[str, Any], sent: Mapping[str, Any]) -> str:
    """How the place is known, where that weakens what is said of distances."""
    parts = []
    if place.get("kind") == PlaceKind.REGISTERED:
        parts.append(name(PlaceKind.REGISTERED))
    if place.get("metres"):
        parts.append(_("± {metres} m").format(metres=f"{place['metres']:,}"))
    if place.get("stale"):
        hours = int(place["age"]) // 3600
        parts.append(ngettext("{n} hour old, stale", "{n} hours old, stale", hours).format(n=hours))
    if not place.get("exact", True) and sent["km"] is not None:
        parts.append(_("known only by its area"))
    return _("the place: {said}").format(said=_(", ").join(parts)) if parts else ""


def _clock(at: datetime, unit: Unit | None) -> str:
    """By the unit's own clock; the day too where it is not within a day of when it was said."""
    here = at.astimezone(ZoneInfo(unit.zone)) if unit else timezone.localtime(at)
    return f"{here:%m-%d %H:%M}"
