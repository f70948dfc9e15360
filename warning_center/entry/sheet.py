"""What was typed on the page of manual entry: as the row that the sources' door would get, and its faults by input."""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from warning_center.api.faults import FieldFault

TEXTS = (
    "fraud_type", "level", "phone", "id_number", "name", "age", "sex", "occupation", "amount",
    "location.address", "location.adcode", "signs.on_call_seconds", "signs.pooled_accounts",
)  # fmt: skip
FLAGS = ("signs.money_moved", "signs.screen_shared", "signs.remote_control", "signs.line_forwarded")
CONTACTS = 2
OF_A_CONTACT = ("relation", "name", "phone")
_NTH = re.compile(r"contacts\[(\d+)\]")


def new_reference(now: datetime) -> str:
    """One entry's own, made with its page: pressed twice it is the same directive."""
    return f"E{timezone.localtime(now):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class Sheet:
    """The page's inputs as they were typed, by name; `faults` by input, and `others` that belong to none."""

    reference: str
    source: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, tuple[FieldFault, ...]] = field(default_factory=dict)
    others: tuple[FieldFault, ...] = ()

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "Sheet":
        """What a form sent, cut to the inputs there are."""
        names = (*TEXTS, *FLAGS, *(name for names in _contact_names() for name in names))
        return cls(
            reference=sent.get("reference", "").strip()[:64],
            source=sent.get("source", ""),
            typed={name: sent[name] for name in names if sent.get(name, "").strip()},
        )

    def row(self, issued_at: datetime) -> dict[str, Any]:
        """The directive as a source would send it; what is empty is not there."""
        row: dict[str, Any] = {
            "reference": self.reference,
            "issued_at": timezone.localtime(issued_at).isoformat(),
        }
        for name in TEXTS:
            if name in self.typed:
                _put(row, name, self.typed[name])
        for name in FLAGS:
            if name in self.typed:
                _put(row, name, True)
        contacts = [
            {
                name.rpartition(".")[2]: self.typed[name]
                for name in _contact_names()[nth]
                if name in self.typed
            }
            for nth in self._filled()
        ]
        return {**row, "contacts": contacts} if contacts else row

    def refused(self, found: Iterable[FieldFault]) -> "Sheet":
        """The same with its faults, each at the input it is about."""
        by_input: dict[str, list[FieldFault]] = {}
        others: list[FieldFault] = []
        known = {*TEXTS, *FLAGS, "source", *(name for names in _contact_names() for name in names)}
        for fault in found:
            name = self._input_of(fault.field)
            if name in known:
                by_input.setdefault(name, []).append(fault)
            else:
                others.append(fault)
        faults = {name: tuple(many) for name, many in by_input.items()}
        return Sheet(self.reference, self.source, self.typed, faults, tuple(others))

    def renewed(self, now: datetime) -> "Sheet":
        """The same words as another entry."""
        return Sheet(new_reference(now), self.source, self.typed)

    def _filled(self) -> list[int]:
        """The contacts of which anything was typed: the row holds no others."""
        return [
            nth for nth, names in enumerate(_contact_names()) if any(name in self.typed for name in names)
        ]

    def _input_of(self, path: str) -> str:
        filled = self._filled()

        def own(match: re.Match[str]) -> str:
            nth = int(match[1])
            return f"contacts[{filled[nth] if nth < len(filled) else nth}]"

        return _NTH.sub(own, path)


def _contact_names() -> list[list[str]]:
    return [[f"contacts[{nth}].{part}" for part in OF_A_CONTACT] for nth in range(CONTACTS)]


def _put(row: dict[str, Any], name: str, value: Any) -> None:
    *outer, last = name.split(".")
    for step in outer:
        row = row.setdefault(step, {})
    row[last] = value
