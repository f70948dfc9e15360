"""Twilio by its own SDK: calls, rooms and texts over its REST API, its signed callbacks, its words in ours."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from twilio.request_validator import RequestValidator
from twilio.rest import Client

from telephony import scripts
from telephony.carrier import (
    ANNOUNCE,
    CallKind,
    CallResult,
    CallStatus,
    CarrierError,
    Dial,
    Joint,
    LegNews,
    TextNews,
    TextState,
    Update,
)
from telephony.carriers.twilio import words
from telephony.carriers.twilio.asking import Http, asking, id_of, is_gone
from telephony.carriers.twilio.rooms import Rooms, leg_news
from telephony.carriers.twilio.speech import Speech

R = CallResult
NO_LONGER_ON_THE_LINE = 21220

EARLY = timedelta(seconds=5)  # so far our clock may be ahead of Twilio's
LATE = timedelta(seconds=180)  # within this time after dialling Twilio has made the call, or has not
RINGS_FOR = 45  # seconds
NEWEST = 20  # calls to one number looked through when a call is sought
DETECTS_FOR = 20  # seconds: a longer greeting than that is a machine's, and is found out by its hanging on

# What each address that we give out is for; the last part of the path names it.
KINDS: Mapping[str, str] = {
    "status": "call",
    "amd": "call",
    "keys": "keys",
    "leg": "leg",
    "text": "text",
    "recording": "note",
    "notice": "notice",
}
TEXTS: Mapping[str, TextState] = {
    "sent": TextState.SENT,
    "delivered": TextState.DELIVERED,
    "read": TextState.DELIVERED,
    "undelivered": TextState.UNDELIVERED,
    "failed": TextState.FAILED,
}


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
        languages: Sequence[str] = (scripts.MANDARIN,),
    ) -> None:
        """`name` is the one CARRIERS has for it; `announcements` are Mandarin texts by tag that replace the built-in
        ones; `languages` are spoken one after the other, where scripts.toml has them; limits are in seconds."""
        self.clock = clock
        self.caller_id = caller_id
        self.callback_base = callback_base.rstrip("/")
        self.name = name
        self.time_limit = time_limit
        self.speech = Speech(scripts.built_in().with_announcements(announcements or {}), languages)
        self._client = Client(account_sid, auth_token, http_client=Http(base_url, timeout))
        self._rooms = Rooms(self._client, time_limit=time_limit)
        self._validators = [RequestValidator(t) for t in (auth_token, previous_auth_token) if t]

    # ---- calls

    def place(self, dial: Dial) -> str:
        if dial.kind is not CallKind.VOICE:
            raise CarrierError("Twilio calls are sound alone", certain=True, evidence={"kind": dial.kind})
        with asking("place a call"):
            call = self._client.calls.create(
                to=dial.number,
                from_=dial.caller or self.caller_id,
                twiml=self._spoken(dial),
                timeout=RINGS_FOR,
                time_limit=self.time_limit,
                status_callback=self._address(dial.key, "status"),
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                status_callback_method="POST",
                machine_detection="Enable",
                machine_detection_timeout=DETECTS_FOR,
                async_amd="true",
                async_amd_status_callback=self._address(dial.key, "amd"),
                async_amd_status_callback_method="POST",
            )
        return id_of(call.sid)

    def find(self, dial: Dial) -> Update | None:
        try:
            with asking("look for a call"):
                call = self._by_id(dial.external_id) if dial.external_id else self._adoptable(dial)
        except CarrierError as fault:
            if dial.external_id and is_gone(fault):
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
        made = self._client.calls.list(
            to=dial.number, from_=dial.caller or self.caller_id, limit=NEWEST, page_size=NEWEST
        )
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
            with asking("hang up"):
                self._client.calls(sid).update(status="completed")
        except CarrierError as fault:
            if not is_gone(fault) and fault.evidence.get("code") != NO_LONGER_ON_THE_LINE:
                raise

    # ---- rooms

    def join(self, dial: Dial, joint: Joint) -> str:
        caller = dial.caller or self.caller_id
        return self._rooms.join(dial, joint, caller=caller, callback=self._address(joint.key, "leg"))

    def find_joint(self, dial: Dial, joint: Joint) -> LegNews | None:
        return self._rooms.find(dial, joint)

    def turn(self, dial: Dial, joint: Joint) -> None:
        self._rooms.turn(dial, joint)

    def part(self, dial: Dial, joint: Joint) -> None:
        self._rooms.part(joint)

    def record(self, dial: Dial) -> str:
        notice, callback = (self._address(dial.key, event) for event in ("notice", "recording"))
        return self._rooms.record(dial, notice=notice, callback=callback)

    # ---- texts

    def send_text(self, *, key: str, number: str, body: str) -> str:
        with asking("send a text"):
            message = self._client.messages.create(
                to=number, from_=self.caller_id, body=body, status_callback=self._address(key, "text")
            )
        return id_of(message.sid)

    def find_text(self, *, number: str, body: str, since: datetime) -> str | None:
        with asking("look for a text"):
            sent = self._client.messages.list(to=number, from_=self.caller_id, limit=NEWEST, page_size=NEWEST)
            fits = [m for m in sent if m.body == body and m.date_created >= since - EARLY]
        return id_of(fits[0].sid) if fits else None

    # ---- callbacks

    def is_genuine(
        self, *, key: str, event: str, headers: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> bool:
        """Whether Twilio signed this callback: over the address we gave out, whatever a proxy made of it."""
        signature = headers.get("X-Twilio-Signature", "")
        address = self._address(key, event)
        return any(validator.validate(address, dict(form), signature) for validator in self._validators)

    def kind(self, event: str) -> str:
        """What an address of ours is for; "" if it is none."""
        return KINDS.get(event, "")

    def read(self, *, key: str, form: Mapping[str, str], body: bytes) -> Update:
        """A genuine callback in our words."""
        status, result = words.translate(form)
        sid = form.get("CallSid", "")
        return Update(
            key, status, result, sid, words.moment(form), words.kept(form), unknown=words.unknown(form)
        )

    def read_leg(self, *, key: str, form: Mapping[str, str]) -> LegNews:
        return leg_news(key, form)

    def read_text(self, *, key: str, form: Mapping[str, str]) -> TextNews:
        word = form.get("MessageStatus", "")
        kept = {name: form[name] for name in ("MessageStatus", "ErrorCode") if name in form}
        return TextNews(key, TEXTS.get(word), form.get("MessageSid", ""), kept)

    def read_key(self, form: Mapping[str, str]) -> str:
        """The key that was pressed."""
        return form.get("Digits", "")[:1]

    def answer(self, outcome: str, dial: Dial) -> str:
        """What is said and done after a key, as TwiML; `outcome` is one of `telephony.keys`."""
        if outcome == "officer":
            return self.speech.officer(dial.key)
        if outcome == "later":
            return self.speech.later()
        if outcome == "gone":
            return self.speech.gone()
        if outcome == "notice":
            return self.speech.recording()
        return self.speech.announcement(dial.tag, self._address(dial.key, "keys"))

    def kept(self, form: Mapping[str, str]) -> Mapping[str, object]:
        """What of a callback that moves nothing may be kept."""
        return words.kept(form)

    def _address(self, key: str, event: str) -> str:
        return f"{self.callback_base}/telephony/{self.name}/{key}/{event}"

    def _spoken(self, dial: Dial) -> str:
        """What the person hears: the announcement with its keys, or a notice and the room where an operator joins."""
        if dial.mode == ANNOUNCE:
            return self.speech.announcement(dial.tag, self._address(dial.key, "keys"))
        return self.speech.notice(dial.key)


def _update_of(call: Any, key: str) -> Update:
    """Twilio's own record of a call in our words. It has no SIP code, so of a call that failed it does not say why."""
    said = {"CallStatus": str(call.status or "")}
    if call.answered_by:
        said["AnsweredBy"] = str(call.answered_by)
    if not words.known(said["CallStatus"]):
        raise CarrierError("Twilio has a new word for a call", certain=False, evidence={**said})
    status, result = words.translate(said)
    if call.status == "failed":
        result = R.OUTCOME_UNKNOWN
    at = call.end_time if status is CallStatus.ENDED else None
    return Update(key, status, result, str(call.sid), at, {**said, "asked": True})


def _had_ended(call: Any, *, before: datetime) -> bool:
    if call.status not in words.OVER:
        return False
    ended = call.end_time or call.date_updated  # a call that failed has no end time
    return ended is not None and ended < before.replace(microsecond=0)
