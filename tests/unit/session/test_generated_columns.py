"""Generated columns where no plan makes the rows: COPY, with and without triggers, and registered rows (PostgreSQL, 5.3)."""

from __future__ import annotations

import pytest

import auroraml


@pytest.fixture
def connection() -> auroraml.Connection:
    """A connection to a database with a table of a generated column."""
    found = auroraml.connect(autocommit=True)
    found.execute("CREATE TABLE g (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c text DEFAULT 'x')")
    return found


def copied(connection: auroraml.Connection, statement: str, data: str) -> None:
    """Send rows."""
    with connection.cursor().copy(statement) as copy:
        copy.write(data)


def test_copy_leaves_the_column_out(connection: auroraml.Connection) -> None:
    copied(connection, "COPY g FROM STDIN", "1\tp\n2\tq\n")
    copied(connection, "COPY g (a) FROM STDIN", "3\n")
    assert connection.execute("SELECT * FROM g ORDER BY a").fetchall() == [(1, 2, "p"), (2, 4, "q"), (3, 6, "x")]
    with connection.cursor().copy("COPY g TO STDOUT") as copy:
        assert b"".join(bytes(part) for part in copy) == b"1\tp\n2\tq\n3\tx\n"


def test_copy_computes_after_the_triggers(connection: auroraml.Connection) -> None:
    connection.execute("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.c := NEW.b; NEW.a := NEW.a + 100; RETURN NEW; END'")
    connection.execute("CREATE TRIGGER t BEFORE INSERT ON g FOR EACH ROW EXECUTE FUNCTION f()")
    copied(connection, "COPY g FROM STDIN", "1\tp\n")
    assert connection.execute("SELECT * FROM g").fetchall() == [(101, 202, None)]


def test_rows_one_by_one_are_computed(connection: auroraml.Connection) -> None:
    connection.executemany("INSERT INTO g (a) VALUES (%s)", [(i,) for i in range(20)])
    assert connection.execute("SELECT count(*), sum(b) FROM g WHERE b = a * 2").fetchall() == [(20, 380)]
