"""Arrow in and out: what goes without copying, what is converted, streams, and everything that can be registered."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

import auroraml
from auroraml import errors
from auroraml.types import table
from auroraml.types.arrow import from_arrow, to_arrow
from auroraml.types.pg_type import PgType

N = 100
NUMBERS = np.arange(N)
WITHOUT_COPY = {
    "int2": pa.array(NUMBERS, pa.int16()),
    "int4": pa.array(NUMBERS, pa.int32()),
    "int8": pa.array(NUMBERS, pa.int64()),
    "float4": pa.array(NUMBERS, pa.float32()),
    "float8": pa.array(NUMBERS, pa.float64()),
    "date": pa.array(NUMBERS.astype("datetime64[D]")),
    "time": pa.array([dt.time(0, 0, int(i) % 60) for i in NUMBERS]),
    "text": pa.array([f"text {i}" for i in NUMBERS], pa.large_string()),
    "bytea": pa.array([b"x" * i for i in NUMBERS], pa.large_binary()),
}
CONVERTED = {  # bits to bytes; another epoch, with infinities; another width; scaled int64; the offsets of arrays (not their elements)
    "bool": pa.array([i % 2 == 0 for i in NUMBERS]),
    "timestamp": pa.array(NUMBERS.astype("datetime64[us]")),
    "timestamptz": pa.array(NUMBERS.astype("datetime64[us]")).cast(pa.timestamp("us", "UTC")),
    "interval": pa.array([pa.MonthDayNano([1, 2, 3000])] * N),
    "numeric": pa.array([Decimal(int(i)) / 100 for i in NUMBERS], pa.decimal128(10, 2)),
    "_int4": pa.array([[1, 2]] * N, pa.large_list(pa.int32())),
    "uuid": pa.array([bytes(16)] * N, pa.binary(16)),
}


def addresses(array: pa.Array) -> set[int]:
    """Where the array's values lie in memory."""
    return {buffer.address for buffer in array.buffers()[1:] if buffer is not None and buffer.size}


@pytest.mark.parametrize("name", WITHOUT_COPY)
def test_without_copying(name: str) -> None:
    array = WITHOUT_COPY[name]
    type, typmod, vector = from_arrow(array)
    assert type is table.BY_NAME[name]
    assert addresses(to_arrow(type, typmod, vector)) == addresses(array)


@pytest.mark.parametrize("name", CONVERTED)
def test_converted(name: str) -> None:
    array = CONVERTED[name]
    type, typmod, vector = from_arrow(array)
    assert type is table.BY_NAME[name]
    back = to_arrow(type, typmod, vector)
    assert back.to_pylist() == array.to_pylist()
    assert addresses(back) != addresses(array)


def test_every_type_is_in_one_of_the_lists() -> None:
    known = set(WITHOUT_COPY) | set(CONVERTED)
    assert {
        "bool",
        "int2",
        "int4",
        "int8",
        "float4",
        "float8",
        "date",
        "time",
        "timestamp",
        "timestamptz",
        "interval",
        "numeric",
        "text",
        "bytea",
    } <= known
    assert isinstance(table.BY_NAME["int4"], PgType)


@pytest.fixture
def connection() -> auroraml.Connection:
    return auroraml.connect(user="rdsadmin", autocommit=True)


def test_through_the_engine(connection: auroraml.Connection) -> None:
    data = pa.table({name.strip("_"): array for name, array in {**WITHOUT_COPY, **CONVERTED}.items() if name != "_int4"})
    connection.register("everything", data)
    found = connection.execute("SELECT * FROM everything").fetch_arrow_table()
    assert found.to_pydict() == data.to_pydict()
    assert found.schema.field("numeric").metadata[b"pg_type"] == b"numeric"


class Stream:
    """Anything that has the Arrow C stream interface."""

    def __init__(self, data: pa.Table) -> None:
        self.data = data

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.data.__arrow_c_stream__(requested_schema)


class Array:
    """Anything that has the Arrow C array interface."""

    def __init__(self, data: pa.RecordBatch) -> None:
        self.data = data

    def __arrow_c_array__(self, requested_schema: object = None) -> object:
        return self.data.__arrow_c_array__(requested_schema)


