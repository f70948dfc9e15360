"""Writing many rows in one statement: known ones back, only the columns that may have changed; and new ones."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connections, models, router


def write_back(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Update these columns of rows of one model, by primary key, on whichever of our databases.

    What `bulk_update` and `save` do, at a fraction of their cost (they build an expression for each cell), and of
    an upsert's (which sends every column). No signals, and no `save`.
    """
    if not rows:
        return
    model = type(rows[0])
    using = router.db_for_write(model)
    connection = connections[using]
    columns = _columns(model, tuple(fields))
    cells = [
        column.get_db_prep_save(getattr(row, column.attname), connection)
        for row in rows
        for column in columns
    ]
    with connection.cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(_of_one(model, tuple(fields), using), cells)
        else:
            cursor.execute(_of_many(model, tuple(fields), using, len(rows)), cells)


@lru_cache(maxsize=256)
def _columns(model: type[models.Model], fields: tuple[str, ...]) -> list[Any]:
    """The columns in the order their cells are sent: the key last."""
    return [*map(model._meta.get_field, fields), model._meta.pk]


@lru_cache(maxsize=256)
def _of_one(model: type[models.Model], fields: tuple[str, ...], using: str) -> str:
    quote = connections[using].ops.quote_name
    *names, key = (quote(column.column) for column in _columns(model, fields))
    sets = ", ".join(f"{name} = %s" for name in names)
    return f"UPDATE {quote(model._meta.db_table)} SET {sets} WHERE {key} = %s"  # noqa: S608  our models' names


@lru_cache(maxsize=256)
def _of_many(model: type[models.Model], fields: tuple[str, ...], using: str, many: int) -> str:
    connection = connections[using]
    quote = connection.ops.quote_name
    columns = _columns(model, fields)
    names = [quote(column.column) for column in columns]
    table, key = quote(model._meta.db_table), names[-1]
    place = f"({', '.join(['%s'] * len(columns))})"
    casts = connection.features.requires_casted_case_in_updates  # where VALUES have types of their own
    sets = ", ".join(
        f"{name} = CAST(new.{name} AS {column.db_type(connection)})" if casts else f"{name} = new.{name}"
        for name, column in zip(names[:-1], columns[:-1], strict=True)
    )
    return (
        f"WITH new ({', '.join(names)}) AS (VALUES {', '.join([place] * many)}) "  # noqa: S608  our models' names
        f"UPDATE {table} SET {sets} FROM new WHERE {table}.{key} = new.{key}"
    )


def insert(rows: Sequence[models.Model]) -> None:
    """Write new rows of one model in one statement; each learns its id. No signals, and no `save`."""
    if not rows:
        return
    model = type(rows[0])
    using = router.db_for_write(model)
    connection = connections[using]
    for row in rows:
        # A row they name may have been written since they were made.
        row._prepare_related_fields_for_save("insert")  # type: ignore[attr-defined]
    columns = _new_columns(model)
    cells = [
        column.get_db_prep_save(getattr(row, column.attname), connection)
        for row in rows
        for column in columns
    ]
    with connection.cursor() as cursor:
        cursor.execute(_of_new(model, using, len(rows)), cells)
        written = cursor.fetchall()
    for row, (pk,) in zip(rows, written, strict=True):
        row.pk, row._state.adding, row._state.db = pk, False, using


@lru_cache(maxsize=64)
def _new_columns(model: type[models.Model]) -> list[Any]:
    return [column for column in model._meta.concrete_fields if not column.primary_key]


@lru_cache(maxsize=256)
def _of_new(model: type[models.Model], using: str, many: int) -> str:
    quote = connections[using].ops.quote_name
    columns = _new_columns(model)
    names = ", ".join(quote(column.column) for column in columns)
    places = ", ".join([f"({', '.join(['%s'] * len(columns))})"] * many)
    pk: Any = model._meta.pk
    return (
        f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES {places} "  # noqa: S608  our models' names
        f"RETURNING {quote(pk.column)}"
    )
