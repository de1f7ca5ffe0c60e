"""COPY's input row by row, as PostgreSQL splits it: the text and the csv format."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auroraml.commands.copy_format import Format
from auroraml.errors import BadCopyFileFormat

ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(.))", re.DOTALL)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unescape(match: re.Match[str]) -> str:
    """What an escape of the text format stands for."""
    octal, hexadecimal, letter = match.groups()
    if octal is not None:
        return chr(int(octal, 8) & 0xFF)
    return chr(int(hexadecimal, 16)) if hexadecimal is not None else _LETTERS.get(letter, letter)


def text_rows(data: str, format: Format) -> Iterator[tuple[int, str, list[str | None]]]:
    """The rows of the text format: number of the last line, the line, its fields."""
    split = re.compile(r"((?:[^\\" + re.escape(format.delimiter) + r"]|\\.)*)(" + re.escape(format.delimiter) + r"|$)", re.DOTALL)
    number = 0
    newline = "\r\n" if "\r\n" in data else "\n"
    pending = ""
    lines = data.split(newline)
    if lines and lines[-1] == "":
        lines.pop()
    for line in lines:
        number += 1
        line = pending + line
        if (len(line) - len(line.rstrip("\\"))) % 2:
            pending = line + "\n"
            continue
        pending = ""
        if line == "\\.":
            return
        yield number, line, _text_fields(line, format, split)


def _text_fields(line: str, format: Format, split: re.Pattern[str]) -> list[str | None]:
    if "\\" not in line:
        return [None if field == format.null else field for field in line.split(format.delimiter)]
    fields: list[str | None] = []
    at = 0
    while True:
        match = split.match(line, at)
        assert match is not None
        raw = match[1]
        fields.append(None if raw == format.null else ESCAPE.sub(unescape, raw))
        if not match[2]:
            return fields
        at = match.end()


def csv_rows(data: str, format: Format, table: str) -> Iterator[tuple[int, str, list[str | None]]]:
    """The same of the csv format."""
    at, number = 0, 0
    while at < len(data):
        start = at
        fields, at, newlines = _csv_record(data, at, format, table, number + 1)
        raw = data[start:at].rstrip("\n").rstrip("\r")
        number += newlines
        if raw == "\\.":
            return
        yield number, raw, [_csv_null(text, quoted, i, format) for i, (text, quoted) in enumerate(fields)]


def _csv_null(text: str, quoted: bool, column: int, format: Format) -> str | None:
    if text == format.null and ((not quoted and column not in format.force_not_null) or (quoted and column in format.force_null)):
        return None
    return text


def _csv_record(data: str, at: int, format: Format, table: str, line: int) -> tuple[list[tuple[str, bool]], int, int]:
    fields: list[tuple[str, bool]] = []
    parts: list[str] = []
    quoted, newlines = False, 1
    plain = re.compile(f"[^{re.escape(format.delimiter)}{re.escape(format.quote)}\r\n]*")
    end = len(data)
    while True:
        match = plain.match(data, at)
        assert match is not None
        parts.append(match[0])
        at = match.end()
        if at >= end or data[at] in "\r\n":
            fields.append(("".join(parts), quoted))
            if data.startswith("\r\n", at):
                at += 1
            return fields, at + 1, newlines
        if data[at] == format.delimiter:
            fields.append(("".join(parts), quoted))
            parts, quoted = [], False
            at += 1
            continue
        quoted = True
        text, at, inside = _csv_quoted(data, at + 1, format, table, line)
        parts.append(text)
        newlines += inside


def _csv_quoted(data: str, at: int, format: Format, table: str, line: int) -> tuple[str, int, int]:
    parts: list[str] = []
    start = at
    stop = re.compile(f"[{re.escape(format.quote)}{re.escape(format.escape)}]")
    while True:
        match = stop.search(data, at)
        if match is None:
            context = f'COPY {table}, line {line + data.count(chr(10), start)}: "{data[start - 1 :].rstrip(chr(10))}"'
            raise BadCopyFileFormat("unterminated CSV quoted field", context=context)
        parts.append(data[at : match.start()])
        at = match.end()
        follower = data[at : at + 1]
        if match[0] == format.escape and follower and follower in (format.escape, format.quote):
            parts.append(follower)
            at += 1
        elif match[0] == format.quote:
            text = "".join(parts)
            return text, at, text.count("\n")
        else:
            parts.append(match[0])
