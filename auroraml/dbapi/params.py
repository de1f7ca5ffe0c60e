"""Parameters: a statement's placeholders to $n with typed values, or to literals."""

from __future__ import annotations

from functools import lru_cache

from auroraml.dbapi.adapt import Bound, bind, literal
from auroraml.dbapi.placeholders import Params, Template, native, parameters, template
from auroraml.types.form import TextStyle

LONGEST_KEPT = 10_000  # characters of a statement that is taken apart once only


def convert(sql: str, params: Params | None) -> tuple[str, tuple[Bound, ...]]:
    """The statement with $n placeholders, and its parameters in that order; without `params` the text is left alone."""
    if params is None:
        return sql, ()
    if native(sql) and not isinstance(params, dict | str | bytes):
        return sql, tuple([bind(value) for value in params])
    found, text, places = _numbered_once(sql) if len(sql) < LONGEST_KEPT else _numbered(sql)
    values = parameters(found, params)
    return text, tuple([bind(values[place]) for place in places])


def _numbered(sql: str) -> tuple[Template, str, tuple[int, ...]]:
    """A statement taken apart, its text with $n, and the first placeholder of each number."""
    found = template(sql)
    first: dict[str | int, int] = {}
    for place, item in enumerate(found.items):
        first.setdefault(item, place)
    numbers = {item: f"${number}" for number, item in enumerate(first, 1)}
    return found, found.text(lambda place, item: numbers[item]), tuple(first.values())


_numbered_once = lru_cache(maxsize=256)(_numbered)


def merged(sql: str, params: Params | None, style: TextStyle) -> str:
    """The statement with literals in place of its placeholders."""
    if params is None:
        return sql
    found = template(sql)
    values = parameters(found, params)
    return found.text(lambda place, item: literal(values[place], style))
