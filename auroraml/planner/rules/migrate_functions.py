"""Function migration: eligible batch calls move from the select list and WHERE to FROM, where they run in batches (AWS: Function migration).

Driven by `Function.batch` alone. A moved call leaves a MigratedRef, which EXPLAIN still prints as the call. Calls under conditional
evaluation stay, but for a top-level simple CASE's operand and the first WHEN of a top-level searched CASE.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from auroraml.catalog.catalog import Catalog
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import map_children, rewrite, walk
from auroraml.settings.aurora import APG_ENABLE_FUNCTION_MIGRATION
from auroraml.types.pg_type import Rep

CONDITIONAL = (e.Case, e.Coalesce, e.And, e.Or, e.SubLink, e.Aggregate, e.WindowCall, e.NullIf, e.MinMax)


def migrate(plan: l.LogicalPlan, catalog: Catalog, settings: Any) -> l.LogicalPlan:
    """`plan` with eligible calls moved, every level by itself; unchanged while apg_enable_function_migration is off."""
    if not settings[APG_ENABLE_FUNCTION_MIGRATION]:
        return plan
    highest = max((x.id for x in walk(plan) if isinstance(x, l.Output | l.Target | e.ColumnRef)), default=0)
    numbers = iter(range(highest + 1, highest + 1_000_000))

    def change(node: object) -> object | None:
        if isinstance(node, l.Update):
            return None
        if isinstance(node, l.Query):
            below = map_children(node, lambda child: rewrite(child, change))
            return _Level(below, lambda: next(numbers)).moved()
        return None

    return rewrite(plan, change)


class _Level:
    """One query level."""

    def __init__(self, query: l.Query, new_id: Callable[[], int]) -> None:
        self.query = query
        self.new_id = new_id
        self.items: list[l.FunctionItem] = []

    def moved(self) -> l.Query:
        """The level with its eligible calls in FROM."""
        query = self.query
        if not any(isinstance(x, e.Call) and x.function.batch for part in (*query.targets, *query.where, *query.having) for x in walk(part)):
            return query
        if not query.from_items or query.distinct_on is not None:
            return query
        where = tuple(self._expr(condition) for condition in query.where)
        if query.grouped:
            return replace(query, where=where, from_items=(*query.from_items, *self.items))
        targets = tuple(replace(t, expr=self._top(t.expr)) for t in query.targets)
        return replace(query, targets=targets, where=where, from_items=(*query.from_items, *self.items))

    def _top(self, expr: e.Expr) -> e.Expr:
        """A select-list entry; CASE at its top in the two eligible forms."""
        if isinstance(expr, e.Case):
            if expr.operand is not None:
                return replace(expr, operand=self._expr(expr.operand))
            first = expr.whens[0]
            return replace(expr, whens=(replace(first, condition=self._expr(first.condition)), *expr.whens[1:]))
        return self._expr(expr)

    def _expr(self, expr: e.Expr) -> e.Expr:
        """Calls outside conditional parts, inner ones first."""

        def change(node: object) -> object | None:
            if isinstance(node, CONDITIONAL):
                return node
            if isinstance(node, e.Call) and node.function.batch and not node.function.returns_set:
                inner = replace(node, args=tuple(rewrite(arg, change) for arg in node.args))
                return self._move(inner, node)
            return None

        return rewrite(expr, change)

    def _move(self, call: e.Call, original: e.Call) -> e.Expr:
        function = call.function
        if call.type.rep is Rep.STRUCT:
            outputs = tuple(l.Output(id=self.new_id(), name=a.name, type=a.type, typmod=a.typmod) for a in call.type.attributes)
        else:
            shown = function.outputs[0].name if len(function.outputs) == 1 and function.outputs[0].name else function.name
            outputs = (l.Output(id=self.new_id(), name=shown, type=call.type, typmod=call.typmod),)
        self.items.append(
            l.FunctionItem(outputs=outputs, alias=function.name, lateral=True, calls=(call,), column_counts=(len(outputs),), migrated=True)
        )
        if call.type.rep is not Rep.STRUCT:
            return e.MigratedRef(type=call.type, typmod=call.typmod, id=outputs[0].id, name=outputs[0].name, original=original)
        refs = tuple(e.MigratedRef(type=o.type, typmod=o.typmod, id=o.id, name=o.name, original=_field(original, i)) for i, o in enumerate(outputs))
        return e.RowExpr(type=call.type, args=refs, implicit=True)


def _field(original: e.Call, index: int) -> e.Expr:
    attribute = original.type.attributes[index]
    return e.FieldSelect(type=attribute.type, typmod=attribute.typmod, arg=original, index=index, name=attribute.name)
