"""Batches called in one run: the same calls, rows, counts and statistics as one batch after another."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import auroraml
from auroraml import errors
from auroraml.services.embedded.endpoint import Callable
from auroraml.services.embedded.sagemaker import EmbeddedSageMaker

SIZES: list[int] = []
WRAPPERS = """
CREATE FUNCTION score(a int, size int DEFAULT 100) RETURNS real
AS $$ SELECT aws_sagemaker.invoke_endpoint('model', size, a)::real $$ LANGUAGE SQL;
CREATE FUNCTION strict_score(a int) RETURNS real STRICT
AS $$ SELECT aws_sagemaker.invoke_endpoint('model', 100, a)::real $$ LANGUAGE SQL;
CREATE FUNCTION outer_score(a int) RETURNS real AS $$ SELECT score(a, 100) $$ LANGUAGE SQL;
CREATE FUNCTION labelled(a int) RETURNS text AS $$ SELECT aws_sagemaker.invoke_endpoint('model', 100, a) || '!' || a $$ LANGUAGE SQL;
"""


def model(table: pa.Table) -> pa.Array | list[object]:
    """Half the input; fails where a row is 250, answers words where one is 450."""
    SIZES.append(table.num_rows)
    values = table.column(0).combine_chunks()
    found = set(values.to_pylist())
    if 250 in found:
        raise ValueError("no 250")
    if 450 in found:
        return [f"x{value}" for value in values.to_pylist()]
    return pc.divide(pc.cast(values, pa.float32()), pa.scalar(2, pa.float32()))


@pytest.fixture
def connection() -> Iterator[auroraml.Connection]:
    SIZES.clear()
    with auroraml.connect(endpoints={"model": model}, user="rdsadmin", autocommit=True) as made:
        made.execute("CREATE EXTENSION aws_ml CASCADE")
        for statement in WRAPPERS.split(";\n"):
            if statement.strip():
                made.execute(statement)
        made.execute("CREATE TABLE t AS SELECT g AS a FROM generate_series(1000, 3049) g")
        yield made


def logged(connection: auroraml.Connection) -> list[tuple[int, str | None]]:
    return [(record.items, record.error) for record in connection.database.service_clients.log.records()]


def test_batches_are_full_and_in_order(connection: auroraml.Connection) -> None:
    rows = connection.execute("SELECT a, score(a) FROM t").fetchall()
    assert rows == [(a, a / 2) for a in range(1000, 3050)]
    assert SIZES == [100] * 20 + [50]
    assert logged(connection) == [(size, None) for size in SIZES]
    bill = connection.database.service_clients.meter.of("SageMaker")
    assert (bill.calls, bill.rows, bill.failures, bill.retries) == (21, 2050, 0, 0)
    assert bill.seconds > 0


@pytest.mark.parametrize(("limit", "calls"), [(1, 1), (100, 1), (101, 2), (250, 3), (1000, 10)])
def test_a_limit_calls_no_more_batches_than_it_needs(connection: auroraml.Connection, limit: int, calls: int) -> None:
    lines = [row[0] for row in connection.execute(f"EXPLAIN (ANALYZE, COSTS off, TIMING off) SELECT score(a) FROM t LIMIT {limit}").fetchall()]
    assert len(SIZES) == calls
    assert any(f"Seq Scan on t (actual rows={calls * 100} loops=1)" in line for line in lines), lines
    assert any(f"num batches={calls} avg/min/max batch size=100.000/100.000/100.000" in line for line in lines), lines
    assert any(f"Function Scan on score (actual rows=1 loops={limit})" in line for line in lines), lines


def test_no_call_is_made_after_one_that_fails(connection: auroraml.Connection) -> None:
    connection.execute("SET track_functions = 'all'")
    connection.execute("CREATE TABLE bad AS SELECT g AS a FROM generate_series(1, 2000) g")
    with pytest.raises(errors.SystemError, match="could not invoke endpoint"):
        connection.execute("SELECT outer_score(a) FROM bad")
    assert SIZES == [100] * 3
    assert logged(connection) == [(100, None), (100, None), (100, "ModelError")]
    counted = connection.execute("SELECT funcname, calls FROM pg_stat_user_functions ORDER BY 1").fetchall()
    assert counted == [("invoke_endpoint", 200), ("outer_score", 200), ("score", 200)]
    bill = connection.database.service_clients.meter.of("SageMaker")
    assert (bill.calls, bill.rows, bill.failures) == (3, 200, 1)


def test_no_call_is_made_after_an_answer_that_cannot_be_cast(connection: auroraml.Connection) -> None:
    connection.execute("CREATE TABLE bad AS SELECT g AS a FROM generate_series(301, 2000) g")
    with pytest.raises(errors.InvalidTextRepresentation, match='type real: "x401"'):
        connection.execute("SELECT score(a) FROM bad")
    assert SIZES == [100] * 2


def test_rows_before_a_failure_are_handed_out(connection: auroraml.Connection) -> None:
    connection.execute("CREATE TABLE bad AS SELECT g AS a FROM generate_series(51, 2000) g")
    stream = connection.cursor().stream_arrow("SELECT a, score(a) FROM bad")
    rows = []
    with pytest.raises(errors.SystemError):
        for batch in stream:
            rows += batch.column(0).to_pylist()
    assert rows == list(range(51, 151))
    assert SIZES == [100] * 2


def test_an_argument_that_fails_stops_before_its_batch(connection: auroraml.Connection) -> None:
    with pytest.raises(errors.DivisionByZero):
        connection.execute("SELECT score(10 / (a - 1250)) FROM t")
    assert SIZES == [100] * 2


def test_a_target_that_fails_after_the_rows_before_it(connection: auroraml.Connection) -> None:
    stream = connection.cursor().stream_arrow("SELECT a, 1 / (a - 1250)::real / score(a) FROM t WHERE a < 5000")
    rows = []
    with pytest.raises(errors.DivisionByZero):
        for batch in stream:
            rows += batch.column(0).to_pylist()
    assert rows == list(range(1000, 1200))


def test_strict_wrappers_leave_rows_out(connection: auroraml.Connection) -> None:
    connection.execute("CREATE TABLE n AS SELECT CASE WHEN g % 10 > 0 THEN g + 1000 END AS a FROM generate_series(1, 250) g")
    rows = connection.execute("SELECT a, strict_score(a) FROM n").fetchall()
    assert rows == [(a, None if a is None else a / 2) for a, _ in rows]
    assert SIZES == [90, 90, 45]


def test_what_is_around_the_call_may_read_other_arguments(connection: auroraml.Connection) -> None:
    rows = connection.execute("SELECT labelled(a) FROM t LIMIT 250").fetchall()
    assert rows == [(f"{a // 2 if a % 2 == 0 else a / 2}!{a}",) for a in range(1000, 1250)]


def test_volatile_outer_rows_are_read_a_batch_at_a_time(connection: auroraml.Connection) -> None:
    connection.execute("CREATE SEQUENCE s")
    connection.execute("CREATE TABLE bad AS SELECT g AS a FROM generate_series(151, 2000) g")
    with pytest.raises(errors.SystemError):
        connection.execute("SELECT score(a) FROM (SELECT a, nextval('s') FROM bad OFFSET 0) x")
    assert SIZES == [100]
    assert connection.execute("SELECT last_value FROM s").fetchall() == [(100,)]


def test_one_value_is_sent_once_a_batch_where_the_function_is_stable() -> None:
    SIZES.clear()
    stable = {"auroraml.ml_volatility": "stable"}
    with auroraml.connect(endpoints={"model": model}, user="rdsadmin", autocommit=True, parameters=stable) as made:
        made.execute("CREATE EXTENSION aws_ml CASCADE")
        made.execute("CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 250) g")
        found = made.execute("SELECT aws_sagemaker.invoke_endpoint('model', 100, x) FROM (SELECT 8 AS x FROM t OFFSET 0) s").fetchall()
    assert found == [("4",)] * 250
    assert SIZES == [1] * 3


def test_one_call_may_be_an_argument_of_another(connection: auroraml.Connection) -> None:
    rows = connection.execute("SELECT score(score(a)::int) FROM t WHERE a % 4 = 0 LIMIT 150").fetchall()
    assert rows == [(a / 4,) for a in range(1000, 1600, 4)]
    assert SIZES == [100] * 4


def test_a_cancelled_statement_stops_between_two_calls(connection: auroraml.Connection) -> None:
    def cancelling(table: pa.Table) -> pa.ChunkedArray:
        SIZES.append(table.num_rows)
        if len(SIZES) == 5:
            threading.Thread(target=connection.cancel).start()
        if len(SIZES) > 5:
            threading.Event().wait(0.001)
        return table.column(0)

    runtime = connection.database.service_clients.sagemaker
    assert isinstance(runtime, EmbeddedSageMaker)
    runtime.put("model", Callable(cancelling))
    with pytest.raises(errors.QueryCanceled):
        connection.execute("SELECT score(g, 1) FROM generate_series(1, 60000) g")
    assert 5 <= len(SIZES) < 2000
    assert len(logged(connection)) <= len(SIZES)
