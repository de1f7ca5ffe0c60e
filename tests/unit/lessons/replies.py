"""Replies to a lesson's questions: the right one, found out by playing the lesson, and others that must not pass."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from auroraml.lessons.lesson import Choice, Code, Lesson, Number, Question, Task
from auroraml.lessons.playing import LETTERS, Player


@singledispatch
def wrong_replies(question: Question, right: str) -> Iterator[str]:
    """Replies that are not right."""
    raise TypeError(question)


@wrong_replies.register
def _(question: Number, right: str) -> Iterator[str]:
    yield str(float(right) + 1 + 2 * question.within * abs(float(right)))
    yield str(float(right) - 1 - 2 * question.within * abs(float(right)))
    yield "many"


@wrong_replies.register
def _(question: Choice, right: str) -> Iterator[str]:
    yield from sorted(set(LETTERS[: len(question.options)]) - {right})
    yield from ("z", "²")


@wrong_replies.register
def _(question: Task, right: str) -> Iterator[str]:
    assert question.wrong, question.ask
    yield from question.wrong
    yield from ("SELECT * FROM there_is_no_such_table", "SELECT 1 AS unasked", "SELECT", "EXPLAIN SELECT 1", "BEGIN")
    yield ""


def right_replies(lesson: Lesson) -> dict[int, str]:
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
