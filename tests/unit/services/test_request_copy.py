"""A request's lines are what COPY ... (FORMAT csv) writes of the same values, which golden files compare with PostgreSQL's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import auroraml
from auroraml.dbapi.connection import Connection
from tests.runner.endpoints import Body

COLUMNS = (
    "true", "NULL::int", "-7::smallint", "1e300::float8", "0.1::real", "'NaN'::float8", "1.50::numeric(9,3)", "12345678901234567890.12::numeric",
    "date '2024-02-29'", "timestamp '2024-02-29 23:59:59.000001'", "timestamptz '2024-02-29 00:00+05'", "time '12:00'", "timetz '12:00+03:30'",
    "interval '1 mon -2 days 3.5 secs'", "''", "'plain'", "'a,b'", "'say \"hi\"'", "E'two\\nlines'", "E'cr\\rhere'", "' blanks '", "'ab'::char(5)",
    "'Ünï ☺'", "'\\xdeadbeef'::bytea", "'{\"a\": [1, 2]}'::json", "'{\"a\":[1,2]}'::jsonb", "ROW(1, NULL, 'x y')", "'(1,-2.5)'::point",
    "'b0c2ab5c-3f6e-4a5c-9d7e-000000000001'::uuid", "26::oid", "'x'::\"char\"", "'name'::name", "'\\.'", "'NULL'",
)  # fmt: skip
STYLES = (
    "SET DateStyle = 'ISO'", "SET DateStyle = 'German'", "SET DateStyle = 'SQL, DMY'", "SET DateStyle = 'Postgres'", "SET IntervalStyle = 'iso_8601'",
    "SET IntervalStyle = 'sql_standard'", "SET IntervalStyle = 'postgres_verbose'", "SET extra_float_digits = -2", "SET bytea_output = 'escape'",
    "SET TimeZone = 'Asia/Kathmandu'",
)  # fmt: skip


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    with auroraml.connect(endpoints={"body": Body(whole=True)}, autocommit=True) as made:
        made.execute("CREATE EXTENSION aws_ml CASCADE")
        yield made


@pytest.mark.parametrize("style", STYLES)
def test_a_request_is_what_copy_writes(connection: Connection, style: str) -> None:
    connection.execute("RESET ALL")
    connection.execute(style)
    columns = ", ".join(COLUMNS)
    with connection.cursor().copy(f"COPY (SELECT {columns}) TO STDOUT (FORMAT csv)") as copy:
        written = b"".join(bytes(part) for part in copy).decode().removesuffix("\n")
    sent = connection.execute(f"SELECT aws_sagemaker.invoke_endpoint('body', NULL, {columns})").fetchone()
    assert sent is not None and sent[0] == written
