"""The doors of the video page in the admin: badges with a face, the operator's page, what it refuses and records."""

import base64
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image

from dispatch.models import Badge, Case, Event, User
from dispatch.vocabulary import Role, Tier
from tests import factories
from tests.dispatch.test_showing import case, operator_of, page, place, taken
from tests.factories import Centre

__all__ = ["case", "page", "place"]  # fixtures
VIDEO = "/admin/dispatch/badge/video/"


def entered(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def picture(size: tuple[int, int] = (800, 1200)) -> SimpleUploadedFile:
    made = io.BytesIO()
    Image.new("RGB", size, "navy").save(made, "PNG")
    return SimpleUploadedFile("face.png", made.getvalue(), "image/png")


def badge_of(user: User, upload: SimpleUploadedFile | None) -> dict[str, object]:
    row: dict[str, object] = {"user": user.pk, "name": "王警官", "number": "044127", "station": "七迳派出所"}
    return {**row, "picture": upload} if upload else row


def test_a_face_is_kept_small_and_sealed(place: Centre) -> None:
    office, officer = place.user(Role.ADMINISTRATOR), place.user()
    entered(office).post("/admin/dispatch/badge/add/", badge_of(officer, picture()))
    badge = Badge.objects.get(user=officer)
    kind, _, body = badge.face.partition(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(body))) as face:
        assert face.width <= 320
        assert face.height <= 400
    with connection.cursor() as cursor:
        cursor.execute("SELECT face FROM dispatch_badge")
        assert "data:image" not in cursor.fetchone()[0]


@pytest.mark.parametrize("upload", [None, SimpleUploadedFile("face.png", b"no picture at all", "image/png")])
def test_a_badge_without_a_face_is_none(place: Centre, upload: SimpleUploadedFile | None) -> None:
    office, officer = place.user(Role.ADMINISTRATOR), place.user()
    answer = entered(office).post("/admin/dispatch/badge/add/", badge_of(officer, upload))
    assert answer.status_code == 200
    assert not Badge.objects.exists()


def test_an_operator_gives_no_badges(place: Centre) -> None:
    by = place.user()
    assert entered(by).post("/admin/dispatch/badge/add/", badge_of(by, picture())).status_code == 403


def test_the_operators_page_opens_the_call_at_their_desk(place: Centre, case: Case) -> None:
    attempt = taken(case)
    client = entered(operator_of(place, attempt))
    answer = client.get(VIDEO, follow=True)
    assert answer.redirect_chain[-1][0] == f"{VIDEO}{attempt.pk}/"
    assert "wss://v.example/line/desk" in answer.content.decode()
    assert "+86" not in answer.content.decode()


def test_another_ones_call_opens_for_nobody_and_the_try_is_on_record(place: Centre, case: Case) -> None:
    attempt = taken(case)
    other = place.user()
    assert entered(other).get(f"{VIDEO}{attempt.pk}/").status_code == 302
    assert entered(other).post(f"{VIDEO}{attempt.pk}/identify/").status_code == 409
    assert Event.objects.filter(verb="refused", by=other, case=attempt.case).count() == 2
    assert factories.live(attempt.case, Tier.VIDEO).identified_at is None


def test_what_is_refused_is_said_in_words_and_recorded(place: Centre, case: Case) -> None:
    attempt = taken(case)
    by = operator_of(place, attempt)
    answer = entered(by).post(f"{VIDEO}{attempt.pk}/send/", {})
    assert (answer.status_code, answer.json()["done"]) == (409, False)
    assert "请先在电话里告知" in answer.json()["words"]
    assert Event.objects.filter(verb="refused", by=by, detail__act="video send").exists()


def test_identity_comes_before_the_disposition(place: Centre, case: Case) -> None:
    attempt = taken(case)
    client = entered(operator_of(place, attempt))
    said = {"disposition": "persuaded"}
    assert client.post(f"{VIDEO}{attempt.pk}/judge/", said).status_code == 409
    assert client.post(f"{VIDEO}{attempt.pk}/judge/", {"disposition": "maybe"}).status_code == 409


def test_an_officer_of_the_field_has_no_video_page(place: Centre) -> None:
    assert entered(place.user(Role.OFFICER)).get(VIDEO).status_code in (302, 404)
