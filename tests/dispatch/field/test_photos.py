"""Photos from visits: only pictures, made anew, sealed in files, shown to few, and every look on record."""

import io
from pathlib import Path

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pytest_django import Settings

from dispatch import pictures
from dispatch.models import Attempt, Event, Photo, Unit
from dispatch.vocabulary import Role
from tests.devices import FIELD, Device, new_key, picture
from tests.factories import Centre


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.PHOTOS = tmp_path / "photos"
    return tmp_path / "photos"


def key_of(device: Device, visit: Attempt) -> str:
    (one,) = device.get(f"visits/{visit.pk}/photos").json()
    return str(one["key"])


def test_a_photo_is_kept_without_what_the_camera_wrote(officer: Device, visit: Attempt) -> None:
    raw = picture()
    assert b"secret place" in raw
    assert officer.photo(visit.pk, raw).json()["photos"] == 1
    shown = officer.get(f"visits/{visit.pk}/photos/{key_of(officer, visit)}")
    assert (shown["Content-Type"], shown["Cache-Control"]) == ("image/jpeg", "no-store")
    assert b"secret place" not in shown.content
    opened = Image.open(io.BytesIO(shown.content))
    assert (opened.size, dict(opened.getexif())) == ((40, 60), {})  # upright


def test_a_photo_lies_sealed_outside_the_web_under_a_name_that_tells_nothing(
    officer: Device, visit: Attempt, folder: Path
) -> None:
    officer.photo(visit.pk, picture())
    (place,) = (path for path in folder.rglob("*") if path.is_file())
    assert not place.read_bytes()[20:].startswith(b"\xff\xd8")
    assert b"JFIF" not in place.read_bytes()
    assert (place.stat().st_mode & 0o077, str(Photo.objects.get().key) in place.name) == (0, False)
    assert Client().get(f"/static/photos/{place.name}").status_code == 404


def test_every_look_is_on_record(officer: Device, visit: Attempt) -> None:
    officer.photo(visit.pk, picture())
    key = key_of(officer, visit)
    assert not Event.objects.filter(verb="viewed").exists()
    for _ in range(2):
        officer.get(f"visits/{visit.pk}/photos/{key}")
    looks = Event.objects.filter(verb="viewed", why="photo", by=officer.user, case=visit.case)
    assert [look.detail["photo"] for look in looks] == [key, key]


def test_the_type_is_told_by_the_content(officer: Device, visit: Attempt) -> None:
    sent = [officer.photo(visit.pk, picture(kind=kind), "image/heic") for kind in ("PNG", "WEBP", "JPEG")]
    assert [answer.status_code for answer in sent] == [200, 200, 200]


NO_PHOTOS = {
    "empty": b"",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "gif": b"GIF89a" + b"\0" * 40,
    "cut": picture()[:200],
    "header only": b"\xff\xd8\xff\xe0" + b"\0" * 300,
}


def flood() -> bytes:
    """81 million pixels in ten thousand bytes."""
    made = io.BytesIO()
    Image.new("1", (9000, 9000)).save(made, "PNG")
    return made.getvalue()


def test_what_is_no_photo_is_refused(officer: Device, visit: Attempt) -> None:
    for name, raw in {**NO_PHOTOS, "pixel flood": flood()}.items():
        answer = officer.photo(visit.pk, raw)
        said = answer.status_code, answer.json()["type"]
        assert said == (400, "urn:warning-center:problem:bad-photo"), name
    assert not Photo.objects.exists()


def test_a_photo_has_a_size(officer: Device, visit: Attempt) -> None:
    assert officer.photo(visit.pk, picture() + b"\0" * pictures.LARGEST_FILE).status_code == 413
    assert officer.photo(visit.pk, b"hello", "text/plain").status_code == 415


def test_a_visit_keeps_so_many_and_one_only_once(officer: Device, visit: Attempt) -> None:
    raw, key = picture(), new_key()
    for again in (key, key, new_key()):
        assert officer.photo(visit.pk, raw, key=again).status_code == 200
    assert Photo.objects.count() == 1
    codes = [officer.photo(visit.pk, picture(61 + n)).status_code for n in range(12)]
    assert codes == [200] * 11 + [409]


def test_another_photo_under_the_same_key_is_refused(officer: Device, visit: Attempt) -> None:
    key = new_key()
    assert officer.photo(visit.pk, picture(), key=key).status_code == 200
    assert officer.photo(visit.pk, picture(70), key=key).status_code == 422


def test_after_the_end_only_supervisors_look(at: Centre, officer: Device, visit: Attempt) -> None:
    officer.photo(visit.pk, picture())
    key = key_of(officer, visit)
    officer.post(f"visits/{visit.pk}/report", {"result": "not_there"})
    assert officer.get(f"visits/{visit.pk}/photos/{key}").status_code == 403
    chief = Device(at.user(Role.SUPERVISOR, at.county))
    assert chief.get(f"visits/{visit.pk}/photos/{key}").status_code == 200
    clerk = Device(at.user(Role.OFFICER, at.county))
    assert clerk.get(f"visits/{visit.pk}/photos/{key}").status_code == 403


def test_a_key_opens_its_own_visits_photo_only(at: Centre, officer: Device, visit: Attempt) -> None:
    officer.photo(visit.pk, picture())
    key = key_of(officer, visit)
    stranger = Device(at.user(Role.SUPERVISOR, Unit.objects.get(name="石鼓派出所")))
    assert stranger.get(f"visits/{visit.pk}/photos/{key}").status_code == 404
    assert officer.get(f"visits/{visit.pk}/photos/00000000-0000-4000-8000-000000000000").status_code == 404
    assert Client().get(f"{FIELD}/visits/{visit.pk}/photos/{key}").status_code == 401


@given(st.binary(max_size=400), st.integers(0, 300), st.integers(0, 255))
def test_a_broken_picture_is_refused_or_read_and_never_an_error(noise: bytes, place: int, byte: int) -> None:
    raw = bytearray(picture())
    raw[place % len(raw)] = byte
    for one in (noise, bytes(raw) + noise, bytes(raw[: place + 1])):
        try:
            made = pictures.clean(one)
        except pictures.BadPicture:
            continue
        assert made.content.startswith(b"\xff\xd8")
        assert max(made.width, made.height) <= pictures.LONGEST_SIDE
