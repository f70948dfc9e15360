"""Prepared reads: a queryset's SQL is composed once, and from then on only its values are bound."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import Enum
from functools import update_wrapper
from itertools import islice
from typing import Any, Generic, ParamSpec, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, models

from telephony.statement import Statement, composed

P = ParamSpec("P")
Row = TypeVar("Row")

LARGEST = 2**63 - 1


_EVERY: list["Prepared[..., Any]"] = []


class Prepared(Generic[P, Row]):
    """A function that builds a queryset, called as one that returns its rows. Made by `prepared`.

    Composing a statement costs the ORM several times what running it costs the database, and hot paths compose
    the same few for ever. The first call composes it, finds by trial which value stands at which place, and proves
    that by binding the trial's own values; later calls bind. Rows are made by the queryset's own iterable, so
    converters, `select_related` and deferred fields do as always.

    Arguments are numbers, text, moments, UUIDs, and collections of these, by position. One that alters the text (a
    slice's end) is part of what is remembered. The builder must not branch on any other, nor compute with it:
    RuntimeError says so at the first call. An empty collection, and a number no column can hold, match nothing.
    """

    def __init__(self, build: Callable[P, models.QuerySet[Any, Row]]) -> None:
        self._build: Callable[..., models.QuerySet[Any, Any]] = build
        self._statements: dict[tuple[object, ...], Statement] = {}
        self._shaping: frozenset[int] = frozenset()  # the arguments that alter the text
        update_wrapper(self, build)
        _EVERY.append(self)

    def forget(self) -> None:
        """Compose it anew when it is next asked."""
        self._statements.clear()
        self._shaping = frozenset()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> list[Row]:
        if kwargs:
            raise TypeError("a prepared read takes its arguments by position")
        values = [_plain(value) for value in args]
        if any(value == [] or (type(value) is int and abs(value) > LARGEST) for value in values):
            return []
        statement = self._statements.get(self._shape(values)) or self._prepare(values)
        return statement.rows(values)

    def first(self, *args: P.args, **kwargs: P.kwargs) -> Row | None:
        """The first row, or None. How many are read is for the builder to say."""
        rows = self(*args, **kwargs)
        return rows[0] if rows else None

    def get(self, *args: P.args, **kwargs: P.kwargs) -> Row:
        """The first row. Raises the model's DoesNotExist."""
        rows = self(*args, **kwargs)
        if not rows:
            raise self._build(*args).model.DoesNotExist(f"{self.__name__}{args} matches nothing")  # type: ignore[attr-defined]
        return rows[0]

    def _shape(self, values: list[Any]) -> tuple[object, ...]:
        shape = [_width(value) if isinstance(value, list) else None for value in values]
        for place in self._shaping:
            shape[place] = values[place]
        return (connections[DEFAULT_DB_ALIAS].vendor, *shape)

    def _prepare(self, values: list[Any]) -> Statement:
        wide = [list(islice(_widened(v), _width(v))) if isinstance(v, list) else v for v in values]
        statement = Statement(self._build(*wide))
        shaping = set(self._shaping)
        for place, value in enumerate(wide):
            others = [*wide]
            others[place] = [_other(v) for v in value] if isinstance(value, list) else _other(value)
            _, text, params = composed(self._build(*others))
            if text != statement.text:
                shaping.add(place)
            else:
                statement.learn(place, value, params)
        statement.prove(wide)
        statement.write_out()
        statement.gather()
        self._shaping = frozenset(shaping)
        self._statements[self._shape(values)] = statement
        return statement


def prepared(build: Callable[P, models.QuerySet[Any, Row]]) -> Prepared[P, Row]:
    """Make a function that returns a queryset one that returns its rows, composed once."""
    return Prepared(build)


def forget() -> None:
    """Compose all reads anew when they are next asked: the models' own querysets have changed, as in a trial."""
    for each in _EVERY:
        each.forget()


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int | float | datetime | UUID):
        return value
    if isinstance(value, Iterable):
        return list(dict.fromkeys(map(_plain, value)))
    raise TypeError(
        f"a prepared read binds numbers, text, moments, UUIDs and collections of them, not {value!r}"
    )


def _width(values: list[Any]) -> int:
    """How many places a list of so many is given, so that few widths serve all: the last value fills the rest."""
    return 1 << (len(values) - 1).bit_length()


def _widened(values: list[Any]) -> Iterable[Any]:
    """These, and then for ever others that are none of them."""
    yield from values
    known, value = set(values), values[-1]
    while True:
        value = _other(value)
        if value not in known:
            known.add(value)
            yield value


def _other(value: Any) -> Any:
    """Another value of the same kind; of two different ones, two different ones."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
        case datetime():
            return value + timedelta(seconds=1)
        case _:
            return UUID(int=(value.int + 1) % 2**128)
