"""Statements that run again and again: what is kept of them, what is looked at each time, and what they leave behind."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

import auroraml
from auroraml.batch import TextVector
from auroraml.errors import InsufficientPrivilege
from auroraml.services.workers import IDLE

PARALLEL = "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET min_parallel_index_scan_size = 0"

STATEMENTS: list[tuple[str, tuple[object, ...] | None]] = [
    ("SELECT 1", None), ("SELECT b FROM t WHERE a = 7", None), ("SELECT b FROM t WHERE a = %s", (7,)), ("SELECT count(*) FROM t GROUP BY a", None),
    ("SELECT count(*) FROM t WHERE a < 9 AND b <> 'b3' OR b LIKE '%7' AND NOT (a = 2 OR b IS NULL)", None),
    ("SELECT a, (SELECT max(u.b) FROM t u WHERE u.a < t.a) FROM t WHERE b IN (SELECT b FROM t ORDER BY a LIMIT 5)", None),
    ("SELECT (SELECT sum(a) FROM t u WHERE u.a > 3 AND u.b <> t.b), a FROM t WHERE a > (SELECT min(a) FROM t)", None),
    ("WITH w AS MATERIALIZED (SELECT a, count(*) FROM t GROUP BY a) SELECT * FROM w x JOIN w y USING (a) ORDER BY a LIMIT 3", None),
    ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 9) SELECT n, rank() OVER (ORDER BY n) FROM r", None),
    ("SELECT t.a, u.b FROM t LEFT JOIN t u ON t.a = u.a * 2 JOIN LATERAL (SELECT t.a + 1 AS c) s ON true ORDER BY 1 DESC", None),
]  # fmt: skip


@pytest.fixture
def connection() -> auroraml.Connection:
    made = auroraml.connect(user="rdsadmin", autocommit=True)
    made.execute("CREATE TABLE t (a int PRIMARY KEY, b text)")
    made.execute("INSERT INTO t SELECT i, 'b' || i FROM generate_series(1, 50) AS g(i)")
    made.execute("CREATE ROLE reading; GRANT SELECT ON t TO reading; CREATE ROLE other")
    return made


def test_a_kept_plan_is_admitted_anew_for_another_role_and_after_a_revoke(connection: auroraml.Connection) -> None:
    connection.execute("SET plan_cache_mode = force_generic_plan; PREPARE p AS SELECT b FROM t WHERE a = $1")
    for _ in range(3):
        assert connection.execute("EXECUTE p(7)").fetchall() == [("b7",)]
    connection.execute("SET ROLE reading")
    for _ in range(3):
        assert connection.execute("EXECUTE p(7)").fetchall() == [("b7",)]
    connection.execute("SET ROLE other")
    with pytest.raises(InsufficientPrivilege, match="permission denied for table t"):
        connection.execute("EXECUTE p(7)")
    connection.execute("RESET ROLE; REVOKE SELECT ON t FROM reading; SET ROLE reading")
    with pytest.raises(InsufficientPrivilege, match="permission denied for table t"):
        connection.execute("EXECUTE p(7)")


@pytest.mark.parametrize(("text", "params"), STATEMENTS)
@pytest.mark.parametrize("parallel", [False, True])
def test_a_run_leaves_no_cycles(connection: auroraml.Connection, text: str, params: tuple[object, ...] | None, parallel: bool) -> None:
    if parallel:
        connection.execute(PARALLEL)
    for _ in range(15):  # parameters have their own plans first
        connection.execute(text, params).fetchall()
    assert fewest(lambda: connection.execute(text, params).fetchall()) == []


@pytest.mark.parametrize(("text", "params"), [*STATEMENTS, (
    "SELECT b, count(*) FROM t WHERE a IN (SELECT u.a FROM t u WHERE u.b < t.b) GROUP BY GROUPING SETS ((b), ()) HAVING count(*) > 1 "
    "UNION SELECT b, max(a) FROM t WHERE b LIKE '%1' AND (a < 5 OR a > 8) AND t.b IN (SELECT x.b FROM (SELECT b, a + 1 AS c FROM t) x WHERE x.c = t.a) GROUP BY b",
    None,
)])  # fmt: skip
@pytest.mark.parametrize("parallel", [False, True])
def test_a_new_plan_leaves_no_cycles(connection: auroraml.Connection, text: str, params: tuple[object, ...] | None, parallel: bool) -> None:
    if parallel:
        connection.execute(PARALLEL)

    def anew() -> None:
        connection.session.forget_statements()
        connection.execute(text, params).fetchall()

    anew()
    assert fewest(anew) == []


def fewest(run: Callable[[], object]) -> list[str]:
    """The classes of ours whose objects are in cycles that runs leave; what other threads leave meanwhile does not count."""
    for thread in threading.enumerate():  # of other tests' calls: they end by themselves, and leave theirs
        if thread.name == "auroraml-call":
            thread.join(2 * IDLE)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        return min((garbage(run) for _ in range(3)), key=len)
    finally:
        gc.set_debug(0)
        gc.enable()


def garbage(run: Callable[[], object]) -> list[str]:
    """Those that 20 runs leave."""
    for _ in range(20):
        run()
    gc.collect()
    found = [type(thing).__qualname__ for thing in gc.garbage if type(thing).__module__.startswith("auroraml")]
    gc.garbage.clear()
    return found


def test_statements_are_forgotten_when_asked(connection: auroraml.Connection) -> None:
    connection.execute("SELECT 1")
    assert len(connection.session.plan_cache)
    connection.session.forget_statements()
    assert not len(connection.session.plan_cache)
    assert connection.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize(("index", "nullable", "wanted"), [([2], False, ["c"]), ([0], True, ["a"]), ([-1], True, [None]), ([1], True, [None])])
def test_one_text_is_taken_as_several_are(index: list[int], nullable: bool, wanted: list[str | None]) -> None:
    texts = TextVector(pa.array(["x", "a", "", "c"], pa.large_string()).slice(1), np.array([True, False, True]))
    assert texts.take(np.array(index), nullable).datums() == wanted
    assert texts.take(np.array(index * 2), nullable).datums() == wanted * 2
