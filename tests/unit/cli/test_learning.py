"""`auroraml-sql learn`: a lesson is taken step by step; replies are judged, hints given, progress kept."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from auroraml_cli.learning import Teacher, run
from auroraml_cli.lesson_screen import Screen
from auroraml_cli.main import run as program
from rich.console import Console

from auroraml.lessons.playing import Player
from auroraml.lessons.progress import Progress
from auroraml.lessons.reading import lessons, read

TEXT = """+++
name = "counting"
summary = "Counting."
+++
# Counting

Some *prose* with `code`, and a list:

- one
- two

```sql quiet
CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 7) AS g;
```

```question
ask = "How many rows has t?"
number = "SELECT substring(tag from '[0-9]+')::int FROM runs"
hints = ["The series ends with 7."]
why = "It has {{SELECT substring(tag from '[0-9]+') FROM runs}}."
```

## Reading

```sql
SELECT max(a) FROM t;
```

```question
ask = "Which is larger?"
choices = [
  { text = "the count", when = "SELECT max < 7 FROM result" },
  { text = "neither", when = "SELECT max = 7 FROM result" },
]
hints = ["Look again."]
why = "max is {{SELECT max FROM result}}."
```

```question
ask = "Delete the even rows."
solution = "DELETE FROM t WHERE a % 2 = 0"
checks = [
  { that = "SELECT tag LIKE 'DELETE%' FROM runs", otherwise = "That is no DELETE but {{SELECT tag FROM runs}}." },
  { inside = "SELECT count(*) = 4 FROM t WHERE a % 2 = 1", otherwise = "Odd rows are gone." },
]
wrong = ["DELETE FROM t"]
hints = ["a % 2"]
why = "Done."
```
"""
LESSON = read(TEXT, 0)


class Script:
    """What a learner types, line by line."""

    def __init__(self, *lines: str) -> None:
        self.left = list(lines)
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.prompts.append(prompt)
        if not self.left:
            raise EOFError
        return self.left.pop(0)


@pytest.fixture
def player() -> Iterator[Player]:
    with Player(LESSON) as made:
        yield made


def taught(player: Player, file: Path, *lines: str, auto: bool = False, resume: bool = False) -> tuple[str, Progress, Script]:
    """A lesson taken; its screen, the progress kept and what was asked for."""
    out, script, progress = io.StringIO(), Script(*lines), Progress(file)
    screen = Screen(Console(file=out, highlight=False, width=100))
    Teacher(player, screen, progress, auto=auto, lines=script).teach(resume=resume)
    return out.getvalue(), progress, script


def test_a_whole_lesson(player: Player, tmp_path: Path) -> None:
    typed = (
        "6",
        "hint",
        "hint",
        "seven",
        "7 rows",
        "SELECT 40 + 2 AS seen;",
        "z",
        "a",
        "2",
        "SELECT 1;",
        "DELETE FROM t;",
        "DELETE FROM t",
        "WHERE a % 2 = 0;",
    )
    text, progress, script = taught(player, tmp_path / "state.json", *typed)
    assert not script.left
    for shown in (
        "Some prose with code", "  - one", "CREATE TABLE t AS", "✗ It is more than 6.", "The series ends with 7.", "There are no more hints",
        "✗ That is not a number.", "✓ Right.\nIt has 7.", " max \n-----\n   7\n(1 row)", "   42", "✗ Answer with a letter from a to b.", "✗ No.",
        "max is 7.", "✗ That is no DELETE but SELECT 1.", "✗ Odd rows are gone.", "DELETE 3\n✓ Right.", "3 of 3 questions answered",
    ):  # fmt: skip
        assert shown in text, shown
    assert script.prompts[-2:] == ["lesson=> ", "lesson-> "]
    assert Progress(tmp_path / "state.json").of(LESSON).right == {0, 1, 2} and progress.of(LESSON).done


TWO_STATEMENTS = """+++
name = "two"
summary = "Two."
+++
# Two

