"""The officers' door: sign in, see my visits, acknowledge, arrive, report. Every POST may be sent again."""

from typing import Any, NoReturn

from django.contrib.auth import authenticate
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, AuthenticationFailed, NotFound, PermissionDenied
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dispatch import nearness, record
from dispatch.field import serializers
from dispatch.field.authentication import DeviceAuthentication, SignInThrottle
from dispatch.field.permissions import WorksInTheField, may_open, may_work, user_of
from dispatch.models import Attempt, DeviceToken, User
from dispatch.vocabulary import Disposition, Result
from dispatch.workflow import devices, words
from dispatch.workflow.refusal import NotAllowedError
from telephony import clock

_NOT_YOURS = OpenApiResponse(description="No such visit within your unit.")
_NOT_NOW = OpenApiResponse(
    description="The visit is not where this step begins; `visit` says what is true now."
)
_AGAIN = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="Not needed: each step is taken once, however often it is sent. Accepted for clients that send it.",
)
_SPOKEN = {404: _NOT_YOURS, 409: _NOT_NOW}


class NotNow(APIException):
    """409: the step does not fit; `visit` says where it stands."""

    status_code = 409
    default_code = "not_now"

    def __init__(self, detail: str, visit: dict[str, Any]) -> None:
        super().__init__(detail)
        self.members = {"visit": visit}


class FieldDoor(APIView):
    """Deny by default: a device of somebody who works in the field. A refusal goes on record."""

    authentication_classes = [DeviceAuthentication]
    permission_classes = [WorksInTheField]

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        if isinstance(request.user, User):
            record.write("refused", now=clock.now(), by=request.user, why="no field work")
        super().permission_denied(request, message, code)

    def get_authenticate_header(self, request: Request) -> str:
        """Where nobody is asked for a token, a wrong password is still a 401."""
        return "Bearer"


class TokenView(FieldDoor):
    def get_authenticators(self) -> list[Any]:
        """An old token must not stand in the way of signing in."""
        return [] if getattr(self.request, "method", "") == "POST" else super().get_authenticators()

    def get_permissions(self) -> list[Any]:
        return [] if self.request.method == "POST" else list(super().get_permissions())

    def get_throttles(self) -> list[Any]:
        return [SignInThrottle()] if self.request.method == "POST" else []

    @extend_schema(
        operation_id="sign_in",
        summary="A token for this device, for twelve hours",
        auth=[],
        request=serializers.SignInSerializer,
        responses={
            201: serializers.SignedInSerializer,
            429: OpenApiResponse(
                description="Too many tries for this name; `Retry-After` says how long to wait."
            ),
        },
    )
    def post(self, request: Request) -> Response:
        """The token is shown this once."""
        given = _checked(serializers.SignInSerializer(data=request.data))
        now = clock.now()
        user = authenticate(request, username=given["username"], password=given["password"])
        if not isinstance(user, User):
            record.write("refused", now=now, agent="field", why="wrong name or password")
            raise AuthenticationFailed
        if not may_work(user):
            record.write("refused", now=now, by=user, why="no field work")
            raise PermissionDenied
        token, key = devices.sign_in(user=user, device=given["device"], now=now)
        shown = serializers.SignedInSerializer({"token": key, "expires_at": token.expires_at})
        return Response(shown.data, status=201)

    @extend_schema(
        operation_id="sign_out", summary="This device's token ends", request=None, responses={204: None}
    )
    def delete(self, request: Request) -> Response:
        """The token that asks is worth nothing from here on."""
        if isinstance(request.auth, DeviceToken):
            devices.sign_out(token=request.auth, now=clock.now())
        return Response(status=204)


class Pages(LimitOffsetPagination):
    default_limit = 100
    max_limit = 500


