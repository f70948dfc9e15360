"""What all the officers' doors share: who may come in, what a refusal looks like, what a write needs."""

from typing import Any, NoReturn

from django.utils.translation import gettext as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dispatch import record
from dispatch.field.authentication import DeviceAuthentication
from dispatch.field.permissions import WorksInTheField
from dispatch.models import User
from telephony import clock

NOT_YOURS = OpenApiResponse(description="No such visit within your unit.")
NOT_NOW = OpenApiResponse(
    description="It does not fit what is true now: `visit` says how it stands. What was typed is kept on record. "
    "`far-away`: nothing was kept; send it again, with a new key, and say `why`."
)
KEY_USED = OpenApiResponse(description="This Idempotency-Key was sent before with something else.")
SPOKEN = {404: NOT_YOURS, 409: NOT_NOW, 422: KEY_USED}
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{8,64}$"},
    location=OpenApiParameter.HEADER,
    required=True,
    description="The device's own, one for each write: sent again, it is taken once and answered as before.",
)
CENTRE_TIME = OpenApiParameter(
    "Centre-Time",
    {"type": "string", "format": "date-time"},
    location=OpenApiParameter.HEADER,
    response=True,
    description="What time it is at the centre: what is due is due by this clock, whatever the phone's says.",
)
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-")


class Refusal(APIException):
    """A refusal with members of its own, such as `visit`: how it stands."""

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.members = members


class NotNow(Refusal):
    status_code = 409
    default_code = "not_now"


class FarAway(Refusal):
    status_code = 409
    default_code = "far_away"


class KeyUsed(APIException):
    status_code = 422
    default_code = "key_used"


class NoKey(APIException):
    status_code = 400
    default_code = "no_key"


class FieldSchema(AutoSchema):
    """Every answer is described with the header that all of them have."""

    def get_override_parameters(self) -> list[Any]:
        return [CENTRE_TIME]


class FieldDoor(APIView):
    """Deny by default: a device of somebody who works in the field. A refusal goes on record."""

    authentication_classes = [DeviceAuthentication]
    permission_classes = [WorksInTheField]
    schema = FieldSchema()

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        if isinstance(request.user, User):
            record.write("refused", now=clock.now(), by=request.user, why="no field work")
        super().permission_denied(request, message, code)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Every answer says what time it is here: phones' clocks are not the centre's."""
        response.headers[CENTRE_TIME.name] = clock.now().isoformat()
        return super().finalize_response(request, response, *args, **kwargs)

    def get_authenticate_header(self, request: Request) -> str:
        """Where nobody is asked for a token, a wrong password is still a 401."""
        return "Bearer"


def key_of(request: Request) -> str:
    """The write's key. Raises NoKey."""
    key = request.headers.get("Idempotency-Key", "")
    if not 8 <= len(key) <= 64 or not _LETTERS.issuperset(key):
        raise NoKey(_("A write needs an Idempotency-Key of 8 to 64 letters, digits, and _ . : -"))
    return key


def checked(serializer: Any) -> dict[str, Any]:
    """What was sent, valid. Raises DRF's ValidationError."""
    serializer.is_valid(raise_exception=True)
    given: dict[str, Any] = serializer.validated_data
    return given
