"""Row factories: how a cursor makes a row of its columns' values; a factory is given the cursor, as psycopg's are."""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from auroraml.dbapi.cursor import Cursor

RowMaker: TypeAlias = Callable[[Sequence[Any]], Any]  # what a row is, its factory decides
RowFactory: TypeAlias = "Callable[[Cursor], RowMaker]"


def names(cursor: Cursor) -> list[str]:
    """The names of a cursor's columns."""
    return [column.name for column in cursor.description or ()]


def tuple_row(cursor: Cursor) -> RowMaker:
    """Rows as tuples."""
    return tuple


def dict_row(cursor: Cursor) -> RowMaker:
    """Rows as dictionaries by column name (the last of equal names wins)."""
    columns = names(cursor)
    return lambda values: dict(zip(columns, values, strict=True))


def namedtuple_row(cursor: Cursor) -> RowMaker:
    """Rows as named tuples; characters that Python refuses in a name become underscores."""
    fields = [re.sub(r"[^0-9A-Za-z_]", "_", name) for name in names(cursor)]
    fields = [f"f{field}" if not field or field[0] in "_0123456789" else field for field in fields]
    row = namedtuple("Row", fields, rename=True)  # type: ignore[misc] # the fields are known at run time only
    return row._make


def class_row(cls: Callable[..., object]) -> RowFactory:
    """Rows as instances of `cls`, called with the columns as keywords."""

    def factory(cursor: Cursor) -> RowMaker:
        columns = names(cursor)
        return lambda values: cls(**dict(zip(columns, values, strict=True)))

    return factory


def args_row(function: Callable[..., object]) -> RowFactory:
    """Rows as what `function` makes of the values as arguments."""
    return lambda cursor: lambda values: function(*values)


def kwargs_row(function: Callable[..., object]) -> RowFactory:
    """Rows as what `function` makes of the columns as keywords."""
    return class_row(function)


def scalar_row(cursor: Cursor) -> RowMaker:
    """The first column alone."""
    return lambda values: values[0]
