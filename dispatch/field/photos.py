"""Photos by phone: in as the bytes of a picture, out again to few."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import IO, Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, NotFound, PermissionDenied
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch import pictures
from dispatch.field import given, reading, serializers
from dispatch.field.doors import KEY, NOT_YOURS, SPOKEN, FieldDoor, Refusal, key_of
from dispatch.field.permissions import may_see_photos, user_of
from dispatch.field.writing import Given, StepDoor
from dispatch.models import Attempt, Photo, User
from dispatch.workflow import photos
from telephony import clock

# What dispatch.pictures says, for the translators' list.
gettext_noop("a photo may have at most 8 MB")
gettext_noop("a photo may have at most 40 million pixels")
gettext_noop("this is not a photo we can read: JPEG, PNG or WebP")


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"


class BadPhoto(Refusal):
    status_code = 400
    default_code = "bad_photo"


class PhotoParser(BaseParser):
    """The body as it is, up to the limit; what it holds is told by its content."""

    media_type = "image/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw = stream.read(pictures.LARGEST_FILE + 1)
        if len(raw) > pictures.LARGEST_FILE:
            raise TooLarge(_("a photo may have at most 8 MB"))
        return raw


class JpegRenderer(BaseRenderer):
    """For who asks for a picture; a refusal is JSON all the same."""

    media_type = "image/jpeg"
    format = "jpeg"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return bytes(JSONRenderer().render(data))


class PhotosView(StepDoor):
    """The pictures of one visit."""

    step = "photo"
    parser_classes = (PhotoParser,)

    @extend_schema(
        operation_id="list_photos",
        summary="The visit's photos",
        responses={200: serializers.PhotoSerializer(many=True), 404: NOT_YOURS},
    )
    def get(self, request: Request, visit: int) -> Response:
        """By key; each is opened by itself."""
        attempt = reading.own(visit, user_of(request))
        return Response(serializers.PhotoSerializer(attempt.photos.all(), many=True).data)

    @extend_schema(
        operation_id="add_photo",
        summary="A photo",
        parameters=[KEY, given.StepSerializer],
        request=dict.fromkeys(("image/jpeg", "image/png", "image/webp"), OpenApiTypes.BINARY),
        responses={
            200: serializers.VisitSerializer,
            **SPOKEN,
            413: OpenApiResponse(description="More than 8 MB."),
            415: OpenApiResponse(description="No picture by its content type."),
        },
    )
    def post(self, request: Request, visit: int) -> Response:
        """It is made anew: smaller, upright, and without what the camera wrote beside the picture."""
        attempt = reading.own(visit, user_of(request))
        key_of(request)
        sent: Any = request.data
        raw = sent if isinstance(sent, bytes) else b""
        try:
            self.picture = pictures.clean(raw)
        except pictures.BadPicture as fault:
            raise BadPhoto(_(str(fault))) from None
        self.raw = raw
        return self.write(request, attempt.pk, request.query_params, hashlib.sha256(raw).hexdigest())

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Callable[[datetime], object]:
        return lambda at: photos.add(
            attempt_id=attempt.pk, raw=self.raw, picture=self.picture, by=by, now=now, when=at
        )


class PhotoView(FieldDoor):
    """One picture."""

    renderer_classes = (JSONRenderer, JpegRenderer)

    @extend_schema(
        operation_id="open_photo",
        summary="One photo",
        responses={
            (200, "image/jpeg"): OpenApiTypes.BINARY,
            404: NOT_YOURS,
        },
    )
    def get(self, request: Request, visit: int, key: Any) -> HttpResponse:
        """To the unit that goes there as long as it goes, and to supervisors; the record says who looked."""
        user = user_of(request)
        attempt = reading.own(visit, user)
        photo = Photo.objects.select_related("attempt__case").filter(attempt=attempt, key=key).first()
        if photo is None:
            raise NotFound
        if not may_see_photos(user, attempt):
            raise PermissionDenied
        content = photos.look(photo=photo, by=user, now=clock.now())
        headers = {"Cache-Control": "no-store", "Content-Disposition": "inline"}
        return HttpResponse(content, content_type="image/jpeg", headers=headers)
