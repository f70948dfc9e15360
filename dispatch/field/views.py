"""What officers read: their unit's visits and checks, one of them, and the form they fill in at the door."""

from collections.abc import Collection
from typing import Any

from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch import doorstep, record
from dispatch.field import given, reading, serializers
from dispatch.field.doors import NOT_YOURS, FieldDoor
from dispatch.field.permissions import may_open, user_of
from dispatch.models.choices import name
from dispatch.vocabulary import Disposition, Result, Tier
from dispatch.workflow import colleagues
from telephony import clock


class VisitsView(FieldDoor):
    @extend_schema(
        operation_id="list_visits",
        summary="My unit's visits and checks, the riskiest first",
        parameters=[
            OpenApiParameter(
                "limit", {"type": "integer", "minimum": 1}, description="At most 500, by default 100."
            ),
            OpenApiParameter("offset", {"type": "integer", "minimum": 0}),
        ],
        responses={200: serializers.VisitSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """Visits sent and checks due, within your unit and below it, and what was taken from you unseen. Persons are
        masked: open one to see it."""
        user = user_of(request)
        shown: Any = reading.page_of(reading.at_work(user), request, self)
        return Response(serializers.VisitSerializer(shown, many=True, context={"user": user}).data)


class VisitView(FieldDoor):
    @extend_schema(
        operation_id="read_visit",
        summary="One visit or check",
        responses={200: serializers.VisitSerializer, 404: NOT_YOURS},
    )
    def get(self, request: Request, visit: int) -> Response:
        """Opens the person's data to the unit that goes there, as long as it goes there; the record says so."""
        user = user_of(request)
        attempt = reading.own_whole(visit, user)
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


class ColleaguesView(FieldDoor):
    @extend_schema(
        operation_id="list_colleagues",
        summary="Who may go instead",
        responses={200: serializers.ColleaguesSerializer},
    )
    def get(self, request: Request) -> Response:
        """Your unit's officers on duty now; and for supervisors the units below theirs that are."""
        user, now = user_of(request), clock.now()
        told = {
            "officers": [one for one in colleagues.on_duty(reading.unit_of(user), now) if one != user],
            "units": colleagues.units_on_duty(user, now),
        }
        return Response(serializers.ColleaguesSerializer(told).data)


class FormView(FieldDoor):
    @extend_schema(
        operation_id="read_form",
        summary="What is asked at the door",
        responses={200: serializers.FormSerializer},
    )
    def get(self, request: Request) -> Response:
        """四查看三询问一保护, the results and the dispositions, in your language; and who you are."""
        form, language = doorstep.form(), get_language() or ""
        told: dict[str, Any] = {
            "source": form.source,
            "questions": [
                {"code": q.code, "part": q.part.value, "text": q.text(language), "ours": q.ours}
                for q in form.questions
            ],
            "results": _words(Result, given.RESULTS[Tier.VISIT]),
            "checks": _words(Result, given.RESULTS[Tier.FOLLOW_UP]),
            "dispositions": _words(Disposition, list(Disposition)),
            "banks": [{"name": bank.name, "text": bank.text(language)} for bank in form.banks],
            "officer": user_of(request),
        }
        return Response(serializers.FormSerializer(told).data)


def _words(kind: type[Result] | type[Disposition], codes: Collection[str]) -> list[dict[str, str]]:
    return [{"code": word.value, "text": name(word)} for word in kind if word in codes]
