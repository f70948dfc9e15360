"""The record is append-only: the database itself refuses to change or delete a line of it."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

POSTGRESQL = """
CREATE FUNCTION dispatch_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'dispatch_event is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER dispatch_event_append_only BEFORE UPDATE OR DELETE ON dispatch_event
  FOR EACH ROW EXECUTE FUNCTION dispatch_event_refuse();
"""
POSTGRESQL_BACK = """
DROP TRIGGER dispatch_event_append_only ON dispatch_event;
DROP FUNCTION dispatch_event_refuse();
"""
SQLITE = [
    f"""
    CREATE TRIGGER dispatch_event_append_only_{act.lower()} BEFORE {act} ON dispatch_event
    BEGIN SELECT RAISE(ABORT, 'dispatch_event is append-only'); END
    """
    for act in ("UPDATE", "DELETE")
]
SQLITE_BACK = [f"DROP TRIGGER dispatch_event_append_only_{act}" for act in ("update", "delete")]


def guard(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    statements = [POSTGRESQL] if editor.connection.vendor == "postgresql" else SQLITE
    for statement in statements:
        editor.execute(statement)


def unguard(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    statements = [POSTGRESQL_BACK] if editor.connection.vendor == "postgresql" else SQLITE_BACK
    for statement in statements:
        editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
