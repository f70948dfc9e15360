"""How the trunk is set up: the ways out, who we are, whom we ring and how long. Frozen; checked where it is read."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from telephony.carrier import Dial
from telephony.sip.digest import Credentials
from telephony.sip.fields import Aim, Hop, aim_of, hop_of
from telephony.sip.leg import Caller
from telephony.sip.wire import Limits, Times


class BadPlan(ValueError):
    """A setting that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`trunk` are the ways to the carrier, the first one preferred; `desks` those to the exchange that has our phones;
    `announcer` a SIP address in which {tag} stands for what is spoken.
    """

    trunk: tuple[Hop, ...]
    domain: str
    desks: tuple[Hop, ...] = ()
    announcer: str = ""
    caller_id: str = "96110"
    national: bool = False  # numbers as they are dialled in the country, not as +86...
    asserted: bool = True  # the carrier trusts what we say of ourselves (RFC 3325)
    trunk_user: Credentials | None = None
    desk_user: Credentials | None = None
    interval: int = 1800  # of session timers, in seconds; 0: we ask for none
    ping: float = 30.0  # seconds between two looks whether a way out answers; 0: none
    limits: Limits = field(default_factory=Limits)
    times: Times = field(default_factory=Times)
    aims: Mapping[Hop, Aim] = field(default_factory=dict)  # the ways out as they were written
    secure: bool = False  # the carrier is asked for TLS all the way: `sips`

    def person(self, number: str) -> str:
        """The address of an E.164 number on the trunk."""
        shown = number
        if self.national and number.startswith("+86"):
            shown = number.removeprefix("+86")
            shown = shown if re.fullmatch(r"1[3-9]\d{9}", shown) else f"0{shown}"
        return f"{'sips' if self.secure else 'sip'}:{shown}@{self.domain};user=phone"

    def desk(self, address: str) -> str:
        """The address of a desk's phone: a SIP address, rung straight, as it stands, else an extension of the exchange.
        Raises ValueError."""
        if is_straight(address):
            ipaddress.ip_address(hop_of(address).host)  # no name is looked up while somebody waits
            return address
        if not re.fullmatch(r"[A-Za-z0-9+*#.\-]{1,32}", address) or not self.desks:
            raise ValueError("not an address of a desk's phone")
        return f"sip:{address.replace('#', '%23')}@{self.desks[0]}"

    def spoken(self, dial: Dial) -> str:
        """The announcer's address for what is to be said."""
        return self.announcer.replace("{tag}", re.sub(r"[^A-Za-z0-9_-]", "", dial.tag) or "other")

    def shown(self, *, outside: bool) -> Caller:
        """Who calls. The number is ours and is meant to be seen; it is asserted only to a carrier that trusts us."""
        uri = f"sip:{self.caller_id}@{self.domain}"
        value = f'"{self.caller_id}" <{uri}>'
        if outside and self.asserted:
            return Caller(value, (("p-asserted-identity", value), ("privacy", "none")))
        answers = (
            ("call-info", f"<{uri}>;answer-after=0"),
            ("alert-info", "<urn:alert:service:auto-answer>"),
        )
        return Caller(value, () if outside else answers)


def is_straight(address: str) -> bool:
    """Whether a desk's phone is rung without the exchange."""
    return address.lower().startswith("sip:")


def read(said: Mapping[str, Any]) -> Plan:
    """The setting SIP. Raises BadPlan."""
    ways, to_desks = aims(said.get("trunk", "")), aims(said.get("desks", ""))
    trunk, desks = tuple(aim.hop() for aim in ways), tuple(aim.hop() for aim in to_desks)
    if not trunk:
        raise BadPlan("SIP_TRUNK: the carrier's border controller, host:port, is needed")
    if any(hop.transport == "tls" for hop in (*trunk, *desks)) and not said.get("tls", {}).get("ca"):
        raise BadPlan("SIP_TLS_CA: who signs the certificates of the ways out over TLS is needed")
    if unknown := set(said) - _WORDS:
        raise BadPlan(f"SIP: nothing is called {', '.join(sorted(unknown))}")
    if said.get("announcer"):
        try:
            hop_of(said["announcer"])
        except ValueError as fault:
            raise BadPlan(f"SIP_ANNOUNCER: {fault}") from fault
    return Plan(
        trunk=trunk,
        desks=desks,
        domain=said.get("domain") or str(trunk[0].host),
        announcer=said.get("announcer", ""),
        caller_id=said.get("caller_id", "96110"),
        national=said.get("numbers", "e164") == "national",
        asserted=said.get("asserted", True),
        trunk_user=_credentials(said, "user", "password"),
        desk_user=_credentials(said, "desk_user", "desk_password"),
        interval=int(said.get("session", 1800)),
        ping=float(said.get("ping", 30)),
        limits=Limits(**said.get("limits", {})),
        times=Times(**said.get("times", {})),
        aims={aim.hop(): aim for aim in (*ways, *to_desks)},
        secure=any(aim.secure for aim in ways),
    )


_WORDS = {
    "trunk", "desks", "domain", "announcer", "caller_id", "numbers", "asserted", "user", "password", "desk_user",
    "desk_password", "session", "ping", "limits", "times", "listen", "address", "door", "secret", "journal",
    "tls", "keep_alive", "dns",
}  # fmt: skip


def hops(text: str) -> tuple[Hop, ...]:
    """`host:port, host:port;transport=tcp` as ways. Raises BadPlan."""
    return tuple(aim.hop() for aim in aims(text))


def aims(text: str) -> tuple[Aim, ...]:
    """`host, host:port;transport=tls, sips:host` as they are written. Raises BadPlan."""
    pieces = [piece.strip() for piece in text.split(",") if piece.strip()]
    try:
        found = tuple(aim_of(p if p.lower().startswith(("sip:", "sips:")) else f"sip:{p}") for p in pieces)
        if unknown := {aim.transport for aim in found} - {"", "udp", "tcp", "tls"}:
            raise ValueError(f"no transport of ours: {', '.join(sorted(unknown))}")
        return found
    except ValueError as fault:
        raise BadPlan(f"{text!r}: {fault}") from fault


def _credentials(said: Mapping[str, Any], user: str, password: str) -> Credentials | None:
    return Credentials(said[user], said.get(password, "")) if said.get(user) else None
