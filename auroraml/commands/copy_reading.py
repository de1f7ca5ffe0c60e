"""COPY's input as columns of text: all at once where that is possible, else row by row, with the errors of rows that are too short or long."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from auroraml.commands.copy_columns import read_columns
from auroraml.commands.copy_format import Format, Texts
from auroraml.commands.copy_rows import csv_rows, text_rows
from auroraml.errors import BadCopyFileFormat


def read(data: bytes, format: Format, width: int, table: str, names: Sequence[str]) -> Texts:
    """The rows of `data`, up to one that has too few or too many fields: 22P04, once the fields before it have been read."""
    fast = read_columns(data, format, width)
    if fast is not None:
        return fast
    text = _decoded(data)
    rows = csv_rows(text, format, table) if format.csv else text_rows(text, format)
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


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = " ".join(f"0x{byte:02x}" for byte in data[error.start : error.end])
        raise BadCopyFileFormat(f'invalid byte sequence for encoding "UTF8": {bad}') from None
