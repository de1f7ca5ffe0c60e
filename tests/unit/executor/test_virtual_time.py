"""The virtual clock: the same times on every run and under every thread schedule, the rows and bills of real runs, ends that never hang."""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
from collections.abc import Iterator

import pyarrow as pa
import pytest

import auroraml
from auroraml import errors
from auroraml.dbapi.connection import Connection
from auroraml.services.embedded.faults import Faults
from auroraml.services.embedded.hosting import Latency
from auroraml.services.endpoints import Callable
from auroraml.services.virtual_time import LEADER, VirtualTime
from tests.unit.services.test_workers import wait_until

SLOW = Latency(base=0.02, per_row=0.001, distribution="lognormal", spread=0.4, seed=11)
PARALLEL = """SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 4;
SET statement_timeout = '30s';"""
FUNCTION = """CREATE FUNCTION {0}(id int) RETURNS int LANGUAGE SQL VOLATILE PARALLEL SAFE COST 5000
AS $$ SELECT aws_sagemaker.invoke_endpoint('{0}', 50, id)::int $$;"""


def hesitant(table: pa.Table) -> pa.ChunkedArray:
    """A model whose real time varies."""
    time.sleep(random.random() * 0.001)
    return table.column(0)


class Door:
    """A model that waits until it is let go."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.came = threading.Event()

    def __call__(self, table: pa.Table) -> pa.ChunkedArray:
        self.came.set()
        self.open.wait(20)
        return table.column(0)


DOOR = Door()


def failing(table: pa.Table) -> pa.ChunkedArray:
    """A model that knows no row above 700."""
    if max(table.column(0).to_pylist()) > 700:
        raise ValueError("too large")
    return table.column(0)


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    endpoints = {
        "two": Callable(hesitant, instances=2, concurrency=1, routing="LEAST_OUTSTANDING_REQUESTS", latency=SLOW),
        "three": Callable(hesitant, instances=3, concurrency=2, latency=SLOW, faults=Faults(throttle=0.1, internal=0.05, seed=5)),
        "short": Callable(hesitant, instances=1, concurrency=1, max_queue=3, latency=SLOW),
        "plain": hesitant,
        "door": DOOR,
        "failing": Callable(failing, instances=1, concurrency=1, latency=SLOW),
    }
    with auroraml.connect(user="rdsadmin", autocommit=True, endpoints=endpoints) as made:
        made.execute("CREATE EXTENSION aws_ml CASCADE; CREATE TABLE t AS SELECT generate_series(1, 1000) AS id; ANALYZE t;")
        made.execute("CREATE TABLE words AS SELECT id, 'a good day ' || id AS body FROM t; ANALYZE words;")
        for name in endpoints:
            made.execute(FUNCTION.format(name))
        made.execute(PARALLEL)
        yield made


@pytest.fixture(autouse=True)
def virtual(connection: Connection) -> Iterator[None]:
    connection.execute("SET auroraml.clock = 'virtual'")
    yield
    connection.execute("RESET auroraml.clock")


STATEMENTS = (
    "SELECT two(id) FROM t",
    "SELECT three(id) FROM t WHERE id % 3 <> 0",
    "SELECT short(id) FROM t",
    "SELECT plain(id), count(*) OVER () FROM t",
    "SELECT two(id) FROM t LIMIT 70",
    "SELECT a.id % 7, max(two(a.id)) FROM t a JOIN words USING (id) GROUP BY 1 ORDER BY 1",
    "SELECT count(*) FROM t WHERE two(id) > 10 AND three(id) > 20",
    "SELECT (aws_comprehend.detect_sentiment(body, 'en')).sentiment FROM words LIMIT 100",
    "SELECT id FROM t ORDER BY two(id) DESC",
    "WITH first AS MATERIALIZED (SELECT two(id) AS x FROM t) SELECT count(*) FROM first a JOIN first b USING (x)",
)


def explained(connection: Connection, sql: str) -> list[str]:
    """What EXPLAIN ANALYZE prints."""
    return [line for (line,) in connection.execute(f"EXPLAIN (ANALYZE, VERBOSE, CHARGES) {sql}").fetchall()]


def calls(connection: Connection) -> list[tuple[object, ...]]:
    """The time line of the last statement."""
    return [(r.target, r.items, r.worker, r.batch, r.amount, r.timeline) for r in connection.calls()]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_the_same_on_every_run(connection: Connection, sql: str) -> None:
    before = sys.getswitchinterval()
    first: tuple[list[str], list[tuple[object, ...]]] | None = None
    try:
        for interval in (before, 1e-6, 1e-4, 0.05):
            sys.setswitchinterval(interval)
            found = explained(connection, sql), calls(connection)
            first = first or found
            assert found == first
    finally:
        sys.setswitchinterval(before)
    assert first is not None
    assert any("Batch Processing" in line for line in first[0])
    assert len(first[1]) > 1


@pytest.mark.parametrize("sql", [sql for sql in STATEMENTS if "LIMIT" not in sql])  # which rows that lets through is not said
def test_rows_and_bills_of_a_real_run(connection: Connection, sql: str) -> None:
    bill = "SELECT service, target, rows, units, failures, retries, amount FROM auroraml.statement_bill"
    found = []
    for clock in ("virtual", "real"):
        connection.execute(f"SET auroraml.clock = {clock}")
        rows = sorted(connection.execute(sql).fetchall())
        found.append((rows, [line[:4] for line in connection.execute(bill).fetchall()]))
    assert found[0] == found[1]


def test_an_error_in_a_worker_ends_the_statement(connection: Connection) -> None:
    with pytest.raises(errors.SystemError, match="could not invoke endpoint"):
        connection.execute("SELECT count(failing(id)) FROM t")
    with pytest.raises(errors.DivisionByZero):
        connection.execute("SELECT sum(1 / (two(id) - 777)) FROM t")
    assert connection.execute("SELECT count(two(id)) FROM t").fetchall() == [(1000,)]
    wait_until(lambda: not any(thread.name.startswith("auroraml-worker") for thread in threading.enumerate()))


def test_statement_timeout_is_real_time(connection: Connection) -> None:
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = '300ms'")
        started = time.monotonic()
        assert connection.execute("SELECT pg_sleep(1000)").fetchall() == [("",)]
        assert time.monotonic() - started < 5
    connection.execute("SET statement_timeout = '300ms'")
    try:
        with pytest.raises(errors.QueryCanceled, match="statement timeout") as caught:
            connection.execute("SELECT count(plain(a.id + b)) FROM t a, generate_series(1, 1000) b").fetchall()
        assert caught.value.diag.context is None
    finally:
        connection.execute("SET statement_timeout = '30s'")


@pytest.mark.parametrize("sql", ["SELECT count(door(id)) FROM t", "SELECT door(id) FROM t WHERE id <= 50"])
def test_cancel(connection: Connection, sql: str) -> None:
    DOOR.open.clear()
    DOOR.came.clear()

    def cancel() -> None:
        DOOR.came.wait(10)
        connection.cancel()
        DOOR.open.set()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(errors.QueryCanceled, match="user request"):
        connection.execute(sql).fetchall()
        connection.execute(sql).fetchall()  # the call under way is completed: its statement may have ended before
    thread.join()
    assert connection.execute("SELECT count(two(id)) FROM t").fetchall() == [(1000,)]


def test_a_key_interrupts(connection: Connection) -> None:
    DOOR.open.clear()
    DOOR.came.clear()

    def interrupt() -> None:
        DOOR.came.wait(10)
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.1)
        DOOR.open.set()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        connection.execute("SELECT count(door(id)) FROM t").fetchall()
    thread.join()
    assert connection.execute("SELECT count(two(id)) FROM t").fetchall() == [(1000,)]
    wait_until(lambda: not any(thread.name.startswith("auroraml-worker") for thread in threading.enumerate()))


def test_a_stream_that_is_not_read_to_its_end(connection: Connection) -> None:
    with connection.transaction():
        connection.execute("DECLARE c CURSOR FOR SELECT two(id) FROM t")
        assert len(connection.execute("FETCH 3 FROM c").fetchall()) == 3
    assert connection.execute("SELECT count(two(id)) FROM t").fetchall() == [(1000,)]


def test_nobody_left_to_wait_for_is_an_error() -> None:
    clock = VirtualTime()
    condition = clock.condition()
    with pytest.raises(errors.InternalError, match="virtual time stands still"), condition:
        condition.wait()

    def stuck() -> None:
        with condition:
            condition.wait()

    thread = clock.thread(stuck, "stuck", 0)
    thread.start()
    with pytest.raises(errors.InternalError, match="virtual time stands still"):
        thread.join()
    condition.notify_all()
    thread.join()


def test_turns_go_by_time_then_by_number_and_the_leader_is_last() -> None:
    clock, seen = VirtualTime(), list[tuple[float, int]]()
    share = clock.condition()

    def work(number: int, step: float) -> None:
        for _ in range(4):
            clock.spend(step)
            with share:
                seen.append((clock.now(), number))

    threads = [clock.thread(lambda n=number, s=step: work(n, s), f"w{number}", number) for number, step in enumerate((2.0, 1.0, 3.0))]  # type: ignore[misc] # a lambda's defaults
    for thread in threads:
        thread.start()
    work(LEADER, 2.0)
    for thread in threads:
        thread.join()
    assert seen == sorted(seen)
    assert len(seen) == 16
    assert clock.now() == 12.0


def test_who_waits_goes_on_at_the_time_of_what_it_waited_for() -> None:
    clock, times = VirtualTime(), list[float]()
    condition, ready = clock.condition(), list[int]()

    def wait(until: int) -> None:
        with condition:
            while len(ready) < until:
                condition.wait(0.001)
        times.append(clock.now())

    thread = clock.thread(lambda: wait(2), "waits", 0)
    thread.start()
    for _ in range(2):
        clock.sleep(5.0)
        with condition:
            ready.append(1)
            condition.notify_all()
    thread.join()
    assert times == [10.0]


def test_amazons_services_keep_real_time() -> None:
    with auroraml.connect(services="aws", region="us-east-1", autocommit=True) as connection:
        with pytest.raises(errors.FeatureNotSupported, match=r"auroraml\.clock can be virtual only with the embedded services"):
            connection.execute("SET auroraml.clock = 'virtual'")
        connection.execute("SET auroraml.clock = 'real'")
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_a_turn_may_come_before_its_thread_waits_for_it() -> None:
    """The thread then finds that it is its turn and leaves its gate open; the next turn must not fail on that."""
    clock, done = VirtualTime(), list[float]()
    late = clock.begin(0)
    late.gate.release()
    thread = threading.Timer(0.05, clock.run, args=(late, lambda: done.append(clock.now())))
    thread.start()
    clock.spend(1.0)
    clock.turn()
    assert done == [0.0]
    assert clock.now() == 1.0
    thread.join()
