"""Planning: CPU time from text to physical plan, by stage, against PostgreSQL's own Planning Time for the same statistics.

Warm: sqlglot's tree of a statement's shape is kept from the round before, as it is for statements that differ in names and values only. `anew`
is the time that parsing takes where it is not.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg

import auroraml
from auroraml import sql
from auroraml.ir.physical import PhysicalPlan
from auroraml.planner import physical, query
from auroraml.sql.trees import forget_shapes
from tests.runner.cluster import cluster
from tests.runner.pinned import RECORDED, Recorded

T = TypeVar("T")
QUERIES = {path.stem: path.read_text(encoding="utf-8").rstrip("; \n") for path in sorted((Path(__file__).parent / "queries").glob("q*.sql"))}
OTHERS = {
    "key": "SELECT o_totalprice FROM orders WHERE o_orderkey = 7",
    "2 relations": "SELECT c_name, o_totalprice FROM customer, orders WHERE c_custkey = o_custkey AND o_orderdate < date '1992-03-01'",
    "5 relations": "SELECT n_name, count(*) FROM customer, orders, lineitem, nation, region WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey "
    "AND c_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'ASIA' AND o_orderdate < date '1993-01-01' GROUP BY n_name",
    "10 relations": "SELECT c_name, s_name, o_orderdate, l_extendedprice FROM customer, orders, lineitem, part, partsupp, supplier, nation n1, nation n2, "
    "region r1, region r2 WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND p_partkey = l_partkey AND ps_partkey = l_partkey "
    "AND ps_suppkey = l_suppkey AND s_suppkey = l_suppkey AND c_nationkey = n1.n_nationkey AND s_nationkey = n2.n_nationkey "
    "AND n1.n_regionkey = r1.r_regionkey AND n2.n_regionkey = r2.r_regionkey AND r1.r_name = 'ASIA' AND p_size = 15 "
    "ORDER BY o_orderdate, l_extendedprice LIMIT 10",
}
STAGES = {  # what belongs to a stage inside `choose`: module, function
    "rules": ((query, "Prepared"),),
    "level": ((query, "build_relations"), (query, "build_clauses"), (query, "finish_build"), (query, "_keys")),
    "search": ((query, "_scan_join"), (query, "_upper")),
    "plan": ((physical, "emit"), (physical, "numbered")),
}


class Clock:
    """CPU time by stage; a stage that begins inside another stops the outer one's time."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._stack: list[str] = []
        self._since = 0.0

    def call(self, stage: str, work: Callable[[], T]) -> T:
        """What `work` answers, its time booked to `stage`."""
        self._book()
        self._stack.append(stage)
        try:
            return work()
        finally:
            self._book()
            self._stack.pop()

    def _book(self) -> None:
        now = time.process_time()
        if self._stack:
            self.spent[self._stack[-1]] += now - self._since
        self._since = now


@contextmanager
def stages(clock: Clock) -> Iterator[None]:
    """`choose` with its parts on the clock; compiled modules call each other directly, there all of it is `choose`."""
    kept = [(module, name, getattr(module, name)) for parts in STAGES.values() for module, name in parts]
    for stage, parts in STAGES.items():
        for module, name in parts:
            setattr(module, name, _timed(clock, stage, getattr(module, name)))
    try:
        yield
    finally:
        for module, name, original in kept:
            setattr(module, name, original)


