"""Function families over 1,000,000 rows, against PostgreSQL 15 and DuckDB: one aggregate over one expression each (`python -m benchmarks.functions`)."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import duckdb
import psycopg

import auroraml
from benchmarks.figures import Figure, lines, mean, of
from benchmarks.timing import interleave
from tests.runner.cluster import binaries as binaries
from tests.runner.cluster import cluster

ROWS = 1_000_000
DATA = """SELECT i::int AS i, (i % 1000) AS small, i * 0.5::float8 AS f, ((i % 100000)::numeric / 100)::numeric(12,2) AS n, 'item ' || (i::bigint * 7919 % 100003) AS t,
date '2020-01-01' + (i % 1500)::int AS d, timestamp '2020-01-01' + (i % 900000) * interval '1 second' AS ts FROM generate_series(1, {rows}) AS s(i)"""
FAMILIES: Mapping[str, str] = {
    "integer arithmetic": "sum((i * 3 + small) % 17)",
    "numeric arithmetic": "sum(n * 1.19 - n / 4)",
    "float arithmetic": "sum(sqrt(f) * 2 + ln(f + 1))",
    "comparison and CASE": "sum(CASE WHEN small < 300 THEN 1 WHEN small < 700 THEN 2 ELSE 3 END)",
    "text: length and upper": "sum(length(upper(t)))",
    "text: substring and concatenation": "max(substring(t, 3, 6) || '-' || t)",
    "text: position and replace": "sum(length(replace(t, '9', 'nine')))",
    "LIKE": "count(*) FILTER (WHERE t LIKE '%99%')",
    "regular expression": "count(*) FILTER (WHERE t ~ '[0-4]{3}$')",
    "split_part to a number": "sum(split_part(t, ' ', 2)::int)",
    "date parts": "sum(extract(year FROM d) + extract(month FROM d))",
    "date_trunc": "count(DISTINCT date_trunc('day', ts))",
    "intervals": "max(ts + interval '1 month')",
    "text of numbers": "max(n::text)",
    "NULL handling": "sum(coalesce(nullif(small, 500), 0))",
    "hashing": "count(DISTINCT t)",
}
OF_OTHERS = {"regular expression": {"duckdb": "count(*) FILTER (WHERE regexp_matches(t, '[0-4]{3}$'))"}}


def queries(family: str, engine: str) -> str:
    """The statement an engine is asked."""
    return f"SELECT {OF_OTHERS.get(family, {}).get(engine, FAMILIES[family])} FROM f"


def alone(connection: auroraml.Connection | psycopg.Connection, sql: str) -> str:
    """The answer without parallel workers, which add floats in another order each time."""
    connection.execute("SET max_parallel_workers_per_gather = 0")
    found = str(connection.execute(sql).fetchall())  # type: ignore[call-overload] # a text of ours
    connection.execute("RESET max_parallel_workers_per_gather")
    return found


def figures(rows: int = ROWS, rounds: int = 5) -> list[Figure]:
    """Each family's medians, then their means."""
    with cluster({"shared_buffers": "1GB", "work_mem": "256MB"}) as conninfo, tempfile.TemporaryDirectory() as folder:
        postgres = psycopg.connect(conninfo, dbname="postgres", autocommit=True)
        postgres.execute(f"CREATE TABLE f AS {DATA.format(rows=rows)}")  # type: ignore[call-overload] # a text of ours
        postgres.execute("VACUUM ANALYZE f")
        target = Path(folder) / "f.csv"
        with target.open("wb") as file, postgres.cursor().copy("COPY f TO STDOUT (FORMAT csv, HEADER)") as copy:
            for chunk in copy:
                file.write(chunk)
        ours = auroraml.connect(user="rdsadmin", autocommit=True)
        ours.execute(f"CREATE TABLE f AS {DATA.format(rows=rows)}")
        ours.execute("VACUUM ANALYZE f")
        duck = duckdb.connect(config={"threads": 2})
        duck.execute(
            f"CREATE TABLE f AS SELECT * FROM read_csv('{target}', columns={{'i': 'INT', 'small': 'INT', 'f': 'DOUBLE', 'n': 'DECIMAL(12,2)', "
            "'t': 'VARCHAR', 'd': 'DATE', 'ts': 'TIMESTAMP'}, header=true)"
        )
        found = []
        for family in FAMILIES:
            contestants = {
                "auroraml": lambda family=family: ours.execute(queries(family, "auroraml")).fetchall(),
                "postgresql": lambda family=family: postgres.execute(queries(family, "postgresql")).fetchall(),
                "duckdb": lambda family=family: duck.execute(queries(family, "duckdb")).fetchall(),
            }
            got, wanted = alone(ours, queries(family, "auroraml")), alone(postgres, queries(family, "postgresql"))
            if got != wanted:
                raise AssertionError(f"{family}: {got} where PostgreSQL has {wanted}")
            found.append(of("functions", family, interleave(contestants, rounds)))  # type: ignore[arg-type]
        postgres.close()
        duck.close()
        ours.close()
    return [*found, mean(found)]


if __name__ == "__main__":
    print("\n".join(lines(figures())))
