"""Explanation: a plan as text, as JSON on demand, and for notebooks as HTML."""

from __future__ import annotations

import html
import itertools
import json as json_module
from collections.abc import Callable, Sequence
from dataclasses import replace

from auroraml.explain import Explained, render
from auroraml.lazy import load
from auroraml.records import dataclass
from auroraml.services.log import CallRecord

_NUMBERS = itertools.count(1)  # drawings on one page must not share the names of their patterns


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """What EXPLAIN answered: `text`, and the same run as JSON; with ANALYZE `calls` are the service calls it made."""

    text: str
    json: Callable[[], str]
    calls: Sequence[CallRecord] = ()

    def to_dict(self) -> object:
        """The JSON plan as Python objects."""
        return json_module.loads(self.json())

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        """The plan with a bar for each node's own time, then the calls on a time line; the text where there is no plan."""
        documents = self.to_dict()
        document = documents[0] if isinstance(documents, list) and documents else None
        if not isinstance(document, dict) or "Plan" not in document:
            return f"<pre>{html.escape(self.text)}</pre>"
        fragment: str = load("auroraml.teach.page.rendering").document_html(document, self.calls, f"auroraml-{next(_NUMBERS)}")
        return fragment


def as_json(explained: Explained) -> str:
    """What was explained, in FORMAT JSON."""
    return "\n".join(render(replace(explained, options=replace(explained.options, format="json"))))
