"""The room of a call: who of ours is rung into it, listens, whispers or leaves; recording it, with its notice."""

from typing import Any

from twilio.rest import Client

from telephony.carrier import CarrierError, Dial, Joint, LegNews, LegState, Way
from telephony.carriers.twilio import words
from telephony.carriers.twilio.asking import asking, id_of, is_gone

RINGS_FOR = 25  # seconds, at a desk
STATES = {
    "queued": LegState.ASKED,
    "initiated": LegState.ASKED,
    "connecting": LegState.ASKED,
    "ringing": LegState.RINGING,
    "in-progress": LegState.TALKING,
    "connected": LegState.TALKING,
    "complete": LegState.ENDED,
    **dict.fromkeys(words.OVER, LegState.ENDED),
}


class Rooms:
    """The conferences of our calls, each named by its call's key."""

    def __init__(self, client: Client, *, time_limit: int) -> None:
        self._client, self._time_limit = client, time_limit

    def join(self, dial: Dial, joint: Joint, *, caller: str, callback: str) -> str:
        """Ring somebody into the room. Its news comes to `callback`."""
        listens = joint.way is not Way.TALK
        coached = {"coaching": True, "call_sid_to_coach": joint.coaches} if joint.way is Way.WHISPER else {}
        with asking("ring a desk"):
            participant = self._client.conferences(dial.key).participants.create(
                from_=caller,
                to=joint.address,
                label=joint.key,
                timeout=RINGS_FOR,
                time_limit=self._time_limit,
                beep="false",
                early_media=True,
                muted=joint.muted or joint.way is Way.LISTEN,
                start_conference_on_enter=not listens,
                end_conference_on_exit=joint.leads,
                status_callback=callback,
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                status_callback_method="POST",
                **coached,
            )
        return id_of(participant.call_sid)

    def find(self, dial: Dial, joint: Joint) -> LegNews | None:
        """What became of somebody who was rung; None if they are certainly not in the room, nor were called."""
        if joint.external_id:
            try:
                with asking("look for a desk's call"):
                    call = self._client.calls(joint.external_id).fetch()
            except CarrierError as fault:
                if is_gone(fault):
                    return None
                raise
            return leg_news(joint.key, {"CallStatus": str(call.status), "CallSid": str(call.sid)})
        person = self._person(dial, joint.key)
        return (
            None
            if person is None
            else LegNews(joint.key, STATES.get(person.status, LegState.ASKED), person.call_sid)
        )

    def turn(self, dial: Dial, joint: Joint) -> None:
        """Let them talk, listen or whisper, muted or not, from now on; and say whether the call ends when they go."""
        changes: dict[str, Any] = {
            "muted": joint.muted or joint.way is Way.LISTEN,
            "coaching": joint.way is Way.WHISPER,
            "end_conference_on_exit": joint.leads,
        }
        if joint.way is Way.WHISPER:
            changes["call_sid_to_coach"] = joint.coaches
        room = self._room(dial)
        if room is not None:
            with asking("change who may speak"):
                self._client.conferences(room).participants(joint.external_id).update(**changes)

    def part(self, joint: Joint) -> None:
        """Hang up on them; on somebody who has gone it does nothing."""
        if not joint.external_id:
            return
        try:
            with asking("hang up on a desk"):
                self._client.calls(joint.external_id).update(status="completed")
        except CarrierError as fault:
            if not is_gone(fault) and fault.evidence.get("http_status") != 400:
                raise

    def record(self, dial: Dial, *, notice: str, callback: str) -> str:
        """Say in the room that it is being recorded, then record the call; the recording's id."""
        room = self._room(dial)
        if room is None:
            raise CarrierError("nobody is in the room", certain=True)
        with asking("say that the call is recorded"):
            self._client.conferences(room).update(announce_url=notice, announce_method="POST")
        with asking("record a call"):
            recording = self._client.calls(dial.external_id).recordings.create(
                recording_channels="dual",
                recording_status_callback=callback,
                recording_status_callback_event=["in-progress", "completed", "absent"],
                recording_status_callback_method="POST",
            )
        return id_of(recording.sid)

    def _room(self, dial: Dial) -> str | None:
        with asking("look for a room"):
            rooms = self._client.conferences.list(friendly_name=dial.key, limit=5)
        open_ones = [room.sid for room in rooms if str(room.status) != "completed"]
        return open_ones[0] if open_ones else None

    def _person(self, dial: Dial, label: str) -> Any:
        room = self._room(dial)
        if room is None:
            return None
        try:
            with asking("look for a desk in its room"):
                return self._client.conferences(room).participants(label).fetch()
        except CarrierError as fault:
            if is_gone(fault):
                return None
            raise


def leg_news(key: str, said: words.Words) -> LegNews:
    """A desk's call in our words; a word we do not know moves nothing."""
    word = said.get("CallStatus", "")
    _, result = words.translate(said)
    state = STATES.get(word, LegState.ASKED)
    ended = result if state is LegState.ENDED else None
    return LegNews(key, state, said.get("CallSid", ""), ended, words.moment(said), words.kept(said))
