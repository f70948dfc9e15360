"""Calls and desks belong to parts of the centre."""

from typing import Any, ClassVar

from django.db import migrations, models


def _area(model: str, **given: Any) -> migrations.SeparateDatabaseAndState:
    """Django would remake the table on SQLite, and triggers name it."""
    field = models.CharField(blank=True, db_default="", default="", max_length=128, **given)
    table = f"telephony_{model}"
    return migrations.SeparateDatabaseAndState(
        state_operations=[migrations.AddField(model, "area", field)],
        database_operations=[
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD COLUMN area varchar(128) NOT NULL DEFAULT ''",
                f"ALTER TABLE {table} DROP COLUMN area",
            )
        ],
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("telephony", "0004_legs_in_the_ledger")]
    operations: ClassVar = [_area("call"), _area("desk", editable=False)]
