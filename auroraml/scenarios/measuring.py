"""Measuring: one point of a scenario's grid: its database made, its statements run, in virtual time or in real time, against any services."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from auroraml.dbapi.connection import Connection
from auroraml.dbapi.database import Database
from auroraml.scenarios.scenario import Data, Measure, Point, Scenario, filled, text, whole_number
from auroraml.services.config import config_of

USER = "rdsadmin"


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a scenario is run. `services`, `config`: as `auroraml.connect` has them, before what the scenario says of services."""

    clock: str = "virtual"
    repeat: int = 1
    services: str | None = None
    config: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one measure came to at one point of the grid; seconds are virtual or real as the run was, medians over repeats.

    `statement_p50`, `statement_p95`: seconds of one execution. `amount`: in `currency`, None where something had no price.
    `call_p50`, `call_p95`: seconds of one request, waiting for an instance included.
    """

    measure: str
    point: Point
    seconds: float
    spread: float
    first_row: float | None
    statement_p50: float
    statement_p95: float
    executions: int
    rows: int
    calls: int
    retries: int
    failures: int
    call_p50: float | None
    call_p95: float | None
    amount: Decimal | None
    currency: str

    @property
    def throughput(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds if self.seconds else 0.0


@dataclass
class Run:
    """One run of a measure: every execution's seconds, rows and requests."""

    seconds: list[float] = field(default_factory=list)
    rows: int = 0
    calls: int = 0
    retries: int = 0
    failures: int = 0
    milliseconds: list[float] = field(default_factory=list)  # of requests
    amount: Decimal | None = Decimal(0)
    currency: str = ""

    def count(self, calls: int, retries: int, failures: int) -> None:
        """So many requests more."""
        self.calls += calls
        self.retries += retries
        self.failures += failures

    def charge(self, amount: Decimal | None, currency: str) -> None:
        """So much more to pay; None: nobody knows what."""
        self.amount = None if self.amount is None or amount is None else self.amount + amount
        self.currency = currency


Told = Callable[[str], None]


def measured(scenario: Scenario, options: Options, tell: Told = lambda what: None) -> Iterator[Outcome]:
    """All points and measures; a database serves the points that differ only in what is measured. `tell` hears what is about to run."""
    made: tuple[object, Connection] | None = None
    try:
        for point in scenario.points():
            place = _made_of(scenario, point)
            fresh = place != (None if made is None else made[0]) or any(_changes(measure.sql) for measure in scenario.measures)
            if fresh:
                if made is not None:
                    made[1].close()
                tell(f"preparing {_named(point)}")
                made = place, prepared(scenario, point, options)
            assert made is not None
            for measure in scenario.measures:
                tell(f"{measure.name} {_named(point)}")
                yield outcome(made[1], measure, point, options)
    finally:
        if made is not None:
            made[1].close()


def _named(point: Point) -> str:
    return " ".join(f"{name}={value}" for name, value in point.items())


def _changes(sql: str) -> bool:
    """Whether a statement leaves something behind, so that the next point begins with a database of its own."""
    return sql.lstrip().split(None, 1)[0].lower() not in ("select", "with", "values", "table", "explain")


def _made_of(scenario: Scenario, point: Point) -> object:
    """What a point's database is made of."""
    tables = [[data.columns, data.generator, data.file, data.options, str(data.simulated)] for data in scenario.tables]
    return filled([dict(scenario.service), dict(scenario.settings), tables, list(scenario.setup)], point)


def prepared(scenario: Scenario, point: Point, options: Options) -> Connection:
    """A connection to a new database as the scenario describes it at `point`."""
    service = filled(scenario.service, point)
    assert isinstance(service, Mapping)
    config = config_of(scenario.folder / scenario.name, service)
    more: dict[str, Any] = {**config.services, **config.tables, "prices": config.prices}
    if config.cluster is not None:
        more["cluster"] = config.cluster
    if options.services is not None:
        more["services"] = options.services
    database = Database(endpoints=config.endpoints, parameters=config.parameters, config=options.config, **more)
    connection = database.connect(user=USER, autocommit=True, owned=True)
    connection.execute("CREATE EXTENSION IF NOT EXISTS aws_ml CASCADE")
    for name, value in scenario.settings.items():
        connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, text(value, point)])
    for data in scenario.tables:
        _table(connection, data, point, scenario.folder)
    for sql in scenario.setup:
        connection.execute(text(sql, point))
    if options.clock == "virtual":
        connection.execute("SET auroraml.clock = 'virtual'")
    return connection


