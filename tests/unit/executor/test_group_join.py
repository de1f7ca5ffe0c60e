"""Groups of joined rows made without the pairs are those made of the pairs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import auroraml
from auroraml.executor import shares
from auroraml.executor.crew import Crew
from auroraml.executor.operators import gather, group_join

CALLS = (
    "count(i.v)", "sum(i.v)", "avg(i.v)", "min(i.v)", "max(i.v)", "sum(i.d)", "avg(i.d)", "sum(i.l)", "bool_and(i.v > 3)", "bit_or(i.v)", "min(i.e)",
    "count(*)", "sum(coalesce(i.v, 100))", "sum(i.v * 2) FILTER (WHERE i.v > 20)", "count(*) FILTER (WHERE i.v IS NULL)",
)  # fmt: skip
OUTER = """CREATE TABLE o AS SELECT g AS id, nullif(g, 4) % 40 AS k, (g % 9)::int8 AS m, 'n' || g % 5 AS s FROM generate_series(-3, 60) g"""
INNER = """CREATE TABLE i AS SELECT nullif(g % 31, 12) AS k, (g % 9)::int4 AS m, nullif(g, 7) % 50 AS v, g * 1.10 + nullif(g % 5, 3) AS d,
           'n' || g % 4 AS s, CASE WHEN g % 3 > 0 THEN g * 10000000000000000 END AS l, date '2020-01-01' + g % 13 AS e FROM generate_series(1, 700) g"""

FEW = "(SELECT * FROM i WHERE m + 1 = 1 + m AND m + 2 = 2 + m) i"  # all rows; estimated to be few, so that they are what is hashed


@pytest.fixture
def connection() -> Iterator[auroraml.Connection]:
    with auroraml.connect(autocommit=True) as made:
        made.execute(OUTER)
        made.execute(INNER)
        made.execute("ANALYZE")
        for setting in ("enable_mergejoin", "enable_nestloop", "enable_sort"):
            made.execute(f"SET {setting} = off")
        yield made


@pytest.fixture
def folded(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each join that suits was left without pairs, of which there are some."""
    seen: list[bool] = []
    fold = group_join.GroupJoin.fold

    def counted(self: group_join.GroupJoin) -> bool:
        done = fold(self)
        seen.append(done and bool(self.heads))
        return done

    monkeypatch.setattr(group_join.GroupJoin, "fold", counted)
    return seen


