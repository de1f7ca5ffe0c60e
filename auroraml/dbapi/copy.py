"""Copy: the two ends of COPY ... STDIN and COPY ... STDOUT, as psycopg has them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from auroraml.batch import TextVector
from auroraml.dbapi.adapt import text_of
from auroraml.errors.base import ProgrammingError
from auroraml.sql import parse
from auroraml.sql import statements as st
from auroraml.types.pg_type import PgType
from auroraml.types.python import to_python
from auroraml.types.text import text_in

if TYPE_CHECKING:
    from auroraml.dbapi.cursor import Cursor

_ESCAPES = str.maketrans({"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"})
_COPY = re.compile(r"\s*copy", re.IGNORECASE)
_UNESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def is_copy(sql: str) -> st.Copy | None:
    """The statement, where it is a COPY from STDIN or to STDOUT."""
    if not _COPY.match(sql):
        return None
    found = parse(sql)
    return found[0] if len(found) == 1 and isinstance(found[0], st.Copy) and found[0].file is None else None


class Copy:
    """A copy in progress: `write` and `write_row` feed COPY FROM STDIN; iteration, `read`, `rows` and `read_row` take from COPY TO STDOUT."""

    def __init__(self, cursor: Cursor, sql: str) -> None:
        self.cursor = cursor
        self.sql = sql
        self.buffer = io.BytesIO()
        self.chunks: Iterator[bytes] | None = None
        self.types: list[PgType] = []

    def __enter__(self) -> Copy:
        statement = is_copy(self.sql)
        if statement is None:
            raise ProgrammingError("copy() should be used only with COPY ... TO STDOUT or COPY ... FROM STDIN statements")
        if not statement.incoming:
            output = self._run()
            output.seek(0)
            self.chunks = iter(output)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self.chunks is None:
            self._run()

    def _run(self) -> io.BytesIO:
        session = self.cursor.connection.session
        output = io.BytesIO()
        self.buffer.seek(0)
        with self.cursor.connection.running(), session.copying(self.buffer, output):
            for stream in session.execute(self.sql, ()):
                stream.drain()
                self.cursor.show_tag(stream.tag, stream.rowcount)
        return output

    def write(self, data: bytes | str) -> None:
        """Send text or bytes in the copy's format."""
        if self.chunks is not None:
            raise ProgrammingError("a COPY TO cannot be written to")
        self.buffer.write(data.encode() if isinstance(data, str) else bytes(data))

    def write_row(self, row: Sequence[object]) -> None:
        """Send one row in the text format."""
        style = self.cursor.connection.session.style
        texts = [text_of(value, style) for value in row]
        self.write("\t".join("\\N" if text is None else text.translate(_ESCAPES) for text in texts) + "\n")

    def _reading(self) -> Iterator[bytes]:
        if self.chunks is None:
            raise ProgrammingError("a COPY FROM cannot be read")
        return self.chunks

    def __iter__(self) -> Iterator[bytes]:
        return self._reading()

    def read(self) -> bytes:
        """The next row's data, empty at the end."""
        return next(self._reading(), b"")

    def set_types(self, types: Sequence[str]) -> None:
        """The types of the columns, by name, for `rows` and `read_row`."""
        catalog = self.cursor.connection.session.catalog
        found = [catalog.find_type(name, "pg_catalog") or catalog.find_type(name, "public") for name in types]
        missing = [name for name, type in zip(types, found, strict=True) if type is None]
        if missing:
            raise KeyError(f"couldn't find the type {missing[0]!r}")
        self.types = [type for type in found if type is not None]

    def read_row(self) -> tuple[object, ...] | None:
        """The next row of a copy in text format: texts, or Python values after `set_types`; None at the end."""
        line = self.read()
        if not line:
            return None
        fields = [None if field == "\\N" else _unescape(field) for field in line.decode().removesuffix("\n").split("\t")]
        if not self.types:
            return tuple(fields)
        return tuple(None if text is None else self._value(type, text) for text, type in zip(fields, self.types, strict=True))

    def _value(self, type: PgType, text: str) -> object:
        style = self.cursor.connection.session.style
        return to_python(type, text_in(type, -1, TextVector(pa.array([text], pa.large_string())), style), style)[0]

    def rows(self) -> Iterator[tuple[object, ...]]:
        """The rows that are left, as `read_row` gives them."""
        while (row := self.read_row()) is not None:
            yield row


def _unescape(field: str) -> str:
    if "\\" not in field:
        return field
    parts = field.split("\\")
    text = parts[0]
    rest = iter(parts[1:])
    for part in rest:  # an empty part stands between two backslashes: the first escapes the second
        text += "\\" + next(rest, "") if not part else _UNESCAPES.get(part[0], part[0]) + part[1:]
    return text