def _table(connection: Connection, data: Data, point: Point, folder: Path) -> None:
    if data.file:
        path = folder / text(data.file, point)
        connection.register("loading", pq.read_table(path) if path.suffix == ".parquet" else pacsv.read_csv(path))
        source = "TABLE loading"
    else:
        source = text(data.generator, point)
    if data.columns:
        connection.execute(f"CREATE TABLE {data.name} ({text(data.columns, point)})")
        connection.execute(f"INSERT INTO {data.name} {source}")
    else:
        connection.execute(f"CREATE TABLE {data.name} AS {source}")
    if data.file:
        connection.execute("DROP TABLE loading")
    if data.options:
        connection.execute(f"ALTER TABLE {data.name} SET ({text(data.options, point)})")
    connection.execute(f"VACUUM ANALYZE {data.name}")
    if data.simulated:
        count = whole_number(data.simulated, point, f"tables.{data.name}.simulated")
        connection.execute("SELECT auroraml.simulate_rows(%s, %s)", [data.name, count])


def outcome(connection: Connection, measure: Measure, point: Point, options: Options) -> Outcome:
    """What a measure comes to; in real time after one execution that does not count (of what changes nothing)."""
    way = _in_virtual_time if options.clock == "virtual" else _in_real_time
    if options.clock == "real" and not _changes(measure.sql):
        way(connection, text(measure.sql, {**point, "i": 0}), Run())
    runs = [_run(connection, measure, point, way) for _ in range(options.repeat)]
    first = None
    if measure.first_row:
        found = Run()
        way(connection, f"SELECT * FROM ({text(measure.sql, {**point, 'i': 1})}) AS first_row LIMIT 1", found)
        first = found.seconds[0]
    totals = [sum(run.seconds) for run in runs]
    middle = runs[int(np.argsort(totals)[len(totals) // 2])]
    one = np.array([seconds for run in runs for seconds in run.seconds])
    requests = np.array([x for run in runs for x in run.milliseconds]) / 1000
    return Outcome(
        measure=measure.name, point=dict(point), seconds=statistics.median(totals), spread=max(totals) - min(totals), first_row=first,
        statement_p50=float(np.median(one)), statement_p95=float(np.quantile(one, 0.95)), executions=len(middle.seconds),
        rows=_rows(measure, point, middle), calls=middle.calls, retries=middle.retries, failures=middle.failures,
        call_p50=float(np.median(requests)) if len(requests) else None, call_p95=float(np.quantile(requests, 0.95)) if len(requests) else None,
        amount=middle.amount, currency=middle.currency,
    )  # fmt: skip


def _rows(measure: Measure, point: Point, run: Run) -> int:
    return whole_number(measure.rows, point, "rows") * len(run.seconds) if measure.rows else run.rows


Way = Callable[[Connection, str, Run], None]


def _run(connection: Connection, measure: Measure, point: Point, way: Way) -> Run:
    run = Run()
    for i in range(1, whole_number(measure.times, point, "times") + 1):
        of_run = {**point, "i": i}
        for sql in measure.before:
            connection.execute(text(sql, of_run))
        way(connection, text(measure.sql, of_run), run)
    return run


def _in_real_time(connection: Connection, sql: str, run: Run) -> None:
    """Execute and fetch."""
    log = connection.database.service_clients.log
    log.clear()
    connection.database.reset_bill()
    started = time.perf_counter()
    cursor = connection.execute(sql)
    rows = cursor.fetch_arrow_table().num_rows if cursor.description is not None else max(cursor.rowcount, 0)
    run.seconds.append(time.perf_counter() - started)
    run.rows += rows
    for line in connection.database.bill():
        run.count(line.calls, line.retries, line.failures)
        run.charge(line.amount, line.currency)
    run.milliseconds += [record.milliseconds for record in log.records()]


def _in_virtual_time(connection: Connection, sql: str, run: Run) -> None:
    """Have the statement explained as it runs: the plan tells its virtual times and its charges."""
    log = connection.database.service_clients.log
    log.clear()
    (found,) = connection.execute(f"EXPLAIN (ANALYZE, CHARGES, FORMAT json) {sql}").fetchone() or ("",)
    document = found[0] if isinstance(found, list) else json.loads(found)[0]
    run.seconds.append((document["Planning Time"] + document["Execution Time"]) / 1000)
    run.rows += _rows_of(document["Plan"])
    charges = document.get("Total Charges", {})
    run.count(charges.get("Calls", 0), charges.get("Retries", 0), charges.get("Failures", 0))
    if charges:
        amount = charges["Amount"]
        run.charge(None if amount is None else Decimal(str(amount)), charges["Currency"])
    run.milliseconds += [record.milliseconds for record in log.records()]


def _rows_of(plan: Mapping[str, Any]) -> int:
    """The rows a statement returned, or changed: those that came to its ModifyTable."""
    if plan["Node Type"] != "ModifyTable" or plan["Actual Rows"]:
        return int(plan["Actual Rows"] * plan["Actual Loops"])
    return sum(int(child["Actual Rows"] * child["Actual Loops"]) for child in plan.get("Plans", []) if child["Parent Relationship"] == "Outer")
