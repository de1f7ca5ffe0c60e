"""How many entries a statement's range table has: with more than one, EXPLAIN prefixes columns with their table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import children

VIEW_ENTRIES = 2  # a view's rule carries entries for the old and the new row


def entries(plan: l.LogicalPlan) -> int:
    """Tables, functions, VALUES lists, subqueries, views and joins at all levels of a statement."""
    return _count(plan)


@singledispatch
def _count(node: object) -> int:
    return sum(_count(child) for child in children(node))


@_count.register
def _(node: e.Expr) -> int:
    return sum(_count(child) for child in _parts(node))


def _parts(node: e.Expr) -> Iterator[object]:
    if isinstance(node, e.SubLink):
        yield node.query
    yield from (child for child in children(node) if not isinstance(child, l.LogicalPlan))


@_count.register
def _(node: l.FromItem) -> int:
    return 1 + sum(_count(child) for child in children(node))


@_count.register
def _(node: l.Query) -> int:
    return sum(_count(child) for child in children(node)) + (not node.from_items)  # no FROM is an entry too (RTE_RESULT)


@_count.register
def _(node: l.ValuesItem) -> int:
    return 2 + sum(_count(child) for child in children(node))  # the lists, and the subquery in FROM that holds them


@_count.register
def _(node: l.SubqueryItem) -> int:
    return 1 + _count(node.query) + (VIEW_ENTRIES if node.view is not None else 0)


@_count.register
def _(node: l.SetOperation) -> int:
    sides = sum(_count(side) + (not isinstance(side, l.SetOperation)) for side in (node.left, node.right))
    return sides + sum(_count(cte) for cte in node.ctes)


@_count.register
def _(node: l.Values) -> int:
    return 1 + sum(_count(child) for child in children(node))


@_count.register
def _(node: l.Update | l.Delete) -> int:
    return _count(node.query) + sum(_count(part) for part in (*node.returning, *node.ctes))  # the query's FROM holds the target


@_count.register
def _(node: l.Insert) -> int:
    source = node.source
    one_row = isinstance(source, l.Values) and len(source.rows) == 1
    found = _count(source) if one_row else _count(source) + (not isinstance(source, l.Values))
    rest = sum(_count(target) for target in node.returning) + sum(_count(cte) for cte in node.ctes)
    return 1 + found + (node.conflict is not None and node.conflict.update) + rest
