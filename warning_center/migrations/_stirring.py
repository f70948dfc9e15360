"""The database notes each case whose rows change, in the transaction that changes them: see decision 12.

On PostgreSQL a statement leaves a note a case, however many rows it wrote; on SQLite each row leaves one. A mark
given to a script is a line of the record, and lets its case be counted anew.
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BY_CASE = ("dispatch_attempt", "dispatch_order", "dispatch_sum", "warning_center_directive")
NAMED = {**dict.fromkeys(BY_CASE, "case_id"), "dispatch_case": "id"}

# Rows that belong to no case of their own: (table, columns that matter, the cases they matter to).
ASIDE = (
    ("dispatch_target", ("birth_year", "sex", "occupation"), "SELECT id FROM dispatch_case WHERE target_id = NEW.id"),
    ("dispatch_unit", ("path",), "SELECT id FROM dispatch_case WHERE unit_id = NEW.id"),
    ("telephony_call", ("answered_at", "ended_at"), "SELECT case_id FROM dispatch_attempt WHERE call_id = NEW.id"),
)

MARKED = "NEW.verb = 'script_marked' AND NEW.case_id IS NOT NULL"


def postgresql() -> list[str]:
    made = [
        """
        CREATE FUNCTION warning_center_stir_by_mark() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO warning_center_stirred (case_id) VALUES (NEW.case_id);
            RETURN NULL;
        END $$
        """,
        f"""
        CREATE TRIGGER warning_center_stirred_by_mark AFTER INSERT ON dispatch_event
        FOR EACH ROW WHEN ({MARKED}) EXECUTE FUNCTION warning_center_stir_by_mark()
        """,
    ]
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
        CREATE TRIGGER dispatch_event_stirs_by_mark AFTER INSERT ON dispatch_event WHEN {MARKED}
        BEGIN INSERT INTO warning_center_stirred (case_id) VALUES (NEW.case_id); END
        """  # noqa: S608  our own names
    ]
    made += [
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
    tables = (*NAMED, *(table for table, _columns, _cases in ASIDE), "dispatch_event")
    if schema_editor.connection.vendor == "sqlite":
        for table in tables:
            for event in ("insert", "update", "mark"):
                schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_stirs_by_{event}", params=None)
        return
    for table in tables:
        for event in ("insert", "update", "mark"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS warning_center_stirred_by_{event} ON {table}", params=None)
    for name in ("mark", "case_id", "id", *(table for table, _columns, _cases in ASIDE)):
        schema_editor.execute(f"DROP FUNCTION warning_center_stir_by_{name}()", params=None)
