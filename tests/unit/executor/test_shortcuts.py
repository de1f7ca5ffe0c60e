"""Shortcuts answer as operators do: rows, errors, what a rollback leaves, whoever comes between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

import auroraml
from auroraml.batch import Datum
from auroraml.errors import Error
from auroraml.executor import shortcuts
from auroraml.session.observer import Observer


class NoShortcuts(Observer):
    """Every plan runs by its operators."""

    shortcuts = False


@pytest.fixture
def pair() -> Iterator[tuple[auroraml.Connection, auroraml.Connection]]:
    with auroraml.connect(autocommit=True) as short, auroraml.Database(observer=NoShortcuts()).connect(autocommit=True) as long:
        for connection in (short, long):
            connection.execute("SET plan_cache_mode = 'force_generic_plan'")
        yield short, long


def said(run: Callable[[], object]) -> object:
    """What a statement answers, or its error."""
    try:
        return run()
    except Error as error:
        diag = error.diag
        return error.sqlstate, diag.message_primary, diag.message_detail, diag.context, diag.statement_position


def alike(pair: Sequence[auroraml.Connection], text: str, params: tuple[object, ...] | None = None) -> object:
    """What both answer, which must be the same."""

    def answer(connection: auroraml.Connection) -> object:
        cursor = connection.execute(text, params, prepare=True)
        return cursor.statusmessage, cursor.rowcount, cursor.fetchall() if cursor.description is not None else None

    first, second = (said(lambda connection=connection: answer(connection)) for connection in pair)  # type: ignore[misc]
    assert repr(first) == repr(second), text  # NaN too
    return first


ROWS: list[tuple[object, ...]] = [
    (1, "a", 1, 2.5, "abc", 1), (1, "again", 1, 1, "x", 1), (2, None, 3, None, None, None), (None, "no key", 1, 1, "x", 1),
    (3, "no count", None, 1, "x", 1), (40_000, "b", 70_000, 1.005, "too long", 3), (4, "b", 1, 99_999.999, "x", 1), (5, "c", 2**40, 1, "x", 1),
    (2**40, "c", 1, 1, "x", 1), (6, "e", 1, float("nan"), "x", 1), (7, "f", 1, 1, "x  ", float("nan")), (8, "f", 1, 1, "x  ", float("nan")),
    (9, "g", 1, 1, "x", -0.0), (10, "g", 1, 1, "x", 0), (11, "", 1, 1, "", 2**53 + 1), (12, "12", 1, "7.5", "x", "8"), (13, "13", 1, "seven", "x", 9),
    ("14", "14", "14", "1", "x", "14"), (15, 15, 15, 1, 15, 15),
]  # fmt: skip
CALL = "INSERT INTO t VALUES (%s, %s, %s, %s, %s, %s)"


def test_values_and_their_errors(pair: tuple[auroraml.Connection, ...]) -> None:
    alike(
        pair,
        "CREATE TABLE t (a int PRIMARY KEY, b text, c int NOT NULL, d numeric(6,2), e varchar(5), f float8 UNIQUE, g serial, h bpchar(3) UNIQUE)",
    )
    for row in ROWS:
        alike(pair, CALL, row)
        alike(pair, CALL, row)
    alike(pair, "SELECT * FROM t ORDER BY a")
    alike(pair, "SELECT a FROM t WHERE f = 'NaN'")
    alike(pair, "SELECT relpages, reltuples FROM pg_class WHERE relname = 't'")


def test_a_row_is_stored_without_operators(pair: tuple[auroraml.Connection, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    kept = 0
    stored = shortcuts.InsertRow._stored

    def counted(self: shortcuts.InsertRow, row: Sequence[Datum | None], host: shortcuts.Host) -> bool:
        nonlocal kept
        done = stored(self, row, host)
        kept += done
        return done

    monkeypatch.setattr(shortcuts.InsertRow, "_stored", counted)
    alike(pair, "CREATE TABLE t (a int PRIMARY KEY, b text)")
    for number in (1, 2, 2, 3):
        alike(pair, "INSERT INTO t VALUES (%s, %s)", (number, "x"))
    assert kept == 3


def test_blanks_at_the_end_of_a_key(pair: tuple[auroraml.Connection, ...]) -> None:
    alike(pair, "CREATE TABLE t (a bpchar(4) PRIMARY KEY, b varchar UNIQUE)")
    for key in ("a", "a ", "A", "a  "):
        alike(pair, "INSERT INTO t VALUES (%s, %s)", (key, key))
        alike(pair, "INSERT INTO t VALUES (%s, %s)", (key + "x", key))
    alike(pair, "SELECT a, b FROM t ORDER BY b")


def test_null_keys_clash_with_nothing(pair: tuple[auroraml.Connection, ...]) -> None:
    alike(pair, "CREATE TABLE t (a int, b int, UNIQUE (a, b))")
    for row in ((1, None), (1, None), (None, None), (1, 2), (1, 2), (2, 1)):
        alike(pair, "INSERT INTO t VALUES (%s, %s)", row)
    alike(pair, "SELECT * FROM t")


def test_checks_and_foreign_keys(pair: tuple[auroraml.Connection, ...]) -> None:
    alike(pair, "CREATE TABLE t (a int PRIMARY KEY CHECK (a > 0))")
    alike(pair, "CREATE TABLE u (a int REFERENCES t)")
    for number in (1, 0, 2, None):
        alike(pair, "INSERT INTO t VALUES (%s)", (number,))
        alike(pair, "INSERT INTO u VALUES (%s)", (number,))
    alike(pair, "SELECT * FROM t, u")


def test_indexes_with_expressions_and_predicates(pair: tuple[auroraml.Connection, ...]) -> None:
    alike(pair, "CREATE TABLE t (a int, b text)")
    alike(pair, "CREATE UNIQUE INDEX ON t (lower(b)) WHERE a > 1")
    for row in ((1, "x"), (1, "X"), (2, "x"), (2, "X"), (3, "y")):
        alike(pair, "INSERT INTO t VALUES (%s, %s)", row)
    alike(pair, "SELECT * FROM t")


def test_defaults_count_once(pair: tuple[auroraml.Connection, ...]) -> None:
    alike(pair, "CREATE TABLE t (a serial, b int UNIQUE, c int DEFAULT 1 + 1, d timestamptz DEFAULT now())")
    for number in (1, 1, 2, None, 3):
        alike(pair, "INSERT INTO t (b) VALUES (%s)", (number,))
    alike(pair, "SELECT a, b, c, d IS NULL FROM t ORDER BY a")


def test_rollbacks(pair: tuple[auroraml.Connection, ...]) -> None:
    alike(pair, "CREATE TABLE t (a int PRIMARY KEY, b text)")
    alike(pair, "BEGIN")
    alike(pair, "INSERT INTO t VALUES (%s, 'x')", (1,))
    alike(pair, "SAVEPOINT s")
    alike(pair, "INSERT INTO t VALUES (%s, 'x')", (2,))
    alike(pair, "SELECT * FROM t")
    alike(pair, "INSERT INTO t VALUES (%s, 'x')", (2,))
    alike(pair, "ROLLBACK TO s")
    alike(pair, "INSERT INTO t VALUES (%s, 'y')", (2,))
    alike(pair, "SELECT * FROM t")
    alike(pair, "ROLLBACK")
    alike(pair, "INSERT INTO t VALUES (%s, 'z')", (2,))
    alike(pair, "SELECT * FROM t")
    alike(pair, "DELETE FROM t")
    alike(pair, "INSERT INTO t VALUES (%s, 'z')", (2,))
    alike(pair, "SELECT * FROM t")


def test_many_rows_between_reads(pair: tuple[auroraml.Connection, ...]) -> None:
    alike(pair, "CREATE TABLE t (a int, b text, c numeric, d date, e bool, f bytea, g interval, h uuid)")
    for number in range(2_500):
        row = (number, None if number % 7 == 0 else f"v {number}", f"{number % 3}.{'5' * (number % 4)}", number % 2 == 0)
        for connection in pair:
            connection.execute("INSERT INTO t VALUES (%s, %s, %s, '2020-02-29', %s, 'x', '1 day', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')", row)
        if number in (0, 3, 1_030):
            alike(pair, "SELECT count(*), sum(c), max(b), min(d), bool_and(e), max(g) FROM t")
        if number == 1_500:
            alike(pair, "INSERT INTO t SELECT a, b, c FROM t LIMIT 20")
    alike(pair, "SELECT * FROM t")


def test_read_only_and_privileges(pair: tuple[auroraml.Connection, ...]) -> None:
    alike(pair, "CREATE TABLE t (a int)")
    alike(pair, "CREATE ROLE r")
    alike(pair, "INSERT INTO t VALUES (%s)", (1,))
    alike(pair, "SET default_transaction_read_only = on")
    alike(pair, "INSERT INTO t VALUES (%s)", (2,))
    alike(pair, "SET default_transaction_read_only = off")
    alike(pair, "SET ROLE r")
    alike(pair, "INSERT INTO t VALUES (%s)", (3,))
    alike(pair, "RESET ROLE")
    alike(pair, "SELECT * FROM t")


def test_a_key_that_another_transaction_has_is_waited_for() -> None:
    with auroraml.Database() as database, database.connect(autocommit=True) as one, database.connect(autocommit=True) as other:
        one.execute("CREATE TABLE t (a int PRIMARY KEY, b text)")
        for connection in (one, other):
            connection.execute("SET plan_cache_mode = 'force_generic_plan'")
        one.execute("BEGIN")
        one.execute("INSERT INTO t VALUES (%s, 'one')", (1,), prepare=True)
        answers: list[object] = []
        waiting = threading.Thread(
            target=lambda: answers.append(said(lambda: other.execute("INSERT INTO t VALUES (%s, 'other')", (1,), prepare=True)))
        )
        waiting.start()
        time.sleep(0.05)
        assert not answers
        one.execute("ROLLBACK")
        waiting.join(10)
        assert one.execute("SELECT b FROM t").fetchall() == [("other",)]


TEXTS = (
    "INSERT INTO t VALUES ({n}, 'x{n}', 2.5, 'abc', '2020-02-29', {n}.5)", "INSERT INTO t (b, a) VALUES ('it''s', -{n})",
    "INSERT INTO t VALUES ({n}, NULL, {n}, DEFAULT, 'now', 1)", "INSERT INTO t VALUES ('{n}', {n}, '1.{n}', {n}.75, NULL, -0.0);",
    "  INSERT INTO t (a, d) VALUES ({n}, 'too long {n}')", "INSERT INTO t (a, e) VALUES ({n}, 'no date {n}')", "INSERT INTO t (a) VALUES (99999999999{n})",
    "INSERT INTO t (a) VALUES ({n}999999999999999999)", "INSERT INTO t (a, c) VALUES ({n}, 12345.6)", "INSERT INTO t (a, f) VALUES ({n}, 1e{n})",
    "INSERT INTO t (a, b) VALUES ({n}, E'\\n{n}')", "INSERT INTO t (a, b) VALUES ({n}, 'a' || '{n}')", "INSERT INTO t (a, e) VALUES ({n}, date '2020-01-0{n}')",
    "INSERT INTO t (a, d) VALUES ({n}, 'abcdef'::varchar(2))", "INSERT INTO t (a) VALUES ({n}) RETURNING a + {n}", "INSERT INTO t (a, g) VALUES ({n}, '{n}')",
    "INSERT INTO t (a, b) VALUES ({n}, $$x$$)", "INSERT INTO t (a, b) VALUES ({n}, 'x') -- it's {n}", "INSERT INTO t (a) VALUES ({n}), (1{n})",
    "INSERT INTO t (a, no) VALUES ({n}, 'x')", "INSERT INTO t VALUES ({n}, 1, 2, 3, 4, 5, 6, 7, 8)", "INSERT INTO t (a, b) VALUES ({n}, 'x' 'y')",
    "INSERT INTO t (a, b) VALUES ({n}, upper('x{n}'))", "INSERT INTO t (a) VALUES ({n}{n}); SELECT {n}", "INSERT INTO t (a, a) VALUES ({n}, 1)",
    "INSERT INTO t (a, b) VALUES ({n}, 'x\\{n}')", "INSERT INTO t (a, b) VALUES ({n}, '')", "INSERT INTO none VALUES ({n})", "INSERT INTO u VALUES ('{n}', 'x {n}')",
    "SELECT a FROM t WHERE a = {n}",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_texts_that_differ_in_literals(pair: tuple[auroraml.Connection, ...], text: str) -> None:
    columns = "a int PRIMARY KEY, b text, c numeric(6,2), d varchar(5) DEFAULT 'd', e date, f float8, g interval year"
    alike(pair, f"CREATE TABLE t ({columns})")
    alike(pair, "CREATE TABLE u (a bigint, b bpchar(6) UNIQUE)")
    for number in (1, 2, 3, 3, 4, 12):
        alike(pair, text.format(n=number))
    alike(pair, "SET intervalstyle = sql_standard")
    alike(pair, text.format(n=5))
    alike(pair, "BEGIN")
    alike(pair, text.format(n=6))
    alike(pair, "SELECT * FROM nowhere")
    alike(pair, text.format(n=7))
    alike(pair, "ROLLBACK")
    alike(pair, "CREATE ROLE r")
    alike(pair, "SET ROLE r")
    alike(pair, text.format(n=7))
    alike(pair, "RESET ROLE")
    alike(pair, "DROP TABLE t, u")
    alike(pair, text.format(n=8))
    alike(pair, "CREATE TABLE t (a text, b text)")
    alike(pair, text.format(n=9))
    alike(pair, "SELECT * FROM t")


def test_alike_texts_are_read_once(pair: tuple[auroraml.Connection, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    connection = pair[0]
    connection.execute("CREATE TABLE t (a int, b text)")
    for number in range(3):
        connection.execute(f"INSERT INTO t VALUES ({number}, 'x')")
    monkeypatch.setattr("auroraml.sql.parse", lambda text: pytest.fail(text))
    for number in range(3, 6):
        assert connection.execute(f"INSERT INTO t VALUES ({number}, 'y{number}')").statusmessage == "INSERT 0 1"
    assert connection.session.activity[0] == "INSERT INTO t VALUES (5, 'y5')"


def test_executemany(pair: tuple[auroraml.Connection, ...]) -> None:
    alike(pair, "CREATE TABLE t (a int PRIMARY KEY, b text)")

    def many(connection: auroraml.Connection, rows: Sequence[tuple[object, ...]]) -> object:
        def run() -> object:
            cursor = connection.cursor()
            cursor.executemany("INSERT INTO t VALUES (%s, %s)", rows)
            return cursor.rowcount, cursor.statusmessage

        return said(run)

    good: list[tuple[object, ...]] = [(number, f"x{number}") for number in range(40)]
    for rows in (good, [(100, "x"), (101, "y"), (5, "clash")], [(200, "x"), (201, "y"), (202, "z"), (203, "z"), ("no", "int")], [], [(300, None)]):
        first, second = (many(connection, rows) for connection in pair)
        assert first == second
    alike(pair, "SELECT * FROM t ORDER BY a")
    alike(pair, "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO t%'")


LOOKUPS = (
    "SELECT b, a FROM t WHERE a = %s", "SELECT a, b, d FROM t WHERE %s = a", "SELECT FROM t WHERE a = %s", "SELECT a FROM t WHERE a = %s", "SELECT c FROM t WHERE c = %s",
    "SELECT a + 1, b FROM t WHERE a = %s", "SELECT b FROM t WHERE a = %s AND b IS NOT NULL", "SELECT b FROM t WHERE a = %s LIMIT 1", "SELECT b FROM t WHERE d = %s",
    "SELECT * FROM t WHERE a = %s FOR UPDATE", "SELECT b AS x FROM t AS y WHERE a = %s ORDER BY b", "SELECT count(*) FROM t WHERE a = %s",
    "SELECT * FROM w WHERE p = %s AND q = 2", "SELECT * FROM w WHERE p = %s", "SELECT * FROM w WHERE q = 1 AND p = %s", "SELECT * FROM w WHERE p = %s AND q = NULL",
    "SELECT * FROM x WHERE k = %s", "SELECT * FROM y WHERE k = %s",
)  # fmt: skip
VALUES: tuple[object, ...] = (1, 0, -5, 2_999, 3_000, 5_001, 40_000, 2**33, 2**70, None, "7", "seven", 7.0, "x")


@pytest.mark.parametrize("text", LOOKUPS)
def test_look_ups(pair: tuple[auroraml.Connection, ...], text: str) -> None:
    for connection in pair:
        for statement in (
            "CREATE TABLE t (a bigint PRIMARY KEY, b text, c int UNIQUE, d numeric UNIQUE)",
            "INSERT INTO t SELECT i, 'b ' || i, 6000 - i, i / 2.0 FROM generate_series(1, 5000) i",
            "CREATE TABLE w (p int, q int, r text, UNIQUE (p, q))",
            "INSERT INTO w SELECT i / 3, i % 3, 'r ' || i FROM generate_series(1, 300) i",
            "CREATE TABLE x (k bpchar(5) PRIMARY KEY)", "INSERT INTO x VALUES ('7'), ('x'), ('y')",
            "CREATE TABLE y (k float8 PRIMARY KEY)", "INSERT INTO y VALUES (7), ('NaN'), (0), (1)",
            "ANALYZE", "SET enable_seqscan = off", "SET enable_bitmapscan = off",
        ):  # fmt: skip
            connection.execute(statement)
    for value in VALUES:
        alike(pair, text, (value,))
        if isinstance(value, int):
            alike(pair, text.replace("%s", str(value)))
    for change in (
        "UPDATE t SET b = 'changed' WHERE a < 4000",
        "DELETE FROM t WHERE a = 1",
        "INSERT INTO t VALUES (1, 'again', 7001), (0, 'low', NULL)",
    ):
        alike(pair, "BEGIN")
        alike(pair, change)
        alike(pair, text, (1,))
        alike(pair, "ROLLBACK")
        alike(pair, text, (1,))
        alike(pair, change)
        for number in (0, 1, 2_999):
            alike(pair, text, (number,))
            alike(pair, text.replace("%s", f"'{number}'"))
    alike(pair, "CREATE ROLE r")
    alike(pair, "SET ROLE r")
    alike(pair, text, (1,))


def test_others_see_a_row_once_it_is_committed() -> None:
    with auroraml.Database() as database, database.connect(autocommit=True) as one, database.connect(autocommit=True) as other:
        one.execute("CREATE TABLE t (a int PRIMARY KEY, b int)")
        one.execute("INSERT INTO t SELECT i, i FROM generate_series(1, 5000) i")
        one.execute("ANALYZE")
        for connection in (one, other):
            connection.execute("SET plan_cache_mode = 'force_generic_plan'")

        def seen(connection: auroraml.Connection, key: int) -> list[tuple[object, ...]]:
            return connection.execute("SELECT b FROM t WHERE a = %s", (key,), prepare=True).fetchall()

        for number in range(100):
            one.execute("BEGIN")
            one.execute("UPDATE t SET b = b + 1 WHERE a = 77")
            one.execute("INSERT INTO t VALUES (%s, 1)", (10_000 + number,))
            assert (seen(one, 77), seen(other, 77)) == ([(78 + number,)], [(77 + number,)])
            assert (seen(one, 10_000 + number), seen(other, 10_000 + number)) == ([(1,)], [])
            one.execute("COMMIT")
            assert seen(other, 77) == [(78 + number,)]
            assert seen(other, 10_000 + number) == [(1,)]
        relation = one.session.catalog.find_relation("t", "public")
        assert relation is not None
        assert len(one.session.hub.store.table(relation.oid).made) <= 40


def test_a_look_up_has_no_operators(pair: tuple[auroraml.Connection, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    connection = pair[0]
    connection.execute("CREATE TABLE t (a int PRIMARY KEY, b int)")
    connection.execute("INSERT INTO t SELECT i, i FROM generate_series(1, 5000) i")
    connection.execute("ANALYZE")
    text = "SELECT b FROM t WHERE a = %s"
    connection.execute(text, (5,), prepare=True)
    for number in (6, 7):
        connection.execute(f"SELECT b FROM t WHERE a = {number}")
    monkeypatch.setattr(type(connection.session), "start", lambda *_: pytest.fail("operators"))
    assert connection.execute(text, (8,), prepare=True).fetchall() == [(8,)]
    assert connection.execute("SELECT b FROM t WHERE a = 9").fetchall() == [(9,)]
