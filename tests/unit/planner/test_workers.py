"""How many workers a scan gets by its size, and what keeps a plan serial."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from auroraml.planner.cost.parameters import CostParameters
from auroraml.planner.cost.workers import scan_workers
from auroraml.settings.planner import MAX_PARALLEL_WORKERS_PER_GATHER
from auroraml.settings.values import Settings
from tests.runner.aurora import Aurora


@pytest.mark.parametrize(
    ("heap", "index", "workers"),
    [
        (1023, -1, 0), (1024, -1, 1), (3071, -1, 1), (3072, -1, 2), (9215, -1, 2), (9216, -1, 3), (1e9, -1, 8),
        (-1, 63, 0), (-1, 64, 1), (-1, 192, 2), (3072, 64, 1), (1024, 192, 1), (3072, 192, 2), (3072, 63, 0),
    ],
)  # fmt: skip
def test_one_worker_more_for_each_factor_of_three(heap: float, index: float, workers: int) -> None:
    settings = Settings()
    settings.set(MAX_PARALLEL_WORKERS_PER_GATHER.name, "8")
    assert scan_workers(CostParameters(settings), heap, index, -1, False) == workers


@pytest.mark.parametrize(("wanted", "workers"), [(0, 0), (1, 1), (2, 2), (9, 2)])
def test_the_storage_parameter_decides_up_to_the_limit(wanted: int, workers: int) -> None:
    costs = CostParameters(Settings())
    assert scan_workers(costs, 1, -1, wanted, False) == workers


def test_a_member_of_union_all_may_be_small() -> None:
    costs = CostParameters(Settings())
    assert scan_workers(costs, 1, -1, -1, False) == 0
    assert scan_workers(costs, 1, -1, -1, True) == 1


@pytest.fixture(scope="module")
def engine() -> Iterator[Aurora]:
    aurora = Aurora()
    made = aurora.run(
        "CREATE TABLE t AS SELECT g AS id, g % 7 AS k FROM generate_series(1, 2000) g; ANALYZE t;"
        "CREATE FUNCTION body(int) RETURNS bigint LANGUAGE sql SECURITY DEFINER PARALLEL SAFE AS $$ SELECT count(*) + $1 FROM t $$;"
        "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;"
    )
    assert made.failure is None, made.failure
    yield aurora
    aurora.close()


def plan(engine: Aurora, sql: str) -> str:
    """EXPLAIN's text."""
    outcome = engine.run(f"EXPLAIN (COSTS off) {sql}")
    assert outcome.failure is None, outcome.failure
    return "\n".join(row[0] or "" for row in outcome.rows)


@pytest.mark.parametrize(
    "sql", ["SELECT count(*) FROM t", "SELECT k FROM t UNION ALL SELECT id FROM t", "CREATE TABLE z AS SELECT * FROM t", "SELECT DISTINCT k FROM t"]
)
def test_workers_are_planned_unless_none_are_allowed(engine: Aurora, sql: str) -> None:
    assert "Workers Planned" in plan(engine, sql)
    engine.run("SET max_parallel_workers_per_gather = 0")
    serial = plan(engine, sql)
    engine.run("RESET max_parallel_workers_per_gather")
    assert "Workers" not in serial
    assert "Partial" not in serial


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t FOR UPDATE", "INSERT INTO t SELECT * FROM t", "UPDATE t SET k = 1 WHERE id > 5", "DELETE FROM t WHERE k = 1",
        "DECLARE c CURSOR FOR SELECT count(*) FROM t", "SELECT setval('s', 1) FROM t", "WITH d AS (DELETE FROM t WHERE false RETURNING *) SELECT count(*) FROM t",
    ],
)  # fmt: skip
def test_what_changes_or_locks_rows_stays_serial(engine: Aurora, sql: str) -> None:
    engine.run("CREATE SEQUENCE IF NOT EXISTS s")
    assert "Workers" not in plan(engine, sql)


def test_a_function_that_runs_a_query_runs_in_a_worker(engine: Aurora) -> None:
    assert engine.run("SELECT DISTINCT body(k) - k FROM t").rows == (("2000",),)
