"""The sources' door: directives in, one or many, and how they stand."""

import logging
from collections import Counter
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dispatch import record
from telephony import clock, tasks
from warning_center import intake, notes
from warning_center.api import problems, serializers
from warning_center.api.authentication import IsSource, SourceAuthentication, source_of
from warning_center.api.examples import DIRECTIVES
from warning_center.api.faults import FieldFault
from warning_center.api.fields import is_reference
from warning_center.api.standing import BatchSerializer, StandingSerializer, standing
from warning_center.intake import Answer, ChangedError, Receipt
from warning_center.models import Directive, Source

logger = logging.getLogger(__name__)
MOST_ROWS = 1000
MOST_BYTES = 2 * 1024 * 1024

_UNCHANGED = OpenApiResponse(StandingSerializer, description="The same again: nothing was changed.")
_CHANGED = OpenApiResponse(description="The reference is stored with another content.")
_NOT_YOURS = OpenApiResponse(description="You have sent no directive with this reference.")


class SourceDoor(APIView):
    """Only sources come in here."""

    authentication_classes = [SourceAuthentication]
    permission_classes = [IsSource]


class DirectivesView(SourceDoor):
    @extend_schema(
        operation_id="send_directive",
        summary="Send one directive",
        request=serializers.DirectiveSerializer,
        responses={201: StandingSerializer, 200: _UNCHANGED, 409: _CHANGED},
        examples=DIRECTIVES,
    )
    def post(self, request: Request) -> Response:
        """What is answered with 201 or 200 is stored. Anything else was not, and may be sent again."""
        source = source_of(request)
        try:
            receipt = _receive(request.data, source)
        except serializers.BadDirective as bad:
            _record(source, "bad directive", fields=_known(bad.faults))
            raise problems.bad_directive(bad.faults) from None
        except ChangedError:
            _record(source, "changed directive")
            raise problems.changed_directive() from None
        transaction.on_commit(tasks.hints.send)
        told = standing(receipt, just_opened=receipt.answer is Answer.ACCEPTED)
        return Response(told, status=_status(receipt))


class BatchView(SourceDoor):
    body_limit = MOST_BYTES

    @extend_schema(
        operation_id="send_directives",
        summary="Send 1 to 1,000 directives",
        request=serializers.DirectiveSerializer(many=True),
        responses={200: BatchSerializer},
        examples=DIRECTIVES,
    )
    def post(self, request: Request) -> Response:
        """Each row stands alone, in a transaction of its own: a bad one never harms the others."""
        source = source_of(request)
        rows = request.data
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
            raise ValidationError(_("An array of 1 to %(most)d directives.") % {"most": MOST_ROWS})
        results = [_answer(index, row, source) for index, row in enumerate(rows)]
        counts = Counter(str(result["answer"]) for result in results)
        if refused := [result["index"] for result in results if result["answer"] == "refused"]:
            _record(source, "bad rows", rows=len(rows), refused=len(refused), first=refused[:20])
        transaction.on_commit(tasks.hints.send)
        answers = {answer: counts[answer] for answer in (*Answer, "refused")}
        return Response({"summary": {"received": len(rows), **answers}, "results": results})

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """A directive may be called `batch`."""
        return _standing_of("batch", source_of(request))


class DirectiveView(SourceDoor):
    @extend_schema(
        operation_id="read_directive",
        summary="How a directive stands",
        responses={200: StandingSerializer, 404: _NOT_YOURS},
    )
    def get(self, request: Request, reference: str) -> Response:
        """Only your own. `newest` is where the effort stands now: a case may have been followed by others."""
        return _standing_of(reference, source_of(request))


def _receive(row: Any, source: Source) -> Receipt:
    return intake.receive(serializers.read(row), source=source, now=clock.now())


def _standing_of(reference: str, source: Source) -> Response:
    if not is_reference(reference):
        raise NotFound
    known = Directive.objects.filter(source=source, reference=reference)
    directive = known.select_related("case__previous").first()
    if directive is None:
        raise NotFound
    return Response(standing(Receipt(directive, Answer(directive.answer))))


def _answer(index: int, row: Any, source: Source) -> dict[str, Any]:
    """One row of a batch, answered whatever happens to it."""
    answer: dict[str, Any] = {
        "index": index,
        "reference": _reference(row),
        "case": None,
        "notes": [],
        "errors": [],
    }
    try:
        receipt = _receive(row, source)
    except serializers.BadDirective as bad:
        problem = problems.bad_directive(bad.faults)
        faults = [fault.as_json() for fault in bad.faults]
        return {**answer, **_refusal(problem.status_code, str(problem.detail)), "errors": faults}
    except ChangedError:
        problem = problems.changed_directive()
        return {**answer, **_refusal(problem.status_code, str(problem.detail))}
    except Exception:  # one row must not take the others' answers away
        logger.exception("row %d of a batch of %s could not be taken in", index, source.code)
        return {**answer, **_refusal(500, _("Not stored: the fault is ours. Send it again."))}
    return {
        **answer,
        "status": _status(receipt),
        "answer": receipt.answer.value,
        "case": receipt.directive.case.number,
        "notes": [notes.said(note) for note in receipt.directive.notes],
        "detail": None,
    }


def _refusal(status: int, detail: str) -> dict[str, Any]:
    return {"status": int(status), "answer": "refused", "detail": detail}


def _reference(row: Any) -> str | None:
    given = row.get("reference") if isinstance(row, dict) else None
    return str(given) if isinstance(given, (str, int)) and is_reference(str(given)) else None


def _status(receipt: Receipt) -> int:
    return HTTPStatus.OK if receipt.answer is Answer.UNCHANGED else HTTPStatus.CREATED


def _known(faults: Iterable[FieldFault]) -> list[str]:
    """The fields at fault that we have names for; what a source calls its own fields is not recorded."""
    ours = serializers.DirectiveSerializer._declared_fields
    return sorted({name for fault in faults if (name := fault.field.partition(".")[0]) in ours})


def _record(source: Source, why: str, **detail: Any) -> None:
    record.write("refused", now=clock.now(), agent=f"source:{source.code}", why=why, **detail)
