"""Whether workers take from every queue that something is put into: asked whenever a command starts."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core import checks


@checks.register()
def unread(app_configs: Iterable[Any] | None, **_: Any) -> list[checks.CheckMessage]:
    """A warning for each queue that QUEUES leaves out, as that of an older installation does."""
    filled = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    return [
        checks.Warning(
            f"QUEUES leaves out {name!r}: nobody takes from it what is put there.",
            hint=f"QUEUES={','.join([*settings.QUEUES, name])}, and a worker for it (-Q); or no QUEUES at all.",
            id="warning_center.W001",
        )
        for name in sorted(filled - set(settings.QUEUES))
    ]
