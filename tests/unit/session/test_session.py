"""Session and Connection over a catalog and store that do nothing: transactions, settings, notices."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from auroraml import errors
from auroraml.dbapi.connection import Connection
from auroraml.services.factory import make_services
from auroraml.session.function_statistics import FunctionStatistics
from auroraml.session.session import Session
from auroraml.settings import Settings


@pytest.fixture
def connection() -> Connection:
    stored = SimpleNamespace(
        savepoint=lambda: 1, rollback_to=lambda mark: None, commit=lambda: None, rollback=lambda: None, statement=lambda: None, deferred=None
    )
    role = SimpleNamespace(name="postgres", superuser=True, oid=10)
    catalog = SimpleNamespace(
        role=lambda name: role, find_role=lambda name: role, is_member=lambda member, role: True, type=None, find_schema=lambda name: None,
        computed={}, relations=lambda: (),
    )  # fmt: skip
    hub = SimpleNamespace(
        catalog=catalog,
        store=SimpleNamespace(begin=lambda: stored, named=None),
        heard=None,
        lock=threading.RLock(),
        on_commit=[],
        function_statistics=lambda instance: FunctionStatistics(),
    )
    session = Session(server=SimpleNamespace(service_clients=make_services()), hub=hub, dbname="postgres", user="postgres", settings=Settings())  # type: ignore[arg-type] # stand-ins
    return Connection(SimpleNamespace(close=lambda: None), session, autocommit=True)  # type: ignore[arg-type] # a stand-in


def test_a_failed_block_waits_for_its_end(connection: Connection) -> None:
    connection.execute("BEGIN; SET LOCAL work_mem = '1MB'; SAVEPOINT a; SET work_mem = '9MB'")
    assert connection.session.status == "T"
    with pytest.raises(errors.SyntaxError):
        connection.execute("bogus")
    with pytest.raises(errors.InFailedSqlTransaction):
        connection.execute("SHOW work_mem")
    assert connection.execute("ROLLBACK TO a").statusmessage == "ROLLBACK"
    assert connection.execute("SHOW work_mem").fetchall() == [("1MB",)]
    assert connection.execute("COMMIT").statusmessage == "COMMIT"
    assert connection.execute("SHOW work_mem").fetchall() == [("4MB",)]


def test_each_statement_of_a_string_has_its_result(connection: Connection) -> None:
    cursor = connection.execute("SHOW server_version_num; SET work_mem = '2MB'; SHOW work_mem")
    assert cursor.fetchall() == [("150017",)]
    assert cursor.nextset() and cursor.statusmessage == "SET"
    assert cursor.nextset() and cursor.fetchall() == [("2MB",)]
    assert cursor.nextset() is None


def test_a_failing_string_undoes_all_of_itself(connection: Connection) -> None:
    with pytest.raises(errors.UndefinedObject):
        connection.execute("SET work_mem = '2MB'; SHOW nope")
    assert connection.execute("SHOW work_mem").fetchall() == [("4MB",)]


def test_warnings_reach_the_connection(connection: Connection) -> None:
    connection.execute("COMMIT")
    assert connection.notices == ["WARNING:  there is no transaction in progress"]


def test_without_autocommit_a_statement_begins_a_block(connection: Connection) -> None:
    connection.autocommit = False
    connection.execute("SET work_mem = '2MB'")
    assert connection.session.status == "T"
    connection.rollback()
    assert connection.execute("SHOW work_mem").fetchall() == [("4MB",)]
