"""How many entries a statement's range table has: with more than one, EXPLAIN prefixes columns with their table."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.dispatch import singledispatch
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import children, walk

VIEW_ENTRIES = 2  # a view's rule carries entries for the old and the new row


def entries(plan: l.LogicalPlan) -> int:
    """Tables, functions, VALUES lists, subqueries, views and joins at all levels of a statement, once it is planned."""
    return _count(plan) + _is_append(plan)


def _is_append(plan: l.LogicalPlan) -> bool:
    """Whether it is members under UNION ALL alone, of which the first then stands for the whole as well (flatten_simple_union_all)."""
    if not isinstance(plan, l.SetOperation):
        return False
    sides = (side for side in (plan.left, plan.right) if isinstance(side, l.SetOperation))
    return plan.op.lower() == "union" and plan.all and not any((*plan.left_casts, *plan.right_casts)) and all(_is_append(side) for side in sides)


def _joined(conditions: tuple[e.Expr, ...]) -> int:
    """IN with a subquery among conditions that hold together: one that reads nothing outside becomes an item to join (convert_ANY_sublink_to_join)."""
    return sum(isinstance(x, e.SubLink) and x.kind == "any" and _closed(x.query) for x in conditions)


def _closed(query: l.LogicalPlan) -> bool:
    """Whether a subquery reads only its own columns."""
    own = {output.id for node in walk(query) if isinstance(node, l.FromItem | l.LogicalPlan) for output in node.outputs}
    own |= {node.id for node in walk(query) if isinstance(node, l.Target)}
    return all(node.id in own for node in walk(query) if isinstance(node, e.ColumnRef))


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


def _with(plan: l.LogicalPlan, ctes: tuple[l.Cte, ...]) -> int:
    """The entries of WITH queries, without those of SELECTs that nothing reads: they are not planned."""
    places: list[object] = [child for child in children(plan) if not isinstance(child, l.Cte)]
    found = 0
    for cte in reversed(ctes):
        changes = isinstance(cte.query, l.Insert | l.Update | l.Delete)
        if changes or any(isinstance(x, l.CteItem) and x.cte == cte.id for place in places for x in walk(place)):
            places.append(cte)
            found += _count(cte)
    return found


def _rest(plan: l.LogicalPlan) -> int:
    return sum(_count(child) for child in children(plan) if not isinstance(child, l.Cte))


@_count.register
def _(node: l.Query) -> int:
    return _rest(node) + _with(node, node.ctes) + (not node.from_items) + _joined(node.where)  # no FROM is an entry too (RTE_RESULT)


@_count.register
def _(node: l.JoinItem) -> int:
    on = node.on.args if isinstance(node.on, e.And) else () if node.on is None else (node.on,)
    return 1 + sum(_count(child) for child in children(node)) + _joined(on)


@_count.register
def _(node: l.ValuesItem) -> int:
    return 2 + sum(_count(child) for child in children(node))  # the lists, and the subquery in FROM that holds them


@_count.register
def _(node: l.SubqueryItem) -> int:
    return 1 + _count(node.query) + (VIEW_ENTRIES if node.view is not None else 0)


@_count.register
def _(node: l.SetOperation) -> int:
    sides = sum(_count(side) + (not isinstance(side, l.SetOperation)) for side in (node.left, node.right))
    return sides + _with(node, node.ctes)


@_count.register
def _(node: l.Values) -> int:
    return 1 + _rest(node) + _with(node, node.ctes)


@_count.register
def _(node: l.Update | l.Delete) -> int:
    return _count(node.query) + sum(_count(part) for part in node.returning) + _with(node, node.ctes)  # the query's FROM holds the target


@_count.register
def _(node: l.Insert) -> int:
    rest = sum(_count(target) for target in node.returning) + _with(node, node.ctes)
    return 1 + _count(node.source) + (node.conflict is not None and node.conflict.update) + rest
