"""COPY's two formats: options, splitting a stream into columns of text, and writing columns back."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from auroraml.errors import BadCopyFileFormat

CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Format:
    """COPY's options, defaults filled in; `force_*` are column positions."""

    csv: bool = False
    delimiter: str = "\t"
    null: str = "\\N"
    header: bool = False
    match: bool = False  # HEADER MATCH
    quote: str = '"'
    escape: str = '"'
    force_quote: frozenset[int] = frozenset()
    force_not_null: frozenset[int] = frozenset()
    force_null: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Fields by column: `values` are large_string arrays with NULLs where the file has them; `lines` numbers each row's line."""

    values: tuple[pa.Array, ...]
    lines: np.ndarray
    n: int
    raw: Sequence[str] = ()  # the lines, for error contexts
    failure: BadCopyFileFormat | None = None  # of the row that ends it, whose fields may be read first


def read(data: str, format: Format, width: int, table: str, names: Sequence[str]) -> Texts:
    """The rows of `data`, up to one that has too few or too many fields: 22P04, once the fields before it have been read."""
    fast = _arrow(data, format, width) if format.csv else None
    if fast is not None:
        return fast
    rows = _csv_rows(data, format, table) if format.csv else _text_rows(data, format, table)
    columns: list[list[str | None]] = [[] for _ in range(width)]
    lines: list[int] = []
    raws: list[str] = []
    first = True
    failure = None
    for line, raw, fields in rows:  # row by row: fields are split and checked as PostgreSQL does
        if first and format.header:
            first = False
            if format.match:
                _match_header(fields, names, table)
            continue
        first = False
        context = f'COPY {table}, line {line}: "{raw}"'
        if len(fields) > width and not (width == 0 and fields == [""]):
            failure = BadCopyFileFormat("extra data after last expected column", context=context)
            break
        if len(fields) < width:
            failure = BadCopyFileFormat(f'missing data for column "{names[len(fields)]}"', context=context)
        for i, column in enumerate(columns):
            column.append(fields[i] if i < len(fields) else None)
        lines.append(line)
        raws.append(raw)
        if failure is not None:
            break
    values = tuple(pa.array(c, pa.large_string()) for c in columns)
    return Texts(values=values, lines=np.array(lines, np.int64), n=len(lines), raw=raws, failure=failure)


def _match_header(fields: Sequence[str | None], names: Sequence[str], table: str) -> None:
    context = f"COPY {table}, line 1"
    if len(fields) != len(names):
        text = ",".join(field or "" for field in fields)
        message = f"wrong number of fields in header line: got {len(fields)}, expected {len(names)}"
        raise BadCopyFileFormat(message, context=f'{context}: "{text}"')
    for number, (field, name) in enumerate(zip(fields, names, strict=True), 1):
        if field != name:
            got = 'null value ("\\N")' if field is None else f'"{field}"'
            message = f'column name mismatch in header line field {number}: got {got}, expected "{name}"'
            raise BadCopyFileFormat(message, context=f'{context}: "{",".join(f or "" for f in fields)}"')


def _arrow(data: str, format: Format, width: int) -> Texts | None:
    """The vectorised way, where pyarrow's CSV means the same; None where it does not."""
    plain = format.quote == '"' == format.escape and not (format.force_not_null or format.force_null or format.match) and format.null == ""
    if not plain or width == 0 or "\r" in data or "\n\n" in data or "\\." in data or len(format.delimiter) != 1 or '"' in data:
        return None
    if not data or data == "\n":
        return None
    names = [str(i) for i in range(width)]
    try:
        table = pacsv.read_csv(
            io.BytesIO(data.encode()),
            read_options=pacsv.ReadOptions(column_names=names, skip_rows=1 if format.header else 0),
            parse_options=pacsv.ParseOptions(delimiter=format.delimiter, quote_char=False, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.large_string() for name in names}, strings_can_be_null=True, null_values=[""], quoted_strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    first = 2 if format.header else 1
    values = tuple(column.combine_chunks() if column.num_chunks != 1 else column.chunk(0) for column in table.columns)
    return Texts(values=values, lines=np.arange(first, first + table.num_rows), n=table.num_rows)


_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(.))", re.DOTALL)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unescape(match: re.Match[str]) -> str:
    octal, hexadecimal, letter = match.groups()
    if octal is not None:
        return chr(int(octal, 8) & 0xFF)
    return chr(int(hexadecimal, 16)) if hexadecimal is not None else _LETTERS.get(letter, letter)


def _text_rows(data: str, format: Format, table: str) -> Iterator[tuple[int, str, list[str | None]]]:
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
        fields.append(None if raw == format.null else _ESCAPE.sub(_unescape, raw))
        if not match[2]:
            return fields
        at = match.end()


def _csv_rows(data: str, format: Format, table: str) -> Iterator[tuple[int, str, list[str | None]]]:
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


def write(columns: Sequence[pa.Array], n: int, format: Format) -> str:
    """The rows as COPY TO writes them; columns are large_string arrays with NULLs."""
    if n == 0:
        return ""
    if not columns:
        return "\n" * n
    quote = _quote_csv if format.csv else _escape_text
    texts = [pc.fill_null(quote(column, i, len(columns), format), format.null) for i, column in enumerate(columns)]
    joined = pc.binary_join_element_wise(*texts, pa.scalar(format.delimiter, pa.large_string()))
    return "\n".join(joined.to_pylist()) + "\n"


def header(names: Sequence[str], format: Format) -> str:
    """The header line."""
    return write([pa.array([name], pa.large_string()) for name in names], 1, format)


def _escape_text(column: pa.Array, i: int, width: int, format: Format) -> pa.Array:
    column = pc.replace_substring(column, "\\", "\\\\")
    for letter, code in (("b", "\b"), ("f", "\f"), ("n", "\n"), ("r", "\r"), ("t", "\t"), ("v", "\v")):
        column = pc.replace_substring(column, code, "\\" + letter)
    return column if format.delimiter == "\t" else pc.replace_substring(column, format.delimiter, "\\" + format.delimiter)


def _quote_csv(column: pa.Array, i: int, width: int, format: Format) -> pa.Array:
    special = f"[{re.escape(format.delimiter)}{re.escape(format.quote)}\r\n]"
    needs = pc.or_(pc.match_substring_regex(column, special), pc.equal(column, format.null))
    if width == 1:
        needs = pc.or_(needs, pc.equal(column, "\\."))
    if i in format.force_quote:
        needs = pc.is_valid(column)
    doubled = column
    if format.escape != format.quote:
        doubled = pc.replace_substring(doubled, format.escape, format.escape * 2)
    doubled = pc.replace_substring(doubled, format.quote, format.escape + format.quote)
    empty = pa.scalar("", pa.large_string())
    quote = pa.scalar(format.quote, pa.large_string())
    return pc.if_else(needs, pc.binary_join_element_wise(quote, doubled, quote, empty), column)
