"""Name patterns of backslash commands (schema.name with * and ?) as conditions over pg_catalog, and the lists that use them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from auroraml.records import dataclass
from auroraml_cli.client import Result
from auroraml_cli.shell import Shell, table_of

_SPECIAL = "|*+?()[]{}.^$\\"


class BadPattern(Exception):
    """The message of a pattern with too many parts."""


def literal(text: str) -> str:
    """A SQL literal."""
    doubled = text.replace("'", "''")
    return "E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in text else f"'{doubled}'"


def parts_of(pattern: str, *, literally: bool = False) -> list[str]:
    """The parts between dots, each as a regular expression; quotes keep case and, as `literally`, take away the meaning of special characters."""
    parts = [""]
    quoted, i = False, 0
    while i < len(pattern):
        char = pattern[i]
        if char == '"':
            if quoted and pattern[i + 1 : i + 2] == '"':
                parts[-1] += '"'
                i += 1
            else:
                quoted = not quoted
        elif not quoted and char == "*":
            parts[-1] += ".*"
        elif not quoted and char == "?":
            parts[-1] += "."
        elif not quoted and char == ".":
            parts.append("")
        elif char == "$" or ((quoted or literally) and char in _SPECIAL):
            parts[-1] += "\\" + char
        elif char == "[" and pattern[i + 1 : i + 2] == "]":
            parts[-1] += "\\["
        else:
            parts[-1] += char if quoted else char.lower()
        i += 1
    return parts


def _matches(expression: str, part: str) -> str:
    return f"{expression} ~ {literal(f'^({part})$')}"


@dataclass(frozen=True, kw_only=True)
class Name:
    """Where a list's names stand: the expressions for schema, name and another form of the name, and the test of visibility."""

    name: str
    schema: str = ""
    other: str = ""
    visible: str = ""
    literally: bool = False  # operators: special characters mean themselves


def conditions(pattern: str | None, where: Name, dbname: str) -> list[str]:
    """The conditions that choose the objects a pattern names; without a pattern, those that are visible."""
    if pattern is None:
        return [where.visible] if where.visible else []
    parts = parts_of(pattern, literally=where.literally)
    most = 3 if where.schema else 1
    if len(parts) > most:
        raise BadPattern(f"improper qualified name (too many dotted names): {pattern}")
    if len(parts) == 3 and parts[0] != dbname:
        raise BadPattern(f"cross-database references are not implemented: {pattern}")
    found = []
    name = parts[-1]
    if name and name != ".*":
        match = _matches(where.name, name)
        found.append(f"({match} OR {_matches(where.other, name)})" if where.other else match)
    if len(parts) > 1 and where.schema:
        if parts[-2] and parts[-2] != ".*":
            found.append(_matches(where.schema, parts[-2]))
    elif where.visible:
        found.append(where.visible)
    return found


USER_SCHEMAS = "{0} <> 'pg_catalog' AND {0} <> 'information_schema'"


def user_schemas(schema: str) -> str:
    """The condition that leaves system objects out."""
    return USER_SCHEMAS.format(schema)


def where_clause(found: Sequence[str]) -> str:
    """Conditions as a WHERE clause."""
    return "WHERE " + "\n  AND ".join(found) + "\n" if found else ""


def print_list(shell: Shell, result: Result, title: str) -> None:
    """A list's rows under its title; NULL is shown as nothing."""
    options = copy(shell.options)
    options.null = ""
    options.title = title
    shell.print_table(table_of(result), options)


def show(shell: Shell, sql: str, title: str) -> bool:
    """Run a list's query and print it; False when it failed."""
    result = shell.fetch(sql)
    if result is not None:
        print_list(shell, result, title)
    return result is not None
