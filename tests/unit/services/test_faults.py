"""Faults at every service operation, from seeds: a statement gives the rows of a fault-free run, or one error and no change; all calls are counted."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pyarrow as pa
import pytest

import auroraml
from auroraml import errors
from auroraml.services.clock import VirtualClock
from auroraml.services.embedded.faults import KNOWN
from auroraml.services.embedded.hosting import Host
from auroraml.services.endpoints import Callable
from auroraml.services.retry import QUOTA

SHORT, WHOLE = 60, 10_000
ENDPOINT, CSV, MODEL, TEXTS = "e", "csv-e", "amazon.titan-embed-text-v2:0", "amazon.titan-text-lite-v1"
SETUP = """
CREATE EXTENSION aws_ml CASCADE;
CREATE TABLE t (id int PRIMARY KEY, body text, lang text, amount float8);
INSERT INTO t SELECT g, CASE g % 3 WHEN 0 THEN 'I love it ' WHEN 1 THEN 'awful service ' ELSE 'the invoice of ' END || g,
  CASE WHEN g % 5 = 0 THEN 'fr' ELSE 'en' END, g * 1.5 FROM generate_series(1, 45) g;
CREATE TABLE target (id int PRIMARY KEY, score float8, note text);
CREATE FUNCTION score(id int, amount float8, max_rows_per_batch int DEFAULT NULL) RETURNS float8
AS $$ SELECT aws_sagemaker.invoke_endpoint('e', max_rows_per_batch, id, amount)::float8 $$ LANGUAGE SQL PARALLEL SAFE COST 5000;
CREATE FUNCTION csv_score(id int, amount float8, max_rows_per_batch int DEFAULT NULL) RETURNS float8
AS $$ SELECT aws_sagemaker.invoke_endpoint('csv-e', max_rows_per_batch, id, amount)::float8 $$ LANGUAGE SQL PARALLEL SAFE COST 5000;
CREATE FUNCTION embed(body text) RETURNS float8[]
AS $$ SELECT aws_bedrock.invoke_model_get_embeddings('amazon.titan-embed-text-v2:0', 'application/json', 'embedding',
  json_build_object('inputText', body, 'dimensions', 256)::text) $$ LANGUAGE SQL;
