"""What a program does with a connection, and what it sees: run on psycopg (recorded) and on auroraml."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

Connection = Any  # psycopg's or ours: what both have in common is what is tested
Scenario = Callable[[Connection], object]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    """Add a scenario under its function's name."""
    SCENARIOS[function.__name__] = function
    return function


def outcome(run: Callable[[], object]) -> str:
    """The repr of what came back, or the error's class, SQLSTATE and message."""
    try:
        return repr(run())
    except Exception as error:  # whatever the driver raises is what is compared
        return failure(error)


def failure(error: Exception) -> str:
    """Class, SQLSTATE and message of an error."""
    message = str(error).split("\nLINE ")[0].split("\nHINT:  Wrap")[0]  # the position's line, and a hint of ours
    return f"{type(error).__name__} {getattr(error, 'sqlstate', None)} {message}"


def label(value: object) -> str:
    """A value's repr, without addresses."""
    return "memoryview" if isinstance(value, memoryview) else repr(value)


def one(connection: Connection, sql: str, params: object = None) -> object:
    """The first row."""
    return connection.execute(sql, params).fetchone()


VALUES = [
    0, 1, -32768, 32768, 2**31, 2**63, -(2**63), 10**30, True, False, None, 1.5, float("nan"), float("inf"), -0.0, Decimal("1.10"), Decimal("NaN"),
    Decimal("1E+3"), "x", "", "é", b"\x00\xff", bytearray(b"x"), memoryview(b"y"), dt.date(2024, 2, 29), dt.date.max,
    dt.datetime(2024, 1, 2, 3, 4, 5, 678), dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC), dt.time(12, 34, 56, 789),
    dt.time(1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))), dt.timedelta(days=-1, seconds=5), dt.timedelta(0, 3, 4),
    uuid.UUID("12345678-1234-5678-1234-567812345678"), [1, 2], [1, None], [1, 40000], [2**40, 1], ["a", None, "b,c"], [], [[1, 2], [3, 4]], [1.5, 2.0],
    [True, False], [Decimal("1.5"), Decimal("2")], [dt.date(2024, 1, 1)], [b"x"], [uuid.UUID(int=1)], [1, 2.5], [None],
]  # fmt: skip


@scenario
def types_of_parameters(connection: Connection) -> object:
    found = []
    for value in VALUES:
        found.append((label(value), outcome(lambda value=value: one(connection, "SELECT pg_typeof(%s)::text", [value]))))  # type: ignore[misc] # value is bound
        connection.rollback()
    return found


@scenario
def values_of_parameters(connection: Connection) -> object:
    found = []
    for value in VALUES:
        found.append((label(value), outcome(lambda value=value: one(connection, "SELECT %s", [value]))))  # type: ignore[misc] # value is bound
        connection.rollback()
    return found


@scenario
def texts_of_parameters(connection: Connection) -> object:
    found = []
    for value in VALUES:
        found.append((label(value), outcome(lambda value=value: one(connection, "SELECT %s::text", [value]))))  # type: ignore[misc] # value is bound
        connection.rollback()
    return found


@scenario
def values_that_cannot_be_adapted(connection: Connection) -> object:
    return [outcome(lambda value=value: one(connection, "SELECT %s", [value])) for value in ({"a": 1}, object, {1, 2}, 1j)]  # type: ignore[misc] # value is bound


@scenario
def placeholders(connection: Connection) -> object:
    cases: list[tuple[str, object]] = [
        ("SELECT %s, %s", [1, "b"]),
        ("SELECT %s, %s", (1, "b")),
        ("SELECT %(a)s, %(b)s, %(a)s", {"a": 1, "b": "x"}),
        ("SELECT %(a)s", {"a": 1, "unused": 2}),
        ("SELECT 5 %% %s", [3]),
        ("SELECT '%%', %s", [3]),
        ("SELECT '50%'", None),
        ("SELECT '50%%'", None),
        ("SELECT '50%%'", []),
        ("SELECT '50%%'", ()),
        ("SELECT '50%%'", {}),
        ("SELECT %t, %b, %s", ["1", "2", "3"]),
        ("SELECT %s -- a comment with %%", [1]),
    ]
    return [(sql, outcome(lambda sql=sql, params=params: one(connection, sql, params))) for sql, params in cases]  # type: ignore[misc] # bound


