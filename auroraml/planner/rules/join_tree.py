"""The join tree that rules rewrite: FROM items, joins (also semi and anti) and groups of items under a condition (FromExpr)."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import walk as walk_plan
from auroraml.records import dataclass, replace


@dataclass(frozen=True, kw_only=True, eq=False)
class Group(l.FromItem):
    """Items joined by inner joins, under a list of conjuncts."""

    items: tuple[l.FromItem, ...] = ()
    where: tuple[e.Expr, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class NoTable(l.FromItem):
    """One row without columns (RTE_RESULT): what an empty FROM stands for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Member:
    """A query of a UNION ALL: what it reads, and the union's columns over that."""

    item: l.FromItem
    values: tuple[e.Expr, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class AppendItem(l.FromItem):
    """A UNION ALL that is part of its level, its members relations of the level too (an append relation)."""

    members: tuple[Member, ...]


def with_members(item: l.FromItem) -> Iterator[l.FromItem]:
    """A relation of a join tree and, below a UNION ALL, those of its members."""
    yield item
    if isinstance(item, AppendItem):
        for member in item.members:
            yield from with_members(member.item)


def leaves(item: l.FromItem) -> Iterator[l.FromItem]:
    """The relations of a join tree, left to right."""
    if isinstance(item, l.JoinItem):
        yield from leaves(item.left)
        yield from leaves(item.right)
    elif isinstance(item, Group):
        for part in item.items:
            yield from leaves(part)
    else:
        yield item


def made_ids(item: l.FromItem) -> frozenset[int]:
    """The ids of the columns that a join tree's relations make."""
    return frozenset(o.id for leaf in leaves(item) for o in leaf.outputs)


def all_ids(item: l.FromItem) -> frozenset[int]:
    """Those, and the ids of columns that members of UNION ALLs make."""
    return frozenset(o.id for leaf in leaves(item) for relation in with_members(leaf) for o in relation.outputs)


def tree_of(query: l.Query) -> Group:
    """FROM and WHERE as a join tree."""
    return Group(items=query.from_items or (NoTable(),), where=query.where)


def with_tree(query: l.Query, tree: Group) -> l.Query:
    """The query over another join tree."""
    return replace(query, from_items=tree.items, where=tree.where)


def read_ids(node: object) -> frozenset[int]:
    """The column ids read anywhere in a plan or expression, subqueries included."""
    if isinstance(node, tuple):
        return frozenset().union(*(read_ids(item) for item in node))
    found: set[int] = set()
    for part in walk_plan(node):
        if isinstance(part, e.ColumnRef):
            found.add(part.id)
        elif isinstance(part, e.WholeRow):
            found.update(part.ids)
    return frozenset(found)


def outer_ids(plan: object) -> frozenset[int]:
    """The column ids that a plan reads but does not make."""
    made: set[int] = set()
    read: set[int] = set()
    for part in walk_plan(plan):
        if isinstance(part, e.ColumnRef):
            read.add(part.id)
        elif isinstance(part, e.WholeRow):
            read.update(part.ids)
        elif isinstance(part, l.Target):
            made.add(part.id)
        if isinstance(part, l.LogicalPlan):
            made.update(output.id for output in part.outputs)
        if isinstance(part, (l.Insert, l.Update)):
            made.update(part.row_ids)
        elif isinstance(part, l.Conflict):
            made.update(part.excluded_ids)
    return frozenset(read - made)
