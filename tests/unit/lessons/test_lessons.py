"""Every lesson runs: no statement fails, each question takes its own answer and refuses another."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

import pytest

from auroraml.lessons.lesson import Choice, Code, Lesson, Number, Prose, Question, Task
from auroraml.lessons.playing import FILLED, LETTERS, Player
from auroraml.lessons.reading import lessons


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
    yield from set(LETTERS[: len(question.options)]) - {right}
    yield "z"


@wrong_replies.register
def _(question: Task, right: str) -> Iterator[str]:
    assert question.wrong, question.ask
    yield from question.wrong
    yield "SELECT * FROM there_is_no_such_table"
    yield ""


@pytest.mark.parametrize("lesson", lessons(), ids=[lesson.name for lesson in lessons()])
def test_lesson(lesson: Lesson) -> None:
    assert len(lesson.questions) >= 3
    with Player(lesson) as player:
        for step in lesson.steps:
            for part in step.parts:
                if isinstance(part, Prose):
                    assert "{{" not in player.filled(part.text)
                elif isinstance(part, Code):
                    for answer in player.run(part):
                        assert answer.error is None, f"{answer.statement}: {answer.error}"
                elif isinstance(part, Question):
                    _ask(player, part)


def _ask(player: Player, question: Question) -> None:
    right = player.answer(question)
    for reply in wrong_replies(question, right):
        verdict = player.judge(question, reply)
        assert not verdict.right, f"{question.ask}: {reply!r} was taken for right"
        assert verdict.message and "{{" not in verdict.message
    verdict = player.judge(question, right)
    assert verdict.right, f"{question.ask}: {right!r}: {verdict.message} {verdict.answers[-1].error if verdict.answers else ''}"
    assert "{{" not in player.filled(question.why) and question.why and question.hints
    assert all(FILLED.search(hint) is None for hint in question.hints), "a hint comes before the run that a query would need"
