"""PEP 249 whole: the module's names, connections and cursors, and what it calls optional."""

from __future__ import annotations

import datetime as dt
import enum
import inspect
import json
import uuid
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pytest

import auroraml
from auroraml import errors


@pytest.fixture
def connection() -> auroraml.Connection:
    return auroraml.connect(user="rdsadmin")


def test_module() -> None:
    assert (auroraml.apilevel, auroraml.threadsafety, auroraml.paramstyle) == ("2.0", 2, "pyformat")
    tree = {
        "Warning": Exception, "Error": Exception, "InterfaceError": "Error", "DatabaseError": "Error", "DataError": "DatabaseError",
        "OperationalError": "DatabaseError", "IntegrityError": "DatabaseError", "InternalError": "DatabaseError", "ProgrammingError": "DatabaseError",
        "NotSupportedError": "DatabaseError",
    }  # fmt: skip
    for name, parent in tree.items():
        cls = getattr(auroraml, name)
        assert cls.__mro__[1] is (getattr(auroraml, parent) if isinstance(parent, str) else parent)
        assert getattr(auroraml.Connection, name) is cls
    for name in auroraml.__dir__():
        assert hasattr(auroraml, name)


def test_every_error_with_a_sqlstate_has_its_branch() -> None:
    classes = [c for c in vars(errors).values() if inspect.isclass(c) and issubclass(c, errors.DatabaseError) and c.sqlstate]
    assert len(classes) > 230
    assert {c.__name__: c.__mro__[1].__name__ for c in classes if c.__name__ in ("UniqueViolation", "UndefinedTable", "DivisionByZero", "QueryCanceled")} == {
        "UniqueViolation": "IntegrityError", "UndefinedTable": "ProgrammingError", "DivisionByZero": "DataError", "QueryCanceled": "OperationalError",
    }  # fmt: skip
    error = errors.UndefinedTable("no", hint="look")
    assert (error.sqlstate, error.diag.sqlstate, error.diag.message_primary, error.diag.message_hint) == ("42P01", "42P01", "no", "look")
    assert errors.lookup("22012") is errors.DivisionByZero
    with pytest.raises(KeyError):
        errors.lookup("99999")
    interface = errors.InterfaceError("closed")
    assert (interface.sqlstate, interface.diag.sqlstate, interface.diag.message_primary) == (None, None, "closed")


def test_type_objects_and_constructors(connection: auroraml.Connection) -> None:
    cursor = connection.execute("SELECT 1, 1.5, 'x', '\\x00'::bytea, now(), '2024-01-01'::date, 1::oid, true, '{}'::json")
    assert cursor.description is not None
    codes = [column.type_code for column in cursor.description]
    kinds = [auroraml.NUMBER, auroraml.NUMBER, auroraml.STRING, auroraml.BINARY, auroraml.DATETIME, auroraml.DATETIME, auroraml.ROWID]
    assert all(kind == code for kind, code in zip(kinds, codes, strict=False))
    assert codes[0] != auroraml.STRING
    assert auroraml.Date(2024, 1, 2) == dt.date(2024, 1, 2)
    assert auroraml.Time(1, 2, 3) == dt.time(1, 2, 3)
    assert auroraml.Timestamp(2024, 1, 2, 3, 4, 5) == dt.datetime(2024, 1, 2, 3, 4, 5)
    assert auroraml.Binary(b"x") == b"x"
    assert auroraml.DateFromTicks(0) == dt.date.fromtimestamp(0)
    assert auroraml.TimeFromTicks(3661) == dt.datetime.fromtimestamp(3661).time()
    assert auroraml.TimestampFromTicks(0) == dt.datetime.fromtimestamp(0)


def test_callproc(connection: auroraml.Connection) -> None:
    connection.execute("CREATE FUNCTION twice(a int, b int DEFAULT 2) RETURNS int AS 'SELECT a * b' LANGUAGE SQL")
    cursor = connection.cursor()
    assert cursor.callproc("twice", [21]) == [21]
    assert cursor.fetchall() == [(42,)]
    cursor.callproc("public.twice", (5, 3))
    assert cursor.fetchone() == (15,)
    with pytest.raises(errors.UndefinedFunction):
        cursor.callproc("nothing_like_it")


