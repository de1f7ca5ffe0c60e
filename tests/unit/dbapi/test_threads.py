"""Threads: a Database is anybody's, a Connection runs one statement at a time, cancel comes from anywhere."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

import auroraml
from auroraml import errors


def test_many_connections_write_one_table() -> None:
    with auroraml.Database() as database:
        first = database.connect(user="rdsadmin", autocommit=True)
        first.execute("CREATE TABLE t (who int, n int)")

        def work(who: int) -> None:
            with database.connect(user="rdsadmin") as connection:
                for n in range(10):
                    connection.execute("INSERT INTO t VALUES (%s, %s)", [who, n])

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(6)))
        assert first.execute("SELECT count(*), count(DISTINCT who), sum(n) FROM t").fetchone() == (60, 6, 270)


def test_one_connection_serialises_its_statements() -> None:
    running, most = [0], [0]
    lock = threading.Lock()

    def model(table: pa.Table) -> pa.ChunkedArray:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.01)
        with lock:
            running[0] -= 1
        return table.column(0)

    connection = auroraml.connect(endpoints={"e": model}, user="rdsadmin", autocommit=True)
    connection.execute("CREATE EXTENSION aws_ml CASCADE")

    def ask(number: int) -> object:
        return connection.execute("SELECT aws_sagemaker.invoke_endpoint('e', NULL, %s::int)", [number]).fetchone()

    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(ask, range(10))) == [(str(n),) for n in range(10)]
    assert most == [1]
    connection.close()


@contextlib.contextmanager
def cancelling(connection: auroraml.Connection) -> Iterator[None]:
    """Another thread that cancels again and again, for a cancel that comes before the statement does nothing."""
    over = threading.Event()

    def cancel() -> None:
        while not over.wait(0.05):
            connection.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_cancel_ends_a_long_query_and_nothing_else() -> None:
    connection = auroraml.connect(user="rdsadmin", autocommit=True)
    connection.cancel()  # nothing runs: nothing happens
    assert connection.execute("SELECT 1").fetchone() == (1,)
    with cancelling(connection), pytest.raises(errors.QueryCanceled) as caught:
        connection.execute("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 1000000) SELECT count(*) FROM r")
    assert caught.value.sqlstate == "57014"
    assert connection.execute("SELECT 2").fetchone() == (2,)


def test_a_writer_waits_for_the_other() -> None:
    with auroraml.Database() as database:
        one, two = database.connect(user="rdsadmin"), database.connect(user="rdsadmin")
        one.execute("CREATE TABLE t (a int)")
        one.execute("INSERT INTO t VALUES (1)")
        one.commit()
        one.execute("UPDATE t SET a = a + 1")
        done = threading.Event()

        def update() -> None:
            two.execute("UPDATE t SET a = a * 10")
            two.commit()
            done.set()

        thread = threading.Thread(target=update)
        thread.start()
        assert not done.wait(0.1)
        one.commit()
        assert done.wait(5)
        thread.join()
        assert one.execute("SELECT a FROM t").fetchall() == [(20,)]


def test_cancel_ends_a_wait_for_a_row() -> None:
    with auroraml.Database() as database:
        one, two = database.connect(user="rdsadmin"), database.connect(user="rdsadmin")
        one.execute("CREATE TABLE t (a int)")
        one.execute("INSERT INTO t VALUES (1)")
        one.commit()
        one.execute("UPDATE t SET a = 2")
        with cancelling(two), pytest.raises(errors.QueryCanceled):
            two.execute("UPDATE t SET a = 3")
        one.rollback()
