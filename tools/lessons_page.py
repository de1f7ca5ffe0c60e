"""Writes the table of lessons in docs/lessons.md; a test compares it."""

from __future__ import annotations

import re
from pathlib import Path

from auroraml.lessons.reading import lessons

PAGE = Path(__file__).resolve().parents[1] / "docs" / "lessons.md"
TABLE = re.compile(r"(\| \| lesson \| what it is about \|\n\|---\|---\|---\|\n)(?:<!-- lessons -->\n|(?:\|.*\n)*)")


def page(text: str) -> str:
    """The page with the lessons as they are."""
    rows = "".join(f"| {lesson.number} | `{lesson.name}`: {lesson.title} | {lesson.summary} |\n" for lesson in lessons())
    return TABLE.sub(lambda match: match[1] + rows, text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
