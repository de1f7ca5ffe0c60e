"""Simulating without rows: ten million calls, by one, by many, by many who hand rows on; a billion rows in batches of 1,000; each in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

import auroraml
from benchmarks.figures import Figure, of

LOGNORMAL = {"base": 0.02, "per_row": 0.00001, "distribution": "lognormal", "spread": 0.3}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A statement over so many simulated rows; `wanted` are seconds and megabytes it may take."""

    rows: int
    batch: int
    workers: int
    instances: int
    concurrency: int | None
    wanted: Mapping[str, float]
    sql: str = "SELECT sum(scored(body)) FROM t"
    settings: str = ""


CASES = {
    "10,000,000 calls, no queues": Case(rows=1_000_000_000, batch=100, workers=0, instances=1, concurrency=None, wanted={"s": 10.0}),
    "10,000,000 calls, 16 workers' queues": Case(rows=1_000_000_000, batch=100, workers=16, instances=16, concurrency=1, wanted={"s": 10.0}),
    "10,000,000 calls, rows handed to a leader": Case(
        rows=1_000_000_000, batch=100, workers=16, instances=16, concurrency=1, wanted={"s": 10.0}, sql="SELECT scored(body) FROM t",
        settings="SET parallel_tuple_cost = 0",
    ),
    "1,000,000,000 rows": Case(rows=1_000_000_000, batch=1_000, workers=16, instances=16, concurrency=1, wanted={"s": 60.0, "MB": 500.0}),
}  # fmt: skip


def simulated(case: Case) -> dict[str, float]:
    """Seconds and processor seconds of EXPLAIN ANALYZE, the most memory of this process, calls, virtual seconds."""
    endpoint = auroraml.endpoints.Callable(
        lambda table: np.ones(table.num_rows), instances=case.instances, concurrency=case.concurrency, latency=LOGNORMAL
    )
    connection = auroraml.connect(
        endpoints={"one": endpoint}, autocommit=True, parameters={"max_worker_processes": "32", "max_parallel_workers": "32"}
    )
    connection.execute("CREATE EXTENSION aws_ml CASCADE; CREATE TABLE t (id int8, body text)")
    connection.execute(
        "CREATE FUNCTION scored(body text) RETURNS float LANGUAGE SQL PARALLEL SAFE COST 5000"
        f" AS $$ SELECT aws_sagemaker.invoke_endpoint('one', {case.batch}, body)::float $$"
    )
    connection.execute(f"SELECT auroraml.simulate_rows('t', {case.rows}); ALTER TABLE t SET (parallel_workers = {case.workers})")
    connection.execute(f"SET max_parallel_workers_per_gather = {case.workers}; SET auroraml.clock = 'virtual'; {case.settings}")
    wall, spent = time.perf_counter(), time.process_time()
    lines = [row[0] for row in connection.execute(f"EXPLAIN ANALYZE {case.sql}").fetchall()]
    wall, spent = time.perf_counter() - wall, time.process_time() - spent
    calls = connection.execute("SELECT calls FROM auroraml.statement_bill").fetchall()[0][0]
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"s": wall, "processor s": spent, "MB": most, "calls": float(calls), "virtual s": float(lines[-1].split()[2]) / 1000}


def run() -> dict[str, dict[str, float]]:
    """All cases."""
    found = {}
    for name in CASES:
        output = subprocess.run([sys.executable, "-m", "benchmarks.simulate", name], check=True, capture_output=True, text=True).stdout
        found[name] = json.loads(output)
    return found


def figures() -> list[Figure]:
    """What `make bench` prints of it."""
    made = []
    for name, taken in run().items():
        for unit, most in CASES[name].wanted.items():
            made.append(of("simulate", f"{name}, {unit}", {"auroraml": taken[unit], "wanted": most}, unit=unit, goals={"wanted": 1.0}))
    return made


if __name__ == "__main__":
    print(json.dumps(simulated(CASES[sys.argv[1]])))
