"""Many calls at once against one after another: everything that is counted, to the last digit. And grids of them."""

from __future__ import annotations

from dataclasses import asdict

import pytest

import auroraml
from auroraml.errors import FeatureNotSupported
from auroraml.services.embedded.hosting import Hosting, HostingOptions, Latency
from auroraml.sql import parse
from auroraml.sql import statements as st
from auroraml.teach.simulate import Asked, Point, grid, statement_grid
from auroraml.teach.simulate.run import Outcome, Simulation, WhatIf
from tests.unit.teach.simulate.test_simulated_runs import ALL, LIMITED, SENTIMENT, SUM, TARGETS, TWO, Case, connected

LOGNORMAL = {"base": 0.01, "per_row": 0.0001, "distribution": "lognormal", "spread": 0.3}
NORMAL = {"base": 0.02, "distribution": "normal", "spread": 0.01, "seed": 3}
HOSTED = {
    "queues": HostingOptions(latency=LOGNORMAL, instances=3, concurrency=1),
    "equal times": HostingOptions(latency={"base": 0.03}, instances=3, concurrency=1),
    "several calls a pull": HostingOptions(latency={"base": 0.0005}),
    "two requests an instance": HostingOptions(latency=NORMAL, instances=4, concurrency=2),
    "one instance": HostingOptions(latency=NORMAL, instances=1, concurrency=3),
    "no queues": HostingOptions(latency=NORMAL, instances=2),
    "a time limit that some calls exceed": HostingOptions(latency={"base": 0.02, "distribution": "normal", "spread": 0.02}, time_limit=0.065),
    "fewest first": HostingOptions(latency=NORMAL, instances=3, concurrency=1, routing="LEAST_OUTSTANDING_REQUESTS"),
    "full queues": HostingOptions(latency={"base": 0.02}, instances=8, concurrency=1, max_queue=1),
    "throttled, sent again": HostingOptions(latency={"base": 0.2}, instances=3, concurrency=1, max_queue=1, routing="LEAST_OUTSTANDING_REQUESTS"),
    "faults": HostingOptions(latency=NORMAL, instances=2, concurrency=1, faults={"throttle": 0.01}),
    "many faults": HostingOptions(
        latency=NORMAL,
        instances=2,
        faults={"throttle": 0.005, "timeout": 0.004, "reorder": 0.1, "duplicate": 0.05, "unavailable": 0.002},
        time_limit=0.2,
    ),
    "quick calls in a queue": HostingOptions(latency={"base": 0.00002}, concurrency=1),
    "some last very long": HostingOptions(latency={"base": 0.002, "distribution": "lognormal", "spread": 2.0, "seed": 5}),
}
SHAPES = {
    "rows of workers": ALL,
    "a condition": "SELECT id FROM support WHERE scored(body) > id % 3",
    "LIMIT": f"{ALL} LIMIT 70000",
    "OFFSET": f"{ALL} LIMIT 60000 OFFSET 7000",
    "a node above": "SELECT s FROM (SELECT id, scored(body) AS s FROM support OFFSET 0) x",
}
SIZES = {  # workers, rows of a batch, rows, settings
    "workers": (3, 100, 100_000, ""),
    "one worker": (1, 250, 100_000, ""),
    "workers without a leader": (2, 100, 100_000, "SET parallel_leader_participation = off"),
    "workers that wait for their leader": (3, 20_000, 3_000_000, ""),
}


def simulated(connection: auroraml.Connection, sql: str, what_if: WhatIf) -> Outcome:
    session = connection.session
    statement = parse(sql)[0]
    assert isinstance(statement, st.Query)
    return Simulation(session.plan(session.bind(statement)), session.context(), what_if, 0.0).run()


def told(outcome: Outcome) -> object:
    nodes = {id: asdict(metrics) for id, metrics in outcome.metrics.nodes.items()}
    return nodes, outcome.seconds, outcome.first, outcome.rows, [(one.node, one.worker, one.spent) for one in outcome.spent], outcome.attempts


@pytest.mark.parametrize("workers", [0, 3])
@pytest.mark.parametrize("hosting", HOSTED.values(), ids=HOSTED.keys())
def test_it_counts_what_single_steps_count(hosting: HostingOptions, workers: int) -> None:
    connection = connected(Case(sql=SUM, workers=workers, hosting=hosting))
    connection.execute("SELECT auroraml.simulate_rows('support', 200000)")
    found = []
    for swift in (False, True):
        try:
            found.append(told(simulated(connection, SUM, WhatIf(swift=swift, noted=20))))
        except auroraml.errors.SystemError as error:
            found.append((str(error), error.diag.message_detail))
    assert found[0] == found[1]
    assert ("ModelError" in str(found[0])) == ("time_limit" in hosting)


