"""Runs without rows against runs over rows in virtual time: the same plans, times, counts, charges and calls, to the last digit."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest

import auroraml
from auroraml.errors import FeatureNotSupported, ObjectNotInPrerequisiteState, SystemError
from auroraml.services.embedded.endpoint import Callable
from auroraml.services.embedded.hosting import HostingOptions
from auroraml.teach.simulate import explained as on_explain
from auroraml.teach.simulate.run import WhatIf, simulate

PARALLEL = (
    "SET max_parallel_workers_per_gather = 8; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;"
    " ALTER TABLE support SET (parallel_workers = {workers})"
)
WRAPPER = "CREATE FUNCTION scored(body text) RETURNS int LANGUAGE SQL PARALLEL SAFE COST 5000 AS $$ SELECT aws_sagemaker.invoke_endpoint('ones', {rows}, body)::float::int $$"
LOGNORMAL = {"base": 0.01, "per_row": 0.0001, "distribution": "lognormal", "spread": 0.4, "seed": 7}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A query over a table of so many rows, batches of so many, workers (0: no parallel plan) and how the endpoint is hosted."""

    sql: str
    rows: int = 3_000
    batch: int = 100
    workers: int = 0
    settings: str = ""
    hosting: HostingOptions = field(default_factory=lambda: HostingOptions(latency={"base": 0.03}))


