"""pg_stat_user_functions under parallel workers, and across DROP EXTENSION and instances."""

from __future__ import annotations

import numpy as np
import pytest

import auroraml


@pytest.fixture
def connection() -> auroraml.Connection:
    made = auroraml.connect(autocommit=True, endpoints={"ones": lambda body: np.ones(len(body))})
    made.execute("CREATE EXTENSION aws_ml CASCADE; CREATE TABLE t AS SELECT g AS id, 'text ' || g AS body FROM generate_series(1, 2000) g; ANALYZE t")
    made.execute("ALTER TABLE t SET (parallel_workers = 3)")
    made.execute(
        "CREATE FUNCTION scored(body text) RETURNS int LANGUAGE SQL PARALLEL SAFE COST 5000"
        " AS $$ SELECT aws_sagemaker.invoke_endpoint('ones', 500, body)::float::int $$"
    )
    made.execute("CREATE FUNCTION plus(x int) RETURNS int LANGUAGE SQL PARALLEL SAFE AS $$ SELECT 1; SELECT x + 1 $$")
    made.execute("SET max_parallel_workers_per_gather = 3; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0")
    made.execute("SET min_parallel_table_scan_size = 0; SET track_functions = 'all'")
    return made


def counted(connection: auroraml.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT funcname, calls FROM pg_stat_user_functions WHERE calls > 0").fetchall())


@pytest.mark.parametrize(
    ("sql", "calls"),
    [
        ("SELECT count(scored(body)) FROM t", {"scored": 2000, "invoke_endpoint": 2000}),
        ("SELECT sum(s) FROM t, scored(body) s", {"scored": 2000, "invoke_endpoint": 2000}),
        ("SELECT count(*) FROM t WHERE plus(id) > 1000", {"plus": 2000}),
    ],
)
def test_workers_count_every_row_once(connection: auroraml.Connection, sql: str, calls: dict[str, int]) -> None:
    plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN (ANALYZE, COSTS off) {sql}").fetchall())
    assert "Workers Launched: 3" in plan
    assert counted(connection) == calls


def test_functions_of_a_dropped_extension_are_forgotten(connection: auroraml.Connection) -> None:
    connection.execute("SELECT scored('x')")
    assert counted(connection) == {"scored": 1, "invoke_endpoint": 1}
    connection.execute("DROP EXTENSION aws_ml; CREATE EXTENSION aws_ml")
    assert counted(connection) == {"scored": 1}
