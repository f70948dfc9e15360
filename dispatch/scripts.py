"""What is asked, said and promised in a talk, by fraud type and situation: read, checked, looked up, chosen. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dispatch.flaw import Flaw
from dispatch.vocabulary import Disposition, FraudType, Result, Situation

LANGUAGES = ("zh", "en")
PARTS = ("ask", "say")
NEVER = "never"
GENERAL = FraudType.OTHER
FIRST = Situation.FIRST_CONTACT
LONGEST_ID, LONGEST_TEXT = 24, 300  # characters; an id stands in keys of figures
UNDER_WAY = ("screen_shared", "remote_control", "pooled_accounts")  # signs of a transfer that is being made
GONE = "money_moved"  # the sign that it was
Words = Mapping[str, str]  # by language: "zh", "en"


class BadScripts(ValueError):
    """The document holds no scripts. `flaws` names each row and what is wrong with it."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__("; ".join(map(str, flaws)))
        self.flaws = flaws


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a sentence is there, and where that is public."""

    words: Words
    source: Words


@dataclass(frozen=True, slots=True)
class Line:
    """One question or sentence. `id` is its own in the whole document, and for ever: marks name it."""

    id: str
    words: Words
    reason: Reason


@dataclass(frozen=True, slots=True)
class Row:
    """What one type asks and says in one situation."""

    ask: tuple[Line, ...] = ()
    say: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """What is shown for a type in a situation.

    `own`: the type has a row for the situation. Else it is the general row, followed by what the type says at first
    contact; `known` is whether the type has any row at all.
    """

    fraud: FraudType
    situation: Situation
    ask: tuple[Line, ...]
    say: tuple[Line, ...]
    never: tuple[Line, ...]
    own: bool
    known: bool


@dataclass(frozen=True)
class Scripts:
    """A whole document."""

    rows: Mapping[FraudType, Mapping[Situation, Row]]
    never: Mapping[FraudType, tuple[Line, ...]]

    def script(self, fraud: FraudType, situation: Situation) -> Script:
        """The script of a type in a situation, or the general one in its place, which says that it is."""
        mine, general = self.rows.get(fraud, {}), self.rows[GENERAL]
        own = mine.get(situation)
        first = mine.get(FIRST, Row()) if own is None and fraud is not GENERAL else Row()
        row = own or general[situation]
        theirs = self.never.get(fraud, ()) if fraud is not GENERAL else ()
        return Script(
            fraud=fraud,
            situation=situation,
            ask=row.ask,
            say=(*row.say, *first.say),
            never=(*theirs, *self.never.get(GENERAL, ())),
            own=own is not None,
            known=bool(mine),
        )

    @cached_property
    def lines(self) -> Mapping[str, Line]:
        """Every line by its id."""
        asked_and_said = (
            line
            for rows in self.rows.values()
            for row in rows.values()
            for part in (row.ask, row.say)
            for line in part
        )
        told = (line for lines in self.never.values() for line in lines)
        return {line.id: line for part in (asked_and_said, told) for line in part}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a case knows of its talks. `met` are its ended calls' results, the newest first."""

    met: Sequence[Result] = ()
    judged: Disposition | None = None  # the newest word of a person, of any attempt
    identified: bool = False  # who is on the live call is the person themselves
    signs: frozenset[str] = frozenset()  # danger signs by the risk policy's names


def situation(facts: Facts) -> Situation:
    """Where the talk stands, the gravest first. That somebody is ashamed only an operator can hear."""
    if facts.judged is Disposition.ALREADY_TRANSFERRED or GONE in facts.signs:
        return Situation.ALREADY_TRANSFERRED
    if facts.signs & set(UNDER_WAY):
        return Situation.MID_TRANSFER
    if facts.judged in (Disposition.DENIES, Disposition.NOT_PERSUADED):
        return Situation.DENIES
    last = facts.met[0] if facts.met else None
    another = last in (Result.ANSWERED_BY_OTHER, Result.FORWARDED) or facts.judged is Disposition.WRONG_PERSON
    if another and not facts.identified:
        return Situation.OTHER_ANSWERS
    if last is Result.BUSY:
        return Situation.BUSY_AGAIN
    return Situation.FIRST_CONTACT


def read(document: Mapping[str, Any]) -> Scripts:
    """Build and check scripts. Raises BadScripts with every flaw: unknown words are refused by their name."""
    reader = _Reader(document)
    made = reader.read()
    if reader.flaws:
        raise BadScripts(reader.flaws)
    return made


