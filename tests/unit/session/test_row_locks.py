"""FOR UPDATE between two sessions: waiting, SKIP LOCKED, NOWAIT (PostgreSQL, chapter 13.3.2)."""

from __future__ import annotations

import threading
import time

import pytest

import auroraml
from auroraml import errors


@pytest.fixture
def pair() -> tuple[auroraml.Connection, auroraml.Connection]:
    """Two connections to a database with a table of three rows, one of them locked by the first."""
    first = auroraml.connect()
    first.execute("CREATE TABLE t (a int PRIMARY KEY, b int)")
    first.execute("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
    first.commit()
    first.execute("SELECT * FROM t WHERE a = 1 FOR UPDATE")
    return first, first.database.connect()


def test_skip_locked_leaves_locked_rows_out(pair: tuple[auroraml.Connection, auroraml.Connection]) -> None:
    _, second = pair
    assert second.execute("SELECT a FROM t ORDER BY a FOR UPDATE SKIP LOCKED").fetchall() == [(2,), (3,)]
    assert second.execute("SELECT count(*) FROM (SELECT a FROM t FOR UPDATE SKIP LOCKED) s").fetchall() == [(2,)]


def test_nowait_gives_up(pair: tuple[auroraml.Connection, auroraml.Connection]) -> None:
    _, second = pair
    with pytest.raises(errors.LockNotAvailable, match='could not obtain lock on row in relation "t"'):
        second.execute("SELECT a FROM t x JOIN t y USING (a) FOR UPDATE OF y NOWAIT")
    second.rollback()
    assert second.execute("SELECT a FROM t WHERE a > 1 FOR UPDATE NOWAIT").fetchall() == [(2,), (3,)]


def test_a_writer_waits_for_the_lock(pair: tuple[auroraml.Connection, auroraml.Connection]) -> None:
    first, second = pair
    done: list[float] = []

    def write() -> None:
        second.execute("UPDATE t SET b = b + 1 WHERE a = 1")
        second.commit()
        done.append(time.monotonic())

    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(0.2)
    assert not done
    first.execute("UPDATE t SET b = 10 WHERE a = 1")
    first.commit()
    writer.join(10)
    assert done
    assert first.execute("SELECT b FROM t WHERE a = 1").fetchall() == [(11,)]
