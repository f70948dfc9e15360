"""Photos taken on a visit: sealed in files outside the web's reach, opened to few, and every opening on record."""

import hashlib
import secrets
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from dispatch import record
from dispatch.models import Photo, User
from dispatch.pictures import Picture
from dispatch.vocabulary import NewsKind
from dispatch.workflow import held, news
from dispatch.workflow.refusal import NotAllowedError
from telephony import sealing

MOST = 12  # a visit


@transaction.atomic
def add(
    *, attempt_id: int, raw: bytes, picture: Picture, by: User, now: datetime, when: datetime | None = None
) -> Photo:
    """Keep a photo; the same file again is the same photo. `picture` is what `raw` was made into."""
    case, attempt = held.lock(attempt_id)
    held.must_have_begun(attempt)
    digest = hashlib.sha256(raw).hexdigest()
    at = held.was_so_at(attempt, when, now)
    known = Photo.objects.filter(attempt=attempt, digest=digest).first()
    if known is not None:
        if at < known.at:
            Photo.objects.filter(pk=known.pk).update(at=at)
        return known
    if Photo.objects.filter(attempt=attempt).count() >= MOST:
        raise NotAllowedError("a visit keeps at most {most} photos", most=MOST)
    photo = Photo.objects.create(
        attempt=attempt, file=secrets.token_hex(24), digest=digest, by=by, at=at,
        width=picture.width, height=picture.height, size=len(picture.content),
    )  # fmt: skip
    _write(_place(photo), sealing.seal_bytes(picture.content))
    record.write("photographed", now=now, case=case, by=by, attempt=attempt.pk, photo=str(photo.key))
    news.tell(attempt, NewsKind.ADDED, now=now)
    return photo


@transaction.atomic
def look(*, photo: Photo, by: User, now: datetime, why: str = "photo") -> bytes:
    """The picture, as JPEG. That they looked, and why, is on record first. Raises OSError if the file is gone."""
    case = photo.attempt.case
    record.write("viewed", now=now, case=case, by=by, why=why, attempt=photo.attempt_id, photo=str(photo.key))
    return sealing.unseal_bytes(_place(photo).read_bytes())


def _place(photo: Photo) -> Path:
    return Path(settings.PHOTOS) / photo.file[:2] / photo.file


def _write(place: Path, content: bytes) -> None:
    """Whole or not at all, readable by its owner only. If the transaction fails, a file that nobody names stays."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = place.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.replace(place)
