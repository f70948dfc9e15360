"""Many calls through the trunk, SIPp around it: `python -m tests.telephony.sipp.load --calls 200 --rate 5`."""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import django

# What each phone does, in turn, and what the call then met.
MIXED = [
    ("2002", "answered"),
    ("0486", "busy"),
    ("2001", "answered"),
    ("1480", "no_answer"),
    ("2000", "answered"),
    ("3000", "no_answer"),
    ("4480", "out_of_area"),
    ("1603", "rejected"),
]
LEFT = ("2001", "2000")  # of these we are the ones to hang up


def main() -> int:
    """0 if every call ended once, as it had to, and nothing was left behind on any side."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--calls", type=int, default=200)
    asked.add_argument("--rate", type=float, default=5, help="calls a second")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="sipp-") as folder:
        os.environ.setdefault("WARNING_CENTER_HOME", folder)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "warning_center.settings")
        django.setup()
        return _run(Path(folder), options.calls, options.rate)


def _run(folder: Path, calls: int, rate: float) -> int:
    from telephony.carrier import CallStatus  # noqa: PLC0415 - after Django is set up
    from tests.telephony.sipp import trunk  # noqa: PLC0415

    wrong: list[str] = []
    with trunk(folder) as line:
        began, dials = time.monotonic(), []
        for n in range(calls):
            last, result = MIXED[n % len(MIXED)]
            dials.append((line.dial(last, desk=f"1{100 + n % 800:03}"), last, result))
            # So many calls a second are the load.
            time.sleep(max(0.0, began + (n + 1) / rate - time.monotonic()))
            for dial, kind, _ in dials[max(0, n - 10) : n]:
                if kind in LEFT and any(u.status is CallStatus.TALKING for u in line.news(dial)):
                    line.stage.carrier.hang_up(dial)
        for dial, last, _ in dials:
            if last in LEFT:
                line.until(dial, CallStatus.TALKING)
                line.stage.carrier.hang_up(dial)
        met = Counter[str]()
        for dial, last, result in dials:
            found = str(line.end(dial).result)
            met[found] += 1
            if found != result or sum(u.status is CallStatus.ENDED for u in line.news(dial)) != 1:
                wrong.append(f"{last}: {found}, not {result}")
        health, took = line.health(), time.monotonic() - began
        for sipp in (line.carrier, line.desks):
            counts = line.settle(sipp, lambda counts: counts["current"] == 0)
            if counts["current"] or counts["failed"]:
                wrong.append(f"SIPp: {counts}")
        if health["calls"]:
            wrong.append(f"the trunk: {health}")
        line.process.terminate()
        line.process.wait()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    sys.stdout.write(f"{calls} calls in {took:.0f} s: {dict(met)}; CPU of trunk and SIPp {cpu:.1f} s\n")
    sys.stdout.writelines(f"WRONG {line}\n" for line in wrong)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
