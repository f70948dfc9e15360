"""News from carriers that keep it until they are asked (the simulated network of this process)."""

import logging
from datetime import datetime
from typing import Protocol, runtime_checkable

from telephony import calls, lines
from telephony.carrier import Update

logger = logging.getLogger(__name__)


@runtime_checkable
class KeepsNews(Protocol):
    """A carrier that does not call back by itself."""

    def collect(self, now: datetime) -> list[Update]: ...

    def next_news_at(self) -> datetime | None: ...


def _keepers() -> list[KeepsNews]:
    return [carrier for _, carrier in lines.every() if isinstance(carrier, KeepsNews)]


def collect(*, now: datetime) -> int:
    """Hear all the news that has come by `now`, each piece at its own moment; how many pieces."""
    news = [update for keeper in _keepers() for update in keeper.collect(now)]
    for update in news:
        try:
            calls.hear(update, now=now)
        except Exception:  # the carrier has let go of it: what follows must be heard all the same
            logger.exception("news of call %s could not be heard", update.key)
    return len(news)


def next_news_at() -> datetime | None:
    """When the next piece of news comes, if any is on its way."""
    return min((at for keeper in _keepers() if (at := keeper.next_news_at())), default=None)
