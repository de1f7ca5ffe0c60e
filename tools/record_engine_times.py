"""Measure what the engine's own work takes, plan node by plan node, and write auroraml/executor/engine_times.py: `python -m tools.record_engine_times`.

Each statement runs several times; a node's own processor time is its pull's without those of the nodes below. A node's rates are the least squares
fit, none below zero, of its times over how often it started, ran, was asked, read and gave rows, and (sorts) compared them; nodes that sort or look up
values are measured by what these are, and all together for those that were not.
"""

from __future__ import annotations

import itertools
import math
import re
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import auroraml
from auroraml.batch import Batch
from auroraml.executor.pace import Pace, compared, counts, nodes_of, pace_of
from auroraml.executor.work import VALUES, computed, kind_of, work_of
from auroraml.ir.physical import Aggregate, PhysicalPlan
from auroraml.ir.tree import walk
from auroraml.services.clock import REAL, Clock, RealClock
from auroraml.services.endpoints import Callable as Model
from auroraml.services.protocols import Prompt
from auroraml.sql import parse

TARGET = Path(__file__).resolve().parent.parent / "auroraml" / "executor" / "engine_times.py"
RUNS = 3
SORTS = ("Sort", "TopSort")  # the kinds that compare rows
SIZES = (200, 3_000, 40_000, 200_000)
OPERATIONS = {  # over t, by engine_times.OPERATIONS' names
    "operation on number": ("a + b", "a % 7", "a / 3", "a < b"),
    "operation on numeric": ("d * 2", "d + a", "d > 7"),
    "operation on text": ("upper(c)", "c LIKE '%9%'", "length(c)", "c || '!'"),
    "aggregate of number": ("count(*)", "sum(a)", "min(a)", "avg(b)"),
    "aggregate of numeric": ("sum(d)", "avg(d)", "max(d)"),
    "aggregate of text": ("max(c)", "min(c)", "count(c)"),
}
STATEMENTS: tuple[tuple[str, str], ...] = (  # settings, statement over tables t(a, b, c, d), u (a tenth of it), w (16 groups)
    ("", "SELECT 1"),
    ("", "SELECT a, b FROM t"),
    ("", "SELECT a FROM t WHERE b < 10"),
    ("", "SELECT a + b, c FROM t WHERE a % 2 = 0"),
    ("", "SELECT ctid, a FROM t WHERE ctid = '(0,1)'"),
    ("", "SELECT a FROM t TABLESAMPLE bernoulli (50)"),
    ("", "SELECT a FROM t WHERE a BETWEEN 10 AND 150"),
    ("enable_seqscan = off; enable_bitmapscan = off", "SELECT a, b FROM t WHERE a > 5"),
    ("enable_seqscan = off; enable_bitmapscan = off", "SELECT a FROM t WHERE a > 5"),
    ("enable_seqscan = off; enable_indexscan = off; enable_indexonlyscan = off", "SELECT a, b FROM t WHERE a > 5"),
    ("enable_seqscan = off; enable_indexscan = off; enable_indexonlyscan = off", "SELECT a, b FROM t WHERE a < 50 OR a > 80"),
    ("", "SELECT g FROM generate_series(1, 100) g"),
    ("", "SELECT g, a FROM (SELECT a FROM u LIMIT 100) x, LATERAL generate_series(1, a % 5) g"),
    ("", "SELECT generate_series(1, b % 4) FROM t"),
    ("", "SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, 'c')) v(a, b)"),
    ("", f"SELECT * FROM (VALUES {', '.join(f'({n}, {n})' for n in range(100))}) v(a, b)"),
    ("", "SELECT a FROM (SELECT a, row_number() OVER () r FROM t) x WHERE r % 2 = 0"),
    ("", "WITH x AS MATERIALIZED (SELECT a FROM t) SELECT count(*) FROM x"),
    ("", "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 50) SELECT n FROM r"),
    ("enable_mergejoin = off; enable_nestloop = off", "SELECT t.c, u.c FROM t JOIN u USING (a)"),
    ("enable_mergejoin = off; enable_nestloop = off", "SELECT count(*) FROM t JOIN w ON t.b = w.b"),
    ("enable_hashjoin = off; enable_nestloop = off", "SELECT t.c, u.c FROM t JOIN u USING (a)"),
    ("enable_hashjoin = off; enable_mergejoin = off; enable_memoize = off", "SELECT t.c, u.c FROM u JOIN t USING (a)"),
    ("enable_hashjoin = off; enable_mergejoin = off", "SELECT t.c, x.a FROM t JOIN LATERAL (SELECT a FROM u WHERE u.a = t.b * 10) x ON true"),
    ("", "SELECT count(*) FROM (SELECT * FROM u LIMIT 300) x, w"),
    ("", "SELECT a FROM t ORDER BY c"),
    ("", "SELECT a FROM t ORDER BY b"),
    ("", "SELECT c FROM t ORDER BY b, a DESC"),
    ("", "SELECT a FROM t ORDER BY c, b"),
    ("", "SELECT a FROM t ORDER BY d, b"),
    ("", "SELECT b, sum(a), avg(d), max(c) FROM t GROUP BY b"),
    ("", "SELECT b, a % 3, count(*), sum(a) FROM t GROUP BY b, a % 3"),
    ("", "SELECT b, c, count(*) FROM t GROUP BY b, c"),
    ("", "SELECT a FROM t ORDER BY d"),
    ("", "SELECT a FROM t ORDER BY c DESC LIMIT 10"),
    ("", "SELECT a FROM t ORDER BY b, a DESC LIMIT 10"),
    ("", "SELECT a FROM t ORDER BY a % 1000 LIMIT 100"),
    ("", "SELECT a FROM t ORDER BY d DESC LIMIT 10"),
    ("", "SELECT c, count(*) FROM t GROUP BY c"),
    ("", "SELECT d, count(*) FROM t GROUP BY d"),
    ("enable_mergejoin = off; enable_nestloop = off", "SELECT count(*) FROM t JOIN u ON t.c = u.c"),
    ("enable_mergejoin = off; enable_nestloop = off", "SELECT count(*) FROM t JOIN u ON t.d = u.d"),
    ("enable_seqscan = off", "SELECT a FROM t ORDER BY a, c LIMIT 500"),
    ("", "SELECT a FROM t LIMIT 100"),
    ("", "SELECT count(*), sum(a), max(c) FROM t"),
    ("", "SELECT b, count(*) FROM t GROUP BY b"),
    ("", "SELECT a, count(*) FROM t GROUP BY a"),
    ("enable_hashagg = off", "SELECT b, count(*), avg(a) FROM t GROUP BY b"),
    ("enable_hashagg = off", "SELECT b FROM t GROUP BY b"),
    ("enable_hashagg = off", "SELECT DISTINCT b FROM t"),
    ("", "SELECT a, rank() OVER (PARTITION BY b ORDER BY a), sum(a) OVER (PARTITION BY b ORDER BY a) FROM t"),
    ("", "SELECT a FROM t EXCEPT SELECT a FROM u"),
    ("", "SELECT a FROM t UNION ALL SELECT a FROM u"),
    ("enable_seqscan = off", "(SELECT a FROM t) UNION ALL (SELECT a FROM u) ORDER BY a LIMIT 200"),
    ("", "SELECT a FROM u FOR UPDATE"),
    ("", "UPDATE u SET b = b + 1"),
    ("", "INSERT INTO v SELECT a, b FROM u"),
    ("", "DELETE FROM v"),
    ("max_parallel_workers_per_gather = 2; min_parallel_table_scan_size = 0; parallel_setup_cost = 0; parallel_tuple_cost = 0", "SELECT a FROM t"),
    ("max_parallel_workers_per_gather = 2; min_parallel_table_scan_size = 0; parallel_setup_cost = 0; parallel_tuple_cost = 0", "SELECT a FROM t ORDER BY c"),
    ("", "SELECT endpoint(a) FROM t"),
)  # fmt: skip