class _Reader:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.flaws: list[Flaw] = []
        self.seen: set[str] = set()
        self.reasons: dict[str, Reason] = {}

    def read(self) -> Scripts:
        self._read_reasons()
        rows: dict[FraudType, dict[Situation, Row]] = {}
        never: dict[FraudType, tuple[Line, ...]] = {}
        codes = {fraud.value for fraud in FraudType}
        for code, given in self.document.items():
            if code in ("source", "reason"):
                continue
            if code not in codes:
                self._flaw("no fraud type is called {word}", code, word=code)
            elif (table := self._table(code, given)) is not None:
                fraud = FraudType(code)
                never[fraud] = self._lines(f"{code}.{NEVER}", table.get(NEVER, ()))
                rows[fraud] = dict(self._rows(code, table))
        missing = [one.value for one in Situation if one not in rows.get(GENERAL, {})]
        if missing:
            self._flaw(
                "every situation needs a general row; {words} missing", GENERAL, words=", ".join(missing)
            )
        if not never.get(GENERAL):
            self._flaw("what police never ask is missing", f"{GENERAL}.{NEVER}")
        return Scripts(rows, never)

    def _flaw(self, text: str, row: str, **blanks: object) -> None:
        self.flaws.append(Flaw(text, row, **blanks))

    def _table(self, row: str, given: Any) -> Mapping[str, Any] | None:
        if isinstance(given, Mapping):
            return given
        self._flaw("a table is expected", row)
        return None

    def _read_reasons(self) -> None:
        sources = {
            code: words
            for code, given in (self._table("source", self.document.get("source", {})) or {}).items()
            if (words := self._words(f"source.{code}", given)) is not None
        }
        for code, given in (self._table("reason", self.document.get("reason", {})) or {}).items():
            row = f"reason.{code}"
            words = self._words(row, given)
            if words is None:
                continue
            if given.get("source") not in sources:
                self._flaw("no source is called {word}", row, word=given.get("source", ""))
            else:
                self.reasons[code] = Reason(words, sources[given["source"]])

    def _words(self, row: str, given: Any) -> Words | None:
        table = self._table(row, given)
        if table is None:
            return None
        for language in LANGUAGES:
            text = table.get(language)
            if not isinstance(text, str) or not text.strip():
                self._flaw("{language} is missing", row, language=language)
                return None
            if len(text) > LONGEST_TEXT:
                self._flaw("at most {most} characters", row, most=LONGEST_TEXT)
                return None
        return {language: table[language].strip() for language in LANGUAGES}

    def _rows(self, code: str, table: Mapping[str, Any]) -> Iterator[tuple[Situation, Row]]:
        known = {one.value for one in Situation}
        for word, given in table.items():
            row = f"{code}.{word}"
            if word == NEVER:
                continue
            if word not in known:
                self._flaw("no situation is called {word}", row, word=word)
            elif (parts := self._table(row, given)) is not None:
                for unknown in sorted(parts.keys() - set(PARTS)):
                    self._flaw("no part is called {word}", row, word=unknown)
                lines = {part: self._lines(f"{row}.{part}", parts.get(part, ())) for part in PARTS}
                if not any(lines.values()):
                    self._flaw("a row says something", row)
                yield Situation(word), Row(**lines)

    def _lines(self, row: str, given: Any) -> tuple[Line, ...]:
        if not isinstance(given, (list, tuple)):
            self._flaw("a list of lines is expected", row)
            return ()
        made = (self._line(f"{row}.{nth}", one) for nth, one in enumerate(given, start=1))
        return tuple(line for line in made if line is not None)

    def _line(self, row: str, given: Any) -> Line | None:
        words = self._words(row, given)
        if words is None:
            return None
        own, why = given.get("id", ""), given.get("why", "")
        if not _is_id(own):
            self._flaw("an id has small letters, digits and hyphens, at most {most}", row, most=LONGEST_ID)
        elif own in self.seen:
            self._flaw("{word} is the id of another line", row, word=own)
        elif why not in self.reasons:
            self._flaw("no reason is called {word}", row, word=why)
        else:
            self.seen.add(own)
            return Line(own, words, self.reasons[why])
        return None


def _is_id(text: Any) -> bool:
    plain = isinstance(text, str) and 0 < len(text) <= LONGEST_ID and text.isascii()
    return plain and text.replace("-", "").isalnum() and text == text.lower()
