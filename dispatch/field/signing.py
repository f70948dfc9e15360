"""Signing in and out: a password for the first pair of tokens, a refresh token for the next, and who is signed in."""

from dataclasses import asdict
from typing import Any

from django.contrib.auth import authenticate
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import AuthenticationFailed, NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch import record
from dispatch.field import given, serializers
from dispatch.field.authentication import RenewThrottle, SignInThrottle
from dispatch.field.doors import FieldDoor, checked
from dispatch.field.permissions import may_work, user_of
from dispatch.models import DeviceToken, User
from dispatch.vocabulary import Role
from dispatch.workflow import devices
from telephony import clock

_TOO_MANY = OpenApiResponse(description="Too many tries; `Retry-After` says how long to wait.")


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
        summary="Two tokens for this device",
        auth=[],
        request=given.SignInSerializer,
        responses={201: serializers.SignedInSerializer, 429: _TOO_MANY},
    )
    def post(self, request: Request) -> Response:
        """One to ask with, for half an hour, and one to renew it by, until the shift ends. Both are shown this once."""
        said = checked(given.SignInSerializer(data=request.data))
        now = clock.now()
        user = authenticate(request, username=said["username"], password=said["password"])
        if not isinstance(user, User):
            record.write("refused", now=now, agent="field", why="wrong name or password")
            raise AuthenticationFailed
        if not may_work(user):
            record.write("refused", now=now, by=user, why="no field work")
            raise PermissionDenied
        pair = devices.sign_in(user=user, device=said["device"], now=now)
        return Response(serializers.SignedInSerializer(asdict(pair)).data, status=201)

    @extend_schema(
        operation_id="sign_out", summary="This device's tokens end", request=None, responses={204: None}
    )
    def delete(self, request: Request) -> Response:
        """All tokens of this sign-in are worth nothing from here on."""
        if isinstance(request.auth, DeviceToken):
            devices.sign_out(token=request.auth, now=clock.now())
        return Response(status=204)


class RenewView(FieldDoor):
    def get_authenticators(self) -> list[Any]:
        return []

    def get_permissions(self) -> list[Any]:
        return []

    def get_throttles(self) -> list[Any]:
        return [RenewThrottle()]

    @extend_schema(
        operation_id="renew_token",
        summary="The next two tokens",
        auth=[],
        request=given.RenewSerializer,
        responses={201: serializers.SignedInSerializer, 429: _TOO_MANY},
    )
    def post(self, request: Request) -> Response:
        """A refresh token is good once. Shown again with the same `renewal` (its answer was lost) it gives the same
        pair; shown again otherwise, all tokens of its device end."""
        said = checked(given.RenewSerializer(data=request.data))
        pair = devices.renew(refresh_token=said["refresh_token"], renewal=said["renewal"], now=clock.now())
        if pair is None:
            raise AuthenticationFailed
        return Response(serializers.SignedInSerializer(asdict(pair)).data, status=201)


class DevicesView(FieldDoor):
    @extend_schema(
        operation_id="list_devices",
        summary="Where I am signed in",
        responses={200: serializers.DeviceSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """The newest first, at most a hundred."""
        live = DeviceToken.objects.valid(clock.now()).filter(user=user_of(request)).order_by("-pk")[:100]
        return Response(serializers.DeviceSerializer(live, many=True).data)


class DeviceView(FieldDoor):
    @extend_schema(
        operation_id="end_device",
        summary="A device's tokens end",
        request=None,
        responses={204: None, 404: OpenApiResponse(description="No such device of yours.")},
    )
    def delete(self, request: Request, device: int) -> Response:
        """One's own, say a lost phone's; a supervisor ends those of the units below too."""
        user = user_of(request)
        token = (
            DeviceToken.objects.select_related("user__unit").filter(pk=device).first()
            if device < 2**63
            else None
        )
        if token is None:
            raise NotFound
        if token.user_id != user.pk and not _is_below(user, token.user):
            record.write("refused", now=clock.now(), by=user, why="another's device", token=token.pk)
            raise NotFound
        devices.sign_out(token=token, now=clock.now(), by=user)
        return Response(status=204)


def _is_below(chief: User, user: User) -> bool:
    supervises = chief.is_a(Role.SUPERVISOR, Role.ADMINISTRATOR)
    return supervises and chief.unit is not None and chief.unit.holds(user.unit)
