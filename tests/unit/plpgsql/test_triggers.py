"""Triggers: COPY, virtual time, what is compiled once, endless recursion, rows that are stored before a trigger looks."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa
import pytest

import auroraml
from auroraml.dbapi.connection import Connection
from auroraml.errors import RaiseException, StatementTooComplex
from auroraml.plpgsql import expressions
from auroraml.plpgsql.activation import Activation
from auroraml.plpgsql.tree import Sql
from auroraml.services.embedded.hosting import Latency
from auroraml.services.endpoints import Callable

UPPER = """
CREATE TABLE t (a int PRIMARY KEY, b text);
CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.a % 2 = 0 THEN RETURN NULL; END IF;
  new.b := upper(new.b);
  RETURN new;
END $$;
CREATE TRIGGER up BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION up();
"""


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A connection that commits each statement."""
    with auroraml.connect(autocommit=True) as found:
        yield found


def test_copy_calls_triggers(connection: Connection) -> None:
    """COPY FROM: rows pass their triggers, those left out are not counted."""
    connection.execute(UPPER)
    with connection.cursor() as cursor:
        with cursor.copy("COPY t FROM STDIN") as copy:
            copy.write("1\tone\n2\ttwo\n3\tthree\n")
        assert cursor.rowcount == 2
    assert connection.execute("SELECT * FROM t ORDER BY a").fetchall() == [(1, "ONE"), (3, "THREE")]


def test_expressions_are_made_ready_once(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows there are, each expression is bound and compiled once, and is still ready in the next statement."""
    made: list[str] = []
    before = expressions._prepare

    def counted(act: Activation, sql: Sql, wanted: expressions.Wanted, value: bool) -> expressions.Prepared:
        made.append(sql.text)
        return before(act, sql, wanted, value)

    monkeypatch.setattr(expressions, "_prepare", counted)
    connection.execute(UPPER)
    connection.execute("INSERT INTO t SELECT i, 'x' FROM generate_series(1, 50) i")
    connection.execute("INSERT INTO t SELECT i, 'y' FROM generate_series(51, 100) i")
    assert sorted(made) == ["NULL", "new.a % 2 = 0", "upper(new.b)"]
    assert connection.execute("SELECT count(*), max(b) FROM t").fetchone() == (50, "Y")


def test_endless_recursion_is_an_error(connection: Connection) -> None:
    """A trigger that calls itself without end: 54001, and nothing is left."""
    connection.execute("CREATE TABLE t (a int)")
    connection.execute("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (new.a + 1); RETURN new; END $$")
    connection.execute("CREATE TRIGGER f AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()")
    with pytest.raises(StatementTooComplex, match="stack depth limit exceeded"):
        connection.execute("INSERT INTO t VALUES (1)")
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_an_error_in_a_late_row_undoes_all(connection: Connection) -> None:
    """Rows that passed are gone when a later one fails."""
    connection.execute("CREATE TABLE t (a int)")
    connection.execute("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.a > 90 THEN RAISE 'late'; END IF; RETURN new; END $$")
    connection.execute("CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()")
    with pytest.raises(RaiseException, match="late"):
        connection.execute("INSERT INTO t SELECT generate_series(1, 100)")
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)


def model(table: pa.Table) -> pa.ChunkedArray:
    """A model that gives back what it gets."""
    return table.column(0)


def test_calls_in_a_trigger_take_virtual_time() -> None:
    """Each row's call waits for the one before; the trigger's time is theirs, the same on every run, and each row is billed by itself."""
    endpoint = Callable(model, latency=Latency(base=0.02))
    with auroraml.connect(autocommit=True, endpoints={"scorer": endpoint}) as connection:
        connection.execute("CREATE EXTENSION aws_ml CASCADE")
        connection.execute("CREATE TABLE t (a int, b int)")
        connection.execute(
            "CREATE FUNCTION score() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "new.b := aws_sagemaker.invoke_endpoint('scorer', NULL, new.a)::int; RETURN new; END $$"
        )
        connection.execute("CREATE TRIGGER score BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION score()")
        connection.execute("SET auroraml.clock = 'virtual'")
        times = []
        for _ in range(2):
            row = connection.execute("EXPLAIN (ANALYZE, CHARGES, FORMAT json) INSERT INTO t SELECT generate_series(1, 10)").fetchone()
            assert row is not None
            (document,) = row[0] if isinstance(row[0], list) else json.loads(row[0])
            (trigger,) = document["Triggers"]
            assert (trigger["Trigger Name"], trigger["Relation"], trigger["Calls"]) == ("score", "t", 10)
            assert 200 < trigger["Time"] < 201
            assert document["Total Charges"]["Calls"] == 10
            times.append((trigger["Time"], document["Execution Time"]))
        assert times[0] == times[1]
        assert connection.execute("SELECT count(*), bool_and(a = b) FROM t").fetchone() == (20, True)
