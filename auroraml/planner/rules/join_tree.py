"""Questions about the join tree that rules rewrite: its relations, the columns they make and read."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import children
from auroraml.ir.tree import walk as walk_plan
from auroraml.planner.level.questions import ids_in
from auroraml.planner.rules.join_items import AppendItem, Group, Member, NoTable
from auroraml.records import replace

__all__ = [
    "AppendItem",
    "Group",
    "Member",
    "NoTable",
    "all_ids",
    "leaves",
    "made_ids",
    "outer_ids",
    "read_ids",
    "tree_of",
    "with_members",
    "with_tree",
]


def with_members(item: l.FromItem) -> Iterator[l.FromItem]:
    """A relation of a join tree and, below a UNION ALL, those of its members."""
    yield item
    if isinstance(item, AppendItem):
        for member in item.members:
            yield from with_members(member.item)


def leaves(item: l.FromItem) -> list[l.FromItem]:
    """The relations of a join tree, left to right."""
    found: list[l.FromItem] = []
    pending = [item]
    while pending:
        part = pending.pop()
        if isinstance(part, l.JoinItem):
            pending += (part.right, part.left)
        elif isinstance(part, Group):
            pending += reversed(part.items)
        else:
            found.append(part)
    return found


def made_ids(item: l.FromItem) -> frozenset[int]:
    """The ids of the columns that a join tree's relations make."""
    return frozenset([o.id for leaf in leaves(item) for o in leaf.outputs])


def all_ids(item: l.FromItem) -> frozenset[int]:
    """Those, and the ids of columns that members of UNION ALLs make."""
    return frozenset([o.id for leaf in leaves(item) for relation in with_members(leaf) for o in relation.outputs])


def tree_of(query: l.Query) -> Group:
    """FROM and WHERE as a join tree."""
    return Group(items=query.from_items or (NoTable(),), where=query.where)


def with_tree(query: l.Query, tree: Group) -> l.Query:
    """The query over another join tree."""
    return replace(query, from_items=tree.items, where=tree.where)


def read_ids(node: object) -> frozenset[int]:
    """The column ids read anywhere in a plan or expression, subqueries included."""
    if isinstance(node, tuple):
        return frozenset().union(*[read_ids(item) for item in node]) if node else frozenset()
    return ids_in(node, children)


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
