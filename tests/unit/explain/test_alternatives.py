"""EXPLAIN (ALTERNATIVES) shows what the planner compares and changes none of it."""

from __future__ import annotations

import pytest

from tests.runner.aurora import Aurora

SETUP = (
    "CREATE TABLE a (i int PRIMARY KEY, j int, t text)", "INSERT INTO a SELECT g, g % 7, 'x' || g % 100 FROM generate_series(1, 400) g",
    "CREATE TABLE b (j int, k int)", "INSERT INTO b SELECT g % 10, g FROM generate_series(1, 300) g", "CREATE INDEX b_k ON b (k)",
    "CREATE TABLE c (k int, v int)", "INSERT INTO c SELECT g, g % 3 FROM generate_series(1, 200) g", "ANALYZE",
)  # fmt: skip
QUERIES = (
    "SELECT * FROM a, b, c WHERE a.i = b.k AND b.k = c.k AND c.v = 1",
    "SELECT * FROM a LEFT JOIN b ON a.i = b.k AND b.j > 2 JOIN c ON c.k = a.j ORDER BY a.i LIMIT 3",
    "SELECT j, count(*) FROM a WHERE i IN (SELECT k FROM b) GROUP BY j ORDER BY 2 DESC",
    "SELECT * FROM a WHERE NOT EXISTS (SELECT FROM b WHERE b.k = a.i) AND t LIKE 'x1%'",
    "SELECT i FROM a UNION ALL SELECT k FROM b ORDER BY 1 LIMIT 4",
    "SELECT t, (SELECT max(k) FROM b WHERE b.j = a.j) FROM a FULL JOIN c ON a.i = c.k",
)


@pytest.fixture(scope="module")
def engine() -> Aurora:
    made = Aurora()
    for statement in SETUP:
        assert made.run(statement).failure is None
    return made


@pytest.mark.parametrize(
    "settings", ["", "SET enable_hashjoin = off", "SET enable_sort = off", "SET parallel_setup_cost = 0; SET min_parallel_table_scan_size = 0"]
)
@pytest.mark.parametrize("query", QUERIES)
def test_same_plan(engine: Aurora, query: str, settings: str) -> None:
    engine.run("RESET ALL")
    for setting in settings.split("; ") if settings else []:
        assert engine.run(setting).failure is None
    plain = [row[0] for row in engine.run(f"EXPLAIN {query}").rows]
    shown = [row[0] for row in engine.run(f"EXPLAIN (ALTERNATIVES) {query}").rows]
    place = shown.index("Alternatives:")
    assert shown[:place] == plain
    chosen = [line for line in shown[place:] if line is not None and line.endswith(": chosen")]
    assert len(chosen) >= 2
