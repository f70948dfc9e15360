"""The drawing."""
from typing import Any
from collections.abc import Iterator, Mapping


def page(told: Mapping[str, Any]) -> str:
    return ""


def summary(told: Mapping[str, Any]) -> Iterator[str]:
    yield ""