ALL, SUM, ORDERED = (
    "SELECT id, scored(body) FROM support",
    "SELECT sum(scored(body)) FROM support",
    "SELECT id, scored(body) AS s FROM support ORDER BY s",
)
SENTIMENT = "SELECT id, (aws_comprehend.detect_sentiment(body, 'en', {rows})).sentiment FROM support"
TWO = "SELECT scored(body) AS s, scored(body || 'x') AS t FROM support"
TARGETS = "SELECT scored(body) AS s, (aws_comprehend.detect_sentiment(body, 'en', 25)).sentiment AS t FROM support"
LIMITED = "SET auroraml.budget = '1000'"  # with which a request has 25 documents
BY_INDEX = "CREATE INDEX ON support (id); ANALYZE support; SET enable_seqscan = off; SET enable_bitmapscan = off"
CASES = {
    "no calls": Case(sql="SELECT count(*) FROM support"),
    "no calls, workers": Case(sql="SELECT count(*) FROM support", workers=3),
    "one participant": Case(sql=ALL),
    "the last batch is smaller": Case(sql=ALL, rows=1_234, batch=500),
    "one batch": Case(sql=ALL, rows=700, batch=1_000),
    "batches of one row": Case(sql=ALL, rows=150, batch=1),
    "quick calls": Case(sql=ALL, hosting=HostingOptions(latency={"base": 0.0007, "per_row": 0.00001})),
    "no latency": Case(sql=ALL, hosting=HostingOptions()),
    "LIMIT": Case(sql=f"{ALL} LIMIT 250"),
    "LIMIT and OFFSET": Case(sql=f"{ALL} LIMIT 130 OFFSET 75", batch=60),
    "LIMIT, workers": Case(sql=f"{ALL} LIMIT 450", workers=2),
    "workers and instances": Case(sql=ALL, workers=3, hosting=HostingOptions(latency=LOGNORMAL, instances=4, concurrency=1)),
    "workers without a leader": Case(sql=ALL, workers=3, settings="SET parallel_leader_participation = off"),
    "queues": Case(sql=ALL, workers=4, hosting=HostingOptions(latency=LOGNORMAL, instances=2, concurrency=1)),
    "several requests an instance": Case(sql=SUM, workers=4, hosting=HostingOptions(latency=LOGNORMAL, instances=2, concurrency=2)),
    "least outstanding requests": Case(
        sql=ALL, workers=4, hosting=HostingOptions(latency=LOGNORMAL, instances=3, concurrency=1, routing="LEAST_OUTSTANDING_REQUESTS")
    ),
    "throttled and sent again": Case(
        sql=ALL, workers=2, batch=300, hosting=HostingOptions(latency={"base": 0.2, "distribution": "normal", "spread": 0.05, "seed": 3}, instances=2, concurrency=1, max_queue=0)
    ),
    "partial sums": Case(sql=SUM, workers=3, hosting=HostingOptions(latency=LOGNORMAL, instances=2, concurrency=1)),
    "sorted by each": Case(sql=ORDERED, workers=3, hosting=HostingOptions(latency=LOGNORMAL, instances=4)),
    "sorted by one": Case(sql=ORDERED, hosting=HostingOptions(latency={"base": 0.005, "distribution": "normal", "spread": 0.002})),
    "a condition on the table": Case(sql=f"{ALL} WHERE even", rows=2_000),
    "a condition on the table, workers": Case(sql=f"{ALL} WHERE even", rows=4_000, workers=3),
    "a condition beside an index": Case(sql=f"{ALL} WHERE id <= 1500 AND even", settings=BY_INDEX),
    "a condition beside an index, workers": Case(sql=f"{ALL} WHERE id <= 3000 AND even", rows=6_000, workers=2, settings=BY_INDEX),
    "a condition on an answer": Case(sql="SELECT id FROM support WHERE scored(body) > id % 3"),
    "a condition on an answer, quick calls": Case(sql="SELECT id FROM support WHERE scored(body) > id % 3", hosting=HostingOptions(latency={"base": 0.0007})),
    "a condition on an answer, workers": Case(sql="SELECT id FROM support WHERE scored(body) > id % 3", workers=3),
    "a condition on an answer, then a call": Case(sql="SELECT id, scored(body) FROM support WHERE scored(body) > 0", workers=3),
    "a condition above a call": Case(sql="SELECT s FROM (SELECT id, scored(body) AS s FROM support OFFSET 0) x WHERE s > id % 3", workers=3),
    "fewest requests first, sums": Case(
        sql=SUM, rows=6_000, batch=50, workers=4, hosting=HostingOptions(latency=LOGNORMAL, instances=3, concurrency=2, routing="LEAST_OUTSTANDING_REQUESTS")
    ),
    "fewest requests first, without queues": Case(
        sql=ALL, batch=50, workers=3, hosting=HostingOptions(latency=LOGNORMAL, instances=2, routing="LEAST_OUTSTANDING_REQUESTS")
    ),
    "room for three": Case(sql=ALL, rows=6_000, batch=50, workers=4, hosting=HostingOptions(latency=LOGNORMAL, instances=2, concurrency=1, max_queue=3)),
    "fewest requests first, quick calls": Case(
        sql=ALL, batch=30, workers=3, hosting=HostingOptions(latency={"base": 0.0007}, instances=2, concurrency=1, routing="LEAST_OUTSTANDING_REQUESTS")
    ),
    "two calls": Case(sql="SELECT scored(body), scored(body || 'x') FROM support", rows=900),
    "two calls, queues": Case(sql=TWO, rows=6_000, batch=60, hosting=HostingOptions(latency=LOGNORMAL, instances=2, concurrency=1)),
    "two calls, workers": Case(sql=TWO, rows=12_000, batch=50, workers=3, hosting=HostingOptions(latency=LOGNORMAL, instances=2, concurrency=1)),
    "two calls, sums of workers": Case(sql=f"SELECT sum(s) FROM ({TWO}) x", rows=12_000, batch=50, workers=3, hosting=HostingOptions(latency=LOGNORMAL, instances=2)),
    "two targets": Case(sql=f"SELECT max(t), sum(s) FROM ({TARGETS}) x", rows=3_000, batch=25, hosting=HostingOptions(latency=LOGNORMAL, instances=2, concurrency=1)),
    "two targets, workers": Case(sql=f"SELECT max(t), sum(s) FROM ({TARGETS}) x", rows=6_000, batch=25, workers=3, hosting=HostingOptions(latency=LOGNORMAL, concurrency=1)),
    "more workers than instances": Case(sql=ALL, rows=6_000, batch=50, workers=6, hosting=HostingOptions(latency=LOGNORMAL, instances=2, concurrency=1)),
    "more workers than instances, sums": Case(sql=SUM, rows=6_000, batch=50, workers=6, hosting=HostingOptions(latency=LOGNORMAL, instances=2, concurrency=1)),
    "fewer workers than instances": Case(sql=ALL, batch=30, workers=2, hosting=HostingOptions(latency=LOGNORMAL, instances=8, concurrency=1)),
    "one instance for all": Case(sql=ALL, batch=30, workers=4, hosting=HostingOptions(latency={"base": 0.03}, concurrency=1)),
    "all at the same time": Case(sql=ALL, batch=30, workers=3, hosting=HostingOptions(latency={"base": 0.04}, instances=3, concurrency=1)),
    "quick calls, workers": Case(sql=ALL, rows=20_000, batch=50, workers=3, hosting=HostingOptions(latency={"base": 0.0004, "per_row": 0.000002})),
    "two requests an instance": Case(
        sql=ALL, batch=30, workers=5, hosting=HostingOptions(latency={"base": 0.02, "distribution": "normal", "spread": 0.01, "seed": 9}, instances=2, concurrency=2)
    ),
    "LIMIT above queues": Case(sql=f"{ALL} LIMIT 2500", rows=6_000, batch=30, workers=4, hosting=HostingOptions(latency=LOGNORMAL, instances=3, concurrency=1)),
    "LIMIT above workers without a leader": Case(
        sql=f"{ALL} LIMIT 2000 OFFSET 100", rows=6_000, batch=30, workers=2, hosting=HostingOptions(latency=LOGNORMAL), settings="SET parallel_leader_participation = off"
    ),
    "Gather Merge above queues": Case(sql=ORDERED, rows=6_000, batch=50, workers=4, hosting=HostingOptions(latency=LOGNORMAL, instances=2, concurrency=1)),
    "a queue of one, fewest requests first, sent again": Case(
        sql=ALL, batch=50, workers=3, hosting=HostingOptions(latency={"base": 0.1}, instances=2, concurrency=1, max_queue=1, routing="LEAST_OUTSTANDING_REQUESTS")
    ),
    "throttled sums": Case(sql=SUM, batch=100, workers=2, hosting=HostingOptions(latency={"base": 0.15}, instances=2, concurrency=1, max_queue=0)),
    "groups of each": Case(sql="SELECT even, sum(scored(body)) FROM support GROUP BY even", batch=30, workers=3, hosting=HostingOptions(latency=LOGNORMAL, instances=2)),
    "a node above calls": Case(sql="SELECT s FROM (SELECT id, scored(body) AS s FROM support OFFSET 0) x", batch=30, workers=2, hosting=HostingOptions(latency=LOGNORMAL)),
    "batches of several requests": Case(sql=SENTIMENT.format(rows=60), settings=LIMITED),
    "batches of several requests of one size, workers": Case(sql=SENTIMENT.format(rows=50), workers=3, settings=LIMITED),
    "batches the model takes at once": Case(sql=SENTIMENT.format(rows=90)),
    "batches the model takes at once, workers": Case(sql=SENTIMENT.format(rows=60), workers=2),
    "two calls, one of batches taken at once": Case(sql=TARGETS.replace("25", "100")),
    "batches of several requests, sums": Case(sql=f"SELECT count(sentiment) FROM ({SENTIMENT.format(rows=90)}) x", workers=2, settings=LIMITED),
    "batches of several requests below a LIMIT": Case(sql=f"{SENTIMENT.format(rows=40)} LIMIT 2500", workers=2, settings=LIMITED),
    "HAVING's kind of call: above a sort": Case(sql="SELECT scored(b) FROM (SELECT body AS b FROM support ORDER BY id OFFSET 0) s", rows=1_000),
}  # fmt: skip


