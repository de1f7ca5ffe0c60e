"""Parallel workers: the same answers as without them, services called at the same time, limits, cancellation, errors, and no thread left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import auroraml
from auroraml import errors
from auroraml.batch import Batch, FixedVector
from auroraml.dbapi.connection import Connection
from auroraml.executor import crew as crews
from auroraml.executor import shares
from auroraml.executor.crew import Crew, Member, State, Work, WorkerSlots
from auroraml.executor.operator import Operator
from auroraml.executor.operators import gather
from auroraml.executor.operators.hash_join import HashRows
from auroraml.executor.shares import Dealt, InOrder, Pace, Pieces, Seen, Share, expected
from auroraml.ir import physical as p
from auroraml.ir.objects import Relation

ROWS = 6_000
SETTINGS = ("parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0", "min_parallel_index_scan_size = 0")
SCORE = """CREATE FUNCTION score(a int, max_rows_per_batch int DEFAULT 150) RETURNS real
AS $$ SELECT aws_sagemaker.invoke_endpoint('model', max_rows_per_batch, a)::real $$ LANGUAGE SQL PARALLEL SAFE COST 5000"""


class Model:
    """An endpoint that takes its time and notes how many calls it has at once."""

    def __init__(self) -> None:
        self.latency = 0.0
        self.fails_at: int | None = None
        self.lock = threading.Lock()
        self.now = self.most = self.calls = 0

    def __call__(self, table: pa.Table) -> pa.Array:
        with self.lock:
            self.calls += 1
            self.now += 1
            self.most = max(self.most, self.now)
            fails = self.fails_at is not None and self.calls >= self.fails_at
        try:
            time.sleep(self.latency)
            if fails:
                raise ValueError("no answer")
            return pc.cast(table.column(0), pa.float32()).combine_chunks()
        finally:
            with self.lock:
                self.now -= 1


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def connection(model: Model) -> Iterator[Connection]:
    made = auroraml.connect(autocommit=True, user="rdsadmin", endpoints={"model": model})
    made.execute("CREATE EXTENSION aws_ml CASCADE")
    made.execute(SCORE)
    made.execute(f"CREATE TABLE t AS SELECT g AS a, g % 10 AS b, 'row ' || g AS c FROM generate_series(1, {ROWS}) g")
    made.execute("CREATE INDEX t_a ON t (a)")
    made.execute("ALTER TABLE t SET (parallel_workers = 4)")
    made.execute("ANALYZE t")
    for setting in SETTINGS:
        made.execute(f"SET {setting}")
    made.execute("SET max_parallel_workers_per_gather = 4")
    yield made
    while made.database.service_clients.workers.abandoned():  # they end by themselves
        time.sleep(0.005)
    made.close()
    assert not working(), "workers are left behind"


def working() -> list[str]:
    """The threads of workers that run."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("auroraml-worker")]


def plan_of(connection: Connection, query: str) -> str:
    return "\n".join(row[0] for row in connection.execute(f"EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) {query}").fetchall())


