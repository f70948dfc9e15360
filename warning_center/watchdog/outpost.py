"""Word to an address outside, posted from a thread of its own: a slow or silent one holds nothing up."""

import json
import logging
import threading
import time
from collections.abc import Mapping
from http.client import HTTPException
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

logger = logging.getLogger(__name__)
WITHIN = 5.0  # seconds for one post


class Outpost:
    """Posts the newest word it has been given; an older one that is still waiting is dropped for it."""

    def __init__(self, url: str, *, within: float = WITHIN) -> None:
        """Raises ValueError for an address that is not HTTP's."""
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"an address such as https://… is expected: {url!r}")
        self.url, self.within = url, within
        self._word: bytes | None = None
        self._failed = False
        self._idle = True
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="outpost", daemon=True).start()

    @property
    def delivered(self) -> bool:
        """Whether nothing waits, and the last word has arrived."""
        with self._changed:
            return self._idle and self._word is None and not self._failed

    def give(self, word: Mapping[str, object]) -> None:
        """Post this as soon as the one on its way is through; returns at once."""
        with self._changed:
            self._word = json.dumps(word).encode()
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until the last word has gone, or has had its time."""
        ends = time.monotonic() + 2 * self.within
        with self._changed:
            self._changed.wait_for(lambda: self._idle and self._word is None, ends - time.monotonic())

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._word is not None)
                word, self._word, self._idle = self._word, None, False
            arrived = self._post(word or b"")
            with self._changed:
                self._idle, self._failed = True, not arrived
                self._changed.notify_all()

    def _post(self, word: bytes) -> bool:
        request = Request(self.url, data=word, headers={"Content-Type": "application/json"})  # noqa: S310  HTTP, see above
        try:
            with urlopen(request, timeout=self.within):  # noqa: S310
                return True
        except (OSError, HTTPException, ValueError) as fault:
            logger.warning("%s took no word: %s", urlsplit(self.url).hostname, type(fault).__name__)
            return False
