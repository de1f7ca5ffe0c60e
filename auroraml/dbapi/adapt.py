"""Adapting: Python objects as typed values for the engine, as psycopg sends them; what it would not send is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import Enum
from typing import TypeAlias

import numpy as np

from auroraml.batch import Datum
from auroraml.dispatch import singledispatch
from auroraml.errors import FeatureNotSupported
from auroraml.errors.base import DataError, ProgrammingError
from auroraml.records import dataclass
from auroraml.types import table
from auroraml.types.form import DEFAULT_STYLE, TextStyle, form_of
from auroraml.types.pg_type import PgArray, PgType
from auroraml.types.python import from_python
from auroraml.types.table import UNKNOWN, array_of

Bound: TypeAlias = tuple[PgType, Datum | None]
_INTEGERS = (table.INT2, table.INT4, table.INT8, table.NUMERIC)


@dataclass(frozen=True)
class Json:
    """A parameter to be sent as json."""

    obj: object
    dumps: Callable[[object], str] = json.dumps


@dataclass(frozen=True)
class Jsonb:
    """A parameter to be sent as jsonb."""

    obj: object
    dumps: Callable[[object], str] = json.dumps


@singledispatch
def bind(value: object) -> Bound:
    """A value with its type; strings, None, and lists of them leave the type to the statement."""
    try:
        return from_python(value)
    except FeatureNotSupported:
        raise refused(value) from None


def refused(value: object, hint: str | None = None) -> ProgrammingError:
    """The error for a value that has no PostgreSQL type."""
    return ProgrammingError(f"cannot adapt type '{type(value).__name__}' using placeholder '%s' (format: AUTO)", hint=hint)


@bind.register
def _(value: dict) -> Bound:  # type: ignore[type-arg] # singledispatch reads the bare class
    raise refused(value, "Wrap it in auroraml.Json or auroraml.Jsonb.")


@bind.register
def _(value: tuple) -> Bound:  # type: ignore[type-arg] # singledispatch reads the bare class
    raise refused(value, "Pass a list for an array: column = ANY(%s).")


@bind.register
def _(value: Enum) -> Bound:
    return UNKNOWN, value.name


@bind.register
def _(value: Json) -> Bound:
    return _json(table.JSON, value.dumps(value.obj))


@bind.register
def _(value: Jsonb) -> Bound:
    return _json(table.JSONB, value.dumps(value.obj))


def _json(type: PgType, text: str) -> Bound:
    return type, form_of(type).datum_in(type, -1, text, DEFAULT_STYLE)


@bind.register(np.bool_)
@bind.register(np.integer)
@bind.register(np.floating)
def _(value: np.generic) -> Bound:
    types = {"b": table.BOOL, "i1": table.INT2, "i2": table.INT2, "i4": table.INT4, "i8": table.INT8, "f4": table.FLOAT4, "f8": table.FLOAT8}
    found = types.get(value.dtype.kind) or types.get(f"{value.dtype.kind}{value.dtype.itemsize}")
    return bind(value.item()) if found is None else (found, value.item())


@bind.register
def _(value: list) -> Bound:  # type: ignore[type-arg] # singledispatch reads the bare class
    items, dims = _flat(value)
    parts = [bind(item) for item in items]
    types = {type for type, datum in parts if datum is not None}
    if types <= {UNKNOWN}:  # texts, NULLs, or nothing at all
        texts = PgArray(tuple(datum for _, datum in parts), dims if items else (), (1,) * len(dims) if items else ())
        array = array_of(table.TEXT)
        return UNKNOWN, form_of(array).datum_out(array, texts, DEFAULT_STYLE)
    if len(types) > 1 and not types <= set(_INTEGERS):
        raise mixed(items)
    widest = types.pop() if len(types) == 1 else max(types, key=_INTEGERS.index)
    if len({type(item) for item in items if item is not None}) > 1:
        raise mixed(items)
    datums = [datum if widest is not table.NUMERIC or datum is None else _decimal(datum) for _, datum in parts]
    return array_of(widest), PgArray(tuple(datums), dims, (1,) * len(dims))


def mixed(items: list[object]) -> DataError:
    """The error for a list whose elements have no common type."""
    names = sorted({type(item).__name__ for item in items if item is not None})
    return DataError(f"cannot dump lists of mixed types; got: {', '.join(names)}")


def _decimal(datum: Datum) -> Datum:
    return form_of(table.NUMERIC).datum_in(table.NUMERIC, -1, str(datum), DEFAULT_STYLE)


def _flat(value: list[object]) -> tuple[list[object], tuple[int, ...]]:
    """The elements of a nested list, and its dimensions."""
    dims: list[int] = []
    items: list[object] = [value]
    while items and all(isinstance(item, list) for item in items):
        lists = [item for item in items if isinstance(item, list)]
        dims.append(len(lists[0]))
        if any(len(item) != dims[-1] for item in lists):
            raise DataError("nested lists have inconsistent lengths")
        items = [inner for item in lists for inner in item]
    if any(isinstance(item, list) for item in items):
        raise DataError("nested lists have inconsistent depths")
    return items, tuple(dims)


def text_of(value: object, style: TextStyle) -> str | None:
    """A value's text form, as COPY writes it; None for NULL."""
    if type(value) is str or value is None:
        return value
    if type(value) is int:
        return str(value)
    type_, datum = bind(value)
    if datum is None or type_ is UNKNOWN:
        return None if datum is None else str(datum)
    return form_of(type_).datum_out(type_, datum, style)


def literal(value: object, style: TextStyle) -> str:
    """A value as SQL text, for statements that take no parameters."""
    text = text_of(value, style)
    if text is None:
        return "NULL"
    quoted = "'" + text.replace("'", "''") + "'"
    if "\\" in text:
        quoted = " E" + quoted.replace("\\", "\\\\")
    type_, _ = bind(value)
    return quoted if type_ is UNKNOWN else f'{quoted}::"{type_.name}"'