class Called:
    """How many workers each crew started."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.started = threading.Event()


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> Called:
    """Workers are called in as soon as the leader has seen a few rows, several to a core."""
    called = Called()
    launch = Crew.launch

    def counted(crew: Crew, count: int) -> None:
        called.counts.append(count)
        launch(crew, count)
        called.started.set()

    monkeypatch.setattr(Crew, "launch", counted)
    consider = Crew.consider
    monkeypatch.setattr(Crew, "consider", lambda crew, seconds: consider(crew, 1e9))
    monkeypatch.setattr(gather, "CORES", 5)
    for name, value in (("TRIAL", 16), ("SMALLEST", 16), ("PIECE", 1_000), ("LASTING", 0.0), ("SPEED", 1e-9)):
        monkeypatch.setattr(shares, name, value)
    return called


# Services


def test_each_worker_calls_the_service_with_batches_of_its_own(connection: Connection, model: Model) -> None:
    model.latency = 0.03
    connection.execute("SET parallel_leader_participation = off")
    found = connection.execute("SELECT a, score(a) FROM t").fetchall()
    assert sorted(found) == [(i, float(i)) for i in range(1, ROWS + 1)]
    assert model.most == 4
    assert ROWS / 150 <= model.calls <= ROWS / 150 + 4  # who is done takes rows over: the last batches may be smaller
    lines = plan_of(connection, "SELECT score(a) FROM t").splitlines()
    assert "  Workers Launched: 4" in lines
    processing = [line.strip() for line in lines if "Batch Processing" in line]
    assert len(processing) == 5
    counts = [int(line.split("num batches=")[1].split()[0]) for line in processing]
    assert counts[0] == sum(counts[1:]) and ROWS / 150 <= counts[0] <= ROWS / 150 + 4


def test_small_tables_are_divided_too(connection: Connection) -> None:
    connection.execute("SET parallel_leader_participation = off")
    plan = plan_of(connection, "SELECT score(a, 100000) FROM t WHERE a <= 40")
    assert plan.count("num batches=1 avg/min/max batch size=10.000/10.000/10.000") == 4
    connection.execute("CREATE TABLE few AS SELECT g AS a FROM generate_series(1, 40) g")
    connection.execute("ALTER TABLE few SET (parallel_workers = 4)")
    connection.execute("ANALYZE few")
    plan = plan_of(connection, "SELECT score(a, 100000) FROM few")
    assert "num batches=4 avg/min/max batch size=10.000/10.000/10.000" in plan
    assert plan.count("num batches=1 avg/min/max batch size=10.000/10.000/10.000") == 4


def test_function_statistics_count_each_call_once(connection: Connection) -> None:
    connection.execute("SET track_functions = 'all'")
    connection.execute("SELECT score(a) FROM t").fetchall()
    assert connection.execute("SELECT calls FROM pg_stat_user_functions WHERE funcname = 'invoke_endpoint'").fetchall() == [(ROWS,)]


def test_create_table_as_and_materialized_views_use_workers(connection: Connection, model: Model) -> None:
    model.latency = 0.02
    connection.execute("CREATE TABLE made AS SELECT a, score(a) AS s FROM t")
    assert model.most >= 4
    model.most = 0
    connection.execute("CREATE MATERIALIZED VIEW seen AS SELECT a, score(a) AS s FROM t")
    assert model.most >= 4
    model.most = 0
    connection.execute("REFRESH MATERIALIZED VIEW seen")
    assert model.most >= 4
    assert connection.execute("SELECT count(*), sum(s - a) FROM made NATURAL JOIN seen").fetchall() == [(ROWS, 0.0)]


# Limits on workers


def test_workers_of_all_sessions_share_the_database_s_limit(model: Model) -> None:
    with auroraml.Database(endpoints={"model": model}, parameters={"max_worker_processes": 3}) as database:
        one, other = (database.connect(user="rdsadmin", autocommit=True) for _ in range(2))
        one.execute("CREATE EXTENSION aws_ml CASCADE")
        one.execute(SCORE)
        one.execute(f"CREATE TABLE t AS SELECT g AS a FROM generate_series(1, {ROWS}) g")
        one.execute("ALTER TABLE t SET (parallel_workers = 4)")
        for connection in (one, other):
            connection.execute("SET max_parallel_workers_per_gather = 4")
            connection.execute("SET parallel_setup_cost = 0")
            connection.execute("SET parallel_tuple_cost = 0")
        assert "Workers Launched: 3" in plan_of(one, "SELECT score(a) FROM t")
        model.latency = 0.02
        running = threading.Thread(target=lambda: one.execute("SELECT score(a) FROM t").fetchall())
        running.start()
        while model.now < 3:
            time.sleep(0.001)
        plan = plan_of(other, "SELECT count(*) FROM t")
        running.join()
        assert "Workers Launched: 0" in plan and "Partial Aggregate (actual rows=1 loops=1)" in plan
        other.execute("SET max_parallel_workers = 1")
        assert "Workers Launched: 1" in plan_of(other, "SELECT count(*) FROM t")


def test_slots_are_never_more_than_there_are() -> None:
    slots = WorkerSlots()
    assert slots.take(4, 3) == 3 and slots.take(1, 3) == 0
    slots.give_back(2)
    assert slots.take(4, 3) == 2 and slots.take(4, 1) == 0


# The end


def test_a_limit_ends_the_workers(connection: Connection, model: Model) -> None:
    model.latency = 0.02
    started = time.monotonic()
    assert len(connection.execute("SELECT score(a, 5) FROM t LIMIT 5").fetchall()) == 5
    assert time.monotonic() - started < 4.0  # all calls would take longer
    assert not working()
    assert model.calls < 300
    assert all(record.error is None for record in connection.database.service_clients.log.records())  # calls under way were completed


LONG = (
    "SELECT score(a, 10) FROM t",
    "SELECT count(*) FROM t x, t y WHERE (x.a + y.a) % 7 = 3",
    "SELECT count(*) FROM t WHERE pg_sleep(0.01) IS NOT NULL",
)


@pytest.mark.parametrize("query", LONG)
@pytest.mark.parametrize("way", ["cancel", "time-out"])
def test_cancellation_ends_all_workers(query: str, way: str, connection: Connection, model: Model) -> None:
    model.latency = 0.02
    timer = threading.Timer(0.2, connection.cancel)
    if way == "time-out":
        connection.execute("SET statement_timeout = 200")
    else:
        timer.start()
    started = time.monotonic()
    with pytest.raises(errors.QueryCanceled) as caught:
        connection.execute(query).fetchall()
    assert caught.value.diag.context is None
    assert time.monotonic() - started < 3.0  # the promise is 0.2 s after the request on a quiet machine
    assert not working()
    assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_a_worker_s_error_is_the_statement_s(connection: Connection, model: Model) -> None:
    connection.execute("SET parallel_leader_participation = off")
    with pytest.raises(errors.DivisionByZero) as caught:
        connection.execute("SELECT 1 / (a - 777) FROM t").fetchall()
    assert caught.value.diag.context == "parallel worker"
    assert not working()
    model.fails_at, model.latency = 7, 0.01
    with pytest.raises(errors.SystemError, match="could not invoke endpoint") as failed:
        connection.execute("SELECT score(a, 100) FROM t").fetchall()
    assert failed.value.diag.context == "parallel worker"
    assert not working()


def test_a_stream_that_is_closed_early_leaves_nothing(connection: Connection) -> None:
    with connection.cursor() as cursor:
        stream = iter(cursor.stream("SELECT a, c FROM t"))
        assert next(stream) is not None
    connection.execute("SELECT 1")
    assert not working()


# Answers

QUERIES = (
    "SELECT count(*), sum(a), min(c), max(b), avg(a) FROM t",
    "SELECT b, count(*), avg(a), variance(a), string_agg(c, ',' ORDER BY a) FILTER (WHERE a < 50) FROM t GROUP BY b ORDER BY b",
    "SELECT a, c FROM t WHERE b = 3 ORDER BY a DESC LIMIT 30",
    "SELECT x.a, y.c FROM t x JOIN t y ON x.a = y.a + 1 WHERE x.b < 2 ORDER BY x.a",
    "SELECT x.b, count(*) FROM t x LEFT JOIN t y ON x.a = y.a * 2 GROUP BY x.b ORDER BY x.b",
    "SELECT DISTINCT b, a % 3 FROM t ORDER BY 1, 2",
    "SELECT count(*) FROM t WHERE a IN (SELECT a * 3 FROM t WHERE b = 1) AND b < (SELECT avg(b) FROM t)",
    "SELECT a FROM (SELECT a FROM t UNION ALL SELECT -a FROM t WHERE b = 5) u ORDER BY a OFFSET 500 LIMIT 20",
    "SELECT sum(s) FROM (SELECT score(a) AS s, b FROM t WHERE c LIKE '%9%') q WHERE s > 100",
    "SELECT a, (SELECT count(*) FROM t u WHERE u.a < t.b) FROM t WHERE a % 1000 = 1 ORDER BY a",
    "SELECT a FROM t WHERE a BETWEEN 900 AND 5100 AND c LIKE '%3' ORDER BY c",
)


@pytest.mark.parametrize("query", QUERIES)
def test_workers_change_no_answer(query: str, connection: Connection) -> None:
    connection.execute("SET max_parallel_workers_per_gather = 0")
    serial = connection.execute(query).fetchall()
    for settings_ in (("parallel_leader_participation = off",), ("enable_parallel_hash = off", "enable_mergejoin = off"), ("enable_hashjoin = off",)):
        connection.execute("RESET ALL")
        for setting in (*SETTINGS, "max_parallel_workers_per_gather = 4", *settings_):
            connection.execute(f"SET {setting}")
        assert "Gather" in plan_of(connection, query)
        assert connection.execute(query).fetchall() == serial


AGAIN = (
    ("SELECT b FROM t ORDER BY a OFFSET 0", "Gather Merge (actual rows=6000 loops=3)", ()),
    ("SELECT b FROM t GROUP BY b", "Finalize HashAggregate|HashAggregate (actual rows=10 loops=3)", ()),
    ("SELECT q.b FROM t JOIN t q USING (a) OFFSET 0", "Gather (actual rows=6000 loops=3)", ("enable_mergejoin = off",)),
    ("SELECT q.b FROM t JOIN t q USING (a) OFFSET 0", "Gather (actual rows=6000 loops=3)", ("enable_mergejoin = off", "enable_parallel_hash = off")),
)


@pytest.mark.parametrize(("inner", "line", "off"), AGAIN)
def test_a_gather_that_runs_again_divides_the_rows_anew(inner: str, line: str, off: tuple[str, ...], connection: Connection) -> None:
    connection.execute("CREATE TABLE three AS SELECT g AS n FROM generate_series(1, 3) g")
    connection.execute("SET statement_timeout = '20s'")
    for setting in ("enable_material = off", "enable_indexscan = off", "enable_indexonlyscan = off", "enable_bitmapscan = off", *off):
        connection.execute(f"SET {setting}")
    query = f"SELECT count(*), sum(b) FROM three LEFT JOIN ({inner}) x ON b > n"
    plan = plan_of(connection, query).replace("Partial ", "")
    assert any(name in plan for name in line.split("|")) and plan.count("loops=3)"), plan
    rows = 21 if "GROUP" in inner else 12_600
    assert connection.execute(query).fetchone() == (rows, 125 if "GROUP" in inner else 75_000)
    assert f"Left Join (actual rows={rows} loops=1)" in plan


# Workers that are called in when they are worth it


@pytest.mark.parametrize("query", [query for query in QUERIES if "score" not in query])
def test_workers_that_are_called_in_change_no_answer(query: str, connection: Connection, ready: Called) -> None:
    connection.execute("SET max_parallel_workers_per_gather = 0")
    serial = connection.execute(query).fetchall()
    for settings_ in (
        (),
        ("enable_parallel_hash = off", "enable_mergejoin = off"),
        ("enable_hashjoin = off",),
        ("parallel_leader_participation = off",),
    ):
        connection.execute("RESET ALL")
        for setting in (*SETTINGS, "max_parallel_workers_per_gather = 4", *settings_):
            connection.execute(f"SET {setting}")
        ready.counts.clear()
        assert connection.execute(query).fetchall() == serial
        assert max(ready.counts) > 0
        connection.execute("SET max_parallel_workers = 0")
        assert connection.execute(query).fetchall() == serial
    assert not working()
    assert connection.database.worker_slots.taken == 0


def test_little_work_is_the_leader_s_alone(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def launch(crew: Crew, count: int) -> None:
        raise AssertionError(f"{count} workers were started for nothing")

    monkeypatch.setattr(Crew, "launch", launch)
    assert connection.execute("SELECT count(*) FROM t WHERE b = 1").fetchall() == [(ROWS // 10,)]
    monkeypatch.setattr(crews, "WORTH", 1e-12)
    monkeypatch.setattr(shares, "TRIAL", 16)
    monkeypatch.setattr(gather, "CORES", 1)
    assert connection.execute("SELECT count(*) FROM t WHERE b = 1").fetchall() == [(ROWS // 10,)]


def test_no_more_workers_are_called_in_than_there_are_cores_and_places(
    connection: Connection, ready: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "SELECT b, count(*) FROM t GROUP BY b ORDER BY b"
    connection.execute(query).fetchall()
    assert ready.counts == [4]
    monkeypatch.setattr(gather, "CORES", 3)
    connection.execute(query).fetchall()
    assert ready.counts == [4, 2]
    connection.execute("SET max_parallel_workers = 1")
    connection.execute(query).fetchall()
    assert ready.counts == [4, 2, 1]
    connection.execute("SET parallel_leader_participation = off")
    connection.execute("SET max_parallel_workers = 4")
    connection.execute(query).fetchall()
    assert ready.counts == [4, 2, 1, 3]


def test_what_all_would_compute_alike_is_computed_once(connection: Connection, ready: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    drained: list[int] = []
    drain = Operator.drain

    def counted(running: Operator) -> Batch | None:
        drained.append(running.node.id)
        return drain(running)

    monkeypatch.setattr(Operator, "drain", counted)
    for off in ("enable_parallel_hash", "enable_hashjoin", "enable_mergejoin"):
        connection.execute(f"SET {off} = off")
        drained.clear()
        ready.counts.clear()
        found = connection.execute("SELECT count(*), sum(y.b) FROM t x JOIN (SELECT a, b FROM t WHERE c LIKE '%7') y ON x.a + 0 = y.a + 0").fetchall()
        assert found == [(600, 4_200)]
        assert max(ready.counts) == 4 and len(drained) == len(set(drained)), off


def test_a_shared_hash_table_counts_for_each_participant(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[int] = []
    collect = HashRows.collect

    def counted(running: HashRows) -> Batch | None:
        collected.append(running.node.id)
        return collect(running)

    monkeypatch.setattr(HashRows, "collect", counted)
    for setting in ("enable_parallel_hash = off", "enable_mergejoin = off", "enable_indexscan = off", "enable_bitmapscan = off"):
        connection.execute(f"SET {setting}")
    connection.execute("CREATE TABLE few AS SELECT a, b FROM t WHERE a <= 1000")
    connection.execute("ALTER TABLE few SET (parallel_workers = 0)")
    connection.execute("ANALYZE few")
    plan = plan_of(connection, "SELECT count(*), sum(few.b) FROM t JOIN few USING (a) WHERE few.b <> 7")
    lines = [line.strip() for line in plan.splitlines()]
    assert "Workers Launched: 4" in lines
    assert "->  Hash (actual rows=900 loops=5)" in lines, plan
    assert "->  Seq Scan on public.few (actual rows=900 loops=5)" in lines
    assert "Rows Removed by Filter: 100" in lines
    assert sum(line.startswith("Worker") and "rows=900 loops=1" in line for line in lines) >= 8  # Hash and Seq Scan of four workers
    assert len(collected) == 1


def test_a_worker_that_is_called_in_fails_or_is_cancelled_with_the_statement(connection: Connection, ready: Called) -> None:
    with pytest.raises(errors.DivisionByZero):
        connection.execute("SELECT sum(1 / (a - 5777)) FROM t").fetchall()
    assert ready.counts and not working()
    ready.counts.clear()
    ready.started.clear()

    def cancel() -> None:
        ready.started.wait(60)
        connection.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(errors.QueryCanceled):
        connection.execute("SELECT count(*) FROM t x, t y, t z WHERE (x.a + y.a) % 7 = z.a").fetchall()
    canceller.join()
    assert ready.counts and not working()
    assert len(connection.execute("SELECT a FROM t WHERE b < 9 LIMIT 700").fetchall()) == 700
    assert not working()
    assert connection.database.worker_slots.taken == 0


def test_the_leader_may_come_to_rows_that_a_worker_has_begun() -> None:
    crew = Crew(1, True, lambda: None, lambda n: n)
    crew.hire = None
    crew.members[0].state = State.RUNNING
    share = Pieces(crew, Batch.of([FixedVector(np.arange(100_000))], 100_000), NODE)
    assert share.claim(crew.members[0], 50_000) is not None
    assert share.claim(crew.members[1], 50_000) is not None


def test_who_fails_to_make_what_is_shared_leaves_it_to_the_next() -> None:
    crew = Crew(1, True, lambda: None, lambda n: n)
    leader = crew.members[1]

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        crew.once(leader, 1, fail)
    assert crew.once(crew.members[0], 1, lambda: 3) == 3
    assert crew.once(leader, 1, fail) == 3


def test_stress(connection: Connection, model: Model) -> None:
    """Many statements at once with cancellations and failing calls: each gives the serial answer or one error."""
    model.latency = 0.001
    wanted = {query: connection.execute(query).fetchall() for query in QUERIES[:10]}
    stop = threading.Event()

    def work(number: int) -> int:
        other = connection.database.connect(user="rdsadmin", autocommit=True)
        for setting in (*SETTINGS, f"max_parallel_workers_per_gather = {1 + number % 4}"):
            other.execute(f"SET {setting}")
        right = 0
        for turn in range(12):
            query = QUERIES[(number * 5 + turn) % 10]
            timer = threading.Timer(0.002 * (1 + (turn * 7 + number) % 20), other.cancel)
            if turn % 3 == 0:
                timer.start()
            try:
                assert other.execute(query).fetchall() == wanted[query]
                right += 1
            except (errors.QueryCanceled, errors.SystemError):
                pass
            finally:
                timer.cancel()
                if timer.ident is not None:
                    timer.join()
        other.close()
        return right

    def spoil() -> None:
        while not stop.wait(0.05):
            model.fails_at = None if model.fails_at is not None else 0
        model.fails_at = None

    spoiler = threading.Thread(target=spoil)
    spoiler.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(work, range(4))) >= 12  # those that nobody cancels
    finally:
        stop.set()
        spoiler.join()
    assert not working()
    assert connection.database.worker_slots.taken == 0


# Shares

NODE = p.Result(id=1, parallel_aware=True, cost=p.Cost(total=1_000.0))


def line(pieces: list[tuple[int, float]], before: Pace | None) -> Pace:
    seen = Seen()
    for rows, seconds in pieces:
        seen.add(rows, seconds)
    return seen.pace(before)


def test_pieces_tell_what_each_row_takes() -> None:
    def parts(found: Pace) -> tuple[float, float]:
        return found.piece, found.row

    def pace(piece: float, row: float) -> object:
        return pytest.approx((piece, row), rel=0.1)

    both = line([(100, 0.02), (400, 0.05)], None)
    assert parts(both) == pace(0.01, 0.0001)
    assert parts(line([(100, 0.02)], None)) == pace(0.0, 0.0002)
    assert parts(line([(400, 0.05)], both)) == pace(0.01, 0.0001)
    assert parts(line([(400, 0.004)], both)) == pace(0.004, 0.0)  # a piece takes no longer than it took
    assert parts(line([(100, 0.3), (400, 0.05)], None)) == pace(0.175, 0.0)  # the first one had something else to do
    assert parts(line([(100, 0.001), (400, 0.05)], None)) == pace(0.0, 0.0001)
    assert parts(line([(1, 0.0), (1, 0.0)], None)) == pace(0.0, 0.0)


def test_a_plan_that_runs_again_knows_its_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    hired: list[int] = []

    def hire(wanted: int) -> int:
        hired.append(wanted)
        return 0

    def first(n: int) -> int:
        crew = Crew(3, True, lambda: None, hire)
        crew.work = Work(node=NODE, ctx=None, params={}, bound=1)  # type: ignore[arg-type] # nobody comes to run it
        part = Pieces(crew, Batch.of([FixedVector(np.arange(n))], n), NODE).claim(crew.members[3], n)
        assert part is not None
        return part.n

    monkeypatch.setattr(crews, "WORTH", 0.006)
    monkeypatch.setattr(shares, "PACES", {})
    assert first(100_000) == 100_000 and not hired  # its cost says that it is little
    monkeypatch.setattr(shares, "SPEED", NODE.cost.total / 0.2)
    assert first(100_000) == 10_000 and not hired  # a first piece to try, of 20 ms
    monkeypatch.setattr(shares, "SPEED", NODE.cost.total / 2)
    assert first(100_000) == 6_250 and not hired  # no less than this
    shares.PACES[NODE] = Pace(0.001, 1e-7)
    assert first(100_000) == 100_000 and not hired  # all at once, as that is 10 ms
    assert first(320_000) == 320_000 and hired == [3]  # no places: all at once
    assert first(200_000) == 200_000 and hired == [3, 2]
    shares.PACES[NODE] = Pace(0.001, 1e-7, 100_000)
    assert expected(p.Gather(source=replace(NODE, parallel_aware=True), workers=1)) == {}
    assert expected(p.Gather(source=NODE, workers=1)) == {1: pytest.approx(0.01)}


def test_a_plan_of_a_known_shape_knows_its_pace() -> None:
    relation = Relation(oid=70_001, name="t", schema="public")

    def plan(rows: float, table: Relation = relation, id: int = 2) -> p.PhysicalPlan:
        scan = p.SeqScan(id=id, relation=table, alias="t", columns=(), parallel_aware=True, cost=p.Cost(rows=rows))
        return p.Aggregate(id=1, source=scan, cost=p.Cost(rows=1.0)) if id == 2 else scan

    first, pace = plan(1_000.0), Pace(0.001, 1e-7, 50)
    shares.keep_pace(first.children()[0], first, pace)
    for same in (first, plan(1_000.0), plan(1_020.0)):
        assert shares.known_pace(same.children()[0], same) == pace
        assert expected(same) == {2: pytest.approx(50e-7)}
    for other in (plan(90_000.0), plan(1_000.0, replace(relation, oid=70_002)), plan(1_000.0, replace(relation))):
        assert shares.known_pace(other.children()[0], other) is None and expected(other) == {}
    alone = plan(1_000.0, id=3)
    assert shares.known_pace(alone, alone) is None
    for count in range(shares.MOST_SHAPES + 1):  # no more are kept than this
        larger = plan(2.0**count)
        shares.keep_pace(larger.children()[0], larger, pace)
    assert len(shares.ALIKE[relation]) <= shares.MOST_SHAPES


def test_pieces_that_turn_out_to_be_little_are_followed_by_all_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def sizes(rows: int, row: float) -> list[int]:
        crew = Crew(1, True, lambda: None, lambda wanted: 0)
        crew.work = Work(node=NODE, ctx=None, params={}, bound=1)  # type: ignore[arg-type] # nobody comes to run it
        share, leader, now = Pieces(crew, Batch.of([FixedVector(np.arange(rows))], rows), NODE), crew.members[1], [0.0]
        monkeypatch.setattr(time, "thread_time", lambda: now[0])
        found = []
        while (part := share.claim(leader, rows)) is not None:
            found.append(part.n)
            now[0] += 0.001 + part.n * row
        assert sum(found) == rows
        return found

    for row, wanted in ((1e-9, [1_024, 4_096, 11_264]), (4e-6, [1_024, 4_096, 4_000, 7_264])):
        monkeypatch.setattr(shares, "PACES", {})
        for name, value in (("SPEED", 1e-9), ("PIECE", 4_000)):
            monkeypatch.setattr(shares, name, value)
        monkeypatch.setattr(crews, "WORTH", 0.04)
        assert sizes(16_384, row) == wanted, row


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(0, 3_000),
    members=st.integers(1, 5),
    demands=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 900)), max_size=60),
    kind=st.sampled_from((Dealt, InOrder, Pieces)),
)
def test_every_row_is_claimed_once(n: int, members: int, demands: list[tuple[int, int]], kind: type[Share]) -> None:
    crew = Crew(members, False, lambda: None)
    rows = Batch.of([FixedVector(np.arange(n))], n)
    share = Pieces(crew, rows, NODE) if kind is Pieces else kind(crew, rows)
    found: list[list[int]] = [[] for _ in range(members)]

    def claim(number: int, size: int) -> bool:
        part = share.claim(crew.members[number], size)
        if part is None:
            return False
        assert 0 < part.n <= size
        found[number] += part.vector(0).datums()  # type: ignore[arg-type] # numbers
        return True

    with crew.changed:
        for member in crew.members:  # nobody is waited for: one thread plays them all
            member.moved(State.RUNNING)
    for number in range(members):
        claim(number, 1)
    for number, size in demands:
        claim(number % members, size)
    for number in range(members):
        while claim(number, 10_000):
            pass
    assert sorted(value for one in found for value in one) == list(range(n))
    if kind is not Dealt:
        assert all(one == sorted(one) for one in found)


def test_a_participant_that_never_comes_loses_its_share_to_the_others() -> None:
    crew = Crew(3, False, lambda: None)
    rows = Batch.of([FixedVector(np.arange(900))], 900)
    share = Dealt(crew, rows)
    late: Member = crew.members[2]
    seen: list[int] = []

    def work(number: int) -> None:
        while (part := share.claim(crew.members[number], 50)) is not None:
            seen.extend(part.vector(0).datums())  # type: ignore[arg-type] # numbers

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    assert any(thread.is_alive() for thread in threads)  # they wait: it may have been slow to start
    with crew.changed:
        late.moved(State.ENDED)
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(900))
