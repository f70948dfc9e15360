"""What is spoken on the line, read from scripts.toml: by what it is for, by tag and language."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MANDARIN = "zh-CN"
PARTS = ("notice", "menu", "officer", "later", "gone", "goodbye", "recording")
OTHERWISE = "other"  # the announcement of a tag that has none


class BadScript(ValueError):
    """A script that cannot be spoken; the message says which."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something to be said: in which language (BCP 47), by which voice ("": any)."""

    text: str
    language: str
    voice: str = ""


@dataclass(frozen=True, slots=True)
class Scripts:
    """Everything that is spoken."""

    voices: Mapping[str, str]
    parts: Mapping[str, Mapping[str, str]]
    announcements: Mapping[str, Mapping[str, str]]

    def say(self, part: str, languages: Sequence[str] = (MANDARIN,)) -> list[Line]:
        """One part in each of these languages that has it; in Mandarin if none has."""
        return self._lines(self.parts[part], languages)

    def announce(self, tag: str, languages: Sequence[str] = (MANDARIN,)) -> list[Line]:
        """What a person is told of this kind of fraud."""
        return self._lines(self.announcements.get(tag, self.announcements[OTHERWISE]), languages)

    def _lines(self, texts: Mapping[str, str], languages: Sequence[str]) -> list[Line]:
        spoken = [language for language in languages if language in texts] or [MANDARIN]
        return [Line(texts[language], language, self.voices.get(language, "")) for language in spoken]

    def with_announcements(self, given: Mapping[str, str]) -> "Scripts":
        """The same with other Mandarin announcements for some tags."""
        said = {tag: {**self.announcements.get(tag, {}), MANDARIN: text} for tag, text in given.items()}
        return Scripts(self.voices, self.parts, {**self.announcements, **said})


@cache
def built_in() -> Scripts:
    """The scripts of the program."""
    return read((Path(__file__).parent / "scripts.toml").read_text(encoding="utf-8"))


def read(text: str) -> Scripts:
    """Raises BadScript."""
    said = tomllib.loads(text)
    announcements = said.get("announcement", {})
    if OTHERWISE not in announcements:
        raise BadScript(f"announcement.{OTHERWISE} is missing")
    named = {part: said.get(part, {}) for part in PARTS}
    for name, texts in {**named, **{f"announcement.{tag}": t for tag, t in announcements.items()}}.items():
        if not texts.get(MANDARIN):
            raise BadScript(f"{name} has no text in {MANDARIN}")
    if unknown := set(said) - set(PARTS) - {"voices", "announcement"}:
        raise BadScript(f"there is no part called {', '.join(sorted(unknown))}")
    return Scripts(said.get("voices", {}), named, announcements)
