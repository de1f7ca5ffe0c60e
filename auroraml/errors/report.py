"""Errors and notices as psql words them: severity, LINE with a caret, DETAIL, HINT, CONTEXT, by VERBOSITY and SHOW_CONTEXT."""

from __future__ import annotations

from dataclasses import replace

from auroraml.errors.base import Diagnostic
from auroraml.lazy import load

WIDTH = 60  # of the line shown
RIGHT = 10  # places kept right of the caret


def of_end(diag: Diagnostic, text: str, end: str) -> tuple[Diagnostic, str]:
    """What failed in `text`, told of its end `end` if it is there: a statement that was written behind another's first words."""
    before = len(text) - len(end)
    if not end or not text.endswith(end) or (diag.statement_position is not None and diag.statement_position <= before):
        return diag, text
    return replace(diag, statement_position=None if diag.statement_position is None else diag.statement_position - before), end


def _places(char: str) -> int:
    return max(load("wcwidth").wcwidth(char), 0) if not char.isascii() else 1


def excerpt(query: str, position: int) -> str:
    """The line of `query` that holds the character at `position` (from 1), cut to the screen, and a caret below it; "" where there is none."""
    at = position - 1
    if at < 0 or at > len(query):
        return ""
    text = query.replace("\t", " ")
    line_number, start, i = 1, 0, 0
    while i < at:
        if text[i] == "\n" or (text[i] == "\r" and text[i + 1 : i + 2] != "\n"):
            line_number, start = line_number + 1, i + 1
        i += 1
    end = start
    while end < len(text) and text[end] not in "\r\n":
        end += 1
    columns = [0]  # the screen column of each character from `start`, and of the end
    for char in text[start:end]:
        columns.append(columns[-1] + _places(char))
    begin, caret = start, at
    more_left = more_right = False
    if columns[end - start] > WIDTH:
        begin, end, more_left, more_right = _window(columns, start, end, at)
    head = f"LINE {line_number}: {'...' if more_left else ''}"
    shown = text[begin:end]
    offset = columns[caret - start] - columns[begin - start] if caret <= start + len(columns) - 1 else 0
    return f"{head}{shown}{'...' if more_right else ''}\n{' ' * (len(head) + offset)}^\n"


def _window(columns: list[int], start: int, end: int, at: int) -> tuple[int, int, bool, bool]:
    """The part of a long line to show: psql keeps the caret at least RIGHT places from the right end."""

    def place(i: int) -> int:
        return columns[i - start]

    begin, stop = start, end
    if place(begin) + WIDTH >= place(min(at, end)) + RIGHT:
        while place(stop) - place(begin) > WIDTH:
            stop -= 1
        return begin, stop, False, True
    more_right = False
    if place(min(at, end)) + RIGHT < place(end):
        while place(stop) > place(at) + RIGHT:
            stop -= 1
        more_right = True
    while place(stop) - place(begin) > WIDTH:
        begin += 1
    return begin, stop, begin > start, more_right


def report(diag: Diagnostic, query: str, verbosity: str = "default", context: str = "errors") -> str:
    """The whole message, each line ended."""
    if verbosity == "sqlstate":
        return (
            f"{diag.severity}:  {diag.sqlstate}\n" if diag.severity in ("ERROR", "FATAL", "PANIC") else f"{diag.severity}:  {diag.message_primary}\n"
        )
    code = f"{diag.sqlstate}: " if verbosity == "verbose" else ""
    shown = excerpt(query, diag.statement_position) if verbosity != "terse" and diag.statement_position and query else ""
    at = "" if shown or not diag.statement_position else f" at character {diag.statement_position}"
    out = f"{diag.severity}:  {code}{diag.message_primary}{at}\n{shown}"
    if verbosity == "terse":
        return out
    if not shown and diag.internal_query and diag.internal_position:
        out += excerpt(diag.internal_query, diag.internal_position)
    out += f"DETAIL:  {diag.message_detail}\n" if diag.message_detail else ""
    out += f"HINT:  {diag.message_hint}\n" if diag.message_hint else ""
    out += f"QUERY:  {diag.internal_query}\n" if diag.internal_query else ""
    failed = diag.severity in ("ERROR", "FATAL", "PANIC")
    if diag.context and (context == "always" or (context == "errors" and failed)):
        out += f"CONTEXT:  {diag.context}\n"
    if verbosity == "verbose":
        names = (("SCHEMA", diag.schema_name), ("TABLE", diag.table_name), ("COLUMN", diag.column_name), ("DATATYPE", diag.datatype_name),
                 ("CONSTRAINT", diag.constraint_name))  # fmt: skip
        out += "".join(f"{title} NAME:  {name}\n" for title, name in names if name)
    return out
