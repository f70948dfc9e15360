"""A link's secret: 128 bits that nobody can guess, of which only the hash is kept."""

import base64
import hashlib
import re
import secrets

_SHAPE = re.compile(r"[A-Za-z0-9_-]{22}")


def made() -> str:
    """A new one, drawn."""
    return of(secrets.token_bytes(16))


def of(seed: bytes) -> str:
    """The secret of a seed: its first 16 bytes in 22 letters that stand in an address as they are."""
    return base64.urlsafe_b64encode(seed[:16]).decode().rstrip("=")


def digest(secret: str) -> str:
    """What is kept of it: hex SHA-256. Of 128 drawn bits no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def looks_like_one(text: str) -> bool:
    return _SHAPE.fullmatch(text) is not None
