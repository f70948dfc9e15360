"""Ways for sound and picture: a TURN server's credentials, which hold for one call only."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ways:
    """What both browsers are told. `secret` is coturn's `static-auth-secret`; `forced`: always by TURN."""

    stun: Sequence[str] = ()
    turn: Sequence[str] = ()
    secret: str = ""
    forced: bool = False

    def told(self, who: str, *, until: int) -> Mapping[str, object]:
        """An RTCConfiguration for somebody, good until then (seconds since 1970)."""
        servers: list[dict[str, object]] = [{"urls": list(self.stun)}] if self.stun else []
        if self.turn:
            name, word = credentials(self.secret, who, until=until)
            servers.append({"urls": list(self.turn), "username": name, "credential": word})
        return {"iceServers": servers, "iceTransportPolicy": "relay" if self.forced else "all"}


def credentials(secret: str, who: str, *, until: int) -> tuple[str, str]:
    """A name and its password, as draft-uberti-behave-turn-rest-00 has it and coturn's `use-auth-secret` checks it."""
    name = f"{until}:{who}"
    made = hmac.new(secret.encode(), name.encode(), "sha1").digest()
    return name, base64.b64encode(made).decode()
