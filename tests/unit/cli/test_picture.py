"""auroraml-sql explain --html and --picture, and the console's \\explain."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from auroraml_cli.client import open_embedded
from auroraml_cli.explain import run
from auroraml_cli.mainloop import run_file
from auroraml_cli.shell import Shell

SETUP = "CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 50) g"


def console(text: str) -> str:
    client = open_embedded("postgres", "rdsadmin", {})
    screen = io.StringIO()
    run_file(Shell(client, out=screen, err=screen), io.StringIO(text), None)
    client.close()
    return screen.getvalue()


def test_a_page_of_the_last_query(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plan.html"
    assert run(["-c", SETUP, "-c", "SELECT count(*) FROM t WHERE a < 10", "--html", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and "SELECT count(*) FROM t WHERE a &lt; 10" in page and "Seq Scan on t" in page


def test_pages_of_all_queries_have_numbers(tmp_path: Path) -> None:
    path = tmp_path / "plan.html"
    assert run(["-c", SETUP, "-c", "INSERT INTO t VALUES (51)", "-c", "SELECT count(*) FROM t", "--all", "--html", str(path)]) == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["plan-2.html", "plan.html"]
    assert '"Actual Rows": 51' in (tmp_path / "plan-2.html").read_text(encoding="utf-8")  # the change was rolled back for the page, and then made


def test_a_page_without_running(tmp_path: Path) -> None:
    path = tmp_path / "plan.html"
    assert run(["-c", SETUP, "-c", "SELECT 1 / (a - 5) FROM t", "--html", str(path), "--no-analyze"]) == 0
    assert "Actual Rows" not in path.read_text(encoding="utf-8")


def test_a_picture_on_the_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-c", SETUP, "-c", "SELECT count(*) FROM t", "--picture"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["node", "own", "time"]
    assert lines[1].startswith("Aggregate") and lines[2].startswith("└─Seq Scan on t")


@pytest.mark.parametrize("option", [["--html", "plan.html"], ["--picture"]])
def test_failures_are_reported(option: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["-c", "SELECT nothing", *option]) == 1
    assert 'ERROR:  column "nothing" does not exist' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_page_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["-c", "SELECT 1", "--html", str(tmp_path / "no" / "plan.html")]) == 1
    assert capsys.readouterr().err.endswith("No such file or directory\n")


def test_explain_shows_the_query_given_the_buffers_or_the_last(tmp_path: Path) -> None:
    path = tmp_path / "console.html"
    shown = console(f"{SETUP};\n\\explain SELECT count(*) FROM t;\n\\explain\nSELECT a FROM t LIMIT 3\n\\explain\n\\explain -o '{path}'\n")
    assert shown.count("Aggregate") == 2 and shown.count("└─Seq Scan on t") == 3
    assert shown.endswith(f"{path}\n")
    assert "SELECT a FROM t LIMIT 3" in path.read_text(encoding="utf-8")


def test_explain_keeps_the_changes_of_its_transaction_alone() -> None:
    shown = console(f"{SETUP};\n\\pset tuples_only\nBEGIN;\nINSERT INTO t VALUES (1);\n\\explain DELETE FROM t\nSELECT count(*) FROM t;\nCOMMIT;\n")
    assert "Delete on t" in shown and "    51" in shown


def test_explain_says_what_is_wrong(tmp_path: Path) -> None:
    assert "\\explain cannot be used with an empty query" in console("\\explain\n")
    assert "\\explain: missing required argument" in console("\\explain -o\n")
    assert 'ERROR:  relation "nowhere" does not exist' in console("\\explain SELECT * FROM nowhere\n")
    assert "No such file or directory" in console(f"\\explain -o {tmp_path}/no/page.html SELECT 1\n")