class Counting(Pace):
    """Counts how often nodes are asked for rows, rather than moving a clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.pulls: dict[int, int] = defaultdict(int)
        self.operators: dict[int, Any] = {}

    def follow(self, running: Any) -> None:
        """Count the pulls of the leader's operators."""
        if threading.current_thread() is not threading.main_thread():
            return
        self.operators[running.node.id] = running
        produce = running.produce

        def counted(n: int) -> Batch | None:
            self.pulls[running.node.id] += 1
            batch: Batch | None = produce(n)
            return batch

        running.produce = counted


COUNTERS: list[Counting] = []
STARTS: dict[str, list[tuple[int, float]]] = {}  # by statement: nodes, and the seconds of each run that no node has


@pace_of.register
def _(clock: RealClock) -> Pace | None:
    COUNTERS.append(Counting(clock))
    return COUNTERS[-1]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What one node did, and the seconds of its own that it took."""

    kinds: tuple[str, ...]  # what it may be known by
    work: tuple[float, float, float, float, float, float]  # starts, loops, pulls, rows read, rows given, comparisons
    computed: tuple[tuple[str, int], ...]  # functions and operators, over how many rows
    seconds: float

    def nanoseconds(self, each: dict[str, float]) -> float:
        """What is left of it beside what its functions take; never next to nothing."""
        return max(self.seconds * 1e9 - sum(each[name] * rows for name, rows in self.computed), self.seconds * 1e8)


def connection(size: int) -> Any:
    """A database with tables of that size."""
    made = auroraml.connect(user="rdsadmin", autocommit=True, endpoints={"e": Model(lambda rows: rows.column(0))})
    made.execute(f"""CREATE EXTENSION aws_ml CASCADE;
