"""Explanation: a plan as text, as JSON on demand, and for notebooks as HTML."""

from __future__ import annotations

import html
import json as json_module
from collections.abc import Callable

from auroraml.records import dataclass


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """What EXPLAIN answered; `json` plans (and with ANALYZE runs) the statement again."""

    text: str
    json: Callable[[], str]

    def to_dict(self) -> object:
        """The JSON plan as Python objects."""
        return json_module.loads(self.json())

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.text)}</pre>"
