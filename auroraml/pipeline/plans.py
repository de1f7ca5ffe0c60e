"""From a parsed query to running operators: bind, authorize, optimize, choose, run."""

from __future__ import annotations

from auroraml.catalog.catalog import Catalog
from auroraml.executor import run
from auroraml.executor.context import ExecutionContext
from auroraml.ir.bound import BoundStatement
from auroraml.ir.physical import PhysicalPlan
from auroraml.pipeline.authorize import authorize
from auroraml.pipeline.result import ResultStream
from auroraml.planner import choose, optimize
from auroraml.planner.binder import bind
from auroraml.settings import Settings

__all__ = ["authorize", "bind", "plan", "stream"]


def plan(bound: BoundStatement, catalog: Catalog, settings: Settings, storage_stats: object) -> PhysicalPlan:
    """The physical plan of a bound statement."""
    return choose(optimize(bound, catalog, settings), catalog, settings, storage_stats)


def tag_of(bound: BoundStatement, n: int, affected: int | None) -> tuple[str, int]:
    """The command tag and row count after `n` result rows (`affected` rows for DML)."""
    rows = n if affected is None else affected
    return (f"INSERT 0 {rows}" if bound.tag == "INSERT" else f"{bound.tag} {rows}"), rows


def stream(physical: PhysicalPlan, bound: BoundStatement, context: ExecutionContext) -> ResultStream:
    """The running statement as a ResultStream."""
    running = run(physical, context)
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
