"""One request of the API: whose it is, in which words, about what; and the answer it is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telephony.practice.checks import Form
from telephony.practice.codes import Refused
from telephony.practice.records import Call
from telephony.practice.switch import Switch

Json = Mapping[str, Any]
Answer = tuple[int, Json | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: whose, in which words, for what."""

    switch: Switch
    account: str
    token: str
    path: str
    form: Form
    query: Form
    named: tuple[str, ...]  # the sids in the address

    def missing(self) -> Refused:
        return Refused(20404, self.path)

    def call(self, nth: int = 0) -> Call:
        """The call that is named. Raises Refused."""
        call = self.switch.calls.get(self.named[nth])
        if call is None or call.account != self.account:
            raise self.missing()
        return call
