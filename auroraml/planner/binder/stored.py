"""Stored queries (views) over the objects they refer to as these are now: renamed, widened, replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from auroraml.catalog.catalog import Catalog
from auroraml.ir.logical import Insert, LogicalPlan, Output, SubqueryItem, TableItem
from auroraml.ir.objects import Relation
from auroraml.ir.renumber import renumber
from auroraml.ir.tree import map_children
from auroraml.records import replace

P = TypeVar("P")
Ids = Callable[[], int]


def current(plan: P, catalog: Catalog, new_id: Ids) -> P:
    """`plan` with ids of its own and the relations it reads as the catalog has them; views inside it by their present queries."""
    return _current(renumber(plan, new_id), catalog, new_id)  # type: ignore[return-value] # a plan of the same class


def _current(node: object, catalog: Catalog, new_id: Ids) -> object:
    if isinstance(node, TableItem):
        relation = catalog.relations_by_oid.get(node.relation.oid)
        if relation is None or relation is node.relation:
            return node
        return replace(node, relation=relation, outputs=_named(node.outputs, node.numbers, node.relation, relation),
                       alias=relation.name if not node.aliased else node.alias)  # fmt: skip
    if isinstance(node, SubqueryItem) and node.view is not None:
        view = catalog.relations_by_oid.get(node.view.oid, node.view)
        assert view.view is not None
        query = current(view.view, catalog, new_id)
        numbers = tuple(c.number for c in node.view.columns)[: len(node.outputs)]
        return replace(node, view=view, query=_cut(query, len(node.outputs)), outputs=_named(node.outputs, numbers, node.view, view),
                       alias=view.name if not node.aliased else node.alias)  # fmt: skip
    if isinstance(node, Insert):
        return node
    return map_children(node, lambda child: _current(child, catalog, new_id))


def _named(outputs: Sequence[Output], numbers: Sequence[int], before: Relation, after: Relation) -> tuple[Output, ...]:
    """Columns that went by the table's own name go by its present one."""
    old = {c.number: c.name for c in before.columns}
    new = {c.number: c.name for c in after.columns}
    return tuple(replace(o, name=new[n]) if o.name == old.get(n) and n in new else o for o, n in zip(outputs, numbers, strict=True))


def _cut(plan: LogicalPlan, count: int) -> LogicalPlan:
    """A view's query as wide as it was when it was referred to (OR REPLACE may add columns at the end)."""
    return plan if len(plan.outputs) == count else replace(plan, outputs=plan.outputs[:count])
