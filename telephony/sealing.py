"""Personal data at rest: AES-256-GCM under a named key, and a keyed index (HMAC-SHA-256) for lookup.

Eleven digits are a tiny space, so a plain hash would be no protection. Keys come from the settings:
SEALING_KEYS maps a key's name to 32 bytes; the last one seals, all of them open. INDEX_KEY never turns,
since an index cannot be read back.
"""

import base64
import hmac
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:  # only the stubs' field has parameters
    _TextField = models.TextField


class Unsealable(ValueError):
    """Stored text that none of our keys opens."""


@cache
def _cipher(name: str) -> AESGCM:
    try:
        return AESGCM(settings.SEALING_KEYS[name])
    except KeyError:
        raise Unsealable(f"no key named {name!r} in SEALING_KEYS") from None


def seal(text: str) -> str:
    """`text` as `key-name.base64`; the empty text stays empty."""
    if not text:
        return ""
    name = list(settings.SEALING_KEYS)[-1]
    nonce = os.urandom(12)
    sealed = _cipher(name).encrypt(nonce, text.encode(), name.encode())
    return f"{name}.{base64.b64encode(nonce + sealed).decode()}"


def unseal(sealed: str) -> str:
    """What `seal` was given. Raises Unsealable."""
    if not sealed:
        return ""
    name, dot, body = sealed.partition(".")
    if not dot:  # not ours: its "name" may be somebody's number, and is not to be quoted
        raise Unsealable("text that was never sealed")
    try:
        raw = base64.b64decode(body, validate=True)
        return _cipher(name).decrypt(raw[:12], raw[12:], name.encode()).decode()
    except Unsealable:
        raise
    except Exception as fault:
        raise Unsealable("sealed text was changed, or its key is another") from fault


def seal_bytes(raw: bytes) -> bytes:
    """A file's content: the key's name and a line feed before it."""
    name = list(settings.SEALING_KEYS)[-1]
    nonce = os.urandom(12)
    return name.encode() + b"\n" + nonce + _cipher(name).encrypt(nonce, raw, name.encode())


def unseal_bytes(sealed: bytes) -> bytes:
    """What `seal_bytes` was given. Raises Unsealable."""
    name, feed, body = sealed.partition(b"\n")
    if not feed:
        raise Unsealable("a file that was never sealed")
    try:
        return _cipher(name.decode()).decrypt(body[:12], body[12:], name)
    except Unsealable:
        raise
    except Exception as fault:
        raise Unsealable("a sealed file was changed, or its key is another") from fault


def index(kind: str, text: str) -> str:
    """A keyed, one-way index of `text`; `kind` keeps numbers and ID numbers apart (hex, 64 characters)."""
    return hmac.new(settings.INDEX_KEY, f"{kind}:{text}".encode(), "sha256").hexdigest()


class SealedTextField(_TextField):
    """Text that is sealed in the database and plain in the program."""

    def get_prep_value(self, value: Any) -> Any:
        return seal(value) if value else ""

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str:
        return unseal(value or "")
