"""CPU time of processes, read from /proc: our own, and PostgreSQL's behind their connections."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

import psycopg

TICKS = os.sysconf("SC_CLK_TCK")


def pace() -> float:
    """Milliseconds of CPU that a million additions take at this moment.

    A machine shared with others does less in a millisecond of CPU at one time than at another, by a factor of two
    and more. Figures of different hours are compared beside this.
    """
    began, total = time.process_time(), 0
    for n in range(1_000_000):
        total += n
    return 1000 * (time.process_time() - began)


def of(pid: int) -> float:
    """Seconds a process has spent so far, with those of its children that have ended; 0 once it is gone."""
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / TICKS if fields else 0.0


def of_all(pids: Iterable[int]) -> float:
    """Seconds these processes and all they have begun have spent so far."""
    return sum(of(pid) for root in pids for pid in (root, *_below(root)))


def of_cluster(database_url: str) -> float:
    """Seconds the whole PostgreSQL behind this address has spent so far: backends, writers, vacuum."""
    return of_all([_postmaster(database_url)])


def of_backend(pid: int) -> float:
    """Seconds one backend has spent: to the nanosecond where the kernel tells, else to the tick."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except (OSError, IndexError, ValueError):
        return of(pid)


def _postmaster(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        return int(_stat(connection.info.backend_pid)[1])


def _below(root: int) -> list[int]:
    """Every process that descends from this one."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, ahead = [], [root]
    while ahead:
        ahead += (below := children.get(ahead.pop(), []))
        found += below
    return found


def _stat(pid: int) -> list[str]:
    """The fields after the name; a name may hold spaces and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
