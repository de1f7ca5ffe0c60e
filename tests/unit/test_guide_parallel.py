"""The guide's recipe for parallel queries, run: what golden files cannot hold, because workers share rows as they come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import auroraml
from auroraml.services.embedded.sagemaker import EmbeddedSageMaker
from tests.runner.aurora import Aurora

PREPARED = """
CREATE EXTENSION aws_ml CASCADE;
CREATE TABLE yourTable (id int, description varchar(200));
INSERT INTO yourTable SELECT g, 'good day ' || g FROM generate_series(1, 4000) g;
ANALYZE yourTable;
CREATE FUNCTION sent(id int, max_rows_per_batch int DEFAULT NULL) RETURNS int LANGUAGE SQL PARALLEL SAFE COST 5000
    AS $$ SELECT aws_sagemaker.invoke_endpoint('echo-endpoint', max_rows_per_batch, id)::int $$;
SET max_parallel_workers_per_gather to 4;
ALTER TABLE yourTable SET (parallel_workers = 4);
"""
RECIPE = "SELECT (aws_comprehend.detect_sentiment(description, 'en')).* FROM yourTable WHERE id < 1000"


@pytest.fixture(scope="module")
def engine() -> Iterator[Aurora]:
    aurora = Aurora()
    prepared = aurora.run(PREPARED)
    assert prepared.failure is None, prepared.failure
    yield aurora
    aurora.close()


def explained(engine: Aurora, sql: str) -> dict[str, Any]:
    """The plan, analyzed."""
    found = engine.run(f"EXPLAIN (VERBOSE, ANALYZE, BUFFERS, HASHES, FORMAT JSON) {sql}")
    assert found.failure is None, found.failure
    (plan,) = json.loads("\n".join(str(row[0]) for row in found.rows))
    result: dict[str, Any] = plan["Plan"]
    return result


def scans(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The Function Scans of a plan."""
    below = [found for child in node.get("Plans", ()) for found in scans(child)]
    return [node, *below] if node["Node Type"] == "Function Scan" else below


def sent_rows(scan: dict[str, Any]) -> int:
    """How many rows the scan's batches had together."""
    batches = scan["Batch Processing"]
    rows: int = round(batches["Num Batches"] * batches["Batch Size"]["Average"])
    return rows


def test_the_recipe_launches_four_workers(engine: Aurora) -> None:
    plan = explained(engine, RECIPE)
    assert (plan["Node Type"], plan["Workers Planned"], plan["Workers Launched"]) == ("Gather", 4, 4)
    assert plan["Actual Rows"] == 999
    assert plan["Plans"][0]["Actual Loops"] == 5, "four workers and the leader"


def test_each_participant_builds_batches_of_its_own(engine: Aurora) -> None:
    for scan in scans(explained(engine, RECIPE)):
        assert scan["Batch Processing"]["Batch Size"]["Maximum"] <= 25
        assert sent_rows(scan) == 999 == scan["Actual Loops"]


def test_calls_are_made_both_in_batch_and_in_parallel(engine: Aurora) -> None:
    (scan,) = scans(explained(engine, "SELECT sent(id, 100) FROM yourTable"))
    assert sent_rows(scan) == 4000
    assert scan["Batch Processing"]["Num Batches"] >= 40
    assert len(engine.requests()) >= 1
    items = [record.items for record in engine.database.service_clients.log.records()]
    assert sum(items) == 4000 and max(items) <= 100


def test_the_answers_are_those_of_a_serial_plan(engine: Aurora) -> None:
    parallel = sorted(engine.run("SELECT id, sent(id, 100) FROM yourTable").rows)
    engine.run("SET max_parallel_workers_per_gather = 0")
    serial = sorted(engine.run("SELECT id, sent(id, 100) FROM yourTable").rows)
    engine.run("SET max_parallel_workers_per_gather = 4")
    assert parallel == serial and len(serial) == 4000


def test_the_degree_is_limited_by_max_parallel_workers(engine: Aurora) -> None:
    engine.run("SET max_parallel_workers = 2")
    plan = explained(engine, RECIPE)
    engine.run("RESET max_parallel_workers")
    assert (plan["Workers Planned"], plan["Workers Launched"]) == (4, 2)


def test_tables_made_from_queries_are_filled_by_workers(engine: Aurora) -> None:
    for statement in ("CREATE TABLE kept AS", "CREATE MATERIALIZED VIEW kept_view AS"):
        plan = explained(engine, f"{statement} SELECT id, sent(id) FROM yourTable")
        assert (plan["Node Type"], plan["Workers Launched"]) == ("Gather", 4)
    found = engine.run("SELECT count(*), sum(sent) FROM kept").rows
    assert found == engine.run("SELECT count(*), sum(sent) FROM kept_view").rows == (("4000", "8002000"),)


@pytest.mark.parametrize("instances", [1, 4])
def test_the_endpoints_instances_limit_how_many_calls_it_answers_at_once(instances: int) -> None:
    model = {"kind": "callable", "callable": "tests.runner.endpoints:first", "instances": instances, "concurrency": 1, "latency": 0.02,
             "routing": "LEAST_OUTSTANDING_REQUESTS"}  # fmt: skip
    with auroraml.connect(endpoints={"model": model}, user="rdsadmin", autocommit=True) as connection:
        connection.execute(PREPARED)
        answered = connection.execute("SELECT sum(aws_sagemaker.invoke_endpoint('model', 200, id)::int) FROM yourTable").fetchone()
        sagemaker = connection.database.service_clients.sagemaker
        assert answered == (8_002_000,)
        assert isinstance(sagemaker, EmbeddedSageMaker)
        peak = sagemaker.hosts["model"].fleet.peak
    assert peak == 1 if instances == 1 else 1 < peak <= instances
