"""What has changed since a phone last looked: read by cursor, and a line kept open that says when to look."""

import threading
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as drf
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch.field import cursor, reading, serializers
from dispatch.field.doors import FieldDoor, checked
from dispatch.field.permissions import user_of
from dispatch.models import Attempt, DeviceToken, News, Unit
from dispatch.workflow import news
from telephony import clock

MOST = 200
LASTS = 50.0  # seconds that a line stays open; the phone opens the next one
PAUSE = 1.0  # seconds between two looks
BEATS = 10  # looks between two signs of life; the token is looked at again with each

_CURSOR = OpenApiParameter("cursor", str, description="From the last answer. Without it: from now on.")
_lines = threading.BoundedSemaphore(max(settings.PUSHES, 1))


class AskedSerializer(drf.Serializer[Any]):
    cursor = drf.CharField(required=False, max_length=cursor.LONGEST)
    limit = drf.IntegerField(required=False, default=100, min_value=1, max_value=MOST)


class ChangesView(FieldDoor):
    @extend_schema(
        operation_id="list_changes",
        summary="What has changed since",
        parameters=[
            _CURSOR,
            OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST, "default": 100}),
        ],
        responses={200: serializers.ChangesSerializer, 400: None},
    )
    def get(self, request: Request) -> Response:
        """In one order for all, in which nothing is overtaken: take a cursor first, then read your visits."""
        user = user_of(request)
        unit, asked = reading.unit_of(user), checked(AskedSerializer(data=request.query_params))
        if not asked.get("cursor"):
            here = cursor.write(unit, news.last_place())
            return Response({"changes": [], "visits": [], "cursor": here, "more": False})
        place, limit = cursor.read(unit, asked["cursor"]), asked["limit"]
        news.number()
        rows = list(News.objects.under(unit).after(place)[: limit + 1])
        more, rows = len(rows) > limit, rows[:limit]
        if rows:
            place = rows[-1].place or place
        mine = reading.whole(Attempt.objects.in_field().filter(pk__in={row.attempt_id for row in rows}))
        told = {"changes": rows, "visits": mine, "cursor": cursor.write(unit, place), "more": more}
        return Response(serializers.ChangesSerializer(told, context={"user": user}).data)


class EventStreamRenderer(BaseRenderer):
    """For who asks for events; a refusal is JSON all the same."""

    media_type = "text/event-stream"
    format = "event-stream"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return bytes(JSONRenderer().render(data))


class StreamView(FieldDoor):
    renderer_classes = (JSONRenderer, EventStreamRenderer)

    @extend_schema(
        operation_id="stream_changes",
        summary="A line that says when to look",
        parameters=[_CURSOR],
        responses={(200, "text/event-stream"): OpenApiTypes.STR, 400: None},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Server-sent events without content: `changes` when there is something after the cursor, `busy` when no more
        lines are kept open, `bye` at the end. Whoever hears nothing asks for changes now and then all the same."""
        unit, asked = reading.unit_of(user_of(request)), checked(AskedSerializer(data=request.query_params))
        place = cursor.read(unit, asked["cursor"]) if asked.get("cursor") else news.last_place()
        token = request.auth if isinstance(request.auth, DeviceToken) else None
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingHttpResponse(
            _events(unit, token, place), content_type="text/event-stream", headers=headers
        )


def _events(unit: Unit, token: DeviceToken | None, place: int) -> Iterator[bytes]:
    if not _lines.acquire(blocking=False):
        yield b"event: busy\ndata: {}\n\n"
        return
    try:
        yield b"retry: 3000\n\n"
        yield from _looks(unit, token, place)
        yield b"event: bye\ndata: {}\n\n"
    finally:
        _lines.release()


def _looks(unit: Unit, token: DeviceToken | None, place: int) -> Iterator[bytes]:
    until = time.monotonic() + LASTS
    looks = 0
    while time.monotonic() < until:
        news.number()
        newest = News.objects.under(unit).after(place).reverse().values_list("place", flat=True).first()
        if newest:
            place = newest
            yield b"event: changes\ndata: {}\n\n"
        looks += 1
        if looks % BEATS == 0:
            if token is not None and not DeviceToken.objects.valid(clock.now()).filter(pk=token.pk).exists():
                return
            yield b": here\n\n"
        time.sleep(PAUSE)
