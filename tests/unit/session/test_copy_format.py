"""COPY's formats, read and written."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auroraml import errors
from auroraml.commands.copy_columns import read_columns
from auroraml.commands.copy_format import Format, write
from auroraml.commands.copy_reading import read
from auroraml.commands.copy_rows import csv_rows, text_rows

CSV = Format(csv=True, delimiter=",", null="")


@pytest.mark.parametrize(
    ("data", "format", "rows"),
    [
        ("1\ta\\tb\n\\N\tx\\\\\n", Format(), [("1", "a\tb"), (None, "x\\")]),
        ("1,a\n2,\n", CSV, [("1", "a"), ("2", None)]),
        ('1,"a,""b\n"\n2,""\n', CSV, [("1", 'a,"b\n'), ("2", "")]),
        ("1|x\n\\.\n2|y\n", Format(delimiter="|"), [("1", "x")]),
        ("x,y\n1,a\n", Format(csv=True, delimiter=",", null="", header=True), [("1", "a")]),
    ],
)
def test_read(data: str, format: Format, rows: list[tuple[str | None, ...]]) -> None:
    texts = read(data.encode(), format, 2, "t", ["a", "b"])
    assert list(zip(*(column.to_pylist() for column in texts.values), strict=True)) == rows


@pytest.mark.parametrize("format", [Format(), CSV, Format(csv=True, delimiter=";", null="NIL", quote="'", escape="\\")])
def test_what_is_written_is_read_back(format: Format) -> None:
    data = "plain\tNIL\n\\N\ta,b;c'\n\\\\.\tq\"q\\ne\n"
    texts = read(data.encode(), Format(), 2, "t", ["a", "b"])
    again = read(write(texts.values, texts.n, format).encode(), format, 2, "t", ["a", "b"])
    assert [c.to_pylist() for c in again.values] == [c.to_pylist() for c in texts.values]


ROWS_ALONE = [  # what only PostgreSQL's own order of work reads
    (b"1\ta\\\nb\n", Format()), (b"1\ta\\\tb\n", Format()), (b"1\ta\r\n", Format()), (b"1\ta\n\\.\n", Format()), (b"1\n", Format()),
    (b'1,a"b"\n', CSV), (b'1,"ab" \n', CSV), (b'1,"a\n', CSV), (b'1,"a"\n\n2,b\n', CSV), (b"\xef\xbb\xbf1,a\n", CSV),
    (b'"x\n",y\n1,a\n', Format(csv=True, delimiter=",", null="", header=True)),
]  # fmt: skip


@pytest.mark.parametrize(("data", "format"), ROWS_ALONE)
def test_columns_are_refused(data: bytes, format: Format) -> None:
    assert read_columns(data, format, 2) is None


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(st.none() | st.text('ab"\\\n\t,.N;é', max_size=4), st.none() | st.text('ab"\\\n\t,.N;é', max_size=4)), max_size=6),
    format=st.sampled_from(
        [Format(), CSV, Format(delimiter=";", null=""), Format(csv=True, delimiter=";", null="NIL"), replace(CSV, force_quote=frozenset({0, 1}))]
    ),
    header=st.booleans(),
)
def test_columns_are_those_read_row_by_row(rows: list[tuple[str | None, str | None]], format: Format, header: bool) -> None:
    columns = [pa.array([row[i] for row in rows], pa.large_string()) for i in (0, 1)]
    data = write(columns, len(rows), format)
    format = replace(format, header=header)
    found = read_columns(data.encode(), format, 2)
    if found is not None:
        wanted = list(csv_rows(data, format, "t") if format.csv else text_rows(data, format))[1 if header else 0 :]
        assert [list(row) for row in zip(*(column.to_pylist() for column in found.values), strict=True)] == [fields for _, _, fields in wanted]
        assert found.lines.tolist() == [number for number, _, _ in wanted]


def test_errors_name_line_and_column() -> None:
    texts = read(b"1\ta\n2\n3\tc\n", Format(), 2, "t", ["a", "b"])
    assert isinstance(texts.failure, errors.BadCopyFileFormat)
    assert str(texts.failure) == 'missing data for column "b"\nCONTEXT:  COPY t, line 2: "2"'
    assert [column.to_pylist() for column in texts.values] == [["1", "2"], ["a", None]], "what comes before is read first"
