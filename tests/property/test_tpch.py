"""TPC-H's 22 queries at scale 0.01 on both systems, over the same data and statistics: their rows, and what EXPLAIN ANALYZE counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runner.aurora import Aurora
from tests.runner.cluster import binaries
from tests.runner.outcome import Engine, mask

QUERIES = {
    path.stem: path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parent.parent.parent / "benchmarks" / "queries").glob("q*.sql"))
}
ANALYZE = "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) "
MEMORY = {"q01", "q18"}  # memory of hashed groups of numeric sums, which PostgreSQL asks for block by block


@pytest.fixture(scope="module")
def engines(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Engine]]:
    """PostgreSQL and auroraml with the tables loaded, vacuumed and analyzed, under the golden files' statistics, without parallel plans."""
    if binaries() is None:
        pytest.skip("PostgreSQL 15 is not installed")
    from tests.runner.pinned import RECORDED, TABLES, generator  # needs psycopg, which only the oracle needs
    from tests.runner.postgres import Postgres

    if generator() is None:
        pytest.skip("tpchgen-cli is not installed (the extra `bench`)")
    recorded = RECORDED["sf001"]
    folder = recorded.generate("csv", tmp_path_factory.mktemp("tpch"))
    ours, postgres = Aurora(), Postgres(request.getfixturevalue("oracle_server"), recorded.schema)
    conninfo = f"{postgres.conninfo} dbname={postgres.database}"
    recorded.fill(conninfo, folder)
    recorded.restore(conninfo)
    copies = "".join(f"COPY {table} FROM '{folder}/{table}.csv' (FORMAT csv, HEADER);\n" for table in TABLES)
    for statements in (recorded.schema, copies, "VACUUM ANALYZE"):
        made = ours.run(statements)
        assert made.failure is None, made.failure
    ours.load_statistics(recorded.document)
    for engine in (postgres, ours):
        engine.run("SET max_parallel_workers_per_gather = 0")
    yield postgres, ours
    ours.close()
    postgres.close()


@pytest.mark.parametrize("name", QUERIES)
def test_rows_are_postgresqls(engines: tuple[Engine, Engine], name: str) -> None:
    wanted, got = (engine.run(QUERIES[name]) for engine in engines)
    assert wanted.failure is None and wanted.columns
    assert (got.columns, got.rows) == (wanted.columns, wanted.rows)


def test_explain_analyze_counts_as_postgresql_does(engines: tuple[Engine, Engine]) -> None:
    for name, query in QUERIES.items():
        wanted, got = ([str(row[0]) for row in engine.run(ANALYZE + query).rows] for engine in engines)
        assert wanted
        if name in MEMORY:
            wanted, got = ([mask(line) for line in lines] for lines in (wanted, got))
        assert got == wanted, name
