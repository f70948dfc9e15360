"""A small journal on disk: the last word for each key, sealed line by line, for whoever goes on after a death."""

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from telephony import sealing

logger = logging.getLogger(__name__)
Said = dict[str, Any]
MOST_LINES = 20_000  # then it is written anew


class Journal:
    """One process writes it. `keep` says whether an entry is of use still. Raises OSError if it cannot be written.

    A line is in the hands of the operating system once `note` returns: it survives the process, not the machine.
    """

    def __init__(self, path: Path, *, keep: Callable[[Said], bool] = lambda said: True) -> None:
        self.path, self.keep = path, keep
        self.entries: dict[str, Said] = {}
        self._lines = 0
        if path.exists():
            self._load()
        self._file = self._write_anew()

    def note(self, key: str, said: Said) -> None:
        """From now on this is the last word for that key."""
        self.entries.pop(key, None)
        self.entries[key] = said
        self._put(self._file, key, said)
        self._file.flush()
        if self._lines > MOST_LINES:
            self.entries = {key: said for key, said in self.entries.items() if self.keep(said)}
            self._file.close()
            self._file = self._write_anew()

    def close(self) -> None:
        self._file.close()

    def _load(self) -> None:
        for n, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                key, said = json.loads(sealing.unseal(line))
            except (sealing.Unsealable, ValueError):
                logger.warning(
                    "line %d of the journal cannot be read", n
                )  # torn, or sealed by a key that is gone
                continue
            self.entries.pop(key, None)
            self.entries[key] = said
        self.entries = {key: said for key, said in self.entries.items() if self.keep(said)}

    def _write_anew(self) -> TextIO:
        beside = self.path.with_name(f"{self.path.name}.new")
        file = os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")
        self._lines = 0
        for key, said in self.entries.items():
            self._put(file, key, said)
        file.flush()
        beside.replace(self.path)
        return file

    def _put(self, file: TextIO, key: str, said: Said) -> None:
        file.write(sealing.seal(json.dumps([key, said])) + "\n")
        self._lines += 1
