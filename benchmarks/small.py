"""Small statements and start-up, each as a ratio to its peer timed in the same run (`--least`: least times, where other work keeps the machine busy)."""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import duckdb
import psycopg

import auroraml
from auroraml.sql.trees import forget_shapes
from benchmarks.figures import Figure, lines, of
from benchmarks.timing import Middle, interleave
from tests.runner.cluster import cluster

ROWS = 1_000_000
TABLES = (
    "CREATE TABLE big (id bigint PRIMARY KEY, grp int, amount numeric(12,2), name text)",
    "INSERT INTO big SELECT i, i % 1000, (i % 100000) / 100.0, 'name ' || i FROM generate_series(1, {rows}) AS g(i)",
    "CREATE TABLE customers (id int PRIMARY KEY, region int NOT NULL)",
    "INSERT INTO customers SELECT i, i % 10 FROM generate_series(1, 100) AS g(i)",
    "CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, amount numeric(12,2))",
    "INSERT INTO orders SELECT i, i % 100 + 1, (i % 1000) / 10.0 FROM generate_series(1, 1000) AS g(i)",
)
KEY = "SELECT name, amount FROM big WHERE id = "
JOIN = "SELECT c.region, count(*), sum(o.amount) FROM customers c JOIN orders o ON o.customer = c.id GROUP BY c.region ORDER BY c.region"
IN_A_ROW = 10  # runs of one contestant before the next one's turn: a statement that is repeated
Run = Callable[[], object]


class Peers:
    """The same tables in each engine."""

    def __init__(self, conninfo: str, rows: int = ROWS) -> None:
        self.ours = auroraml.connect(autocommit=True)
        self.postgres = psycopg.connect(conninfo, dbname="postgres", autocommit=True)
        self.duck = duckdb.connect()
        for table in TABLES:
            statement = table.format(rows=rows)
            self.ours.execute(statement)
            self.postgres.execute(statement)  # type: ignore[call-overload] # a literal of ours
            self.duck.execute(statement)
        self.ours.execute("ANALYZE")
        self.postgres.execute("VACUUM ANALYZE")

    def kept(self, text: str, *params: object) -> Run:
        """Ours, by a plan that is kept."""
        return lambda: self.ours.execute(text, params or None).fetchall()

    def anew(self, text: str, shape: bool = False) -> Run:
        """Ours, read, bound and planned each time; `shape`: and sqlglot reads it, as if no statement of its shape had come before."""

        def run() -> object:
            self.ours.session.forget_statements()
            if shape:
                forget_shapes()
            return self.ours.execute(text).fetchall()

        return run

    @staticmethod
    def literal(execute: Callable[..., Any], keys: Iterator[int]) -> Run:
        """A look-up of another key each time, which stands in the text."""
        return lambda: execute(f"{KEY}{next(keys)}").fetchall()

    def theirs(self, text: str, *params: object) -> Run:
        """PostgreSQL's, over loopback."""
        return lambda: self.postgres.execute(text, params or None).fetchall()  # type: ignore[call-overload] # a literal of ours

    def ducks(self, text: str) -> Run:
        """DuckDB's."""
        return lambda: self.duck.execute(text).fetchall()


def repeated(runs: Mapping[str, Run], rounds: int, take: Middle) -> dict[str, float]:
    """Milliseconds of one run of each contestant."""

    def several(run: Run) -> Run:
        def work() -> None:
            for _ in range(IN_A_ROW):
                run()

        return work

    found = interleave({name: several(run) for name, run in runs.items()}, rounds, take)
    return {name: value / IN_A_ROW for name, value in found.items()}


def measured(at: Peers, rounds: int = 60, take: Middle = statistics.median) -> list[Figure]:
    """Small statements."""
    found = []
    for name, text, goals in (
        ("SELECT 1", "SELECT 1", {"postgresql": 1.0}),
        ("key look-up in 1M rows", KEY + "500000", {"postgresql": 1.0}),
        ("join with GROUP BY", JOIN, {"postgresql": 2.5, "duckdb": 1 / 3}),
    ):
        runs = {"auroraml": at.kept(text), "anew": at.anew(text), "new shape": at.anew(text, True), "postgresql": at.theirs(text)}
        times = repeated({**runs, "duckdb": at.ducks(text)}, rounds, take)
        peers = {"postgresql": times["postgresql"], "duckdb": times["duckdb"]}
        found.append(of("small", f"{name}, plan kept", {"auroraml": times["auroraml"], **peers}, goals=goals))
        found.append(of("small", f"{name}, anew", {"auroraml": times["anew"], **peers}, goals={"postgresql": 5.0} if name == "SELECT 1" else None))
        found.append(of("small", f"{name}, new shape", {"auroraml": times["new shape"], **peers}))
    text = KEY + "%s"
    keys = itertools.count(1)
    others = {name: at.literal(run, keys) for name, run in (("auroraml", at.ours.execute), ("postgresql", at.postgres.execute))}
    found.append(of("small", "key look-up, other literals", repeated(others, rounds, take)))
    times = repeated({"auroraml": at.kept(text, 500_000), "postgresql": at.theirs(text, 500_000)}, rounds, take)
    found.append(of("small", "key look-up, prepared", times, goals={"postgresql": 1.0}))
    return found


def processes(rounds: int = 7, take: Middle = statistics.median) -> dict[str, float]:
    """Milliseconds of whole processes."""

    def load(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)

    names = {
        "pyarrow": ("-c", "import pyarrow"),
        "auroraml": ("-c", "import auroraml"),
        "auroraml-sql": ("-c", "import sys; from auroraml_cli.start import main; main()", "-c", "SELECT 1"),
    }
    return interleave({name: lambda code=code: load(*code) for name, code in names.items()}, rounds, take)  # type: ignore[misc]


def figures(take: Middle = statistics.median) -> list[Figure]:
    """All, with their goals."""
    with cluster() as conninfo:
        found = measured(Peers(conninfo), take=take)
    times = processes(take=take)
    pyarrow = {"import pyarrow": times["pyarrow"]}
    found.append(of("small", "import auroraml", {"auroraml": times["auroraml"], **pyarrow}))
    found.append(of("small", "auroraml-sql -c 'SELECT 1'", {"auroraml": times["auroraml-sql"], **pyarrow}, goals={"import pyarrow": 2.0}))
    return found


if __name__ == "__main__":
    print("\n".join(lines(figures(min if "--least" in sys.argv else statistics.median))))
