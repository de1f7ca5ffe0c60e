"""Cursors and connections over a session that answers from a list."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pyarrow as pa
import pytest

from auroraml import errors
from auroraml.batch import Batch, from_datums
from auroraml.dbapi.connection import Connection
from auroraml.dbapi.rows import dict_row, namedtuple_row
from auroraml.dbapi.type_objects import NUMBER, STRING
from auroraml.ir.logical import Output
from auroraml.pipeline.result import ResultStream, of_batch
from auroraml.types.form import DEFAULT_STYLE
from auroraml.types.table import INT4, TEXT

COLUMNS = (Output(id=0, name="a", type=INT4), Output(id=1, name="b", type=TEXT))


class Scripted:
    """A session that answers two columns of three rows to every statement."""

    def __init__(self) -> None:
        self.status = "I"
        self.closed = False
        self.style = DEFAULT_STYLE
        self.sent: list[tuple[str, object]] = []
        self.on_notice: object = None

    def execute(self, text: str, params: object = (), name: str = "") -> Iterator[ResultStream]:
        self.sent.append((text, params))
        if text in ("COMMIT", "ROLLBACK"):
            self.status = "I"
            yield ResultStream(tag=text)
            return
        batch = Batch.of([from_datums(INT4, [1, 2, None]), from_datums(TEXT, ["x", None, "z"])], 3)
        stream = of_batch("SELECT 3", COLUMNS, batch)
        yield stream
        stream.drain()

    def begin(self) -> None:
        self.status = "T"

    def close(self) -> None:
        self.sent.append(("close", None))


@pytest.fixture
def connection() -> Connection:
    return Connection(SimpleNamespace(close=lambda: None), Scripted())  # type: ignore[arg-type] # stand-ins


def test_fetching(connection: Connection) -> None:
    cursor = connection.execute("SELECT %s", [1])
    assert cursor.description is not None and [tuple(d)[:2] for d in cursor.description] == [("a", 23), ("b", 25)]
    assert cursor.description[0].type_code == NUMBER and cursor.description[1].type_code == STRING
    assert (cursor.statusmessage, cursor.rowcount) == ("SELECT 3", 3)
    assert cursor.fetchone() == (1, "x")
    assert cursor.fetchmany(1) == [(2, None)]
    assert cursor.fetchall() == [(None, "z")] and cursor.fetchone() is None
    assert connection.session.sent[0][0] == "SELECT $1"  # type: ignore[attr-defined] # the stand-in's
    assert connection.session.status == "T"


def test_row_factories(connection: Connection) -> None:
    connection.row_factory = dict_row
    assert connection.execute("x").fetchone() == {"a": 1, "b": "x"}
    row = connection.cursor(namedtuple_row).execute("x").fetchone()
    assert getattr(row, "b", None) == "x"


def test_arrow(connection: Connection) -> None:
    wanted = {"a": [1, 2, None], "b": ["x", None, "z"]}
    assert connection.execute("x").fetch_arrow_table().to_pydict() == wanted
    assert pa.table(connection.execute("x")).to_pydict() == wanted
    assert [b.num_rows for b in connection.cursor().stream_arrow("x", rows_per_batch=2)] == [2, 1]


def test_a_later_statement_ends_a_stream(connection: Connection) -> None:
    cursor = connection.cursor()
    rows = cursor.stream("x")
    assert next(rows) == (1, "x")
    connection.execute("y")
    with pytest.raises(errors.InterfaceError, match="ended by a later statement"):
        next(rows)


def test_with_commits_or_rolls_back_then_closes(connection: Connection) -> None:
    with pytest.raises(ZeroDivisionError), connection:
        connection.execute("x")
        raise ZeroDivisionError
    assert [text for text, _ in connection.session.sent] == ["x", "ROLLBACK", "close"]  # type: ignore[attr-defined]
    with pytest.raises(errors.OperationalError, match="closed"):
        connection.execute("x")


def test_cursor_without_result(connection: Connection) -> None:
    with pytest.raises(errors.ProgrammingError, match="no result available"):
        connection.cursor().fetchone()
