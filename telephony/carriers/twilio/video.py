"""Twilio's video rooms behind the port: a room for each call, tokens for both browsers, signed callbacks in our words.

The room is named by the call's key: Twilio is told no number. It knows neither whether a link was opened nor whether
pictures were seen; so ringing is *the operator is there*, and sound alone counts as answered.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VideoGrant
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from telephony.carrier import CallKind, CallResult, CallStatus, CarrierError, Dial, Update
from telephony.carriers.twilio.asking import Http, asking, id_of

R = CallResult
PERSON, DESK = "person", "desk"
ROOM_EXISTS = 53113
GOING = "in-progress"
SHORT = timedelta(seconds=10)  # a talk so short was none
OPENS_WITHIN = timedelta(minutes=5)  # a room nobody joined, ended earlier, was called off
EMPTY = 1  # minutes until an empty room ends
UNUSED = 5  # minutes until a room ends that nobody ever joined
EVIDENCE = (
    "StatusCallbackEvent", "RoomStatus", "ParticipantIdentity", "ParticipantStatus", "ParticipantDuration",
    "RoomDuration", "SequenceNumber", "Timestamp", "TrackKind",
)  # fmt: skip


class TwilioVideoCarrier:
    """Two browsers in a room of Twilio's. `api_key` and `api_secret` sign their tokens; limits are in seconds."""

    def __init__(
        self, *, clock: Callable[[], datetime], account_sid: str, auth_token: str, api_key: str, api_secret: str,
        callback_base: str, name: str = "twilio-video", previous_auth_token: str = "", base_url: str = "",
        timeout: float = 10, time_limit: int = 1800,
    ) -> None:  # fmt: skip
        self.clock, self.name, self.time_limit = clock, name, time_limit
        self.callback_base = callback_base.rstrip("/")
        self._account, self._key, self._secret = account_sid, api_key, api_secret
        self._client = Client(account_sid, auth_token, http_client=Http(base_url, timeout))
        self._validators = [RequestValidator(t) for t in (auth_token, previous_auth_token) if t]

    def place(self, dial: Dial) -> str:
        if dial.kind is not CallKind.VIDEO:
            raise CarrierError("a room is for video calls", certain=True, evidence={"kind": dial.kind})
        try:
            with asking("make a room"):
                room = self._rooms.create(
                    unique_name=dial.key,
                    type="group",
                    max_participants=2,
                    max_participant_duration=self.time_limit,
                    empty_room_timeout=EMPTY,
                    unused_room_timeout=UNUSED,
                    record_participants_on_connect=False,
                    status_callback=f"{self.callback_base}/telephony/{self.name}/{dial.key}/room",
                    status_callback_method="POST",
                )
        except CarrierError as refusal:
            refusal.certain = refusal.certain and refusal.evidence.get("code") != ROOM_EXISTS
            raise
        return id_of(room.sid)

    def find(self, dial: Dial) -> Update | None:
        with asking("look for a room"):
            room = self._room(dial)
            if room is None:
                return None
            people = {one.identity: one for one in room.participants.list()}
        return _update(dial.key, room, people.get(PERSON), DESK in people)

    def hang_up(self, dial: Dial) -> None:
        with asking("end a room"):
            room = self._room(dial)
            if room is not None and room.status == GOING:
                room.update(status="completed")

    def send_text(self, *, key: str, number: str, body: str) -> str:
        raise CarrierError("a room carries no SMS", certain=True)

    def pass_for(self, key: str, who: str) -> str:
        """The token (a JWT) by which one browser, the person's or the desk's, enters a call's room and no other."""
        grants = [VideoGrant(room=key)]
        token = AccessToken(
            self._account, self._key, self._secret, grants=grants, identity=who, ttl=self.time_limit
        )
        return str(token.to_jwt())

    def is_genuine(
        self, *, key: str, event: str, headers: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> bool:
        """Whether Twilio signed this callback for this address."""
        url = f"{self.callback_base}/telephony/{self.name}/{key}/{event}"
        signature = headers.get("X-Twilio-Signature", "")
        return any(validator.validate(url, dict(form), signature) for validator in self._validators)

    def read(self, *, key: str, form: Mapping[str, str], body: bytes) -> Update:
        """A callback in our words. When somebody goes, or the room ends, it says no more than that: Twilio is asked who
        had been there. Raises ValueError for what is about another room, or if Twilio does not say.
        """
        if form.get("RoomName") != key:
            raise ValueError("the callback is about another call than its address")
        said = {word: form[word] for word in EVIDENCE if word in form}
        event, who = form.get("StatusCallbackEvent", ""), form.get("ParticipantIdentity", "")
        sid, at = form.get("RoomSid", ""), _moment(form.get("Timestamp", ""))
        if event == "room-created":
            return Update(key, CallStatus.DIALLING, None, sid, at, said)
        if event == "participant-connected":
            status = CallStatus.TALKING if who == PERSON else CallStatus.RINGING
            return Update(key, status, None, sid, at, said)
        found = self._asked(key, sid)
        if event == "room-ended":
            return Update(key, CallStatus.ENDED, found.result or R.OUTCOME_UNKNOWN, sid, at, said)
        talked = found.status is CallStatus.TALKING or found.result in (R.ANSWERED, R.HUNG_UP)
        return Update(key, CallStatus.TALKING if talked else CallStatus.RINGING, None, sid, at, said)

    def _asked(self, key: str, sid: str) -> Update:
        """Where the room of a callback stands. Raises ValueError."""
        try:
            found = self.find(Dial(key, "", CallKind.VIDEO, self.clock(), external_id=sid))
        except CarrierError as fault:
            raise ValueError("Twilio does not say who had been there") from fault
        if found is None:
            raise ValueError("Twilio knows no such room")
        return found

    @property
    def _rooms(self) -> Any:
        return self._client.video.v1.rooms

    def _room(self, dial: Dial) -> Any:
        """The room of a call, by its id, by its name while it lasts, or among those that have ended; None: none."""
        try:
            return self._rooms(dial.external_id or dial.key).fetch()
        except Exception as fault:
            if getattr(fault, "status", None) != 404:
                raise
        if dial.external_id:
            return None
        return next(iter(self._rooms.list(unique_name=dial.key, status="completed", limit=1)), None)


def _update(key: str, room: Any, person: Any, desk: bool) -> Update:
    """Where a room stands."""
    if room.status == GOING:
        status = CallStatus.TALKING if person else CallStatus.RINGING if desk else CallStatus.DIALLING
        return Update(key, status, None, id_of(room.sid), evidence={"RoomStatus": room.status})
    if room.status == "failed":
        result = R.FAILED_HERE
    elif person is None:
        early = room.end_time and room.end_time - room.date_created < OPENS_WITHIN
        result = R.CANCELLED if early else R.NO_ANSWER
    else:
        result = R.HUNG_UP if timedelta(seconds=person.duration or 0) < SHORT else R.ANSWERED
    return Update(
        key, CallStatus.ENDED, result, id_of(room.sid), room.end_time, {"RoomStatus": str(room.status)}
    )


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
