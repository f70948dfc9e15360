"""Who may send: a source by its API key, as `Authorization: Bearer wc_...` or `X-Api-Key`."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from dispatch import record
from telephony import clock
from telephony.prepared import prepared
from warning_center.models import Source
from warning_center.models.source import digest


class SourceAuthentication(BaseAuthentication):
    """The source goes into `request.auth`; there is no user."""

    def authenticate(self, request: Request) -> tuple[None, Source] | None:
        key = _key(request)
        if not key:
            return None
        source = _by_key.first(digest(key))
        if source is None:
            record.write("refused", now=clock.now(), agent="source", why="unknown key")
            raise AuthenticationFailed(_("This API key is not known."))
        if not source.enabled:
            record.write("refused", now=clock.now(), agent=f"source:{source.code}", why="disabled")
            raise PermissionDenied(_("This source is disabled."))
        return None, source

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


@prepared
def _by_key(key_digest: str) -> QuerySet[Source]:
    return Source.objects.select_related("unit").filter(key_digest=key_digest)


def _key(request: Request) -> str:
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else request.headers.get("X-Api-Key", "").strip()


class IsSource(BasePermission):
    """Only sources; users have doors of their own."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, Source)


def source_of(request: Request) -> Source:
    """Who is asking. Raises NotAuthenticated."""
    source: Any = request.auth
    if not isinstance(source, Source):
        raise NotAuthenticated
    return source


class SourceScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The key in the API's description: either header will do."""

    target_class = "warning_center.api.authentication.SourceAuthentication"
    name = ["SourceKey", "SourceKeyHeader"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": "wc_..."},
            {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
        ]
