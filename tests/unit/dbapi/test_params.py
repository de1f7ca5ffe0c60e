"""Placeholders: pyformat and $n."""

from __future__ import annotations

import pytest

from auroraml import errors
from auroraml.dbapi.params import convert
from auroraml.types.table import UNKNOWN


@pytest.mark.parametrize(
    ("sql", "params", "text", "values"),
    [
        ("SELECT '%s'", None, "SELECT '%s'", []),
        ("SELECT %s, %s, 5 %% 2", ["a", None], "SELECT $1, $2, 5 % 2", ["a", None]),
        ("SELECT %(x)s, %(y)s, %(x)s", {"x": "a", "y": "b"}, "SELECT $1, $2, $1", ["a", "b"]),
        ("SELECT $2, $1", ["a", "b"], "SELECT $2, $1", ["a", "b"]),
    ],
)
def test_conversion(sql: str, params: object, text: str, values: list[object]) -> None:
    converted, bound = convert(sql, params)  # type: ignore[arg-type] # a list, a dict or None
    assert (converted, [value for _, value in bound]) == (text, values)
    assert all(type is UNKNOWN for type, _ in bound)


@pytest.mark.parametrize(("sql", "params"), [("%s", []), ("%s %(a)s", {"a": 1}), ("%(a)s", {}), ("%(a)s", [1]), ("%s", {"a": 1}), ("%x", [1])])
def test_misuse(sql: str, params: object) -> None:
    with pytest.raises((errors.ProgrammingError, TypeError)):
        convert(sql, params)  # type: ignore[arg-type] # a list or a dict
