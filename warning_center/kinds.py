"""The kinds of sources whose directives people enter by hand, read from kinds.toml. No Django models."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language

LONGEST = 16  # characters of a code


class BadKinds(ValueError):
    """The document names no kinds; the message says where."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Names by code and language; relations by language."""

    kinds: Mapping[str, Mapping[str, str]]
    relations: Mapping[str, tuple[str, ...]]


@cache
def built_in() -> Kinds:
    """The kinds of the program."""
    return read(tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")))


def read(document: Mapping[str, Any]) -> Kinds:
    """Raises BadKinds."""
    kinds = document.get("kind", {})
    if not kinds:
        raise BadKinds("kind: there is none")
    for code, names in kinds.items():
        if not code.isidentifier() or not code.isascii() or len(code) > LONGEST:
            raise BadKinds(f"kind.{code}: a code has at most {LONGEST} letters, digits and underlines")
        if not (names.get("zh") and names.get("en")):
            raise BadKinds(f"kind.{code}: both names are needed, zh and en")
    if unknown := document.keys() - {"kind", "relations"}:
        raise BadKinds(f"nothing is called {', '.join(sorted(unknown))}")
    relations = {
        language: tuple(document.get("relations", {}).get(language, ())) for language in ("zh", "en")
    }
    return Kinds(kinds, relations)


def word(code: str) -> str:
    """A kind in the reader's language; a code that no kind has, as it is."""
    names = built_in().kinds.get(code)
    return names[language()] if names else code


def language() -> str:
    """`zh` or `en`: the reader's."""
    return "zh" if (get_language() or "").startswith("zh") else "en"
