"""Nested loops under LIMIT, of which several outer rows are tried at once: EXPLAIN ANALYZE counts what it counts with one at a time."""

from __future__ import annotations

import re

import pytest

import auroraml
from auroraml.batch import Batch, Index
from auroraml.errors import DivisionByZero
from auroraml.executor.operators.nested_loop import NestedLoopRows

TABLES = """CREATE TABLE a AS SELECT g AS x, g % 7 AS z, CASE WHEN g % 50 > 0 THEN g END AS n FROM generate_series(1, 600) g;
CREATE TABLE b AS SELECT g AS y, g % 5 AS w FROM generate_series(1, 90) g; CREATE TABLE nothing (y int, w int);
CREATE INDEX ON b (y); CREATE INDEX ON a (x); ANALYZE;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET max_parallel_workers_per_gather = 0"""
QUERIES = (
    "SELECT * FROM a JOIN b ON a.x + b.y < 0 LIMIT 5",
    "SELECT * FROM a JOIN b ON a.x + b.y = 300 LIMIT 5",
    "SELECT * FROM a JOIN b ON a.x + b.y = 300 LIMIT 500",
    "SELECT * FROM a JOIN b ON a.x * b.y = 40000 AND a.n > 0 OFFSET 2 LIMIT 3",
    "SELECT * FROM a JOIN nothing ON a.x + nothing.y < 0 LIMIT 5",
    "SELECT * FROM a LEFT JOIN b ON a.x + b.y < 0 LIMIT 450",
    "SELECT * FROM a LEFT JOIN b ON a.x + b.y = 300 LIMIT 450",
    "SELECT * FROM a LEFT JOIN b ON a.x = b.y * 100 WHERE b.y IS NULL OR a.x > 250 LIMIT 400",
    "SELECT * FROM a WHERE EXISTS (SELECT FROM b WHERE a.x + b.y = 300) LIMIT 20",
    "SELECT * FROM a WHERE NOT EXISTS (SELECT FROM b WHERE a.x + b.y = 300) LIMIT 400",
    "SELECT * FROM a WHERE NOT EXISTS (SELECT FROM b WHERE a.z + b.y = 3) LIMIT 400",
    "SELECT * FROM a JOIN b ON a.x + b.y < 0 AND b.y > a.z ORDER BY a.x, b.y LIMIT 5",
    "SELECT * FROM a JOIN b ON a.x + b.y = 300 AND b.y > a.z ORDER BY a.x, b.y LIMIT 5",
    "SELECT * FROM a JOIN b ON b.y = a.n * 7 LIMIT 4",
    "SELECT * FROM a LEFT JOIN b ON b.y = a.n * 7 LIMIT 400",
    "SELECT * FROM a JOIN LATERAL (SELECT * FROM b WHERE b.y > a.x ORDER BY b.y + a.x) b ON a.x + b.y < 0 LIMIT 5",
    "SELECT * FROM a JOIN LATERAL (SELECT * FROM b WHERE b.y > a.x - 30 ORDER BY b.y + a.x) b ON a.x + b.y = 90 LIMIT 5",
    "SELECT * FROM a, LATERAL (SELECT count(*) AS c FROM b WHERE b.w = a.z) s WHERE s.c < 0 LIMIT 3",
    "SELECT * FROM (SELECT * FROM a WHERE x % 3 = 0) a JOIN b ON a.x + b.y = 300 LIMIT 5",
    "SELECT * FROM a JOIN b ON a.x + b.y = 200 JOIN b c ON a.x + c.y = 201 LIMIT 5",
    "SELECT * FROM a JOIN b ON a.z = b.w LIMIT 70000",
    "SELECT count(*) FROM a JOIN b ON a.x + b.y = 300",
)  # fmt: skip


@pytest.fixture(scope="module")
def connection() -> auroraml.Connection:
    made = auroraml.connect(autocommit=True)
    made.execute(TABLES)
    return made


def counted(connection: auroraml.Connection, sql: str) -> list[str]:
    lines = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, SUMMARY off) {sql}").fetchall()
    return [re.sub(r"actual time=\S+", "", line[0]) for line in lines]


@pytest.mark.parametrize("sql", QUERIES)
def test_as_many_loops_and_rows_are_counted(connection: auroraml.Connection, sql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found, rows = counted(connection, sql), connection.execute(sql).fetchall()
    monkeypatch.setattr(NestedLoopRows, "_most_tried", lambda self: 1)
    assert counted(connection, sql) == found
    assert connection.execute(sql).fetchall() == rows


def test_several_rows_are_tried(connection: auroraml.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    joined: list[int] = []
    whole = NestedLoopRows._all_inner

    def noted(self: NestedLoopRows, left: Batch) -> tuple[Batch, Index]:
        joined.append(left.n)
        return whole(self, left)

    monkeypatch.setattr(NestedLoopRows, "_all_inner", noted)
    counted(connection, QUERIES[0])
    assert sum(joined) == 599  # the first one was joined by itself
    assert len(joined) < 10


def test_a_row_that_is_not_reached_may_fail(connection: auroraml.Connection) -> None:
    sql = "EXPLAIN (ANALYZE) SELECT * FROM a JOIN b ON 100 / (100 - a.x) + b.y * 0 > 49 LIMIT {}"
    assert connection.execute(sql.format(1)).fetchall()  # that of 98 is the first one that rows come of; 100 would fail
    with pytest.raises(DivisionByZero):
        connection.execute(sql.format(1_000))


def test_outer_rows_that_were_joined_for_nothing_are_not_counted(connection: auroraml.Connection) -> None:
    """A demand of so many rows is met by rows joined together; PostgreSQL's counts."""
    connection.execute("CREATE TABLE c AS SELECT g % 2 AS k FROM generate_series(1, 700) g; ANALYZE c")
    lines = counted(connection, "SELECT * FROM c JOIN c d ON c.k = d.k LIMIT 100000")
    assert "loops=286" in next(line for line in lines if "Materialize" in line)
