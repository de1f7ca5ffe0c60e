"""TPC-H Q1, Q3 and Q6 against DuckDB and PostgreSQL 15, on data from tpchgen-cli (`python -m benchmarks.tpch [scale]`)."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import duckdb
import psycopg
import pyarrow.parquet as pq

import auroraml
from benchmarks.timing import interleave
from tests.runner.cluster import cluster

HERE = Path(__file__).parent
TABLES = {
    "customer": "c_custkey bigint PRIMARY KEY, c_name text NOT NULL, c_address text NOT NULL, c_nationkey bigint NOT NULL, c_phone text NOT NULL, "
    "c_acctbal numeric(15,2) NOT NULL, c_mktsegment text NOT NULL, c_comment text NOT NULL",
    "orders": "o_orderkey bigint PRIMARY KEY, o_custkey bigint NOT NULL, o_orderstatus text NOT NULL, o_totalprice numeric(15,2) NOT NULL, "
    "o_orderdate date NOT NULL, o_orderpriority text NOT NULL, o_clerk text NOT NULL, o_shippriority int NOT NULL, o_comment text NOT NULL",
    "lineitem": "l_orderkey bigint NOT NULL, l_partkey bigint NOT NULL, l_suppkey bigint NOT NULL, l_linenumber int NOT NULL, "
    "l_quantity numeric(15,2) NOT NULL, l_extendedprice numeric(15,2) NOT NULL, l_discount numeric(15,2) NOT NULL, l_tax numeric(15,2) NOT NULL, "
    "l_returnflag text NOT NULL, l_linestatus text NOT NULL, l_shipdate date NOT NULL, l_commitdate date NOT NULL, l_receiptdate date NOT NULL, "
    "l_shipinstruct text NOT NULL, l_shipmode text NOT NULL, l_comment text NOT NULL, PRIMARY KEY (l_orderkey, l_linenumber)",
}
QUERIES = {name: (HERE / "queries" / f"{name}.sql").read_text(encoding="utf-8") for name in ("q01", "q03", "q06")}


def data(scale: float) -> Path:
    """The folder of Parquet files at `scale`, generated on first use."""
    folder = HERE / "data" / f"sf{scale:g}"
    if not (folder / "lineitem.parquet").exists():
        folder.mkdir(parents=True, exist_ok=True)
        tool = Path(sysconfig.get_path("scripts")) / "tpchgen-cli"
        subprocess.run([tool, "parquet", "-s", f"{scale:g}", f"--tables={','.join(TABLES)}", f"--output-dir={folder}"], check=True)
    return folder


def load_aurora(folder: Path) -> auroraml.Connection:
    """A connection to a database with the tables loaded and analyzed."""
    connection = auroraml.connect(user="rdsadmin", autocommit=True)
    for table, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {table} ({columns})")
        connection.register("loading", pq.read_table(folder / f"{table}.parquet"))
        connection.execute(f"INSERT INTO {table} SELECT * FROM loading")
        connection.execute("DROP TABLE loading")
    connection.execute("ANALYZE")
    return connection


def load_duckdb(folder: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with the tables loaded, two threads."""
    connection = duckdb.connect(config={"threads": 2})
    for table, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {table} ({columns})")
        connection.execute(f"INSERT INTO {table} SELECT * FROM read_parquet('{folder / table}.parquet')")
    return connection


def load_postgres(conninfo: str, folder: Path) -> psycopg.Connection[tuple[object, ...]]:
    """A PostgreSQL connection with the tables loaded, vacuumed and analyzed."""
    connection = psycopg.connect(conninfo, dbname="postgres", autocommit=True)
    reader = duckdb.connect()
    for table, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {table} ({columns})")
        target = folder / f"{table}.csv"
        reader.execute(f"COPY (SELECT * FROM read_parquet('{folder / table}.parquet')) TO '{target}' (FORMAT csv, HEADER false)")
        with target.open("rb") as file, connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT csv)") as copy:
            while chunk := file.read(1 << 20):
                copy.write(chunk)
        target.unlink()
    connection.execute("VACUUM ANALYZE")
    return connection


def run(scale: float = 0.1, rounds: int = 5) -> dict[str, dict[str, float]]:
    """Median milliseconds per query and engine; the rows of all three engines are compared first."""
    folder = data(scale)
    settings = {"shared_buffers": "1GB", "work_mem": "256MB", "effective_cache_size": "4GB", "max_parallel_workers_per_gather": "2", "jit": "on"}
    with cluster(settings) as conninfo:
        ours, duck, postgres = load_aurora(folder), load_duckdb(folder), load_postgres(conninfo, folder)
        results = {}
        for name, sql in QUERIES.items():
            wanted = [tuple(map(str, row)) for row in postgres.execute(sql).fetchall()]  # type: ignore[call-overload] # a literal of ours
            got = [tuple(map(str, row)) for row in ours.execute(sql).fetchall()]
            if got != wanted:
                raise AssertionError(f"{name}: rows differ from PostgreSQL's: {got[:2]} against {wanted[:2]}")
            results[name] = interleave(
                {
                    "auroraml": lambda sql=sql: ours.execute(sql).fetchall(),  # type: ignore[misc]
                    "duckdb": lambda sql=sql: duck.execute(sql).fetchall(),  # type: ignore[misc]
                    "postgresql": lambda sql=sql: postgres.execute(sql).fetchall(),  # type: ignore[misc]
                },
                rounds,
            )
    return results


if __name__ == "__main__":
    for query, times in run(float(sys.argv[1]) if len(sys.argv) > 1 else 0.1).items():
        print(query, {name: round(value, 2) for name, value in times.items()}, f"/ DuckDB {times['auroraml'] / times['duckdb']:.2f}")
