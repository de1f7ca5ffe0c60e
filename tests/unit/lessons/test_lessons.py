"""Every lesson runs: no statement fails, each question takes its own answer and refuses another."""

from __future__ import annotations

import pytest

from auroraml.lessons.lesson import Code, Lesson, Prose, Question
from auroraml.lessons.playing import FILLED, Player
from auroraml.lessons.reading import lessons
from tests.unit.lessons.replies import wrong_replies


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
