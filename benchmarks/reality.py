"""Simulation against reality: 30 scenarios whose calls really sleep and 16 plans without calls, beside what the virtual clock says of them.

`python -m benchmarks.reality` (the plans: `python -m benchmarks.reality plain`) prints a table. The machine should be idle: what is simulated is a machine that is.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

import auroraml
from auroraml.services.clock import RealClock
from auroraml.services.embedded.hosting import HostingOptions
from auroraml.services.numbers import Numbers
from benchmarks.figures import Figure, of

WANTED = 5.0  # percent
RUNS = 5  # real runs of a scenario: where many come at once, chance says who is first, and that can make a round of calls more or less
WANTED_PLAIN = 10.0
PLAIN_ROWS, PLAIN_RUNS = 200_000, 7


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A statement over `rows` rows, and where it calls."""

    rows: int
    batch: int
    workers: int = 0
    sql: str = "SELECT scored(body) FROM support"
    hosting: HostingOptions = field(default_factory=HostingOptions)


def _hosted(
    latency: Mapping[str, object], instances: int = 1, concurrency: int | None = None, max_queue: int | None = None, routing: str = "RANDOM"
) -> HostingOptions:
    return HostingOptions(latency=latency, instances=instances, concurrency=concurrency, max_queue=max_queue, routing=routing)


def _fixed(base: float, per_row: float = 0.0) -> Mapping[str, object]:
    return {"base": base, "per_row": per_row}


def _normal(base: float) -> Mapping[str, object]:
    return {"base": base, "distribution": "normal", "spread": 0.01}


def _lognormal(base: float) -> Mapping[str, object]:
    return {"base": base, "distribution": "lognormal", "spread": 0.4}


SUM, SORTED = "SELECT sum(scored(body)) FROM support", "SELECT scored(body) AS s FROM support ORDER BY s"
SCENARIOS = {
    "one participant, 10 batches": Scenario(rows=1_000, batch=100, hosting=_hosted(_fixed(0.05))),
    "one participant, large batches": Scenario(rows=4_000, batch=1_000, hosting=_hosted(_fixed(0.15))),
    "one participant, small batches": Scenario(rows=200, batch=10, hosting=_hosted(_fixed(0.03))),
    "one participant, by rows": Scenario(rows=2_000, batch=250, hosting=_hosted(_fixed(0.02, 0.0002))),
    "one participant, normal": Scenario(rows=1_000, batch=100, hosting=_hosted(_normal(0.05))),
    "one participant, lognormal": Scenario(rows=1_000, batch=100, hosting=_hosted(_lognormal(0.05))),
    "a last batch": Scenario(rows=1_050, batch=200, hosting=_hosted(_fixed(0.08, 0.0001))),
    "LIMIT": Scenario(rows=2_000, batch=100, hosting=_hosted(_fixed(0.08)), sql="SELECT scored(body) FROM support LIMIT 650"),
    "LIMIT within a batch": Scenario(rows=2_000, batch=500, hosting=_hosted(_fixed(0.3)), sql="SELECT scored(body) FROM support LIMIT 5"),
    "sum": Scenario(rows=1_000, batch=100, hosting=_hosted(_fixed(0.05)), sql=SUM),
    "sorted": Scenario(rows=1_000, batch=100, hosting=_hosted(_fixed(0.05)), sql=SORTED),
    "1 worker": Scenario(rows=2_000, batch=100, workers=1, hosting=_hosted(_fixed(0.05))),
    "2 workers": Scenario(rows=3_000, batch=100, workers=2, hosting=_hosted(_fixed(0.05))),
    "3 workers": Scenario(rows=4_000, batch=100, workers=3, hosting=_hosted(_fixed(0.05))),
    "4 workers": Scenario(rows=5_000, batch=100, workers=4, hosting=_hosted(_fixed(0.05))),
    "4 workers, normal": Scenario(rows=5_000, batch=100, workers=4, hosting=_hosted(_normal(0.05))),
    "4 workers, lognormal": Scenario(rows=5_000, batch=100, workers=4, hosting=_hosted(_lognormal(0.05))),
    "4 workers, 1 instance": Scenario(rows=2_000, batch=100, workers=4, hosting=_hosted(_fixed(0.03), 1, 1)),
    "4 workers, 2 instances": Scenario(rows=3_000, batch=100, workers=4, hosting=_hosted(_fixed(0.04), 2, 1)),
    "4 workers, 4 instances": Scenario(rows=5_000, batch=100, workers=4, hosting=_hosted(_fixed(0.05), 4, 1)),
    "2 workers, 3 instances, lognormal": Scenario(rows=3_000, batch=100, workers=2, hosting=_hosted(_lognormal(0.04), 3, 1)),
    "3 workers, 2 instances, normal": Scenario(rows=3_000, batch=100, workers=3, hosting=_hosted(_normal(0.04), 2, 1)),
    "2 requests an instance": Scenario(rows=4_000, batch=100, workers=4, hosting=_hosted(_fixed(0.05), 1, 2)),
    "2 requests an instance, lognormal": Scenario(rows=4_000, batch=100, workers=4, hosting=_hosted(_lognormal(0.05), 2, 2)),
    "fewest requests first": Scenario(rows=4_000, batch=100, workers=4, hosting=_hosted(_fixed(0.05), 3, 1, routing="LEAST_OUTSTANDING_REQUESTS")),
    "fewest requests first, lognormal": Scenario(
        rows=4_000, batch=100, workers=3, hosting=_hosted(_lognormal(0.05), 4, 1, routing="LEAST_OUTSTANDING_REQUESTS")
    ),
    "sum, 4 workers, 2 instances": Scenario(rows=3_000, batch=100, workers=4, hosting=_hosted(_fixed(0.04), 2, 1), sql=SUM),
    "sorted, 3 workers": Scenario(rows=4_000, batch=100, workers=3, hosting=_hosted(_fixed(0.05)), sql=SORTED),
    "a queue of 3": Scenario(rows=3_000, batch=100, workers=3, hosting=_hosted(_fixed(0.03), 1, 1, max_queue=3)),
    "throttled and sent again": Scenario(rows=1_200, batch=300, workers=1, hosting=_hosted(_fixed(0.2), 1, 1, max_queue=0)),
}  # fmt: skip


