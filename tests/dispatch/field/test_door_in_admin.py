"""What officers found at the door, on the case page: the form in words, photos for a reason, each to one's own."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from dispatch.models import Attempt, Event, Photo, Unit
from dispatch.vocabulary import Level, Role
from tests import factories
from tests.devices import Device, picture
from tests.factories import Centre


@pytest.fixture(autouse=True)
def folder(tmp_path: Any, settings: Settings) -> None:
    settings.PHOTOS = tmp_path


@pytest.fixture
def photo(officer: Device, visit: Attempt) -> Photo:
    officer.post(f"visits/{visit.pk}/doorstep", {"answers": {"chats": True, "apps": False}})
    assert officer.photo(visit.pk, picture()).status_code == 200
    return Photo.objects.get()


def enter(at: Centre, role: Role = Role.OPERATOR, unit: Unit | None = None, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(at.user(role, unit))
    return client


def ask(client: Client, case: int, photo: Photo, why: str = "review") -> Any:
    return client.post(reverse("admin:dispatch_case_photo", args=[case]), {"key": photo.key, "why": why})


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Chats: something suspicious"), ("zh-hans", "查看聊天记录：发现可疑")]
)
def test_the_form_is_on_the_cases_page_in_words(
    at: Centre, photo: Photo, visit: Attempt, language: str, words: str
) -> None:
    page = enter(at, language=language).get(reverse("admin:dispatch_case_change", args=[visit.case_id]))
    text = page.content.decode()
    assert words in text
    assert str(photo.key) in text
    assert "image/jpeg" not in text


def test_a_photo_is_opened_for_a_reason_that_is_on_record(at: Centre, photo: Photo, visit: Attempt) -> None:
    answer = ask(enter(at), visit.case_id, photo)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer.content.startswith(b"\xff\xd8")
    assert "no-store" in answer["Cache-Control"]
    viewed = Event.objects.get(verb="viewed", detail__photo=str(photo.key))
    assert (viewed.why, viewed.by.role if viewed.by else "") == ("review", Role.OPERATOR)


@pytest.mark.parametrize("why", ["", "curiosity"])
def test_without_a_reason_it_stays_closed_and_that_is_on_record(
    at: Centre, photo: Photo, visit: Attempt, why: str
) -> None:
    assert ask(enter(at), visit.case_id, photo, why).status_code == 302
    assert Event.objects.get(verb="refused").why == "no reason"
    assert not Event.objects.filter(verb="viewed", detail__photo=str(photo.key)).exists()


def test_another_units_people_do_not_open_it_and_their_trying_is_on_record(
    at: Centre, photo: Photo, visit: Attempt
) -> None:
    assert ask(enter(at, Role.SUPERVISOR, at.other), visit.case_id, photo).status_code == 404
    assert Event.objects.get(verb="refused").case_id == visit.case_id
    assert not Event.objects.filter(verb="viewed").exists()


def test_no_photo_is_opened_by_way_of_another_case(at: Centre, photo: Photo) -> None:
    other = factories.directive(at, "B-1", number=7, level=Level.HIGH)
    assert ask(enter(at), other.pk, photo).status_code == 404
    assert Event.objects.get(verb="refused").why == "no such photo"


def test_it_is_posted_only_and_a_field_officer_has_no_way_in(
    at: Centre, photo: Photo, visit: Attempt
) -> None:
    address = reverse("admin:dispatch_case_photo", args=[visit.case_id])
    assert enter(at).get(f"{address}?key={photo.key}&why=review").status_code == 405
    assert ask(enter(at, Role.OFFICER, at.station), visit.case_id, photo).status_code in (302, 403)
    assert not Event.objects.filter(verb="viewed").exists()
