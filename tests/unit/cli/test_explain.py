"""auroraml-sql explain: which statements run, which are explained, and how."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from auroraml_cli.explain import parse_arguments, run, steps_of
from auroraml_cli.main import run as program
from auroraml_cli.reference import OPTIONS
from auroraml_cli.subcommands import SUBCOMMANDS, subcommand
from auroraml_cli.telling import styled

SCRIPT = """CREATE TABLE t (a int, b text);
INSERT INTO t SELECT g, 'x' || g FROM generate_series(1, 1000) g;
ANALYZE t;
SELECT * FROM t WHERE a < 10;
DROP TABLE t;
"""
PLAN = "Seq Scan on t  (cost=0.00..18.50 rows=9 width=8)\n  Filter: (a < 10)\n"


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "script.sql"
    path.write_text(SCRIPT, encoding="utf-8")
    return str(path)


def test_the_last_query_is_explained_and_the_rest_run(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([script]) == 0
    assert capsys.readouterr().out == PLAN


def test_all_are_explained_and_changes_run_afterwards(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([script, "--all", "--no-costs"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("-- INSERT INTO t SELECT")
    assert out.endswith("\n\n-- SELECT * FROM t WHERE a < 10\nSeq Scan on t\n  Filter: (a < 10)\n")


def test_analyze_runs_each_once(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([script, "--all", "--analyze", "--no-costs", "--no-timing", "--no-summary"]) == 0
    assert "Seq Scan on t (actual rows=9 loops=1)\n  Filter: (a < 10)\n  Rows Removed by Filter: 991\n" in capsys.readouterr().out


def test_files_and_commands_in_order_in_a_structured_format(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([script, "-c", "CREATE TABLE u AS SELECT 1 AS a", "-c", "EXPLAIN (VERBOSE) SELECT a FROM u", "--format=json"]) == 0
    (plan,) = json.loads(capsys.readouterr().out)
    assert plan["Plan"]["Relation Name"] == "u" and "Output" not in plan["Plan"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ("-c", "CREATE TABLE t (a int)"),
            1,
            "auroraml-sql explain: error: no statement to explain: none is a query, a change of rows or an EXECUTE\n",
        ),
        (("-c", "SELECT nothing"), 1, 'ERROR:  column "nothing" does not exist\nLINE 1: SELECT nothing\n               ^\n'),
        (("-c", "SELECT 1 +"), 1, "ERROR:  syntax error at end of input\n"),
        (("-c", "DROP TABLE t; SELECT 1"), 1, 'ERROR:  table "t" does not exist\n'),
        (("missing.sql",), 1, "auroraml-sql explain: error: missing.sql: No such file or directory\n"),
        (("--nonsense",), 1, "auroraml-sql explain: No such option '--nonsense'."),
        (("-h", "nowhere", "-c", "SELECT 1"), 2, "auroraml-sql explain: error: connection to server"),
    ],
)
def test_failures(arguments: tuple[str, ...], code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == code
    assert capsys.readouterr().err.startswith(message)


@pytest.mark.parametrize("option", [(), ("--story",), ("--picture",), ("--html", "page.html"), ("--analyze",)])
def test_an_error_in_a_file_is_told_of_the_statement_as_it_stands_there(
    option: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "script.sql"
    path.write_text("SELECT 1;\n\nSELECT 1,\n       nothing;\n", encoding="utf-8")
    assert run([str(path), *option]) == 1
    error = capsys.readouterr().err
    assert error == f'auroraml-sql explain: {path}:3: ERROR:  column "nothing" does not exist\nLINE 2:        nothing\n               ^\n'
    path.write_text("SELECT 1;\nSELECT 1/0;\nSELECT 2;", encoding="utf-8")
    assert run([str(path), *option]) == 1
    assert capsys.readouterr().err == f"auroraml-sql explain: {path}:2: ERROR:  division by zero\n"


def test_what_creates_a_table_or_a_cursor_of_a_query_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("EXPLAIN CREATE TABLE t AS SELECT 1", "EXPLAIN DECLARE c CURSOR FOR SELECT 1"):
        assert run(["-c", text, "--no-costs"]) == 0
        assert capsys.readouterr().out == "Result\n"


def test_options_that_were_given_are_passed_on() -> None:
    asked = parse_arguments(["-c", "SELECT 1", "--analyze", "--no-costs", "-d", "lab"])
    assert asked.flags == (("analyze", True), ("costs", False))
    assert asked.connection.dbname == "lab"


def test_steps_of_a_script() -> None:
    steps = steps_of(
        "BEGIN; EXPLAIN ANALYZE DELETE FROM t; WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM x; EXECUTE p(1); CREATE TABLE u AS SELECT 1"
    )
    assert [(step.query, step.changes) for step in steps] == [
        ("", False), ("DELETE FROM t", False), ("WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM x", True), ("EXECUTE p(1)", False), ("", False),
    ]  # fmt: skip


def test_subcommands_are_words_in_the_first_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert subcommand(["-d", "explain"]) is None and subcommand([]) is None and subcommand(["postgres"]) is None
    for name in SUBCOMMANDS:
        assert program([name, "--help"]) == 0
        assert f"auroraml-sql {name} " in capsys.readouterr().out
        assert f"auroraml-sql {name} " in OPTIONS


def test_a_story_is_told_in_plain_text_where_there_is_no_terminal(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([script, "--story"]) == 0
    story = capsys.readouterr().out
    assert story.startswith("1. The statement\n================\n  SELECT * FROM t WHERE a < 10\n") and "\x1b" not in story
    assert "Seq Scan on t: 18.50\n" in story
    assert run([script, "--tutor"]) == 0
    assert capsys.readouterr().out == story
    assert run([script, "--story", "--format", "json"]) == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert document["Story"][0]["Stage"] == "1. The statement"


def test_a_story_has_colours_on_a_terminal() -> None:
    assert [span.style for span in styled("  worker 0  ░░███··").spans] == ["cyan", "yellow", "bright_black"]
    assert [str(styled(line).style) for line in ("   - t", "   + u", "  → 8.52  Seq Scan", "Seq Scan on t: 8.52")] == [
        "red",
        "green",
        "green",
        "bold",
    ]
