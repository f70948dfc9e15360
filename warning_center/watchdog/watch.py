"""The watch: round after round, it tells what breaks and what mends, and says outside that it is there."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError

from warning_center import pulses
from warning_center.watchdog import ledger
from warning_center.watchdog.finding import Finding, Round
from warning_center.watchdog.look import Moment, look
from warning_center.watchdog.outpost import Outpost

logger = logging.getLogger(__name__)


class Watch:
    """What one watchdog process remembers between its rounds. Raises ValueError for an address that is none."""

    def __init__(self) -> None:
        self._heartbeat = Outpost(settings.HEARTBEAT_URL) if settings.HEARTBEAT_URL else None
        self._alarm = Outpost(settings.ALARM_URL) if settings.ALARM_URL else None
        self._broken: set[str] = set()
        self._alarmed: set[str] = set()
        self._missed: dict[str, datetime] = {}  # broke while the record could not be written

    def round(self, moment: Moment) -> tuple[Round, list[Finding], list[str]]:
        """Look once, write it down, send word; the round, what has just broken, and the names of what has mended."""
        seen = look(moment)
        known = {finding.name: finding for finding in seen.findings if not finding.unseen}
        broken = {name for name, finding in known.items() if not finding.ok}
        broke = [known[name] for name in known if name in broken - self._broken]
        mended = sorted((self._broken & known.keys()) - broken)
        self._broken = broken | (self._broken - known.keys())
        self._write_down(seen, moment)
        self._send_word(seen, moment)
        return seen, broke, mended

    def close(self) -> None:
        """Let the last words go out, if they still can."""
        for outpost in filter(None, (self._heartbeat, self._alarm)):
            outpost.flush()

    def _write_down(self, seen: Round, moment: Moment) -> None:
        try:
            ledger.settle(seen.findings, now=moment.now, missed=self._missed)
            self._missed.clear()
            ledger.forget(wall=moment.wall)
        except DatabaseError as fault:
            logger.warning("the record cannot be written: %s", type(fault).__name__)
            for name in self._broken - self._missed.keys():
                self._missed[name] = moment.now

    def _send_word(self, seen: Round, moment: Moment) -> None:
        here = {"host": pulses.HOST, "at": moment.wall.isoformat(), "ok": seen.ok}
        if seen.ok and self._heartbeat:
            self._heartbeat.give(here)
        if self._alarm and (self._broken != self._alarmed or not self._alarm.delivered):
            told = {f.name: f.plain() for f in seen.broken if not f.unseen}
            for finding in told.values():
                finding.pop("offenders", None)  # ids of cases stay inside
            self._alarm.give({**here, "broken": told})
            self._alarmed = set(self._broken)
