"""RFC 9457 problem details: every refusal of the REST doors in one shape, in the asker's language."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from dispatch.workflow.refusal import NotAllowedError
from warning_center.api.faults import FieldFault, faults_of

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:warning-center:problem:{}"


class Problem(exceptions.APIException):
    """A refusal with a status, a stable code and, for a bad request, its faults by field."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, faults: Iterable[FieldFault] = ()) -> None:
        self.status_code = status
        super().__init__(detail, code)
        self.code = code
        self.faults = tuple(faults)


def bad_directive(faults: Iterable[FieldFault]) -> Problem:
    """400: named by field, value and rule; nothing was stored."""
    return Problem(
        HTTPStatus.BAD_REQUEST, "bad-directive", _("The directive was refused; nothing was stored."), faults
    )


def changed_directive() -> Problem:
    """409: what is stored under this reference stays as it is."""
    detail = _("This reference is stored with another content. Send what has changed under a new reference.")
    return Problem(HTTPStatus.CONFLICT, "changed-directive", detail)


def handle(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Any refusal of a REST door as problem details; what is no refusal goes on as an error."""
    if isinstance(exc, NotAllowedError):
        exc = Problem(HTTPStatus.CONFLICT, "not-now", exc.in_words())
    elif isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    elif isinstance(exc, RequestDataTooBig):
        exc = Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", _("The body is too large."))
    answered = exception_handler(exc, dict(context))
    if answered is None or not isinstance(exc, exceptions.APIException):
        return None
    answered.data = _members(exc, context)
    answered.content_type = MEDIA_TYPE
    return answered


def _members(exc: exceptions.APIException, context: Mapping[str, Any]) -> dict[str, Any]:
    faults: Sequence[FieldFault] = getattr(exc, "faults", ())
    detail: Any = exc.detail
    if isinstance(exc, exceptions.ValidationError):
        faults = list(faults_of(detail, context["request"].data))
        detail = _("The request was refused.")
    members = {
        "type": _TYPE.format(_code(exc)),
        "title": _title(exc.status_code),
        "status": int(exc.status_code),
        "detail": str(detail),
        **getattr(exc, "members", {}),
    }
    if faults:
        members["errors"] = [fault.as_json() for fault in faults]
    return members


def _code(exc: exceptions.APIException) -> str:
    code = getattr(exc, "code", None) or exc.default_code
    return str(code).replace("_", "-")


def _title(status: int) -> str:
    titles = {
        400: _("Bad request"),
        401: _("Not authenticated"),
        403: _("Not allowed"),
        404: _("Not found"),
        405: _("Method not allowed"),
        406: _("Not acceptable"),
        409: _("Conflict"),
        413: _("Too large"),
        415: _("Unsupported media type"),
        422: _("Not processed"),
        429: _("Too many requests"),
    }
    return titles.get(status, HTTPStatus(status).phrase)
