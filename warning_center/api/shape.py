"""What no directive may be made of, whatever its fields: too deep, too large, text that cannot be stored."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from warning_center.api.faults import FieldFault, plain

DEPTH = 8
SIZE = 32 * 1024  # characters of all names and values together


def bad_shapes(row: Mapping[str, Any]) -> Iterator[FieldFault]:
    """Faults by field; a fault of the whole row has the empty field, and nothing comes after it."""
    left = SIZE
    for path, value, depth in _walk(row, "", 0):
        left -= len(value) if isinstance(value, str) else 8
        if left < 0:
            yield FieldFault("", None, _("A directive has at most %(most)d characters.") % {"most": SIZE})
            return
        if depth > DEPTH:
            yield FieldFault("", None, _("Nested too deeply."))
            return
        if isinstance(value, float) and not math.isfinite(value):
            yield FieldFault(path, value, _("A finite number."))
        elif isinstance(value, str) and not _storable(value):
            yield FieldFault(path, value, _("No NUL characters and no halves of surrogate pairs."))


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any, int]]:
    """Every name and every value; the walk goes no deeper than one beyond DEPTH."""
    yield path, value, depth
    if depth > DEPTH:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = plain(str(key)[:64])
            yield (f"{path}.{name}" if path else name), str(key), depth
            yield from _walk(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _walk(inner, f"{path}[{index}]", depth + 1)


def _storable(text: str) -> bool:
    return "\x00" not in text and text == plain(text)


def without_absent(given: Mapping[str, Any]) -> dict[str, Any]:
    """Only what is there: null, blank text and what is empty without them mean absent, nested too."""
    kept = {str(key): _kept(value) for key, value in given.items()}
    return {key: value for key, value in kept.items() if not _is_absent(value)}


def _kept(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_absent(value)
    if isinstance(value, (list, tuple)):
        return [kept for inner in value if not _is_absent(kept := _kept(inner))]
    return value


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value in ({}, [])