CREATE MATERIALIZED VIEW seen AS SELECT 0 AS id, 0::float8 AS score;
"""
RESTORE = """
DELETE FROM target; INSERT INTO target SELECT id, 0, 'before' FROM t WHERE id % 2 = 0;
DROP MATERIALIZED VIEW IF EXISTS made_view; DROP TABLE IF EXISTS made;
"""
STATE = """
SELECT 'target', id, score, note FROM target UNION ALL SELECT c.relname, 0, 0, c.relkind::text FROM pg_class c WHERE c.relname LIKE 'made%' OR c.relname = 'seen'
ORDER BY 1, 2
"""


def model(table: pa.Table) -> list[float]:
    """The sum of its two arguments, NULL as 0."""
    first, second = (column.to_pylist() for column in table.columns)
    return [(a or 0) + (b or 0) / 4 for a, b in zip(first, second, strict=True)]


@dataclass
class Pair:
    """The same tables with and without faults."""

    plain: auroraml.Connection = field(init=False)
    faulty: auroraml.Connection = field(init=False)
    changed: bool = True  # the tables may differ from those a run starts with
    wanted: dict[str, tuple[object, ...]] = field(default_factory=dict)  # what statements that only read give without faults

    def __post_init__(self) -> None:
        self.plain, self.faulty = (self._connected() for _ in range(2))

    def _connected(self) -> auroraml.Connection:
        endpoints = {ENDPOINT: Callable(model), CSV: Callable(model, content="csv")}
        connection = auroraml.connect(user="rdsadmin", autocommit=True, endpoints=endpoints, clock=VirtualClock())
        connection.execute(SETUP)
        return connection

    def restore(self) -> None:
        """The tables as a run starts with them."""
        if self.changed:
            for connection in (self.plain, self.faulty):
                connection.execute(RESTORE)
        self.changed = False

    def fault_free(self, sql: str, made: tuple[str, ...]) -> tuple[object, ...]:
        """What a statement gives without faults."""
        if made:
            return outcome(self.plain, sql, made)
        if sql not in self.wanted:
            self.wanted[sql] = outcome(self.plain, sql, made)
        return self.wanted[sql]

    def close(self) -> None:
        """End both."""
        for connection in (self.plain, self.faulty):
            connection.close()


def statement(draw: random.Random) -> tuple[str, tuple[str, ...]]:
    """A random statement that calls services, and what to read afterwards."""
    score = draw.choice(["score", "csv_score"])
    size = draw.choice(["NULL", "1", "7", "25", "100"])
    where = draw.choice(["", " WHERE id % 2 = 0", " WHERE id < 9", " WHERE amount > 20"])
    call = f"{score}(id, amount, {size})"
    sentiment = f"aws_comprehend.detect_sentiment(body, lang, {size})"
    limit = draw.choice(["", f" ORDER BY id LIMIT {draw.randint(1, 30)}"])
    answer = f"aws_bedrock.invoke_model('{TEXTS}', NULL, NULL, json_build_object('inputText', body)::text)"
    few = f"id % {draw.randint(9, 30)} = 0"
    reads = [
        f"SELECT id, {call} FROM t{where}{limit}",
        f"SELECT id, s.sentiment, s.confidence FROM t, {sentiment} AS s{where}{limit}",
        f"SELECT id, ({sentiment}).*, {call} FROM t{where}",
        f"SELECT id FROM t WHERE {call} > {draw.randint(1, 90)}",
        f"SELECT lang, sum({call}), count(*) FROM t GROUP BY lang",
        f"SELECT lang, count(*) FROM t GROUP BY lang HAVING {score}(count(*)::int, 1, {size}) > 20",
        f"SELECT id, CASE WHEN id % 2 = 0 THEN {call} ELSE 0 END FROM t{where}",
        f"SELECT a.id, b.o FROM t AS a JOIN LATERAL aws_sagemaker.invoke_endpoint('{ENDPOINT}', {size}, a.id, a.amount) AS b(o) ON true",
        f"SELECT id, {answer} FROM t WHERE {few}",
        f"SELECT id, embed(body) FROM t WHERE {few}",
        f"SELECT {call} FROM t{where} UNION ALL SELECT ({sentiment}).confidence FROM t WHERE id < 5",
        f"WITH w AS MATERIALIZED (SELECT id, {call} AS o FROM t{where}) SELECT * FROM w JOIN t USING (id)",
    ]
    writes = [
        f"CREATE TABLE made AS SELECT id, {call} AS score FROM t{where}",
        f"CREATE MATERIALIZED VIEW made_view AS SELECT id, s.sentiment FROM t, {sentiment} AS s{where}",
        f"INSERT INTO target SELECT id, {call}, (aws_comprehend.detect_sentiment(body, 'en', {size})).sentiment FROM t WHERE id % 2 = 1",
        f"INSERT INTO target SELECT id + 100, {call}, {answer} FROM t WHERE {few}",
        f"INSERT INTO target VALUES (1, {score}(1, 2, {size}), 'x'), (3, {score}(3, 4, {size}), (aws_comprehend.detect_sentiment('good', 'en')).sentiment)",
        f"UPDATE target SET score = {score}(id, 1, {size}), note = (aws_comprehend.detect_sentiment('good', 'en')).sentiment WHERE id < {draw.randint(2, 40)}",
        f"DELETE FROM target WHERE {score}(id, 1, {size}) > {draw.randint(1, 60)}",
        f"REFRESH MATERIALIZED VIEW seen; INSERT INTO target SELECT id + 200, {call}, NULL FROM t WHERE {few}",
    ]
    if draw.random() < 0.5:
        return draw.choice(reads), ()
    return draw.choice(writes), ("made", "made_view")


def settings(draw: random.Random) -> str:
    """How the statement is planned and run."""
    chosen = {
        "apg_enable_function_migration": draw.choice(["on", "on", "off"]),
        "apg_enable_batch_mode_function_execution": draw.choice(["on", "on", "off"]),
        "auroraml.migrate_update": draw.choice(["on", "off"]),
        "max_parallel_workers_per_gather": draw.choice(["0", "2"]),
        "force_parallel_mode": draw.choice(["off", "on"]),
    }
    return "; ".join(f"SET {name} = {value}" for name, value in chosen.items())


def faults(draw: random.Random, service: str) -> dict[str, object]:
    """Some faults that a service can have, each now and then."""
    known = list(KNOWN[service])
    chances: dict[str, object] = {name: draw.choice([0.02, 0.1, 0.3]) for name in draw.sample(known, draw.randint(0, 4))}
    return {**chances, "duplicate": chances.get("duplicate", 1e-9), "seed": draw.randrange(1 << 30)}  # never without faults: hosts count the calls


def outcome(connection: auroraml.Connection, sql: str, made: tuple[str, ...]) -> tuple[object, ...]:
    """What a statement gives: its rows, in any order unless it orders them, and what is in the tables it makes."""
    cursor = connection.execute(sql)
    rows = cursor.fetchall() if cursor.description is not None else []
    found: list[object] = [rows if "ORDER BY" in sql else sorted(rows, key=repr)]
    for name in made:
        if connection.execute("SELECT count(*) FROM pg_class WHERE relname = %s", (name,)).fetchone() != (0,):
            found.append(sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr))
    return tuple(found)


def hosts(connection: auroraml.Connection) -> list[Host]:
    """The simulated hosts of a connection's services."""
    services = connection.database.service_clients
    found = [services.comprehend.host, *services.sagemaker.hosts.values(), *services.bedrock.hosts.values()]  # type: ignore[attr-defined, union-attr] # embedded
    return [host for host in found if host is not None]


