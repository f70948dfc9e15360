"""SIP messages on the wire: read strictly, written exactly (RFC 3261, section 7)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

LARGEST = 65_535  # bytes
MOST_HEADERS = 200
VERSION = "SIP/2.0"

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_STATUS = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?")
_DIGITS = re.compile(r"[0-9]{1,10}")

# RFC 3261, 7.3.3 and the registry: the one-letter names.
_COMPACT = {
    "c": "content-type", "e": "content-encoding", "f": "from", "i": "call-id", "k": "supported", "l": "content-length",
    "m": "contact", "o": "event", "r": "refer-to", "s": "subject", "t": "to", "u": "allow-events", "v": "via",
    "x": "session-expires",
}  # fmt: skip
_ONCE = frozenset({"from", "to", "call-id", "cseq", "content-length", "content-type", "max-forwards"})
_NEEDED = ("via", "from", "to", "call-id", "cseq")


class BadMessage(ValueError):
    """Not a SIP message; what it says names the rule, never the message."""


@dataclass(frozen=True, slots=True)
class Message:
    """Headers in their order, with lower-case full names, and a body."""

    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def get(self, name: str) -> str:
        """The first value of a header as it stands; "" without one."""
        return next((value for n, value in self.headers if n == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of a header that is a list, in order: lines and commas mean the same."""
        return [piece for n, value in self.headers if n == name for piece in split(value, ",")]

    def lines(self, name: str) -> list[str]:
        """Every line of a header whose values have commas of their own (challenges)."""
        return [value for n, value in self.headers if n == name]

    def having(self, *headers: tuple[str, str]) -> Self:
        """The same with these headers added at the end."""
        return replace(self, headers=(*self.headers, *headers))

    @property
    def sequence(self) -> tuple[int, str]:
        """The number and the method of CSeq."""
        number, method = self.get("cseq").split()
        return int(number), method

    @property
    def branch(self) -> str:
        """The branch of the topmost Via."""
        return parameters(self.all("via")[0]).get("branch", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Message):
    method: str
    uri: str

    def __bytes__(self) -> bytes:
        return _written(f"{self.method} {self.uri} {VERSION}", self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(Message):
    status: int
    reason: str = ""

    def __bytes__(self) -> bytes:
        return _written(f"{VERSION} {self.status} {self.reason}", self)


def read(data: bytes) -> Request | Response:
    """One message: a datagram, or what `frame` cut off a stream. Raises BadMessage."""
    if len(data) > LARGEST:
        raise BadMessage("a message of more than 65,535 bytes")
    head, gap, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not gap:
        raise BadMessage("no empty line after the headers")
    try:
        first, *rest = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise BadMessage("headers that are not UTF-8") from None
    headers = tuple(_headers(rest))
    _check(headers)
    body = _body(headers, body)
    if first.startswith("SIP/"):
        return _response(first, headers, body)
    return _request(first, headers, body)


def frame(stream: bytes) -> tuple[bytes, bytes]:
    """The first whole message of a byte stream, and what is left; b"" for the message while it is not whole.

    Raises BadMessage if the stream cannot be cut any more (RFC 3261, 18.3).
    """
    stream = stream.lstrip(b"\r\n")  # keep-alives
    head, gap, rest = stream.partition(b"\r\n\r\n")
    if not gap:
        if len(stream) > LARGEST:
            raise BadMessage("a message of more than 65,535 bytes")
        return b"", stream
    found = re.search(
        rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,6})[ \t]*$", head.replace(b"\r", b"")
    )
    if found is None:
        raise BadMessage("a message in a stream without its length")
    size = int(found[1])
    if size + len(head) > LARGEST:
        raise BadMessage("a message of more than 65,535 bytes")
    if len(rest) < size:
        return b"", stream
    return head + gap + rest[:size], rest[size:]


def split(text: str, at: str) -> list[str]:
    """`text` cut at `at`, but not inside quotes or angle brackets; the pieces stripped, empty ones left out."""
    pieces, start, quoted, angled, n = [], 0, False, False, 0
    while n < len(text):
        char = text[n]
        if quoted:
            n += char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char in "<>":
            angled = char == "<"
        elif char == at and not angled:
            pieces.append(text[start:n])
            start = n + 1
        n += 1
    pieces.append(text[start:])
    return [piece.strip() for piece in pieces if piece.strip()]


