"""One composed statement: its text, the places where values are bound, and rows made of it as the ORM makes them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connections, models, transaction
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesListIterable,
    get_related_populators,
)
from django.db.models.sql.compiler import SQLCompiler

Rows = Iterable[Sequence[Any]]
_WHOLE = -1  # not an element of a list, but all of it


class Statement:
    """A queryset's text, and for each place in it the argument (and which element of it) that is bound there."""

    def __init__(self, queryset: models.QuerySet[Any, Any]) -> None:
        compiler, self.text, self._params = composed(queryset)
        self._using = queryset.db
        self._locks = queryset.query.select_for_update
        self._places: list[tuple[int, int, int | None]] = []
        columns = [column[0] for column in compiler.select[: compiler.col_count]]
        self._converters = list(compiler.get_converters(columns).items())
        self._made = _maker(queryset, compiler)

    def learn(self, argument: int, value: Any, others: tuple[Any, ...]) -> None:
        """With other values of this argument these are the parameters: it stands where they differ."""
        differ = [
            place
            for place, (ours, other) in enumerate(zip(self._params, others, strict=True))
            if ours != other
        ]
        for nth, place in enumerate(differ):
            self._places.append((place, argument, nth % len(value) if isinstance(value, list) else None))

    def prove(self, values: list[Any]) -> None:
        """Raise RuntimeError unless binding these values gives the parameters that the ORM gave."""
        if self._bound(values, connections[self._using]) != self._params:
            raise RuntimeError(f"cannot be prepared, since a value is computed: {self.text}")

    def write_out(self) -> None:
        """On SQLite what is always the same becomes text: it uses a partial index only for a condition it can read."""
        pieces, bound = self.text.split("%s"), {place for place, _, _ in self._places}
        if connections[self._using].vendor != "sqlite" or len(pieces) != len(self._params) + 1:
            return
        text, kept = pieces[0], list[int]()
        for place, value in enumerate(self._params):
            is_always_the_same = place not in bound and isinstance(value, str | int)
            text += (_literal(value) if is_always_the_same else "%s") + pieces[place + 1]
            kept += [] if is_always_the_same else [place]
        self.text, self._params = text, tuple(self._params[place] for place in kept)
        self._places = [(kept.index(place), argument, nth) for place, argument, nth in self._places]

    def gather(self) -> None:
        """On PostgreSQL several values are bound as one array: else driver and server read one at a time."""
        pieces = self.text.split("%s")
        if connections[self._using].vendor != "postgresql" or len(pieces) != len(self._params) + 1:
            return
        spots = {place: (argument, nth) for place, argument, nth in self._places}
        for first in sorted((place for place, (_, nth) in spots.items() if nth == 0), reverse=True):
            argument, last = spots[first][0], first
            while spots.get(last + 1) == (argument, last + 1 - first):
                last += 1
            is_a_list = pieces[first].endswith(" IN (") and pieces[last + 1].startswith(")")
            if not is_a_list or set(pieces[first + 1 : last + 1]) != {", "}:
                continue
            array = f"{pieces[first].removesuffix('IN (')}= ANY("
            pieces[first : last + 2] = [array, pieces[last + 1]]
            self._gather(first, last)
        self.text = "%s".join(pieces)

    def _gather(self, first: int, last: int) -> None:
        """The values from the first to the last place are one now."""
        gone = last - first
        self._params = (*self._params[: first + 1], *self._params[last + 1 :])
        kept = [each for each in self._places if not first < each[0] <= last]
        self._places = [
            (place - gone, argument, nth)
            if place > last
            else (place, argument, _WHOLE if place == first else nth)
            for place, argument, nth in kept
        ]

    def rows(self, values: list[Any]) -> list[Any]:
        """What it finds with these values."""
        connection = connections[self._using]
        if self._locks and connection.features.has_select_for_update and connection.get_autocommit():
            raise transaction.TransactionManagementError("rows are locked inside a transaction only")
        with connection.cursor() as cursor:
            cursor.execute(self.text, self._bound(values, connection))
            found = cursor.fetchall()
        return self._made(self._converted(found, connection)) if found else []

    def _converted(self, found: Rows, connection: Any) -> Rows:
        if not self._converters:
            return found
        rows = [list(row) for row in found]
        for row in rows:
            for place, (converters, expression) in self._converters:
                value = row[place]
                for converter in converters:
                    value = converter(value, expression, connection)
                row[place] = value
        return rows

    def _bound(self, values: list[Any], connection: Any) -> tuple[Any, ...]:
        params = list(self._params)
        for place, argument, nth in self._places:
            value = values[argument]
            if nth is not None and nth != _WHOLE:
                value = value[min(nth, len(value) - 1)]
            if isinstance(value, datetime):
                value = connection.ops.adapt_datetimefield_value(value)
            elif isinstance(value, UUID) and not connection.features.has_native_uuid_field:
                value = value.hex
            params[place] = value
        return tuple(params)


def composed(queryset: models.QuerySet[Any, Any]) -> tuple[SQLCompiler, str, tuple[Any, ...]]:
    """A queryset's compiler, text and parameters. Raises RuntimeError where nothing can match."""
    compiler = queryset.query.get_compiler(using=queryset.db)
    try:
        text, params = compiler.as_sql()
    except EmptyResultSet:
        raise RuntimeError("cannot be prepared, since nothing can match it") from None
    return compiler, text, tuple(params)


def _literal(value: str | int) -> str:
    if isinstance(value, int):
        return str(int(value))
    return "'{}'".format(str(value).replace("'", "''").replace("%", "%%"))


def _maker(queryset: models.QuerySet[Any, Any], compiler: SQLCompiler) -> Callable[[Rows], list[Any]]:
    """How this queryset makes what it gives of rows. Raises RuntimeError for a kind of which none is prepared."""
    made_by = queryset._iterable_class
    if made_by is ModelIterable and not queryset._known_related_objects:  # type: ignore[attr-defined]
        return _Instances(compiler, queryset.db)
    if made_by is FlatValuesListIterable:
        return lambda rows: [row[0] for row in rows]
    if made_by is ValuesListIterable and not compiler.has_extra_select:
        return lambda rows: [tuple(row) for row in rows]
    raise RuntimeError(f"cannot be prepared, since it gives neither instances nor values: {queryset.query}")


class _Instances:
    """What ModelIterable does for each row; what it looks up before the first one is looked up once for all."""

    def __init__(self, compiler: SQLCompiler, using: str) -> None:
        info: Any = compiler.klass_info
        first, last = info["select_fields"][0], info["select_fields"][-1]
        self._using, self._model = using, info["model"]
        self._columns = slice(first, last + 1)
        self._names = [column[0].target.attname for column in compiler.select[self._columns]]
        self._related = get_related_populators(info, compiler.select, using)  # type: ignore[call-arg]  # Django 6
        self._annotated = list((compiler.annotation_col_map or {}).items())

    def __call__(self, rows: Rows) -> list[Any]:
        made = []
        for row in rows:
            instance = self._model.from_db(self._using, self._names, row[self._columns])
            for populator in self._related:
                populator.populate(row, instance)
            for name, place in self._annotated:
                setattr(instance, name, row[place])
            made.append(instance)
        return made
