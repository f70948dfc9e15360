"""The line in the admin: trunks and desks to set, calls and texts to look at. Numbers are shown masked."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from telephony import clock, lines, numbers
from telephony.models import Call, Desk, Leg, Link, Text, Trunk

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _ModelForm = forms.ModelForm[Any]
else:  # only the stubs' classes have parameters
    _ModelAdmin = admin.ModelAdmin
    _ModelForm = forms.ModelForm


class LookedAt(_ModelAdmin):
    """Nothing is added or deleted here; what may be changed is said by each."""

    list_per_page = 50
    show_full_result_count = False  # counting millions of calls for each page

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NumberShown(LookedAt):
    """A row about somebody's number, of which only the mask is shown."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """All of them, even where a subclass lets more people in."""
        return list(flatten(self.fields or ()))

    @admin.display(description=_("number"))
    def masked(self, row: Call | Text) -> str:
        return numbers.mask(row.number)


class TrunkForm(_ModelForm):
    """A trunk as it is set: wide enough for what it is to carry."""

    def clean(self) -> dict[str, Any]:
        """Raises no error by itself: what is wrong stands beside its field."""
        said = super().clean() or {}
        if not self.errors:
            given = {name: said.get(name, getattr(self.instance, name)) for name in ("concurrent", "carries")}
            if lines.is_too_narrow(Trunk(carrier=self.instance.carrier, **given)):
                self.add_error(
                    "concurrent", _("At least 2: this carrier rings the operator over a line as well.")
                )
        return said


@admin.register(Trunk)
class TrunkAdmin(LookedAt):
    form = TrunkForm
    list_display = [
        "name",
        "carrier",
        "carries",
        "priority",
        "concurrent",
        "per_second",
        "enabled",
        "faults",
        "rests_until",
    ]
    fields = [
        "name", "carrier", "carries", "priority", "concurrent", "per_second", "callers", "enabled", "faults",
        "rests_until", "trust",
    ]  # fmt: skip
    readonly_fields = ["name", "carrier", "faults", "rests_until", "trust"]

    def save_model(self, request: HttpRequest, obj: Trunk, form: Any, change: bool) -> None:
        """Only what was changed: the bucket of tokens in the same row moves every second."""
        obj.save(update_fields=form.changed_data)


@admin.register(Desk)
class DeskAdmin(LookedAt):
    """Every desk of the house. What state one is in is its own affair: here only what it is."""

    list_display = ["name", "state", "since", "reason", "mode", "tags", "lease_until"]
    list_filter = ["state", "mode"]
    ordering = ["name"]
    fields = ["name", "address", "mode", "tags", "wrap", "state", "since", "reason", "lease_until"]
    readonly_fields = ["state", "since", "reason", "lease_until"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def save_model(self, request: HttpRequest, obj: Desk, form: Any, change: bool) -> None:
        """Only what was changed: the state in the same row moves with its calls."""
        if change:
            obj.save(update_fields=form.changed_data)
            return
        obj.since = clock.now()
        obj.save()


@admin.register(Call)
class CallAdmin(NumberShown):
    list_display = [
        "id", "masked", "kind", "status", "result", "unknown", "trunk", "desk", "dialled_at", "ended_at",
    ]  # fmt: skip
    list_filter = ["status", "result", ("unknown", admin.EmptyFieldListFilter), "kind", "trunk"]
    list_select_related = ["trunk", "desk"]
    ordering = ["-id"]
    fields = [
        "key",
        "masked",
        "kind",
        "mode",
        "tag",
        "status",
        "result",
        "unknown",
        "pressed",
        "needs",
        "trunk",
        "desk",
        "booked_for",
        "until",
        "due_at",
        "dialled_at",
        "answered_at",
        "ended_at",
        "placed_at",
        "external_id",
        "evidence",
    ]


@admin.register(Leg)
class LegAdmin(LookedAt):
    """Who of ours was rung into calls. Nothing is changed here."""

    list_display = ["id", "call", "desk", "role", "way", "state", "result", "begun_at", "ended_at"]
    list_filter = ["state", "role"]
    list_select_related = ["desk"]
    ordering = ["-id"]

    fields = [
        "key", "call_id", "desk", "role", "way", "state", "result", "begun_at", "dialled_at", "placed_at",
        "answered_at", "ended_at", "evidence",
    ]  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("call"))
    def call(self, row: Leg) -> int:
        """By its number in the list: its telephone number stays sealed."""
        return row.call_id


@admin.register(Link)
class LinkAdmin(LookedAt):
    """The links sent to people: neither secret nor number. Nothing is changed here."""

    list_display = ["id", "state", "written_at", "opened_at", "expires_at", "ended_at"]
    list_filter = ["state"]
    ordering = ["-id"]
    fields = ["call_id", "text_id", "state", "written_at", "expires_at", "opened_at", "ended_at"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Text)
class TextAdmin(NumberShown):
    list_display = ["id", "masked", "state", "tries", "sent_at", "delivered_at"]
    list_filter = ["state"]
    ordering = ["-id"]
    fields = [
        "key", "masked", "body", "state", "tries", "trunk", "due_at", "sent_at", "delivered_at",
        "external_id", "evidence",
    ]  # fmt: skip
