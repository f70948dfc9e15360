"""One line of the append-only record: who, when, what, why. Personal data stand in it sealed or not at all."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.row import Row

SCRIPT_MARKED = "script_marked"  # the verb of a mark: whether a script helped in one attempt

FAULT = "fault"  # the verb of a turn that failed and will be tried again

TIME_UP = ("lapsed", "settled")  # the verbs that tell of a promise whose time was up


class RecordIsAppendOnlyError(TypeError):
    """Somebody tried to change or delete a line of the record. The database refuses it too."""


class EventQuerySet(models.QuerySet["Event"]):
    def update(self, **kwargs: Any) -> int:
        raise RecordIsAppendOnlyError("events are never changed")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise RecordIsAppendOnlyError("events are never deleted")


class Event(Row):
    """`verb` names what happened; `detail` holds codes and numbers that pages put into words."""

    case = models.ForeignKey(
        "dispatch.Case", models.PROTECT, null=True, blank=True, related_name="events", verbose_name=_("case")
    )
    at = models.DateTimeField(_("when"), db_index=True)
    verb = models.CharField(_("what"), max_length=32)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who"),
    )
    agent = models.CharField(_("through"), max_length=64, blank=True)  # a source, or the engine, if no user
    why = models.CharField(_("why"), max_length=200, blank=True)
    detail = models.JSONField(_("detail"), default=dict)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["case", "at"], name="dispatch_event_case"),
            models.Index(
                fields=["case"], condition=models.Q(verb=SCRIPT_MARKED), name="dispatch_event_script_marked"
            ),
            models.Index(
                fields=["at", "id"], condition=models.Q(verb__in=TIME_UP), name="dispatch_event_time_up"
            ),
            # Nearly always empty: the watchdog sees at a glance that it is.
            models.Index(fields=["at"], condition=models.Q(verb=FAULT), name="dispatch_event_fault"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%m-%d %H:%M:%S} {self.verb}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise RecordIsAppendOnlyError("events are never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise RecordIsAppendOnlyError("events are never deleted")
