"""Twilio by its own SDK: calls and texts over its REST API, its signed callbacks, its words in ours."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import VoiceResponse
from urllib3.exceptions import NewConnectionError

from telephony import tables
from telephony.carrier import CallKind, CallResult, CallStatus, CarrierError, Dial, Update
from telephony.carriers.twilio import words

R = CallResult

NO_LONGER_ON_THE_LINE = 21220

EARLY = timedelta(seconds=5)  # so far our clock may be ahead of Twilio's
LATE = timedelta(seconds=180)  # within this time after dialling Twilio has made the call, or has not
RINGS_FOR = 45  # seconds
NEWEST = 20  # calls to one number looked through when a call is sought

NOTICE = "您好，这里是96110反诈中心。正在为您接通民警，请不要挂断，也请不要向任何人转账。"
ANNOUNCEMENT = (
    "您好，这里是96110反诈中心。您可能正在遭遇电信网络诈骗，请立即停止转账，"
    "不要透露验证码，不要共享屏幕。正在为您接通民警，请不要挂断。"
)


class _Http(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
    """The SDK's client, silent (its log lines carry numbers), and pointed elsewhere for tests."""

    def __init__(self, base_url: str, timeout: float) -> None:
        quiet = logging.getLogger(f"{__name__}.http")
        quiet.disabled = True
        super().__init__(timeout=timeout, logger=quiet)
        self.base_url = base_url.rstrip("/")
        if base_url:
            self.session.trust_env = False  # a proxy of the environment has no business in a test

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        if self.base_url:
            url = self.base_url + urlsplit(url).path
        return super().request(method, url, *args, **kwargs)


class TwilioCarrier:
    """Calls over Twilio. Our key is in the callback address only, not on Twilio's own record of the call."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        account_sid: str,
        auth_token: str,
        caller_id: str,
        callback_base: str,
        name: str = "twilio",
        previous_auth_token: str = "",
        base_url: str = "",
        timeout: float = 10,
        time_limit: int = 1800,
        announcements: Mapping[str, str] | None = None,
    ) -> None:
        """`name` is the one CARRIERS has for it; `announcements` are texts by tag; limits are in seconds."""
        self.clock = clock
        self.caller_id = caller_id
        self.callback_base = callback_base.rstrip("/")
        self.name = name
        self.time_limit = time_limit
        self.announcements = announcements or {}
        self._client = Client(account_sid, auth_token, http_client=_Http(base_url, timeout))
        self._validators = [RequestValidator(t) for t in (auth_token, previous_auth_token) if t]

    def place(self, dial: Dial) -> str:
        if dial.kind is not CallKind.VOICE:
            raise CarrierError("Twilio calls are sound alone", certain=True, evidence={"kind": dial.kind})
        with _asking("place a call"):
            call = self._client.calls.create(
                to=dial.number,
                from_=self.caller_id,
                twiml=self._spoken(dial),
                timeout=RINGS_FOR,
                time_limit=self.time_limit,
                status_callback=self._address(dial.key, "status"),
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                status_callback_method="POST",
                machine_detection="Enable",
                async_amd="true",
                async_amd_status_callback=self._address(dial.key, "amd"),
                async_amd_status_callback_method="POST",
            )
        return _id_of(call.sid)

    def find(self, dial: Dial) -> Update | None:
        try:
            with _asking("look for a call"):
                call = self._by_id(dial.external_id) if dial.external_id else self._adoptable(dial)
        except CarrierError as fault:
            if dial.external_id and fault.evidence.get("http_status") == 404:
                return None
            raise
        return None if call is None else _update_of(call, dial.key)

    def _by_id(self, sid: str) -> Any:
        return self._client.calls(sid).fetch()

    def _adoptable(self, dial: Dial) -> Any:
        """The one call from us to this number that was made when ours was dialled; None if there is none.

        A call that had ended before ours was dialled is its forerunner: a number is never on the line twice.
        Filtering by start time is left to us, since a call that waits in Twilio's queue has none yet.
        """
        made = self._client.calls.list(to=dial.number, from_=self.caller_id, limit=NEWEST)
        fits = [
            call
            for call in made
            if dial.dialled_at - EARLY <= call.date_created <= dial.dialled_at + LATE
            and not _had_ended(call, before=dial.dialled_at)
        ]
        if len(fits) > 1:
            raise CarrierError(
                "several of Twilio's calls could be this one", certain=False, evidence={"calls": len(fits)}
            )
        return fits[0] if fits else None

    def hang_up(self, dial: Dial) -> None:
        sid = dial.external_id
        if not sid:
            found = self.find(dial)
            if found is None or found.status is CallStatus.ENDED:
                return
            sid = found.external_id
        try:
            with _asking("hang up"):
                self._client.calls(sid).update(status="completed")
        except CarrierError as fault:
            gone = fault.evidence.get("http_status") == 404
            if not gone and fault.evidence.get("code") != NO_LONGER_ON_THE_LINE:
                raise

    def send_text(self, *, key: str, number: str, body: str) -> str:
        with _asking("send a text"):
            message = self._client.messages.create(to=number, from_=self.caller_id, body=body)
        return _id_of(message.sid)

    def is_genuine(
        self, *, key: str, event: str, headers: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> bool:
        """Whether Twilio signed this callback: over the address we gave out, whatever a proxy made of it."""
        signature = headers.get("X-Twilio-Signature", "")
        address = self._address(key, event)
        return any(validator.validate(address, dict(form), signature) for validator in self._validators)

    def read(self, *, key: str, form: Mapping[str, str], body: bytes) -> Update:
        """A genuine callback in our words."""
        status, result = words.translate(form)
        sid = form.get("CallSid", "")
        return Update(
            key, status, result, sid, words.moment(form), words.kept(form), unknown=words.unknown(form)
        )

    def _address(self, key: str, event: str) -> str:
        return f"{self.callback_base}/telephony/{self.name}/{key}/{event}"

    def _spoken(self, dial: Dial) -> str:
        """What the person hears, then a room named by our key in which an operator joins them."""
        text = self.announcements.get(dial.tag, ANNOUNCEMENT) if dial.mode == "announce" else NOTICE
        response = VoiceResponse()
        response.say(text, language="zh-CN")
        response.dial().conference(dial.key, beep="false", end_conference_on_exit=True)
        return str(response)


def _update_of(call: Any, key: str) -> Update:
    """Twilio's own record of a call in our words. It has no SIP code, so it says less than a callback."""
    said = {"CallStatus": str(call.status or "")}
    if call.answered_by:
        said["AnsweredBy"] = str(call.answered_by)
    if not words.known(said["CallStatus"]):
        raise CarrierError("Twilio has a new word for a call", certain=False, evidence={**said})
    status, result = words.translate(said)
    at = call.end_time if status is CallStatus.ENDED else None
    return Update(key, status, result, str(call.sid), at, {**said, "asked": True})


def _had_ended(call: Any, *, before: datetime) -> bool:
    if call.status not in words.OVER:
        return False
    ended = call.end_time or call.date_updated  # a call that failed has no end time
    return ended is not None and ended < before.replace(microsecond=0)


def _id_of(sid: object) -> str:
    if not isinstance(sid, str) or not sid:
        raise CarrierError("Twilio's answer names no id", certain=False)
    return sid


@contextmanager
def _asking(what: str) -> Iterator[None]:
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
