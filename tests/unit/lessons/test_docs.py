"""docs/lessons.md: it has the lessons as they run, and its example of a lesson is one; bad lessons are refused with a place."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from auroraml.lessons.lesson import Code, Question
from auroraml.lessons.playing import Player, number_in
from auroraml.lessons.reading import BadLesson, find, lessons, read

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "lessons.md").read_text(encoding="utf-8")
HEAD = '+++\nname = "x"\nsummary = "y"\n+++\n'


def test_the_page_is_current() -> None:
    spec = importlib.util.spec_from_file_location("lessons_page", ROOT / "tools" / "lessons_page.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    made = tool.page(PAGE)
    for ours, theirs in zip(made.split("\n## "), PAGE.split("\n## "), strict=True):
        assert ours == theirs, "run `python tools/lessons_page.py`"
    assert made == PAGE
    headings = re.findall(r"^## (Lesson .*)$", PAGE, re.M)
    assert len(headings) == len(lessons()) == 12
    assert re.findall(r"\]\(#(.*?)\)", PAGE) == [tool.slug(heading) for heading in headings]
    assert "{{" not in PAGE.partition("<!--")[2]
    assert (
        PAGE.count("<details>") == PAGE.count("</details>") == sum(1 + len(question.hints) for lesson in lessons() for question in lesson.questions)
    )


def test_the_example_is_a_lesson() -> None:
    block = re.search(r"^````markdown\n(.*?)^````$", PAGE, re.M | re.S)
    assert block is not None
    lesson = read(block[1], 0)
    with Player(lesson) as player:
        for step in lesson.steps:
            for part in step.parts:
                if isinstance(part, Code):
                    assert [answer.error for answer in player.run(part)] == [None]
                elif isinstance(part, Question):
                    assert player.answer(part) == "10" and player.judge(part, "10").right
        assert player.evidence.value("SELECT count(*) FROM lesson.runs WHERE run = 'first'") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# No head", "begins with its head"), ("+++\nname = \n+++\n# x", "Invalid value"), (HEAD + "no title", "no line begins with"),
        ('+++\nname = "x"\nsummary = "y"\nendpoint = 1\n+++\n# x', "'endpoint' is not one of"), (HEAD + "# x\n```sql\nSELECT 1", "t:6: the fence is not closed"),
        (HEAD + "# x\n```sql loud\n```", "t:6: 'loud' is not"), (HEAD + '# x\n```question\nask = "?"\n```', "t:6: a question has ask, and"),
        (HEAD + '# x\n```question\nask = "?"\nnumber = "SELECT 1"\nhint = "no"\n```', "'hint' is not one of"),
        (HEAD + '# x\n```question\nask = "?"\nchoices = [{ text = "a" }]\n```', "t:6: 'when' is missing"),
    ],
)  # fmt: skip
def test_what_is_no_lesson(text: str, message: str) -> None:
    with pytest.raises(BadLesson, match=re.escape(message)):
        read(text, 1, "t")


def test_lessons_are_found_by_number_and_name() -> None:
    for word, number in (("3", 3), ("limit", 3), ("LIM", 3), ("para", 8), ("loops", 2)):
        found = find(word)
        assert found is not None and found.number == number
    assert find("0") is None and find("ma") is None and find("zebra") is None


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ("60", "60"),
        (" 1,200 rows ", "1200"),
        ("1_000", "1000"),
        ("$0.03", "0.03"),
        ("12.5 ms", "12.5"),
        ("-3", "-3"),
        ("5%", "5"),
        ("1e3", "1000"),
        (".5", "0.5"),
    ],
)
def test_numbers_as_people_write_them(reply: str, value: str) -> None:
    found = number_in(reply)
    assert found is not None and float(found) == float(value)


@pytest.mark.parametrize("reply", ["many", "", "1 2 or 3", "SELECT 1", "--", "1e5000000"])
def test_what_is_no_number(reply: str) -> None:
    assert number_in(reply) is None