def run(pair: Pair, seed: int) -> bool:
    """One run; whether it succeeded in spite of its faults."""
    draw = random.Random(seed)
    sql, made = statement(draw)
    pair.restore()
    pair.faulty.execute(settings(draw))
    services = pair.faulty.database.service_clients
    services.quota.left = QUOTA
    for target, service in (("comprehend", "Comprehend"), (ENDPOINT, "SageMaker"), (CSV, "SageMaker"), (MODEL, "Bedrock"), (TEXTS, "Bedrock")):
        services.simulated.set_faults(target, faults(draw, service))
    services.meter.reset()
    services.log.clear()
    before = pair.faulty.execute(STATE).fetchall() if made else None
    wanted = pair.fault_free(sql, made)
    failed, pair.changed = False, bool(made)
    try:
        got = outcome(pair.faulty, sql, made)
    except errors.DatabaseError as error:
        failed = True
        assert error.sqlstate == "58000", (seed, sql, error)
        assert error.diag.message_detail, (seed, sql, error)
        assert not made or pair.faulty.execute(STATE).fetchall() == before, (seed, sql)
    else:
        assert got == wanted, (seed, sql)
        assert not made or pair.faulty.execute(STATE).fetchall() == pair.plain.execute(STATE).fetchall(), (seed, sql)
    total, records = services.meter.total, services.log.records()
    came = sum(host.counts.came + host.counts.blocked for host in hosts(pair.faulty))
    assert total.calls + total.retries == came, (seed, sql, total, came)
    assert sum(record.attempts for record in records) == came, (seed, sql)
    assert total.failures == sum(record.error not in (None, "abandoned", "cancelled") for record in records), (seed, sql)  # workers that were stopped
    return not failed


def test_random_statements_with_random_faults(request: pytest.FixtureRequest) -> None:
    count = WHOLE if request.config.getoption("--soak") else SHORT
    pair, succeeded = Pair(), 0
    for seed in range(count):
        succeeded += run(pair, seed)
        if seed % 2500 == 2499:
            pair.close()
            pair = Pair()
    pair.close()
    assert count * 0.1 < succeeded < count * 0.9