class VisitsView(FieldDoor):
    @extend_schema(
        operation_id="list_visits",
        summary="My unit's visits and checks, the riskiest first",
        parameters=[
            OpenApiParameter("limit", int, description="At most 500, by default 100."),
            OpenApiParameter("offset", int),
        ],
        responses={200: serializers.VisitSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """Visits sent and checks due, within your unit and below it. Persons are masked: open one to see it."""
        user = user_of(request)
        waiting = _whole(Attempt.objects.waiting_for_officers().under(user.unit).by_risk())
        shown: Any = Pages().paginate_queryset(waiting, request, view=self)
        return Response(serializers.VisitSerializer(shown, many=True, context={"user": user}).data)


class VisitView(FieldDoor):
    @extend_schema(
        operation_id="read_visit",
        summary="One visit or check",
        responses={200: serializers.VisitSerializer, 404: _NOT_YOURS},
    )
    def get(self, request: Request, visit: int) -> Response:
        """Opens the person's data to the unit that goes there, as long as it goes there; the record says so."""
        user = user_of(request)
        attempt = _own(visit, user)
        if may_open(user, attempt):
            fields = ["name", "phones", "contacts", "address"]
            record.write(
                "viewed",
                now=clock.now(),
                case=attempt.case,
                by=user,
                why="visit",
                attempt=attempt.pk,
                fields=fields,
            )
        return Response(serializers.VisitSerializer(attempt, context={"user": user, "open": True}).data)


class AcknowledgeView(FieldDoor):
    @extend_schema(
        operation_id="acknowledge_visit",
        summary="We take it",
        parameters=[_AGAIN],
        request=None,
        responses={200: serializers.VisitSerializer, **_SPOKEN},
    )
    def post(self, request: Request, visit: int) -> Response:
        """The unit has read it and goes. Sent again, it does nothing."""
        user = user_of(request)
        attempt = _own(visit, user)
        try:
            words.acknowledge(attempt_id=attempt.pk, now=clock.now(), by=user)
        except NotAllowedError as refusal:
            raise _not_now(refusal, attempt, user) from None
        return _stands(attempt, user)


class ArriveView(FieldDoor):
    @extend_schema(
        operation_id="arrive_at_visit",
        summary="We are at the door",
        parameters=[_AGAIN],
        request=serializers.ArrivalSerializer,
        responses={200: serializers.VisitSerializer, **_SPOKEN},
    )
    def post(self, request: Request, visit: int) -> Response:
        """Of the device's position only the distance to the known place is kept. Sent again, it does nothing."""
        user = user_of(request)
        attempt = _own(visit, user)
        given = _checked(serializers.ArrivalSerializer(data=request.data))
        at = nearness.Place(given["lat"], given["lon"]) if {"lat", "lon"} <= given.keys() else None
        try:
            words.arrive(attempt_id=attempt.pk, now=clock.now(), by=user, at=at)
        except NotAllowedError as refusal:
            raise _not_now(refusal, attempt, user) from None
        return _stands(attempt, user)


class ReportView(FieldDoor):
    @extend_schema(
        operation_id="report_visit",
        summary="What we met",
        parameters=[_AGAIN],
        request=serializers.ReportSerializer,
        responses={200: serializers.ReportedSerializer, **_SPOKEN},
    )
    def post(self, request: Request, visit: int) -> Response:
        """A report is never lost: after the end it is kept on record, and a disposition is heard all the same."""
        user = user_of(request)
        attempt = _own(visit, user)
        given = _checked(serializers.ReportSerializer(data=request.data, context={"tier": attempt.tier}))
        said = {
            "evidence": given.get("evidence"),
            "note": given.get("note", ""),
            "by": user,
            "now": clock.now(),
        }
        try:
            if "disposition" in given:
                disposition = Disposition(given["disposition"])
                words.judge(attempt_id=attempt.pk, disposition=disposition, **said)
            else:
                words.record_result(attempt_id=attempt.pk, result=Result(given["result"]), **said)
        except NotAllowedError as refusal:
            raise _not_now(refusal, attempt, user) from None
        context = {"user": user, "result": given.get("result")}
        return Response(serializers.ReportedSerializer(_own(attempt.pk, user), context=context).data)


def _checked(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    given: dict[str, Any] = serializer.validated_data
    return given


def _whole(attempts: Any) -> Any:
    """With everything a visit is shown with, in a handful of queries."""
    read = attempts.select_related("case__target", "unit")
    return read.prefetch_related("case__target__numbers__phone", "case__target__contacts")


def _own(visit: int, user: User) -> Attempt:
    """A visit or check within the user's subtree; another's is not there for them, and their asking is recorded."""
    attempt: Attempt | None = _whole(Attempt.objects.in_field().filter(pk=visit)).first()
    if attempt is None:
        raise NotFound
    if user.unit is None or not user.unit.holds(attempt.unit):
        record.write("refused", now=clock.now(), by=user, why="another unit's visit", attempt=attempt.pk)
        raise NotFound
    return attempt


def _stands(attempt: Attempt, user: User) -> Response:
    return Response(serializers.VisitSerializer(_own(attempt.pk, user), context={"user": user}).data)


def _not_now(refusal: NotAllowedError, attempt: Attempt, user: User) -> NotNow:
    return NotNow(refusal.in_words(), dict(_stands(attempt, user).data))
