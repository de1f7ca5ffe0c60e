"""NOTIFY reaches those who listen when the transaction commits (PostgreSQL, NOTIFY)."""

from __future__ import annotations

import threading
import time

import pytest

import auroraml

Pair = tuple[auroraml.Connection, auroraml.Connection]


@pytest.fixture
def pair() -> Pair:
    """Two connections to a database; the second listens to c."""
    first = auroraml.connect(autocommit=True)
    second = first.database.connect(autocommit=True)
    second.execute("LISTEN c")
    return first, second


def heard(connection: auroraml.Connection) -> list[tuple[str, str, int]]:
    """What has arrived by now."""
    return [(n.channel, n.payload, n.pid) for n in connection.notifies(timeout=0)]


def test_a_notification_arrives_with_the_commit(pair: Pair) -> None:
    first, second = pair
    pid = first.session.pid
    first.execute("BEGIN")
    first.execute("NOTIFY c, 'a'")
    first.execute("SELECT pg_notify('c', 'b')")
    first.execute("NOTIFY c, 'a'")
    first.execute("NOTIFY d, 'nobody listens'")
    assert heard(second) == []
    first.execute("COMMIT")
    assert heard(second) == [("c", "a", pid), ("c", "b", pid)]
    assert heard(second) == heard(first) == []


def test_what_is_rolled_back_was_not_said(pair: Pair) -> None:
    first, second = pair
    for statement in ("BEGIN", "NOTIFY c, 'a'", "SAVEPOINT s", "NOTIFY c, 'b'", "ROLLBACK TO s", "NOTIFY c, 'd'", "COMMIT"):
        first.execute(statement)
    assert [payload for _, payload, _ in heard(second)] == ["a", "d"]
    for statement in ("BEGIN", "NOTIFY c, 'a'", "ROLLBACK"):
        first.execute(statement)
    assert heard(second) == []


def test_a_transaction_that_runs_hears_nothing_until_its_end(pair: Pair) -> None:
    first, second = pair
    second.execute("BEGIN")
    first.execute("NOTIFY c")
    assert heard(second) == []
    second.execute("COMMIT")
    assert [channel for channel, _, _ in heard(second)] == ["c"]


def test_a_session_hears_itself_and_may_stop(pair: Pair) -> None:
    _, second = pair
    second.execute("NOTIFY c, 'me'")
    assert heard(second) == [("c", "me", second.session.pid)]
    second.execute("UNLISTEN *")
    second.execute("NOTIFY c")
    assert heard(second) == []


def test_waiting_for_a_notification(pair: Pair) -> None:
    first, second = pair

    def tell() -> None:
        time.sleep(0.2)
        first.execute("NOTIFY c, 'late'")

    thread = threading.Thread(target=tell)
    thread.start()
    assert [n.payload for n in second.notifies(timeout=10, stop_after=1)] == ["late"]
    thread.join()


def test_handlers_are_called_after_the_connections_own_statements(pair: Pair) -> None:
    first, second = pair
    found: list[str] = []
    second.add_notify_handler(lambda notification: found.append(notification.payload))
    first.execute("NOTIFY c, 'x'")
    assert found == []
    second.execute("SELECT 1")
    assert found == ["x"]


def test_who_left_hears_nothing(pair: Pair) -> None:
    first, second = pair
    second.close()
    first.execute("NOTIFY c")
    assert first.session.hub.listeners.channels == {}
