"""What Twilio is told to say and do on a call, as TwiML."""

from collections.abc import Sequence

from twilio.twiml.voice_response import Gather, VoiceResponse

from telephony.scripts import Line, Scripts

WAITS_FOR_A_KEY = 8  # seconds
TIMES = 2  # an announcement is said before it is given up


class Speech:
    """Documents in the languages spoken here."""

    def __init__(self, scripts: Scripts, languages: Sequence[str]) -> None:
        self.scripts, self.languages = scripts, tuple(languages)

    def notice(self, room: str) -> str:
        """Who calls; then the room in which an operator joins them."""
        return self._into_room("notice", room)

    def officer(self, room: str) -> str:
        """They have asked for an officer, who is being rung."""
        return self._into_room("officer", room)

    def announcement(self, tag: str, keys: str) -> str:
        """What they are told of their kind of fraud, with the keys they may press; twice, then good-bye."""
        response = VoiceResponse()
        for _ in range(TIMES):
            gather = Gather(input="dtmf", num_digits=1, timeout=WAITS_FOR_A_KEY, action=keys, method="POST")
            _say(gather, self.scripts.announce(tag, self.languages))
            _say(gather, self.scripts.say("menu", self.languages))
            response.append(gather)
        return self._ended(response, "goodbye")

    def later(self) -> str:
        """Nobody is free: they will be called back."""
        return self._ended(VoiceResponse(), "later")

    def gone(self) -> str:
        """Nobody is free, and they have transferred: they will be called back at once, and are to transfer no more."""
        return self._ended(VoiceResponse(), "gone")

    def recording(self) -> str:
        """That the call is being recorded."""
        response = VoiceResponse()
        _say(response, self.scripts.say("recording", self.languages))
        return str(response)

    def nothing(self) -> str:
        """Nothing is said or done."""
        return str(VoiceResponse())

    def _into_room(self, part: str, room: str) -> str:
        response = VoiceResponse()
        _say(response, self.scripts.say(part, self.languages))
        response.dial().conference(
            room, beep="false", end_conference_on_exit=True, participant_label="person"
        )
        return str(response)

    def _ended(self, response: VoiceResponse, part: str) -> str:
        _say(response, self.scripts.say(part, self.languages))
        response.hangup()
        return str(response)


def _say(to: VoiceResponse | Gather, lines: Sequence[Line]) -> None:
    for line in lines:
        to.say(line.text, language=line.language, **({"voice": line.voice} if line.voice else {}))
