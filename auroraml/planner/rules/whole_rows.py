"""Whole rows of relations as one column each, carried up from the scan as a whole-row Var is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import rewrite
from auroraml.planner.rules.join_tree import AppendItem, Group, Member, NoTable, leaves, with_members
from auroraml.planner.rules.placeholder import RowHolder
from auroraml.records import replace

T = TypeVar("T")


def columns_of(item: l.FromItem) -> tuple[l.Output, ...]:
    """What an item's whole row has."""
    return item.columns if isinstance(item, l.TableItem) else item.outputs


class WholeRows:
    """The whole rows of one level: each relation's is one column, however often it is read."""

    def __init__(self, tree: Group, new_id: Callable[[], int]) -> None:
        self.new_id = new_id
        self.holders: dict[int, RowHolder] = {}  # by the relation's first column
        self.items: Mapping[tuple[int, ...], l.FromItem] = {
            tuple(o.id for o in columns_of(item)): item for leaf in leaves(tree) for item in with_members(leaf) if item.outputs
        }

    def held(self, node: T) -> T:
        """An expression or a query's upper part; queries inside expressions keep what they read of this level."""
        return rewrite(node, self._change)

    def held_group(self, group: Group) -> Group:
        """The join tree's conditions and what functions are called with."""
        return replace(group, items=tuple(self._item(i) for i in group.items), where=self._all(group.where))

    def _item(self, item: l.FromItem) -> l.FromItem:
        if isinstance(item, Group):
            return self.held_group(item)
        if isinstance(item, l.JoinItem):
            return replace(item, left=self._item(item.left), right=self._item(item.right), on=None if item.on is None else self.held(item.on))
        if isinstance(item, l.FunctionItem):
            return replace(item, calls=self._all(item.calls))
        if isinstance(item, AppendItem):
            return replace(item, members=tuple(Member(item=self._item(m.item), values=self._all(m.values)) for m in item.members))
        if isinstance(item, l.SubqueryItem) and item.lateral:
            return replace(item, query=rewrite(item.query, self._within))
        return item

    def _within(self, part: object) -> object | None:
        """What stands for a whole row of this level in a LATERAL query."""
        if isinstance(part, e.FieldSelect) and isinstance(part.arg, e.RowExpr) and part.arg.whole:
            return part
        if not isinstance(part, e.RowExpr) or not part.whole:
            return None
        item = self.items.get(tuple(arg.id if isinstance(arg, e.ColumnRef) else 0 for arg in part.args))
        return None if item is None or isinstance(item, (l.ValuesItem, NoTable)) else self.of(item, part)

    def _all(self, exprs: Sequence[e.Expr]) -> tuple[e.Expr, ...]:
        return tuple(self.held(x) for x in exprs)

    def _change(self, part: object) -> object | None:
        if isinstance(part, e.SubLink):
            return part if part.test is None else replace(part, test=self.held(part.test))
        if isinstance(part, e.FieldSelect) and isinstance(part.arg, e.RowExpr) and part.arg.whole:
            return part  # just a column
        if not isinstance(part, e.RowExpr) or not part.whole:
            return None
        ids = tuple(arg.id if isinstance(arg, e.ColumnRef) else 0 for arg in part.args)
        item = self.items.get(ids)
        if item is None:
            return None
        if isinstance(item, l.ValuesItem):
            return replace(part, whole="")
        if isinstance(item, NoTable):
            return None
        return self.of(item, part)

    def of(self, item: l.FromItem, row: e.RowExpr) -> RowHolder:
        """The column that a relation's whole row is."""
        home = item.outputs[0].id
        found = self.holders.get(home)
        if found is None:
            found = self.holders[home] = RowHolder(type=row.type, typmod=row.typmod, id=self.new_id(), name=item.alias, expr=row, home=home)
        return found
