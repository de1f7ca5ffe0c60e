"""Locks by name between sessions: waiting for one another, deadlocks, what a cancelled wait leaves (lock.c)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

import auroraml
from auroraml import errors

Pair = tuple[auroraml.Connection, auroraml.Connection]


@pytest.fixture
def pair() -> Pair:
    """Two connections to a database with a table."""
    first = auroraml.connect(autocommit=True)
    first.execute("CREATE TABLE t (a int PRIMARY KEY)")
    first.execute("INSERT INTO t VALUES (1)")
    return first, first.database.connect(autocommit=True)


def apart(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Run something in a thread; what comes of it."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(work())
        except errors.DatabaseError as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, found


def test_an_advisory_lock_is_waited_for(pair: Pair) -> None:
    first, second = pair
    first.execute("SELECT pg_advisory_lock(1)")
    thread, found = apart(lambda: second.execute("SELECT pg_advisory_lock(1)").fetchall())
    time.sleep(0.2)
    assert not found
    granted = first.execute("SELECT granted FROM pg_locks WHERE locktype = 'advisory' ORDER BY 1").fetchall()
    assert granted == [(False,), (True,)]
    assert first.execute("SELECT pg_try_advisory_lock_shared(1)").fetchall() == [(True,)]  # who holds it does not stand in line
    first.execute("SELECT pg_advisory_unlock_all()")
    thread.join(10)
    assert found == [[("",)]]
    assert first.execute("SELECT pg_try_advisory_lock(1)").fetchall() == [(False,)]
    second.close()
    assert first.execute("SELECT pg_try_advisory_lock(1)").fetchall() == [(True,)]


def test_those_who_wait_stand_in_line(pair: Pair) -> None:
    first, second = pair
    third = first.database.connect(autocommit=True)
    first.execute("SELECT pg_advisory_lock_shared(1)")
    thread, found = apart(lambda: second.execute("SELECT pg_advisory_lock(1)").fetchall())
    time.sleep(0.2)
    assert third.execute("SELECT pg_try_advisory_lock_shared(1)").fetchall() == [(False,)]
    second.cancel()
    thread.join(10)
    assert isinstance(found[0], errors.QueryCanceled)
    assert third.execute("SELECT pg_try_advisory_lock_shared(1)").fetchall() == [(True,)]


def test_advisory_locks_in_a_circle_are_a_deadlock(pair: Pair) -> None:
    first, second = pair
    first.execute("BEGIN")
    second.execute("BEGIN")
    first.execute("SELECT pg_advisory_xact_lock(1)")
    second.execute("SELECT a FROM t FOR UPDATE")
    thread, found = apart(lambda: second.execute("SELECT pg_advisory_xact_lock(1)").fetchall())
    time.sleep(0.2)
    with pytest.raises(errors.DeadlockDetected) as raised:
        first.execute("SELECT a FROM t FOR UPDATE")
    detail = str(raised.value.diag.message_detail)
    assert "waits for ShareLock on transaction" in detail
    assert "waits for ExclusiveLock on advisory lock [0,1,1]" in detail
    first.execute("ROLLBACK")
    thread.join(10)
    assert found == [[("",)]]


def test_statements_wait_for_a_locked_table(pair: Pair) -> None:
    first, second = pair
    first.execute("BEGIN")
    first.execute("LOCK TABLE t")
    thread, found = apart(lambda: second.execute("SELECT a FROM t").fetchall())
    time.sleep(0.2)
    assert not found
    first.execute("INSERT INTO t VALUES (2)")
    first.execute("COMMIT")
    thread.join(10)
    assert found == [[(1,), (2,)]]


def test_a_statement_that_waited_is_bound_to_what_the_table_has_become(pair: Pair) -> None:
    first, second = pair
    assert second.execute("SELECT * FROM t").fetchall() == [(1,)]
    first.execute("BEGIN")
    first.execute("LOCK TABLE t")
    thread, found = apart(lambda: second.execute("SELECT * FROM t").fetchall())
    time.sleep(0.2)
    first.execute("ALTER TABLE t ADD COLUMN b text DEFAULT 'x'")
    first.execute("COMMIT")
    thread.join(10)
    assert found == [[(1, "x")]]


def test_a_table_is_locked_when_those_that_use_it_have_ended(pair: Pair) -> None:
    first, second = pair
    second.execute("BEGIN")
    second.execute("INSERT INTO t VALUES (2)")
    first.execute("BEGIN")
    thread, found = apart(lambda: first.execute("LOCK TABLE t IN SHARE MODE").fetchone)
    time.sleep(0.2)
    assert not found
    second.execute("COMMIT")
    thread.join(10)
    assert len(found) == 1
    assert first.execute("SELECT count(*) FROM t").fetchall() == [(2,)]
    drop, dropped = apart(lambda: second.execute("DROP TABLE t").rowcount)
    time.sleep(0.2)
    assert not dropped
    first.execute("COMMIT")
    drop.join(10)
    assert len(dropped) == 1
