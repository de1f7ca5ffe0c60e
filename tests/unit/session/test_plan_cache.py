"""Repeated texts: what was kept for one is used again, and never where planning anew would come to something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import auroraml
from auroraml.dbapi.connection import Connection
from auroraml.session.session import Session


@pytest.fixture
def db() -> Iterator[Connection]:
    with auroraml.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, a int, at timestamptz DEFAULT '2024-01-01')")
        connection.execute("INSERT INTO t SELECT g, g % 10 FROM generate_series(1, 1000) g")
        connection.execute("ANALYZE t")
        yield connection


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A list that grows with each query that is bound or planned, rather than taken from the cache."""
    found: list[object] = []
    made = Session._entry

    def noted(self: Session, *args: Any) -> object:
        found.append(args)
        return made(self, *args)

    monkeypatch.setattr(Session, "_entry", noted)
    return found


QUERY = "SELECT count(*) FROM t WHERE a = 3"


def test_the_same_text_is_planned_once(db: Connection, planned: list[object]) -> None:
    for _ in range(3):
        assert db.execute(QUERY).fetchall() == [(100,)]
    assert len(planned) == 1


def test_rows_added_without_a_page_let_a_plan_stand(db: Connection, planned: list[object]) -> None:
    db.execute("CREATE TABLE small (x int)")
    for expected in range(3):
        assert db.execute("SELECT count(*) FROM small WHERE x > 0").fetchall() == [(expected,)]
        db.execute(f"INSERT INTO small VALUES ({expected + 1})")
    assert sum("count(*) FROM small" in str(args) for args in planned) == 2  # the first row makes the first page


@pytest.mark.parametrize(
    "change",
    [
        "ANALYZE t",
        "CREATE INDEX ON t (a)",
        "CREATE TABLE other (x int)",
        "SET enable_seqscan = off",
        "SET search_path = public, pg_catalog",
        "INSERT INTO t SELECT g, 1 FROM generate_series(2000, 9000) g",
        "SET ROLE rds_superuser",
        "SET TimeZone = 'Europe/Berlin'",
        "CREATE TEMP TABLE t (id int, a int)",
    ],
)
def test_a_change_of_what_planning_reads_makes_a_plan_anew(db: Connection, planned: list[object], change: str) -> None:
    db.execute("GRANT SELECT ON t TO rds_superuser")
    db.execute(QUERY)
    db.execute(change)
    planned.clear()
    db.execute(QUERY)
    assert len(planned) == 1


def test_a_temporary_table_hides_one_of_the_same_name(db: Connection) -> None:
    assert db.execute(QUERY).fetchall() == [(100,)]
    db.execute("CREATE TEMP TABLE t (id int, a int)")
    assert db.execute(QUERY).fetchall() == [(0,)]
    db.execute("DROP TABLE t")
    assert db.execute(QUERY).fetchall() == [(100,)]


def test_changes_are_seen_in_their_transaction_and_undone_with_it(db: Connection) -> None:
    db.execute("BEGIN")
    db.execute("ALTER TABLE t RENAME COLUMN a TO b")
    with pytest.raises(auroraml.errors.UndefinedColumn):
        db.execute(QUERY)
    db.execute("ROLLBACK")
    assert db.execute(QUERY).fetchall() == [(100,)]


def test_truncation_undone(db: Connection) -> None:
    db.execute(QUERY)
    db.execute("BEGIN; TRUNCATE t")
    assert db.execute(QUERY).fetchall() == [(0,)]
    db.execute("ROLLBACK")
    assert db.execute(QUERY).fetchall() == [(100,)]


def test_privileges_are_those_of_the_moment(db: Connection) -> None:
    db.execute("CREATE ROLE r; GRANT r TO postgres; GRANT SELECT ON t TO r; SET ROLE r")
    assert db.execute(QUERY).fetchall() == [(100,)]
    db.execute("RESET ROLE; REVOKE SELECT ON t FROM r; SET ROLE r")
    with pytest.raises(auroraml.errors.InsufficientPrivilege):
        db.execute(QUERY)


@pytest.mark.parametrize("text", ["SELECT timestamptz 'now'", "SELECT E'n\\157w'::timestamptz", "SELECT $$now$$::timestamptz", "SELECT date 'now'"])
def test_now_is_read_each_time(db: Connection, planned: list[object], text: str) -> None:
    first, second = db.execute(text).fetchall(), db.execute(text).fetchall()
    assert len(planned) == 2
    assert first < second or "date" in text


def test_a_plan_estimated_by_the_time_is_made_anew(db: Connection, planned: list[object]) -> None:
    for _ in range(2):
        db.execute("SELECT count(*) FROM t WHERE at < now()")
    assert len(planned) == 2


def test_the_clock_in_the_result_does_not_forbid_the_plan(db: Connection, planned: list[object]) -> None:
    first, second = (db.execute("SELECT now()").fetchall() for _ in range(2))
    assert first < second and len(planned) == 1


def test_each_value_of_a_parameter_has_its_own_plan(db: Connection, planned: list[object]) -> None:
    for value in (3, 4, 99):
        assert db.execute("SELECT count(*) FROM t WHERE a = %s", (value,)).fetchall() == [(100 if value < 10 else 0,)]
    assert len(planned) == 1  # bound once
    assert "(a = '4'::smallint)" in db.explain("SELECT * FROM t WHERE a = %s", (4,)).text
