"""Name servers for the SIP trunk's ways out: NAPTR, SRV and addresses, by dnspython."""

import asyncio
import logging
import socket
from collections.abc import Iterable
from typing import Any

import dns.asyncresolver
from dns.exception import DNSException

from telephony.sip.fields import Hop
from telephony.sip.location import Naptr, Srv, is_address

logger = logging.getLogger(__name__)
PATIENCE = 3.0  # seconds for one question
SERVICE = "s"  # the flag of a NAPTR rule that leads to SRV records


class NameServer:
    """The machine's own name servers, or one that is named. What it does not know is an empty list."""

    def __init__(self, at: Hop | None = None) -> None:
        self._own = at is None
        try:
            self._asked = dns.asyncresolver.Resolver(configure=at is None)
        except DNSException:  # none is configured: only the hosts file is left
            self._asked = dns.asyncresolver.Resolver(configure=False)
        if at is not None:
            self._asked.nameservers, self._asked.port = [at.host], at.port
        self._asked.lifetime = PATIENCE

    async def naptr(self, name: str) -> list[Naptr]:
        return [
            Naptr(rule.order, rule.preference, rule.service.decode().upper(), _plain(rule.replacement))
            for rule in await self._ask(name, "NAPTR")
            if rule.flags.decode().lower() == SERVICE
        ]

    async def srv(self, name: str) -> list[Srv]:
        found = await self._ask(name, "SRV")
        return [Srv(one.priority, one.weight, _plain(one.target), one.port) for one in found]

    async def addresses(self, name: str) -> list[str]:
        if is_address(name):
            return [name]
        if self._own:  # the hosts file counts too
            return await _of_the_machine(name)
        return [one.address for kind in ("A", "AAAA") for one in await self._ask(name, kind)]

    async def _ask(self, name: str, kind: str) -> Iterable[Any]:
        if not self._asked.nameservers:
            return []
        try:
            return await self._asked.resolve(name, kind)
        except DNSException:
            return []


async def _of_the_machine(name: str) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except OSError:
        return []
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _plain(name: Any) -> str:
    text: str = name.to_text(omit_final_dot=True)
    return "" if text == "." else text
