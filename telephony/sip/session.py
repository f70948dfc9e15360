"""Session timers: a dialog whose far end died in silence comes to an end all the same (RFC 4028)."""

from collections.abc import Callable

from telephony.sip.fields import has_option, seconds_of
from telephony.sip.message import Message, Response, parameters
from telephony.sip.wire import Timer, Wire

LEAST = 90  # seconds: no interval is shorter (section 4)
Headers = list[tuple[str, str]]


class Session:
    """How long one dialog lives without a refresh, and who sends it."""

    def __init__(
        self,
        wire: Wire,
        interval: int,
        *,
        refresh: Callable[[], None],
        expire: Callable[[], None],
        least: int = LEAST,
    ) -> None:
        """`interval` is what we ask for, in seconds; 0 asks for none, and still does as the far end asks."""
        self.wire = wire
        self.interval = interval
        self.least = least
        self._refresh = refresh
        self._expire = expire
        self._timers: list[Timer] = []
        self._ours: bool | None = None  # who refreshes; None: nobody, there is no limit

    def wanted(self) -> Headers:
        """What an INVITE or UPDATE of ours asks for."""
        said = [("supported", "timer")]
        if self.interval:
            who = "" if self._ours is None else f";refresher={'uac' if self._ours else 'uas'}"
            said += [("session-expires", f"{self.interval}{who}"), ("min-se", str(self.least))]
        return said

    def raised(self, response: Response) -> bool:
        """Take a 422: whether it asks for more than we did, so that asking again makes sense."""
        least = seconds_of(response.get("min-se"))
        if least <= self.interval:
            return False
        self.interval = self.least = least
        return True

    def agree(self, response: Response) -> None:
        """A 2xx to what we asked: who has to refresh, and how often."""
        said = response.get("session-expires")
        if not seconds_of(said):
            self._run(0, ours=None)
            return
        self._run(seconds_of(said), ours=parameters(said).get("refresher", "uac") != "uas")

    def asked(self, request: Message) -> Headers | None:
        """What our 2xx to their INVITE or UPDATE says; None: they want it too short, which is a 422."""
        said = request.get("session-expires")
        interval = seconds_of(said)
        if not interval:
            return []
        if interval < self.least:
            return None
        able = has_option(request, "supported", "timer")
        who = parameters(said).get("refresher") or ("uac" if able else "uas")
        self._run(interval, ours=who == "uas")
        return [("session-expires", f"{interval};refresher={who}"), *([("require", "timer")] if able else [])]

    def stop(self) -> None:
        self._run(0, ours=None)

    def _run(self, interval: int, *, ours: bool | None) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers, self._ours = [], ours
        if interval:
            self.interval = interval
            self._timers.append(self.wire.later(interval - min(32, interval / 3), self._expire))  # section 10
        if interval and ours:
            self._timers.append(self.wire.later(interval / 2, self._refresh))
