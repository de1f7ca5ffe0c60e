"""Zones skip rows and conjuncts; rows, errors and counts stay the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import auroraml
from auroraml.batch import zones
from auroraml.errors import InvalidEscapeSequence
from auroraml.evaluate import conditions, zoned

ROWS = 3_000
CONDITIONS = [
    "id < 100", "id <= 64", "id > 2900", "id >= 2944", "2950 < id", "id = 640", "id <> 640", "id BETWEEN 130 AND 1200", "id < 0", "id > 0", "id < 99999999999",
    "id > 100 AND a < 5 AND id < 300", "d < timestamp '2020-01-03 12:00'", "d >= date '2020-02-01' AND a <> 3", "timestamp '2020-01-10' = d", "n < 7.005",
    "n >= 25 AND n < 25.5", "n = 1.001", "n <> 1.001", "q > 40 AND id > 500", "q IS NULL AND id < 200", "id > 1000 OR id < 5", "b > 5000000000 AND b < 5000000400",
    "a = 3 AND id >= 2990", "id < NULL", "id < 200 AND NOT id < 100", "c = 'x1' AND id <= 64", "ts < '2020-01-02'", "d > 'infinity'", "n < 'NaN'", "z = 7",
]  # fmt: skip


@pytest.fixture(scope="module")
def connection() -> Iterator[auroraml.Connection]:
    made = auroraml.connect(user="rdsadmin", autocommit=True)
    made.execute("CREATE TABLE r (id int, a int, b bigint, c text, d date, n numeric, q int, ts timestamp, z smallint)")
    made.execute(
        f"""INSERT INTO r SELECT i, i % 9, 5000000000 + i - 1500, 'x' || i % 5, date '2020-01-01' + i / 40, i / 100.0, CASE WHEN i % 3 > 0 THEN i / 50 END,
        timestamp '2020-01-01' + i * interval '1 hour', 7 FROM generate_series(1, {ROWS}) i"""
    )
    yield made
    made.close()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zones of 64 rows."""
    monkeypatch.setattr(zones, "ZONE", 64)


def _plainly(connection: auroraml.Connection, query: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    with monkeypatch.context() as patched:
        patched.setattr(conditions, "narrowed", lambda conjuncts, frame: None)
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_same_rows(connection: auroraml.Connection, condition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the borders of zones, across NULLs, with numbers that no stored one can be, and in the zone that is still filling up."""
    query = f"SELECT * FROM r WHERE {condition}"
    assert connection.execute(query).fetchall() == _plainly(connection, query, monkeypatch)
    plan = f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {query} LIMIT 70"
    assert connection.execute(plan).fetchall() == _plainly(connection, plan, monkeypatch)
    monkeypatch.setattr(zoned, "STRETCHES", 0)
    assert connection.execute(query).fetchall() == _plainly(connection, query, monkeypatch)


def test_errors_come_from_rows_that_a_later_conjunct_rejects(connection: auroraml.Connection) -> None:
    """Only what stands before a conjunct that may raise spares it a row."""
    assert connection.execute(r"SELECT count(*) FROM r WHERE id < 0 AND c LIKE 'x\'").fetchall() == [(0,)]
    with pytest.raises(InvalidEscapeSequence):
        connection.execute(r"SELECT count(*) FROM r WHERE c LIKE 'x\' AND id < 0")


def test_rows_that_come_and_go(connection: auroraml.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zones found before are kept, new ones added; deleted rows and other snapshots' leave ranges or gaps."""
    connection.execute("CREATE TABLE g AS SELECT i AS id, i / 2.0 AS n FROM generate_series(1, 200) i")
    queries = [f"SELECT * FROM g WHERE {c}" for c in ("id < 70", "id >= 190 AND id < 260", "n > 120.5", "n <= 0.5 OR id = 300", "id <> 0")]
    steps = [
        "SELECT 1", "INSERT INTO g SELECT i, i / 2.0 FROM generate_series(201, 400) i", "DELETE FROM g WHERE id = 195", "DELETE FROM g WHERE id < 65",
        "UPDATE g SET n = 1000 WHERE id = 399", "INSERT INTO g VALUES (NULL, 0.125)",
    ]  # fmt: skip
    for step in steps:
        connection.execute(step)
        for query in queries:
            assert connection.execute(query).fetchall() == _plainly(connection, query, monkeypatch)


def test_bounds_of_full_zones() -> None:
    """Of those that are full, once each, whatever the width of the values by then."""
    kept = zones.Zones()
    values = np.arange(200, dtype=np.int16)
    lo, hi = kept.bounds(values[:130])
    assert (lo.tolist(), hi.tolist()) == ([0, 64], [63, 127])
    lo, hi = kept.bounds(values.astype(np.int64))
    assert (lo.tolist(), hi.tolist()) == ([0, 64, 128], [63, 127, 191])
    assert [len(part) for part in kept.bounds(values[:70])] == [1, 1]
    assert [len(part) for part in kept.bounds(values[:0])] == [0, 0]


def test_answers_are_kept_up_to_a_number(connection: auroraml.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """More comparisons than are kept forget those before them, and are right again when they come back."""
    monkeypatch.setattr(zoned, "KEPT", 2)
    for _ in range(2):
        for border in range(50, 3_000, 450):
            assert connection.execute(f"SELECT count(*), max(id) FROM r WHERE id <= {border}").fetchall() == [(border, border)]
