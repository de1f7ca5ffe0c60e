"""From a bound statement to running operators: choose, run, and the stream of its rows."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from auroraml.batch import Batch
from auroraml.executor import Running, run
from auroraml.executor.context import ExecutionContext
from auroraml.ir.bound import BoundStatement
from auroraml.ir.objects import Function
from auroraml.ir.physical import PhysicalPlan
from auroraml.pipeline.pages import StoredPages
from auroraml.pipeline.result import ResultStream
from auroraml.planner import choose
from auroraml.planner.level.makeup import Makeup

__all__ = ["CHOOSE", "plan", "run", "stream", "uncollected"]
CHOOSE: ContextVar[Callable[..., PhysicalPlan]] = ContextVar("choose", default=choose)  # the planner: another one where planning is watched


def plan(
    bound: BoundStatement, ctx: ExecutionContext, may_execute: Callable[[Function], bool], pages: StoredPages | None = None,
    makeup: Makeup | None = None,
) -> PhysicalPlan:  # fmt: skip
    """The physical plan of a bound statement in the context it will run in; SQL functions the role may execute are inlined."""
    with uncollected():
        return CHOOSE.get()(bound, ctx.catalog, ctx.settings, pages or StoredPages(ctx.store, ctx), ctx, may_execute, makeup)


@contextmanager
def uncollected() -> Iterator[None]:
    """Garbage is not looked for meanwhile: many small objects are made, almost all of which live until it ends."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def tag_of(bound: BoundStatement, n: int, affected: int | None) -> tuple[str, int]:
    """The command tag and row count after `n` result rows (`affected` rows for DML)."""
    rows = n if affected is None else affected
    return (f"INSERT 0 {rows}" if bound.tag == "INSERT" else f"{bound.tag} {rows}"), rows


def stream(running: Running, bound: BoundStatement) -> ResultStream:
    """The running statement as a ResultStream."""
    dml = bound.tag != "SELECT"
    result = ResultStream(
        tag=bound.tag,
        columns=bound.columns if bound.columns or not dml else None,
        source=running.pull,
        finish_tag=lambda n: tag_of(bound, n, running.affected if dml else None),
    )
    result.on_end.append(running.close)
    result.on_close.append(running.close)
    return result


def answered(bound: BoundStatement, rows: Batch) -> ResultStream:
    """The answer of a statement that has run: its rows, or for INSERT those it changed."""
    if bound.tag != "SELECT":
        return ResultStream(tag=bound.tag, finish_tag=lambda n: tag_of(bound, n, rows.n))
    left = [rows] if rows.n else []
    return ResultStream(
        tag=bound.tag, columns=bound.columns, source=lambda n: left.pop() if left else None, finish_tag=lambda n: tag_of(bound, n, None)
    )  # fmt: skip
