"""The columns that FROM items read, as often as they do and in the order in which PostgreSQL meets them (pull_vars_of_level)."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import walk
from auroraml.planner.level.questions import conjuncts
from auroraml.planner.rules.join_tree import AppendItem, leaves
from auroraml.planner.rules.placeholder import PlaceHolder


def lateral_reads(item: l.FromItem) -> Iterator[e.ColumnRef]:
    """Column references of an item that is not a table; its own columns are among them."""
    if isinstance(item, AppendItem):
        for member in item.members:
            yield from _columns(member.values)
            yield from lateral_reads(member.item)
    elif isinstance(item, l.SubqueryItem):
        yield from _query(item.query)
    elif isinstance(item, l.SampledItem):
        yield from _columns((item.arguments, item.repeatable))
    elif not isinstance(item, l.TableItem):
        yield from _columns(item)


def _query(plan: l.LogicalPlan) -> Iterator[e.ColumnRef]:
    if isinstance(plan, l.SetOperation):
        yield from _query(plan.left)
        yield from _query(plan.right)
        yield from _columns((plan.offset, plan.limit))
        return
    if not isinstance(plan, l.Query):
        yield from _columns(plan)
        return
    yield from _columns(tuple(target.expr for target in plan.targets))
    for item in plan.from_items:
        yield from _conditions(item)
    yield from _columns((plan.where, plan.having, plan.offset, plan.limit))
    for item in plan.from_items:
        for leaf in leaves(item):
            yield from lateral_reads(leaf)
    yield from _columns(plan.ctes)


def _conditions(item: l.FromItem) -> Iterator[e.ColumnRef]:
    """What joins test, the lower ones first."""
    if isinstance(item, l.JoinItem):
        yield from _conditions(item.left)
        yield from _conditions(item.right)
        yield from _columns(tuple(conjuncts(item.on)))


def _columns(node: object) -> Iterator[e.ColumnRef]:
    if isinstance(node, tuple):
        for part in node:
            yield from _columns(part)
    elif node is not None:
        columns = [part for part in walk(node) if isinstance(part, e.ColumnRef)]
        inside = {id(part) for held in columns if isinstance(held, PlaceHolder) for part in walk(held.expr)}
        yield from (column for column in columns if id(column) not in inside)