def _both(connection: auroraml.Connection, sql: str, folded: list[bool], monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Run a query with pairs and without, compare, and tell whether there were none the second time."""
    monkeypatch.setattr(group_join, "MANY", 1 << 30)
    paired = connection.execute(sql).fetchall()
    assert not any(folded)
    folded.clear()
    monkeypatch.setattr(group_join, "MANY", 0)
    assert repr(connection.execute(sql).fetchall()) == repr(paired)
    return folded


@pytest.mark.parametrize("kind", ["LEFT", "INNER"])
@pytest.mark.parametrize("on", ["o.k = i.k", "o.k = i.k AND o.m = i.m", "o.s = i.s", "o.id = i.v"])
@pytest.mark.parametrize("keys", ["o.id", "o.k", "o.m, o.s"])
def test_groups_of_outer_keys(
    connection: auroraml.Connection, kind: str, on: str, keys: str, folded: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    sql = f"SELECT {keys}, {', '.join(CALLS if kind == 'INNER' or on != 'o.s = i.s' else CALLS[:9])} FROM o {kind} JOIN {FEW} ON {on} GROUP BY {keys}"
    assert _both(connection, sql, folded, monkeypatch) == [True]


def test_a_filter_of_the_groups(connection: auroraml.Connection, folded: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    sql = f"SELECT o.id, count(i.v) FROM o LEFT JOIN {FEW} ON o.k = i.k GROUP BY o.id HAVING sum(i.v) > 500"
    assert _both(connection, sql, folded, monkeypatch) == [True]


@pytest.mark.parametrize(
    "call",
    [
        "sum(o.m)", "count(i.v + o.m)", "min(i.d)", "max(i.s)", "array_agg(i.v)", "count(DISTINCT i.v)", "sum(i.v::float8)", "string_agg(i.s, ',')",
        "count(i.v) FILTER (WHERE o.m > 3)", "sum(random() * i.v)",
    ],
)  # fmt: skip
def test_what_needs_the_pairs(connection: auroraml.Connection, call: str, folded: list[bool]) -> None:
    connection.execute(f"SELECT o.id, {call} FROM o LEFT JOIN {FEW} ON o.k = i.k GROUP BY o.id")
    assert not folded


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT o.id, count(i.v) FROM o LEFT JOIN {FEW} ON o.k = i.k AND o.m < i.v GROUP BY o.id",
        f"SELECT o.id, count(i.v) FROM o LEFT JOIN {FEW} ON o.k = i.k WHERE i.v IS NULL GROUP BY o.id",
        f"SELECT i.m, count(i.v) FROM o LEFT JOIN {FEW} ON o.k = i.k GROUP BY i.m",
        f"SELECT o.id, count(i.v) FROM o LEFT JOIN {FEW} ON o.k = i.k GROUP BY ROLLUP (o.id)",
        f"EXPLAIN ANALYZE SELECT o.id, count(i.v) FROM o LEFT JOIN {FEW} ON o.k = i.k GROUP BY o.id",
    ],
)
def test_joins_that_need_the_pairs(connection: auroraml.Connection, sql: str, folded: list[bool]) -> None:
    connection.execute(sql)
    assert not folded


def test_errors_of_rows_that_meet_nobody_do_not_show(connection: auroraml.Connection, folded: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_join, "MANY", 0)
    connection.execute("INSERT INTO i (k, m, v) VALUES (1000, 1, -1)")
    sql = f"SELECT o.id, sum(1 / (i.v + 1)) FROM o LEFT JOIN {FEW} ON o.k = i.k GROUP BY o.id"
    assert len(connection.execute(sql).fetchall()) == 64
    connection.execute("INSERT INTO i (k, m, v) VALUES (1, 1, -1)")
    with pytest.raises(auroraml.errors.DivisionByZero):
        connection.execute(sql)
    assert folded == [False, False]


@pytest.mark.parametrize(("outer", "inner"), [("id < -100", "true"), ("true", "v < 0"), ("id = 5", "true"), ("true", "v = 3")])
def test_few_rows(
    connection: auroraml.Connection, outer: str, inner: str, folded: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """No outer or inner rows, or too few of either for the pairs not to be worth their while."""
    for kind in ("LEFT", "INNER"):
        sql = f"""SELECT o.id, count(i.v), sum(i.d) FROM (SELECT * FROM o WHERE {outer}) o {kind} JOIN (SELECT * FROM {FEW} WHERE {inner}) i
                  ON o.k = i.k GROUP BY o.id"""
        _both(connection, sql, folded, monkeypatch)
        folded.clear()


def test_participants_of_a_gather(connection: auroraml.Connection, folded: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each folds outer rows of its own into the same states of inner rows."""
    connection.execute("CREATE TABLE w AS SELECT o.id, o.k, o.m, o.s FROM o, generate_series(1, 8)")
    connection.execute("ANALYZE w")
    sql = f"SELECT w.id, count(i.v), sum(i.d), avg(i.v) FROM w LEFT JOIN {FEW} ON w.k = i.k GROUP BY w.id"
    serial = connection.execute(sql).fetchall()
    for setting in (
        "parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0", "max_parallel_workers_per_gather = 3",
    ):  # fmt: skip
        connection.execute(f"SET {setting}")
    consider = Crew.consider
    monkeypatch.setattr(Crew, "consider", lambda crew, seconds: consider(crew, 1e9))
    monkeypatch.setattr(gather, "CORES", 5)
    for name, value in (("TRIAL", 16), ("SMALLEST", 16), ("PIECE", 100), ("LASTING", 0.0), ("SPEED", 1e-9)):
        monkeypatch.setattr(shares, name, value)
    monkeypatch.setattr(group_join, "MANY", 0)
    assert "Gather" in str(connection.execute(f"EXPLAIN {sql}").fetchall())
    folded.clear()
    assert sorted(connection.execute(sql).fetchall()) == sorted(serial)
    assert any(folded)
