"""What is wrong with which field, as a bad request is told."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.settings import api_settings

SHOWN = 100  # characters of an offending value that are echoed


@dataclass(frozen=True, slots=True)
class FieldFault:
    """A field by its path (`location.lat`, `contacts[0].phone`, empty for the whole), its value, its rule.

    The value is echoed to who sent it and never logged.
    """

    field: str
    value: Any
    rule: str

    def as_json(self) -> dict[str, Any]:
        """As a problem's `errors` holds it: the value cut short, and safe to write as JSON."""
        return {"field": plain(self.field), "value": _shown(self.value), "rule": self.rule}


def faults_of(errors: Any, data: Any, path: str = "") -> Iterator[FieldFault]:
    """A serializer's nested errors as a flat list, each with the value that was given."""
    if isinstance(errors, Mapping):
        for key, inner in errors.items():
            if key == api_settings.NON_FIELD_ERRORS_KEY:
                yield from faults_of(inner, data, path)
            elif isinstance(key, int):
                yield from faults_of(inner, _within(data, key), f"{path}[{key}]")
            else:
                yield from faults_of(inner, _within(data, key), f"{path}.{key}" if path else str(key))
    elif isinstance(errors, list) and any(isinstance(inner, (Mapping, list)) for inner in errors):
        for index, inner in enumerate(errors):
            yield from faults_of(inner, _within(data, index), f"{path}[{index}]")
    elif isinstance(errors, list):
        for rule in errors:
            yield FieldFault(path, data, str(rule))
    else:
        yield FieldFault(path, data, str(errors))


def _within(data: Any, key: Any) -> Any:
    if isinstance(data, Mapping):
        return data.get(key)
    if isinstance(data, Sequence) and not isinstance(data, str) and isinstance(key, int):
        return data[key] if key < len(data) else None
    return None


def _shown(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < 1e15:
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return plain(text[:SHOWN])


def plain(text: str) -> str:
    """Text that can be written as UTF-8: half a surrogate pair becomes its escape."""
    return text.encode("utf-8", "backslashreplace").decode()
