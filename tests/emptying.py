"""The database after a test that commits: only the tables that hold rows are emptied.

Django truncates every table, and PostgreSQL makes the files of each and of each of its indexes anew: that costs more
than most tests do. What a migration leaves (content types and permissions) stays, as Django would write it again.
"""

from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = ("auth_permission", "django_content_type")


def instead_of_truncating() -> None:
    """From now on, in this process."""
    TransactionTestCase._fixture_teardown = lambda self: empty()  # type: ignore[attr-defined]


def empty() -> None:
    """Delete every row, in any order: without the triggers that refuse it. Needs a superuser, as the tests' own is."""
    tables = [t for t in connection.introspection.django_table_names(only_existing=True) if t not in KEPT]
    look = " UNION ALL ".join(f"SELECT '{t}' WHERE EXISTS (SELECT FROM {t})" for t in tables)  # noqa: S608
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(look)
        filled = [table for (table,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in filled:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
