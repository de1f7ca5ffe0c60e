"""Each benchmark at toy size, so that none rots; what importing the package loads."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

HEAVY = (
    "boto3",
    "botocore",
    "sklearn",
    "pandas",
    "xgboost",
    "prompt_toolkit",
    "rich",
    "click",
    "urllib3",
    "pyarrow.acero",
    "pyarrow.dataset",
    "pyarrow.csv",
)


def test_batch_benchmark_runs() -> None:
    from benchmarks import batch

    found = batch.run(rows=3_000, rounds=1)
    assert list(found) == [25, 1_000, 10_000]
    for times in found.values():
        assert set(times) == {"engine, text/csv", "by hand, text/csv", "engine, callable", "bare callable"}
        assert all(wall > 0 and cpu >= 0 for wall, cpu in times.values())
    assert len(batch.report(found, 3_000)) == 7


def test_workers_benchmark_runs() -> None:
    from benchmarks import workers

    found = workers.run(calls=2, latency=0.001, counts=(1, 2))
    assert set(found) == {"1", "2"} and all(2 <= figures["calls"] <= 4 and figures["ratio"] > 1 for figures in found.values())


def test_tpch_queries_run_on_made_up_rows() -> None:
    tpch = pytest.importorskip("benchmarks.tpch", reason="the yardsticks (duckdb, psycopg, tpchgen-cli) are not installed")
    connection = tpch.auroraml.connect(user="rdsadmin", autocommit=True)
    connection.execute(re.sub(r",\s+FOREIGN KEY \([^)]*\) REFERENCES \w+", "", tpch.SCHEMA))  # the rows are made up
    connection.execute(
        "INSERT INTO lineitem SELECT g / 4, g, g, g % 4, g % 50, g * 100.25, (g % 11) / 100.0, 0.02, chr(65 + g % 3), chr(79 + g % 2), "
        "date '1994-01-01' + g % 700, date '1994-02-01', date '1994-03-01', 'NONE', 'AIR', 'x' FROM generate_series(1, 2000) g"
    )
    connection.execute("INSERT INTO orders SELECT g, g % 50, 'O', 10, date '1995-01-01' + g % 100, '1', 'c', 0, 'x' FROM generate_series(0, 500) g")
    connection.execute(
        "INSERT INTO customer SELECT g, 'n', 'a', 1, 'p', 1, CASE WHEN g % 2 = 0 THEN 'BUILDING' ELSE 'OTHER' END, 'c' FROM generate_series(0, 50) g"
    )
    answers = {name: connection.execute(sql).fetchall() for name, sql in tpch.QUERIES.items()}
    assert len(answers["q01"]) == 6 and sum(row[-1] for row in answers["q01"]) > 1_900
    assert len(answers["q03"]) == 10
    wanted = connection.execute(
        "SELECT sum(l_extendedprice * l_discount) FROM (SELECT * FROM lineitem WHERE l_quantity < 24) s "
        "WHERE l_discount >= 0.05 AND l_discount <= 0.07 AND extract(year FROM l_shipdate) = 1994"
    ).fetchall()
    assert answers["q06"] == wanted


def test_planning_benchmark_books_its_stages() -> None:
    planning = pytest.importorskip("benchmarks.planning", reason="the yardsticks (psycopg) are not installed")
    connection = planning.pinned(planning.RECORDED["sf01"])
    for text in (planning.OTHERS["key"], planning.OTHERS["5 relations"], planning.QUERIES["q17"]):
        clock = planning.Clock()
        with planning.stages(clock):
            measured = planning.plan(connection, text, clock)
        inside = {"rules", "level", "search", "plan"} if str(planning.query.__file__).endswith(".py") else set()  # compiled code cannot be watched
        assert {"parse", "bind", "choose"} | inside <= set(clock.spent)
        assert measured.cost == planning.plan(connection, text).cost
    assert len(planning.QUERIES) == 22


def test_import_loads_neither_services_nor_tools() -> None:
    script = f"import sys, auroraml; print([m for m in {HEAVY!r} if m in sys.modules]); auroraml.connect().execute('SELECT 1').fetchall()"
    script += f"; print([m for m in {HEAVY[:8]!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split("\n")
    assert found[:2] == ["[]", "[]"]
