"""Asking Twilio over HTTP: within time, again only where that is safe, its faults as ours."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from urllib3.exceptions import NewConnectionError

from telephony import tables
from telephony.carrier import CallResult, CarrierError

R = CallResult
AGAIN = 2  # more tries of what may be asked again
PAUSE = (0.2, 0.6)  # seconds before the second try, drawn; twice as long before the third
BUSY = (429, 500, 502, 503, 504)


class Http(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
    """The SDK's client, silent (its log lines carry numbers), and pointed elsewhere for tests.

    Only questions, and hanging up, are asked again: they change nothing the second time. A call or a text that is
    asked for again may ring again.
    """

    def __init__(self, base_url: str, timeout: float, pause: Callable[[float], None] = time.sleep) -> None:
        quiet = logging.getLogger(f"{__name__}.http")
        quiet.disabled = True
        super().__init__(timeout=timeout, logger=quiet)
        self.base_url = base_url.rstrip("/")
        self.pause = pause
        if base_url:
            self.session.trust_env = False  # a proxy of the environment has no business in a test

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        if self.base_url:
            parts = urlsplit(url)
            url = self.base_url + parts.path + (f"?{parts.query}" if parts.query else "")
        tries = AGAIN if method.upper() == "GET" or kwargs.get("data") == {"Status": "completed"} else 0
        for nth in range(tries):
            try:
                answer = super().request(method, url, *args, **kwargs)
            except requests.RequestException:
                answer = None
            if answer is not None and answer.status_code not in BUSY:
                return answer
            self.pause(random.uniform(*PAUSE) * 2**nth)  # noqa: S311 - so that not all come at once
        return super().request(method, url, *args, **kwargs)


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Twilio's faults as ours. Their own text is left behind, because it quotes the number."""
    try:
        yield
    except (TwilioRestException, TwilioServiceException) as refusal:
        raise _refusal(what, refusal.status, refusal.code) from None
    except requests.RequestException as fault:
        certain = _was_never_sent(fault)
        raise CarrierError(
            f"Twilio did not answer when asked to {what}",
            certain=certain,
            result=R.CONGESTION,
            evidence={"fault": type(fault).__name__},
        ) from None
    except (TwilioException, ValueError, TypeError, KeyError, AttributeError) as garbled:
        raise CarrierError(
            f"Twilio's answer could not be read when asked to {what}",
            certain=False,
            evidence={"fault": type(garbled).__name__},
        ) from None


def id_of(sid: object) -> str:
    """A sid from an answer. Raises CarrierError, in doubt, if there is none."""
    if not isinstance(sid, str) or not sid:
        raise CarrierError("Twilio's answer names no id", certain=False)
    return sid


def is_gone(fault: CarrierError) -> bool:
    """Whether what was asked about is not there."""
    return fault.evidence.get("http_status") == 404


def _refusal(what: str, status: int, code: int | None) -> CarrierError:
    """A refusal before acceptance is certain: 4xx, but for 408, which a proxy may say of an accepted call.

    After a 5xx the call may well ring.
    """
    certain = 400 <= status <= 499 and status != 408
    result = tables.of_code("twilio_errors", str(code)) or R.FAILED_HERE
    if status == 429 or not certain:
        result = R.CONGESTION
    evidence = {"http_status": status, "code": code}
    return CarrierError(f"Twilio refused to {what}", certain=certain, result=result, evidence=evidence)


def _was_never_sent(fault: requests.RequestException) -> bool:
    """Whether no connection came about, so that nothing can have been asked."""
    reason = getattr(fault.args[0], "reason", None) if fault.args else None
    return isinstance(fault, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)
