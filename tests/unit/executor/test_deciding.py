"""Conditions on texts that loops' rows are tested by, decided for whole columns: the rows and errors are those of texts brought together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import auroraml
from auroraml.batch import Batch, Mask
from auroraml.errors import DivisionByZero
from auroraml.evaluate import Evaluator
from auroraml.executor.crew import Crew
from auroraml.executor.operator import Operator
from auroraml.executor.operators import deciding, tables

TABLES = """CREATE TABLE a AS SELECT g AS x FROM generate_series(1, 9000) g; CREATE INDEX ON a (x);
CREATE TABLE b AS SELECT g % 9000 AS y, CASE WHEN g % 7 > 0 THEN 'text ' || g * 31 % 5003 END AS t, g % 5000 AS z FROM generate_series(1, 40000) g;
CREATE INDEX ON b (y); DELETE FROM b WHERE z = 77; ANALYZE; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
SET enable_bitmapscan = off; SET enable_memoize = off; SET enable_seqscan = off"""
PARALLEL = "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET min_parallel_index_scan_size = 0"
QUERIES = (
    "SELECT x, t FROM a LEFT JOIN b ON y = x AND t LIKE '%11%' ORDER BY 1, 2",
    "SELECT count(t), count(*), sum(x) FROM a LEFT JOIN b ON y = x AND t NOT LIKE '%1%2%'",
    "SELECT count(t) FROM a LEFT JOIN b ON y = x AND t ~ '1.3' AND t < 'text 40' AND z > 100",
    "SELECT count(t) FROM a LEFT JOIN b ON y = x AND upper(t) LIKE '%9%' AND z + x < 8000",
    "SELECT count(t) FROM a LEFT JOIN b ON y = x AND 1 / (z - 77) < 5 AND upper(t) LIKE '%5%'",
    "SELECT count(t) FROM a LEFT JOIN b ON y = x AND upper(t) LIKE '%5%' AND 10 / (z - 77) < 5",
)


@pytest.fixture(scope="module", params=["alone", "parallel"])
def connection(request: pytest.FixtureRequest) -> auroraml.Connection:
    made = auroraml.connect(autocommit=True)
    made.execute(TABLES)
    if request.param == "parallel":
        made.execute(PARALLEL)
    return made


@pytest.mark.parametrize("sql", QUERIES)
def test_the_rows_are_the_same(connection: auroraml.Connection, sql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def watched(scan: Operator, rows: Batch, expected: float) -> list[Evaluator]:
        found = deciding.decided(scan, rows, expected)
        seen.extend(test is not before for test, before in zip(found, scan.tests, strict=True))
        return found

    monkeypatch.setattr(tables, "decided", watched)
    decided = connection.execute(sql).fetchall()
    assert any(seen)
    monkeypatch.setattr(tables, "decided", lambda scan, rows, expected: scan.tests)
    assert connection.execute(sql).fetchall() == decided


def test_conditions_before_them_raise_first(connection: auroraml.Connection) -> None:
    with pytest.raises(DivisionByZero):
        connection.execute("SELECT count(t) FROM a LEFT JOIN b ON y = x AND 1 / z < 5 AND upper(t) LIKE 'nothing'")
    assert connection.execute("SELECT count(t) FROM a LEFT JOIN b ON y = x AND upper(t) LIKE 'nothing' AND 1 / z < 5").fetchall() == [(0,)]


def test_participants_divide_what_is_decided() -> None:
    crew = Crew(1, True, lambda: None, lambda wanted: wanted)
    n = 10 * deciding.STRETCH + 7
    verdicts, begun = deciding.Verdicts(n), []
    both = threading.Barrier(2, timeout=60)

    def decide(start: int, stop: int) -> Mask:
        begun.append((start, threading.get_ident()))
        if start < 2 * deciding.STRETCH:
            both.wait()  # the other has begun too
        mask: Mask = np.arange(start, stop) % 3 == 0
        return mask

    with ThreadPoolExecutor(2) as pool:
        found = [task.result() for task in [pool.submit(verdicts.of, decide, member) for member in crew.members]]
    assert sorted(start for start, _ in begun) == list(range(0, n, deciding.STRETCH))
    assert len({thread for _, thread in begun}) == 2
    assert all((mask == (np.arange(n) % 3 == 0)).all() for mask in found)
