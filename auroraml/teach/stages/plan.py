"""The plan, as EXPLAIN prints it."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.teach.trace import Trace
from auroraml.teach.words import cost, count, paragraph


def tell(trace: Trace) -> Iterator[str]:
    """What won, in a sentence, and EXPLAIN's lines."""
    root = trace.plan.root
    nodes = len(trace.plan.nodes)
    yield from paragraph(f"The plan has {count(nodes, 'node')} and costs {cost(root.total)}. It was made in {trace.planning:.3f} ms.")
    yield ""
    yield from (f"  {line}" for line in trace.plan.lines)
