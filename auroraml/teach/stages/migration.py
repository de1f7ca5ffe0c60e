"""Function migration: which calls of batch functions were moved to FROM, which stay, and what that does to the plan's cost."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.teach.trace import Migration, Trace
from auroraml.teach.words import cost, count, differing, paragraph


def tell(trace: Trace) -> Iterator[str]:
    """Each call with the rule that decided; then the plan with and without."""
    if not trace.migrations:
        return
    moved = [migration for migration in trace.migrations if migration.moved]
    total = len(trace.migrations)
    share = "it is" if total == len(moved) == 1 else f"{len(moved) or 'none'} of them {'are' if len(moved) > 1 else 'is'}"
    yield from paragraph(f"The statement has {count(total, 'call')} of functions that can work in batches; {share} moved to FROM.")
    for migration in trace.migrations:
        yield ""
        yield from _decision(migration)
    if trace.unmigrated is not None:
        yield ""
        yield from _compared(trace)


def _decision(migration: Migration) -> Iterator[str]:
    yield f"  {migration.call}"
    verdict = "is moved" if migration.moved else "stays"
    guide = f' The guide says so under "{migration.guide}".' if migration.guide else ""
    yield from paragraph(
        f"stands in {'the ' * migration.clause.endswith('list')}{migration.clause} and {verdict}: {migration.reason} (rule {migration.rule}).{guide}",
        4,
    )


def _compared(trace: Trace) -> Iterator[str]:
    assert trace.unmigrated is not None
    before, after = trace.unmigrated.root.total, trace.plan.root.total
    left = "Left where it is" if len(trace.migrations) == 1 else "Left where they are"
    yield from paragraph(f"{left}, the plan would cost {cost(before)}:" if trace.priced else f"{left}, the plan would be:")
    yield from (f"  {line}" for line in trace.unmigrated.lines)
    if trace.priced:
        relation = "the same" if before == after else differing(after, before)
        yield from paragraph(f"Moved, it costs {cost(after)}, {relation}.")
