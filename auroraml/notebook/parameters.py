"""Parameters: `:name` and `$name` in a statement found outside quotes and comments, and taken from a notebook's variables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from auroraml.dbapi.adapt import literal
from auroraml.dbapi.placeholders import template
from auroraml.types.form import DEFAULT_STYLE

NAME = r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*"
TOKEN = re.compile(
    r"(?P<blank>\s+|--[^\n]*)"
    r"|(?P<comment>/\*)"
    r"|(?P<string>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(?P<tag>\$(?:" + NAME + r")?\$).*?(?P=tag))"
    r"|(?P<word>" + NAME.replace("0-9_", "0-9_$") + r"|[0-9.]+|\$[0-9]+)"
    r"|(?P<cast>::|:=)"
    r"|(?P<named>[:$](?P<name>" + NAME + r"))"
    r"|(?P<other>.)",
    re.S,
)
BORDER = re.compile(r"/\*|\*/")
TAKE_PARAMETERS = ("select", "values", "with", "insert", "update", "delete", "table", "explain", "(")


class NoVariable(NameError):
    """A statement names a variable that the notebook does not have."""


def named(statement: str, variables: Mapping[str, object]) -> tuple[str, dict[str, object] | None]:
    """The statement with %(name)s placeholders and their values, or the statement as it was and None where it names none.

    In brackets a colon behind a value is a slice's. Statements that take no parameters get literals.
    """
    parts, values, at, depth, before = list[str](), dict[str, object](), 0, 0, ""
    while at < len(statement):
        match = TOKEN.match(statement, at)
        assert match is not None
        kind, text = match.lastgroup, match[0]
        if kind == "tag":
            kind = "string"
        name = match["name"]
        if kind == "comment":
            text = statement[at : _comment_end(statement, at)]
        elif name is not None and not (text[0] == ":" and depth and before):
            if name not in variables:
                raise NoVariable(f"there is no variable {name!r} for {text}")
            values[name] = variables[name]
            parts.append(f"%({name})s")
            at, before = match.end(), "value"
            continue
        parts.append(text.replace("%", "%%"))
        at += len(text)
        if kind not in ("blank", "comment"):
            depth += {"[": 1, "]": -1}.get(text, 0)
            before = "value" if kind in ("word", "string") or text in ")]" else ""
    if not values:
        return statement, None
    made = "".join(parts)
    first = made.lstrip().split(None, 1)[0].lower()
    if first.startswith(TAKE_PARAMETERS):
        return made, values
    found = template(made)
    return found.text(lambda place, item: literal(values[str(item)], DEFAULT_STYLE)), None


def _comment_end(text: str, at: int) -> int:
    """Where the comment that begins at `at` ends; comments nest."""
    depth = 0
    for match in BORDER.finditer(text, at):
        depth += 1 if match[0] == "/*" else -1
        if not depth:
            return match.end()
    return len(text)
