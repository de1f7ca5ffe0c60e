"""Writes docs/lessons.md from the lessons as they run: the table, and every lesson with its SQL, output, questions and answers; a test compares it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import singledispatch
from pathlib import Path

from auroraml_cli.lesson_screen import table_text

from auroraml.lessons.lesson import Choice, Code, Lesson, Part, Prose, Question, Task
from auroraml.lessons.playing import LETTERS, Player
from auroraml.lessons.reading import lessons
from auroraml.notebook.statements import Answer
from auroraml.sql import split

PAGE = Path(__file__).resolve().parents[1] / "docs" / "lessons.md"
TABLE = re.compile(r"(\| \| lesson \| what it is about \|\n\|---\|---\|---\|\n)(?:\|.*\n)*")
BORDER = "<!-- What follows is written by tools/lessons_page.py. -->\n"
ROWS = 12  # of a result


def page(text: str) -> str:
    """The page with the lessons as they are."""
    rows = "".join(f"| {lesson.number} | [`{lesson.name}`: {lesson.title}](#{slug(heading(lesson))}) | {lesson.summary} |\n" for lesson in lessons())
    own = text.partition(BORDER)[0]
    return TABLE.sub(lambda match: match[1] + rows, own) + BORDER + "".join(f"\n{section(lesson)}" for lesson in lessons())


def heading(lesson: Lesson) -> str:
    """What stands above a lesson."""
    return f"Lesson {lesson.number}: {lesson.title}"


def slug(title: str) -> str:
    """The anchor that web pages made of Markdown give a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def section(lesson: Lesson) -> str:
    """A lesson, played through."""
    blocks, number = list[str](), 0
    with Player(lesson) as player:
        for place, step in enumerate(lesson.steps):
            blocks.append(f"### {step.title}" if place else f"## {heading(lesson)}")
            for part in step.parts:
                number += isinstance(part, Question)
                blocks += written(part, player, number)
    return "\n\n".join(blocks) + "\n"


@singledispatch
def written(part: Part, player: Player, number: int) -> Iterator[str]:
    """A part's blocks of Markdown; its SQL is run."""
    raise TypeError(part)


@written.register
def _(part: Prose, player: Player, number: int) -> Iterator[str]:
    yield player.filled(part.text)


@written.register
def _(part: Code, player: Player, number: int) -> Iterator[str]:
    shown = list[str]()  # statements since the last result
    for statement in split(part.sql) if not part.quiet else ():
        shown.append(f"{statement};")
        for result in results(player.run(Code(sql=statement, run=part.run))):
            yield fenced("sql", "\n".join(shown))
            yield result
            shown = []
    if part.quiet:
        player.run(part)
        shown = [part.sql]
    if shown:
        yield fenced("sql", "\n".join(shown))


@written.register
def _(part: Question, player: Player, number: int) -> Iterator[str]:
    yield f"**Question {number}.** {part.ask}"
    if isinstance(part, Choice):
        yield "\n".join(f"- **{letter})** {option.text}" for letter, option in zip(LETTERS, part.options, strict=False))
    for place, hint in enumerate(part.hints):
        yield folded("Hint" if place == 0 else "Another hint", [hint])
    right = player.answer(part)
    verdict = player.judge(part, right)
    answer = [fenced("sql", right), *results(verdict.answers)] if isinstance(part, Task) else [f"**{right}**"]
    yield folded("Answer", [*answer, *([player.filled(part.why)] if part.why else ())])


def results(answers: list[Answer] | tuple[Answer, ...]) -> Iterator[str]:
    """What has rows, as psql shows it."""
    for answer in answers:
        if answer.error is not None:
            raise answer.error
        if answer.columns is not None:
            yield fenced("text", re.sub(r" +$", "", table_text(answer, ROWS), flags=re.M))


def fenced(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text}\n```"


def folded(summary: str, blocks: list[str]) -> str:
    """Blocks that are seen after a click."""
    return "\n\n".join([f"<details><summary>{summary}</summary>", *blocks, "</details>"])


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