CREATE FUNCTION endpoint(x int) RETURNS text LANGUAGE SQL VOLATILE PARALLEL SAFE COST 5000 AS $$ SELECT aws_sagemaker.invoke_endpoint('e', 1000, x) $$;
CREATE TABLE t AS SELECT g AS a, g % 16 AS b, 'text ' || (g * 7919 % {size}) AS c, g / 7.0 AS d FROM generate_series(1, {size}) g;
CREATE TABLE u AS SELECT * FROM t WHERE a % 10 = 0; CREATE TABLE w AS SELECT * FROM t WHERE a <= 16; CREATE TABLE v (a int, b int);
CREATE INDEX ON t (a); CREATE INDEX ON u (a); SET max_parallel_workers_per_gather = 0;""")
    made.execute("VACUUM ANALYZE")
    return made


def measured(made: Any, sql: str) -> dict[int, Sample]:
    """One run's samples by node."""
    session = made.session
    COUNTERS.clear()
    session.services = session.all_services.begin(sql)
    bound = session.bind(parse(sql)[0])
    plan = session.plan(bound)
    COUNTERS.clear()
    begun = time.thread_time()
    running = session.start(plan, bound, measured=True)
    while running.pull(1 << 62) is not None:
        pass
    running.close()
    STARTS.setdefault(sql, []).append((nodes_of(plan), time.thread_time() - begun - running.metrics.node(plan.id).total / 1000))
    counter = next(c for c in COUNTERS if c.operators)
    session.commit()
    nodes = [part for part in walk(plan) if isinstance(part, PhysicalPlan)]
    found = {}
    for node in nodes:
        metrics = running.metrics.node(node.id).own()
        if node.id not in counter.operators:
            continue
        below = [running.metrics.node(child.id).own() for child in node.children()]
        running_node = counter.operators[node.id]
        loops, given, read = counts(running_node, 0)
        made = read if isinstance(node, Aggregate) else given
        known = work_of(node, running_node.bounded)
        found[node.id] = Sample(
            kinds=tuple(dict.fromkeys((known, work_of(node), kind_of(node)))),
            work=(1, loops, counter.pulls[node.id], read, given, compared(read, loops)),
            computed=(*((name, read) for name in computed(node.filter)), *((name, made) for name in computed(node.targets))),
            seconds=max((metrics.total - sum(child.total for child in below)) / 1000, 0.0),
        )
    return found


def samples() -> list[Sample]:
    """All statements at all sizes, each node at its quickest."""
    found: list[Sample] = []
    for size in SIZES:
        made = connection(size)
        for settings, sql in STATEMENTS:
            names = [part.strip() for part in settings.split(";") if part.strip()]
            for setting in names:
                made.execute(f"SET {setting}")
            runs = [measured(made, sql) for _ in range(RUNS)]
            for id in runs[0]:
                found.append(min((run[id] for run in runs if id in run), key=lambda sample: sample.seconds))
            for setting in names:
                made.execute(f"RESET {setting.split('=')[0]}")
            made.execute("SET max_parallel_workers_per_gather = 0")
    return found


def operation(made: Any) -> dict[str, float]:
    """Nanoseconds of functions and operators on one row, by what they are: the middle one of each."""

    def took(expr: str) -> float:
        return min(next(iter(measured(made, f"SELECT {expr} FROM t").values())).seconds for _ in range(RUNS))

    plain, found = took("a"), {}
    for name, exprs in OPERATIONS.items():
        least = 0.0 if name.startswith("aggregate") else plain
        found[name] = float(f"{statistics.median(max(took(expr) - least, 0.0) for expr in exprs) / SIZES[-1] * 1e9:.3g}")
    for what in ("operation on", "aggregate of"):
        found[f"{what} {VALUES[-1]}"] = max(found[f"{what} {value}"] for value in VALUES[:-1])
    return found