def connected(case: Case) -> auroraml.Connection:
    connection = auroraml.connect(autocommit=True, endpoints={"ones": Callable(lambda table: np.ones(table.num_rows), **case.hosting)})
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    connection.execute(WRAPPER.format(rows=case.batch))
    connection.execute(
        f"CREATE TABLE support AS SELECT g AS id, 'text ' || g AS body, g % 2 = 0 AS even FROM generate_series(1, {case.rows}) g; ANALYZE support"
    )
    connection.execute(PARALLEL.format(workers=case.workers) if case.workers else "SET max_parallel_workers_per_gather = 0")
    connection.execute(f"SET auroraml.clock = 'virtual'; {case.settings}")
    return connection


def explained(connection: auroraml.Connection, sql: str) -> list[str]:
    return [row[0] for row in connection.execute(f"EXPLAIN (ANALYZE, VERBOSE, CHARGES) {sql}").fetchall()]


def calls(connection: auroraml.Connection) -> list[tuple[object, ...]]:
    sql = "SELECT worker, items, attempts, start_ms, milliseconds, instance, queued_ms, attempt_times, error FROM auroraml.service_calls ORDER BY start_ms, worker"
    return connection.execute(sql).fetchall()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_run_without_rows_prints_what_a_run_over_rows_prints(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = connected(case)
    with_rows, made = explained(connection, case.sql), calls(connection)
    connection.execute("SELECT auroraml.reset_service_calls()")
    connection.execute(f"SELECT auroraml.simulate_rows('support', {case.rows})")
    assert explained(connection, case.sql) == with_rows
    assert calls(connection) == made
    assert ("Batch Processing" in "\n".join(with_rows)) == ("body" in case.sql)
    monkeypatch.setattr(on_explain, "simulate", partial(simulate, what_if=WhatIf(noted=5)))  # the calls after these are simulated many at a time
    assert explained(connection, case.sql) == with_rows


def test_throttled_calls_are_in_that_case() -> None:
    connection = connected(CASES["throttled and sent again"])
    connection.execute("SELECT auroraml.simulate_rows('support', 3000)")
    explained(connection, ALL)
    assert connection.execute("SELECT sum(attempts) > count(*) FROM auroraml.service_calls").fetchone() == (True,)


def test_it_is_the_same_every_time_and_charged_as_calls_are() -> None:
    case = CASES["queues"]
    connection = connected(case)
    connection.execute("SELECT auroraml.simulate_rows('support', 1000000)")
    first = explained(connection, SUM)
    assert explained(connection, SUM) == first
    bill = connection.execute("SELECT calls, rows, amount FROM auroraml.statement_bill").fetchall()
    assert len(bill) == 1
    assert bill[0][1] == 1_000_000
    assert bill[0][2] > 0


def test_what_a_budget_does_not_allow_is_refused() -> None:
    connection = connected(CASES["one participant"])
    connection.execute("SELECT auroraml.simulate_rows('support', 1000000); SET auroraml.budget = '0.000001'")
    with pytest.raises(auroraml.errors.ConfigurationLimitExceeded, match=r"service charges would exceed auroraml\.budget"):
        explained(connection, ALL)


def test_a_statement_whose_calls_fail_fails() -> None:
    hosting = HostingOptions(latency={"base": 0.03}, faults={"throttle": 1.0})
    connection = connected(Case(sql=ALL, hosting=hosting))
    connection.execute("SELECT auroraml.simulate_rows('support', 100000)")
    with pytest.raises(SystemError, match='could not invoke endpoint "ones"'):
        explained(connection, ALL)


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("WITH c AS MATERIALIZED (SELECT * FROM support) SELECT count(*) FROM c", "CTE Scan"),
        ("SELECT id, (SELECT 1 FROM pg_class LIMIT 1) FROM support", "init plans"),
        ("SELECT count(*) OVER () FROM support", "WindowAgg"),
        ("SELECT DISTINCT ON (id) id, body FROM support", "Unique"),
        ("SELECT even, count(*) FROM support GROUP BY ROLLUP (even)", "grouping sets"),
        ("SELECT aws_sagemaker.invoke_endpoint('ones', id, body) FROM support", "depends on a row"),
        ("SELECT aws_sagemaker.invoke_endpoint(body, 10, body) FROM support", "endpoint depends on a row"),
        ("SELECT * FROM support ORDER BY id FETCH FIRST 3 ROWS WITH TIES", "WITH TIES"),
        ("SELECT sum(CASE WHEN even THEN length(aws_bedrock.invoke_model('m', 'a', 'a', body)) END) FROM support", "service calls for each row"),
    ],
)  # fmt: skip
def test_other_plans_are_refused_by_name(sql: str, named: str) -> None:
    connection = connected(Case(sql=sql))
    connection.execute("SELECT auroraml.simulate_rows('support', 100000)")
    with pytest.raises(FeatureNotSupported, match=named):
        explained(connection, sql)


