"""How the called phones behave: by their last digits or a script; and what befalls the news of them."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from random import Random
from typing import Any

from telephony.practice.codes import OF_CODE

NEWS = ("", "lost", "twice", "late", "backwards", "forged", "altered", "replayed")
AFTER = ("", "error", "cut", "silence")
WORDS = ("completed", "busy", "no-answer", "failed")
HEARD = (
    "human", "unknown", "fax", "machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other"
)  # fmt: skip


@dataclass(frozen=True)
class Phone:
    """How a number behaves; seconds count from dialling, `detects` from the answer, `presses` from the asking."""

    word: str = "completed"  # the last of Twilio's words, if nobody hangs up before
    sip: int | None = 200
    rings: float | None = 2  # None: it never rings
    answers: float | None = 8
    lasts: float = 60  # until the called hang up, or the network gives up
    answered_by: str = "human"
    detects: float = 3.2
    presses: str = ""  # the keys pressed, one for each time a key is asked for
    refuse: tuple[int, int] | None = None  # HTTP status and code, before accepting
    after_accepting: str = ""  # "error" (500), "cut", "silence": the call is made, the answer is not had
    early: bool = False  # the first piece of news comes before the answer to the request
    news: str = ""  # what befalls it: see NEWS
    text: str = "delivered"  # how an SMS to it ends

    @property
    def picks_up(self) -> bool:
        return self.word == "completed" and self.answers is not None


BUSY = Phone("busy", 486, rings=None, lasts=3)
OFF = Phone("failed", 480, rings=None, lasts=3, text="undelivered")
BY_DIGITS: Mapping[str, tuple[Phone, str]] = {
    "0": (Phone(), "answered, talks for a minute"),
    "1": (Phone(presses="1"), "answered, presses 1"),
    "2": (BUSY, "busy (SIP 486)"),
    "3": (Phone("no-answer", 487, answers=None, lasts=30), "rings out (SIP 487)"),
    "4": (OFF, "off: nothing comes back (SIP 480), and never rings"),
    "5": (Phone(answered_by="machine_end_beep", lasts=30), "voicemail (machine_end_beep)"),
    "6": (Phone("failed", 603, answers=None, lasts=6), "rejected (SIP 603)"),
    "7": (Phone("failed", 404, rings=None, lasts=2, text="failed"), "no such number (SIP 404)"),
    "8": (Phone(lasts=25), "forwarded: a stranger answers, and nothing tells of it"),
    "9": (Phone("failed", 503, rings=None, lasts=1), "the network is full (SIP 503)"),
    "20": (Phone(presses="2"), "answered, presses 2"),
    "21": (Phone(presses="91"), "answered, presses 9, then 1"),
    "22": (Phone(answered_by="fax", lasts=20), "a fax"),
    "23": (Phone(lasts=10), "answered, hangs up after 2 seconds"),
    "24": (Phone(answered_by="unknown"), "answered; the detection hears nothing it knows"),
    "25": (Phone("failed", 607, rings=None, lasts=2), "the number is marked unwanted (SIP 607)"),
    "26": (Phone("failed", 608, rings=None, lasts=2), "rejected by an analytics engine (SIP 608)"),
    "27": (Phone("failed", 480, answers=None, lasts=20), "rings, then nothing comes back (SIP 480)"),
    "28": (Phone("failed", 408, rings=None, lasts=10), "nothing comes back at all (SIP 408)"),
    "29": (Phone(answered_by="machine_start", lasts=40), "voicemail (machine_start)"),
    "30": (Phone(news="lost"), "answered; its news is lost"),
    "31": (Phone(news="twice"), "answered; its news comes twice"),
    "32": (Phone(news="late"), "answered; its news comes late, by up to two minutes"),
    "33": (Phone(news="backwards"), "answered; its news comes at the end, the last first"),
    "34": (Phone(news="forged"), "answered; beside its news stand lies from a wrong signer"),
    "35": (Phone(news="altered"), "answered; beside its news stand copies altered after signing"),
    "36": (Phone(news="replayed"), "answered; each piece of its news is sent again later"),
    "37": (Phone(early=True), "answered; the first news comes before the answer to the request"),
    "38": (Phone("busy", 486, rings=None, lasts=3, news="lost"), "busy; its news is lost"),
    "39": (Phone(answered_by="machine_start", lasts=40, news="backwards"), "voicemail; its news comes backwards"),
    "40": (Phone(refuse=(429, 20429)), "the request is refused: 429"),
    "41": (Phone(refuse=(500, 20500)), "the request fails before acceptance: 500"),
    "42": (Phone(after_accepting="error"), "accepted, and answered with 500"),
    "43": (Phone(after_accepting="cut"), "accepted, and the connection is cut"),
    "44": (Phone(after_accepting="silence"), "accepted, and never answered"),
    "45": (Phone(refuse=(400, 21211)), "the number is refused as invalid: 21211"),
    "46": (Phone(after_accepting="cut", news="lost"), "accepted, the connection cut, its news lost"),
    "47": (Phone(refuse=(503, 20503)), "the service is unavailable: 503"),
}  # fmt: skip
LATE_BY = (5.0, 120.0)  # seconds

# How likely each piece of mischief is for any call, by the words of --mischief.
LIKELY = (
    "lost",
    "twice",
    "late",
    "backwards",
    "forged",
    "altered",
    "replayed",
    "error",
    "cut",
    "busy_here",
    "early",
)


def table() -> str:
    """The numbers' behaviour in lines, for people."""
    lines = [f"  …{digits:>2}  {words}" for digits, (_, words) in BY_DIGITS.items()]
    return "The called number's last two digits decide, else its last one:\n" + "\n".join(lines)


