"""Copy: the two ends of COPY ... STDIN and COPY ... STDOUT, as psycopg has them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from auroraml.errors.base import ProgrammingError

if TYPE_CHECKING:
    from auroraml.dbapi.cursor import Cursor


def _escape(value: object) -> str:
    if value is None:
        return "\\N"
    text = ("t" if value else "f") if isinstance(value, bool) else str(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


class Copy:
    """A copy in progress: `write` and `write_row` feed COPY FROM STDIN, iteration reads COPY TO STDOUT."""

    def __init__(self, cursor: Cursor, sql: str) -> None:
        self.cursor = cursor
        self.sql = sql
        self.buffer = io.BytesIO()
        self.wrote = False
        self.chunks: Iterator[bytes] | None = None

    def __enter__(self) -> Copy:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self.chunks is None:
            self._run()

    def write(self, data: bytes | str) -> None:
        """Send text or bytes in the copy's format."""
        self.wrote = True
        self.buffer.write(data.encode() if isinstance(data, str) else bytes(data))

    def write_row(self, row: Sequence[object]) -> None:
        """Send one row in the text format."""
        self.write("\t".join(map(_escape, row)) + "\n")

    def _run(self) -> None:
        session = self.cursor.connection.session
        output = io.BytesIO()
        self.buffer.seek(0)
        with self.cursor.connection.running(), session.copying(self.buffer, output):
            for stream in session.execute(self.sql, ()):
                stream.drain()
                self.cursor.statusmessage, self.cursor.rowcount = stream.tag, stream.rowcount
        output.seek(0)
        self.chunks = iter(output)

    def read(self) -> bytes:
        """All that is left."""
        return b"".join(self)

    def rows(self) -> Iterator[tuple[str | None, ...]]:
        """The rows of a copy in text format, as texts."""
        for line in self:
            fields = line.decode().rstrip("\n").split("\t")
            yield tuple(None if field == "\\N" else _unescape(field) for field in fields)

    def __iter__(self) -> Iterator[bytes]:
        if self.wrote:
            raise ProgrammingError("a copy that was written to cannot be read")
        if self.chunks is None:
            self._run()
        assert self.chunks is not None
        return self.chunks


def _unescape(field: str) -> str:
    if "\\" not in field:
        return field
    return field.replace("\\\\", "\0").replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r").replace("\0", "\\")
