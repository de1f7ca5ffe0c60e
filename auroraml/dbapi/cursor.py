"""Cursor: runs statements and hands out their rows as Python values or Arrow data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from auroraml.batch import Batch, concat_batches
from auroraml.dbapi.arrow import Schema, batch_of, schema_of, table_of
from auroraml.dbapi.copy import Copy
from auroraml.dbapi.explained import Explanation
from auroraml.dbapi.params import Params, convert
from auroraml.dbapi.rows import RowFactory, RowMaker
from auroraml.errors import InterfaceError
from auroraml.errors.base import ProgrammingError
from auroraml.ir.logical import Output
from auroraml.pipeline.result import ResultStream
from auroraml.types.python import to_python

if TYPE_CHECKING:
    from auroraml.dbapi.connection import Connection

CHUNK = 1024  # rows converted to Python at a time


class ColumnDescription(NamedTuple):
    """PEP 249's seven items; `type_code` is the type's OID."""

    name: str
    type_code: int
    display_size: int | None = None
    internal_size: int | None = None
    precision: int | None = None
    scale: int | None = None
    null_ok: bool | None = None


def describe(output: Output) -> ColumnDescription:
    """The description of one result column."""
    size = output.type.length if output.type.length > 0 else None
    precision = scale = None
    if output.type.name == "numeric" and output.typmod >= 4:
        precision, scale = (output.typmod - 4) >> 16 & 0xFFFF, (output.typmod - 4) & 0x7FF
    width = output.typmod - 4 if output.type.name in ("varchar", "bpchar") and output.typmod >= 4 else None
    return ColumnDescription(output.name, output.type.oid, width, size, precision, scale, None)


class Result:
    """The rows of one statement, kept as batches and converted as they are fetched."""

    def __init__(self, stream: ResultStream, live: bool) -> None:
        self.stream = stream
        self.columns = stream.columns
        self.live = live
        self.kept: list[Batch] = [] if live else [b for b in stream.batches() if b.n]
        self.rows: list[Sequence[object]] = []  # converted and not yet fetched
        self.at = 0

    def next_batch(self, n: int) -> Batch | None:
        """The next batch of at most `n` rows, from what is kept or from the running statement."""
        if self.live:
            return self.stream.pull(n)
        if not self.kept:
            return None
        batch = self.kept[0]
        if batch.n <= n:
            return self.kept.pop(0)
        self.kept[0] = batch.drop(n)
        return batch.slice(0, n)

    def more(self, n: int) -> bool:
        """Convert up to `n` more rows; False at the end."""
        batch = self.next_batch(n)
        while batch is not None and batch.n == 0:
            batch = self.next_batch(n)
        if batch is None:
            return False
        assert self.columns is not None
        values = [to_python(output.type, batch.vector(i)) for i, output in enumerate(self.columns)]
        self.rows = list(zip(*values, strict=True)) if values else [()] * batch.n
        self.at = 0
        return True

    def take(self, n: int | None) -> list[Sequence[object]]:
        """The next `n` rows (None: all that are left)."""
        taken: list[Sequence[object]] = []
        while n is None or len(taken) < n:
            if self.at >= len(self.rows):
                want = 1 << 62 if n is None else max(n - len(taken), 1 if self.live else CHUNK)
                if not self.more(want):
                    break
            stop = len(self.rows) if n is None else min(len(self.rows), self.at + n - len(taken))
            taken += self.rows[self.at : stop]
            self.at = stop
        return taken


class Cursor:
    """PEP 249's cursor, with Arrow: fetch_arrow_table, fetch_record_batch_reader and `__arrow_c_stream__`."""

    def __init__(self, connection: Connection, row_factory: RowFactory | None = None) -> None:
        self.connection = connection
        self.row_factory = row_factory or connection.row_factory
        self.arraysize = 1
        self.closed = False
        self.statusmessage: str | None = None
        self.rowcount = -1
        self._results: list[Result] = []
        self._result: Result | None = None
        self._maker: RowMaker = tuple
        self.lastrowid = None

    @property
    def description(self) -> list[ColumnDescription] | None:
        """One entry a result column; None where the statement returns no rows."""
        columns = None if self._result is None else self._result.columns
        return None if columns is None else [describe(output) for output in columns]

    def execute(self, sql: str, params: Params | None = None, *, prepare: bool | None = None) -> Cursor:
        """Run `sql` (%s, %(name)s or $n) to its end and keep the rows."""
        self._check_open()
        text, bound = convert(sql, params)
        with self.connection.running():
            self._results = []
            self._result = None
            results = []
            for stream in self.connection.session.execute(text, bound):
                result = Result(stream, live=False)
                stream.drain()
                results.append(result)
            self._results = results
        self._show(self._results.pop(0) if self._results else None)
        return self

    def executemany(self, sql: str, rows: Sequence[Params] | Iterator[Params], *, returning: bool = False) -> None:
        """Run `sql` once for each of `rows`; `rowcount` is the total."""
        total = 0
        results: list[Result] = []
        for params in rows:
            self.execute(sql, params)
            total += max(self.rowcount, 0)
            if returning and self._result is not None:
                results.append(self._result)
        self._results = results
        self._show(results.pop(0) if results else None)
        self.rowcount = total

    def stream(self, sql: str, params: Params | None = None, *, size: int = 1) -> Iterator[object]:
        """Rows as they are asked for, `size` at a time; a later statement on the connection ends the stream."""
        self._open_stream(sql, params)
        return self._streamed(size)

    def _streamed(self, size: int) -> Iterator[object]:
        while rows := self.fetchmany(size):
            yield from rows

    def _open_stream(self, sql: str, params: Params | None) -> None:
        self._check_open()
        text, bound = convert(sql, params)
        with self.connection.running():
            self._results = []
            streams = self.connection.session.execute(text, bound)
            stream = next(streams, None)
            if stream is None:
                self._show(None)
                return
            self.connection.open_stream = stream
        self._show(Result(stream, live=True))

    def _show(self, result: Result | None) -> None:
        self._result = result
        if result is None:
            self.statusmessage, self.rowcount = None, -1
            return
        self.statusmessage = result.stream.tag
        self.rowcount = result.stream.rowcount
        self._maker = self.row_factory([output.name for output in result.columns or ()])

    def nextset(self) -> bool | None:
        """Go to the next statement's result, None when there is no more."""
        if not self._results:
            return None
        self._show(self._results.pop(0))
        return True

    def fetchone(self) -> object | None:
        """The next row, None at the end."""
        rows = self._rows().take(1)
        return self._maker(rows[0]) if rows else None

    def fetchmany(self, size: int | None = None) -> list[object]:
        """The next `size` rows (default: `arraysize`)."""
        return [self._maker(row) for row in self._rows().take(self.arraysize if size is None else size)]

    def fetchall(self) -> list[object]:
        """All remaining rows."""
        rows = self._rows().take(None)
        return rows if self._maker is tuple else [self._maker(row) for row in rows]  # type: ignore[return-value] # rows are tuples

    def __iter__(self) -> Iterator[object]:
        while (row := self.fetchone()) is not None:
            yield row

    def fetch_arrow_table(self) -> pa.Table:
        """All remaining rows as a pa.Table."""
        result = self._rows()
        assert result.columns is not None
        batches = [] if result.live else result.kept
        if result.live:
            while (batch := result.next_batch(1 << 62)) is not None:
                batches.append(batch)
        result.kept = []
        return table_of(result.columns, [concat_batches(batches)] if batches else [])

    def fetch_record_batch_reader(self, rows_per_batch: int = 1 << 16) -> pa.RecordBatchReader:
        """The remaining rows as a reader of record batches, driven by demand after `stream_arrow`."""
        result = self._rows()
        assert result.columns is not None
        columns = result.columns

        def batches() -> Iterator[pa.RecordBatch]:
            while (batch := result.next_batch(rows_per_batch)) is not None:
                yield batch_of(columns, batch)

        return pa.RecordBatchReader.from_batches(schema_of(columns), batches())

    fetch_record_batch = fetch_record_batch_reader

    def stream_arrow(self, sql: str, params: Params | None = None, *, rows_per_batch: int = 1 << 16) -> pa.RecordBatchReader:
        """Run `sql` by demand: each record batch read pulls as many rows from the plan."""
        self._open_stream(sql, params)
        return self.fetch_record_batch_reader(rows_per_batch)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The remaining rows as an Arrow C stream."""
        return self.fetch_record_batch_reader().__arrow_c_stream__(requested_schema)

    @property
    def arrow_schema(self) -> Schema:
        """The Arrow schema of the result."""
        return schema_of(self._rows().columns or ())

    def explain(self, sql: str, params: Params | None = None, **options: bool | str) -> Explanation:
        """The plan of `sql`; options as EXPLAIN's (analyze=True, verbose=True, ...)."""
        words = ", ".join(f"{name} {_option(value)}" for name, value in options.items() if name != "format")
        text, bound = convert(sql, params)
        with self.connection.running():
            plan = _lines(self.connection.session.execute(f"EXPLAIN ({words}) {text}" if words else f"EXPLAIN {text}", bound))
        return Explanation(text="\n".join(plan), json=lambda: self._json_plan(words, text, bound))

    def _json_plan(self, words: str, text: str, bound: tuple[tuple[object, object], ...]) -> str:
        comma = ", " if words else ""
        with self.connection.running():
            return "\n".join(_lines(self.connection.session.execute(f"EXPLAIN ({words}{comma}FORMAT json) {text}", bound)))  # type: ignore[arg-type] # as convert made them

    def copy(self, sql: str, params: Params | None = None) -> Copy:
        """A COPY ... FROM STDIN to write to, or a COPY ... TO STDOUT to read from; use it in a `with` block."""
        self._check_open()
        text, _ = convert(sql, params)
        return Copy(self, text)

    def setinputsizes(self, sizes: object) -> None:
        """PEP 249 asks for it; sizes are not needed here."""

    def setoutputsize(self, size: object, column: object = None) -> None:
        """PEP 249 asks for it; sizes are not needed here."""

    def close(self) -> None:
        """Make the cursor unusable."""
        self.closed = True
        self._results, self._result = [], None

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if self.closed:
            raise InterfaceError("the cursor is closed")
        self.connection.check_open()

    def _rows(self) -> Result:
        self._check_open()
        if self._result is None or self._result.columns is None:
            raise ProgrammingError("the last operation didn't produce a result")
        if self._result.live and self.connection.open_stream is not self._result.stream:
            raise InterfaceError("the stream was ended by a later statement on this connection")
        return self._result


def _option(value: bool | str) -> str:
    return str(value).lower()


def _lines(streams: Iterator[ResultStream]) -> list[str]:
    lines: list[str] = []
    for stream in streams:
        for batch in stream.batches():
            lines += [str(value) for value in batch.vector(0).datums()]
    return lines
