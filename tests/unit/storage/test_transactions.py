"""READ COMMITTED between sessions: who sees what, who waits for whom, and what is looked at again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

import auroraml
from auroraml import errors


class Later:
    """Something run in a thread of its own."""

    def __init__(self, run: Callable[[], object]) -> None:
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, args=(run,), daemon=True)
        self.thread.start()

    def _run(self, run: Callable[[], object]) -> None:
        try:
            run()
        except BaseException as error:
            self.error = error

    @property
    def waits(self) -> bool:
        """Whether it is still not done after a while."""
        self.thread.join(0.2)
        return self.thread.is_alive()

    def join(self) -> BaseException | None:
        """Wait for the end; the error it ended with."""
        self.thread.join(10)
        assert not self.thread.is_alive()
        return self.error


def pair() -> tuple[auroraml.Connection, auroraml.Connection]:
    """Two connections in transactions, and a table of three rows."""
    one = auroraml.connect()
    two = one.database.connect()
    one.execute("CREATE TABLE t (k int PRIMARY KEY, v int)")
    one.execute("INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)")
    one.commit()
    return one, two


def rows(connection: auroraml.Connection, sql: str = "SELECT k, v FROM t ORDER BY k") -> list[tuple[object, ...]]:
    """A query's rows."""
    return [tuple(row) for row in connection.execute(sql).fetchall()]


def test_what_is_not_committed_is_not_seen() -> None:
    one, two = pair()
    one.execute("INSERT INTO t VALUES (4, 40)")
    one.execute("DELETE FROM t WHERE k = 1")
    assert rows(two) == [(1, 10), (2, 20), (3, 30)]
    one.commit()
    assert rows(two) == [(2, 20), (3, 30), (4, 40)]


def test_what_is_rolled_back_never_was() -> None:
    one, two = pair()
    one.execute("UPDATE t SET v = 0")
    one.execute("INSERT INTO t VALUES (9, 9)")
    one.rollback()
    assert rows(one) == rows(two) == [(1, 10), (2, 20), (3, 30)]


def test_a_writer_waits_and_adds_to_the_newest_version() -> None:
    one, two = pair()
    one.execute("UPDATE t SET v = v + 1 WHERE k = 1")
    later = Later(lambda: two.execute("UPDATE t SET v = v + 5 WHERE k = 1"))
    assert later.waits
    one.commit()
    assert later.join() is None
    two.commit()
    assert rows(one)[0] == (1, 16)


def test_a_row_that_no_longer_qualifies_is_left_alone() -> None:
    one, two = pair()
    one.execute("UPDATE t SET v = 99 WHERE k = 1")
    later = Later(lambda: two.execute("DELETE FROM t WHERE v = 10"))
    assert later.waits
    one.commit()
    assert later.join() is None
    two.commit()
    assert rows(one) == [(1, 99), (2, 20), (3, 30)]


def test_a_row_that_is_gone_is_skipped_and_one_rolled_back_is_changed() -> None:
    one, two = pair()
    one.execute("DELETE FROM t WHERE k = 1")
    later = Later(lambda: two.execute("UPDATE t SET v = 0 WHERE k < 3"))
    assert later.waits
    one.commit()
    assert later.join() is None
    two.commit()
    assert rows(one) == [(2, 0), (3, 30)]
    one.execute("DELETE FROM t WHERE k = 2")
    later = Later(lambda: two.execute("UPDATE t SET v = 7 WHERE k = 2"))
    assert later.waits
    one.rollback()
    assert later.join() is None
    two.commit()
    assert rows(one) == [(2, 7), (3, 30)]


def test_a_cycle_of_waits_is_a_deadlock() -> None:
    one, two = pair()
    one.execute("UPDATE t SET v = 0 WHERE k = 1")
    two.execute("UPDATE t SET v = 0 WHERE k = 2")
    later = Later(lambda: two.execute("UPDATE t SET v = 1 WHERE k = 1"))
    assert later.waits
    with pytest.raises(errors.DeadlockDetected, match="deadlock detected"):
        one.execute("UPDATE t SET v = 1 WHERE k = 2")
    one.rollback()
    assert later.join() is None
    two.commit()
    assert rows(one) == [(1, 1), (2, 0), (3, 30)]


@pytest.mark.parametrize("commits", [True, False])
def test_a_key_that_another_transaction_has_is_waited_for(commits: bool) -> None:
    one, two = pair()
    one.execute("INSERT INTO t VALUES (4, 40)")
    later = Later(lambda: two.execute("INSERT INTO t VALUES (4, 41)"))
    assert later.waits
    if commits:
        one.commit()
        assert isinstance(later.join(), errors.UniqueViolation)
        two.rollback()
    else:
        one.rollback()
        assert later.join() is None
        two.commit()
    assert rows(one)[3] == (4, 40 if commits else 41)


def test_savepoints_take_back_their_part() -> None:
    one, two = pair()
    one.execute("UPDATE t SET v = 1 WHERE k = 1")
    one.execute("SAVEPOINT s")
    one.execute("UPDATE t SET v = 2")
    one.execute("INSERT INTO t VALUES (8, 8)")
    one.execute("ROLLBACK TO s")
    one.commit()
    assert rows(two) == [(1, 1), (2, 20), (3, 30)]


def test_a_waiting_statement_can_be_cancelled() -> None:
    one, two = pair()
    one.execute("UPDATE t SET v = 0 WHERE k = 1")
    later = Later(lambda: two.execute("UPDATE t SET v = 1 WHERE k = 1"))
    assert later.waits
    start = time.monotonic()
    two.cancel()
    assert isinstance(later.join(), errors.QueryCanceled)
    assert time.monotonic() - start < 1