PLAIN = {  # over t (a: all different, b: 16 values, c: texts, d: numerics) and u, a tenth of it
    "a scan": "SELECT a, b FROM t",
    "a condition": "SELECT a FROM t WHERE a % 3 = 0",
    "a condition on texts": "SELECT a FROM t WHERE c LIKE '%77%'",
    "sums": "SELECT count(*), sum(a), max(b) FROM t",
    "sums of numerics": "SELECT sum(d), avg(d) FROM t",
    "few groups": "SELECT b, count(*), sum(a) FROM t GROUP BY b",
    "groups of texts": "SELECT c, count(*) FROM t GROUP BY c",
    "sorted numbers": "SELECT a FROM t ORDER BY b, a DESC",
    "sorted texts": "SELECT a FROM t ORDER BY c",
    "sorted numerics": "SELECT a FROM t ORDER BY d DESC",
    "the first numbers": "SELECT a FROM t ORDER BY b, a DESC LIMIT 10",
    "the first texts": "SELECT a FROM t ORDER BY c DESC LIMIT 10",
    "the first numerics": "SELECT a FROM t ORDER BY d DESC LIMIT 10",
    "joined numbers": "SELECT count(*) FROM t JOIN u ON t.a = u.a",
    "joined texts": "SELECT count(*) FROM t JOIN u ON t.c = u.c",
    "ranks": "SELECT a, rank() OVER (PARTITION BY b ORDER BY a) FROM t",
}


class SameJitter(RealClock):
    """The machine's clock, whose retries wait as long as those of virtual time."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = Numbers(0, "retry")

    def jitter(self) -> float:
        """The next number."""
        return self._numbers.uniform()


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Milliseconds by each clock (really: the mean of some runs), and the calls that the first one made, by rows and attempts, in their order."""

    real: float
    runs: Sequence[float]
    virtual: float
    without_rows: float
    calls: Sequence[tuple[int, int]]
    virtual_calls: Sequence[tuple[int, int]]

    @property
    def off(self) -> float:
        """Percent that the virtual time is away from the real one."""
        return apart(self.real, self.virtual)


def connected(scenario: Scenario) -> auroraml.Connection:
    """A database with the scenario's table and endpoint, whose plans have been made once."""
    endpoint = auroraml.endpoints.Callable(lambda table: np.ones(table.num_rows), **scenario.hosting)
    connection = auroraml.connect(endpoints={"one": endpoint}, autocommit=True)
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    connection.execute(
        "CREATE FUNCTION scored(body text) RETURNS float LANGUAGE SQL PARALLEL SAFE COST 5000"
        f" AS $$ SELECT aws_sagemaker.invoke_endpoint('one', {scenario.batch}, body)::float $$"
    )
    connection.execute(f"CREATE TABLE support AS SELECT g AS id, 'text ' || g AS body FROM generate_series(1, {scenario.rows}) g; ANALYZE support")
    connection.execute(f"SET max_parallel_workers_per_gather = {scenario.workers}; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0")
    connection.execute(f"SET min_parallel_table_scan_size = 0; ALTER TABLE support SET (parallel_workers = {scenario.workers})")
    return connection


def _explained(connection: auroraml.Connection, sql: str) -> tuple[float, list[tuple[int, int]]]:
    connection.execute("SELECT auroraml.reset_service_calls()")
    lines = [row[0] for row in connection.execute(f"EXPLAIN ANALYZE {sql}").fetchall()]
    made = connection.execute("SELECT items, attempts FROM auroraml.service_calls ORDER BY start_ms, worker").fetchall()
    return float(lines[-1].split()[2]), [(items, attempts) for items, attempts in made]


