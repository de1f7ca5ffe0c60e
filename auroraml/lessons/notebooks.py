"""Lessons as Jupyter notebooks: prose in Markdown cells, SQL in %%sql cells, and a cell to answer each question in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from auroraml.dispatch import singledispatch
from auroraml.lessons.lesson import Choice, Code, Lesson, Part, Prose, Question, Task
from auroraml.lessons.playing import LETTERS

TO_BE_ANSWERED = "..."
OPENING = """%load_ext auroraml.lessons
%lesson {name}"""
MANUAL = """Run the cells in order. Below a question, put your answer in the place of the dots and run the cell; `%hint N` gives a hint, `%skip N` shows the
answer."""


def write(lessons: Iterable[Lesson], folder: Path) -> list[Path]:
    """Write a notebook for each lesson; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for lesson in lessons:
        path = folder / f"{lesson.number:02}-{lesson.name}.ipynb"
        path.write_text(json.dumps(notebook(lesson), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written


def notebook(lesson: Lesson, replies: Mapping[int, str] | None = None) -> dict[str, object]:
    """A lesson as nbformat 4 has it; `replies` (by number) fill the answers in."""
    cells = list(_cells(lesson, replies or {}))
    return {
        "cells": [_cell(number, kind, text) for number, (kind, text) in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "title": lesson.title,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(number: int, kind: str, text: str) -> dict[str, object]:
    cell: dict[str, object] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": text.splitlines(keepends=True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


Cell = tuple[str, str]


def _cells(lesson: Lesson, replies: Mapping[int, str]) -> Iterator[Cell]:
    number = 0
    for place, step in enumerate(lesson.steps):
        title = f"# Lesson {lesson.number}: {step.title}" if place == 0 else f"## {step.title}"
        first, *rest = step.parts or (Prose(text=""),)
        opening = first.text if isinstance(first, Prose) else ""
        yield "markdown", f"{title}\n\n{opening}".rstrip()
        if place == 0:
            yield "markdown", MANUAL
            yield "code", OPENING.format(name=lesson.name)
        for part in rest if opening else step.parts:
            number += isinstance(part, Question)
            yield from _of(part, number, replies.get(number, TO_BE_ANSWERED))


@singledispatch
def _of(part: Part, number: int, reply: str) -> Iterator[Cell]:
    raise TypeError(part)


@_of.register
def _(part: Prose, number: int, reply: str) -> Iterator[Cell]:
    yield "markdown", part.text


@_of.register
def _(part: Code, number: int, reply: str) -> Iterator[Cell]:
    yield "code", f"%%sql{' -q' if part.quiet else ''}\n{part.sql}"


@_of.register
def _(part: Question, number: int, reply: str) -> Iterator[Cell]:
    yield "markdown", f"**Question {number}.** {part.ask}"
    yield "code", f"%answer {number} {reply}"


@_of.register
def _(part: Choice, number: int, reply: str) -> Iterator[Cell]:
    options = "\n".join(f"- **{letter})** {option.text}" for letter, option in zip(LETTERS, part.options, strict=False))
    yield "markdown", f"**Question {number}.** {part.ask}\n\n{options}"
    yield "code", f"%answer {number} {reply}"


@_of.register
def _(part: Task, number: int, reply: str) -> Iterator[Cell]:
    yield "markdown", f"**Question {number}.** {part.ask}"
    yield "code", f"%%answer {number}\n{'-- ' if reply == TO_BE_ANSWERED else ''}{reply}"
