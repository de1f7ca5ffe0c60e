"""Lessons as notebooks: what is written is valid; in a kernel each runs from top to bottom, wrong answers are refused and right ones taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from auroraml_cli.learning import run
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

from auroraml.lessons.lesson import Code, Lesson, Task
from auroraml.lessons.notebooks import notebook
from auroraml.lessons.reading import find, lessons
from auroraml.sql import split
from tests.unit.lessons.replies import right_replies, wrong_replies


class Kernel:
    """A Jupyter kernel that executes one notebook after the other, like a new one each."""

    def __init__(self, client: NotebookClient) -> None:
        self.client = client

    def execute(self, notebook: Any) -> None:
        """All cells, after the names of the notebook before are forgotten. Outputs come into the cells; errors stop nothing."""
        notebook.cells.insert(0, nbformat.v4.new_code_cell("%reset -f"))
        self.client.nb = notebook
        self.client.reset_execution_trackers()
        for place, cell in enumerate(notebook.cells):
            self.client.execute_cell(cell, place)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the kernel keeps the progress of lessons."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def kernel(state: Path) -> Iterator[Kernel]:
    """One kernel for all lessons: starting it and importing costs more than a lesson."""
    client = NotebookClient(nbformat.v4.new_notebook(), timeout=120, kernel_name="python3", allow_errors=True)
    with client.setup_kernel():
        yield Kernel(client)


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


@pytest.mark.parametrize("lesson", lessons(), ids=[lesson.name for lesson in lessons()])
def test_a_notebook_in_a_kernel(lesson: Lesson, kernel: Kernel, state: Path) -> None:
    right = right_replies(lesson)
    wrong = {number: next(wrong_replies(lesson.questions[number - 1], reply)) for number, reply in right.items()}
    made: Any = nbformat.reads(json.dumps(notebook(lesson)), as_version=4)
    others = [nbformat.reads(json.dumps(notebook(lesson, replies)), as_version=4).cells for replies in (wrong, right)]
    made.cells = [  # a cell for an answer as it is written, with a wrong reply, and with the right one
        cell
        for each in zip(made.cells, *others, strict=True)
        for cell in (each if each[0].source.startswith(("%answer ", "%%answer ")) else each[:1])
    ]
    kernel.execute(made)
    executed = [cell for cell in made.cells if cell.cell_type == "code"]
    assert [(cell.source, output.evalue) for cell in executed for output in cell.outputs if output.output_type == "error"] == []
    assert [cell.source for cell in executed if any("Traceback" in str(output) for output in cell.outputs)] == []
    said = [verdict(cell) for cell in executed if cell.source.startswith(("%answer ", "%%answer "))]
    assert [text[0] for text in said] == ["✗", "✗", "✓"] * len(lesson.questions), said
    assert all(text.startswith("✓ **Right.**") for text in said[2::3])
    assert not any("{{" in text for text in said)
    for cell, code in zip((cell for cell in executed if cell.source.startswith("%%sql")), codes(lesson), strict=True):
        shown = [output for output in cell.outputs if 'class="auroraml' in output.get("data", {}).get("text/html", "")]
        assert len(shown) == (0 if code.quiet else with_rows(code)), cell.source
    kept = json.loads((state / "auroraml" / "lessons.json").read_text(encoding="utf-8"))
    assert kept[lesson.name]["right"] == list(range(len(lesson.questions)))


def codes(lesson: Lesson) -> list[Code]:
    """A lesson's pieces of SQL."""
    return [part for step in lesson.steps for part in step.parts if isinstance(part, Code)]


def with_rows(code: Code) -> int:
    """How many of its statements answer with rows."""
    return sum(statement.split(None, 1)[0].upper() in ("SELECT", "EXPLAIN", "WITH", "SHOW") for statement in split(code.sql))


def verdict(cell: Any) -> str:
    """What an answer's cell says last."""
    return str(cell.outputs[-1]["data"]["text/markdown"])


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
