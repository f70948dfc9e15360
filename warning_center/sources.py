"""Sources: their keys, shown once, only the hash kept; and those that people enter directives for by hand."""

from datetime import datetime

from django.db import transaction

from dispatch import record
from dispatch.models import Unit, User
from warning_center import kinds
from warning_center.models import Source


@transaction.atomic
def renew_key(*, source_id: int, by: User, now: datetime) -> str:
    """A new API key for a source; from now on the old one is refused."""
    source = Source.objects.select_for_update(of=("self",)).get(pk=source_id)
    key = source.renew_key()
    source.save(update_fields=["key_digest"])
    record.write("key_renewed", now=now, by=by, source=source.code)
    return key


def by_hand(unit: Unit | None, scope: str | None) -> list[Source]:
    """The enabled sources that somebody of `unit` may enter for by hand: of the units they see, or above them."""
    known = Source.objects.exclude(kind="").filter(enabled=True).select_related("unit").order_by("code")
    above = {ancestor.pk for ancestor in unit.ancestors()} if unit else set()
    return [one for one in known if scope is None or one.unit_id in above or _is_below(one.unit, scope)]


def _is_below(unit: Unit, scope: str) -> bool:
    return scope != "" and (unit.path or "").startswith(scope)


def own_code(kind: str, unit: Unit) -> str:
    """The code of a unit's own source of a kind."""
    return f"{kind}-{unit.pk}"


def own(kind: str, unit: Unit) -> Source:
    """A unit's own source of a kind, made when it is first asked for. Raises KeyError for no kind of ours."""
    title = f"{kinds.built_in().kinds[kind]['zh']}（{unit.name}）"
    made, _new = Source.objects.get_or_create(
        code=own_code(kind, unit), defaults={"name": title[:64], "unit": unit, "kind": kind}
    )
    return made
