"""The plan, as EXPLAIN prints it."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.teach.trace import Trace
from auroraml.teach.words import cost, count, milliseconds, paragraph


def tell(trace: Trace) -> Iterator[str]:
    """What won, in a sentence, and EXPLAIN's lines."""
    made = f"The plan has {count(len(trace.plan.nodes), 'node')}"
    made += f" and costs {cost(trace.plan.root.total)}." if trace.priced else "."
    if trace.planning is not None:
        made += f" It was made in {milliseconds(trace.planning)}."
    yield from paragraph(made)
    yield ""
    yield from (f"  {line}" for line in trace.plan.lines)
