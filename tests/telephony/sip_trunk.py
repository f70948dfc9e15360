"""The SIP trunk for the contract: the agent behind the door, on scripted far ends and the clock the test moves."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

from telephony.carrier import CallResult, Dial, Update
from telephony.clock import MovingClock
from tests.telephony.farends import DESK, Manner, Net, Say, refusing

R = CallResult


class SipTrunk:
    """The SIP agent behind the door, on the far ends of `farends.py` and the clock the test moves."""

    def __init__(self, clock: MovingClock) -> None:
        self.clock = clock
        self.net = Net(now=clock(), latency=timedelta())
        self.lock = threading.Lock()
        self.collected = 0

    def place(self, dial: Dial) -> str:
        with self.lock:
            self.net.wire.advance(self.clock())
            return self.net.agent.place(replace(dial, desk=dial.desk or DESK))

    def find(self, dial: Dial) -> Update | None:
        with self.lock:
            return self.net.agent.find(dial)

    def hang_up(self, dial: Dial) -> None:
        with self.lock:
            self.net.agent.hang_up(dial)

    def send_text(self, *, key: str, number: str, body: str) -> str:
        heard: list[int | None] = []
        with self.lock:
            self.net.agent.send_text(number, body, heard.append)
            self.net.run_until(self.clock())
        assert heard == [202]
        return f"sip-{key}"

    def run(self) -> None:
        with self.lock:
            self.net.run_until(self.clock())

    def collect(self) -> list[Update]:
        with self.lock:
            news = self.net.news[self.collected :]
            self.collected += len(news)
            return news

    def health(self) -> dict[str, Any]:
        with self.lock:
            return self.net.agent.health()


SIP_PHONES = {
    R.ANSWERED: Manner(says=(Say(1, 180), Say(8, 200)), lasts=40),
    R.MACHINE: Manner(says=(Say(1, 180), Say(8, 200)), lasts=20),
    R.BUSY: refusing(486),
    R.NO_ANSWER: Manner(says=(Say(1, 180),)),
    R.REJECTED: refusing(603, rings=True),
    R.OUT_OF_AREA: refusing(480),
    R.INVALID_NUMBER: refusing(404),
    R.LABELLED_NUISANCE: refusing(608),
    R.CONGESTION: refusing(503),
}
