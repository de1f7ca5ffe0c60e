"""COPY's input split into columns all at once, where a CSV reader of columns means the same as PostgreSQL's; row by row it is read elsewhere."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from auroraml.commands.copy_format import Format, Texts
from auroraml.commands.copy_rows import ESCAPE, unescape
from auroraml.lazy import compute as pc

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # the reader would leave it out


def read_columns(data: bytes, format: Format, width: int) -> Texts | None:
    """The rows of `data`; None where only PostgreSQL's own order of work tells what they are, errors included."""
    if width == 0 or not data or data == b"\n" or b"\r" in data or b"\\." in data or data.startswith(BYTE_ORDER_MARK) or format.match:
        return None
    ends = None
    quoted = format.csv and format.quote.encode() in data
    if format.csv:
        if format.force_null or (quoted and (format.escape != format.quote or (ends := _record_ends(data, format)) is None)):
            return None
    elif b"\\\n" in data or b"\\" + format.delimiter.encode() in data:
        return None
    if b"\n\n" in data if ends is None else format.header and len(ends) and int(ends[0]) > 1:
        return None
    names = [str(i) for i in range(width)]
    try:
        table = pacsv.read_csv(
            pa.BufferReader(data),
            read_options=pacsv.ReadOptions(column_names=names, skip_rows=1 if format.header else 0),
            parse_options=pacsv.ParseOptions(
                delimiter=format.delimiter, quote_char=format.quote if quoted else False, double_quote=quoted,
                newlines_in_values=ends is not None and len(ends) > 0 and int(ends[-1]) > len(ends), ignore_empty_lines=False,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.large_string() for name in names}, strings_can_be_null=True, null_values=[format.null],
                quoted_strings_can_be_null=False,
            ),
        )  # fmt: skip
    except pa.ArrowInvalid:
        return None
    values = [column.combine_chunks() if column.num_chunks != 1 else column.chunk(0) for column in table.columns]
    for i in format.force_not_null:
        values[i] = values[i].fill_null(format.null)
    if not format.csv and b"\\" in data:
        values = [_unescaped(column) for column in values]
    first = 1 if format.header else 0
    lines = np.arange(first + 1, first + 1 + table.num_rows) if ends is None else ends[first : first + table.num_rows]
    return Texts(values=tuple(values), lines=lines, n=table.num_rows) if len(lines) == table.num_rows else None


def _unescaped(column: pa.Array) -> pa.Array:
    escaped = pc.fill_null(pc.match_substring(column, "\\"), False)
    if not pc.any(escaped).as_py():
        return column
    texts = [ESCAPE.sub(unescape, text) for text in column.filter(escaped).to_pylist()]  # only values with escapes, each by its own
    return pc.replace_with_mask(column, escaped, pa.array(texts, column.type))


def _record_ends(data: bytes, format: Format) -> np.ndarray | None:
    """The number of each record's last line; None where quotes stand inside fields, or there are empty lines between records.

    Quotes open and close by turns; one that closes where the next opens is a quote within the field.
    """
    raw = np.frombuffer(data, np.uint8)
    quote, delimiter, newline = ord(format.quote), ord(format.delimiter), ord("\n")
    places = np.flatnonzero(raw == quote)
    if len(places) % 2:
        return None
    opening, closing = places[::2], places[1::2]
    doubled = np.zeros(len(opening) + 1, np.bool_)  # before opening i stands closing i - 1
    doubled[1:-1] = opening[1:] == closing[:-1] + 1
    before, after = raw[opening - 1], raw[np.minimum(closing + 1, len(raw) - 1)]
    begins = doubled[:-1] | (before == delimiter) | (before == newline) | (opening == 0)
    finishes = doubled[1:] | (after == delimiter) | (after == newline) | (closing + 1 == len(raw))
    if not (begins.all() and finishes.all()):
        return None
    newlines = np.flatnonzero(raw == newline)
    outside = np.searchsorted(places, newlines) % 2 == 0
    ends = np.flatnonzero(outside)
    records = newlines[ends]
    if (np.diff(records) == 1).any() or (len(records) and int(records[0]) == 0):
        return None
    if len(raw) and (not len(records) or int(records[-1]) != len(raw) - 1):
        ends = np.append(ends, len(newlines))  # the last record has no newline of its own
    return ends + 1
