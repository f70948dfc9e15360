"""Webhooks: signed as Twilio signs them, sent, and their answers read."""

import base64
import hashlib
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from urllib3 import PoolManager, Retry
from urllib3.exceptions import HTTPError

logger = logging.getLogger(__name__)
PATIENCE = 15.0  # seconds Twilio waits for an answer
LARGEST = 64 * 1024  # of an answer, in bytes
MOST_HOPS = 3  # redirects that are followed


def sign(token: str, url: str, form: Mapping[str, str]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the address and the sorted fields, in base64."""
    said = url + "".join(name + form[name] for name in sorted(form))
    made = hmac.new(token.encode(), said.encode(), hashlib.sha1).digest()
    return base64.b64encode(made).decode()


@dataclass(frozen=True, slots=True)
class Letter:
    """One webhook, signed."""

    call: str  # the sid it is about
    kind: str  # status, amd, twiml, keys, conference, recording, message …
    url: str
    form: Mapping[str, str]
    signature: str
    method: str = "POST"


def letter(
    call: str, kind: str, url: str, form: Mapping[str, str], token: str, method: str = "POST"
) -> Letter:
    """A webhook signed with the account's token: a GET carries its fields in the address."""
    if method == "GET":
        address = f"{url}{'&' if '?' in url else '?'}{urlencode(form)}"
        return Letter(call, kind, address, {}, sign(token, address, {}), "GET")
    return Letter(call, kind, url, dict(form), sign(token, url, form))


class Courier:
    """Takes letters to our side, several at once if need be, on connections that are kept."""

    def __init__(self) -> None:
        once = Retry(connect=0, read=0, other=0, redirect=MOST_HOPS)
        self._pool = PoolManager(timeout=PATIENCE, retries=once)  # it asks no proxy of the environment

    def deliver(self, sent: Letter) -> tuple[int, str]:
        """Send it; the status of the answer and its text. 0 if there was none."""
        if not sent.url.startswith(("http://", "https://")):
            logger.info("a %s callback has no address: %s", sent.kind, sent.url)
            return 0, ""
        headers = {"X-Twilio-Signature": sent.signature, "User-Agent": "TwilioProxy/1.1", "Accept": "*/*"}
        body = None
        if sent.method == "POST":
            body = urlencode(sent.form)
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        try:
            with self._pool.request(
                sent.method, sent.url, body=body, headers=headers, preload_content=False
            ) as answer:
                text = answer.read(LARGEST).decode(errors="replace")
        except (HTTPError, OSError, ValueError) as fault:  # what is wrong with the other side is not with us
            logger.info("a %s callback did not arrive: %s", sent.kind, type(fault).__name__)
            return 0, ""
        return answer.status, text

    def close(self) -> None:
        """Let go of the connections that are kept."""
        self._pool.clear()