```question
ask = "Turn sorting off, and show that one row is left of two, in one answer."
solution = "SET enable_sort = off; SELECT 1 AS a"
checks = [
  { that = "SELECT tag LIKE 'SELECT%' FROM runs", otherwise = "That is no SELECT." },
  { that = "SELECT rows = 2 FROM runs", otherwise = "It shows {{SELECT rows FROM runs}} rows." },
  { inside = "SELECT current_setting('enable_sort') = 'off'", otherwise = "It is on." },
]
wrong = ["SELECT 1"]
```
"""


def test_statements_that_prepare_others_wait_for_them(tmp_path: Path) -> None:
    typed = (
        "SET enable_sort = off;",
        "SELECT 1;",
        "SET enable_sort = off;",
        "",
        "SET enable_sort = off;",
        "SELECT g FROM",
        "generate_series(1, 2) g;",
    )
    with Player(read(TWO_STATEMENTS, 0)) as made:
        text, progress, script = taught(made, tmp_path / "state.json", *typed)
    assert not script.left and progress.of(made.lesson).right == {0}
    assert text.count("An empty line ends it.") == 3
    assert "✗ It shows 1 row." in text and "✗ That is no SELECT." in text and "(2 rows)\n✓ Right." in text


def test_skip_shows_the_answer_and_counts_for_nothing(player: Player, tmp_path: Path) -> None:
    text, progress, _ = taught(player, tmp_path / "state.json", "skip", "s", "skip;")
    assert "Answer: 7" in text and "Answer: b" in text and "DELETE FROM t WHERE a % 2 = 0\nDELETE 3" in text
    assert progress.of(LESSON).right == set() and progress.of(LESSON).done


def test_quit_and_continue(tmp_path: Path) -> None:
    with Player(LESSON) as player:
        text, _, script = taught(player, tmp_path / "state.json", "7", "quit", "b")
        assert script.left == ["b"] and "--continue" in text
    with Player(LESSON) as player:
        text, progress, _ = taught(player, tmp_path / "state.json", "b", resume=True)
        assert "How many rows" not in text and "Reading" in text and "max is 7." in text
        assert progress.of(LESSON).right == {0, 1} and not progress.of(LESSON).done


def test_back_begins_the_step_before_with_everything_as_it_was(player: Player, tmp_path: Path) -> None:
    typed = (
        "back",
        "7",
        "b",
        "\\d t",
        "DROP TABLE t; COMMIT;",
        "back",
        "7",
        "help",
        "select 1",
        "\\d t",
        "\\q t",
        "b",
        "DELETE FROM t WHERE a % 2 = 0;",
    )
    text, progress, script = taught(player, tmp_path / "state.json", *typed)
    assert not script.left and progress.of(LESSON).done
    assert text.count("How many rows has t?") == 3 and text.count("Which is larger?") == 2
    assert text.count(" a      | integer |") == 2 and "✗ \\q is for auroraml-sql" not in text and "\\q is for auroraml-sql" in text
    assert "SQL ends in a semicolon." in text and "The answer, hint, skip, back (to the step before)" in text
    assert "3 of 3 questions answered" in text


def test_auto_answers_itself_and_keeps_nothing(player: Player, tmp_path: Path) -> None:
    text, _, script = taught(player, tmp_path / "state.json", auto=True)
    assert not script.prompts and "Answer: 7" in text and "DELETE 3" in text and "Done." in text
    assert not (tmp_path / "state.json").exists()


def test_a_damaged_file_is_no_progress(tmp_path: Path) -> None:
    for text in ("", "[1]", '{"counting": 3}', '{"counting": {"right": 3}}'):
        (tmp_path / "state.json").write_text(text)
        assert not Progress(tmp_path / "state.json").of(LESSON).right


def test_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    own = tmp_path / "own.md"
    own.write_text(TEXT)
    monkeypatch.setattr(sys, "stdin", io.StringIO("7\nb\nDELETE FROM t WHERE a % 2 = 0;\n"))
    assert program(["learn", str(own)]) == 0
    shown = capsys.readouterr().out
    assert "? 7" in shown and "lesson=> DELETE" in shown and "3 of 3" in shown, "lines from a pipe are shown"
    assert (tmp_path / "auroraml" / "lessons.json").exists()
    assert run([]) == 0
    shown = capsys.readouterr().out
    assert all(lesson.title.split()[0] in shown for lesson in lessons()) and "5 questions" in shown
    assert run(["--reset"]) == 0 and Progress().standings == {}
    for bad in (["nine hundred"], ["99"], [str(tmp_path / "none.md")], ["--nonsense"]):
        assert run(bad) != 0
        assert "Error" in capsys.readouterr().err


def test_on_a_terminal(tmp_path: Path) -> None:
    own = tmp_path / "own.md"
    own.write_text(TEXT)
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "TERM": "xterm", "COLUMNS": "100"}
    entry = "from auroraml_cli.main import main; main()"
    child = pexpect.spawn(sys.executable, ["-c", entry, "learn", str(own)], env=environment, encoding="utf-8", dimensions=(35, 100), timeout=60)
    child.expect("Enter goes on")
    child.expect(r"Question 1\.")
    child.send("7\r")
    child.expect("Right.")
    child.expect("Enter: the next step")
    child.send("\r")
    child.expect("Enter runs it")
    child.send("\r")
    child.expect(r"\(1 row\)")
    child.expect("b\\) neither")
    child.send("\x03")
    child.expect("--continue")
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert Progress(tmp_path / "auroraml" / "lessons.json").of(LESSON).step == 1
