"""The inputs of the page of manual entry, in the order a person tells things: who, what, where, who else."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from dispatch import wording
from dispatch.models.choices import choices
from dispatch.vocabulary import FraudType, Level
from warning_center.api.faults import FieldFault
from warning_center.entry.sheet import CONTACTS, FLAGS, Sheet

Options = Sequence[tuple[str, str]]
SPANS = ("60", "600", "1800")  # seconds on the phone, as the risk policy's steps begin


@dataclass(frozen=True, slots=True)
class Input:
    """One input. `kind`: text, select or flag; `faults` are (value, rule)."""

    name: str
    label: str
    value: str
    kind: str = "text"
    options: Options = ()
    hint: str = ""
    mode: str = ""  # which keys a phone shows
    needed: bool = False
    first: bool = False  # where the cursor stands
    listed: str = ""  # the id of the words it suggests
    faults: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """An id that a label and a list of faults may point to."""
        return self.name.replace(".", "-").replace("[", "-").replace("]", "")


@dataclass(frozen=True, slots=True)
class Section:
    """Inputs that belong together."""

    title: str
    inputs: tuple[Input, ...]


def shown(fault: FieldFault) -> tuple[str, str]:
    """A fault's value and rule, as a page tells them."""
    value = fault.as_json()["value"]
    return ("" if value is None else value if isinstance(value, str) else json.dumps(value)), fault.rule


class Sections:
    """The page's inputs with what was typed in them."""

    def __init__(self, sheet: Sheet, places: Options) -> None:
        self.sheet, self.places = sheet, places

    def all(self) -> list[Section]:
        """In the order they are asked."""
        return [
            Section(_("Who"), tuple(self._who())),
            Section(_("What happens"), tuple(self._what())),
            Section(_("Signs of danger"), tuple(self._signs())),
            Section(_("Where"), tuple(self._where())),
            Section(_("Who else can be reached"), tuple(self._contacts())),
            Section(_("More about the person"), tuple(self._more())),
        ]

    def _input(self, name: str, label: str, **more: Any) -> Input:
        faults = tuple(shown(fault) for fault in self.sheet.faults.get(name, ()))
        return Input(name, label, self.sheet.typed.get(name, ""), faults=faults, **more)

    def _who(self) -> Iterable[Input]:
        yield self._input("phone", _("phone"), hint=_("or the ID number"), mode="tel", first=True)
        yield self._input("id_number", _("ID number"), mode="text")
        yield self._input("name", _("full name"))

    def _what(self) -> Iterable[Input]:
        types = [("", "–"), *((str(code), str(words)) for code, words in choices(FraudType))]
        yield self._input("fraud_type", _("fraud type"), kind="select", options=types, needed=True)
        yield self._input("amount", _("yuan at risk"), mode="decimal")
        levels = [(level.code, str(words)) for level, words in zip(Level, _words(Level), strict=True)]
        unset = ("", _("as the score says"))
        yield self._input("level", _("level"), kind="select", options=[unset, *reversed(levels)])

    def _signs(self) -> Iterable[Input]:
        spans = [
            ("", _("not on the phone")),
            *((span, _("for {n} minutes and more").format(n=int(span) // 60)) for span in SPANS),
        ]
        label = _("On the phone with them now")
        yield self._input("signs.on_call_seconds", label, kind="select", options=spans)
        for name in FLAGS:
            yield self._input(name, wording.reason(name.removeprefix("signs."), "1"), kind="flag")

    def _where(self) -> Iterable[Input]:
        yield self._input("location.adcode", _("place"), kind="select", options=[("", "–"), *self.places])
        yield self._input(
            "location.address", _("address"), hint=_("where they are now; a hotel beats a home")
        )

    def _contacts(self) -> Iterable[Input]:
        for nth in range(CONTACTS):
            yield self._input(f"contacts[{nth}].relation", _("relation"), listed="relations")
            yield self._input(f"contacts[{nth}].name", _("contact's name"))
            yield self._input(f"contacts[{nth}].phone", _("contact's phone"), mode="tel")

    def _more(self) -> Iterable[Input]:
        yield self._input("age", _("age"), mode="numeric")
        sexes = [("", "–"), ("female", _("female")), ("male", _("male"))]
        yield self._input("sex", _("sex"), kind="select", options=sexes)
        yield self._input("occupation", _("occupation"))
        accounts = _("Accounts that money is pooled from")
        yield self._input("signs.pooled_accounts", accounts, mode="numeric")


def _words(words: type[Level]) -> list[str]:
    return [str(told) for _code, told in choices(words)]
