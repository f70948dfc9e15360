"""Session descriptions passed through: which media stand in them, held, without picture, told as ours (RFC 3264)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

_DIRECTIONS = ("a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive")
_HELD = "a=inactive"
_PLACED = ("c=", "a=crypto:", "a=fingerprint:", "a=ice-ufrag:", "a=rtcp:")


class BadDescription(ValueError):
    """Not a session description."""


@dataclass(frozen=True, slots=True)
class Media:
    """One m= line and what belongs to it."""

    kind: str  # audio, video, ...
    port: int
    rest: str  # of the m= line
    lines: tuple[str, ...]

    @property
    def refused(self) -> bool:
        return self.port == 0

    def refuse(self) -> "Media":
        """Port 0, and nothing that would look like an address."""
        return replace(self, port=0, lines=())

    def hold(self) -> "Media":
        if self.refused:
            return self
        return replace(self, lines=(*(line for line in self.lines if line not in _DIRECTIONS), _HELD))


@dataclass(frozen=True, slots=True)
class Description:
    """The session's lines but for its owner's, then its media in their order."""

    session: tuple[str, ...]
    media: tuple[Media, ...]

    @property
    def has_sound(self) -> bool:
        return any(m.kind == "audio" and not m.refused for m in self.media)

    @property
    def has_picture(self) -> bool:
        return any(m.kind == "video" and not m.refused for m in self.media)


def read(body: bytes) -> Description:
    """Raises BadDescription."""
    try:
        lines = [line for line in body.decode("utf-8").replace("\r\n", "\n").split("\n") if line]
    except UnicodeDecodeError:
        raise BadDescription("not UTF-8") from None
    if not lines or lines[0] != "v=0" or any(line[1:2] != "=" for line in lines):
        raise BadDescription("not a session description")
    starts = [n for n, line in enumerate(lines) if line.startswith("m=")] + [len(lines)]
    if not any(line.startswith("o=") for line in lines[: starts[0]]):
        raise BadDescription("nobody owns it")
    media = tuple(_media(lines[a:b]) for a, b in pairwise(starts))
    return Description(tuple(line for line in lines[1 : starts[0]] if not line.startswith("o=")), media)


def write(said: Description, *, owner: int, version: int, host: str) -> bytes:
    """`said` as ours: to each far end a session of its own whose version only rises (RFC 3725, section 7)."""
    family = "IP6" if ":" in host else "IP4"
    lines = ["v=0", f"o=- {owner} {version} IN {family} {host}", *said.session]
    for m in said.media:
        lines += [f"m={m.kind} {m.port}{m.rest}", *m.lines]
    return "\r\n".join([*lines, ""]).encode()


def held(offer: Description) -> Description:
    """An answer that takes the sound and sends nothing yet; the picture comes when there is one."""
    return replace(offer, session=_undirected(offer.session), media=tuple(m.hold() for m in offer.media))


def sound_alone(offer: Description) -> Description:
    """The same with every picture refused, in its place."""
    return replace(offer, media=tuple(m.refuse() if m.kind == "video" else m for m in offer.media))


def fitted(said: Description, before: Description) -> Description:
    """`said` as an offer where `before` was agreed: no medium may go from its place (RFC 3264, section 8)."""
    missing = before.media[len(said.media) :]
    return replace(said, media=(*said.media, *(m.refuse() for m in missing)))


def answering(said: Description, offer: Description) -> Description:
    """`said` as the answer to `offer`: as many media, in the same order, none that was refused (RFC 3264, 6)."""
    whole = fitted(said, offer)
    pairs = zip(whole.media, offer.media, strict=False)
    return replace(whole, media=tuple(m.refuse() if o.refused else m for m, o in pairs))


def places(said: Description) -> tuple[object, ...]:
    """Where each medium goes and how it is sealed: what the other side must know. Codecs are no part of it."""
    common = tuple(line for line in said.session if line.startswith(_PLACED))
    return tuple(
        (m.kind, m.port, common, tuple(line for line in m.lines if line.startswith(_PLACED)))
        if not m.refused
        else m.kind
        for m in said.media
    )


def _media(lines: Sequence[str]) -> Media:
    words = lines[0][2:].split(" ", 2)
    port, slash, count = words[1].partition("/") if len(words) == 3 else ("", "", "")
    if not port.isdecimal() or int(port) > 65_535:
        raise BadDescription("a medium without a port")
    made = Media(words[0], int(port), f"{slash}{count} {words[2]}", tuple(lines[1:]))
    return made.refuse() if made.refused else made


def _undirected(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line for line in lines if line not in _DIRECTIONS)
