"""Joins make a bounded number of candidate pairs at once, see a cancel between the steps, and give the same rows however they are cut."""

from __future__ import annotations

import threading
import time
import tracemalloc

import pytest

import auroraml
from auroraml import errors
from auroraml.dbapi.connection import Connection
from auroraml.executor.operators import joins

LARGE = {
    "cross join": "SELECT sum(a.x), count(b.x), max(b.x) FROM n a, n b, n c",
    "condition": "SELECT count(*) FROM n a, n b, n c WHERE (a.x + b.x * c.x) % 7 = 3",
    "one key": "SELECT count(*) FROM k a JOIN k b USING (y) WHERE a.x + b.x > 0",
    "outer join of one key": "SELECT count(*) FROM k a LEFT JOIN k b ON a.y = b.y AND a.x + b.x > 0",
    "lateral": "SELECT count(*) FROM n, LATERAL generate_series(1, n.x * 1000) g",
}
JOINS = (
    "a JOIN b ON a.y = b.y",
    "a LEFT JOIN b ON a.y = b.y AND a.x < b.x",
    "a FULL JOIN b ON a.y = b.y",
    "a RIGHT JOIN b ON a.y = b.y AND a.x > 3",
    "a LEFT JOIN b ON a.x + b.x = 20",
    "a JOIN b ON a.x < b.x",
    "a, b",
)
WITHOUT = ((), ("enable_hashjoin",), ("enable_hashjoin", "enable_mergejoin"), ("enable_mergejoin", "enable_nestloop"))


@pytest.fixture(scope="module")
def connection() -> Connection:
    made = auroraml.connect(autocommit=True)
    made.execute("CREATE TABLE n AS SELECT g AS x FROM generate_series(1, 3000) g")
    made.execute("CREATE TABLE k AS SELECT g AS x, 1 AS y FROM generate_series(1, 100000) g")
    made.execute("CREATE TABLE a AS SELECT g AS x, g % 4 AS y FROM generate_series(1, 25) g")
    made.execute("CREATE TABLE b AS SELECT g AS x, g % 5 AS y FROM generate_series(1, 30) g")
    made.execute("ANALYZE")
    return made


@pytest.mark.parametrize("name", LARGE)
def test_a_large_join_ends_soon_after_cancel_and_its_memory_is_bounded(name: str, connection: Connection) -> None:
    timer = threading.Timer(0.3, connection.cancel)
    started = time.monotonic()
    tracemalloc.start()
    timer.start()
    try:
        with pytest.raises(errors.QueryCanceled, match="canceling statement due to user request"):
            connection.execute(LARGE[name]).fetchall()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        timer.join()
    assert time.monotonic() - started < 2.3
    assert most < 100 * 8 * joins.PAIRS  # a hundred numbers a pair of one step: all pairs would be a thousand times more


@pytest.mark.parametrize("name", LARGE)
def test_a_large_join_ends_soon_after_its_time(name: str, connection: Connection) -> None:
    connection.execute("SET statement_timeout = 100")
    started = time.monotonic()
    try:
        with pytest.raises(errors.QueryCanceled, match="canceling statement due to statement timeout"):
            connection.execute(LARGE[name]).fetchall()
    finally:
        connection.execute("RESET statement_timeout")
    assert time.monotonic() - started < 2


def test_counting_a_cross_join_makes_no_pairs(connection: Connection) -> None:
    started = time.monotonic()
    assert connection.execute("SELECT count(*) FROM n a, n b, (SELECT * FROM n LIMIT 30) c").fetchall() == [(270_000_000,)]
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("off", WITHOUT)
@pytest.mark.parametrize("join", JOINS)
def test_the_size_of_a_step_shows_nowhere(join: str, off: tuple[str, ...], connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = [
        f"SELECT a.x, b.x FROM {join}",
        f"SELECT a.x, b.x FROM {join} LIMIT 17",
        f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM {join}",
        f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM {join} LIMIT 17",
    ]
    for name in off:
        connection.execute(f"SET {name} = off")
    try:
        whole = [connection.execute(query).fetchall() for query in queries]
        for size in (1, 7, 40):
            monkeypatch.setattr(joins, "PAIRS", size)
            assert [connection.execute(query).fetchall() for query in queries] == whole
    finally:
        for name in off:
            connection.execute(f"RESET {name}")


def test_rows_before_an_error_are_the_same_however_a_join_is_cut(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "SELECT 10 / (a.x + b.x - 30) FROM a, b LIMIT {}"
    rows = connection.execute(query.format(4)).fetchall()
    for size in (1, 7, 1000):
        monkeypatch.setattr(joins, "PAIRS", size)
        assert connection.execute(query.format(4)).fetchall() == rows
        with pytest.raises(errors.DivisionByZero):
            connection.execute(query.format(1000)).fetchall()
