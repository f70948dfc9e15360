"""The number a person is shown: the same at each retry, however often the trunk changes."""

from collections.abc import Collection

from telephony.models import Call


def shown_before(call: Call, known: Collection[str]) -> str:
    """The number that this call's number was last shown, if any trunk in use may still show it; else none."""
    earlier = Call.objects.filter(number_index=call.number_index, dialled_at__isnull=False).exclude(caller="")
    shown = earlier.order_by("dialled_at").values_list("caller", flat=True).last()
    return shown if shown and shown in known else ""
