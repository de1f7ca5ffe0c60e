"""Unique keys: few rows are looked up one by one, many are matched at once; both find the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import auroraml
from auroraml import errors
from auroraml.batch import Batch
from auroraml.batch import Index as Rows
from auroraml.executor import unique
from auroraml.ir.objects import Index


@pytest.fixture(params=[0, 1 << 30], ids=["matched", "looked up"])
def connection(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[auroraml.Connection]:
    monkeypatch.setattr(unique, "FEW", request.param)
    made = auroraml.connect(autocommit=True)
    made.execute("CREATE TABLE t (a int PRIMARY KEY, b text, c numeric, UNIQUE (b, c))")
    made.execute("INSERT INTO t VALUES (1, 'x', 1), (2, 'x', 2.0), (3, NULL, 1), (4, NULL, 1)")
    yield made
    made.close()


def refused(connection: auroraml.Connection, sql: str) -> str:
    with pytest.raises(errors.UniqueViolation) as found:
        connection.execute(sql)
    return str(found.value.diag.message_detail)


def test_the_first_row_in_the_way_is_told(connection: auroraml.Connection) -> None:
    assert refused(connection, "INSERT INTO t VALUES (9, 'y', 1), (2, 'z', 1), (1, 'w', 1)") == "Key (a)=(2) already exists."
    assert refused(connection, "INSERT INTO t VALUES (9, 'y', 1), (9, 'z', 1)") == "Key (a)=(9) already exists."
    assert refused(connection, "INSERT INTO t VALUES (9, 'x', 2.00), (1, 'z', 1)") == "Key (b, c)=(x, 2.00) already exists."
    connection.execute("INSERT INTO t VALUES (9, NULL, 1), (10, 'x', NULL), (11, 'x', NULL)")


def test_updates_of_keys_meet_rows_not_yet_replaced(connection: auroraml.Connection) -> None:
    assert refused(connection, "UPDATE t SET a = a + 1") == "Key (a)=(2) already exists."
    connection.execute("UPDATE t SET a = a + 10")
    connection.execute("UPDATE t SET a = a - 1")  # each key is free when its row comes
    assert connection.execute("SELECT a FROM t ORDER BY a").fetchall() == [(10,), (11,), (12,), (13,)]
    connection.execute("UPDATE t SET a = a, c = c")
    assert refused(connection, "UPDATE t SET c = 2 WHERE b = 'x'") == "Key (b, c)=(x, 2) already exists."


def test_rows_deleted_or_rolled_back_are_in_nobodys_way(connection: auroraml.Connection) -> None:
    connection.execute("DELETE FROM t WHERE a = 2")
    connection.execute("INSERT INTO t VALUES (2, 'x', 2)")
    with pytest.raises(errors.DivisionByZero):
        connection.execute("BEGIN; INSERT INTO t VALUES (7, 'q', 1); SELECT 1 / 0")
    connection.execute("ROLLBACK")
    connection.execute("BEGIN; DELETE FROM t WHERE a = 2; INSERT INTO t VALUES (2, 'x', 2), (7, 'q', 1); COMMIT")
    assert refused(connection, "INSERT INTO t VALUES (7, 'r', 1)") == "Key (a)=(7) already exists."


def test_conflicts_are_found_for_stored_and_for_earlier_rows(connection: auroraml.Connection) -> None:
    cursor = connection.execute("INSERT INTO t VALUES (1, 'n', 1), (20, 'n', 2), (20, 'n', 3), (21, 'x', 1) ON CONFLICT DO NOTHING")
    assert cursor.rowcount == 1
    connection.execute("INSERT INTO t VALUES (1, 'm', 1), (30, 'm', 2) ON CONFLICT (a) DO UPDATE SET b = 'changed'")
    assert connection.execute("SELECT a, b FROM t WHERE a IN (1, 30) ORDER BY a").fetchall() == [(1, "changed"), (30, "m")]
    with pytest.raises(errors.CardinalityViolation):
        connection.execute("INSERT INTO t VALUES (40, 'k', 1), (40, 'k', 2) ON CONFLICT (a) DO UPDATE SET b = 'twice'")


def test_an_update_of_other_columns_reads_no_key(connection: auroraml.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    clashes = unique.UniqueKeys.clashes

    def noted(self: unique.UniqueKeys, index: Index, batch: Batch, replaced: Rows | None = None) -> unique.Clashes:
        asked.append(index.name)
        return clashes(self, index, batch, replaced)

    monkeypatch.setattr(unique.UniqueKeys, "clashes", noted)
    connection.execute("CREATE UNIQUE INDEX positive ON t (a) WHERE c > 1")
    connection.execute("UPDATE t SET b = b || '!'")
    assert asked == ["t_b_c_key"]
    asked.clear()
    connection.execute("UPDATE t SET c = c + 10")
    assert sorted(asked) == ["positive", "t_b_c_key"]