@pytest.fixture(scope="module")
def parallel() -> auroraml.Connection:
    return connected(Case(sql=ALL, workers=3))


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
@pytest.mark.parametrize("sql", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("hosting", HOSTED.values(), ids=HOSTED.keys())
def test_it_hands_rows_over_as_single_steps_do(
    parallel: auroraml.Connection, hosting: HostingOptions, sql: str, size: tuple[int, int, int, str]
) -> None:
    workers, batch, rows, settings = size
    parallel.execute(f"SELECT auroraml.simulate_rows('support', {rows}); SET parallel_leader_participation = on; {settings}")
    found = []
    for swift in (False, True):
        what_if = WhatIf(swift=swift, noted=20, workers=workers, batch_rows=batch, hosting={"ones": Hosting.of(hosting)})
        try:
            found.append(told(simulated(parallel, sql, what_if)))
        except auroraml.errors.SystemError as error:
            found.append((str(error), error.diag.message_detail))
    assert found[0] == found[1]


@pytest.mark.parametrize("rows", [60, 50])  # of a batch, whose requests have 25
@pytest.mark.parametrize("workers", [0, 3])
@pytest.mark.parametrize("hosting", HOSTED.values(), ids=HOSTED.keys())
def test_batches_of_several_requests(parallel: auroraml.Connection, hosting: HostingOptions, workers: int, rows: int) -> None:
    parallel.execute(f"SELECT auroraml.simulate_rows('support', 70000); SET parallel_leader_participation = on; {LIMITED}")
    sql = SENTIMENT.format(rows=rows)
    for statement in (sql, f"SELECT count(sentiment) FROM ({sql}) x"):
        found = []
        for swift in (False, True):
            try:
                found.append(
                    told(simulated(parallel, statement, WhatIf(swift=swift, noted=20, workers=workers, hosting={"en": Hosting.of(hosting)})))
                )
            except auroraml.errors.SystemError as error:
                found.append((str(error), error.diag.message_detail))
        assert found[0] == found[1]


@pytest.mark.parametrize("others", [None, "faults"])  # of the second target, if there is one
@pytest.mark.parametrize("workers", [0, 3])
@pytest.mark.parametrize("hosting", HOSTED.values(), ids=HOSTED.keys())
def test_two_calls_one_above_the_other(parallel: auroraml.Connection, hosting: HostingOptions, workers: int, others: str | None) -> None:
    parallel.execute("SELECT auroraml.simulate_rows('support', 20000); SET parallel_leader_participation = on; RESET auroraml.budget")
    hosted = {"ones": Hosting.of(hosting), "en": Hosting.of(HOSTED[others or "queues"])}
    sql = TARGETS if others else TWO
    for statement in (sql, f"SELECT count(s), count(t) FROM ({sql}) x"):
        found = []
        for swift in (False, True):
            try:
                found.append(told(simulated(parallel, statement, WhatIf(swift=swift, noted=20, workers=workers, batch_rows=60, hosting=hosted))))
            except auroraml.errors.SystemError as error:
                found.append((str(error), error.diag.message_detail))
        assert found[0] == found[1]


def test_it_is_used() -> None:
    connection = connected(Case(sql=SUM, hosting=HOSTED["queues"]))
    connection.execute("SELECT auroraml.simulate_rows('support', 200000)")
    swift = simulated(connection, SUM, WhatIf(noted=0))
    assert len(swift.attempts) == 0
    assert sum(one.spent.calls for one in swift.spent) == 2_000


def test_a_grid_says_what_each_size_takes() -> None:
    connection = connected(Case(sql=ALL, workers=4, hosting=HostingOptions(latency={"base": 0.1, "per_row": 0.001}, instances=2, concurrency=1)))
    points = statement_grid(connection.session, ALL, Asked(batch_rows=(10, 100, 1_000), workers=(0, 4), instances=(1, 4)))
    found = {(point.batch_rows, point.workers, point.instances): point for point in points}
    assert len(found) == 12
    assert [point.rows for point in points] == [3_000] * 12
    assert found[10, 0, 1].calls == 300
    assert found[10, 0, 1].seconds > found[100, 0, 1].seconds > found[1_000, 0, 1].seconds  # fewer calls
    assert found[10, 0, 1].first_row < found[1_000, 0, 1].first_row  # smaller batches return first rows sooner
    assert found[100, 4, 4].seconds < found[100, 4, 1].seconds  # workers need instances
    assert found[10, 0, 1].cost is not None


def test_a_grid_reads_and_charges_nothing() -> None:
    connection = connected(Case(sql=ALL))
    connection.execute("SELECT auroraml.simulate_rows('support', 1000000)")
    hosting = {"ones": Hosting(latency=Latency(base=1.0))}
    points: list[Point] = statement_grid(connection.session, ALL, Asked(batch_rows=(1_000, 10), hosting=hosting, attempts=True, most_calls=5_000))
    assert [(point.batch_rows, point.calls) for point in points] == [(1_000, 1_000)]  # 100,000 calls are too many
    assert points[0].seconds > 1_000
    assert len(points[0].attempts) == 1_000
    assert {attempt.end - attempt.sent for attempt in points[0].attempts} == {1.0} or points[0].busy_seconds == pytest.approx(1_000)
    assert connection.execute("SELECT count(*) FROM auroraml.service_calls").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM auroraml.bill").fetchone() == (0,)


def test_a_grid_is_of_one_query() -> None:
    connection = connected(Case(sql=ALL))
    with pytest.raises(FeatureNotSupported, match="of one query"):
        statement_grid(connection.session, "SELECT 1; SELECT 2", Asked())
    statement = parse("SELECT count(*) FROM support")[0]
    assert isinstance(statement, st.Query)
    plan = connection.session.plan(connection.session.bind(statement))
    assert [point.calls for point in grid(plan, connection.session.context(), Asked(batch_rows=(5,)))] == [0]
