"""The plan, as EXPLAIN prints it."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.teach.trace import Trace


def tell(trace: Trace) -> Iterator[str]:
    """EXPLAIN's lines."""
    yield from trace.plan.lines
