"""The tables of a throw-away database."""

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections

from dispatch.migrations import _append_only
from warning_center.migrations import _stirring


def make(using: str = DEFAULT_DB_ALIAS) -> None:
    """SQLite's are made as the models are, in a tenth of the time that the way through all migrations takes.

    A PostgreSQL, which somebody may look at afterwards, is migrated as ever.
    """
    if connections[using].vendor != "sqlite":
        call_command("migrate", database=using, verbosity=0)
        return
    usual = settings.MIGRATION_MODULES
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    try:
        call_command("migrate", database=using, run_syncdb=True, verbosity=0)
    finally:
        settings.MIGRATION_MODULES = usual
    with connections[using].schema_editor() as editor:
        _append_only.put_on(apps, editor)
        _stirring.put_on(apps, editor)
