"""What officers found at the door: the form they filled in, and their photos, which are opened one by one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dispatch import doorstep
from dispatch.models import Attempt, Case, Photo, User
from dispatch.vocabulary import Tier


@dataclass(frozen=True, slots=True)
class Answer:
    """One question of the form: answered yes or no, by whom and when."""

    words: str
    yes: bool
    who: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Shot:
    """One photo, unopened."""

    key: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Door:
    """What one visit found; `who` filled in the form, the last of them at `at`."""

    attempt: int
    unit: str
    who: str
    at: datetime | None
    answers: tuple[Answer, ...]
    photos: tuple[Shot, ...]
    source: str


def doors(case: Case, attempts: Iterable[Attempt]) -> tuple[Door, ...]:
    """Every visit with answers or photos, the newest first."""
    visits = [a for a in attempts if a.tier == Tier.VISIT]
    shots: dict[int, list[Photo]] = {}
    for photo in Photo.objects.filter(attempt__case=case).select_related("by") if visits else ():
        shots.setdefault(photo.attempt_id, []).append(photo)
    filled = [a for a in visits if a.evidence.get("doorstep") or a.pk in shots]
    answered = {said["by"] for a in filled for said in a.evidence.get("doorstep", {}).values()}
    users = User.objects.in_bulk(answered) if answered else {}
    return tuple(_door(attempt, users, shots.get(attempt.pk, ())) for attempt in reversed(filled))


def _door(attempt: Attempt, users: dict[int, User], photos: Iterable[Photo]) -> Door:
    answers = _answers(attempt, users)
    return Door(
        attempt.pk,
        str(attempt.unit or ""),
        _(", ").join(dict.fromkeys(answer.who for answer in answers)),
        max((answer.at for answer in answers if answer.at), default=None),
        answers,
        tuple(Shot(str(one.key), _name(one.by), one.at) for one in photos),
        doorstep.form().source,
    )


def photo_of(case: Case, key: str) -> Photo | None:
    """A photo of this very case, by its key."""
    try:
        found = Photo.objects.filter(attempt__case=case, key=UUID(key))
    except ValueError:
        return None
    return found.select_related("attempt__case").first()


def _answers(attempt: Attempt, users: dict[int, User]) -> tuple[Answer, ...]:
    """In the form's order; a question that has gone from the form since is left out."""
    said = attempt.evidence.get("doorstep", {})
    language = get_language() or ""
    return tuple(
        Answer(q.text(language), one["is"], _name(users.get(one["by"])), parse_datetime(one["at"]))
        for q in doorstep.form().questions
        if (one := said.get(q.code)) is not None
    )


def _name(user: User | None) -> str:
    return str(user.get_full_name() or user) if user else ""
