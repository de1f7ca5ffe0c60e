"""Parameters: pyformat placeholders to $n, and Python's values to typed datums."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from auroraml.batch import Datum
from auroraml.errors.base import ProgrammingError
from auroraml.types.pg_type import PgType
from auroraml.types.python import from_python
from auroraml.types.table import UNKNOWN

Params: TypeAlias = Sequence[object] | Mapping[str, object]
Bound: TypeAlias = tuple[PgType, Datum | None]

_PLACEHOLDER = re.compile(r"%(?:%|\((?P<name>[^)]+)\)[sbt]|(?P<plain>[sbt])|(?P<bad>.?))", re.DOTALL)


def convert(sql: str, params: Params | None) -> tuple[str, tuple[Bound, ...]]:
    """The statement with $n placeholders, and its parameters in that order; without `params` the text is left alone."""
    if params is None:
        return sql, ()
    if "%" not in sql:
        if isinstance(params, Mapping):
            return sql, ()
        return sql, tuple(bind(value) for value in params)
    if isinstance(params, str | bytes):
        raise ProgrammingError("query parameters should be a sequence or a mapping, got str")
    named: dict[str, int] = {}
    count = 0

    def number(match: re.Match[str]) -> str:
        nonlocal count
        name = match["name"]
        if name is not None:
            return f"${named.setdefault(name, len(named) + 1)}"
        if match["plain"] is not None:
            count += 1
            return f"${count}"
        if match["bad"] is not None:
            raise ProgrammingError(f"only '%s', '%b', '%t' are allowed as placeholders, got '%{match['bad']}'")
        return "%"

    text = _PLACEHOLDER.sub(number, sql)
    if named and count:
        raise ProgrammingError("positional and named placeholders cannot be mixed")
    if isinstance(params, Mapping):
        if count:
            raise ProgrammingError("positional placeholders (%s) require a sequence of parameters")
        missing = [name for name in named if name not in params]
        if missing:
            raise ProgrammingError(f"query parameter missing: {', '.join(missing)}")
        return text, tuple(bind(params[name]) for name in named)
    if named:
        raise ProgrammingError("named placeholders require a mapping of parameters")
    if count and count != len(params):
        raise ProgrammingError(f"the query has {count} placeholders but {len(params)} parameters were passed")
    return text, tuple(bind(value) for value in params)


def bind(value: object) -> Bound:
    """A value with its type; strings and None leave the type to the statement."""
    if value is None:
        return UNKNOWN, None
    if isinstance(value, str):
        return UNKNOWN, value
    return from_python(value)