@scenario
def misused_placeholders(connection: Connection) -> object:
    cases: list[tuple[str, object]] = [
        ("SELECT %s", []),
        ("SELECT %s", [1, 2]),
        ("SELECT 1", [1]),
        ("SELECT %s, %(a)s", {"a": 1}),
        ("SELECT %(a)s", {}),
        ("SELECT %(a)s, %(b)s", {"a": 1}),
        ("SELECT %(a)s", [1]),
        ("SELECT %s", {"a": 1}),
        ("SELECT %s", "x"),
        ("SELECT %x", [1]),
        ("SELECT %d", [1]),
        ("SELECT %(a)d", {"a": 1}),
        ("SELECT 5 % %s", [1]),
        ("SELECT %s %", [1]),
        ("SELECT %(a", {"a": 1}),
        ("SELECT %(a)", {"a": 1}),
    ]
    return [(sql, outcome(lambda sql=sql, params=params: one(connection, sql, params))) for sql, params in cases]  # type: ignore[misc] # bound


@scenario
def several_statements(connection: Connection) -> object:
    cursor = connection.cursor()
    cursor.execute("SELECT 1; SELECT 2 AS two, 'x' AS three; CREATE TABLE several (a int); SELECT 3")
    found = []
    while True:
        found.append((cursor.statusmessage, cursor.rowcount, cursor.description and [d[:2] for d in cursor.description]))
        if cursor.description:
            found.append(cursor.fetchall())
        more = cursor.nextset()
        found.append(more)
        if not more:
            return found


@scenario
def several_statements_with_parameters(connection: Connection) -> object:
    return outcome(lambda: connection.execute("SELECT 1; SELECT %s", [1]))


@scenario
def nothing_to_run(connection: Connection) -> object:
    cursor = connection.execute("")
    return cursor.statusmessage, cursor.rowcount, cursor.description, outcome(cursor.fetchone)


@scenario
def description(connection: Connection) -> object:
    cursor = connection.execute(
        "SELECT 1::smallint AS a, 2 AS b, 3::bigint, 1.5::numeric(10,2) AS d, 'x'::varchar(7) AS e, 'y'::char(3) AS f, 'z'::text AS g, true AS h, "
        "now() AS i, NULL AS j, ARRAY[1] AS k, '1 day'::interval AS l, 1.0::real AS m, '{}'::jsonb AS n, '2024-01-01'::date AS o"
    )
    return [
        (d.name, d.type_code, d.display_size, d.internal_size, d.precision, d.scale, d.null_ok, len(tuple(d))) for d in cursor.description
    ]  # fmt: skip


@scenario
def rowcounts(connection: Connection) -> object:
    found = []
    for sql in (
        "CREATE TABLE counts (a int)", "INSERT INTO counts SELECT generate_series(1, 5)", "UPDATE counts SET a = a + 1 WHERE a > 2",
        "DELETE FROM counts WHERE a = 1", "SELECT * FROM counts", "SELECT * FROM counts WHERE false", "INSERT INTO counts VALUES (9) RETURNING a",
        "SET work_mem = '5MB'", "SHOW work_mem", "TRUNCATE counts",
    ):  # fmt: skip
        cursor = connection.execute(sql)
        found.append((sql, cursor.statusmessage, cursor.rowcount, cursor.description is None, outcome(cursor.fetchall)))
    return found


@scenario
def fetching(connection: Connection) -> object:
    cursor = connection.execute("SELECT * FROM generate_series(1, 10) AS g(a)")
    found: list[object] = [cursor.arraysize, cursor.rownumber, cursor.fetchone(), cursor.rownumber, cursor.fetchmany(), cursor.fetchmany(3)]
    cursor.arraysize = 2
    found += [cursor.fetchmany(), cursor.rownumber, next(iter(cursor)), cursor.fetchall(), cursor.fetchone(), cursor.fetchall(), cursor.fetchmany(2)]
    return found


