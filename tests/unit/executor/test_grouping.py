"""Groups made morsel by morsel, run by run, and of all rows at once are the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import auroraml
from auroraml import errors
from auroraml.batch import Batch, Column, FixedVector, Rows
from auroraml.evaluate import Frame
from auroraml.executor.operators import grouping, morsels, runs, sharing
from auroraml.session.observer import Observer

CALLS = (
    "count(*)", "count(i)", "sum(i)", "avg(i)", "min(i)", "max(i)", "sum(l)", "avg(l)", "sum(d)", "avg(d)", "min(d)", "max(d)", "min(t)", "max(t)",
    "sum(i * 2) FILTER (WHERE i > 20)", "count(*) FILTER (WHERE i IS NULL)", "bool_and(i > 3)", "bit_or(i)", "max(f)", "min(f)", "min(e)", "bool_or(b)",
)  # fmt: skip
KEPT = (*CALLS, "sum(f)", "avg(f)", "array_agg(i ORDER BY t)", "count(DISTINCT i)", "string_agg(t, ',' ORDER BY t)", "stddev(d)")
ROWS = """CREATE TABLE r AS SELECT g, g % 7 AS k, CASE WHEN g % 5 > 0 THEN chr(97 + (g % 3)::int4) END AS s, nullif(g, 7)::int4 AS i,
          CASE WHEN g % 3 > 0 THEN g * 30000000000000000 END AS l, (g - 20) * 1.10 + nullif(g % 5, 3) AS d, chr(97 + (g % 26)::int4) || g AS t,
          CASE g % 11 WHEN 3 THEN 'NaN' WHEN 4 THEN '-0' ELSE g * -0.1 END::float8 AS f, date '2020-01-01' + (g % 13)::int4 AS e, g % 2 = 0 AS b
          FROM generate_series(1::bigint, 300) g"""


@pytest.fixture
def connection() -> Iterator[auroraml.Connection]:
    with auroraml.connect(autocommit=True) as made:
        made.execute(ROWS)
        yield made


@pytest.fixture
def folded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows of each morsel folded."""
    seen: list[int] = []
    keep = morsels.MorselStates._keep

    def counted(self: morsels.MorselStates, *args: object) -> None:
        seen.append(int(args[4].sum()))  # type: ignore[attr-defined] # counts
        keep(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(morsels.MorselStates, "_keep", counted)
    monkeypatch.setattr(grouping, "FEW_ROWS", 0)
    return seen


@pytest.mark.parametrize("keys", ["k", "s", "k, s", "f"])
@pytest.mark.parametrize("most", [1 << 62, 7, 1])
def test_a_few_rows_need_no_states(keys: str, most: int, monkeypatch: pytest.MonkeyPatch, folded: list[int]) -> None:
    watching = type("Parts", (Observer,), {"most": most})()
    with auroraml.Database(observer=watching).connect(autocommit=True) as connection:
        connection.execute(ROWS)
        connection.execute("SET enable_sort = off")
        monkeypatch.setattr(morsels, "SAVED", 0)
        texts = [f"SELECT {keys}, {', '.join(CALLS)} FROM r {where} GROUP BY {keys}" for where in ("", "WHERE g > 300", "WHERE g = 7")]
        states = [connection.execute(text).fetchall() for text in texts]
        assert folded
        folded.clear()
        monkeypatch.setattr(grouping, "FEW_ROWS", 1_000)
        assert repr([connection.execute(text).fetchall() for text in texts]) == repr(states)
        assert not folded or most < 300
        with pytest.raises(errors.DivisionByZero):
            connection.execute("SELECT s, sum(10 / (g - 150)) FROM r GROUP BY s")


@pytest.mark.parametrize("keys", ["k", "s", "k, s", "i IS NULL, s", "f", "t"])
@pytest.mark.parametrize("few", [morsels.FEW, 1])
def test_morsels(connection: auroraml.Connection, keys: str, few: int, monkeypatch: pytest.MonkeyPatch, folded: list[int]) -> None:
    connection.execute("SET enable_sort = off")
    sql = f"SELECT {keys}, {', '.join(CALLS)} FROM r GROUP BY {keys}"
    monkeypatch.setattr(morsels, "SAVED", 1 << 30)
    whole = connection.execute(sql).fetchall()
    assert not folded
    monkeypatch.setattr(morsels, "SAVED", 0)
    monkeypatch.setattr(morsels, "MORSEL", 41)
    monkeypatch.setattr(morsels, "FEW", few)
    found = connection.execute(sql).fetchall()
    assert folded == [41] * 7 + [13]
    assert repr(found) == repr(whole)


def test_sums_of_floats_are_not_split(connection: auroraml.Connection, folded: list[int]) -> None:
    connection.execute("SELECT k, sum(f) FROM r GROUP BY k")
    connection.execute("SELECT k, count(DISTINCT i) FROM r GROUP BY k")
    connection.execute("SELECT k, sum(random()) FROM r GROUP BY k")
    assert not folded


@pytest.mark.parametrize("few", [morsels.FEW, 8, 1])
@pytest.mark.parametrize("where", ["k <> 3", "k = 3", "g > 100", "s IS NOT NULL", "k <> 3 ORDER BY g DESC LIMIT 200"])
def test_morsels_of_rows_left_by_a_filter(
    connection: auroraml.Connection, where: str, few: int, monkeypatch: pytest.MonkeyPatch, folded: list[int]
) -> None:  # fmt: skip
    connection.execute("SET enable_sort = off")
    sql = f"SELECT k, s, {', '.join(CALLS)} FROM (SELECT * FROM r WHERE {where}) r GROUP BY k, s"
    monkeypatch.setattr(morsels, "SAVED", 1 << 30)
    whole = connection.execute(sql).fetchall()
    monkeypatch.setattr(morsels, "SAVED", 0)
    monkeypatch.setattr(morsels, "MORSEL", 41)
    monkeypatch.setattr(morsels, "FEW", few)
    found = connection.execute(sql).fetchall()
    assert sum(folded) == sum(row[2] for row in whole)
    assert repr(found) == repr(whole)


def test_rows_that_nobody_asked_for_do_not_fail(connection: auroraml.Connection, monkeypatch: pytest.MonkeyPatch, folded: list[int]) -> None:
    monkeypatch.setattr(morsels, "SAVED", 0)
    monkeypatch.setattr(morsels, "MORSEL", 100)
    connection.execute("SET enable_sort = off")
    rows = connection.execute("SELECT s, sum(10 / (g - 150)), min(g) FROM r WHERE g <> 150 GROUP BY s").fetchall()
    assert folded == [100, 99, 100]
    assert sum(row[1] for row in rows) == sum(int(10 / (g - 150)) for g in range(1, 301) if g != 150)
    with pytest.raises(errors.DivisionByZero):
        connection.execute("SELECT s, sum(10 / (g - 150)) FROM r WHERE g <> 151 GROUP BY s")


def test_shared_parts_are_computed_once(connection: auroraml.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = (
        "sum(g * (i - 1))", "sum(g * (i - 1) * (2 + g))", "avg(2 + g)", "sum(i - 1)", "max(CASE WHEN i > 3 THEN g * (i - 1) END)",
        "sum(g * (i - 1)) FILTER (WHERE i > 9)", "min(sqrt(d + 100))", "count(1 / (i - 20))",
    )  # fmt: skip
    for group in ("", "GROUP BY k ORDER BY k"):
        sql = f"SELECT {', '.join(calls)} FROM r WHERE i <> 20 OR i IS NULL {group}"
        monkeypatch.setattr(grouping, "MANY", 1 << 30)
        apart = connection.execute(sql).fetchall()
        monkeypatch.setattr(grouping, "MANY", 1)
        monkeypatch.setattr(morsels, "SAVED", 0)
        found: list[int] = []
        frame = sharing.SharedParts.frame

        def counted(self: sharing.SharedParts, given: Frame, found: list[int] = found, frame: Callable[..., Frame] = frame) -> Frame:
            found.append(len(self.parts))
            return frame(self, given)

        monkeypatch.setattr(sharing.SharedParts, "frame", counted)
        assert repr(connection.execute(sql).fetchall()) == repr(apart)
        assert set(found) == {3}
        monkeypatch.setattr(sharing.SharedParts, "frame", frame)


def test_the_first_argument_that_fails_is_the_one_told_of(connection: auroraml.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MANY", 1)
    with pytest.raises(errors.NumericValueOutOfRange):
        connection.execute("SELECT sum((2147483647 + i) * 2), sum(1 / (i - i) + 1), sum(1 / (i - i) + 2) FROM r")


def test_around() -> None:
    source, other = (FixedVector(np.arange(100)) for _ in range(2))
    mask = np.array([True, False, True, True, True, True])
    for some in (mask, ~mask):
        base = Batch([Column(source, Rows.range(10, 16)), Column(source, Rows.range(10, 16))], 6)
        batch = base.select([0, 0]).filter(some)
        assert batch.vector(0).datums() == (np.flatnonzero(some) + 10).tolist()
        found = morsels.around(batch)
        assert (found is None) is (some is not mask)
        if found is not None:
            assert found[0].vector(1).datums() == [10, 11, 12, 13, 14, 15]
            assert found[1] is mask
        assert morsels.around(batch.slice(1, batch.n)) is None
        assert morsels.around(batch.slice(0, 1).beside(Batch([Column(other, Rows.range(0, 1))], 1))) is None
    assert morsels.around(base.take(np.array([3, 2]))) is None
    assert morsels.around(Batch([], 4)) is None


@pytest.mark.parametrize("keys", ["k", "s", "k, s", "i IS NULL, s", "f", "t"])
@pytest.mark.parametrize("little", [0, 20, 100])
def test_runs(connection: auroraml.Connection, keys: str, little: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = f"SELECT {keys}, {', '.join(KEPT)} FROM (SELECT * FROM r ORDER BY {keys} LIMIT 290) r GROUP BY {keys} HAVING count(*) <> 2"
    connection.execute("SET enable_sort = off; SET enable_incremental_sort = off")
    connection.execute("SET enable_hashagg = off")
    whole = connection.execute(sql).fetchall()
    monkeypatch.setattr(runs, "LITTLE", little)
    add = runs.Runs.add
    chance = random.Random(5)

    def piecewise(self: runs.Runs, batch: object, found: object) -> None:
        start = 0
        while start < batch.n:  # type: ignore[attr-defined] # a batch
            stop = start + chance.randint(1, 60)
            add(self, batch.slice(start, stop), [c.part(one, start, stop) for c, one in zip(self.calls, found, strict=True)])  # type: ignore[attr-defined, call-overload]
            start = stop

    monkeypatch.setattr(runs.Runs, "add", piecewise)
    assert repr(connection.execute(sql).fetchall()) == repr(whole)
    assert "GroupAggregate" in str(connection.execute(f"EXPLAIN {sql}").fetchall())


def test_runs_are_groups(connection: auroraml.Connection) -> None:
    select = f"SELECT k, s, {', '.join(KEPT)} FROM r GROUP BY k, s ORDER BY k, s"
    hashed = connection.execute(select).fetchall()
    connection.execute("SET enable_hashagg = off")
    assert "GroupAggregate" in str(connection.execute(f"EXPLAIN {select}").fetchall())
    assert repr(connection.execute(select).fetchall()) == repr(hashed)


@pytest.mark.parametrize("strategy", ["enable_hashagg", "enable_sort"])
def test_sums_beyond_64_bits(connection: auroraml.Connection, strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(morsels, "SAVED", 0)
    monkeypatch.setattr(morsels, "MORSEL", 3)
    connection.execute(f"SET {strategy} = off")
    connection.execute(
        "CREATE TABLE big AS SELECT g % 2 AS k, CASE WHEN g % 3 = 0 THEN -1 ELSE 1 END * 9223372036854775807 AS l FROM generate_series(1, 20) g"
    )
    rows = connection.execute("SELECT k, sum(l), sum(l * 10::numeric), min(l), max(l) FROM big GROUP BY k ORDER BY k").fetchall()
    limit = 2**63 - 1
    signs = [[-1 if g % 3 == 0 else 1 for g in range(1, 21) if g % 2 == k] for k in (0, 1)]
    assert [(r[0], int(r[1]), int(r[2]), r[3], r[4]) for r in rows] == [
        (k, sum(s) * limit, sum(s) * limit * 10, -limit, limit) for k, s in enumerate(signs)
    ]


def test_the_first_row_that_fails_is_the_one_told_of(connection: auroraml.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(morsels, "SAVED", 0)
    sql = "SELECT k, sum(CASE i WHEN 200 THEN i / 0 WHEN 100 THEN 2147483647 + i WHEN 300 THEN i / 0 ELSE i END) FROM r GROUP BY k"
    with pytest.raises(errors.NumericValueOutOfRange):
        connection.execute(sql)


UNSORTED = [
    "SELECT g, count(*), sum(v), avg(v), min(v), max(t) FROM many GROUP BY g",
    "SELECT t, g, count(v), sum(p) FROM many GROUP BY t, g ORDER BY t DESC NULLS LAST, g",
    "SELECT p, count(*), bool_and(v > 3) FROM many WHERE v % 3 > 0 GROUP BY p HAVING sum(v) > 20",
    "SELECT f, sum(v) FILTER (WHERE v > 5000) FROM many GROUP BY f",
    "SELECT k, count(*), sum(v) FROM many GROUP BY k",
    "SELECT g, count(DISTINCT t), string_agg(t, '') FROM many WHERE v < 300 GROUP BY g",
    "SELECT g, sum(v) FROM many WHERE v < 0 GROUP BY g",
    "SELECT g FROM many GROUP BY g LIMIT 3",
]


@pytest.fixture(scope="module")
def sorting() -> Iterator[auroraml.Connection]:
    made = auroraml.connect(user="rdsadmin", autocommit=True)
    made.execute(
        "CREATE TABLE many AS SELECT CASE WHEN i % 10 < 9 THEN i * 7 % 5 END AS g, i AS v, 'text ' || i * 13 % 11 AS t,"
        " (CASE i % 3 WHEN 0 THEN '1.0' WHEN 1 THEN '1.00' ELSE '-2.5' END)::numeric AS p,"
        " (CASE i % 4 WHEN 0 THEN '-0' WHEN 1 THEN '0' WHEN 2 THEN 'NaN' ELSE '-1.5' END)::float8 AS f, i / 2 AS k FROM generate_series(20000, 1, -1) i"
    )
    made.execute("ANALYZE; SET enable_hashagg = off")
    yield made
    made.close()


@pytest.mark.parametrize("query", UNSORTED)
def test_groups_are_sorted_instead_of_rows(query: str, sorting: auroraml.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = str(sorting.execute(f"EXPLAIN {query}").fetchall())
    assert "GroupAggregate" in plan or "Group Key" in plan
    ways = []
    for few in (16_384, 1 << 40):
        monkeypatch.setattr(grouping, "FEW_ROWS", few)
        ways.append(str(sorting.execute(f"{query} /* {few} */").fetchall()))
    assert ways[0] == ways[1]


def test_the_error_is_that_of_the_first_row_in_order(sorting: auroraml.Connection) -> None:
    """Whichever row comes first as they are stored."""
    for first, error in ((0, errors.DivisionByZero), (4, errors.DatabaseError)):
        argument = f"CASE g WHEN {first} THEN 1 / (v - v) ELSE ln(v - v - 1::numeric) END"
        with pytest.raises(error) as raised:
            sorting.execute(f"SELECT g, sum({argument}) FROM many GROUP BY g").fetchall()
        assert isinstance(raised.value, errors.DivisionByZero) == (first == 0)
