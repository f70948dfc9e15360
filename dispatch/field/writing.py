"""One write about a visit, from the request to the answer: whose it is, once a key, and how the visit stands then."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch.field import given, reading, serializers
from dispatch.field.doors import FarAway, FieldDoor, KeyUsed, NotNow, checked, key_of
from dispatch.field.permissions import user_of
from dispatch.models import Attempt, User
from dispatch.workflow import writes
from dispatch.workflow.doors import FarAwayError
from dispatch.workflow.refusal import told_again
from telephony import clock, sealing

Given = dict[str, Any]


class StepDoor(FieldDoor):
    """A door for one kind of write. `typed` names fields in the officer's own words, kept with the visit whatever
    comes of it; `otherwise` those that are kept there only if the write is refused."""

    step: ClassVar[str] = ""
    takes: ClassVar[type[given.StepSerializer]] = given.StepSerializer
    shows: ClassVar[type[serializers.VisitSerializer]] = serializers.VisitSerializer
    typed: ClassVar[tuple[str, ...]] = ()
    otherwise: ClassVar[tuple[str, ...]] = ()

    def act(self, attempt: Attempt, said: Given, by: User, now: datetime) -> Callable[[datetime], object]:
        """What the write does, once it is given the moment it was so."""
        raise NotImplementedError

    def is_exact(self, said: Given) -> bool:
        """Whether the write only makes sense if nothing has turned since what they saw."""
        return False

    def post(self, request: Request, visit: int) -> Response:
        return self.write(request, visit, request.data)

    def write(self, request: Request, visit: int, data: Any, more: str = "") -> Response:
        """Take it and answer. `more` stands for what came beside the data."""
        user, key = user_of(request), ""
        attempt = reading.own(visit, user)
        key = key_of(request)
        said = checked(self.takes(data=data, context={"tier": attempt.tier}))
        writing = writes.Writing(
            key=key,
            step=self.step,
            digest=sealing.index("written", given.digest_of(self.step, said) + more),
            saw=said["version"],
            said_at=said.get("at"),
            sent_at=said.get("sent_at"),
            typed=_words(said, self.typed),
            otherwise=_words(said, self.otherwise),
            exact=self.is_exact(said),
        )
        now = clock.now()
        act = self.act(attempt, said, user, now)
        try:
            written = writes.take(attempt_id=attempt.pk, by=user, writing=writing, act=act, now=now)
        except writes.KeyUsedError:
            raise KeyUsed(_("This key was sent before with something else.")) from None
        except FarAwayError as far:
            raise FarAway(far.in_words(), visit=shown(attempt.pk, user)) from None
        if written.status != writes.TAKEN:
            raise NotNow(told_again(written.refusal, written.words), visit=shown(attempt.pk, user))
        context = {"user": user, "result": said.get("result")}
        return Response(self.shows(reading.own_whole(attempt.pk, user), context=context).data)


def shown(visit: int, user: User) -> dict[str, Any]:
    """How the visit stands, masked."""
    return dict(serializers.VisitSerializer(reading.own_whole(visit, user), context={"user": user}).data)


def _words(said: Given, names: tuple[str, ...]) -> str:
    return " ".join(str(said[name]) for name in names if said.get(name))