def test_whatever_holds_columns_can_be_registered(connection: auroraml.Connection, tmp_path: Path) -> None:
    data = pa.table({"a": [1, 2, None], "b": ["x", None, "z"]})
    pq.write_table(data, tmp_path / "t.parquet")
    pacsv.write_csv(data, tmp_path / "t.csv")
    with pa.ipc.new_file(tmp_path / "t.arrow", data.schema) as writer:
        writer.write_table(data)
    things: dict[str, object] = {
        "table": data, "batch": data.to_batches()[0], "reader": data.to_reader(), "stream": Stream(data), "array": Array(data.to_batches()[0]),
        "dictionary": {"a": [1, 2, None], "b": ["x", None, "z"]}, "parquet": tmp_path / "t.parquet", "path": str(tmp_path / "t.parquet"),
        "arrow": tmp_path / "t.arrow", "duckdb": duckdb.sql("SELECT * FROM (VALUES (1::bigint, 'x'), (2, NULL), (NULL, 'z')) AS v(a, b)"),
        "cursor": connection.execute("SELECT * FROM (VALUES (1::bigint, 'x'), (2, NULL), (NULL, 'z')) AS v(a, b)"),
    }  # fmt: skip
    for name, thing in things.items():
        connection.register(name, thing)
        assert connection.execute(f'SELECT * FROM "{name}"').fetchall() == [(1, "x"), (2, None), (None, "z")], name
    connection.register("csv", tmp_path / "t.csv")
    assert connection.execute("SELECT a FROM csv").fetchall() == [(1,), (2,), (None,)]
    connection.register("table", {"c": [5]})  # again, in place of the first
    assert connection.execute('SELECT * FROM "table"').fetchall() == [(5,)]
    with pytest.raises(errors.ProgrammingError, match="cannot make a table of a int"):
        connection.register("number", 5)


def test_readers(connection: auroraml.Connection) -> None:
    reader = connection.execute("SELECT * FROM generate_series(1, 10) AS g(a)").fetch_record_batch_reader(4)
    assert [batch.num_rows for batch in reader] == [4, 4, 2]
    cursor = connection.execute("SELECT * FROM generate_series(1, 10) AS g(a)")
    assert cursor.fetchmany(3) == [(1,), (2,), (3,)]
    assert cursor.fetch_arrow_table().column("a").to_pylist() == list(range(4, 11))
    assert pa.RecordBatchReader.from_stream(connection.execute("SELECT 1 AS a")).read_all().to_pydict() == {"a": [1]}
    assert duckdb.from_arrow(connection.execute("SELECT 2 AS a").fetch_record_batch_reader()).fetchall() == [(2,)]
    assert connection.execute("SELECT 1 AS a, 'x' AS b").arrow_schema.names == ["a", "b"]
    assert connection.execute("SELECT 1 AS a WHERE false").fetch_arrow_table().schema.field("a").type == pa.int32()


def test_a_stream_is_driven_by_demand(connection: auroraml.Connection) -> None:
    connection.register("numbers", {"a": list(range(100_000))})
    reader = connection.cursor().stream_arrow("SELECT a FROM numbers WHERE 10 / (5 - a) < 100", rows_per_batch=2)
    assert reader.read_next_batch().to_pydict() == {"a": [0, 1]}  # the row that divides by zero was not reached
    connection.execute("SELECT 1")
    with pytest.raises(Exception, match="ended by a later statement"):
        reader.read_next_batch()


def test_numeric_without_a_scale(connection: auroraml.Connection) -> None:
    cursor = connection.execute("SELECT 1.10::numeric AS a UNION ALL SELECT 12345678901234567890.5")
    assert cursor.arrow_schema.field("a").type == pa.large_string()
    assert cursor.fetch_arrow_table().column("a").to_pylist() == ["1.10", "12345678901234567890.5"]
    cast = connection.execute("SELECT 1.10::numeric AS a UNION ALL SELECT 2").fetch_arrow_table(numeric=pa.float64())
    assert cast.column("a").to_pylist() == [1.1, 2.0]
