"""Which officer's device is asking: an opaque token, as `Authorization: Bearer wd_...`."""

import hashlib
import logging
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from dispatch.models import DeviceToken, User
from dispatch.models.token import digest
from telephony import clock

logger = logging.getLogger(__name__)


class DeviceAuthentication(BaseAuthentication):
    """The officer goes into `request.user`, the device's token into `request.auth`."""

    def authenticate(self, request: Request) -> tuple[User, DeviceToken] | None:
        scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return None
        valid = DeviceToken.objects.valid(clock.now()).select_related("user__unit")
        token = valid.filter(digest=digest(key.strip()), user__is_active=True).first()
        if token is None:
            raise AuthenticationFailed(_("This token is not valid, or not any more. Sign in again."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SignInThrottle(SimpleRateThrottle):
    """Ten tries a minute for each name, so that passwords cannot be guessed. Without a cache, none is held back."""

    rate = "10/min"
    scope = "sign-in"
    told_by = "username"
    cache = cache

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        name = request.data.get(self.told_by) if isinstance(request.data, dict) else None
        ident = hashlib.sha256(str(name).encode("utf-8", "replace")).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return super().allow_request(request, view)
        except Exception:  # whatever this cache raises when it is gone: it is disposable, signing in is not
            logger.warning("the cache does not answer; tries at signing in are not counted")
            return True


class RenewThrottle(SignInThrottle):
    """Ten tries a minute for each token: it has too many bits to be guessed, but a phone may run wild."""

    scope = "renew"
    told_by = "refresh_token"


class DeviceScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The token in the API's description."""

    target_class = "dispatch.field.authentication.DeviceAuthentication"
    name = "DeviceToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "wd_..."}
