"""A mark given to a script is a line of the record, and lets its case be counted anew: see 0004."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POSTGRESQL = (
    """
    CREATE FUNCTION warning_center_stir_by_mark() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO warning_center_stirred (case_id) VALUES (NEW.case_id);
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER warning_center_stirred_by_mark AFTER INSERT ON dispatch_event
    FOR EACH ROW WHEN (NEW.verb = 'script_marked' AND NEW.case_id IS NOT NULL)
    EXECUTE FUNCTION warning_center_stir_by_mark()
    """,
)
SQLITE = (
    """
    CREATE TRIGGER dispatch_event_stirs_by_mark AFTER INSERT ON dispatch_event
    WHEN NEW.verb = 'script_marked' AND NEW.case_id IS NOT NULL
    BEGIN INSERT INTO warning_center_stirred (case_id) VALUES (NEW.case_id); END
    """,
)


def put_on(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in {"postgresql": POSTGRESQL, "sqlite": SQLITE}[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def take_off(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS dispatch_event_stirs_by_mark", params=None)
        return
    schema_editor.execute("DROP TRIGGER IF EXISTS warning_center_stirred_by_mark ON dispatch_event", params=None)
    schema_editor.execute("DROP FUNCTION warning_center_stir_by_mark()", params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0011_scripts"),
        ("warning_center", "0007_screens"),
    ]

    operations = [migrations.RunPython(put_on, take_off)]
