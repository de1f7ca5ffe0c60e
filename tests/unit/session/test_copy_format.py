"""COPY's formats, read and written."""

from __future__ import annotations

import pytest

from auroraml import errors
from auroraml.commands.copy_format import Format, read, write

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
    texts = read(data, format, 2, "t", ["a", "b"])
    assert list(zip(*(column.to_pylist() for column in texts.values), strict=True)) == rows


@pytest.mark.parametrize("format", [Format(), CSV, Format(csv=True, delimiter=";", null="NIL", quote="'", escape="\\")])
def test_what_is_written_is_read_back(format: Format) -> None:
    data = "plain\tNIL\n\\N\ta,b;c'\n\\\\.\tq\"q\\ne\n"
    texts = read(data, Format(), 2, "t", ["a", "b"])
    again = read(write(texts.values, texts.n, format), format, 2, "t", ["a", "b"])
    assert [c.to_pylist() for c in again.values] == [c.to_pylist() for c in texts.values]


def test_errors_name_line_and_column() -> None:
    texts = read("1\ta\n2\n3\tc\n", Format(), 2, "t", ["a", "b"])
    assert isinstance(texts.failure, errors.BadCopyFileFormat)
    assert str(texts.failure) == 'missing data for column "b"\nCONTEXT:  COPY t, line 2: "2"'
    assert [column.to_pylist() for column in texts.values] == [["1", "2"], ["a", None]], "what comes before is read first"
