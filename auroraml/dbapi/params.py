"""Parameters: a statement's placeholders to $n with typed values, or to literals."""

from __future__ import annotations

from auroraml.dbapi.adapt import Bound, bind, literal
from auroraml.dbapi.placeholders import Params, native, parameters, template
from auroraml.types.form import TextStyle


def convert(sql: str, params: Params | None) -> tuple[str, tuple[Bound, ...]]:
    """The statement with $n placeholders, and its parameters in that order; without `params` the text is left alone."""
    if params is None:
        return sql, ()
    if native(sql) and not isinstance(params, dict | str | bytes):
        return sql, tuple(bind(value) for value in params)
    found = template(sql)
    values = parameters(found, params)
    numbers: dict[str | int, int] = {}
    for item in found.items:
        numbers.setdefault(item, len(numbers) + 1)
    text = found.text(lambda place, item: f"${numbers[item]}")
    first = dict(zip(reversed(found.items), reversed(values), strict=True))
    return text, tuple(bind(first[item]) for item in numbers)


def merged(sql: str, params: Params | None, style: TextStyle) -> str:
    """The statement with literals in place of its placeholders."""
    if params is None:
        return sql
    found = template(sql)
    values = parameters(found, params)
    return found.text(lambda place, item: literal(values[place], style))