def _timed(clock: Clock, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **named: clock.call(stage, lambda: work(*args, **named))


def plan(connection: auroraml.Connection, text: str, clock: Clock | None = None) -> PhysicalPlan:
    """The physical plan of `text`, made anew."""
    clock = clock or Clock()
    session = connection.session
    session.transaction.statement()
    statement = clock.call("parse", lambda: sql.parse(text)[0])
    assert isinstance(statement, sql.statements.Query)
    bound = clock.call("bind", lambda: session.bind(statement))
    made = clock.call("choose", lambda: session.plan(bound))
    session.commit()
    return made


def parsed_anew(text: str) -> float:
    """The milliseconds that parsing takes where no statement of this shape came before."""
    forget_shapes()
    start = time.process_time()
    sql.parse(text)
    return (time.process_time() - start) * 1000


def postgres_planning(connection: psycopg.Connection[tuple[object, ...]], text: str) -> float:
    """PostgreSQL's Planning Time in milliseconds."""
    found = connection.execute("EXPLAIN (SUMMARY ON, FORMAT JSON) " + text).fetchone()  # type: ignore[call-overload] # a literal of ours
    assert found is not None
    return float(found[0][0]["Planning Time"])


def measure(
    ours: auroraml.Connection, postgres: psycopg.Connection[tuple[object, ...]], queries: Mapping[str, str], rounds: int = 9
) -> dict[str, dict[str, float]]:
    """Medians for each query in milliseconds: ours (whole, then by stage), PostgreSQL's, and their ratio."""
    whole: dict[str, list[float]] = defaultdict(list)
    theirs: dict[str, list[float]] = defaultdict(list)
    parts: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for number in range(-1, rounds):
        for name, text in queries.items():
            taken = postgres_planning(postgres, text)
            start = time.process_time()
            plan(ours, text)
            spent = time.process_time() - start
            clock = Clock()
            if number % 3 == 0 or number < 0:
                with stages(clock):
                    plan(ours, text, clock)
            if number >= 0:
                theirs[name].append(taken)
                whole[name].append(spent * 1000)
                for stage, seconds in clock.spent.items():
                    parts[name][stage].append(seconds * 1000)
    found = {}
    for name in queries:
        mine, other = statistics.median(whole[name]), statistics.median(theirs[name])
        found[name] = {"auroraml": mine, "postgresql": other, "ratio": mine / other}
        found[name]["anew"] = statistics.median(parsed_anew(queries[name]) for _ in range(5))
        found[name] |= {stage: statistics.median(values) for stage, values in parts[name].items()}
    return {name: {key: round(value, 4) for key, value in values.items()} for name, values in found.items()}


def summary(found: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """TPC-H's geometric means, and the three queries that take us longest: their time and ratio."""
    queries = [times for name, times in found.items() if name.startswith("q")]
    longest = sorted(queries, key=lambda times: -times["auroraml"])[:3]
    return {
        "queries": len(queries), "auroraml": round(statistics.geometric_mean(t["auroraml"] for t in queries), 3),
        "postgresql": round(statistics.geometric_mean(t["postgresql"] for t in queries), 3),
        "ratio": round(statistics.geometric_mean(t["ratio"] for t in queries), 2),
        "largest three": round(statistics.fmean(t["auroraml"] for t in longest), 2),
        "largest three, ratio": round(statistics.geometric_mean(t["ratio"] for t in longest), 2),
    }  # fmt: skip


def pinned(recorded: Recorded) -> auroraml.Connection:
    """Our tables without rows, with a server's statistics."""
    ours = auroraml.connect(user="rdsadmin", autocommit=True)
    ours.execute(recorded.schema)
    ours.load_statistics(recorded.document)
    return ours


def filled(conninfo: str, recorded: Recorded) -> psycopg.Connection[tuple[object, ...]]:
    """PostgreSQL's tables with their data, and the same statistics."""
    connection = psycopg.connect(conninfo, dbname="postgres", autocommit=True)
    connection.execute(recorded.schema)  # type: ignore[call-overload] # a file of ours
    with tempfile.TemporaryDirectory() as folder:
        recorded.fill(f"{conninfo} dbname=postgres", recorded.generate("csv", Path(folder)))
    recorded.restore(f"{conninfo} dbname=postgres")
    return connection


def report(found: Mapping[str, Mapping[str, float]]) -> str:
    """The figures as a table."""
    names = ("auroraml", "postgresql", "ratio", "anew", "parse", "bind", "choose", "rules", "level", "search", "plan")
    lines = [f"{'ms':14}" + "".join(f"{name:>11}" for name in names)]
    lines += [f"{query:14}" + "".join(f"{times.get(name, 0.0):11.2f}" for name in names) for query, times in found.items()]
    return "\n".join([*lines, json.dumps(summary(found))])


def run(rounds: int = 9) -> dict[str, dict[str, float]]:
    """The 22 queries at scale 0.1, a key look-up, and joins of 2, 5 and 10 relations."""
    with cluster() as conninfo:
        recorded = RECORDED["sf01"]
        return measure(pinned(recorded), filled(conninfo, recorded), {**QUERIES, **OTHERS}, rounds)


if __name__ == "__main__":
    print(report(run()))
