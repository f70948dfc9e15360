"""The sources: each sends its directives until they are acknowledged, and keeps its own list of receipts."""

import heapq
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.test import RequestFactory

from warning_center import intake
from warning_center.api import serializers
from warning_center.api.views import BatchView
from warning_center.models import Source
from warning_center.simulation.arrivals import Json, Sending
from warning_center.simulation.hosts import Hosts

PAUSES = (5, 10, 20, 60)  # seconds before each further try; the last one goes on
NOT_YET = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A directive that has been acknowledged to its source."""

    source: str
    reference: str
    sent_at: datetime  # for the first time
    at: datetime
    answer: str


@dataclass(order=True, slots=True)
class _Task:
    at: datetime
    order: int
    sending: Sending = field(compare=False)
    tries: int = field(default=0, compare=False)


class Senders:
    """Sends what is due. `receipts` are by source and reference; `refused` counts changed ones that were refused."""

    def __init__(self, sendings: Iterable[Sending], hosts: Hosts, sources: dict[str, Source]) -> None:
        self.receipts: dict[tuple[str, str], Receipt] = {}
        self.unchanged = self.refused = self.tries = 0
        self.taken_though_changed: list[str] = []
        self._hosts, self._sources = hosts, sources
        self._keys = {code: _key(source) for code, source in sources.items()}
        self._order = count()
        self._tasks = [_Task(sending.at, next(self._order), sending) for sending in sendings]
        heapq.heapify(self._tasks)

    def next_at(self) -> datetime | None:
        return self._tasks[0].at if self._tasks else None

    def send(self, now: datetime) -> None:
        while self._tasks and self._tasks[0].at <= now:
            task = heapq.heappop(self._tasks)
            if self._may_follow(task.sending):
                self.tries += 1
                left = self._batch(task.sending) if task.sending.batch else self._single(task.sending)
            else:
                left = task.sending.rows
            if left:
                self._again(task, left, now)

    def _may_follow(self, sending: Sending) -> bool:
        """What is sent with another content has been acknowledged with the first one."""
        return not sending.refused or (sending.source, sending.rows[0]["reference"]) in self.receipts

    def _again(self, task: _Task, rows: Sequence[Json], now: datetime) -> None:
        pause = timedelta(seconds=PAUSES[min(task.tries, len(PAUSES) - 1)])
        sending = Sending(
            task.sending.at, task.sending.source, tuple(rows), task.sending.batch, task.sending.refused
        )
        heapq.heappush(self._tasks, _Task(now + pause, next(self._order), sending, task.tries + 1))

    def _single(self, sending: Sending) -> Sequence[Json]:
        """One directive at the door; what is left to be sent again."""
        (row,) = sending.rows
        source = self._sources[sending.source]
        ran = self._hosts.run(
            "web",
            lambda now: intake.receive(serializers.read(row), source=source, now=now),
            refuses=intake.ChangedError,
        )
        if isinstance(ran.answer, intake.ChangedError):
            self.refused += 1
            return ()
        if isinstance(ran.failed, serializers.BadDirective):
            raise ran.failed  # of our own making
        if not ran.well:
            return sending.rows
        self._keep(sending, row, ran.answer.answer.value)
        return ()

    def _batch(self, sending: Sending) -> Sequence[Json]:
        """All rows in one request; those that were not stored are left."""
        ran = self._hosts.run("web", lambda now: self._post(sending))
        if not ran.well or ran.answer.status_code != 200:
            return sending.rows
        left = []
        for row, result in zip(sending.rows, ran.answer.data["results"], strict=True):
            if result["answer"] == "refused":
                left.append(row)
            else:
                self._keep(sending, row, result["answer"])
        return left

    def _post(self, sending: Sending) -> Any:
        request = RequestFactory().post(
            "/api/v1/directives/batch",
            json.dumps(sending.rows),
            content_type="application/json",
            headers={"authorization": f"Bearer {self._keys[sending.source]}"},
        )
        return BatchView.as_view()(request)

    def _keep(self, sending: Sending, row: Json, answer: str) -> None:
        reference = row["reference"]
        if sending.refused:
            self.taken_though_changed.append(reference)
        self.unchanged += answer == intake.Answer.UNCHANGED
        receipt = Receipt(sending.source, reference, sending.at, self._hosts.now, answer)
        self.receipts.setdefault((sending.source, reference), receipt)


def _key(source: Source) -> str:
    key = source.renew_key()
    source.save(update_fields=["key_digest"])
    return key
