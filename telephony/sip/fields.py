"""What single headers say: addresses, reasons, session timers, times to wait."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from telephony.sip.message import Message, parameters, split

PORT = 5060
SECURE_PORT = 5061


@dataclass(frozen=True, slots=True)
class Hop:
    """Where a message goes or came from: a host (a name or an IP address), a port, `udp`, `tcp` or `tls`."""

    host: str
    port: int = PORT
    transport: str = "udp"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, by RFC 3326: `Q.850` or `SIP`, and its number."""

    protocol: str
    cause: int


def uri_of(value: str) -> str:
    """The address in a From, To, Contact or Route value, without what stands around it."""
    value = re.sub(r'^\s*"(?:\\.|[^"\\])*"', "", value)  # a name may have brackets of its own
    found = re.search(r"<([^<>]*)>", value)
    return found[1].strip() if found else value.partition(";")[0].strip()


def tag_of(value: str) -> str:
    return parameters(value).get("tag", "")


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a SIP address leads, as it is written: without a port 0, without a transport ""; `secure`: `sips`."""

    host: str
    port: int = 0
    transport: str = ""
    secure: bool = False

    def hop(self) -> Hop:
        """What holds where no name server says otherwise (RFC 3263, 4.1 and 4.2)."""
        transport = "tls" if self.secure else self.transport or "udp"
        return Hop(self.host, self.port or (SECURE_PORT if transport == "tls" else PORT), transport)


def hop_of(uri: str) -> Hop:
    """Where a request to a SIP address is sent. Raises ValueError for an address of another kind."""
    return aim_of(uri).hop()


def aim_of(uri: str) -> Aim:
    """Where a SIP address leads. Raises ValueError for an address of another kind."""
    found = re.fullmatch(
        r"sips?:(?:[^@\s]*@)?(\[[^\]\s]+\]|[^:;?@\s]+)(?::([0-9]{1,5}))?((?:;[^?]*)?)(?:\?.*)?",
        uri,
        re.IGNORECASE,
    )
    if found is None:
        raise ValueError("not a SIP address")
    said = parameters(f"x{found[3]}")
    host, port = said.get("maddr") or found[1].strip("[]"), int(found[2] or 0)
    if found[2] and not 0 < port < 65_536:
        raise ValueError("not a port")
    return Aim(host, port, said.get("transport", "").lower(), uri.lower().startswith("sips:"))


def is_loose(route: str) -> bool:
    """Whether a proxy named in a Route header routes as RFC 3261 has it, and not as its forerunner had."""
    return "lr" in parameters(f"x{uri_of(route)[len('sip') :]}")


def reasons_of(message: Message) -> list[Reason]:
    """The causes in the Reason headers; their texts, which may quote anything, are left behind."""
    found = []
    for value in message.all("reason"):
        cause = parameters(value).get("cause", "")
        if cause.isdecimal() and len(cause) < 4:
            found.append(Reason(split(value, ";")[0].upper(), int(cause)))
    return found


def seconds_of(value: str) -> int:
    """The leading number of Retry-After, Session-Expires, Min-SE; 0 if there is none."""
    found = re.match(r"\s*([0-9]{1,9})", value)
    return int(found[1]) if found else 0


def has_option(message: Message, header: str, option: str) -> bool:
    """Whether a list of options (Supported, Require, Allow) names this one."""
    return any(said.lower() == option.lower() for said in message.all(header))


def strangers(message: Message, known: Sequence[str]) -> list[str]:
    """What a request requires and we do not know."""
    return [option for option in message.all("require") if option.lower() not in known]
