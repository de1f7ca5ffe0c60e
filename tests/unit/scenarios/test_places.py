"""Mistakes in a scenario's file are told with their file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from auroraml_cli.bench import run

from auroraml.scenarios.places import At, line_of

FILE = """title = "T"
where = "batch < 1000"
[grid]
batch = [10, 100]

[service.endpoints.s]
kind = "callable"
callable = "auroraml.scenarios.stubs:score"
latency = { base = 0.05 }

[tables.r]
columns = "id int"
generator = \"\"\"
SELECT i
FROM generate_series(1, 20) i
\"\"\"

[[measure]]
name = "first"
sql = "SELECT 1"

[[measure]]
name = "second"
sql = "SELECT aws_sagemaker.invoke_endpoint('s', {batch}, id) FROM r"
times = 1

[[claims]]
kind = "grows"
metric = "calls"
measure = "second"
"""


@pytest.mark.parametrize(
    ("at", "line"),
    [
        (("title",), 1), (("grid", "batch"), 4), (("grid", "rows"), 3), (("service", "endpoints", "s", "latency", "base"), 9), (("tables", "r"), 11),
        (("tables", "r", "generator"), 13), (("measure", 0, "sql"), 20), (("measure", 1, "sql"), 24), (("measure", 1), 22), (("claims", 0, "kind"), 28),
        (("nothing",), None), ((), None), (("measure", 2), None),
    ],
)  # fmt: skip
def test_lines_of_keys(at: At, line: int | None) -> None:
    assert line_of(FILE, at) == line


def test_texts_of_several_lines_hold_no_keys_and_lists_have_tables_below() -> None:
    text = 'a = """\n[b]\nc = 1\n"""\n[b]\nc = 2\n[[d]]\n[d.e]\nf = 1\n[[d]]\n[d.e]\nf = 2\ng.h = 3\n'
    assert line_of(text, ("b", "c")) == 6
    assert [line_of(text, ("d", number, "e", "f")) for number in (0, 1)] == [9, 12] and line_of(text, ("d", 1, "e", "g", "h")) == 13


@pytest.mark.parametrize(
    ("old", "new", "code", "told"),
    [
        ('title = "T"', 'title = "T', 2, "error: {}:1:11: Illegal character"),
        ("batch = [10, 100]", "batch = 10", 2, "error: {}:4: grid.batch is a list of numbers or texts"),
        ('name = "second"', 'nam = "second"', 2, "error: {}:23: a [[measure]] has 'nam', which is not one of before,"),
        ("'s', {batch}", "'s', {bach}", 2, "error: {}:24: {{bach}} is none of the grid's names: batch"),
        ('where = "batch < 1000"', 'where = "size < 1000"', 2, "error: {}:2: where compares names of the grid and numbers, and 'size'"),
        ('"callable"', '"calable"', 2, "error: {}:7: endpoint kind 'calable' is not one of"),
        ('kind = "callable"', 'kind = "callable"\nconcurency = 1', 2, "error: {}:8: an endpoint of kind callable has no option 'concurency'"),
        ("{ base", "{ bse", 2, "error: {}:9: latency has no 'bse'"),
        ("stubs:score", "stubs:scor", 2, "error: {}:8: module 'auroraml.scenarios.stubs' has no attribute 'scor'"),
        ("stubs:score", "nowhere:score", 2, "error: {}:8: No module named 'auroraml.scenarios.nowhere'"),
        ('"id int"', '"id integr"', 1, '{}:12: ERROR:  type "integr" does not exist\nLINE 1: CREATE TABLE r (id integr)\n'),
        ("generate_series(1, 20)", "nowhere(1, 20)", 1, "{}:13: ERROR:  function nowhere(integer, integer) does not exist\nLINE 2: FROM nowhere(1, 20) i\n"),
        ("id) FROM r", "id) FROM rr", 1, '{}:24: ERROR:  relation "rr" does not exist\nLINE 1: SELECT aws_sagemaker.invoke_endpoint(\'s\', 10, id) FROM rr\n'),
        ("times = 1", 'times = "many"', 2, "error: {}:25: times is a whole number, not 'many'"),
        ('kind = "grows"', 'kind = "grow"', 2, "error: {}:28: claims are of the kinds knee rises, grows, scales, better, not 'grow'"),
        ('metric = "calls"', 'metric = "speed"', 2, "error: {}:29: metric is one of throughput,"),
        ('metric = "calls"', 'over = "batch"', 2, "error: {}:29: the claim 'grows' has no 'over': it has metric, measure"),
        ('metric = "calls"\n', "", 2, "error: {}:27: the claim 'grows' needs metric"),
        ('measure = "second"', 'measure = "third"', 2, "error: {}:30: measure is one of first, second, not 'third'"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(old: str, new: str, code: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert old in FILE
    path = tmp_path / "mine.toml"
    path.write_text(FILE.replace(old, new), encoding="utf-8")
    assert run([str(path), "--no-report", "-q", "-o", str(tmp_path / "out")]) == code
    error = capsys.readouterr().err
    assert told.format(path) in error and error.startswith("auroraml-sql bench: ")
    assert code == 2 or error.endswith("\nat batch=10\n")


def test_amazon_is_not_called_in_virtual_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FILE, encoding="utf-8")
    assert run([str(path), "--services", "aws", "-o", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == "auroraml-sql bench: error: --services aws needs --clock real: Amazon cannot be called in virtual time\n"


def test_one_point_does_not_show_that_a_metric_grows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FILE, encoding="utf-8")
    assert run([str(path), "--only", "batch=10", "--no-report", "-o", str(tmp_path / "out")]) == 0
    assert re.search("not judged: .*: it takes two values of batch", capsys.readouterr().out)


def test_a_data_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[tables.r]\nfile = "none.parquet"\n[[measure]]\nsql = "TABLE r"\n', encoding="utf-8")
    assert run([str(path), "--no-report", "-q"]) == 2
    assert f"{path}:1: {tmp_path / 'none.parquet'}: No such file or directory" in capsys.readouterr().err
    assert run([str(tmp_path / "absent.toml")]) == 2
    assert "absent.toml: No such file or directory" in capsys.readouterr().err


def test_a_claim_that_a_part_of_the_grid_cannot_show_is_named_and_the_results_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "mine.toml", tmp_path / "out"
    scales = '[[claims]]\nkind = "scales"\nsays = "K need K"\nover = "batch"\n'
    path.write_text(
        FILE.replace("[[claims]]", f"{scales}[[claims]]").replace("batch = [10, 100]", "size = [1, 2]\nbatch = [10, 100]"), encoding="utf-8"
    )
    assert run([str(path), "--no-report", "-o", str(out)]) in (0, 1)
    assert "not judged: K need K: the claim 'scales' cannot be judged: there is no point with batch 1 and batch 1" in capsys.readouterr().out
    assert out.with_name("out.json").exists()
    assert run(["compare", str(out.with_name("out.json")), str(tmp_path / "absent.parquet")]) == 2
    assert "absent.parquet: No such file or directory" in capsys.readouterr().err
