"""What notes say is sealed, in lines that are there already too; a user who has a seat cannot be deleted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from telephony.sealing import seal, unseal

AT_A_TIME = 500
TAKE_OFF = {
    "postgresql": "ALTER TABLE dispatch_event DISABLE TRIGGER dispatch_event_is_append_only",
    "sqlite": "DROP TRIGGER dispatch_event_is_never_changed",
}
PUT_ON = {
    "postgresql": "ALTER TABLE dispatch_event ENABLE TRIGGER dispatch_event_is_append_only",
    "sqlite": """
        CREATE TRIGGER dispatch_event_is_never_changed BEFORE UPDATE ON dispatch_event
        BEGIN SELECT RAISE(ABORT, 'dispatch_event is append-only: UPDATE refused'); END
        """,
}


def seal_notes(apps, schema_editor):
    _rewrite(apps, schema_editor, "text", "sealed", seal)


def open_notes(apps, schema_editor):
    _rewrite(apps, schema_editor, "sealed", "text", unseal)


def _rewrite(apps, schema_editor, before, after, turn):
    """The record is append-only: its trigger stands aside for this alone, in the migration's own transaction."""
    lines = apps.get_model("dispatch", "Event")._base_manager.using(schema_editor.connection.alias)
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.connection.check_constraints()  # what waits for the commit would bar ALTER TABLE
    schema_editor.execute(TAKE_OFF[vendor], params=None)
    last = 0
    while notes := list(lines.filter(verb="noted", pk__gt=last).order_by("pk")[:AT_A_TIME]):
        for note in notes:
            last = note.pk
            if note.detail.get(before):
                detail = {**note.detail, after: turn(note.detail[before])}
                del detail[before]
                lines.filter(pk=note.pk).update(detail=detail)
    if vendor == "postgresql":
        schema_editor.connection.check_constraints()
    schema_editor.execute(PUT_ON[vendor], params=None)


class Migration(migrations.Migration):

    dependencies = [
        ("dispatch", "0004_proposals"),
    ]

    operations = [
        migrations.AlterField(
            model_name="operator",
            name="user",
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="operator", to=settings.AUTH_USER_MODEL, verbose_name="user"),
        ),
        migrations.RunPython(seal_notes, open_notes),
    ]