def test_the_rest_of_a_cursor(connection: auroraml.Connection) -> None:
    cursor = connection.cursor()
    assert (cursor.connection, cursor.lastrowid, cursor.arraysize, cursor.rowcount, cursor.rownumber) == (connection, None, 1, -1, None)
    cursor.setinputsizes([1])
    cursor.setoutputsize(10, 1)
    cursor.execute("SELECT * FROM generate_series(1, 3)")
    assert next(cursor) == (1,)
    assert list(cursor) == [(2,), (3,)]
    with pytest.raises(StopIteration):
        next(cursor)
    cursor.execute("SELECT 1; SELECT 2")
    assert [each.fetchall() for each in cursor.results()] == [[(1,)], [(2,)]]
    with connection.cursor() as inner:
        inner.execute("SELECT 1")
    assert inner.closed


def test_two_phase_commit_is_refused(connection: auroraml.Connection) -> None:
    for method in (
        connection.xid,
        connection.tpc_begin,
        connection.tpc_prepare,
        connection.tpc_commit,
        connection.tpc_rollback,
        connection.tpc_recover,
    ):
        with pytest.raises(errors.NotSupportedError):
            method()


class Colour(enum.Enum):
    RED = 1


def test_values_that_psycopg_needs_help_for(connection: auroraml.Connection) -> None:
    found = connection.execute(
        "SELECT %s, %s, %s, %s::text, pg_typeof(%s)::text, pg_typeof(%s)::text, pg_typeof(%s)::text, pg_typeof(%s)::text",
        [auroraml.Json({"a": [1, None]}), auroraml.Jsonb([1]), np.int64(7), Colour.RED, np.int16(1), np.float32(0.5), np.bool_(True), np.uint8(3)],
    ).fetchone()
    assert found == ({"a": [1, None]}, [1], 7, "RED", "smallint", "real", "boolean", "smallint")
    assert connection.execute("SELECT %s", [auroraml.Json("x", dumps=lambda value: '{"mine": 1}')]).fetchone() == ({"mine": 1},)
    for value in ((1, 2), {"a": 1}, {1}, object()):
        with pytest.raises(errors.ProgrammingError, match="cannot adapt type"):
            connection.execute("SELECT %s", [value])


def test_texts_are_read_as_what_the_statement_expects(connection: auroraml.Connection) -> None:
    connection.execute("CREATE TABLE t (a int, b date, c numeric(5,2), d uuid, e int[], f jsonb)")
    one = "12345678-1234-5678-1234-567812345678"
    connection.execute("INSERT INTO t VALUES (%s, %s, %s, %s, %s, %s)", ["1", "2024-01-02", "1.005", one, "{1,2}", json.dumps({"k": 1})])
    assert connection.execute("SELECT * FROM t").fetchone() == (1, dt.date(2024, 1, 2), Decimal("1.01"), uuid.UUID(one), [1, 2], {"k": 1})
    assert connection.execute("SELECT %s + 1, %s || 'x', a = %s FROM t", ["2", "y", "1"]).fetchone() == (3, "yx", True)
    connection.commit()
    with pytest.raises(errors.InvalidTextRepresentation, match='invalid input syntax for type integer: "no"'):
        connection.execute("INSERT INTO t (a) VALUES (%s)", ["no"])
    connection.rollback()
    with pytest.raises(errors.ProtocolViolation, match="bind message supplies 1 parameters"):
        connection.execute("SELECT $1::int, $2::int", [1])


@dataclass
class Pair:
    a: int
    b: str


def test_row_factories(connection: auroraml.Connection) -> None:
    sql = "SELECT 1 AS a, 'x' AS b"
    made = {
        "dict": connection.cursor(auroraml.dict_row), "class": connection.cursor(auroraml.class_row(Pair)), "scalar": connection.cursor(auroraml.scalar_row),
        "args": connection.cursor(auroraml.args_row(lambda a, b: f"{a}{b}")), "kwargs": connection.cursor(auroraml.kwargs_row(lambda a, b: (b, a))),
        "own": connection.cursor(lambda cursor: lambda values: (len(cursor.description or ()), *values)),
    }  # fmt: skip
    assert {name: cursor.execute(sql).fetchone() for name, cursor in made.items()} == {
        "dict": {"a": 1, "b": "x"}, "class": Pair(1, "x"), "scalar": 1, "args": "1x", "kwargs": ("x", 1), "own": (2, 1, "x"),
    }  # fmt: skip
    assert auroraml.connect(row_factory=auroraml.dict_row).execute("SELECT 1 AS one").fetchall() == [{"one": 1}]