@scenario
def scrolling(connection: Connection) -> object:
    cursor = connection.execute("SELECT * FROM generate_series(1, 10) AS g(a)")
    found: list[object] = [cursor.fetchmany(4)]
    cursor.scroll(-2)
    found += [cursor.rownumber, cursor.fetchone()]
    cursor.scroll(8, mode="absolute")
    found += [cursor.fetchall()]
    found += [outcome(lambda: cursor.scroll(5)), outcome(lambda: cursor.scroll(-20)), outcome(lambda: cursor.scroll(1, mode="wrong"))]
    cursor.scroll(0, mode="absolute")
    return [*found, cursor.fetchone()]


@scenario
def many(connection: Connection) -> object:
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE many (a int, b text)")
    cursor.executemany("INSERT INTO many VALUES (%s, %s)", [(1, "x"), (2, None), (3, "z")])
    found: list[object] = [cursor.rowcount, cursor.statusmessage, cursor.description]
    cursor.executemany("INSERT INTO many VALUES (%(a)s, 'n') RETURNING a", [{"a": 4}, {"a": 5}], returning=True)
    found += [cursor.rowcount, cursor.fetchall(), cursor.nextset(), cursor.fetchall(), cursor.nextset()]
    cursor.executemany("INSERT INTO many VALUES (%s)", [])
    found += [cursor.rowcount, outcome(cursor.fetchone)]
    found += [outcome(lambda: cursor.executemany("INSERT INTO many VALUES (%s)", [(7,), ("no",), (8,)]))]
    connection.rollback()
    return found


@scenario
def many_in_autocommit(connection: Connection) -> object:
    connection.autocommit = True
    connection.execute("CREATE TABLE many_alone (a int)")
    cursor = connection.cursor()
    failed = outcome(lambda: cursor.executemany("INSERT INTO many_alone VALUES (%s)", [(1,), (2,), ("no",)]))
    count = one(connection, "SELECT count(*) FROM many_alone")
    connection.execute("DROP TABLE many_alone")
    return failed, count


@scenario
def a_failed_transaction(connection: Connection) -> object:
    found = [outcome(lambda: connection.execute("SELECT 1/0")), outcome(lambda: connection.execute("SELECT 1"))]
    found += [outcome(lambda: connection.execute("SELEC")), str(connection.info.transaction_status)[-7:]]
    connection.rollback()
    found += [outcome(lambda: one(connection, "SELECT 1")), str(connection.info.transaction_status)[-7:]]
    outcome(lambda: connection.execute("SELECT 1/0"))
    connection.commit()
    return [*found, outcome(lambda: one(connection, "SELECT 2"))]


@scenario
def savepoints(connection: Connection) -> object:
    connection.execute("CREATE TABLE points (a int)")
    found: list[object] = []
    with connection.transaction():
        connection.execute("INSERT INTO points VALUES (1)")
        found.append(outcome(lambda: nested(connection)))
        found.append(one(connection, "SELECT count(*) FROM points"))
    found.append(one(connection, "SELECT count(*) FROM points"))
    connection.rollback()
    return [*found, outcome(lambda: one(connection, "SELECT count(*) FROM points"))]


def nested(connection: Connection) -> None:
    """A block that fails."""
    with connection.transaction():
        connection.execute("INSERT INTO points VALUES (2)")
        raise ValueError("inside")


@scenario
def a_transaction_block_alone(connection: Connection) -> object:
    found: list[object] = []
    with connection.transaction():
        connection.execute("CREATE TABLE alone (a int)")
    found.append(str(connection.info.transaction_status)[-4:])
    found.append(one(connection, "SELECT count(*) FROM alone"))
    connection.execute("DROP TABLE alone")
    connection.commit()
    return found


