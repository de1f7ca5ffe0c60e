"""auroraml.autoanalyze: a commit that changes more rows than the thresholds say brings new statistics; nothing else does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import auroraml
from auroraml import Connection


@pytest.fixture
def connection() -> Iterator[Connection]:
    with auroraml.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 100)")
        yield connection


def counted(connection: Connection) -> tuple[float, int]:
    """pg_class.reltuples and the rows changed since ANALYZE."""
    row = connection.execute(
        "SELECT c.reltuples, s.n_mod_since_analyze FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid WHERE c.relname = 't'"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_off_by_default(connection: Connection) -> None:
    assert counted(connection) == (-1.0, 100)


def test_after_a_commit_over_the_threshold(connection: Connection) -> None:
    connection.execute("SET auroraml.autoanalyze = on")
    connection.execute("INSERT INTO t VALUES (0)")
    assert counted(connection) == (101.0, 0)
    connection.execute("UPDATE t SET a = a + 1 WHERE a < 60")
    assert counted(connection) == (101.0, 60), "50 + 0.1 * 101 is more than 60"
    connection.execute("DELETE FROM t WHERE a = 60")
    assert counted(connection) == (99.0, 0)


def test_work_taken_back_does_not_count(connection: Connection) -> None:
    connection.execute("SET auroraml.autoanalyze = on")
    connection.execute("ANALYZE t")
    connection.execute("BEGIN; SAVEPOINT s; DELETE FROM t; ROLLBACK TO s; COMMIT")
    connection.execute("BEGIN; DELETE FROM t; ROLLBACK")
    assert counted(connection) == (100.0, 0)
    connection.execute("BEGIN; DELETE FROM t WHERE a > 20")
    assert counted(connection) == (100.0, 0), "not before the commit"
    connection.execute("COMMIT")
    assert counted(connection) == (20.0, 0)


@pytest.mark.parametrize(
    ("options", "tuples"), [("autovacuum_enabled = off", -1.0), ("autovacuum_analyze_threshold = 200", -1.0), ("fillfactor = 90", 101.0)]
)
def test_table_options(connection: Connection, options: str, tuples: float) -> None:
    connection.execute(f"ALTER TABLE t SET ({options}); SET auroraml.autoanalyze = on")
    connection.execute("INSERT INTO t VALUES (0)")
    assert counted(connection)[0] == tuples


def test_temporary_tables_are_left_alone(connection: Connection) -> None:
    connection.execute("SET auroraml.autoanalyze = on; CREATE TEMP TABLE own AS SELECT generate_series(1, 1000) AS a")
    row = connection.execute("SELECT reltuples FROM pg_class WHERE relname = 'own'").fetchone()
    assert row == (-1.0,)


def test_analyze_of_some_columns_keeps_the_count(connection: Connection) -> None:
    connection.execute("ANALYZE t (a)")
    assert counted(connection) == (100.0, 100)
    connection.execute("ANALYZE t")
    assert counted(connection) == (100.0, 0)
