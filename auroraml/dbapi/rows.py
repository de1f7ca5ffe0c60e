"""Row factories: how a cursor makes a row of its columns' values."""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import TypeAlias

RowMaker: TypeAlias = Callable[[Sequence[object]], object]
RowFactory: TypeAlias = Callable[[Sequence[str]], RowMaker]


def tuple_row(names: Sequence[str]) -> RowMaker:
    """Rows as tuples."""
    return tuple


def dict_row(names: Sequence[str]) -> RowMaker:
    """Rows as dictionaries by column name (the last of equal names wins)."""
    return lambda values: dict(zip(names, values, strict=True))


def namedtuple_row(names: Sequence[str]) -> RowMaker:
    """Rows as named tuples; characters that Python refuses in a name become underscores."""
    fields = [re.sub(r"[^0-9A-Za-z_]", "_", name) for name in names]
    fields = [f"f{field}" if not field or field[0] in "_0123456789" else field for field in fields]
    row = namedtuple("Row", fields, rename=True)  # type: ignore[misc] # the fields are known at run time only
    return row._make


def class_row(cls: Callable[..., object]) -> RowFactory:
    """Rows as instances of `cls`, called with the columns as keywords."""

    def factory(names: Sequence[str]) -> RowMaker:
        return lambda values: cls(**dict(zip(names, values, strict=True)))

    return factory


def scalar_row(names: Sequence[str]) -> RowMaker:
    """The first column alone."""
    return lambda values: values[0]