def test_connections_of_one_database(connection: auroraml.Connection) -> None:
    connection.execute("CREATE TABLE shared (a int)")
    connection.execute("INSERT INTO shared VALUES (1)")
    connection.commit()
    other = connection.database.connect(user="rdsadmin")
    assert other.execute("SELECT * FROM shared").fetchall() == [(1,)]
    connection.execute("INSERT INTO shared VALUES (2)")
    assert other.execute("SELECT count(*) FROM shared").fetchone() == (1,)
    connection.commit()
    assert other.execute("SELECT count(*) FROM shared").fetchone() == (2,)
    other.close()
    assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(errors.InvalidCatalogName):
        connection.database.connect(dbname="nowhere")
    with pytest.raises(errors.InvalidAuthorizationSpecification):
        connection.database.connect(user="nobody")


def test_a_restart_ends_connections(connection: auroraml.Connection) -> None:
    connection.database.set_parameters({"max_connections": 50})
    connection.database.restart()
    with pytest.raises(errors.AdminShutdown, match="terminating connection"):
        connection.execute("SELECT 1")
    assert (connection.closed, connection.broken) == (True, True)
    with pytest.raises(errors.OperationalError, match="the connection is closed"):
        connection.execute("SELECT 1")
    assert connection.database.connect().execute("SHOW max_connections").fetchone() == ("50",)


def test_explain(connection: auroraml.Connection) -> None:
    plan = connection.explain("SELECT 1 WHERE %s", [True], costs=False)
    assert plan.text.startswith("Result")
    assert str(plan) == plan.text
    assert plan.to_dict()[0]["Plan"]["Node Type"] == "Result"  # type: ignore[index] # a list of dictionaries
    assert plan._repr_html_().startswith('<div class="auroraml-plan">')
    assert "actual time" in connection.cursor().explain("SELECT 1", analyze=True, verbose=True).text


def test_an_explanation_is_of_one_run(connection: auroraml.Connection) -> None:
    connection.execute("CREATE TABLE counted (a int)")
    plan = connection.explain("INSERT INTO counted VALUES (%s) RETURNING a", [7], analyze=True)
    found = plan.to_dict()
    assert isinstance(found, list) and f"Execution Time: {found[0]['Execution Time']:.3f} ms" in plan.text
    page = plan._repr_html_()
    assert "Insert on counted" in page and "own time" in page
    assert connection.execute("SELECT a FROM counted").fetchall() == [(7,)]


def test_an_explanation_without_a_plan_is_its_text(connection: auroraml.Connection) -> None:
    connection.execute("CREATE TABLE there (a int)")
    plan = connection.explain("CREATE TABLE IF NOT EXISTS there AS SELECT 1")
    assert plan._repr_html_() == "<pre></pre>"


def test_time_zones_of_the_session(connection: auroraml.Connection) -> None:
    connection.execute("SET TIME ZONE 'America/New_York'")
    row = connection.execute("SELECT '2024-07-01 12:00+00'::timestamptz").fetchone()
    assert row is not None
    assert row[0].isoformat() == "2024-07-01T08:00:00-04:00"
    assert str(connection.info.timezone) == "America/New_York"


def test_info(connection: auroraml.Connection) -> None:
    info = connection.info
    assert (info.dbname, info.user, info.host, info.get_parameters()) == ("postgres", "rdsadmin", "", {"user": "rdsadmin", "dbname": "postgres"})
    assert info.transaction_status.name == "IDLE"
    connection.execute("SELECT 1")
    assert info.transaction_status.name == "INTRANS"
    assert info.parameter_status("TimeZone") == "UTC"
    assert info.parameter_status("work_mem") is None
    connection.close()
    assert info.transaction_status.name == "UNKNOWN"


def test_native_placeholders(connection: auroraml.Connection) -> None:
    assert connection.execute("SELECT $2::text, $1::int, 'a' LIKE 'a%'", [1, "x"]).fetchone() == ("x", 1, True)
    assert connection.execute("SELECT '$1', %s", [5]).fetchone() == ("$1", 5)
