"""Statements with parameters: prepared after five executions as by psycopg, with generic plans after five custom ones."""

from __future__ import annotations

import auroraml

COUNTS = "SELECT name, generic_plans, custom_plans, from_sql FROM pg_prepared_statements"


def test_a_statement_executed_often_is_prepared_and_planned_once() -> None:
    with auroraml.connect(autocommit=True) as db:
        db.execute("CREATE TABLE t (id int PRIMARY KEY)")
        db.execute("INSERT INTO t SELECT generate_series(1, 100)")
        for value in range(1, 13):
            assert db.execute("SELECT id FROM t WHERE id = %s", (value,)).fetchall() == [(value,)]
            if value == 5:
                assert db.execute(COUNTS).fetchall() == []
        assert db.execute(COUNTS).fetchall() == [("_pg3_0", 2, 5, False)]
        db.execute("DEALLOCATE ALL")
        assert db.execute("SELECT id FROM t WHERE id = %s", (3,)).fetchall() == [(3,)]
        assert db.execute(COUNTS).fetchall() == [("_pg3_0", 0, 1, False)]


def test_prepare_says_so_or_forbids_it() -> None:
    with auroraml.connect(autocommit=True) as db:
        db.execute("SELECT %s + 1", (1,), prepare=True)
        for _ in range(9):
            db.execute("SELECT %s + 2", (1,), prepare=False)
        assert db.execute("SELECT statement FROM pg_prepared_statements").fetchall() == [("SELECT $1 + 1",)]
        db.prepare_threshold = None
        for _ in range(9):
            db.execute("SELECT %s + 3", (1,))
        assert len(db.execute(COUNTS).fetchall()) == 1


def test_the_least_used_gives_way() -> None:
    with auroraml.connect(autocommit=True) as db:
        db.prepared.most = 2
        for number in range(3):
            db.execute(f"SELECT %s + {number}", (1,), prepare=True)
        assert [name for name, *_ in db.execute(COUNTS).fetchall()] == ["_pg3_1", "_pg3_2"]


def test_executemany_prepares_at_once() -> None:
    with auroraml.connect(autocommit=True) as db:
        db.execute("CREATE TABLE t (id int, v text)")
        db.cursor().executemany("INSERT INTO t VALUES (%s, %s)", [(n, str(n)) for n in range(20)])
        assert db.execute(COUNTS).fetchall() == [("_pg3_0", 15, 5, False)]
        assert db.execute("SELECT count(*), sum(id) FROM t WHERE v = id::text").fetchall() == [(20, 190)]
