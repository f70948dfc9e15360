"""What the far end says inside a dialog: it offers, refreshes, hangs up (RFC 3261 12 to 15, 3311, 4028)."""

from collections.abc import Sequence

from telephony.sip import sdp
from telephony.sip.digest import Authorizer
from telephony.sip.errand import Begins
from telephony.sip.fields import reasons_of, strangers
from telephony.sip.message import Request
from telephony.sip.sdp import Description
from telephony.sip.talk import ALLOW, SDP, Ear, Reply, State, Talk, description
from telephony.sip.transactions import ServerTransaction, answer_to
from telephony.sip.wire import Wire

KNOWN = ("timer", "100rel")


class Listening(Talk):
    """A dialog whose far end is answered."""

    def __init__(
        self, wire: Wire, agent: Begins, ear: Ear, *, name: str, authorizer: Authorizer, interval: int
    ) -> None:
        super().__init__(wire, agent, ear, name=name, authorizer=authorizer, interval=interval)
        self._answers: dict[int, ServerTransaction] = {}  # our 2xx to their INVITEs, by CSeq

    def request_came(self, request: Request, transaction: ServerTransaction) -> None:
        """A request inside this dialog; not ACK and not CANCEL."""

        def answer(status: int, *headers: tuple[str, str]) -> None:
            transaction.answer(answer_to(request, status, *headers, source=transaction.source))

        number = request.sequence[0]
        if number <= self.dialog.remote_seq:
            return answer(500)  # out of order (12.2.2)
        self.dialog.remote_seq = number
        if unknown := strangers(request, KNOWN):
            return answer(420, ("unsupported", ", ".join(unknown)))
        if self.state is State.OVER:
            return answer(481)
        if request.method == "BYE":
            answer(200)
            return self._hear_bye(request)
        if request.method in ("INVITE", "UPDATE"):
            return self._hear_offer(request, transaction)
        return answer(200 if request.method == "OPTIONS" else 405, ALLOW)

    def _hear_bye(self, request: Request) -> None:
        self._refuse_asking(487)
        self.hung_up = not self.leaving
        self.end(200, reasons_of(request))

    def _hear_offer(self, request: Request, transaction: ServerTransaction) -> None:
        def answer(status: int, *headers: tuple[str, str]) -> None:
            transaction.answer(answer_to(request, status, *headers, source=transaction.source))

        if self._asking is not None:
            return answer(500, ("retry-after", str(self.wire.chance.randint(1, 10))))
        if self._offering:
            return answer(491)
        try:
            said = description(request) if request.body else None
        except sdp.BadDescription:
            return answer(488)
        timed = self.session.asked(request)
        if timed is None:
            return answer(422, ("min-se", str(self.session.least)))
        self.dialog.retarget(request.all("contact"))
        reply = self._reply_to(request, transaction, timed, said)
        if said is None:
            reply(200, self.sent if request.method == "INVITE" else None)
            return None
        if request.method == "INVITE":
            answer(100)
            self._asking = transaction
        self.heard, before = said, self.heard
        if said == before:
            reply(200, self.sent)  # a refresh
        else:
            self.ear.reoffered(self, said, reply)
        return None

    def _reply_to(
        self,
        request: Request,
        transaction: ServerTransaction,
        timed: Sequence[tuple[str, str]],
        said: Description | None,
    ) -> Reply:
        def reply(status: int, answer: Description | None) -> None:
            if self._asking is transaction:
                self._asking = None
            if transaction.is_answered:
                return
            body = (
                self.body(sdp.answering(answer, said) if answer and said else answer) if status < 300 else b""
            )
            headers = [
                ("contact", self.wire.contact(transaction.source)),
                ALLOW,
                *timed,
                *([SDP] if body else []),
            ]
            made = answer_to(request, status, *headers, source=transaction.source, body=body)
            if request.method == "INVITE" and status < 300:
                self._answers[request.sequence[0]] = transaction
            transaction.answer(made, lambda: self.leave("SIP;cause=408"))
            self._go_on()

        return reply

    def cancel_came(self, transaction: ServerTransaction) -> None:
        """They take back their re-INVITE."""
        if self._asking is transaction:
            self._refuse_asking(487)

    def _refuse_asking(self, status: int) -> None:
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.answer(answer_to(asking.request, status, source=asking.source))

    def ack_came(self, request: Request) -> None:
        """The ACK of our 2xx; it answers what we offered there."""
        transaction = self._answers.pop(request.sequence[0], None)
        if transaction is None:
            return
        transaction.acked()
        if request.body and not transaction.request.body:
            said = description(request)
            if said is not None and said != self.heard:
                self.heard = said
                self.ear.reanswered(self, said)


def _fitting(answer: Description | None, offer: Description | None) -> Description | None:
    return sdp.answering(answer, offer) if answer is not None and offer is not None else answer
