"""Each benchmark at toy size, so that none rots; what importing the package loads."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

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


def test_pipelines_benchmark_runs() -> None:
    from benchmarks import pipelines

    for figure in (pipelines.sentiment(200, 1), pipelines.scored(500, 1)):
        assert set(figure.values) == {"auroraml", "by hand"} and figure.ratio("by hand") > 0


def test_functions_benchmark_compares_rows_with_postgresql() -> None:
    functions = pytest.importorskip("benchmarks.functions", reason="the yardsticks (duckdb, psycopg) are not installed")
    if functions.binaries() is None:
        pytest.skip("PostgreSQL 15 is not installed")
    found = functions.figures(rows=2_000, rounds=1)
    assert [figure.case for figure in found] == [*functions.FAMILIES, "geometric mean"]
    assert all(set(figure.values) == {"auroraml", "postgresql", "duckdb"} for figure in found)


def test_memory_benchmark_tells_growth_from_stored_bytes() -> None:
    memory = pytest.importorskip("benchmarks.memory", reason="the yardsticks (duckdb, psycopg, tpchgen-cli) are not installed")
    connection = memory.tpch.auroraml.connect(user="rdsadmin", autocommit=True)
    connection.execute(memory.tpch.SCHEMA)
    connection.execute("INSERT INTO region SELECT g, 'r', 'c' FROM generate_series(1, 1000) g")
    sizes = memory.columns(connection)
    assert sizes["r_regionkey"] == 2_000 and "l_comment" in sizes
    assert memory.named("SELECT r_regionkey FROM region", sizes) == 2_000  # two bytes hold a thousand
    (figure,) = memory.measured(connection, {"big": "SELECT count(DISTINCT i * 2.5) FROM generate_series(1, 400000) i, region WHERE r_regionkey = 1"})
    assert figure.values["growth"] > 1 and figure.values["auroraml"] == max(figure.values["growth"] - 64, 0)


def test_answers_agree_as_far_as_they_are_printed() -> None:
    from benchmarks.answers import ANSWERS, agree

    assert agree([(Decimal("38273.12973"), "A ")], [["38273.129734621674", "A"]]) is False  # a digit that the answer set has
    assert agree([(Decimal("38273.12973462167415"), "A ")], [["38273.129734621674", "A"]])
    assert agree([(Decimal("0.0344"), 5)], [["0.03", "5"]]) and not agree([(Decimal("0.0544"), 5)], [["0.03", "5"]])
    assert not agree([(1, 6)], [["1", "5"]]) and not agree([(1,), (2,)], [["1"]]) and not agree([(1, 2)], [["1"]])
    assert len(ANSWERS) == 11 and len(ANSWERS["q03"]) == 10


def test_report_and_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmarks import compare
    from benchmarks.figures import Figure, lines, mean, of

    pytest.importorskip("matplotlib", reason="the drawing (the extra `bench`) is not installed")
    from benchmarks.report import write

    def made(factor: float, machine: float = 1.0) -> list[Figure]:
        cases = [("a", 1.0), ("b <i>", 4.0)]
        return [of("s", name, {"auroraml": value * factor * machine, "duckdb": 2 * machine}, goals={"duckdb": 1.5}) for name, value in cases]

    found = [*made(1), mean(made(1), goals={"duckdb": 0.9})]
    assert [figure.ratio("duckdb") for figure in found] == [0.5, 2, 1]
    assert [of("s", "c", {"auroraml": value, "other": 0.0}).ratio("other") for value in (0.0, 2.0)] == [1.0, float("inf")]
    assert [bool(figure.missed()) for figure in found] == [False, True, True]
    assert "MISSED (at most 1.5 of duckdb)" in lines(found)[1]
    write({"machine": {"cores": 2}}, found, tmp_path / "r")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "b &lt;i&gt;" in page and page.count("<svg") == 1 and "(missed)" in page and not re.search(r"(src|href)=.?https?://", page)
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
    for name, figures in (("a", made(1)), ("b", made(1.5, machine=3)), ("c", made(1, machine=3))):
        (tmp_path / f"{name}.json").write_text(json.dumps({"figures": [figure.as_json() for figure in figures]}), encoding="utf-8")
    assert compare.main([str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 1
    assert "slower: 2" in capsys.readouterr().out
    assert compare.main([str(tmp_path / "a.json"), str(tmp_path / "c.json")]) == 0  # the whole machine was slower
    assert compare.main([str(tmp_path / "b.json"), str(tmp_path / "a.json")]) == 0
    assert "quicker: 2" in capsys.readouterr().out


def test_import_loads_neither_services_nor_tools() -> None:
    script = f"import sys, auroraml; print([m for m in {HEAVY!r} if m in sys.modules]); auroraml.connect().execute('SELECT 1').fetchall()"
    script += f"; print([m for m in {HEAVY[:8]!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split("\n")
    assert found[:2] == ["[]", "[]"]
