"""What must hold of calls over the practice Twilio, by its record and ours: one end each, no guess, no limit broken."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from telephony import tables
from telephony.carrier import CallResult
from telephony.practice.records import Call
from telephony.practice.switch import Switch
from telephony.tables import Ending

R = CallResult
LIES = ("forged", "altered", "replayed")
MACHINES = ("machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "fax")


@dataclass(frozen=True)
class Ours:
    """One call as our database has it; `ends` counts how often it came to its end."""

    number: str
    status: str
    result: str
    ends: int
    dropped: bool = False  # nobody of ours was there to speak: our fault, whatever its carrier says


def what_is_wrong(switch: Switch, ours: Sequence[Ours], limits: Mapping[str, tuple[int, int]]) -> list[str]:
    """Everything that does not hold, in words; `limits` are calls a second and calls at once by account."""
    persons = [call for call in switch.calls.values() if not call.one("ConferenceSid")]
    made = Counter(call.to for call in persons)
    return [
        *_not_ended_once(ours),
        *(f"{number} was called {many} times" for number, many in made.items() if many > 1),
        *_guesses({call.to: call for call in persons}, ours),
        *_believed(switch.answers),
        *_exceeded(switch.made_at, {account: per_second for account, (per_second, _) in limits.items()}),
        *_too_many(list(switch.calls.values()), {account: at_once for account, (_, at_once) in limits.items()}),
    ]  # fmt: skip


def _not_ended_once(ours: Sequence[Ours]) -> Iterator[str]:
    for call in ours:
        if call.ends != 1 or call.status != "ended":
            yield f"{call.number} ended {call.ends} times and is {call.status}"


def truth(call: Call) -> CallResult:
    """What a call met, as its carrier knows best."""
    heard = call.answered_by if call.answered_by in MACHINES else ""
    rang = call.started is not None
    ending = Ending(call.status, call.sip, rang, heard or "")
    return tables.of_ending(ending) or R.OUTCOME_UNKNOWN


def _guesses(carried: Mapping[str, Call], ours: Sequence[Ours]) -> Iterator[str]:
    """Calls that we say met what they did not meet. That we do not know is no guess."""
    for call in ours:
        theirs = carried.get(call.number)
        may_be = {R.OUTCOME_UNKNOWN}
        if call.dropped:
            may_be.add(R.FAILED_HERE)
        if theirs is None:
            may_be |= {R.CONGESTION, R.FAILED_HERE, R.INVALID_NUMBER, R.NOT_PLACED}
        else:
            may_be.add(truth(theirs))
        if call.result not in may_be:
            known = (
                f"{theirs.status} {theirs.sip} {theirs.answered_by} {theirs.phone}"
                if theirs
                else "no such call"
            )
            yield f"{call.number} ended as {call.result}, and its carrier knows: {known}"
        if theirs is not None and theirs.answered_by in MACHINES and call.result == R.ANSWERED:
            yield f"{call.number} was a machine and counts as answered"


def _believed(answers: Sequence[tuple[str, int]]) -> Iterator[str]:
    for kind, many in Counter(kind for kind, status in answers if kind in LIES and status != 403).items():
        yield f"{many} {kind} letters were not refused"


def _exceeded(made: Sequence[tuple[str, datetime]], limits: Mapping[str, int]) -> Iterator[str]:
    """Any one second in which a carrier counted more calls than were agreed."""
    for account, most in limits.items():
        times = sorted(at for whose, at in made if whose == account)
        for first, last in zip(times, times[most:], strict=False):
            if last - first < timedelta(seconds=1):
                yield f"{account} was asked for {most + 1} calls within {last - first}, from {first}"


def _too_many(carried: Sequence[Call], limits: Mapping[str, int]) -> Iterator[str]:
    """Whoever is rung counts: the persons, and those of ours who join them."""
    for account, most in limits.items():
        mine = [call for call in carried if call.account == account]
        steps = sorted(
            [(call.created, 1) for call in mine] + [(call.ended, -1) for call in mine if call.ended]
        )
        at_once = peak = 0
        for _, step in steps:
            at_once += step
            peak = max(peak, at_once)
        if peak > most:
            yield f"{account} carried {peak} calls at once"
