"""From a bound statement to running operators: choose, run, and the stream of its rows."""

from __future__ import annotations

from auroraml.catalog.catalog import Catalog
from auroraml.executor import Running, run
from auroraml.ir.bound import BoundStatement
from auroraml.ir.physical import PhysicalPlan
from auroraml.pipeline.result import ResultStream
from auroraml.planner import choose
from auroraml.storage.store import Store

__all__ = ["plan", "run", "stream"]


def plan(bound: BoundStatement, catalog: Catalog, store: Store) -> PhysicalPlan:
    """The physical plan of a bound statement."""

    def rows(oid: int) -> int:
        table = store.tables.get(oid)
        return 100 if table is None else table.n

    return choose(bound, catalog, rows)


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
