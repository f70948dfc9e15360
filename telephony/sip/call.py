"""One call joined by third-party call control: ours, then the person, then each told where the other is (RFC 3725).

Led by an operator: the desk phone is asked for an offer (no description in our INVITE) and held, as in flow III; its
offer then goes to the person, as in flow I, so that the carrier sees a call like any other and its early sound is
heard at the desk; what the person answers is offered to the desk in a re-INVITE, as in flow IV. Led by an announcement:
flow I, the person first, since the announcer answers at once.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from telephony.carrier import ANNOUNCE, CallKind, CallResult, CallStatus, Dial, Update
from telephony.sip import sdp
from telephony.sip.fields import Reason
from telephony.sip.leg import NORMAL, Leg
from telephony.sip.results import ANSWERED, LIMIT, SILENCE, Ending, meaning, unknown
from telephony.sip.sdp import Description
from telephony.sip.talk import Reply, State, Talk
from telephony.sip.wire import Limits, Timer, Wire

GAVE_UP = "Q.850;cause=19"
MOST_ROUNDS = 4  # of telling each side where the other one has moved


class Call:
    """`lead` is the operator's phone or the announcer. `tell` gets its news, `note` is called when it has changed."""

    def __init__(
        self,
        wire: Wire,
        dial: Dial,
        limits: Limits,
        *,
        tell: Callable[[Update], None],
        note: Callable[["Call"], None],
    ) -> None:
        self.wire, self.dial, self.limits = wire, dial, limits
        self.lead: Leg
        self.person: Leg
        self.status = CallStatus.DIALLING
        self.result: CallResult | None = None
        self.evidence: dict[str, object] = {}
        self.unknown = ""  # what it ended with, if no row of the table has it
        self.rang = self.early = self.forwarded = self.joined = self.pictured = False
        self.seen: list[int] = []  # provisional answers of the person's side
        self._tell, self._note = tell, note
        self._limit: Timer | None = None
        self._reply: tuple[Talk, Reply] | None = (
            None  # an offer of one side that waits for the other's answer
        )
        self._rounds = 0
        self.answered_at: datetime | None = None

    @property
    def external_id(self) -> str:
        return f"sip-{self.dial.key}"

    @property
    def announces(self) -> bool:
        return self.dial.mode == ANNOUNCE

    def start(self) -> None:
        if self.announces:
            self._wait(self.limits.ring, self._rung_out)
            self.person.invite(None)
        else:
            self._wait(self.limits.desk, self._nobody_here)
            self.lead.invite(None)

    def update(self) -> Update:
        """Where it stands."""
        result = self.result if self.status is CallStatus.ENDED else None
        return Update(
            self.dial.key, self.status, result, self.external_id, self.wire.now, dict(self.evidence),
            unknown=self.unknown if result else "",
        )  # fmt: skip

    # ---- What the legs say

    def progressed(self, leg: Talk, status: int, said: Description | None) -> None:
        if leg is self.lead:
            return
        self.seen = sorted({*self.seen, status})
        self.forwarded |= status == 181
        if said is not None:
            self.early = True
            if not self.announces:
                self.lead.reoffer(said)
        if status == 180 and not self.rang:
            self.rang = True
            self._move(CallStatus.RINGING)

    def answered(self, leg: Talk, said: Description | None) -> None:
        if self.announces:
            self._announce(leg, said)
        elif leg is self.lead:
            self._call_person(said)
        else:
            self._person_there()
            self.person.ack(None)
            said = said or self.person.heard
            if said is None:
                self._fail(person="an answer without a description")
            elif self.lead.has_agreed(said):  # to the early sound, which was the same
                self.reanswered(self.lead, self.lead.heard)
            else:
                self.lead.reoffer(said)
        self.pictured |= leg is self.person and said is not None and said.has_picture
        self._note(self)

    def _call_person(self, said: Description | None) -> None:
        """The operator is there: theirs is what the person is offered."""
        if said is None or not said.has_sound:
            return self._fail(desk="it offers no sound")
        if self.dial.kind is CallKind.VIDEO and not said.has_picture:
            return self._fail(desk="it offers no picture")
        offer = said if self.dial.kind is CallKind.VIDEO else sdp.sound_alone(said)
        self.lead.ack(sdp.held(offer))
        self._wait(self.limits.ring, self._rung_out)
        self.person.invite(offer)
        return None

    def _announce(self, leg: Talk, said: Description | None) -> None:
        if leg is self.person:
            self._person_there()
            if said is None:
                return self._fail(person="an answer without a description")
            self._wait(self.limits.announcer, self._nobody_here)
            self.lead.invite(sdp.sound_alone(said))
        elif said is not None and self.person.heard is not None:
            self.lead.ack(None)
            self.person.ack(sdp.answering(said, self.person.heard))
            self.joined = True
            self._wait(self.limits.talk, self._talked_out)
        else:
            self.lead.ack(None)
            self._fail(announcer="an answer without a description")
        return None

    def _person_there(self) -> None:
        self.answered_at = self.wire.now
        self._wait(self.limits.talk, self._talked_out)
        self._move(CallStatus.TALKING)

    def reanswered(self, leg: Talk, said: Description | None) -> None:
        if said is None:
            return
        self.pictured |= leg is self.person and said.has_picture
        if self.person.state is State.UP and leg is self.lead:
            self.joined = True
        if self._reply is not None and leg is not self._reply[0]:
            self._settle(200, said)
        elif not self._other(leg).knows(said) and self._rounds < MOST_ROUNDS:
            self._rounds += 1
            self._other(leg).reoffer(said)
        self._note(self)

    def refused(self, leg: Talk, status: int) -> None:
        if self._reply is not None and leg is not self._reply[0]:
            self._settle(488, None)
        elif leg is self.lead and not self.joined and self.person.state is State.UP:
            self._fail(desk=status)

    def reoffered(self, leg: Talk, said: Description, reply: Reply) -> None:
        other = self._other(leg)
        if self.dial.kind is not CallKind.VIDEO:
            said = sdp.sound_alone(said)
        if other.state is not State.UP or self.person.state is not State.UP:
            reply(200, leg.sent)
        elif self._reply is not None or not other.reoffer(said):
            reply(491, None)
        else:
            self._reply = leg, reply
        self._note(self)

    def over(self, leg: Talk, status: int | None, reasons: Sequence[Reason]) -> None:
        causes = tuple(r.cause for r in reasons if r.protocol == "Q.850")
        if leg is self.person:
            self._person_over(status, causes)
        else:
            self._lead_over(status)
        self._settle(488, None)
        self._other(leg).leave()
        if self.lead.state is State.OVER and self.person.state is State.OVER:
            self._end()
        else:
            self._note(self)

    def _person_over(self, status: int | None, causes: Sequence[int]) -> None:
        if self.person.answered_seq:
            if self.result is not None and self.status is not CallStatus.TALKING:
                self.evidence["crossed"] = True  # it was answered as we cancelled
            self._decide(ANSWERED, by="person", causes=causes)
        else:
            self._decide(SILENCE if status is None else status, causes=causes)

    def _lead_over(self, status: int | None) -> None:
        who = "announcer" if self.announces else "desk"
        if not self.lead.answered_seq:
            self._fail(**{who: SILENCE if status is None else status})
        elif self.person.answered_seq:
            self._decide(ANSWERED, by=who)
        else:
            self._stand_down(by=who)

    def hang_up(self) -> None:
        if self.status is CallStatus.TALKING:
            self._decide(ANSWERED, by="us")
        else:
            self._stand_down(by="us")
        self._leave(NORMAL)

    def _rung_out(self) -> None:
        self._decide(LIMIT if self.person.was_heard else SILENCE)
        self._leave(GAVE_UP)

    def _nobody_here(self) -> None:
        self._fail(**{"announcer" if self.announces else "desk": LIMIT})

    def _talked_out(self) -> None:
        self._decide(ANSWERED, by="limit")
        self._leave(NORMAL)

    def _fail(self, **why: object) -> None:
        if self.result is None:
            self.result = CallResult.FAILED_HERE
            self.evidence.update(why)
        self._leave(NORMAL)

    def _stand_down(self, by: str) -> None:
        if self.result is None:
            self.result, self.evidence["by"] = CallResult.CANCELLED, by

    def _leave(self, reason: str) -> None:
        self.person.leave(reason)
        self.lead.leave(NORMAL)

    def go_on(self) -> None:
        """After a restart of ours: a talk goes on, and both sides are asked whether they are still there; what had not
        come so far is taken back, as our fault."""
        both_up = self.lead.state is State.UP and self.person.state is State.UP
        if both_up and self.answered_at is not None and self.result is None:
            passed = (self.wire.now - self.answered_at).total_seconds()
            self._wait(max(0.0, self.limits.talk - passed), self._talked_out)
            self.person.look()
            if self.joined or self.announces or self.person.heard is None:
                self.lead.look()
            else:
                self.lead.reoffer(self.person.heard)
        elif self.answered_at is not None:
            self._decide(ANSWERED, by="trunk")
            self._leave(NORMAL)
        else:
            self._fail(trunk="restarted")

    # ---- How it ends

    def _decide(self, answer: int | str, *, causes: Sequence[int] = (), by: str = "") -> None:
        """What it met, once and for all: what comes after only ends it."""
        if self.result is not None:
            return
        ending = Ending(
            answer, tuple(causes), self.rang, self.early, self.forwarded,
            sound_alone=self.dial.kind is CallKind.VIDEO and not self.pictured,
            joined=self.joined or by != "person",
        )  # fmt: skip
        self.result, self.unknown = meaning(ending), unknown(ending)
        self.evidence |= {"sip": answer, "rang": self.rang, "early": self.early}
        if self.seen:
            self.evidence["seen"] = self.seen
        if causes:
            self.evidence["q850"] = list(causes)
        if self.forwarded:
            self.evidence["forwarded"] = True
        if by:
            self.evidence["by"] = by

    def _end(self) -> None:
        if self.status is CallStatus.ENDED:
            return
        if self._limit is not None:
            self._limit.cancel()
        self._move(CallStatus.ENDED)

    def _move(self, status: CallStatus) -> None:
        if status.rank > self.status.rank:
            self.status = status
            self._tell(self.update())
            self._note(self)

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self._limit = self.wire.later(seconds, then)

    def _settle(self, status: int, said: Description | None) -> None:
        if self._reply is not None:
            (_, reply), self._reply = self._reply, None
            reply(status, said)

    def _other(self, leg: Talk) -> Leg:
        return self.person if leg is self.lead else self.lead
