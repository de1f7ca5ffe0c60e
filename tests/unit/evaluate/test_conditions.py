"""Conditions over all rows or over those that are left: the same rows, and the same errors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import auroraml
from auroraml.errors import DivisionByZero
from auroraml.evaluate import conditions
from auroraml.evaluate.calling import is_safe

ROWS = 6_000
CONDITIONS = [
    "a < 5 AND b > 3 AND c = 'x1'", "a IS NULL OR b = 7 OR c LIKE 'x1%'", "NOT (a < 5 AND c <> 'x2')", "a IN (1, 2, NULL) AND c IN ('x1', 'x3')",
    "c LIKE '%1' AND a BETWEEN 2 AND 6", "c IS NOT NULL AND substr(c, 1, 2) = 'x2'", "(a = 1 OR c = 'x3') AND (b IS NULL OR b <> 4)",
    "d >= date '2020-02-01' AND d < timestamp '2020-03-01 12:00' AND n <= 2.5", "n > 1.005 OR n IS NULL", "length(c) = 2 AND upper(c) > 'X1'",
    "a <> 0 AND 10 / a > 1", "a = 1 AND c || 'y' = 'x1y'", "d = timestamp '2020-02-01 00:00:01' OR d <> timestamp '2020-02-01'", "a < NULL::int OR c = 'x1'",
    "c = ANY (ARRAY['x1', 'x2']) AND a <> ALL (ARRAY[1, 2, 3])", "t LIKE '%9_' AND a > 2", "t = c OR t > '5'", "n = 1.5 AND b < 3.5",
]  # fmt: skip


@pytest.fixture(scope="module")
def connection() -> Iterator[auroraml.Connection]:
    made = auroraml.connect(user="rdsadmin", autocommit=True)
    made.execute("CREATE TABLE r (id int, a int, b bigint, c text, d date, n numeric(6,2), t text)")
    made.execute(
        f"""INSERT INTO r SELECT i, nullif(i % 9, 8), nullif(i % 11, 10), CASE WHEN i % 6 < 5 THEN 'x' || i % 5 END, date '2020-01-01' + i % 90,
        CASE WHEN i % 7 < 6 THEN (i % 400) / 100.0 END, (i * 7919 % {ROWS})::text FROM generate_series(1, {ROWS}) i"""
    )
    yield made
    made.close()


@pytest.fixture(params=["never", "always", "as measured"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Later conditions always over the rows that are left, always over all rows where they cannot raise, or as it comes."""
    if request.param == "never":
        monkeypatch.setattr(conditions, "light", lambda run, frame: False)
        monkeypatch.setattr(conditions, "is_safe", lambda run: False)
    if request.param == "always":
        monkeypatch.setattr(conditions, "light", lambda run, frame: is_safe(run))
    return str(request.param)


def _expected(connection: auroraml.Connection, condition: str) -> list[tuple[object, ...]]:
    """Row by row: a frame of one row leaves nothing to choose."""
    return connection.execute(f"SELECT id FROM r WHERE (SELECT {condition}) ORDER BY id").fetchall()


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_same_rows(connection: auroraml.Connection, condition: str, way: str) -> None:
    """Numbers, dates, dictionaries and plain texts, with NULLs, in AND, OR, NOT and IN."""
    found = connection.execute(f"SELECT id FROM r WHERE {condition} ORDER BY id").fetchall()
    assert found == _expected(connection, condition)
    assert 0 < len(found) < ROWS


@pytest.mark.parametrize("condition", ["a >= 0 AND 10 / a > 1", "a = 3 OR 10 / a > 1", "b = 3 AND c = 'x1' AND 10 / (a - 3) > 1"])
def test_the_same_errors(connection: auroraml.Connection, condition: str, way: str) -> None:
    """What may raise is evaluated where PostgreSQL evaluates it: for rows that nothing before has decided."""
    with pytest.raises(DivisionByZero):
        connection.execute(f"SELECT count(*) FROM r WHERE {condition}")


def test_what_may_raise_is_not_safe() -> None:
    """A pattern that ends in an escape raises for texts that reach it, division for zeros; both only for the rows asked about."""
    made = auroraml.connect(user="rdsadmin", autocommit=True)
    made.execute("CREATE TABLE p (a int, c text); INSERT INTO p SELECT i, 'ab' FROM generate_series(1, 100) i")
    assert made.execute(r"SELECT count(*) FROM p WHERE a > 200 AND c LIKE 'a\'").fetchall() == [(0,)]
    assert made.execute(r"SELECT count(*) FROM p WHERE a > 60 OR a < 61 OR c LIKE 'a\'").fetchall() == [(100,)]
    with pytest.raises(auroraml.DatabaseError):
        made.execute(r"SELECT count(*) FROM p WHERE a = 60 AND c LIKE 'a\'")
    made.close()
