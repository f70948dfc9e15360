"""Which servers a way out leads to, and in what order they are tried: NAPTR, SRV, address (RFC 3263 and 2782)."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from telephony.sip.fields import Aim, Hop

# Services by transport: of NAPTR (RFC 3263, 4.1), and where their SRV records stand.
SERVICES = {"SIPS+D2T": "tls", "SIP+D2T": "tcp", "SIP+D2U": "udp"}
RECORDS = {"tls": "_sips._tcp", "tcp": "_sip._tcp", "udp": "_sip._udp"}
_RANK = 65_536  # a service that is preferred stands before all of the next one


@dataclass(frozen=True, slots=True)
class Naptr:
    """A rule of which only the service and the name of its SRV records matter."""

    order: int
    preference: int
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Srv:
    """A server of a service; the least priority first, of one priority by chance and weight."""

    priority: int
    weight: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Target:
    """One server by its addresses."""

    hops: tuple[Hop, ...]
    priority: int = 0
    weight: int = 0


class Names(Protocol):
    """A name server. What is not there, or cannot be had now, is an empty list."""

    async def naptr(self, name: str) -> list[Naptr]: ...

    async def srv(self, name: str) -> list[Srv]: ...

    async def addresses(self, name: str) -> list[str]: ...


def is_address(host: str) -> bool:
    """Whether it is an IP address, and nothing is to be looked up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def locate(aim: Aim, names: Names) -> list[Target]:
    """The servers; none if nothing is known of the name."""
    plain = aim.hop()
    if is_address(aim.host):
        return [Target((plain,))]
    if not aim.port:
        told, guessed = await _services(aim, names)
        found = [
            target
            for n, (transport, name) in enumerate(told)
            for target in await _served(n, transport, name, names)
        ]
        for transport, name in guessed if not told else ():
            found = found or await _served(0, transport, name, names)  # the first service that there is
        if found:
            return found
    hops = tuple(Hop(address, plain.port, plain.transport) for address in await names.addresses(aim.host))
    return [Target(hops)] if hops else []


async def _services(aim: Aim, names: Names) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Transports with the names of their SRV records, the preferred first: as NAPTR tells, and where nothing does."""
    named = aim.transport or aim.secure
    guessed = [aim.hop().transport] if named else ["udp", "tcp"]
    rules = [] if aim.transport else await names.naptr(aim.host)
    allowed = {"tls"} if aim.secure else set(RECORDS)
    ranked = sorted(rules, key=lambda rule: (rule.order, rule.preference))
    told = [(SERVICES[rule.service], rule.replacement) for rule in ranked if rule.service in SERVICES]
    return [one for one in told if one[0] in allowed], [
        (t, f"{RECORDS[t]}.{aim.host}") for t in guessed if t in RECORDS
    ]


async def _served(rank: int, transport: str, name: str, names: Names) -> list[Target]:
    found = []
    for server in await names.srv(name):
        if server.host in ("", "."):
            continue  # decidedly not there (RFC 2782)
        hops = tuple(Hop(address, server.port, transport) for address in await names.addresses(server.host))
        if hops:
            found.append(Target(hops, rank * _RANK + server.priority, server.weight))
    return found


def ordered(targets: Sequence[Target], chance: Random) -> list[Hop]:
    """All of them, in the order in which they are to be tried: drawn anew each time (RFC 2782)."""
    drawn: list[Hop] = []
    for priority in sorted({target.priority for target in targets}):
        left = [target for target in targets if target.priority == priority]
        if len(left) > 1:
            chance.shuffle(left)
            left.sort(
                key=lambda target: target.weight
            )  # those without weight first: they have a small chance
        while left:
            target = _drawn(left, chance) if len(left) > 1 else left[0]
            left.remove(target)
            drawn += target.hops
    return drawn


def _drawn(left: Sequence[Target], chance: Random) -> Target:
    mark, total = chance.randint(min(1, left[0].weight), sum(target.weight for target in left)), 0
    for target in left:
        total += target.weight
        if total >= mark:
            return target
    return left[-1]
