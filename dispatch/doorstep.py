"""The short form that officers fill in at the door, read from doorstep.toml. No Django."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path


class Part(StrEnum):
    """四查看、三询问、一保护, and help with the app."""

    LOOK = "look"
    ASK = "ask"
    PROTECT = "protect"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Question:
    """Answered yes or no; `ours` where no source names it."""

    code: str
    part: Part
    zh: str
    en: str
    ours: bool = False

    def text(self, language: str) -> str:
        """In Chinese, or in English for an English reader."""
        return self.en if language.startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class Bank:
    """One to press: `name` goes into the order."""

    name: str
    zh: str
    en: str

    def text(self, language: str) -> str:
        """The short name, in Chinese, or in English for an English reader."""
        return self.en if language.startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class Form:
    """The questions in their order, where they come from, and the banks of the stop-payment order."""

    source: str
    questions: tuple[Question, ...]
    banks: tuple[Bank, ...]


@cache
def form() -> Form:
    document = tomllib.loads((Path(__file__).parent / "doorstep.toml").read_text(encoding="utf-8"))
    rows = document["question"]
    questions = tuple(Question(**{**row, "part": Part(row["part"])}) for row in rows)
    return Form(document["source"], questions, tuple(Bank(**row) for row in document["banks"]))


@cache
def codes() -> frozenset[str]:
    return frozenset(question.code for question in form().questions)
