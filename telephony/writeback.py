"""Writing many rows in one statement: known ones back, only the columns that may have changed; and new ones.

What `bulk_update`, `bulk_create` and `save` do, at a fraction of their cost: they build an expression for each cell.
No signals, and no `save`. On PostgreSQL the cells of several rows travel as one JSON document, so that the statement
is the same however many there are: a driver that reads thousands of place-holders spends longer than the database.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper

# What these columns hold goes into JSON as it is; what others hold their field prepares.
_AS_IT_IS = (
    models.BigAutoField, models.BigIntegerField, models.BooleanField, models.CharField, models.DateTimeField,
    models.FloatField, models.ForeignKey, models.IntegerField, models.JSONField, models.OneToOneField,
    models.PositiveIntegerField, models.PositiveSmallIntegerField, models.TextField, models.UUIDField,
)  # fmt: skip


def write_back(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Update these columns of rows of one model, by primary key, on whichever of our databases."""
    if not rows:
        return
    model = type(rows[0])
    using = router.db_for_write(model)
    connection = connections[using]
    columns = _columns(model, tuple(fields))
    with connection.cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(_update_one(model, tuple(fields), using), _cells(rows, columns, connection))
        elif connection.vendor == "postgresql":
            cursor.execute(_update_json(model, tuple(fields), using), [_document(rows, columns, connection)])
        else:
            statement = _update_many(model, tuple(fields), using, len(rows))
            cursor.execute(statement, _cells(rows, columns, connection))


def write_whole(row: models.Model) -> None:
    """Update all columns of a row that has been read whole."""
    write_back([row], [column.name for column in _new_columns(type(row))])


def insert(rows: Sequence[models.Model]) -> None:
    """Write new rows of one model; each learns its id."""
    if not rows:
        return
    model = type(rows[0])
    using = router.db_for_write(model)
    connection = connections[using]
    for row in rows:
        # A row they name may have been written since they were made.
        row._prepare_related_fields_for_save("insert")  # type: ignore[attr-defined]
    columns = _new_columns(model)
    with connection.cursor() as cursor:
        if len(rows) > 1 and connection.vendor == "postgresql":
            cursor.execute(_insert_json(model, using), [_document(rows, columns, connection)])
        else:
            cursor.execute(_insert_many(model, using, len(rows)), _cells(rows, columns, connection))
        written = cursor.fetchall()
    for row, (pk,) in zip(rows, written, strict=True):
        row.pk, row._state.adding, row._state.db = pk, False, using


@lru_cache(maxsize=256)
def _columns(model: type[models.Model], fields: tuple[str, ...]) -> list[Any]:
    """The columns in the order their cells are sent: the key last."""
    return [*map(model._meta.get_field, fields), model._meta.pk]


@lru_cache(maxsize=64)
def _new_columns(model: type[models.Model]) -> list[Any]:
    return [column for column in model._meta.concrete_fields if not column.primary_key]


def _cells(
    rows: Sequence[models.Model], columns: Sequence[Any], connection: BaseDatabaseWrapper
) -> list[Any]:
    return [
        column.get_db_prep_save(getattr(row, column.attname), connection)
        for row in rows
        for column in columns
    ]


def _document(rows: Sequence[models.Model], columns: Sequence[Any], connection: BaseDatabaseWrapper) -> str:
    plain = [(c.column, c.attname) for c in columns if type(c) in _AS_IT_IS]
    others = [c for c in columns if type(c) not in _AS_IT_IS]
    told = []
    for row in rows:
        cells = {name: getattr(row, attname) for name, attname in plain}
        for column in others:
            cells[column.column] = column.get_db_prep_save(getattr(row, column.attname), connection)
        told.append(cells)
    return json.dumps(told, default=str, ensure_ascii=False)


# The statements. Only our models' names stand in them.


def _quoted(columns: Sequence[Any], using: str) -> list[str]:
    return [connections[using].ops.quote_name(column.column) for column in columns]


def _typed(columns: Sequence[Any], using: str) -> str:
    """The columns with their types, as a JSON document is read into rows."""
    names = zip(_quoted(columns, using), columns, strict=True)
    return ", ".join(f"{name} {column.db_type(connections[using])}" for name, column in names)


def _places(columns: Sequence[Any], many: int) -> str:
    return ", ".join([f"({', '.join(['%s'] * len(columns))})"] * many)


def _table(model: type[models.Model], using: str) -> str:
    return connections[using].ops.quote_name(model._meta.db_table)


@lru_cache(maxsize=256)
def _update_one(model: type[models.Model], fields: tuple[str, ...], using: str) -> str:
    *names, key = _quoted(_columns(model, fields), using)
    return f"UPDATE {_table(model, using)} SET {', '.join(f'{n} = %s' for n in names)} WHERE {key} = %s"  # noqa: S608


@lru_cache(maxsize=256)
def _update_many(model: type[models.Model], fields: tuple[str, ...], using: str, many: int) -> str:
    columns = _columns(model, fields)
    names = _quoted(columns, using)
    return (
        f"WITH new ({', '.join(names)}) AS (VALUES {_places(columns, many)}) "
        f"{_update_from('new', model, names, using)}"
    )


@lru_cache(maxsize=256)
def _update_json(model: type[models.Model], fields: tuple[str, ...], using: str) -> str:
    columns = _columns(model, fields)
    source = f"json_to_recordset(%s) AS new({_typed(columns, using)})"
    return _update_from(source, model, _quoted(columns, using), using)


def _update_from(source: str, model: type[models.Model], names: Sequence[str], using: str) -> str:
    table, key = _table(model, using), names[-1]
    sets = ", ".join(f"{name} = new.{name}" for name in names[:-1])
    return f"UPDATE {table} SET {sets} FROM {source} WHERE {table}.{key} = new.{key}"  # noqa: S608


@lru_cache(maxsize=256)
def _insert_many(model: type[models.Model], using: str, many: int) -> str:
    columns = _new_columns(model)
    return f"{_into(model, using)} VALUES {_places(columns, many)} RETURNING {_key(model, using)}"


@lru_cache(maxsize=64)
def _insert_json(model: type[models.Model], using: str) -> str:
    """In the document's order, so that each row learns its own id."""
    columns = _new_columns(model)
    return (
        f"{_into(model, using)} SELECT {', '.join(_quoted(columns, using))} "  # noqa: S608
        f"FROM ROWS FROM (json_to_recordset(%s) AS ({_typed(columns, using)})) WITH ORDINALITY "
        f"ORDER BY ordinality RETURNING {_key(model, using)}"
    )


def _into(model: type[models.Model], using: str) -> str:
    return f"INSERT INTO {_table(model, using)} ({', '.join(_quoted(_new_columns(model), using))})"


def _key(model: type[models.Model], using: str) -> str:
    pk: Any = model._meta.pk
    return connections[using].ops.quote_name(pk.column)
