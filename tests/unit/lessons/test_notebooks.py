"""Lessons as notebooks: what is written is valid, and a notebook with right answers runs from top to bottom in a kernel of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from auroraml_cli.learning import run
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

from auroraml.lessons.lesson import Code, Lesson, Question, Task
from auroraml.lessons.notebooks import notebook
from auroraml.lessons.playing import Player
from auroraml.lessons.reading import find, lessons


def replies(lesson: Lesson) -> dict[int, str]:
    """The right reply to each question, by number."""
    found: dict[int, str] = {}
    with Player(lesson) as player:
        for part in (part for step in lesson.steps for part in step.parts):
            if isinstance(part, Code):
                player.run(part)
            elif isinstance(part, Question):
                found[len(found) + 1] = player.answer(part)
                player.judge(part, found[len(found)])
    return found


def test_all_are_written_and_valid(tmp_path: Path) -> None:
    assert run(["--notebook", str(tmp_path)]) == 0
    files = sorted(tmp_path.glob("*.ipynb"))
    assert [file.name for file in files] == [f"{lesson.number:02}-{lesson.name}.ipynb" for lesson in lessons()]
    for file, lesson in zip(files, lessons(), strict=True):
        made = json.loads(file.read_text(encoding="utf-8"))
        nbformat.validate(made)
        sources = ["".join(cell["source"]) for cell in made["cells"]]
        assert sum(source.startswith(("%answer ", "%%answer ")) for source in sources) == len(lesson.questions)
        for code in (part for step in lesson.steps for part in step.parts if isinstance(part, Code)):
            assert any(source.startswith("%%sql") and source.endswith(code.sql) for source in sources)


def test_a_notebook_in_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    lesson = find("batch-mode")
    assert lesson is not None
    made: Any = nbformat.reads(json.dumps(notebook(lesson, replies(lesson))), as_version=4)
    NotebookClient(made, timeout=120, kernel_name="python3").execute()
    outputs = [output for cell in made.cells if cell.cell_type == "code" for output in cell.outputs]
    said = [output["data"]["text/markdown"] for output in outputs if "text/markdown" in output.get("data", {})]
    assert len(said) == len(lesson.questions) and all(text.startswith("✓ **Right.**") for text in said)
    assert any("auroraml-plan" in output["data"].get("text/html", "") for output in outputs if "data" in output)
    assert len(json.loads((tmp_path / "auroraml" / "lessons.json").read_text())["batch-mode"]["right"]) == len(lesson.questions)


def test_cells_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    lesson = find("limit")
    assert lesson is not None
    codes = [part for step in lesson.steps for part in step.parts if isinstance(part, Code)]

    def typed(cell: str) -> str:
        capsys.readouterr()
        shell.run_cell(cell)
        captured = capsys.readouterr()
        return captured.out + captured.err

    typed("%load_ext auroraml.lessons")
    assert "begin with %lesson" in typed("%answer 1 25")
    assert "there is no lesson 'nothing'" in typed("%lesson nothing")
    assert "Lesson 3: LIMIT reads over" in typed("%lesson limit")
    assert "run the cells above" in typed("%answer 1 25")
    for code in codes[:2]:
        typed(f"%%sql\n{code.sql}")
    typed("%sql SELECT 'something else'")
    assert "✗ It is more than 4." in typed("%answer 1 4")
    assert "Look at the batch size." in typed("%hint 1") and "no more hints" in typed("%hint 1\n%hint 1")
    assert "✓ **Right.** 25" in typed("%answer 1 25")
    assert "Answer: **b**" in typed("%skip 2")
    assert "questions 1 to" in typed("%answer 99 1") and "name the question" in typed("%answer")
    for code in codes[2:]:
        typed(f"%%sql\n{code.sql}")
    last = len(lesson.questions)
    assert "does not exist" in (wrong := typed(f"%%answer {last}\nSELECT nothing")) and "✗ It ends in an error." in wrong
    assert "✓ **Right.** 25" in typed("%answer 1 25"), "an earlier question is still about its own run"
    task = lesson.questions[-1]
    assert isinstance(task, Task)
    assert "✓ **Right.**" in typed(f"%%answer {last}\n{task.solution}")
    assert "```sql\nSELECT id" in typed(f"%skip {last}")
    typed("%lesson limit")
    typed("%sql --close")
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()
