"""Simple subqueries in FROM become part of the level above (pull_up_subqueries)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import rewrite, walk
from auroraml.planner.level.questions import nonstrict, volatile
from auroraml.planner.rules.inline_ctes import inline_ctes
from auroraml.planner.rules.join_tree import Group, NoTable, leaves, made_ids, read_ids, tree_of
from auroraml.planner.rules.placeholder import PlaceHolder
from auroraml.planner.rules.pull_up_sublinks import pull_up_sublinks

Values = Mapping[int, e.Expr]
T = TypeVar("T")


class SubqueryPuller:
    """Pulls up the subqueries of one level; `values` collects what their columns stand for; `pulled` counts range-table entries they add."""

    def __init__(self) -> None:
        self.values: dict[int, e.Expr] = {}
        self.pulled = 0

    def tree(self, item: l.FromItem, nullable: bool, alone: bool) -> l.FromItem:
        """The tree below `item` with what is simple pulled up."""
        if isinstance(item, Group):
            parts = tuple(self.tree(i, nullable, len(item.items) == 1 and not item.where) for i in item.items)
            return replace(item, items=parts)
        if isinstance(item, l.JoinItem):
            left_nullable = nullable or item.kind in ("right", "full")
            right_nullable = nullable or item.kind in ("left", "full", "anti")
            return replace(item, left=self.tree(item.left, left_nullable, False), right=self.tree(item.right, right_nullable, False))
        if isinstance(item, l.SubqueryItem):
            return self._subquery(item, nullable)
        if isinstance(item, l.ValuesItem) and alone and len(item.rows) == 1 and not item.lateral:
            row = item.rows[0]
            if not any(volatile(x) or any(isinstance(y, e.Call) and y.function.returns_set for y in walk(x)) for x in row):
                self._stand_for(item.outputs, row)
                return NoTable()
        if isinstance(item, l.ValuesItem) and item.alias != "*VALUES*":
            names = tuple(replace(o, name=f"column{i}") for i, o in enumerate(item.outputs, 1))
            return replace(item, alias="*VALUES*", outputs=names)
        return item

    def _stand_for(self, outputs: tuple[l.Output, ...], exprs: tuple[e.Expr, ...]) -> None:
        for output, expr in zip(outputs, exprs, strict=False):
            self.values[output.id] = expr

    def _subquery(self, item: l.SubqueryItem, nullable: bool) -> l.FromItem:
        query = item.query
        if isinstance(query, l.Values) and len(query.rows) >= 1 and not (query.order_by or query.limit or query.offset or query.ctes):
            inner: l.FromItem = l.ValuesItem(outputs=item.outputs, alias="*VALUES*", lateral=item.lateral, rows=query.rows)
            self.pulled += 1
            return self.tree(inner, nullable, not nullable)
        if not isinstance(query, l.Query):
            return item
        inlined = inline_ctes(query)
        assert isinstance(inlined, l.Query)
        query = inlined
        if not simple(query):
            return item
        tree = pull_up_sublinks(tree_of(query))
        visible = [t for t in query.targets if not t.hidden]
        puller = SubqueryPuller()
        below = puller.tree(tree, False, False)
        exprs = tuple(substitute(t.expr, puller.values) for t in visible)
        if nullable and not self._plain(exprs, below):
            homes = list(leaves(below))
            if len(homes) != 1 or not homes[0].outputs:
                return item
            exprs = self._held(item.outputs, exprs, homes[0])
        if item.lateral and nullable:
            return item
        assert isinstance(below, Group)
        below = substitute(below, puller.values)
        self.values.update(puller.values)
        self.pulled += puller.pulled + sum(1 for _ in leaves(below))
        self._stand_for(item.outputs, exprs)
        for target, expr in zip(visible, exprs, strict=True):
            self.values[target.id] = expr
        if len(below.items) == 1 and not below.where:
            return below.items[0]
        return below

    @staticmethod
    def _held(outputs: tuple[l.Output, ...], exprs: tuple[e.Expr, ...], leaf: l.FromItem) -> tuple[e.Expr, ...]:
        """Expressions that would not be NULL with the subquery's row are held back as place holders."""
        ids = made_ids(leaf)
        return tuple(
            x
            if (isinstance(x, e.ColumnRef) and x.id in ids) or (read_ids(x) & ids and not nonstrict(x))
            else PlaceHolder(type=x.type, typmod=x.typmod, id=o.id, name=o.name, expr=x, home=leaf.outputs[0].id)
            for o, x in zip(outputs, exprs, strict=False)
        )

    @staticmethod
    def _plain(exprs: tuple[e.Expr, ...], below: l.FromItem) -> bool:
        """Whether every column is NULL where the subquery's rows are: a column or a strict expression of columns."""
        ids = made_ids(below)
        return all((isinstance(x, e.ColumnRef) and x.id in ids) or (read_ids(x) & ids and not nonstrict(x)) for x in exprs)


def simple(query: l.Query) -> bool:
    """Whether a subquery can be merged into the level above (is_simple_subquery)."""
    if query.grouped or query.windows or query.group_by or query.having or query.distinct or query.distinct_on is not None:
        return False
    if query.order_by or query.limit is not None or query.offset is not None or query.ctes or query.locks:
        return False
    for target in query.targets:
        if volatile(target.expr):
            return False
        if any(isinstance(x, e.Call) and (x.function.returns_set or x.function.batch) for x in walk(target)):
            return False
    return True


def one_relation(query: l.Query, pushed: Collection[e.Expr]) -> bool:
    """Whether a query reads one relation at most, without a condition of its own (`pushed` came from above) (is_safe_append_member)."""
    if any(condition not in pushed for condition in query.where) or len(query.from_items) > 1:
        return False
    for item in query.from_items:
        if isinstance(item, l.SubqueryItem) and isinstance(item.query, l.Query) and simple(item.query):
            return one_relation(item.query, pushed)
        if isinstance(item, l.JoinItem):
            return False
    return True


def substitute(node: T, values: Values) -> T:
    """`node` with columns replaced by what they stand for, repeatedly."""
    if not values:
        return node

    def change(part: object) -> object | None:
        if isinstance(part, e.MigratedRef):
            found = values.get(part.id)
            if found is None:
                original = rewrite(part.original, change)
                return part if original is part.original else replace(part, original=original)
            return rewrite(found, change)
        if isinstance(part, PlaceHolder):
            return None
        if isinstance(part, e.ColumnRef):
            found = values.get(part.id)
            return None if found is None else rewrite(found, change)
        if isinstance(part, e.RowExpr) and part.whole and any(isinstance(arg, e.ColumnRef) and arg.id in values for arg in part.args):
            return replace(part, args=tuple(rewrite(arg, change) for arg in part.args), whole="")  # no whole row of an item that is gone
        return None

    return rewrite(node, change)
