"""1,000,000 rows through a zero-latency batch function at 1,000 rows a batch, against a hand-written pyarrow loop."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

import auroraml
from benchmarks.timing import interleave

ROWS, BATCH = 1_000_000, 1_000
FUNCTION = """CREATE FUNCTION score(a int, b float8, max_rows_per_batch int DEFAULT {batch}) RETURNS real
AS $$ SELECT aws_sagemaker.invoke_endpoint('bench', max_rows_per_batch, a, b)::real $$ LANGUAGE SQL PARALLEL SAFE COST 5000"""


def table(rows: int) -> pa.Table:
    """An int and a float8 column."""
    return pa.table({"a": pa.array(np.arange(rows, dtype=np.int32)), "b": pa.array(np.arange(rows) / 7.0)})


def model(batch: pa.Table) -> pa.Array:
    """A zero-latency model: one number a row."""
    return pc.cast(batch.column(1), pa.float32()).combine_chunks()


def by_hand(data: pa.Table) -> int:
    """What an engineer would write: slice, text/csv out, parse, call, text back, cast."""
    options = pacsv.WriteOptions(include_header=False)
    read = pacsv.ReadOptions(column_names=["arg0", "arg1"])
    total = 0
    for start in range(0, data.num_rows, BATCH):
        body = io.BytesIO()
        pacsv.write_csv(data.slice(start, BATCH), body, options)
        parsed = pacsv.read_csv(io.BytesIO(body.getvalue()), read)
        answer = "\n".join(pc.cast(model(parsed), pa.string()).to_pylist())
        total += len(pc.cast(pa.array(answer.split("\n")), pa.float32()))
    return total


def bare(data: pa.Table) -> int:
    """The callable on each slice, nothing else."""
    return sum(len(model(data.slice(start, BATCH))) for start in range(0, data.num_rows, BATCH))


def engine(data: pa.Table, csv: bool) -> auroraml.Connection:
    """A database whose endpoint is `model`, called with text/csv both ways or with Arrow rows."""
    endpoint = auroraml.endpoints.Callable(model, content="csv" if csv else "arrow")
    connection = auroraml.connect(endpoints={"bench": endpoint}, user="rdsadmin", autocommit=True)
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    connection.execute(FUNCTION.format(batch=BATCH))
    connection.execute("CREATE TABLE t (a int, b float8)")
    connection.register("loading", data)
    connection.execute("INSERT INTO t SELECT * FROM loading")
    return connection


def run(rows: int = ROWS, rounds: int = 5) -> dict[str, float]:
    """Median milliseconds: the engine with and without text/csv, the loop by hand, the bare callable."""
    data = table(rows)
    with_csv, without = engine(data, True), engine(data, False)
    return interleave(
        {
            "engine, text/csv": lambda: with_csv.execute("SELECT score(a, b) FROM t").fetch_arrow_table(),
            "by hand, text/csv": lambda: by_hand(data),
            "engine, callable": lambda: without.execute("SELECT score(a, b) FROM t").fetch_arrow_table(),
            "bare callable": lambda: bare(data),
        },
        rounds,
    )


if __name__ == "__main__":
    times = run()
    print({name: round(value, 1) for name, value in times.items()})
    print("text/csv ratio", round(times["engine, text/csv"] / times["by hand, text/csv"], 2))
    print("microseconds a batch over the callable", round((times["engine, callable"] - times["bare callable"]) * 1000 / (ROWS / BATCH), 1))
