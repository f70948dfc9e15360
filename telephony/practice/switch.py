"""The practice Twilio itself: what it knows, whose turn it is, and what it tells us when.

Driven by the clock it is given: see agenda.py.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from telephony.practice import lives, post, rooms, tidings
from telephony.practice.agenda import Agenda
from telephony.practice.lives import Ask, HungUp, Until
from telephony.practice.phones import Directory
from telephony.practice.post import Courier, Letter
from telephony.practice.recordings import Recording
from telephony.practice.records import Call, Conference, Fields, Message
from telephony.practice.twiml import Verb
from telephony.practice.video_records import Room


class Switch(Agenda):
    """All the practice Twilio knows, and its time."""

    def __init__(
        self, clock: Callable[[], datetime], *, phones: Directory | None = None, hands: int = 0, seed: int = 0
    ) -> None:
        super().__init__(clock, hands)
        self.phones = phones or Directory(seed=seed)
        self.courier = Courier()
        self.chance = Random(seed)  # noqa: S311 - a game, and it must repeat
        self.calls: dict[str, Call] = {}
        self.messages: dict[str, Message] = {}
        self.conferences: dict[str, Conference] = {}
        self.recordings: dict[str, Recording] = {}
        self.video: dict[str, Room] = {}  # by sid
        self.made_at: list[
            tuple[str, datetime]
        ] = []  # whose account asked for each call, a participant's too, and when
        self.most_at_once = 0
        self.answers: list[tuple[str, int]] = []  # the kind of each webhook, and what our side answered
        self.deaf = False  # whatever updates a call fails with a 500
        self._live: set[str] = set()

    # ---- calls

    def is_busy(self) -> bool:
        """Whether anything is still to come: a call that lives, a letter that has not been sent."""
        with self.lock:
            return bool(self._letters or self._live)

    def place(self, call: Call) -> Call:
        """A call begins."""
        with self.lock:
            self.calls[call.sid] = call
            self._live.add(call.sid)
            self.most_at_once = max(
                self.most_at_once, sum(self.calls[sid].parent is None for sid in self._live)
            )
            call.life = lives.live(call, self)
            self._step(call, call.created, lambda: next(call.life))  # type: ignore[arg-type]
        return call

    def made_to(self, number: str) -> list[Call]:
        """The calls made to a number, oldest first."""
        return [call for call in self.calls.values() if call.to == number]

    def _step(self, call: Call, at: datetime, move: Callable[[], Until | Ask]) -> None:
        """Let a life go on from here to the next thing it waits for. Holds the lock."""
        call.epoch += 1
        call.moving = True
        try:
            with self._living(at):
                wanted = move()
        except StopIteration:
            self._live.discard(call.sid)
            return
        finally:
            call.moving = False
        self._want(call, wanted, at)

    def _want(self, call: Call, wanted: Until | Ask, at: datetime) -> None:
        epoch = call.epoch
        if isinstance(wanted, Ask):
            self.at(at, call.sid, lambda: self._ask(call, wanted, at, epoch))
        elif wanted.at is not None:
            moment = max(wanted.at, at)
            self.at(moment, call.sid, lambda: self._go_on(call, moment, epoch))

    def _go_on(self, call: Call, at: datetime, epoch: int, came: object = None) -> None:
        with self.lock:
            if call.epoch == epoch and call.life is not None:
                life = call.life
                self._step(call, at, lambda: life.send(came))

    def _ask(self, call: Call, wanted: Ask, at: datetime, epoch: int) -> None:
        """Fetch TwiML, without the lock: who is asked may well call us meanwhile."""
        form = {**tidings.of_call(call), **wanted.more}
        kind = "keys" if "Digits" in wanted.more else "twiml"
        sent = post.letter(call.sid, kind, wanted.url, form, call.token, wanted.method)
        status, text = self.courier.deliver(sent)
        self.answers.append((kind, status))
        self._go_on(
            call, max(at, at if not self._hands else self.clock()), epoch, text if status == 200 else None
        )

    def hang_up_at(self, call: Call, at: datetime) -> None:
        def cut() -> None:
            with self.lock:
                self._throw(call, HungUp(), at)

        self.at(at, call.sid, cut)

    def hang_up(self, call: Call) -> bool:
        """End a call that is on the line; whether it was."""
        with self.lock:
            return self._throw(call, HungUp(), self.now())

    def redirect(self, call: Call, told: lives.Redirected) -> bool:
        """Give a call that talks other TwiML; whether it could be."""
        with self.lock:
            return call.status == "in-progress" and self._throw(call, told, self.now())

    def _throw(self, call: Call, what: Exception, at: datetime) -> bool:
        life = call.life
        if life is None or not call.is_live or call.moving:
            return False
        self._step(call, at, lambda: life.throw(what))
        return True

    def wake(self, call: Call) -> None:
        """Who waited for this call to end goes on."""
        if call.parent and (parent := self.calls.get(call.parent)) is not None and parent.child is call:
            self.resume(parent)

    def resume(self, call: Call) -> None:
        """What a call waits for is over."""
        epoch, now = call.epoch, self.now()
        self.at(now, call.sid, lambda: self._go_on(call, now, epoch))

    def detect(self, call: Call, at: datetime) -> None:
        """Say at that moment what answered, if it is still there."""

        def say() -> None:
            with self.lock:
                if call.status != "in-progress":
                    return
                call.answered_by, call.detected = call.phone.answered_by, True
                with self._living(at):
                    self._send(call, "amd", tidings.of_detection(call), call.one("AsyncAmdStatusCallback"))

        self.at(at, call.sid, say)

    def dial_out(self, parent: Call, verb: Verb, dial: Verb) -> Call:
        return rooms.dial_out(self, parent, verb, dial)

    def enter(self, call: Call, verb: Verb) -> None:
        rooms.enter(self, call, verb)

    def enter_as_participant(self, call: Call) -> Conference:
        return rooms.enter_as_participant(self, call)

    def leave(self, call: Call) -> None:
        rooms.leave(self, call)

    def record(self, call: Call, source: str, verb: Verb) -> None:
        rooms.record_verb(self, call, source, verb)

    def record_from_the_answer(self, call: Call) -> None:
        rooms.record_from_the_answer(self, call)

    # ---- news

    def tell(self, call: Call, event: str) -> None:
        """A call's status has changed: our side hears if it asked to. Every event counts in its sequence."""
        order, call.events = call.events, call.events + 1
        if event == "completed":
            rooms.end_recordings(self, call)
        if event not in tidings.events_asked(call):
            return
        form = tidings.of_status(self, call, event, order)
        self._send(call, "status", form, call.one("StatusCallback"), last=event == "completed")

    def _send(
        self, call: Call, kind: str, form: Fields | dict[str, str], url: str, *, last: bool = False
    ) -> None:
        if not url:
            return
        method = call.one(
            "StatusCallbackMethod" if kind == "status" else "AsyncAmdStatusCallbackMethod", "POST"
        )
        made = post.letter(call.sid, kind, url, form, call.token, method)  # type: ignore[arg-type]
        for sent, moment in tidings.befallen(call, made, self.now(), self.chance, last=last):
            self.mail(sent, moment)

    def mail(self, sent: Letter, moment: datetime) -> None:
        """Have a letter delivered at that moment."""
        self.at(moment, sent.call, lambda: self.deliver(sent), posts=True)

    def deliver(self, sent: Letter) -> None:
        self.answers.append((sent.kind, self.courier.deliver(sent)[0]))

    def deliver_first(self, call: Call) -> None:
        """The first letter of a call goes out this moment, whoever waits."""
        self.hurry(call.sid)

    # ---- what others ask

    def text(self, message: Message, begins: datetime) -> None:
        """An SMS goes its way: sent after a second, and after three more as its phone has it."""
        with self.lock:
            self.messages[message.sid] = message
        path = [("sending", 0.2), ("sent", 1.0), (message.phone.text, 4.0)]
        if message.phone.text == "failed":
            path = [("failed", 1.0)]
        for word, after in path:
            moment = begins + timedelta(seconds=after)
            self.at(moment, message.sid, lambda word=word, at=moment: self._text_moves(message, word, at))  # type: ignore[misc]

    def _text_moves(self, message: Message, word: str, at: datetime) -> None:
        if message.status == "canceled":
            return
        message.status, message.updated = word, at
        if word == "sent":
            message.sent = at
        if word in ("undelivered", "failed"):
            message.error = 30003 if word == "undelivered" else 30005
        if message.callback:
            form = tidings.of_message(message)
            self.mail(post.letter(message.sid, "message", message.callback, form, message.token), at)
