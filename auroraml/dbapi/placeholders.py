"""Placeholders: psycopg's %s, %b, %t and %(name)s found in a statement, and which parameters they stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from auroraml.errors.base import ProgrammingError

Params: TypeAlias = Sequence[object] | Mapping[str, object]
FORMATS = "sbt"
_PLACEHOLDER = re.compile(r"%(?:\(([^)]+)\).|.)")
_NATIVE = re.compile(r"\$([1-9][0-9]*)")


class Template(NamedTuple):
    """A statement's texts between placeholders, and the placeholders: names, or numbers from 0."""

    texts: list[str]
    items: list[str | int]

    def text(self, write: Callable[[int, str | int], str]) -> str:
        """The statement with `write(place, item)` for each placeholder."""
        parts = [self.texts[0]]
        for place, item in enumerate(self.items):
            parts += [write(place, item), self.texts[place + 1]]
        return "".join(parts)


def template(sql: str) -> Template:
    """Split at the placeholders; a doubled % is a plain one."""
    texts, items = [""], list[str | int]()
    end = 0
    for match in _PLACEHOLDER.finditer(sql):
        texts[-1] += sql[end : match.start()]
        end = match.end()
        if match[0] == "%%":
            texts[-1] += "%"
            continue
        _check(sql, match)
        item = match[1] or len(items)
        if items and type(item) is not type(items[0]):
            raise ProgrammingError("positional and named placeholders cannot be mixed")
        items.append(item)
        texts.append("")
    texts[-1] += sql[end:]
    return Template(texts, items)


def _check(sql: str, match: re.Match[str]) -> None:
    found = match[0]
    if found == "%(":
        raise ProgrammingError(f"incomplete placeholder: '{sql[match.start() :].split()[0]}'")
    if found == "% ":
        raise ProgrammingError("incomplete placeholder: '%'; if you want to use '%' as an operator you can double it up, i.e. use '%%'")
    if found[-1] not in FORMATS:
        raise ProgrammingError(f"only '%s', '%b', '%t' are allowed as placeholders, got '{found}'")


def native(sql: str) -> bool:
    """Whether the statement numbers its parameters itself ($1) and has no %s: then % is no placeholder's."""
    return (
        "$" in sql
        and _NATIVE.search(sql) is not None
        and not any(match[0][-1] in FORMATS for match in _PLACEHOLDER.finditer(sql) if match[0] != "%%")
    )


def parameters(found: Template, params: Params) -> list[object]:
    """The value of each placeholder."""
    if not isinstance(params, tuple | list) and (isinstance(params, str | bytes) or not isinstance(params, Sequence | Mapping)):
        raise TypeError(f"query parameters should be a sequence or a mapping, got {type(params).__name__}")
    named = bool(found.items) and isinstance(found.items[0], str)
    if not isinstance(params, tuple | list) and isinstance(params, Mapping):
        if found.items and not named:
            raise TypeError("positional placeholders (%s) require a sequence of parameters")
        missing = sorted({str(item) for item in found.items if item not in params})
        if missing:
            raise ProgrammingError(f"query parameter missing: {', '.join(missing)}")
        return [params[str(item)] for item in found.items]
    if named:
        raise TypeError("named placeholders require a mapping of parameters")
    if len(params) != len(found.items):
        raise ProgrammingError(f"the query has {len(found.items)} placeholders but {len(params)} parameters were passed")
    return list(params)
