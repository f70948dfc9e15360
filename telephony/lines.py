"""Which carrier stands behind which name of the CARRIERS setting."""

import threading
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from telephony import clock
from telephony.carrier import CallKind, Carrier, CarrierError, Joins
from telephony.models import Call, Trunk

BOTH = 2  # lines of a call into which its operator is rung: the person's, and theirs
_made: dict[str, Carrier] = {}
_making = threading.Lock()  # two threads that ask at once must get one network, not one each


class NoSuchCarrier(CarrierError):
    """A trunk names a carrier that the CARRIERS setting does not: our fault, and nothing was placed."""

    def __init__(self, name: str) -> None:
        message = f"CARRIERS has no {name!r}; it has {', '.join(settings.CARRIERS)}"
        super().__init__(message, certain=True, evidence={"carrier": "not in the settings"})


def carrier(name: str) -> Carrier:
    """The one adapter of that name in this process, made from its entry in CARRIERS and the clock."""
    with _making:
        if name not in _made:
            _made[name] = _make(name)
        return _made[name]


def _make(name: str) -> Carrier:
    try:
        options: dict[str, Any] = dict(settings.CARRIERS[name])
    except KeyError:
        raise NoSuchCarrier(name) from None
    made: Carrier = import_string(options.pop("adapter"))(clock=clock.now, **options)
    return made


def can_join(name: str) -> bool:
    """Whether others of ours can be rung into the calls of this carrier of the settings."""
    options = settings.CARRIERS.get(name)
    adapter = import_string(options["adapter"]) if options else None
    return isinstance(adapter, type) and issubclass(adapter, Joins)


def is_too_narrow(trunk: Trunk) -> bool:
    """Whether its one line can never carry an operator's call: its carrier rings the operator over a second one."""
    return trunk.concurrent < BOTH and trunk.can(*CallKind) and can_join(trunk.carrier)


def joiner(call: Call) -> Joins | None:
    """The carrier of a call, if it can ring others into it."""
    if call.trunk is None or not can_join(call.trunk.carrier):
        return None
    made = carrier(call.trunk.carrier)
    return made if isinstance(made, Joins) else None


def every() -> list[tuple[str, Carrier]]:
    """All carriers the settings name."""
    return [(name, carrier(name)) for name in settings.CARRIERS]


def forget() -> None:
    """Make the adapters anew when they are next asked for: the settings have changed."""
    with _making:
        _made.clear()
