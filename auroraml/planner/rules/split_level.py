"""A query level in two: what is computed above grouping or window functions becomes a level of its own over the rest as a subquery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import rewrite, same, walk
from auroraml.planner.level.questions import volatile
from auroraml.records import replace

NewId = Callable[[], int]
T = TypeVar("T")


def made_by(items: Sequence[l.FromItem]) -> frozenset[int]:
    """The ids of the columns that FROM items make."""
    return frozenset(o.id for item in items for o in item.outputs)


class _Below:
    """The subquery's select list, as what stands above asks for values."""

    def __init__(self, query: l.Query, units: type[e.Expr], keys: Sequence[e.Expr], new_id: NewId) -> None:
        self.units = units  # calls that are computed below: Aggregate or WindowCall
        self.keys = keys
        self.columns = made_by(query.from_items)
        self.new_id = new_id
        self.targets: list[l.Target] = []
        self.outputs: list[l.Output] = []  # the subquery's columns as the level above knows them

    def lifted(self, node: T) -> T:
        """`node` over the subquery's columns."""
        return rewrite(node, self._change)

    def _change(self, node: object) -> object | None:
        if isinstance(node, e.SubLink):
            return rewrite(node, lambda inner: self._column(inner))
        if isinstance(node, (self.units, e.Grouping)):
            return self._ref(node)
        if isinstance(node, e.Expr) and any(same(node, key) for key in self.keys):
            return self._ref(node)
        return self._column(node)

    def _column(self, node: object) -> object | None:
        if isinstance(node, e.ColumnRef) and node.id in self.columns:
            return self._ref(node)
        if isinstance(node, e.WholeRow) and self.columns.issuperset(node.ids):
            return self._ref(node)
        return None

    def _ref(self, node: e.Expr) -> e.ColumnRef:
        own = isinstance(node, self.units) and volatile(node)  # a call that is written twice is made twice
        place = None if own else next((i for i, t in enumerate(self.targets) if same(t.expr, node)), None)
        if place is None:
            place = len(self.targets)
            self.targets.append(l.Target(id=self.new_id(), name=_name(node), expr=node))
            self.outputs.append(l.Output(id=self.new_id(), name=_name(node), type=node.type, typmod=node.typmod))
        found = self.outputs[place]
        return e.ColumnRef(type=node.type, typmod=node.typmod, at=node.at, id=found.id, name=found.name)

    def item(self, inner: l.Query) -> l.SubqueryItem:
        """The level below, `inner` given its select list, in FROM."""
        outputs = tuple(l.Output(id=t.id, name=t.name, type=t.expr.type, typmod=t.expr.typmod) for t in self.targets)
        query = replace(inner, targets=tuple(self.targets), outputs=outputs)
        return l.SubqueryItem(outputs=tuple(self.outputs), alias="unnamed_subquery", query=query)


def _name(node: e.Expr) -> str:
    if isinstance(node, e.ColumnRef):
        return node.name
    return node.function.name if isinstance(node, (e.Call, e.Aggregate, e.WindowCall)) else "?column?"


def above_grouping(query: l.Query, having: Sequence[e.Expr], new_id: NewId) -> l.Query:
    """A grouped level as an ungrouped one over it; the conditions `having` are tested above, the rest of HAVING stays below."""
    below = _Below(query, e.Aggregate, query.group_by, new_id)
    targets = tuple(replace(t, expr=below.lifted(t.expr)) for t in query.targets)
    windows = tuple(below.lifted(w) for w in query.windows)
    where = tuple(below.lifted(h) for h in having)
    kept = tuple(h for h in query.having if not any(h is other for other in having))
    inner = l.Query(
        from_items=query.from_items, where=query.where, group_by=query.group_by, grouping_sets=query.grouping_sets, grouped=True, having=kept,
    )  # fmt: skip
    return replace(
        query,
        from_items=(below.item(inner),),
        where=where,
        group_by=(),
        grouping_sets=None,
        grouped=False,
        having=(),
        windows=windows,
        targets=targets,
    )


def above_windows(query: l.Query, new_id: NewId) -> l.Query:
    """A level with window functions as one without, over it."""
    below = _Below(query, e.WindowCall, (), new_id)
    targets = tuple(replace(t, expr=below.lifted(t.expr)) for t in query.targets)
    inner = l.Query(from_items=query.from_items, where=query.where, windows=query.windows)
    return replace(query, from_items=(below.item(inner),), where=(), windows=(), targets=targets)


def holds_window_call(expr: e.Expr) -> bool:
    """Whether a window function is called in `expr` (not in a subquery of it)."""
    return any(isinstance(x, e.WindowCall) for x in walk(expr))
