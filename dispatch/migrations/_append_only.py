"""The database itself refuses to change or delete a line of the record (a new row is always welcome)."""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PUT_ON = {
    "postgresql": [
        """
        CREATE FUNCTION dispatch_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'dispatch_event is append-only: % refused', TG_OP
                USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """,
        """
        CREATE TRIGGER dispatch_event_is_append_only BEFORE UPDATE OR DELETE ON dispatch_event
            FOR EACH ROW EXECUTE FUNCTION dispatch_event_is_append_only()
        """,
    ],
    "sqlite": [
        """
        CREATE TRIGGER dispatch_event_is_never_changed BEFORE UPDATE ON dispatch_event
        BEGIN SELECT RAISE(ABORT, 'dispatch_event is append-only: UPDATE refused'); END
        """,
        """
        CREATE TRIGGER dispatch_event_is_never_deleted BEFORE DELETE ON dispatch_event
        BEGIN SELECT RAISE(ABORT, 'dispatch_event is append-only: DELETE refused'); END
        """,
    ],
}
TAKE_OFF = {
    "postgresql": [
        "DROP TRIGGER dispatch_event_is_append_only ON dispatch_event",
        "DROP FUNCTION dispatch_event_is_append_only()",
    ],
    "sqlite": [
        "DROP TRIGGER dispatch_event_is_never_changed",
        "DROP TRIGGER dispatch_event_is_never_deleted",
    ],
}


def put_on(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in PUT_ON[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)  # no parameters: the percent sign is plpgsql's


def take_off(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in TAKE_OFF[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)
