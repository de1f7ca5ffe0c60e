"""Rows by a whole index: of a table in the index's order and of one in another, with rows that are gone or came later."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import auroraml
from auroraml.executor import indexes
from auroraml.executor.index_keys import place_of, places_of

ROWS = 3_000
STEPS = [
    "SELECT 1", "DELETE FROM {} WHERE a % 7 = 3", "INSERT INTO {} SELECT i, i * 2 FROM generate_series(4000, 4100) i", "UPDATE {} SET b = 0 WHERE a = 10",
    "DELETE FROM {} WHERE a < 2990", "DELETE FROM {}", "INSERT INTO {} VALUES (5, 6), (1, 2), (3, 4)",
]  # fmt: skip


@pytest.fixture
def connection() -> Iterator[auroraml.Connection]:
    made = auroraml.connect(user="rdsadmin", autocommit=True)
    made.execute("CREATE TABLE along (a int PRIMARY KEY, b int); CREATE TABLE across (a int PRIMARY KEY, b int)")
    made.execute(f"INSERT INTO along SELECT i, i * 2 FROM generate_series(1, {ROWS}) i")
    made.execute(f"INSERT INTO across SELECT i * 7 % 3001, (i * 7 % 3001) * 2 FROM generate_series(1, {ROWS}) i")
    made.execute("ANALYZE; SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off")
    yield made
    made.close()


@pytest.mark.parametrize("table", ["along", "across"])
def test_rows_in_order(connection: auroraml.Connection, table: str) -> None:
    for step in STEPS:
        connection.execute(step.format(table))
        rows = sorted(connection.execute(f"SELECT a, b FROM {table}").fetchall())
        plan = str(connection.execute(f"EXPLAIN SELECT a, b FROM {table} ORDER BY a").fetchall())
        assert "Index Scan" in plan
        assert connection.execute(f"SELECT a, b FROM {table} ORDER BY a").fetchall() == rows
        assert connection.execute(f"SELECT a, b FROM {table} ORDER BY a DESC").fetchall() == rows[::-1]
        assert (
            connection.execute(f"SELECT a, b FROM {table} WHERE a > 20 ORDER BY a LIMIT 30").fetchall()
            == [row for row in rows if int(str(row[0])) > 20][:30]
        )
        assert connection.execute(f"SELECT a, sum(b) FROM {table} WHERE a BETWEEN 2 AND 4050 GROUP BY a ORDER BY a").fetchall() == [
            row for row in rows if 2 <= int(str(row[0])) <= 4050
        ]


@pytest.mark.parametrize("ordered", [False, True])
def test_keys_of_many_rows_for_a_few_loops(connection: auroraml.Connection, ordered: bool) -> None:
    connection.execute("CREATE TABLE facts (k int, v int); INSERT INTO facts SELECT i * 13 % 40, i FROM generate_series(1, 4000) i")
    connection.execute("CREATE INDEX facts_k ON facts (k); CREATE TABLE few AS SELECT i * 3 AS k FROM generate_series(-1, 20) i; ANALYZE")
    connection.execute(
        "INSERT INTO few VALUES (NULL); DELETE FROM facts WHERE v % 5 = 0; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off"
    )
    query = "SELECT few.k, v FROM few JOIN facts ON facts.k = few.k"
    assert "Index Scan using facts_k" in str(connection.execute(f"EXPLAIN {query}").fetchall())
    if ordered:
        connection.execute("SELECT * FROM facts WHERE k > 30 ORDER BY k").fetchall()
    wanted = [(k, v) for k in range(-3, 61, 3) for v in range(1, 4_001) if v * 13 % 40 == k and v % 5]
    assert connection.execute(query).fetchall() == wanted
    connection.execute("INSERT INTO facts VALUES (3, 5000)")
    assert sorted(connection.execute(query).fetchall()) == sorted([*wanted, (3, 5000)])


def test_a_columns_place_is_counted_without_dropped_ones(connection: auroraml.Connection) -> None:
    connection.execute("CREATE TABLE t (a int, b int, c int, d int); ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN b text")
    relation = connection.session.catalog.find_relation("t", "public")
    assert relation is not None
    assert {number: place_of(relation, number) for number in (1, 3, 4, 5)} == places_of(relation) == {1: 0, 3: 1, 4: 2, 5: 3}
    for number in (0, 2, 6):
        with pytest.raises(KeyError):
            place_of(relation, number)


@pytest.mark.parametrize("turns", [0, 8])
@pytest.mark.parametrize("types", ["int, int", "int, bigint", "int, numeric", "int, text"])
def test_loops_that_look_at_the_same_entries(connection: auroraml.Connection, turns: int, types: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "TURNS", turns)
    key, also = types.split(", ")
    connection.execute(f"CREATE TABLE entries (k int, a {key}, v int); CREATE TABLE asking (k int, a {also})")
    connection.execute("INSERT INTO entries SELECT i % 1000, i / 100 % 7, i FROM generate_series(0, 9999) i; CREATE INDEX entries_k ON entries (k)")
    connection.execute("INSERT INTO asking SELECT i / 3, i % 3 + i / 1000 FROM generate_series(0, 2999) i; ANALYZE")
    connection.execute("SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; SET enable_memoize = off")
    query = "SELECT count(*), sum(v), min(v), max(v) FROM asking JOIN entries ON entries.k = asking.k AND entries.a::text = asking.a::text"
    pairs = [(i, v) for i in range(3_000) for v in range(i // 3, 10_000, 1_000) if v // 100 % 7 == i % 3 + i // 1_000]
    values = [v for _, v in pairs]
    assert connection.execute(query).fetchall() == [(len(pairs), sum(values), min(values), max(values))]
    if key == also.replace("bigint", "int"):
        query = "SELECT asking.k, v FROM asking JOIN entries ON entries.k = asking.k AND entries.a = asking.a"
        assert connection.execute(query).fetchall() == [(i // 3, v) for i, v in pairs]
        connection.execute("UPDATE asking SET a = NULL WHERE k = 5; UPDATE entries SET a = NULL WHERE k = 7")
        left = [(i // 3, v) for i, v in pairs if i // 3 not in (5, 7)]
        assert sorted(connection.execute(query).fetchall()) == sorted(left)
