"""One call as the practice Twilio keeps it, and the phone it was made to."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime


@dataclass(frozen=True)
class Phone:
    """How a number behaves, and what befalls the requests and the news of calls to it."""

    word: str = "completed"  # the last of Twilio's words
    sip: int | None = 200
    rings: float | None = 2  # seconds from dialling to each step; None: it never comes to that
    answers: float | None = 8
    lasts: float = 60
    answered_by: str = "human"
    refuse: tuple[int, int] | None = None  # HTTP status and code, before accepting
    after_accepting: str = ""  # "error" (500), "cut", "silence": the call is made, the answer is not had
    early: bool = False  # the first piece of news comes before the answer to the request
    news: str = ""  # "lost", "twice", "backwards"


@dataclass
class Line:
    """One call as Twilio keeps it."""

    sid: str
    account_sid: str
    form: dict[str, str]
    phone: Phone
    created: datetime
    life: list[tuple[datetime, dict[str, str]]] = field(default_factory=list)
    posted: int = 0

    def __post_init__(self) -> None:
        self.life = life_of(self)

    def word(self, now: datetime) -> str:
        """The word for where it stands."""
        past = [said for at, said in self.life if at <= now and "CallStatus" in said]
        word = past[-1]["CallStatus"] if past else "queued"
        return "queued" if word == "initiated" else word

    @property
    def ends_at(self) -> datetime:
        return self.life[-1][0]

    def cut(self, now: datetime) -> bool:
        """End a call that is on the line; whether it was."""
        if self.ends_at <= now:
            return False
        past = [piece for piece in self.life if piece[0] <= now]
        talked = any(said.get("CallStatus") == "in-progress" for _, said in past)
        events = sum("CallStatus" in said for _, said in past)
        word = "completed" if talked else "canceled"
        self.life = [*past, (now, {"CallStatus": word, "SequenceNumber": str(events), "CallDuration": "1"})]
        return True

    def as_json(self, now: datetime) -> dict[str, object]:
        """The call as its resource shows it: no SIP code, and a start only once it has been dialled."""
        over = self.ends_at <= now
        word = self.word(now)
        heard = next((s["AnsweredBy"] for at, s in self.life if "AnsweredBy" in s and at <= now), None)
        return {
            "sid": self.sid,
            "account_sid": self.account_sid,
            "to": self.form["To"],
            "from": self.form["From"],
            "status": word,
            "answered_by": heard,
            "direction": "outbound-api",
            "date_created": format_datetime(self.created),
            "date_updated": format_datetime(min(self.ends_at, now)),
            "start_time": None if word == "queued" else format_datetime(self.created),
            "end_time": format_datetime(self.ends_at) if over and word == "completed" else None,
            "duration": "1" if over else None,
        }


def life_of(line: Line) -> list[tuple[datetime, dict[str, str]]]:
    """What happens to a call, in order. SequenceNumber counts the events fired, the machine's ear apart."""
    phone = line.phone
    steps: list[tuple[float, dict[str, str]]] = [(0, {"CallStatus": "initiated"})]
    if phone.rings is not None:
        steps.append((phone.rings, {"CallStatus": "ringing"}))
    if phone.word == "completed" and phone.answers is not None:
        steps.append((phone.answers, {"CallStatus": "in-progress"}))
    sip = {} if phone.sip is None else {"SipResponseCode": str(phone.sip)}
    steps.append((phone.lasts, {"CallStatus": phone.word, "CallDuration": "1", **sip}))
    for order, (_, said) in enumerate(steps):
        said["SequenceNumber"] = str(order)
    if phone.word == "completed" and phone.answers is not None and line.form.get("AsyncAmd") == "true":
        heard = {"AnsweredBy": phone.answered_by, "MachineDetectionDuration": "3200"}
        steps.insert(-1, (min(phone.answers + 4, phone.lasts), heard))
    return [(line.created + timedelta(seconds=after), said) for after, said in steps]