@scenario
def autocommit(connection: Connection) -> object:
    found = [connection.autocommit]
    connection.execute("SELECT 1")
    found.append(outcome(lambda: setattr(connection, "autocommit", True)))
    connection.rollback()
    connection.autocommit = True
    connection.execute("SELECT 1")
    found.append(str(connection.info.transaction_status)[-4:])
    connection.execute("BEGIN")
    found.append(str(connection.info.transaction_status)[-7:])
    connection.rollback()
    return [*found, str(connection.info.transaction_status)[-4:]]


@scenario
def errors_have_fields(connection: Connection) -> object:
    found = []
    connection.execute("CREATE TABLE fields (a int PRIMARY KEY, b text NOT NULL, c int CHECK (c > 0))")
    connection.execute("INSERT INTO fields VALUES (1, 'x', 1)")
    connection.commit()
    for sql in (
        "INSERT INTO fields VALUES (1, 'x', 1)", "INSERT INTO fields VALUES (2, NULL, 1)", "INSERT INTO fields VALUES (2, 'x', -1)",
        "SELECT nope FROM fields", "SELECT * FROM nope", "SELECT 'x'::int", "SELECT 1/0", "SELECT 1 +", "SELECT nope(1)",
    ):  # fmt: skip
        try:
            connection.execute(sql)
        except Exception as error:  # whatever the driver raises is what is compared
            d = error.diag  # type: ignore[attr-defined] # every error has one
            found.append((
                type(error).__name__, [c.__name__ for c in type(error).__mro__[1:-3]], d.sqlstate, d.severity, d.message_primary, d.message_detail,
                d.message_hint, d.statement_position and int(d.statement_position), d.schema_name, d.table_name, d.column_name, d.constraint_name,
            ))  # fmt: skip
        connection.rollback()
    connection.execute("DROP TABLE fields")
    connection.commit()
    return found


@scenario
def misuse(connection: Connection) -> object:
    cursor = connection.cursor()
    found = [outcome(cursor.fetchone), outcome(cursor.fetchall), outcome(cursor.nextset)]
    cursor.execute("SET work_mem = '4MB'")
    found += [outcome(cursor.fetchone), outcome(lambda: cursor.fetchmany(1)), outcome(lambda: next(iter(cursor)))]
    cursor.close()
    found += [outcome(lambda: cursor.execute("SELECT 1")), outcome(cursor.fetchone), outcome(cursor.close), repr(cursor.closed)]
    connection.close()
    found += [outcome(lambda: connection.execute("SELECT 1")), outcome(connection.cursor), outcome(connection.commit), outcome(connection.rollback)]
    return [*found, outcome(connection.close), repr(connection.closed)]


@scenario
def client_errors_have_no_sqlstate(connection: Connection) -> object:
    try:
        connection.cursor().fetchone()
    except Exception as error:  # whatever the driver raises is what is compared
        return type(error).__name__, error.sqlstate, error.diag.sqlstate  # type: ignore[attr-defined] # every error has them
    return None


@scenario
def leaving_a_with_block(connection: Connection) -> object:
    with connection as inner:
        inner.execute("SELECT 1")
    return connection.closed, outcome(lambda: connection.execute("SELECT 1"))


@scenario
def leaving_a_closed_with_block(connection: Connection) -> object:
    with connection as inner:
        inner.execute("SELECT 1")
        inner.close()
    return connection.closed


@scenario
def streaming(connection: Connection) -> object:
    cursor = connection.cursor()
    rows = cursor.stream("SELECT a FROM generate_series(1, %s) AS g(a)", [5])
    found: list[object] = [next(rows), cursor.description[0].name, next(rows), list(rows)]
    found.append(list(cursor.stream("SELECT a FROM generate_series(1, 5) AS g(a)", size=2)))
    return [*found, outcome(lambda: list(cursor.stream("SELECT 1/(3-a) FROM generate_series(1, 5) AS g(a)")))]


@scenario
def sql_cursors(connection: Connection) -> object:
    connection.execute("DECLARE c CURSOR FOR SELECT * FROM generate_series(1, 5) AS g(a)")
    found = [connection.execute(sql).fetchall() for sql in ("FETCH 2 FROM c", "FETCH NEXT FROM c", "FETCH ALL FROM c", "FETCH 1 FROM c")]
    connection.execute("CLOSE c")
    return [*found, outcome(lambda: connection.execute("FETCH 1 FROM c"))]