def test_calls_row_by_row_are_refused() -> None:
    connection = connected(Case(sql=ALL))
    connection.execute("SELECT auroraml.simulate_rows('support', 100000); SET apg_enable_function_migration = off")
    with pytest.raises(FeatureNotSupported, match="service calls for each row"):
        explained(connection, ALL)


def test_pages_are_counted_as_evenly_as_rows_lie() -> None:
    connection = connected(Case(sql=ALL, rows=20_000))
    sql = "EXPLAIN (ANALYZE, BUFFERS) SELECT scored(body) FROM support LIMIT 150"
    with_rows = connection.execute(sql).fetchall()
    connection.execute("SELECT auroraml.simulate_rows('support', 20000)")
    assert connection.execute(sql).fetchall() == with_rows
    assert any("shared hit=" in row[0] for row in with_rows)


def test_pages_of_an_index_scan_are_refused() -> None:
    connection = connected(Case(sql=ALL, settings=BY_INDEX))
    connection.execute("SELECT auroraml.simulate_rows('support', 20000)")
    with pytest.raises(FeatureNotSupported, match="BUFFERS for index scans"):
        connection.execute("EXPLAIN (ANALYZE, BUFFERS) SELECT scored(body) FROM support WHERE id < 100")


def test_no_table_is_made_of_rows_that_are_not_there() -> None:
    connection = connected(Case(sql=ALL))
    connection.execute("SELECT auroraml.simulate_rows('support', 20000)")
    with pytest.raises(FeatureNotSupported, match="CREATE TABLE AS over simulated rows"):
        connection.execute("EXPLAIN ANALYZE CREATE TABLE made AS SELECT * FROM support")
    assert connection.execute("SELECT to_regclass('made')").fetchone() == (None,)


def test_a_long_simulation_can_be_cancelled() -> None:
    connection = connected(Case(sql=ALL, batch=10))
    connection.execute("SELECT auroraml.simulate_rows('support', 100000000); SET statement_timeout = '200ms'")
    with pytest.raises(auroraml.errors.QueryCanceled):
        explained(connection, ALL)


def test_in_real_time_its_rows_cannot_be_read() -> None:
    connection = connected(CASES["one participant"])
    connection.execute("SELECT auroraml.simulate_rows('support', 100000); SET auroraml.clock = 'real'")
    with pytest.raises(ObjectNotInPrerequisiteState, match="they are simulated"):
        explained(connection, ALL)
