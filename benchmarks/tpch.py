"""TPC-H's 22 queries against DuckDB and PostgreSQL 15, on data from tpchgen-cli (`python -m benchmarks.tpch [scale [query ...]]`)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb
import psycopg
import pyarrow.parquet as pq

import auroraml
from benchmarks.answers import ANSWERS, agree
from benchmarks.figures import lines, mean, of
from benchmarks.timing import interleave
from tests.runner.cluster import cluster
from tests.runner.pinned import RECORDED, TABLES, generator

HERE = Path(__file__).parent
SCHEMA = RECORDED["sf01"].schema  # keys, foreign keys and an index on each
QUERIES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((HERE / "queries").glob("q*.sql"))}
SERVER = {
    "shared_buffers": "2GB", "work_mem": "256MB", "effective_cache_size": "8GB", "max_parallel_workers_per_gather": "2",
    "max_wal_size": "4GB", "synchronous_commit": "off", "jit": "on",
}  # fmt: skip

ORDERS = (
    ("auroraml", "plan kept", "duckdb", "postgresql"),
    ("duckdb", "auroraml", "plan kept", "postgresql"),
)  # each engine comes as often after each other one


def data(scale: float) -> Path:
    """The folder of Parquet files at `scale`, generated on first use."""
    folder = HERE / "data" / f"sf{scale:g}"
    if not all((folder / f"{table}.parquet").exists() for table in TABLES):
        folder.mkdir(parents=True, exist_ok=True)
        program = generator()
        if program is None:
            raise FileNotFoundError("tpchgen-cli is not installed (the extra `bench`)")
        subprocess.run([program, "parquet", "-s", f"{scale:g}", f"--output-dir={folder}"], check=True)
    return folder


def load_aurora(folder: Path) -> auroraml.Connection:
    """A connection to a database with the tables loaded, vacuumed and analyzed."""
    connection = auroraml.connect(user="rdsadmin", autocommit=True)
    connection.execute(SCHEMA)
    for table in TABLES:
        connection.register("loading", pq.read_table(folder / f"{table}.parquet"))
        connection.execute(f"INSERT INTO {table} SELECT * FROM loading")
        connection.execute("DROP TABLE loading")
    connection.execute("VACUUM ANALYZE")
    return connection


def load_duckdb(folder: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with the tables loaded, two threads."""
    connection = duckdb.connect(config={"threads": 2})
    for table in TABLES:
        connection.execute(f"CREATE TABLE {table} AS SELECT * FROM read_parquet('{folder / table}.parquet')")
    return connection


def load_postgres(conninfo: str, folder: Path) -> psycopg.Connection[tuple[object, ...]]:
    """A PostgreSQL connection with the tables loaded, vacuumed and analyzed."""
    connection = psycopg.connect(conninfo, dbname="postgres", autocommit=True)
    reader = duckdb.connect()
    tables, indexes = SCHEMA.split("CREATE INDEX", 1)
    connection.execute(tables)  # type: ignore[call-overload] # a file of ours
    for table in TABLES:
        target = folder / f"{table}.csv"
        reader.execute(f"COPY (SELECT * FROM read_parquet('{folder / table}.parquet')) TO '{target}' (FORMAT csv, HEADER false)")
        with target.open("rb") as file, connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT csv)") as copy:  # type: ignore[call-overload]
            while chunk := file.read(1 << 20):
                copy.write(chunk)
        target.unlink()
    connection.execute("CREATE INDEX" + indexes)  # type: ignore[call-overload]
    connection.execute("VACUUM ANALYZE")
    return connection


def anew(connection: auroraml.Connection, sql: str) -> object:
    """The query with its planning, as the others plan each time too."""
    connection.session.forget_statements()
    return connection.execute(sql).fetchall()


def run(scale: float = 0.1, rounds: int = 6, names: Sequence[str] = ()) -> dict[str, dict[str, float]]:
    """Median milliseconds per query and engine; our rows are compared with PostgreSQL's first (at scale 1 with TPC-H's answers too)."""
    folder = data(scale)
    with cluster(SERVER) as conninfo:
        ours, duck, postgres = load_aurora(folder), load_duckdb(folder), load_postgres(conninfo, folder)
        results = {}
        for name, sql in QUERIES.items():
            if names and name not in names:
                continue
            wanted = [tuple(map(str, row)) for row in postgres.execute(sql).fetchall()]  # type: ignore[call-overload]
            got = [tuple(map(str, row)) for row in ours.execute(sql).fetchall()]
            if got != wanted:
                raise AssertionError(f"{name}: rows differ from PostgreSQL's: {got[:2]} against {wanted[:2]}")
            if scale == 1 and name in ANSWERS and not agree(got, ANSWERS[name]):
                raise AssertionError(f"{name}: rows differ from TPC-H's answer set: {got[:2]} against {ANSWERS[name][:2]}")
            results[name] = interleave(
                {
                    "auroraml": lambda sql=sql: anew(ours, sql),  # type: ignore[misc]
                    "plan kept": lambda sql=sql: ours.execute(sql).fetchall(),  # type: ignore[misc]
                    "duckdb": lambda sql=sql: duck.execute(sql).fetchall(),  # type: ignore[misc]
                    "postgresql": lambda sql=sql: postgres.execute(sql).fetchall(),  # type: ignore[misc]
                },
                rounds,
                orders=ORDERS,
            )
    return results


if __name__ == "__main__":
    asked = sys.argv[1:]
    found = [of("tpch", name, times) for name, times in run(float(asked[0]) if asked else 0.1, names=asked[1:]).items()]
    print("\n".join(lines([*found, mean(found)])))
