"""Cursor: runs statements and hands out their rows as Python values or Arrow data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from auroraml.batch import concat_batches
from auroraml.dbapi.adapt import Bound
from auroraml.dbapi.arrow import DataType, Schema, batch_of, schema_of
from auroraml.dbapi.copy import Copy, is_copy
from auroraml.dbapi.explained import Explanation, as_json
from auroraml.dbapi.params import convert, merged
from auroraml.dbapi.placeholders import Params
from auroraml.dbapi.result import ALL, Result
from auroraml.dbapi.rows import RowFactory, RowMaker, tuple_row
from auroraml.errors import InterfaceError
from auroraml.errors.base import ProgrammingError
from auroraml.ir.logical import Output
from auroraml.pipeline.result import ResultStream
from auroraml.types.form import DEFAULT_STYLE

if TYPE_CHECKING:
    from auroraml.dbapi.connection import Connection


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


class Cursor:
    """PEP 249's cursor, with Arrow: fetch_arrow_table, fetch_record_batch_reader and `__arrow_c_stream__`."""

    def __init__(self, connection: Connection, row_factory: RowFactory | None = None) -> None:
        self.connection = connection
        self.row_factory = row_factory or connection.row_factory
        self.arraysize = 1
        self.closed = False
        self.statusmessage: str | None = None
        self.rowcount = -1
        self.lastrowid = None
        self._results: list[Result] = []
        self._result: Result | None = None
        self._maker: RowMaker = tuple

    # Running

    def execute(self, sql: str, params: Params | None = None, *, prepare: bool | None = None, binary: bool | None = None) -> Cursor:
        """Run `sql` (%s, %(name)s or $n) to its end and keep the rows. `prepare` as in psycopg; `binary` changes nothing."""
        self._check_open()
        text, bound = convert(sql, params)
        if is_copy(text):
            raise ProgrammingError("COPY cannot be used with this method; use copy() instead")
        with self.connection.running():
            self._forget()
            self._results = self._run(text, bound, prepare)
        self._show(self._results.pop(0) if self._results else None)
        return self

    def _run(self, text: str, bound: tuple[Bound, ...], prepare: bool | None = None) -> list[Result]:
        session, names = self.connection.session, self.connection.prepared
        results = []
        name = names.name(text, bound, prepare)
        for surplus in names.surplus():
            session.prepared.pop(surplus, None)
        for stream in session.execute(text, bound, name):
            results.append(Result(stream, DEFAULT_STYLE if stream.columns is None else session.style))
            stream.drain()
        return results or [Result(ResultStream(tag=""), DEFAULT_STYLE)]

    def executemany(self, sql: str, rows: Iterable[Params], *, returning: bool = False) -> None:
        """Run `sql` once for each of `rows`, all or (in autocommit) none; `rowcount` is the total, or with `returning` each result's own."""
        self._check_open()
        results: list[Result] = []
        total, tag, again, last = 0, None, None, ""
        session, names = self.connection.session, self.connection.prepared
        with self.connection.running(), self.connection.together():
            self._forget()
            for params in rows:  # each is a statement of its own
                text, bound = convert(sql, params)
                name = "" if returning else names.name(text, bound, True)
                if again is None or name != last:
                    again, last = session.repeater(name), name
                if again is not None:
                    again(bound)
                    total, tag = total + 1, "INSERT 0 1"
                    continue
                made = self._run(text, bound, True)
                total, tag = total + sum(max(result.stream.rowcount, 0) for result in made), made[-1].stream.tag
                results += made if returning else ()
        if returning:
            self._results = results
            self._show(results.pop(0) if results else None)
            return
        self.rowcount, self.statusmessage = total, tag

    def callproc(self, name: str, parameters: Sequence[object] = ()) -> Sequence[object]:
        """Call a function (`schema.name`) as FROM does, so that its rows can be fetched; the parameters come back unchanged."""
        function = ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
        self.execute(f"SELECT * FROM {function}({', '.join(['%s'] * len(parameters))})", list(parameters))
        return parameters

    def stream(self, sql: str, params: Params | None = None, *, size: int = 1) -> Iterator[Any]:
        """Rows as they are asked for, `size` at a time; a later statement on the connection ends the stream."""
        self._open_stream(sql, params)
        return self._streamed(size)

    def _streamed(self, size: int) -> Iterator[Any]:
        while rows := self.fetchmany(size):
            yield from rows

    def stream_arrow(self, sql: str, params: Params | None = None, *, rows_per_batch: int = 1 << 16) -> pa.RecordBatchReader:
        """Run `sql` by demand: each record batch read pulls as many rows from the plan."""
        self._open_stream(sql, params)
        return self.fetch_record_batch_reader(rows_per_batch)

    def _open_stream(self, sql: str, params: Params | None) -> None:
        self._check_open()
        text, bound = convert(sql, params)
        session = self.connection.session
        with self.connection.running():
            self._forget()
            stream = next(session.execute(text, bound), None)
            self.connection.open_stream = stream
            style = session.style
        self._show(None if stream is None else Result(stream, style, lambda: self.connection.streaming(stream)))

    def copy(self, sql: str, params: Params | None = None) -> Copy:
        """A COPY ... FROM STDIN to write to, or a COPY ... TO STDOUT to read from; use it in a `with` block."""
        self._check_open()
        return Copy(self, merged(sql, params, self.connection.session.style))

    def explain(self, sql: str, params: Params | None = None, **options: bool | str) -> Explanation:
        """The plan of `sql`; options as EXPLAIN's (analyze=True, verbose=True, ...)."""
        self._check_open()
        words = [f"{name} {str(value).lower()}" for name, value in options.items() if name != "format"]
        text, bound = convert(sql, params)
        session = self.connection.session
        session.explained = None
        shown = self._plan(words, text, bound)
        explained = session.explained
        calls = self.connection.calls() if explained is not None and explained.metrics is not None else ()
        return Explanation(
            text=shown, json=lambda: self._plan([*words, "FORMAT json"], text, bound) if explained is None else as_json(explained), calls=calls
        )

    def _plan(self, words: list[str], text: str, bound: tuple[Bound, ...]) -> str:
        lines: list[str] = []
        with self.connection.running():
            for stream in self.connection.session.execute(f"EXPLAIN ({', '.join(words)}) {text}" if words else f"EXPLAIN {text}", bound):
                for batch in stream.batches():
                    lines += [str(value) for value in batch.vector(0).datums()]
        return "\n".join(lines)

    # Results

    @property
    def description(self) -> list[ColumnDescription] | None:
        """One entry a result column; None where the statement returns no rows."""
        columns = None if self._result is None else self._result.columns
        return None if columns is None else [describe(output) for output in columns]

    @property
    def rownumber(self) -> int | None:
        """The number of the next row to fetch, from 0; None without rows."""
        return None if self._result is None or self._result.columns is None else self._result.position

    def nextset(self) -> bool | None:
        """Go to the next statement's result, None when there is no more."""
        if not self._results:
            return None
        self._show(self._results.pop(0))
        return True

    def results(self) -> Iterator[Cursor]:
        """This cursor at each of its results in turn."""
        if self._result is not None:
            yield self
        while self.nextset():
            yield self

    def show_tag(self, tag: str, rowcount: int) -> None:
        """Note what a statement without rows did."""
        self.statusmessage, self.rowcount = tag, rowcount

    def _forget(self) -> None:
        self._results, self._result = [], None
        self.statusmessage, self.rowcount = None, -1

    def _show(self, result: Result | None) -> None:
        self._result = result
        if result is None:
            return
        self.statusmessage, self.rowcount = result.stream.tag or None, result.stream.rowcount
        self._maker = tuple if self.row_factory is tuple_row else self.row_factory(self)

    # Fetching

    def fetchone(self) -> Any | None:
        """The next row, None at the end."""
        rows = self._rows().take(1)
        return self._maker(rows[0]) if rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next `size` rows (default: `arraysize`)."""
        return self._made(self._rows().take(self.arraysize if size is None else size))

    def fetchall(self) -> list[Any]:
        """All remaining rows."""
        return self._made(self._rows().take(None))

    def _made(self, rows: list[Sequence[object]]) -> list[Any]:
        return rows if self._maker is tuple else [self._maker(row) for row in rows]

    def __iter__(self) -> Iterator[Any]:
        while (row := self.fetchone()) is not None:
            yield row

    def __next__(self) -> Any:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def scroll(self, value: int, mode: str = "relative") -> None:
        """Move the place of the next fetch by `value` rows, or to row `value`."""
        result = self._rows()
        if result.live:
            raise ProgrammingError("a stream cannot scroll")
        result.scroll(value, mode)

    def fetch_arrow_table(self, *, numeric: DataType | None = None) -> pa.Table:
        """All remaining rows as a pa.Table; `numeric` is the Arrow type for numerics without a scale, which come as text otherwise."""
        result = self._rows()
        assert result.columns is not None
        schema = schema_of(result.columns, result.style, numeric)
        batches = []
        while (batch := result.batch(ALL)) is not None:
            batches.append(batch)
        whole = [batch_of(result.columns, concat_batches(batches), result.style, schema)] if batches else []
        return pa.Table.from_batches(whole, schema=schema)

    def fetch_record_batch_reader(self, rows_per_batch: int = 1 << 16, *, numeric: DataType | None = None) -> pa.RecordBatchReader:
        """The remaining rows as a reader of record batches, driven by demand after `stream_arrow`."""
        result = self._rows()
        assert result.columns is not None
        columns, schema = result.columns, schema_of(result.columns, result.style, numeric)

        def batches() -> Iterator[pa.RecordBatch]:
            while (batch := result.batch(rows_per_batch)) is not None:
                yield batch_of(columns, batch, result.style, schema)

        return pa.RecordBatchReader.from_batches(schema, batches())

    fetch_record_batch = fetch_record_batch_reader

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The remaining rows as an Arrow C stream."""
        return self.fetch_record_batch_reader().__arrow_c_stream__(requested_schema)

    @property
    def arrow_schema(self) -> Schema:
        """The Arrow schema of the result."""
        result = self._rows()
        return schema_of(result.columns or (), result.style)

    def _rows(self) -> Result:
        self._check_open()
        if self._result is None:
            raise ProgrammingError("no result available")
        self._result.require_rows()
        return self._result

    # PEP 249's rest

    def setinputsizes(self, sizes: object) -> None:
        """PEP 249 asks for it; sizes are not needed here."""

    def setoutputsize(self, size: object, column: object = None) -> None:
        """PEP 249 asks for it; sizes are not needed here."""

    def close(self) -> None:
        """Make the cursor unusable."""
        self.closed = True
        self._forget()

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if self.closed:
            raise InterfaceError("the cursor is closed")
        self.connection.check_open()
