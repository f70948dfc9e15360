"""The database notes each case whose rows change, in the transaction that changes them: see decision 12.

On PostgreSQL a statement leaves a note a case, however many rows it wrote; on SQLite each row leaves one. Without
the cases there were before: `manage.py recount` counts those once.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BY_CASE = ("dispatch_attempt", "dispatch_order", "dispatch_sum", "warning_center_directive")
NAMED = {**dict.fromkeys(BY_CASE, "case_id"), "dispatch_case": "id"}

# Rows that belong to no case of their own: (table, columns that matter, the cases they matter to).
ASIDE = (
    ("dispatch_target", ("birth_year", "sex", "occupation"), "SELECT id FROM dispatch_case WHERE target_id = NEW.id"),
    ("dispatch_unit", ("path",), "SELECT id FROM dispatch_case WHERE unit_id = NEW.id"),
    ("telephony_call", ("answered_at", "ended_at"), "SELECT case_id FROM dispatch_attempt WHERE call_id = NEW.id"),
)


def postgresql() -> list[str]:
    made = []
    for column in ("case_id", "id"):
        made.append(f"""
            CREATE FUNCTION warning_center_stir_by_{column}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO warning_center_stirred (case_id)
                SELECT DISTINCT {column} FROM fresh WHERE {column} IS NOT NULL;
                RETURN NULL;
            END $$
        """)  # noqa: S608  our own names
    for table, column in NAMED.items():
        for event in ("INSERT", "UPDATE"):
            made.append(f"""
                CREATE TRIGGER warning_center_stirred_by_{event.lower()} AFTER {event} ON {table}
                REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
                EXECUTE FUNCTION warning_center_stir_by_{column}()
            """)
    for table, columns, cases in ASIDE:
        changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
        made += [
            f"""
            CREATE FUNCTION warning_center_stir_by_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO warning_center_stirred (case_id) {cases};
                RETURN NULL;
            END $$
            """,
            f"""
            CREATE TRIGGER warning_center_stirred_by_update AFTER UPDATE ON {table}
            FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION warning_center_stir_by_{table}()
            """,
        ]
    return made


def sqlite() -> list[str]:
    made = [
        f"""
        CREATE TRIGGER {table}_stirs_by_{event.lower()} AFTER {event} ON {table}
        BEGIN INSERT INTO warning_center_stirred (case_id) SELECT NEW.{column}; END
        """
        for table, column in NAMED.items()
        for event in ("INSERT", "UPDATE")
    ]
    for table, columns, cases in ASIDE:
        changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in columns)
        made.append(f"""
            CREATE TRIGGER {table}_stirs_by_update AFTER UPDATE ON {table} WHEN {changed}
            BEGIN INSERT INTO warning_center_stirred (case_id) {cases}; END
        """)
    return made


def put_on(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in {"postgresql": postgresql, "sqlite": sqlite}[schema_editor.connection.vendor]():
        schema_editor.execute(statement, params=None)


def take_off(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in (*NAMED, *(table for table, _columns, _cases in ASIDE)):
        for event in ("insert", "update"):
            if schema_editor.connection.vendor == "sqlite":
                schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_stirs_by_{event}", params=None)
            else:
                schema_editor.execute(f"DROP TRIGGER IF EXISTS warning_center_stirred_by_{event} ON {table}", params=None)
    if schema_editor.connection.vendor != "sqlite":
        for name in ("case_id", "id", *(table for table, _columns, _cases in ASIDE)):
            schema_editor.execute(f"DROP FUNCTION warning_center_stir_by_{name}()", params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0008_operators"),
        ("telephony", "0004_desks"),
        ("warning_center", "0003_rollups"),
    ]

    operations = [migrations.RunPython(put_on, take_off)]