def parameters(value: str) -> dict[str, str]:
    """The parameters behind a header's value, names in lower case, quotes taken off; "" for a bare one."""
    found: dict[str, str] = {}
    for piece in split(value, ";")[1:]:
        name, _, said = piece.partition("=")
        found.setdefault(name.strip().lower(), unquoted(said.strip()))
    return found


def unquoted(text: str) -> str:
    """A quoted string's content; other text as it stands."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def _headers(lines: Sequence[str]) -> Iterable[tuple[str, str]]:
    unfolded: list[str] = []
    for line in lines:
        if line[:1] in (" ", "\t"):
            if not unfolded:
                raise BadMessage("a folded line before any header")
            unfolded[-1] += " " + line.strip()
        else:
            unfolded.append(line)
    if len(unfolded) > MOST_HEADERS:
        raise BadMessage("too many headers")
    for line in unfolded:
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t").lower()
        if not colon or not _TOKEN.fullmatch(name):
            raise BadMessage("a header without a name")
        if any(char < " " and char != "\t" for char in value):
            raise BadMessage("a control character in a header")
        yield _COMPACT.get(name, name), value.strip()


def _check(headers: Sequence[tuple[str, str]]) -> None:
    names = [name for name, _ in headers]
    if twice := next((name for name in _ONCE if names.count(name) > 1), None):
        raise BadMessage(f"more than one {twice}")
    said = dict(reversed(headers))
    if missing := next((name for name in _NEEDED if not said.get(name)), None):
        raise BadMessage(f"no {missing}")
    number, _, method = said["cseq"].partition(" ")
    if not _DIGITS.fullmatch(number) or int(number) >= 2**31 or not _TOKEN.fullmatch(method.strip()):
        raise BadMessage("a cseq that is no number and method")
    via = split(said["via"], ",")
    if not via or not re.match(r"SIP\s*/\s*2\.0\s*/\s*[A-Za-z0-9\-]+\s+\S", via[0]):
        raise BadMessage("a via that names no transport and host")


def _body(headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """What Content-Length says; the rest of a datagram is left out, and one that is too short is refused."""
    said = dict(headers).get("content-length")
    if said is None:
        return body
    if not _DIGITS.fullmatch(said):
        raise BadMessage("a content-length that is no number")
    if int(said) > len(body):
        raise BadMessage("a body shorter than its content-length")
    return body[: int(said)]


def _response(first: str, headers: tuple[tuple[str, str], ...], body: bytes) -> Response:
    found = _STATUS.fullmatch(first)
    if found is None:
        raise BadMessage("a status line that cannot be read")
    return Response(headers, body, status=int(found[1]), reason=(found[2] or "").strip())


def _request(first: str, headers: tuple[tuple[str, str], ...], body: bytes) -> Request:
    parts = first.split(" ")
    if len(parts) != 3 or parts[2] != VERSION or not _TOKEN.fullmatch(parts[0]):
        raise BadMessage("a request line that cannot be read")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"]+", parts[1]):
        raise BadMessage("a request to no address")
    if dict(headers)["cseq"].split()[-1] != parts[0]:
        raise BadMessage("a cseq of another method")
    return Request(headers, body, method=parts[0], uri=parts[1])


def _written(first: str, message: Message) -> bytes:
    lines = [first, *(f"{_shown(n)}: {v}" for n, v in message.headers if n != "content-length")]
    lines.append(f"Content-Length: {len(message.body)}")
    return "\r\n".join([*lines, "", ""]).encode() + message.body


def _shown(name: str) -> str:
    special = {
        "call-id": "Call-ID",
        "cseq": "CSeq",
        "min-se": "Min-SE",
        "rack": "RAck",
        "www-authenticate": "WWW-Authenticate",
    }
    return special.get(name) or "-".join(part.capitalize() for part in name.split("-"))
