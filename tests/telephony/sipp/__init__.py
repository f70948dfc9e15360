"""SIPp as the carrier and as our phones, and the trunk's process between them, on loopback."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

from telephony import clock
from telephony.carrier import CallKind, CallStatus, Dial, Update
from telephony.carriers.remote import RemoteCarrier
from telephony.clock import MovingClock
from tests.installed import needed
from tests.ports import free_port
from tests.telephony.stages import SECRET, Ear, Stage, serving

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
WITHIN = 30.0  # seconds
TIMES = "t1=0.1,t2=0.4,t4=0.5"
LIMITS = "desk=5,ring=3,announcer=5,talk=60"


def until(what: str, fits: Callable[[], bool]) -> None:
    """Wait for something of another process. Raises TimeoutError."""
    waiting, ends = threading.Event(), monotonic() + WITHIN
    while not fits():
        if monotonic() > ends:
            raise TimeoutError(what)
        waiting.wait(0.1)


class Sipp:
    """One SIPp that plays a scenario to all who call it."""

    def __init__(self, scenario: str, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.folder = folder / f"{scenario}-{self.port}"
        self.folder.mkdir()
        self.statistics = self.folder / "statistics.csv"
        self.process = subprocess.Popen(
            [
                needed("sipp"), "-sf", HERE / f"{scenario}.xml", "-i", "127.0.0.1", "-p", str(self.port), "-nostdin",
                "-aa", "-timeout", "600s", "-timer_resol", "20", "-trace_msg", "-trace_err", "-trace_stat", "-fd", "1",
                "-stf", str(self.statistics), *options,
            ],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def listen(self) -> None:
        """Wait until it does: it opens its sockets before its statistics."""
        until("SIPp listens", self.statistics.exists)

    def stop(self) -> None:
        """At once: told politely it waits for the calls it still remembers."""
        self.process.kill()
        self.process.wait(WITHIN)

    def counts(self) -> dict[str, int]:
        """Its own statistics, as of a second ago."""
        with self.statistics.open() as file:
            rows = [row for row in csv.DictReader(file, delimiter=";") if row.get("CurrentCall")]
        last = rows[-1] if rows else {}
        names = {
            "current": "CurrentCall",
            "made": "TotalCallCreated",
            "good": "SuccessfulCall(C)",
            "failed": "FailedCall(C)",
        }
        return {name: int(last.get(column) or 0) for name, column in names.items()}

    def messages(self) -> str:
        """All that it sent and got."""
        (log,) = self.folder.glob("*_messages.log")
        return log.read_text(errors="replace")

    def errors(self) -> str:
        return "".join(log.read_text(errors="replace") for log in self.folder.glob("*_errors.log"))


class SippStage(Stage):
    """The real process on real sockets."""

    within = WITHIN

    def __init__(self, moving: MovingClock) -> None:
        super().__init__(moving)
        self.dials: dict[str, Dial] = {}

    def run(self) -> None:
        """Nothing: time goes on by itself."""

    def behaves(self, number: str, result: Any) -> None:
        raise NotImplementedError("the last four digits of the number say it")

    def made(self, number: str) -> int:
        raise NotImplementedError("SIPp counts")


class TrunkProcess:
    """`manage.py trunk`, with SIPp around it."""

    def __init__(
        self,
        folder: Path,
        ear: str,
        stage: SippStage,
        *,
        desks: Sequence[str] = (),
        carriers: Sequence[str] = (),
    ) -> None:
        self.stage = stage
        self.carrier, self.desks = Sipp("carrier", folder, *carriers), Sipp("desks", folder, *desks)
        self.journal = folder / "journal"
        self.port, self.door = free_port(), free_port()
        self.ear = ear
        self.url = f"http://127.0.0.1:{self.door}"
        self.more: dict[str, str] = {}
        self.start()

    def start(self) -> None:
        env = {
            **os.environ,
            "SIP_TRUNK": f"127.0.0.1:{self.carrier.port}", "SIP_DESKS": f"127.0.0.1:{self.desks.port}",
            "SIP_DOMAIN": "carrier.example", "SIP_LISTEN": f"127.0.0.1:{self.port}", "SIP_TIMES": TIMES,
            "SIP_LIMITS": LIMITS, "SIP_USER": "center", "SIP_PASSWORD": "of nobody", "SIP_PING": "0",
            "SIP_ANNOUNCER": f"sip:1001@127.0.0.1:{self.desks.port};play={{tag}}",
            "SIP_JOURNAL": str(self.journal), "TRUNK_SECRET": SECRET, "CLOCK": "telephony.clock.wall",
            "DJANGO_SETTINGS_MODULE": "warning_center.settings", **self.more,
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "trunk", "--port", str(self.door), "--callback", f"{self.ear}/telephony/sip"],
            cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert "listening" in self.process.stdout.readline()
        self.carrier.listen()
        self.desks.listen()
        self.stage.carrier = RemoteCarrier(clock=clock.wall, url=self.url, secret=SECRET)

    def kill(self) -> None:
        """With nothing said to anybody."""
        self.process.kill()
        self.process.wait(WITHIN)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(WITHIN)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.carrier.stop()
        self.desks.stop()
        return status

    def health(self) -> dict[str, Any]:
        with urlopen(f"{self.url}/health", timeout=5) as answer:  # noqa: S310 - it was started here
            said: dict[str, Any] = json.load(answer)
            return said

    def dial(self, last: str, *, kind: CallKind = CallKind.VOICE, desk: str = "1001", mode: str = "") -> Dial:
        """Place a call to the phone that behaves so."""
        dial = Dial(
            str(uuid4()), f"+861900000{last}", kind, clock.wall(), mode, "loan", desk="" if mode else desk
        )
        self.stage.carrier.place(dial)
        return dial

    def news(self, dial: Dial) -> list[Update]:
        return [update for update in list(self.stage.news) if update.key == dial.key]

    def until(self, dial: Dial, status: CallStatus) -> Update:
        """The first news of that status."""
        self.stage.heard(lambda news: any(u.key == dial.key and u.status is status for u in news))
        return next(u for u in self.news(dial) if u.status is status)

    def end(self, dial: Dial) -> Update:
        return self.until(dial, CallStatus.ENDED)

    def settle(self, sipp: Sipp, fits: Any) -> dict[str, int]:
        """SIPp's counts once they fit: it writes them every second."""
        with suppress(TimeoutError):
            until("SIPp's counts fit", lambda: fits(sipp.counts()))
        return sipp.counts()


@contextmanager
def trunk(folder: Path) -> Iterator[TrunkProcess]:
    """All of it, stopped at the end."""
    with ExitStack() as held:
        stage = SippStage(clock.moving)
        ear = held.enter_context(serving(Ear(stage)))
        made = TrunkProcess(folder, ear, stage)
        held.callback(made.stop)
        yield made
