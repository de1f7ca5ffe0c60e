"""The picture of an EXPLAIN's own run: its plan as a tree, and its service calls on a time line."""

from __future__ import annotations

import itertools

from auroraml.notebook.statements import Answer
from auroraml.teach.page.rendering import document_html

DRAWN = 400  # bars of a time line: a notebook keeps its pictures
KEYS = itertools.count(1)  # an SVG's names must be its own in the notebook's page


def picture(answer: Answer) -> str:
    """HTML for a notebook's cell."""
    return document_html(answer.plan(), answer.calls, f"auroraml{next(KEYS)}", DRAWN)