def by_digits(number: str) -> Phone:
    """How a number behaves by its last digits; what ends in no digit (a SIP address, say) is answered."""
    digits = re.sub(r"\D", "", number.partition("@")[0])
    for ending in (digits[-2:], digits[-1:]):
        if ending in BY_DIGITS:
            return BY_DIGITS[ending][0]
    return Phone()


def read_phone(said: Mapping[str, Any]) -> Phone:
    """A phone from a script: `{"like": "22", "lasts": 5}`, the rest by the names of Phone. Raises ValueError."""
    known = {field.name for field in fields(Phone)}
    if unknown := set(said) - known - {"like"}:
        raise ValueError(
            f"a phone has no {', '.join(sorted(unknown))}; it has like, {', '.join(sorted(known))}"
        )
    like = str(said.get("like", ""))
    if like and like not in BY_DIGITS:
        raise ValueError(f"like: no phone ends in {like!r}; there are {', '.join(BY_DIGITS)}")
    phone = BY_DIGITS[like][0] if like else Phone()
    given = {name: value for name, value in said.items() if name != "like"}
    if given.get("refuse") is not None:
        given["refuse"] = _refusal(given["refuse"])
    made = replace(phone, **given)
    for name, words in (("word", WORDS), ("news", NEWS), ("after_accepting", AFTER), ("answered_by", HEARD)):
        if getattr(made, name) not in words:
            raise ValueError(f"{name} is one of {', '.join(filter(None, words))}")
    for name in ("rings", "answers", "lasts", "detects"):
        value = getattr(made, name)
        optional = name in ("rings", "answers") and value is None
        if not optional and not (isinstance(value, int | float) and 0 <= value < 86400):
            raise ValueError(f"{name} is a number of seconds")
    return made


def _refusal(said: object) -> tuple[int, int]:
    match said:
        case [int(status), int(code)] if 400 <= status <= 599:
            return status, code
        case int(code) if code in OF_CODE:
            return OF_CODE[code][0], code
    raise ValueError("refuse is [HTTP status, code], or a code")


def read_script(text: str) -> dict[str, list[Phone]]:
    """`{number: phone, or [phone, ...]}`: how each call to a number is met; the last stands for all later ones.

    Raises ValueError.
    """
    said = json.loads(text)
    if not isinstance(said, dict):
        raise ValueError("a script is an object: each number with a phone, or a list of phones")
    return {number: read_phones(phones) for number, phones in said.items()}


def read_phones(said: object) -> list[Phone]:
    """One phone, or a list of at least one. Raises ValueError."""
    listed: list[Any] = said if isinstance(said, list) else [said]
    if not listed or not all(isinstance(phone, dict) for phone in listed):
        raise ValueError('a phone is an object, as {} or {"like": "22"}')
    return [read_phone(phone) for phone in listed]


class Directory:
    """Which phone the next call to a number meets: its script's, else its digits'; then the mischief.

    `likely` gives for each word of LIKELY how probable it is, from 0 to 1; the same seed draws the same.
    """

    def __init__(
        self,
        script: Mapping[str, Sequence[Phone]] | None = None,
        likely: Mapping[str, float] | None = None,
        seed: int = 0,
    ) -> None:
        self.script = dict(script or {})
        self.likely = dict(likely or {})
        self.seed = seed
        self._calls: Counter[str] = Counter()

    def __setitem__(self, number: str, phone: Phone) -> None:
        self.script[number] = [phone]

    def next(self, number: str) -> Phone:
        """How the call that is asked for now is met."""
        nth = self._calls[number]
        self._calls[number] += 1
        phones = self.script.get(number)
        phone = phones[min(nth, len(phones) - 1)] if phones else by_digits(number)
        chance = Random(f"{self.seed}:{number}:{nth}")  # noqa: S311 - a game, and it must repeat
        drawn = [word for word in LIKELY if chance.random() < self.likely.get(word, 0)]
        return _befall(phone, drawn, chance)

    def text(self, number: str) -> Phone:
        """How a text to it is met; it is no call."""
        phones = self.script.get(number)
        return phones[-1] if phones else by_digits(number)


def _befall(phone: Phone, drawn: Sequence[str], chance: Random) -> Phone:
    """The phone with the mischief drawn for this call; of several that befall its news, one."""
    news = [word for word in drawn if word in NEWS]
    if news and not phone.news:
        phone = replace(phone, news=chance.choice(news))
    if "busy_here" in drawn:
        return replace(phone, refuse=chance.choice(((429, 20429), (500, 20500), (503, 20503))))
    if "error" in drawn:
        return replace(phone, after_accepting="error")
    if "cut" in drawn:
        return replace(phone, after_accepting="cut")
    return replace(phone, early=True) if "early" in drawn else phone
