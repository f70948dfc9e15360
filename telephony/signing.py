"""Signed words between processes of ours: a body for one address, posted; a token that says what its bearer may do."""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

SIGNATURE = "X-Signature"
_direct = build_opener(ProxyHandler({}))  # near us: no proxy of the environment stands between


class Forged(ValueError):
    """A token we did not sign, or one whose time is over."""


def sign(secret: str, address: str, body: bytes) -> str:
    """The signature of a body sent to an address: hex HMAC-SHA-256, so that neither fits another."""
    return hmac.new(secret.encode(), address.encode() + b"\n" + body, "sha256").hexdigest()


def is_signed(secret: str, address: str, body: bytes, signature: str) -> bool:
    """Whether this is the signature of that body for that address."""
    return hmac.compare_digest(sign(secret, address, body).encode(), signature.encode())


def post(url: str, body: bytes, signature: str, timeout: float) -> bytes:
    """Post signed JSON; the answer's body. Raises HTTPError for an answer that is no success, OSError."""
    headers = {"Content-Type": "application/json", SIGNATURE: signature}
    try:
        with _direct.open(Request(url, body, headers), timeout=timeout) as reply:  # noqa: S310 - a setting
            answer: bytes = reply.read()
    except HTTPError as refusal:
        refusal.close()
        raise
    return answer


def token(secret: str, claims: Mapping[str, object], *, until: float) -> str:
    """Claims that hold until then (seconds since 1970), as `base64.signature`."""
    said = json.dumps({**claims, "until": until}, separators=(",", ":"), sort_keys=True).encode()
    body = base64.urlsafe_b64encode(said)
    return f"{body.decode()}.{sign(secret, 'token', body)}"


def read_token(secret: str, given: str, *, now: float) -> dict[str, Any]:
    """The claims of a token. Raises Forged."""
    body, _, signature = given.partition(".")
    if not is_signed(secret, "token", body.encode(), signature):
        raise Forged("not signed by us")
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body))
    if now >= claims["until"]:
        raise Forged("its time is over")
    return claims
