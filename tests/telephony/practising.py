"""The practice Twilio of the product, driven by hand: nothing happens in it until the test says so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from telephony.practice import post
from telephony.practice.door import Door, opened
from telephony.practice.phones import Directory
from telephony.practice.post import Letter
from telephony.practice.records import Call
from telephony.practice.switch import Switch

SID = "AC" + "0" * 32
TOKEN = "practice-token"
CALLER = "+861096110"


class PracticeTwilio:
    """The switch and its door, and whose account the tests have there. Make one with `practising`."""

    def __init__(self, switch: Switch, door: Door) -> None:
        self.switch, self.door = switch, door
        self.clock, self.phones, self.requests = switch.clock, switch.phones, door.requests
        self.sid, self.token, self.caller_id = SID, TOKEN, CALLER
        self.url = door.url

    @property
    def answers(self) -> list[int]:
        """What our side answered to each webhook."""
        return [status for _, status in self.switch.answers]

    def answers_to(self, kind: str) -> list[int]:
        """What our side answered to webhooks of one kind."""
        return [status for said, status in self.switch.answers if said == kind]

    def made_to(self, number: str) -> list[Call]:
        return self.switch.made_to(number)

    def run(self) -> None:
        """Let come what is due by now."""
        self.switch.run()

    def send(self, url: str, form: dict[str, str], *, token: str = TOKEN) -> int:
        """A webhook of the test's own making; what our side answered."""
        return self.again(post.letter("CA", "test", url, form, token))

    def again(self, sent: Letter) -> int:
        """The very same webhook once more."""
        return self.switch.courier.deliver(sent)[0]


@contextmanager
def practising(clock: Callable[[], datetime], *, phones: Directory | None = None) -> Iterator[PracticeTwilio]:
    """A practice Twilio that serves until the block ends."""
    switch = Switch(clock, phones=phones)
    with opened(Door(switch, by_hand=True)) as door:
        try:
            yield PracticeTwilio(switch, door)
        finally:
            switch.courier.close()
