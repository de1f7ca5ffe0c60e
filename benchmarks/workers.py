"""A table through an endpoint that takes 20 ms a call, batches of 1,000 rows, in K = 1, 2, 4, 8 parallel workers; the leader stands by.

The yardstick is what nothing can go below: the slowest worker's number of calls times the latency.
"""

from __future__ import annotations

import time

import pyarrow as pa

import auroraml
from benchmarks.batch import FUNCTION, model, table

LATENCY, BATCH, CALLS = 0.02, 1_000, 100
WORKERS = (1, 2, 4, 8)


def slow(latency: float) -> auroraml.endpoints.Callable:
    """An endpoint that answers after `latency` seconds."""

    def answer(batch: pa.Table) -> pa.Array:
        time.sleep(latency)
        return model(batch)

    return auroraml.endpoints.Callable(answer)


def engine(rows: int, latency: float) -> auroraml.Connection:
    """A database with the table, the endpoint, and settings under which workers do all the work."""
    parameters = {"max_worker_processes": max(WORKERS), "max_parallel_workers": max(WORKERS)}
    connection = auroraml.connect(endpoints={"bench": slow(latency)}, user="rdsadmin", autocommit=True, parameters=parameters)
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    connection.execute(FUNCTION.format(batch=BATCH))
    connection.execute("CREATE TABLE t (a int, b float8)")
    connection.register("loading", table(rows))
    connection.execute("INSERT INTO t SELECT * FROM loading")
    connection.execute("ANALYZE t")
    connection.execute("SET parallel_leader_participation = off")
    return connection


def measured(workers: int, calls: int, latency: float) -> dict[str, float]:
    """Wall seconds of one run with `workers` workers, the slowest worker's calls, and the ratio to its calls times the latency."""
    connection = engine(workers * calls * BATCH, latency)
    connection.execute(f"ALTER TABLE t SET (parallel_workers = {workers})")
    connection.execute(f"SET max_parallel_workers_per_gather = {workers}")
    connection.execute(f"SET force_parallel_mode = {'on' if workers == 1 else 'off'}")  # a lone worker saves nothing: it is not planned by itself
    query = "SELECT score(a, b) FROM t"
    connection.execute(query + " LIMIT 1").fetchall()
    start = time.perf_counter()
    found = connection.execute(query).fetch_arrow_table()
    wall = time.perf_counter() - start
    assert connection.session.latest is not None
    nodes = connection.session.latest.metrics.nodes.values()
    most = max(len(worker.batches.sizes) for node in nodes for worker in node.workers.values() if worker.batches is not None)
    assert found.num_rows == workers * calls * BATCH
    connection.close()
    return {"seconds": wall, "calls": most, "ratio": wall / (most * latency)}


def run(calls: int = CALLS, latency: float = LATENCY, counts: tuple[int, ...] = WORKERS) -> dict[str, dict[str, float]]:
    """Each number of workers in turn."""
    return {str(workers): measured(workers, calls, latency) for workers in counts}


if __name__ == "__main__":
    for workers, figures in run().items():
        print(workers, {name: round(value, 3) for name, value in figures.items()})
