"""Statements of a text run one after the other, with everything that each answered: rows, tag, notices, error, service calls, plan."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from types import FrameType

import pyarrow as pa

from auroraml.batch import Batch, concat_batches
from auroraml.dbapi.arrow import batch_of, schema_of
from auroraml.dbapi.connection import Connection
from auroraml.dbapi.params import convert
from auroraml.errors import DatabaseError, Diagnostic
from auroraml.explain import Explained, document, plain, render
from auroraml.ir.logical import Output
from auroraml.pipeline.result import ResultStream
from auroraml.records import dataclass
from auroraml.services.log import CallRecord
from auroraml.sql import split
from auroraml.types.form import DEFAULT_STYLE, TextStyle
from auroraml.types.python import to_python
from auroraml.types.text import text_out


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """One statement and what came of it. `columns` is None where it returns no rows; `explained`: what it explained, if it was an EXPLAIN."""

    statement: str
    tag: str = ""
    columns: tuple[Output, ...] | None = None
    batch: Batch | None = None  # None: no rows
    style: TextStyle = DEFAULT_STYLE
    notices: tuple[Diagnostic, ...] = ()
    error: DatabaseError | None = None
    seconds: float = 0.0
    calls: tuple[CallRecord, ...] = ()
    explained: Explained | None = None

    @property
    def count(self) -> int:
        """How many rows came."""
        return 0 if self.batch is None else self.batch.n

    def texts(self, most: int | None = None) -> list[tuple[str | None, ...]]:
        """The first `most` rows (None: all) as PostgreSQL writes their values."""
        part = self._part(most)
        if part is None:
            return []
        assert self.columns is not None
        columns = [text_out(output.type, part.vector(i), self.style).datums() for i, output in enumerate(self.columns)]
        return list(zip(*columns, strict=True)) if columns else [()] * part.n

    def rows(self) -> list[tuple[object, ...]]:
        """All rows as Python values."""
        part = self._part(None)
        if part is None:
            return []
        assert self.columns is not None
        columns = [to_python(output.type, part.vector(i), self.style) for i, output in enumerate(self.columns)]
        return list(zip(*columns, strict=True)) if columns else [()] * part.n

    def _part(self, most: int | None) -> Batch | None:
        return self.batch if self.batch is None or most is None or most >= self.batch.n else self.batch.slice(0, most)

    @cached_property
    def table(self) -> pa.Table:
        """The rows as Arrow data."""
        columns = self.columns or ()
        schema = schema_of(columns, self.style)
        return pa.Table.from_batches([] if self.batch is None else [batch_of(columns, self.batch, self.style, schema)], schema=schema)

    @property
    def plan_text(self) -> str:
        """What EXPLAIN printed, whatever its format."""
        return "\n".join(str(row[0]) for row in self.texts())

    def plan_json(self) -> str:
        """The same plan of the same run in JSON."""
        assert self.explained is not None
        return "\n".join(render(replace(self.explained, options=replace(self.explained.options, format="json"))))

    def plan(self) -> Mapping[str, object]:
        """The same as nested dicts."""
        assert self.explained is not None
        return plain(document(self.explained))


def run(connection: Connection, text: str, params: Mapping[str, object] | None = None) -> Iterator[Answer]:
    """Run the statements of `text` in turn, up to the first that fails; `params` are those of %(name)s."""
    for statement in split(text):
        answer = run_one(connection, statement, params)
        yield answer
        if answer.error is not None:
            return


def run_one(connection: Connection, statement: str, params: Mapping[str, object] | None = None) -> Answer:
    """Run one statement; Ctrl-C cancels it. The answer has it as it was sent, with $1 in place of %(name)s."""
    notices: list[Diagnostic] = []
    connection.check_open()
    session = connection.session
    session.explained = None
    log = connection.database.service_clients.log
    before = max((number for number, _ in log.numbered()), default=0)
    stream, batches, error, text = ResultStream(tag=""), list[Batch](), None, statement
    connection.add_notice_handler(notices.append)
    begun = time.perf_counter()
    try:
        with connection.running(), cancelled_by_interrupt(connection):
            text, bound = convert(statement, params)
            for stream in session.execute(text, bound):
                batches = [batch for batch in stream.batches() if batch.n]
    except DatabaseError as raised:
        error = raised
    finally:
        connection.remove_notice_handler(notices.append)
    return Answer(
        statement=text,
        tag=stream.tag,
        columns=stream.columns,
        batch=concat_batches(batches) if batches and error is None else None,
        style=session.style,
        notices=tuple(notices),
        error=error,
        seconds=time.perf_counter() - begun,
        calls=tuple(record for number, record in log.numbered() if number > before and record.pid in (0, session.pid)),
        explained=session.explained,
    )


@contextlib.contextmanager
def cancelled_by_interrupt(connection: Connection) -> Iterator[None]:
    """While a statement runs in the main thread, Ctrl-C (a notebook's stop button) cancels it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def cancel(number: int, frame: FrameType | None) -> None:
        connection.cancel()

    former = signal.signal(signal.SIGINT, cancel)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