def compare(scenario: Scenario, runs: int = RUNS) -> Taken:
    """Run a scenario by each clock, by the real one several times."""
    connection = connected(scenario)
    connection.execute("SET auroraml.clock = 'virtual'")
    virtual, virtual_calls = _explained(connection, scenario.sql)
    connection.execute(f"SELECT auroraml.simulate_rows('support', {scenario.rows})")
    without_rows, _ = _explained(connection, scenario.sql)
    connection.execute("SELECT auroraml.simulate_rows('support', NULL); SET auroraml.clock = 'real'")
    taken = [_really(connection, scenario.sql) for _ in range(runs)]
    connection.close()
    real = [milliseconds for milliseconds, _ in taken]
    return Taken(
        real=sum(real) / runs, runs=real, virtual=virtual, without_rows=without_rows, calls=taken[0][1], virtual_calls=virtual_calls
    )  # fmt: skip


def _really(connection: auroraml.Connection, sql: str) -> tuple[float, list[tuple[int, int]]]:
    """By the machine's clock, with the numbers that a virtual run draws: from the first on."""
    clock = SameJitter()
    session = connection.session
    session.all_services.clock = clock
    simulation = session.all_services.simulation
    assert simulation is not None
    session.all_services.sagemaker = simulation.anew(clock)["sagemaker"]
    return _explained(connection, sql)


def run() -> dict[str, Taken]:
    """All scenarios."""
    return {name: compare(scenario) for name, scenario in SCENARIOS.items()}


def plain(rows: int = PLAIN_ROWS, runs: int = PLAIN_RUNS) -> dict[str, tuple[float, float]]:
    """The milliseconds of plans without calls: real (the least of several runs), and virtual."""
    connection = auroraml.connect(autocommit=True)
    connection.execute(
        f"CREATE TABLE t AS SELECT g AS a, g % 16 AS b, 'text ' || (g::int8 * 7919 % {rows}) AS c, g / 7.0 AS d FROM generate_series(1, {rows}) g"
    )
    connection.execute("CREATE TABLE u AS SELECT * FROM t WHERE a % 10 = 0; ANALYZE")
    connection.execute("SET max_parallel_workers_per_gather = 0; SET work_mem = '256MB'; SET enable_mergejoin = off")
    found = {}
    for name, sql in PLAIN.items():
        real = min(_milliseconds(connection, sql) for _ in range(runs))
        connection.execute("SET auroraml.clock = 'virtual'")
        found[name] = real, _milliseconds(connection, sql)
        connection.execute("SET auroraml.clock = 'real'")
    connection.close()
    return found


def _milliseconds(connection: auroraml.Connection, sql: str) -> float:
    return float(connection.execute(f"EXPLAIN ANALYZE {sql}").fetchall()[-1][0].split()[2])


def apart(real: float, virtual: float) -> float:
    """Percent that the virtual time is away from the real one."""
    return abs(virtual - real) * 100 / real


def figures() -> list[Figure]:
    """What `make bench` prints of it."""
    made = [
        of("reality", name, {"auroraml": taken.off, "wanted": WANTED}, unit="percent off", goals={"wanted": 1.0}) for name, taken in run().items()
    ]
    for name, (real, virtual) in plain().items():
        made.append(
            of("reality", f"no calls: {name}", {"auroraml": apart(real, virtual), "wanted": WANTED_PLAIN}, unit="percent off", goals={"wanted": 1.0})
        )
    return made


def print_plain() -> float:
    """A table of the plans without calls; the percents that the furthest is off."""
    worst = 0.0
    for name, (real, virtual) in plain().items():
        worst = max(worst, apart(real, virtual))
        print(f"{name:38} {real:9.2f} {virtual:9.2f} {virtual / real:9.2f} of the real time")
    return worst


def main() -> None:
    """Print a table."""
    print(f"load {os.getloadavg()[0]:.1f}, {time.strftime('%Y-%m-%d %H:%M')}")
    if sys.argv[1:] == ["plain"]:
        sys.exit(print_plain() > WANTED_PLAIN)
    print(f"{'scenario':38} {'real ms':>9} {'from':>7} {'to':>7} {'virtual':>9} {'no rows':>9} {'off':>6}  calls")
    worst = 0.0
    for name, scenario in SCENARIOS.items():
        taken = compare(scenario)
        worst = max(worst, taken.off)
        alike = "alike" if list(taken.calls) == list(taken.virtual_calls) else f"{len(taken.virtual_calls)} in virtual time, in another order"
        ends = f"{min(taken.runs):7.1f} {max(taken.runs):7.1f}"
        print(
            f"{name:38} {taken.real:9.1f} {ends} {taken.virtual:9.1f} {taken.without_rows:9.1f} {taken.off:5.1f}%  {len(taken.calls)} {alike}",
            flush=True,
        )
    print(f"the furthest off: {worst:.1f} %")
    if worst > WANTED:
        sys.exit(1)


if __name__ == "__main__":
    main()