def least_squares(work: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What to multiply the columns with, nothing below zero, so that the rows' sums come near what is wanted: of all choices of columns the best."""
    weight = np.sqrt(wanted)  # between counting seconds and counting shares of them
    scaled, target, best, least = work / weight[:, None], wanted / weight, np.zeros(work.shape[1]), math.inf
    for count in range(1, work.shape[1] + 1):
        for columns in itertools.combinations(range(work.shape[1]), count):
            part = np.linalg.lstsq(scaled[:, columns], target, rcond=None)[0]
            left = float(((scaled[:, columns] @ part - target) ** 2).sum())
            if (part >= 0).all() and left < least:
                best, least = np.zeros(work.shape[1]), left
                best[list(columns)] = part
    return best


def fitted(found: list[Sample], each: dict[str, float]) -> dict[str, tuple[float, ...]]:
    """The rates of each kind of node, in nanoseconds; errors count in proportion to the time. Comparisons are those of sorts alone."""
    rates: dict[str, tuple[float, ...]] = {}
    for kind in sorted({kind for sample in found for kind in sample.kinds}):
        own = [sample for sample in found if kind in sample.kinds and sample.seconds > 0]
        if not own:  # its work is done, and timed, by the node above
            rates[kind] = (0.0,) * 5
            continue
        wanted = np.array([sample.nanoseconds(each) for sample in own])
        work = np.array([sample.work for sample in own], float)
        if kind.split(" ")[0] not in SORTS:
            work = work[:, :5]
        solution = least_squares(work, wanted)
        rates[kind] = tuple(float(f"{value:.3g}") for value in solution)
        ratios = (work @ solution) / wanted
        print(f"{kind:28} {rates[kind]}  within {np.quantile(ratios, 0.1):.2f} to {np.quantile(ratios, 0.9):.2f} of {len(own)}")
    return rates


def best(run: Callable[[], object], times: int = 20) -> float:
    """The least seconds of processor time that something takes."""
    took = []
    for _ in range(times):
        start = time.thread_time()
        run()
        took.append(time.thread_time() - start)
    return min(took)


def planning(made: Any) -> tuple[float, float]:
    """Seconds of planning: a statement, and each node of its plan."""
    rows = []
    for _, sql in STATEMENTS:
        bound = made.session.bind(parse(sql)[0])
        nodes = nodes_of(made.session.plan(bound))
        made.session.commit()
        lines = [made.execute(f"EXPLAIN (SUMMARY) {sql}").fetchall()[-1][0] for _ in range(RUNS)]
        rows.append((1.0, float(nodes), min(float(re.search(r"[\d.]+", line)[0]) for line in lines) / 1000))  # type: ignore[index] # it has a number
    table = np.array(rows)
    solution = least_squares(table[:, :2], table[:, 2])
    return float(solution[0]), float(solution[1])


def starting() -> tuple[float, float]:
    """Seconds of making operators and letting them go: each statement, and each node."""
    table = np.array([(1.0, float(runs[0][0]), max(min(seconds for _, seconds in runs), 1e-6)) for runs in STARTS.values()])
    solution = least_squares(table[:, :2], table[:, 2])
    return float(solution[0]), float(solution[1])


def services(made: Any) -> None:
    """Print what services take that have no latency; it stands in services/embedded/hosting.py."""
    clients = made.session.all_services
    texts = ["a good day for a long walk in the hills, though it rained"] * 25
    one, many = best(lambda: clients.detect_sentiment(texts[:1], ["en"], single=True)), best(lambda: clients.detect_sentiment(texts, ["en"] * 25))
    prompt = Prompt(model="amazon.titan-text-express-v1", body='{"inputText": "hello world"}')
    print(f"Bedrock: base {best(lambda: clients.invoke_model(prompt)):.6f}")
    print(f"Comprehend: base {one - (many - one) / 24:.6f}, per row {(many - one) / 24:.7f}")


def main() -> None:
    REAL.now = time.thread_time  # processor time, which other work on the machine does not add to
    made = connection(SIZES[-1])
    each = operation(made)
    base, node = planning(made)
    services(made)
    rates = fitted(samples(), each)
    start, started = starting()
    lines = "".join(
        f'    "{kind}": NodeTimes({", ".join(f"{round(value):_}" if value >= 1000 else f"{value:g}" for value in values)}),\n'
        for kind, values in rates.items()
    )
    operators = "".join(f'    "{name}": {value:g},\n' for name, value in sorted(each.items()))
    text = TARGET.read_text(encoding="utf-8")
    head = text[: text.index("PLANNING, ")]
    others = tuple(float(f"{statistics.median(values):.3g}") for values in zip(*(values[:5] for values in rates.values()), strict=True))
    TARGET.write_text(
        f"{head}PLANNING, PLANNED_NODE = {base:.2g}, {node:.2g}  # seconds of planning: each statement, and each node of its plan\n"
        f"STARTING, STARTED_NODE = {start:.2g}, {started:.2g}  # seconds of making operators of a plan, and letting them go\n"
        "OPERATIONS: dict[str, float] = {  # nanoseconds of a function or operator of a node's outputs and conditions, each time it is computed\n"
        f"{operators}}}\n"
        f"OTHERS = NodeTimes({', '.join(f'{value:g}' for value in others)})  # the middle ones\n"
        f"NODES: dict[str, NodeTimes] = {{\n{lines}}}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
