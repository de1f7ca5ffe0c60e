"""Inserts, COPY, UPDATE of a whole table, fetching and bulk loading, each against PostgreSQL 15 (`python -m benchmarks.writing [name ...]`)."""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

import auroraml
from benchmarks.timing import interleave
from tests.runner.cluster import cluster

ROWS = 1_000_000
SERVER = {"shared_buffers": "1GB", "max_wal_size": "4GB", "synchronous_commit": "off"}
TABLE = "CREATE TABLE {name} (id int PRIMARY KEY, a int, b float8, c text)"
Pair = tuple[auroraml.Connection, "psycopg.Connection[tuple[Any, ...]]"]  # ours and PostgreSQL's


def inserts(pair: Pair, rows: int = 2_000, rounds: int = 5) -> dict[str, float]:
    """Microseconds of a one-row INSERT in a transaction of its own."""

    def work(connection: Any) -> Callable[[], None]:  # the two libraries share no type
        connection.execute("CREATE TABLE events (id int PRIMARY KEY, at int NOT NULL, note text)")
        numbers = itertools.count()

        def run() -> None:
            for number in itertools.islice(numbers, rows):
                connection.execute("INSERT INTO events VALUES (%s, %s, %s)", (number, number % 7, f"note {number}"))

        return run

    return {name: value * 1000 / rows for name, value in interleave(_of(pair, work), rounds).items()}


def texts(pair: Pair, rows: int = 2_000, rounds: int = 5) -> dict[str, float]:
    """Microseconds of a one-row INSERT in a transaction of its own whose values stand in its text."""

    def work(connection: Any) -> Callable[[], None]:
        connection.execute("CREATE TABLE written (id int PRIMARY KEY, at int NOT NULL, amount numeric(12,2), note text)")
        numbers = itertools.count()

        def run() -> None:
            for number in itertools.islice(numbers, rows):
                connection.execute(f"INSERT INTO written VALUES ({number}, {number % 7}, {number}.5, 'note {number}')")

        return run

    return {name: value * 1000 / rows for name, value in interleave(_of(pair, work), rounds).items()}


def many(pair: Pair, rows: int = 2_000, rounds: int = 5) -> dict[str, float]:
    """Microseconds of a row inserted by executemany, a thousand at a time."""

    def work(connection: Any) -> Callable[[], None]:
        connection.execute("CREATE TABLE collected (id int PRIMARY KEY, at int NOT NULL, note text)")
        numbers = itertools.count()

        def run() -> None:
            for _ in range(rows // 1_000):
                values = [(number, number % 7, f"note {number}") for number in itertools.islice(numbers, 1_000)]
                connection.cursor().executemany("INSERT INTO collected VALUES (%s, %s, %s)", values)

        return run

    return {name: value * 1000 / rows for name, value in interleave(_of(pair, work), rounds).items()}


def copying(pair: Pair, rows: int = ROWS, rounds: int = 5, csv: bool = True) -> dict[str, float]:
    """Milliseconds of COPY FROM STDIN of rows of four columns into an empty table with a key."""
    separator = "," if csv else "\t"
    lines = [separator.join((str(i), str(i * 7919 % 1000), str(i * 7919 % 100_003 / 8), f"row number {i * 31 % 50_000}")) + "\n" for i in range(rows)]
    data = "".join(lines).encode()
    chunks = [data[start : start + (1 << 20)] for start in range(0, len(data), 1 << 20)]
    options = " (FORMAT csv)" if csv else ""

    def work(connection: Any) -> Callable[[], None]:
        connection.execute(TABLE.format(name="copied"))

        def run() -> None:
            with connection.cursor().copy(f"COPY copied FROM STDIN{options}") as copy:
                for chunk in chunks:
                    copy.write(chunk)

        return run

    return _timed(pair, work, "TRUNCATE copied", "DROP TABLE copied", rounds)


def updating(pair: Pair, rows: int = ROWS, rounds: int = 5) -> dict[str, float]:
    """Milliseconds of an UPDATE of every row."""

    def work(connection: Any) -> Callable[[], None]:
        connection.execute(TABLE.format(name="changed"))
        connection.execute(f"INSERT INTO changed SELECT i, i % 1000, i / 8.0, 'row number ' || i % 50000 FROM generate_series(1, {rows}) i")
        return lambda: connection.execute("UPDATE changed SET a = a + 1")

    return _timed(pair, work, "VACUUM changed", "DROP TABLE changed", rounds)


def fetching(pair: Pair, rows: int = 10_000, rounds: int = 21) -> dict[str, float]:
    """Milliseconds of fetching rows of three columns as tuples."""

    def work(connection: Any) -> Callable[[], object]:
        connection.execute("CREATE TABLE fetched (id int, b float8, c text)")
        connection.execute(f"INSERT INTO fetched SELECT i, i / 8.0, 'row number ' || i FROM generate_series(1, {rows}) i")
        return lambda: connection.execute("SELECT id, b, c FROM fetched").fetchall()

    return interleave(_of(pair, work), rounds)


def _of(pair: Pair, work: Callable[[Any], Callable[[], object]]) -> dict[str, Callable[[], object]]:
    return {name: work(connection) for name, connection in zip(("auroraml", "postgresql"), pair, strict=True)}


def _timed(pair: Pair, work: Callable[[Any], Callable[[], object]], between: str, last: str, rounds: int) -> dict[str, float]:
    """Medians where each run needs the table put back by `between`, outside the clock."""
    runs = _of(pair, work)
    times: dict[str, list[float]] = {name: [] for name in runs}
    connections: tuple[Any, ...] = pair
    for number in range(-1, rounds):
        for name, run, connection in zip(runs, runs.values(), connections, strict=True):
            start = time.perf_counter()
            run()
            if number >= 0:
                times[name].append((time.perf_counter() - start) * 1000)
            connection.execute(between)
    for connection in connections:
        connection.execute(last)
    return {name: statistics.median(values) for name, values in times.items()}


KINDS: dict[str, Callable[[Pair], dict[str, float]]] = {
    "insert_us": inserts, "text_insert_us": texts, "executemany_us": many, "copy_csv_1m_ms": copying, "copy_text_1m_ms": lambda pair: copying(pair, csv=False),
    "update_1m_ms": updating,
    "fetch_10k_ms": fetching,
}  # fmt: skip


def run(names: Sequence[str] = ()) -> dict[str, dict[str, float]]:
    """The medians of each kind of work, by engine."""
    with cluster(SERVER) as conninfo:
        pair = auroraml.connect(autocommit=True), psycopg.connect(conninfo, dbname="postgres", autocommit=True)
        return {name: work(pair) for name, work in KINDS.items() if not names or name in names}


if __name__ == "__main__":
    for name, found in run(sys.argv[1:]).items():
        print(
            name,
            {engine: round(value, 2) for engine, value in found.items()},
            "ours / PostgreSQL:",
            round(found["auroraml"] / found["postgresql"], 3),
        )
