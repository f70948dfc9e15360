"""Answers to a SIP challenge: digest authentication with MD5 and SHA-256 (RFC 3261 22, 7616, 8760)."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from telephony.sip.message import Response, split, unquoted

_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
HEADERS = {401: ("www-authenticate", "authorization"), 407: ("proxy-authenticate", "proxy-authorization")}


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to one peer."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One Digest challenge that we can answer."""

    header: str  # the one our answer stands in
    realm: str
    nonce: str
    algorithm: str
    session: bool  # the -sess variant
    qop: bool
    opaque: str
    stale: bool


def challenge_of(response: Response) -> Challenge | None:
    """The first challenge in a 401 or 407 that we can answer: the far end names them by its preference."""
    asked, answered = HEADERS[response.status]
    for line in response.lines(asked):
        scheme, _, rest = line.strip().partition(" ")
        if scheme.lower() != "digest":
            continue
        said = _pairs(rest)
        algorithm = said.get("algorithm", "MD5").upper()
        base = algorithm.removesuffix("-SESS")
        qops = [q.strip().lower() for q in said.get("qop", "").split(",") if q.strip()]
        if base not in _HASHES or not said.get("nonce") or (qops and "auth" not in qops):
            continue
        return Challenge(
            header=answered,
            realm=said.get("realm", ""),
            nonce=said["nonce"],
            algorithm=said.get("algorithm", ""),
            session=base != algorithm,
            qop=bool(qops),
            opaque=said.get("opaque", ""),
            stale=said.get("stale", "").lower() == "true",
        )
    return None


class Authorizer:
    """Answers one peer's challenges along one leg, and counts how often each nonce was used."""

    def __init__(self, credentials: Credentials | None, draw: Callable[[], str]) -> None:
        self.credentials = credentials
        self._draw = draw
        self._challenge: Challenge | None = None
        self._count = 0

    def take(self, response: Response, *, answered: bool) -> bool:
        """Take a 401 or 407; whether to try again. `answered`: the request had answered a challenge it was sent for.

        Whoever has been answered and asks again refuses us, unless only the nonce was too old.
        """
        challenge = challenge_of(response)
        if challenge is None or self.credentials is None or (answered and not challenge.stale):
            return False
        self._challenge, self._count = challenge, 0
        return True

    def headers(self, method: str, uri: str) -> list[tuple[str, str]]:
        """What vouches for a request; nothing while nobody has asked."""
        challenge, who = self._challenge, self.credentials
        if challenge is None or who is None:
            return []
        self._count += 1
        return [(challenge.header, answer(challenge, who, method, uri, self._count, self._draw()))]


def answer(challenge: Challenge, who: Credentials, method: str, uri: str, count: int, cnonce: str) -> str:
    """The value of an Authorization header; `count` is how often the nonce has been used with this one."""
    base = challenge.algorithm.upper().removesuffix("-SESS") or "MD5"

    def hashed(*parts: str) -> str:
        return hashlib.new(_HASHES[base], ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    secret = hashed(who.user, challenge.realm, who.password)
    if challenge.session:
        secret = hashed(secret, challenge.nonce, cnonce)
    asked, uses = hashed(method, uri), f"{count:08x}"
    middle = [uses, cnonce, "auth"] if challenge.qop else []
    said = [
        ("username", _quoted(who.user)),
        ("realm", _quoted(challenge.realm)),
        ("nonce", _quoted(challenge.nonce)),
        ("uri", _quoted(uri)),
        ("response", _quoted(hashed(secret, challenge.nonce, *middle, asked))),
    ]
    if challenge.algorithm:
        said.append(("algorithm", challenge.algorithm))
    if challenge.opaque:
        said.append(("opaque", _quoted(challenge.opaque)))
    if challenge.qop:
        said += [("qop", "auth"), ("nc", uses)]
    if challenge.qop or challenge.session:
        said.append(("cnonce", _quoted(cnonce)))
    return "Digest " + ", ".join(f"{name}={value}" for name, value in said)


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _pairs(text: str) -> dict[str, str]:
    pieces: Sequence[str] = split(text, ",")
    pairs = (piece.partition("=") for piece in pieces)
    return {name.strip().lower(): unquoted(value.strip()) for name, _, value in pairs}
