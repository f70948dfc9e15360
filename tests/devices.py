"""Phones in officers' hands, as the tests hold them: signed in, with a key and a version on every write."""

import io
import json
import uuid
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from PIL import Image

from dispatch.models import User
from tests.factories import PASSWORD

FIELD = "/api/v1/field"
PLACE = {"lat": 21.551, "lon": 110.981}


class Device:
    """One officer's phone."""

    def __init__(self, user: User, *, language: str = "en") -> None:
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
        self.user, self.language = user, language
        self.pair = self.sign_in().json()

    @property
    def token(self) -> str:
        return str(self.pair["token"])

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept-Language": self.language}

    def sign_in(self, **given: Any) -> Any:
        body = {"username": self.user.username, "password": PASSWORD, "device": "phone 7", **given}
        return post(f"{FIELD}/token", body)

    def renew(self, renewal: str = "renewal-1", token: str = "") -> Any:
        body = {"refresh_token": token or self.pair["refresh_token"], "renewal": renewal}
        return post(f"{FIELD}/token/renew", body)

    def get(self, path: str, **headers: str) -> Any:
        return client().get(f"{FIELD}/{path}", headers={**self.headers, **headers})

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """A write; one about a visit says that it saw nothing newer than 0, and has a key of its own."""
        if path.startswith("visits/") and (body is None or isinstance(body, dict)):
            body = {"version": 0, **(body or {})}
        return post(f"{FIELD}/{path}", body, **{**self.headers, "Idempotency-Key": new_key(), **headers})

    def photo(self, visit: int, raw: bytes, kind: str = "image/jpeg", key: str = "", **said: Any) -> Any:
        headers = {**self.headers, "Idempotency-Key": key or new_key()}
        path = f"{FIELD}/visits/{visit}/photos?{urlencode({'version': 0, **said})}"
        return client().post(path, raw, content_type=kind, headers=headers)

    def delete(self, path: str) -> Any:
        return client().delete(f"{FIELD}/{path}", headers=self.headers)

    def changes(self, cursor: str, **more: Any) -> Any:
        return self.get(f"changes?{urlencode({'cursor': cursor, **more})}").json()


@cache
def client() -> Client:
    """One for all: to make one is to look through all static files. Who asks is told by the token alone."""
    return Client()


def new_key() -> str:
    return str(uuid.uuid4())


def post(path: str, body: Any = None, **headers: str) -> Any:
    text = "" if body is None else json.dumps(body)
    return client().post(path, text, content_type="application/json", headers=headers)


def picture(width: int = 60, height: int = 40, kind: str = "JPEG", **how: Any) -> bytes:
    """A photo as a camera makes it, of nothing; in it a word that no camera's notes may carry out again."""
    made = io.BytesIO()
    image = Image.new("RGB", (width, height), "teal")
    if kind == "JPEG" and "exif" not in how:
        exif = Image.Exif()
        exif[0x010E] = "secret place"
        exif[0x0112] = 6  # lies on its side
        how["exif"] = exif
    image.save(made, kind, **how)
    return made.getvalue()
