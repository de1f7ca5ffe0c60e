"""1,000,000 rows through a zero-latency batch function at 25, 1,000 and 10,000 rows a batch, beside a hand-written pyarrow loop."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

import auroraml
from benchmarks.timing import Times, interleave_both

ROWS = 1_000_000
SIZES = {25: 1, 1_000: 9, 10_000: 9}  # rows a batch: rounds (25 takes half a minute a round)
ENGINE_CSV, HAND_CSV, ENGINE, BARE = "engine, text/csv", "by hand, text/csv", "engine, callable", "bare callable"
ORDERS = (
    (ENGINE_CSV, HAND_CSV, ENGINE, BARE),
    (ENGINE_CSV, ENGINE, HAND_CSV, BARE),
    (HAND_CSV, ENGINE_CSV, BARE, ENGINE),
)  # in three rounds each comes once after each other one: what a loop over csv leaves in the caches meets all alike
FUNCTION = """CREATE FUNCTION score(a int, b float8, max_rows_per_batch int DEFAULT 1000) RETURNS real
AS $$ SELECT aws_sagemaker.invoke_endpoint('bench', max_rows_per_batch, a, b)::real $$ LANGUAGE SQL PARALLEL SAFE COST 5000"""


def table(rows: int) -> pa.Table:
    """An int and a float8 column."""
    return pa.table({"a": pa.array(np.arange(rows, dtype=np.int32)), "b": pa.array(np.arange(rows) / 7.0)})


def model(batch: pa.Table) -> pa.Array:
    """A zero-latency model: one number a row."""
    return pc.cast(batch.column(1), pa.float32()).combine_chunks()


def by_hand(data: pa.Table, size: int) -> int:
    """What an engineer would write: slice, text/csv out, parse, call, text back, cast."""
    options = pacsv.WriteOptions(include_header=False)
    read = pacsv.ReadOptions(column_names=["arg0", "arg1"])
    total = 0
    for start in range(0, data.num_rows, size):
        body = io.BytesIO()
        pacsv.write_csv(data.slice(start, size), body, options)
        parsed = pacsv.read_csv(io.BytesIO(body.getvalue()), read)
        answer = "\n".join(pc.cast(model(parsed), pa.string()).to_pylist())
        total += len(pc.cast(pa.array(answer.split("\n")), pa.float32()))
    return total


def bare(data: pa.Table, size: int) -> int:
    """The callable on each slice, nothing else."""
    return sum(len(model(data.slice(start, size))) for start in range(0, data.num_rows, size))


def engine(data: pa.Table, csv: bool) -> auroraml.Connection:
    """A database whose endpoint is `model`, called with text/csv both ways or with Arrow rows."""
    endpoint = auroraml.endpoints.Callable(model, content="csv" if csv else "arrow")
    connection = auroraml.connect(endpoints={"bench": endpoint}, user="rdsadmin", autocommit=True)
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    connection.execute(FUNCTION)
    connection.execute("SET max_parallel_workers_per_gather = 0")  # as the loop by hand: one thread
    connection.execute("CREATE TABLE t (a int, b float8)")
    connection.register("loading", data)
    connection.execute("INSERT INTO t SELECT * FROM loading")
    return connection


def run(rows: int = ROWS, sizes: Sequence[int] = tuple(SIZES), rounds: int | None = None) -> dict[int, dict[str, Times]]:
    """By batch size: median milliseconds, wall and CPU, of the engine with and without text/csv, the loop by hand, the bare callable."""
    data = table(rows)
    with_csv, without = engine(data, True), engine(data, False)

    def contest(size: int) -> dict[str, Times]:
        query = f"SELECT score(a, b, {size}) FROM t"
        return interleave_both(
            {
                ENGINE_CSV: lambda: with_csv.execute(query).fetch_arrow_table(),
                HAND_CSV: lambda: by_hand(data, size),
                ENGINE: lambda: without.execute(query).fetch_arrow_table(),
                BARE: lambda: bare(data, size),
            },
            rounds or SIZES[size],
            orders=ORDERS,
        )

    return {size: contest(size) for size in sizes}


def report(found: dict[int, dict[str, Times]], rows: int = ROWS) -> list[str]:
    """The figures as lines: microseconds a row, the ratio with text/csv, microseconds a batch over the callable."""
    lines = [f"load {os.getloadavg()[0]:.2f}; microseconds a row, wall (CPU)"]
    for size, times in found.items():
        shown = ", ".join(f"{name} {wall * 1000 / rows:.3f} ({cpu * 1000 / rows:.3f})" for name, (wall, cpu) in times.items())
        wall, cpu = (times[ENGINE_CSV][i] / times[HAND_CSV][i] for i in (0, 1))
        over, burnt = ((times[ENGINE][i] - times[BARE][i]) * 1000 / (rows / size) for i in (0, 1))
        lines.append(f"batches of {size}: {shown}")
        lines.append(f"  text/csv {wall:.2f} ({cpu:.2f}) times the loop; {over:.1f} ({burnt:.1f}) microseconds a batch over the callable")
    return lines


if __name__ == "__main__":
    print("\n".join(report(run())))