@scenario
def copying_in(connection: Connection) -> object:
    connection.execute("CREATE TABLE copied (a int, b text, c date, d numeric, e bytea, f int[], g bool, h float8)")
    cursor = connection.cursor()
    with cursor.copy("COPY copied FROM STDIN") as copy:
        copy.write_row((1, "tab\there", dt.date(2024, 1, 2), Decimal("1.10"), b"\x00\\", [1, None], True, 0.1))
        copy.write_row([None] * 8)
        copy.write("3\tx\\ny\t\\N\t\\N\t\\N\t\\N\tf\t1e20\n")
        copy.write(b"4\t\t\\N\t\\N\t\\N\t{}\t\\N\tNaN\n")
    found: list[object] = [cursor.rowcount, cursor.statusmessage, connection.execute("SELECT * FROM copied ORDER BY a").fetchall()]
    with cursor.copy("COPY copied (a, b) FROM STDIN (FORMAT csv)") as copy:
        copy.write('5,"a,b"\n6,\n')
    found += [cursor.rowcount, connection.execute("SELECT a, b FROM copied WHERE a > 4 ORDER BY a").fetchall()]
    return found


def broken_copy(connection: Connection) -> None:
    """A copy that fails in the server."""
    with connection.cursor().copy("COPY broken FROM STDIN") as copy:
        copy.write("1\nx\n")


def left_copy(connection: Connection) -> None:
    """A copy that is left by an exception."""
    with connection.cursor().copy("COPY broken FROM STDIN") as copy:
        copy.write("1\n")
        raise ValueError("mine")


@scenario
def copying_badly(connection: Connection) -> object:
    connection.execute("CREATE TABLE broken (a int)")
    connection.commit()
    found = [outcome(lambda: broken_copy(connection)).split(" CONTEXT")[0]]
    connection.rollback()
    found.append(outcome(lambda: left_copy(connection)))
    connection.rollback()
    found.append(outcome(lambda: one(connection, "SELECT count(*) FROM broken")))
    connection.execute("DROP TABLE broken")
    connection.commit()
    return found


@scenario
def copying_out(connection: Connection) -> object:
    sql = "COPY (SELECT a, CASE WHEN a > 1 THEN E'x\\ty\\\\' END FROM generate_series(1, 3) AS g(a)) TO STDOUT"
    cursor = connection.cursor()
    with cursor.copy(sql) as copy:
        found: list[object] = [[bytes(part) for part in copy]]
    found.append(cursor.rowcount)
    with cursor.copy(sql) as copy:
        found.append(list(copy.rows()))
    with cursor.copy(sql) as copy:
        found.append([bytes(copy.read()), copy.read_row(), bytes(copy.read()), bytes(copy.read()), copy.read_row()])
    with cursor.copy(sql + " (FORMAT csv, HEADER)") as copy:
        found.append([bytes(part) for part in copy])
    with cursor.copy(sql) as copy:
        copy.set_types(["int4", "text"])
        found.append(copy.read_row())
    return found


@scenario
def copy_with_parameters(connection: Connection) -> object:
    with connection.cursor().copy("COPY (SELECT %s::int + 1, %s) TO STDOUT", [1, "it's"]) as copy:
        return [bytes(part) for part in copy]


@scenario
def execute_of_a_copy(connection: Connection) -> object:
    connection.execute("CREATE TABLE bare (a int)")
    return outcome(lambda: connection.execute("COPY bare TO STDOUT"))


@scenario
def copy_of_something_else(connection: Connection) -> object:
    return outcome(lambda: enter(connection.cursor().copy("SELECT 1"))).split(", got")[0]


def enter(context: Any) -> None:
    """Enter and leave."""
    with context:
        pass


@scenario
def notices(connection: Connection) -> object:
    found: list[object] = []

    def handler(diagnostic: Any) -> None:
        found.append((diagnostic.severity, diagnostic.sqlstate, diagnostic.message_primary))

    connection.add_notice_handler(handler)
    connection.execute("DROP TABLE IF EXISTS not_there")
    connection.remove_notice_handler(handler)
    connection.execute("DROP TABLE IF EXISTS not_there")
    return found


