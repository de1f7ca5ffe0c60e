"""Results and the command line: a small scenario run, written, read again, drawn, compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from auroraml_cli.bench import run

from auroraml.scenarios.measuring import Options, measured
from auroraml.scenarios.results import compared, read, results_of, write
from auroraml.scenarios.scenario import find
from auroraml.scenarios.scenario import read as read_scenario

TOML = """
title = "Small"
[grid]
rows = [50]
batch = [5, 10]
[service.endpoints.scorer]
kind = "callable"
callable = "auroraml.scenarios.stubs:score"
latency = { base = 0.01 }
[settings]
max_parallel_workers_per_gather = 0
[tables.t]
columns = "id int, body text"
generator = "SELECT i, 'row ' || i FROM generate_series(1, {rows}) i"
[[measure]]
name = "score"
sql = "SELECT aws_sagemaker.invoke_endpoint('scorer', {batch}, id) FROM t"
first_row = true
[[measure]]
name = "insert"
sql = "INSERT INTO t VALUES (1000 + {i}, 'new')"
times = 3
[[claims]]
kind = "better"
measure = "insert"
than = "score"
metric = "calls"
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """A file of its own."""
    path = tmp_path / "small.toml"
    path.write_text(TOML, encoding="utf-8")
    return path


def test_each_measure_at_each_point_with_its_calls_rows_and_charges(scenario: Path) -> None:
    outcomes = list(measured(read_scenario(scenario), Options()))
    assert [(o.measure, o.point["batch"], o.rows, o.calls, o.executions) for o in outcomes] == [
        ("score", 5, 50, 10, 1), ("insert", 5, 3, 0, 3), ("score", 10, 50, 5, 1), ("insert", 10, 3, 0, 3),
    ]  # fmt: skip
    first, second = outcomes[0], outcomes[2]
    assert first.seconds >= 0.1 > second.seconds >= 0.05
    assert first.first_row is not None and 0.01 <= first.first_row < 0.05
    assert first.call_p50 == pytest.approx(0.01, rel=0.5)
    assert first.amount is not None and second.amount is not None and first.amount > second.amount > 0


def test_virtual_time_is_the_same_every_time(scenario: Path) -> None:
    once, again = ([replace(outcome) for outcome in measured(read_scenario(scenario), Options())] for _ in range(2))
    assert once == again


def test_real_time_counts_the_same(scenario: Path) -> None:
    virtual = list(measured(read_scenario(scenario), Options()))
    real = list(measured(read_scenario(scenario), Options(clock="real")))
    for one, other in zip(virtual, real, strict=True):
        assert (one.measure, one.point, one.rows, one.calls, one.executions) == (
            other.measure,
            other.point,
            other.rows,
            other.calls,
            other.executions,
        )


def test_json_and_parquet_hold_the_same(scenario: Path, tmp_path: Path) -> None:
    made = read_scenario(scenario)
    results = results_of(made, list(measured(made, Options())), Options())
    write(results, tmp_path / "v1.2")
    assert read(tmp_path / "v1.2.json") == read(tmp_path / "v1.2.parquet")
    assert pq.read_table(tmp_path / "v1.2.parquet").column_names[:3] == ["measure", "rows", "batch"]
    assert all(change.factor == 1 for change in compared(results, read(tmp_path / "v1.2.json")))
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="holds no results of a scenario"):
        read(tmp_path / "other.json")


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """auroraml-sql bench: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")

    def invoke(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return invoke


def test_the_command_writes_draws_and_judges(bench: Run, scenario: Path, tmp_path: Path) -> None:
    code, out, err = bench(str(scenario), "-o", "out/run")
    assert (code, err) == (0, "")
    assert "holds: better" in out
    assert "written to out/run.json, .parquet, .html, .png" in out
    page = (tmp_path / "out/run.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1  # an INSERT has no request and no batches: nothing of it varies
    assert "<script" not in page and 'src="http' not in page
    assert (tmp_path / "out/run.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))["machine"]["clock"] == "virtual"


def test_comparing_tells_what_became_slower(bench: Run, scenario: Path, tmp_path: Path) -> None:
    bench(str(scenario), "--no-report", "-q", "-o", "before")
    document = json.loads((tmp_path / "before.json").read_text(encoding="utf-8"))
    document["rows"][0]["seconds"] *= 2
    (tmp_path / "after.json").write_text(json.dumps(document), encoding="utf-8")
    assert bench("compare", "before.json", "before.parquet")[:2] == (0, "4 cases: 0 slower, 0 quicker, 4 within 1.1 times\n")
    code, out, _ = bench("compare", "before.json", "after.json")
    assert code == 1
    assert "score rows=50 batch=5" in out
    assert "2.00" in out
    assert bench("compare", "after.json", "before.json")[0] == 0


def test_other_values_for_the_grid(bench: Run, scenario: Path, tmp_path: Path) -> None:
    assert bench(str(scenario), "--no-report", "-o", "out", "--only", "batch=25,50")[0] == 0
    rows = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["rows"]
    assert [row["batch"] for row in rows if row["measure"] == "score"] == [25, 50]
    assert bench(str(scenario), "--only", "bach=1") == (2, "", "auroraml-sql bench: error: 'bach=1': it is NAME=VALUE,... with one of rows, batch\n")


def test_a_statement_that_fails_ends_the_run_with_its_error(bench: Run, scenario: Path) -> None:
    scenario.write_text(TOML.replace('FROM t"', 'FROM nowhere"'), encoding="utf-8")
    code, _, err = bench(str(scenario), "--no-report", "-q")
    assert code == 1 and err.startswith(f'auroraml-sql bench: {scenario}:17: ERROR:  relation "nowhere" does not exist\nLINE 1: ... ')
    assert err.endswith("^\nat rows=50 batch=5\n")


def test_a_list_and_what_is_not_there(bench: Run) -> None:
    code, out, _ = bench("--list")
    assert code == 0
    assert "batch_size" in out and find("batch_size").title in out
    assert bench("nothing")[0] == 2
    assert bench("--clock", "sun")[0] == 2
