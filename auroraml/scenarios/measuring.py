"""Measuring: one point of a scenario's grid: its database made, its statements run, in virtual time or in real time, against any services."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from auroraml.dbapi.connection import Connection
from auroraml.dbapi.cursor import Cursor
from auroraml.dbapi.database import Database
from auroraml.errors import DatabaseError
from auroraml.errors.report import of_end, report
from auroraml.scenarios.places import At
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
            for number, measure in enumerate(scenario.measures):
                tell(f"{measure.name} {_named(point)}")
                with failing(scenario, point, "measure", number, "sql", sql=text(measure.sql, {**point, "i": 1})):
                    found = outcome(made[1], measure, point, options)
                yield found
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
    try:
        config = config_of(scenario.folder / scenario.name, service)
        more: dict[str, Any] = {**config.services, **config.tables, "prices": config.prices}
        if config.cluster is not None:
            more["cluster"] = config.cluster
        if options.services is not None:
            more["services"] = options.services
        database = Database(endpoints=config.endpoints, parameters=config.parameters, config=options.config, **more)
    except (ValueError, TypeError, ImportError, AttributeError) as error:  # as wrong values, and callables that are not there, are told
        raise ValueError(f"{_service(scenario, service, str(error))}{error}") from error
    connection = database.connect(user=USER, autocommit=True, owned=True)
    connection.execute("CREATE EXTENSION IF NOT EXISTS aws_ml CASCADE")
    for name, value in scenario.settings.items():
        with failing(scenario, point, "settings", name):
            connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, text(value, point)])
    for data in scenario.tables:
        with failing(scenario, point, "tables", data.name):
            _table(connection, data, point, scenario)
    for number, sql in enumerate(scenario.setup):
        with failing(scenario, point, "setup", number, sql=text(sql, point)):
            connection.execute(text(sql, point))
    if options.clock == "virtual":
        connection.execute("SET auroraml.clock = 'virtual'")
    return connection


def _service(scenario: Scenario, service: Mapping[str, object], message: str) -> str:
    """Where what is wrong with the services stands, as far as its message tells: at a value that it quotes, or the table of services."""
    for at, value in _leaves(service, ("service",)):
        if any(repr(part) in message for part in (at[-1], *(value.split(":") if isinstance(value, str) else (value,)))):
            return scenario.place(*at)
    return scenario.place("service")


def _leaves(value: object, at: At) -> Iterator[tuple[At, object]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*at, key))
    else:
        yield at, value


class Unmeasured(Exception):
    """A statement of a scenario failed: where it stands, the error as psql tells it, and the point of the grid."""


@contextmanager
def failing(scenario: Scenario, point: Point, *at: str | int, sql: str = "") -> Iterator[None]:
    """Tell of an error inside where the statement stands; `sql`: what is written there, which may be the end of what was sent."""
    try:
        yield
    except DatabaseError as error:
        sent = next((note for note in getattr(error, "__notes__", ())), sql)
        told = report(*of_end(error.diag, sent, sql)) if sent else f"ERROR:  {error}\n"
        where = f"at {_named(point)}\n" if point else ""
        raise Unmeasured(f"{scenario.place(*at)}{told}{where}".rstrip("\n")) from error
    except ValueError as error:
        key = str(error).partition(" ")[0]  # a measure's times or rows
        raise ValueError(f"{scenario.place(*at[:-1], key) if at[-1] == 'sql' else scenario.place(*at)}{error}") from error
    except OSError as error:
        raise ValueError(f"{scenario.place(*at)}{error.filename or error}{f': {error.strerror}' if error.strerror else ''}") from error


def _table(connection: Connection, data: Data, point: Point, scenario: Scenario) -> None:
    if data.file:
        path = scenario.folder / text(data.file, point)
        if not path.exists():
            raise ValueError(f"{path}: No such file or directory")
        connection.register("loading", pq.read_table(path) if path.suffix == ".parquet" else pacsv.read_csv(path))
        source = "TABLE loading"
    else:
        source = text(data.generator, point)
    at = ("tables", data.name)
    if data.columns:
        create, insert = f"CREATE TABLE {data.name} ({text(data.columns, point)})", f"INSERT INTO {data.name} {source}"
        with failing(scenario, point, *at, "columns", sql=create):
            connection.execute(create)
        with failing(scenario, point, *at, "file" if data.file else "generator", sql=source):
            _sent(connection, insert)
    else:
        with failing(scenario, point, *at, "file" if data.file else "generator", sql=source):
            _sent(connection, f"CREATE TABLE {data.name} AS {source}")
    if data.file:
        connection.execute("DROP TABLE loading")
    if data.options:
        alter = f"ALTER TABLE {data.name} SET ({text(data.options, point)})"
        with failing(scenario, point, *at, "options", sql=alter):
            connection.execute(alter)
    connection.execute(f"VACUUM ANALYZE {data.name}")
    if data.simulated:
        count = whole_number(data.simulated, point, f"tables.{data.name}.simulated")
        connection.execute("SELECT auroraml.simulate_rows(%s, %s)", [data.name, count])


def _sent(connection: Connection, sql: str) -> Cursor:
    """The statement executed; its error says what was sent, which is more than what is written in the file."""
    try:
        return connection.execute(sql)
    except DatabaseError as error:
        error.add_note(sql)
        raise


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
    cursor = _sent(connection, sql)
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
    (found,) = _sent(connection, f"EXPLAIN (ANALYZE, CHARGES, FORMAT json) {sql}").fetchone() or ("",)
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