@scenario
def who_and_where(connection: Connection) -> object:
    info = connection.info
    return (
        info.server_version // 10000,
        info.encoding,
        info.parameter_status("server_encoding"),
        connection.broken,
        connection.closed,
    )


@scenario
def ranges(connection: Connection) -> object:
    found = []
    for sql in (
        "'[1,5)'::int4range", "'empty'::int8range", "'(,2020-01-05]'::daterange", "'[1.5,2.25]'::numrange", "tsrange('2020-01-01', NULL)",
        "tstzrange('2020-01-01', '2020-02-01', '()')", "NULL::int4range", "array['[1,2)', NULL, 'empty']::int4range[]", "'(,)'::numrange",
    ):  # fmt: skip
        found.append(outcome(lambda sql=sql: one(connection, f"SELECT {sql}")))  # type: ignore[misc] # sql is bound
    value = one(connection, "SELECT int4range(1, 5)")[0]  # type: ignore[index] # a row
    make = type(value)
    seen = (value.lower, value.upper, value.bounds, value.isempty, value.lower_inf, value.upper_inf, 4 in value, 5 in value, bool(value), str(value))
    sent = [
        make(1, 5), make(1, 2**40, "[]"), make(empty=True), make(None, dt.date(2020, 1, 5)), make(Decimal("1.50"), None, "()"),
        make(dt.datetime(2020, 1, 1), dt.datetime(2020, 2, 1)), make(dt.datetime(2020, 1, 1, tzinfo=dt.UTC), None), make(None, None),
    ]  # fmt: skip
    connection.execute("CREATE TABLE spans (a int4range, b int8range, c daterange, d numrange, e tsrange, f tstzrange)")
    row = [sent[0], sent[1], sent[3], sent[4], sent[5], sent[6]]
    connection.execute("INSERT INTO spans VALUES (%s, %s, %s, %s, %s, %s)", row)
    back = one(connection, "SELECT * FROM spans")
    kinds = []
    for one_sent in sent:
        kinds.append(outcome(lambda x=one_sent: one(connection, "SELECT pg_typeof(%s)::text", [x])))  # type: ignore[misc] # x is bound
        connection.rollback()
    return (
        found,
        seen,
        back,
        kinds,
        make(1, 2) < make(1, 3),
        make(1, 2) == make(1, 2),
        make(None, 2) < make(1, 2),
        hash(make(1, 2)) == hash(make(1, 2)),
    )


@scenario
def results_as_python(connection: Connection) -> object:
    found = []
    for sql in (
        "1::smallint", "2147483648", "1.10", "'NaN'::numeric", "1.5::real", "0.1::float8", "'x'::\"char\"", "'ab'::char(4)", "'n'::name", "true",
        "'\\x0001'::bytea", "'2024-01-02'::date", "'12:00:00.5'::time", "'12:00+02'::timetz", "'2024-01-02 03:04:05.6'::timestamp",
        "'2024-01-02 03:04:05+02'::timestamptz", "'1 year 2 mons 3 days 04:05:06'::interval", "'-1 day'::interval", "'{\"a\": [1, null]}'::json",
        "'[1.5, \"x\"]'::jsonb", "'12345678-1234-5678-1234-567812345678'::uuid", "'{1,NULL,3}'::int[]", "'{{a,b},{c,d}}'::text[]", "'{}'::int[]",
        "'(1,2)'::point", "'infinity'::date", "'infinity'::timestamp", "'0044-03-15 BC'::date", "12::oid", "'pg_class'::regclass",
        "'24:00'::time", "NULL::int", "'{1.5,NaN}'::numeric[]", "'{2024-01-01}'::date[]",
    ):  # fmt: skip
        found.append((sql, outcome(lambda sql=sql: one(connection, f"SELECT {sql}"))))  # type: ignore[misc] # sql is bound
        connection.rollback()
    return found
