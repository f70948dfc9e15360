"""The officers' writes, one door each: the way to the door, what was met there, and what else there is to say."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view

from dispatch import nearness
from dispatch.field import given, serializers
from dispatch.field.doors import KEY, SPOKEN
from dispatch.field.writing import Given, StepDoor
from dispatch.models import Attempt, User
from dispatch.vocabulary import Disposition, Result
from dispatch.workflow import colleagues, news, orders, visits, words
from dispatch.workflow.refusal import NotAllowedError

Act = Callable[[datetime], object]


def described(operation: str, summary: str, about: str) -> Callable[[type[StepDoor]], type[StepDoor]]:
    """A write's place in the API's description."""

    def describe(door: type[StepDoor]) -> type[StepDoor]:
        schema: Any = extend_schema(
            operation_id=operation,
            summary=summary,
            description=about,
            parameters=[KEY],
            request=door.takes,
            responses={200: door.shows, **SPOKEN},
        )
        return extend_schema_view(post=schema)(door)

    return describe


@described("acknowledge_visit", "We take it", "The unit has read it and goes.")
class AcknowledgeView(StepDoor):
    step = "acknowledge"

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Act:
        return lambda at: words.acknowledge(attempt_id=attempt.pk, now=now, by=by, when=at)


@described("set_out_for_visit", "We are on the way", "No promise hangs on it; whoever waits can see it.")
class SetOutView(StepDoor):
    step = "set_out"

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Act:
        return lambda at: words.set_out(attempt_id=attempt.pk, now=now, by=by, when=at)


@described(
    "arrive_at_visit",
    "We are at the door",
    "Of the device's position only the distance to the known place is kept. Farther than `tolerance_metres` from it, "
    "and no `why`: 409 `far-away`.",
)
class ArriveView(StepDoor):
    step, takes, typed = "arrive", given.ArrivalSerializer, ("why",)

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Act:
        place = nearness.Place(said["lat"], said["lon"]) if {"lat", "lon"} <= said.keys() else None
        return lambda at: words.arrive(
            attempt_id=attempt.pk, now=now, by=by, at=place, when=at,
            accuracy=said.get("accuracy", 0), why=said.get("why", ""),
        )  # fmt: skip


@described("identify_person", "It is the person", "Their identity was checked, by their card.")
class IdentifyView(StepDoor):
    step = "identify"

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Act:
        return lambda at: words.identify(attempt_id=attempt.pk, now=now, by=by, when=at)


@described(
    "report_visit",
    "What we met",
    "A report is never lost: after the end it is kept on record, and a disposition is heard all the same.",
)
class ReportView(StepDoor):
    step, takes, typed = "report", given.ReportSerializer, ("note",)
    shows = serializers.ReportedSerializer
    otherwise = ("disposition", "result")

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Act:
        evidence = said.get("evidence")
        if "disposition" in said:
            word = Disposition(said["disposition"])
            return lambda at: words.judge(
                attempt_id=attempt.pk, disposition=word, now=now, by=by, evidence=evidence, when=at
            )
        met = Result(said["result"])
        return lambda at: words.record_result(
            attempt_id=attempt.pk, result=met, now=now, by=by, evidence=evidence, when=at
        )


@described(
    "answer_doorstep", "The form at the door", "四查看三询问一保护; of two answers the later one counts."
)
class DoorstepView(StepDoor):
    step, takes = "doorstep", given.AnswersSerializer

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Act:
        return lambda at: visits.answer(
            attempt_id=attempt.pk, answers=said["answers"], by=by, now=now, when=at
        )


@described(
    "met_somebody", "Somebody else was there", "Who may reach the person; never counts as reaching them."
)
class PeopleView(StepDoor):
    step, takes, otherwise = "people", given.MetSerializer, ("relation", "name", "phone")

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Act:
        return lambda at: visits.met_somebody(
            attempt_id=attempt.pk, by=by, now=now,
            relation=said["relation"], name=said.get("name", ""), number=said.get("phone", ""),
        )  # fmt: skip


@described(
    "draft_order", "Stop the payment", "Drafts the order, or completes the drafted one. The desk sends it."
)
class OrderView(StepDoor):
    step, takes, otherwise = "order", given.DraftSerializer, ("account", "bank", "holder", "amount")

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Act:
        account = orders.Account(said.get("bank", ""), said["account"], said.get("holder", ""))
        return lambda at: orders.draft_at_the_door(
            case_id=attempt.case_id, now=now, by=by, account=account, amount=said.get("amount"), when=at
        )


@described("note_on_visit", "A note", "In the officer's own words; also after the end.")
class NoteView(StepDoor):
    step, takes, typed = "note", given.NoteSerializer, ("text",)

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Act:
        return lambda at: None  # what was typed is kept with every write


@described("hand_back_visit", "We cannot go", "The next unit is sent at once.")
class HandBackView(StepDoor):
    step, takes, typed = "hand_back", given.ReasonSerializer, ("why",)

    def is_exact(self, said: Given) -> bool:
        return True

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Act:
        return lambda at: visits.hand_back(attempt_id=attempt.pk, by=by, now=now, when=at)


@described("reinforce_visit", "More officers, please", "The units above see it too.")
class ReinforceView(StepDoor):
    step, takes, typed = "reinforce", given.ReasonSerializer, ("why",)

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Act:
        return lambda at: visits.reinforce(attempt_id=attempt.pk, by=by, now=now)


@described(
    "reassign_visit",
    "Somebody else goes",
    "A colleague of the unit that goes (see colleagues); or, by a supervisor, a unit below their own.",
)
class ReassignView(StepDoor):
    step, takes, typed = "reassign", given.ReassignSerializer, ("why",)

    def is_exact(self, said: Given) -> bool:
        return "unit" in said

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Act:
        if "officer" in said:
            return lambda at: colleagues.give(
                attempt_id=attempt.pk, officer_id=said["officer"], by=by, now=now, when=at
            )
        return lambda at: visits.reassign(attempt_id=attempt.pk, unit_id=said["unit"], by=by, now=now)


@described("seen", "We have seen it", "That the visit is off, the case was raised, the call got through.")
class SeenView(StepDoor):
    step, takes = "seen", given.SeenSerializer

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Act:
        theirs = set(attempt.news.filter(pk__in=said["news"]).values_list("pk", flat=True))

        def see(at: datetime) -> None:
            if theirs != set(said["news"]):
                raise NotAllowedError("this visit has no such news")
            for one in sorted(theirs):
                news.seen(news_id=one, by=by, now=now)

        return see
