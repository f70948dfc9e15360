"""Where a desk is rung: a telephone number, or a SIP address."""

import re

from telephony import numbers

_SIP = re.compile(r"sips?:[\w.\-+%]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?(?::\d{1,5})?")


class BadAddress(ValueError):
    """Neither a telephone number nor a SIP address; the message says why, never the address."""


def normalise(text: str) -> str:
    """A number as E.164, a SIP address as it is, nothing as nothing. Raises BadAddress."""
    plain = text.strip()
    if not plain:
        return ""
    if plain.lower().startswith(("sip:", "sips:")):
        if not _SIP.fullmatch(plain):
            raise BadAddress("a SIP address is sip:name@host")
        return plain
    try:
        return numbers.normalise(plain)
    except numbers.BadNumber as wrong:
        raise BadAddress(str(wrong)) from None


def mask(address: str) -> str:
    """A number masked; of a SIP address the host alone."""
    if address.lower().startswith(("sip:", "sips:")):
        return f"sip:****@{address.partition('@')[2]}"
    return numbers.mask(address) if address else ""
