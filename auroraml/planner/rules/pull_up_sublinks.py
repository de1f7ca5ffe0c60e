"""IN, EXISTS and NOT EXISTS in WHERE and ON become semi and anti joins (pull_up_sublinks)."""

from __future__ import annotations

from dataclasses import dataclass

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import rewrite, walk
from auroraml.planner.level.questions import volatile
from auroraml.planner.rules.join_tree import Group, made_ids, outer_ids, read_ids
from auroraml.records import replace
from auroraml.types.table import BOOL


@dataclass(kw_only=True)
class _Link:
    """A place in the join tree above which joins may be put."""

    item: l.FromItem
    available: frozenset[int]  # columns that what is joined there may read
    level: frozenset[int]  # all columns of the query level: others belong to levels further out, and are constants here


def pull_up_sublinks(tree: Group) -> Group:
    """The tree with what can be joined out of its conditions; the top is a Group again."""
    made = _group(tree, made_ids(tree))
    return made if isinstance(made, Group) and not made.outputs else Group(items=(made,))


def _tree(item: l.FromItem, level: frozenset[int]) -> l.FromItem:
    if isinstance(item, Group):
        return _group(item, level)
    if isinstance(item, l.JoinItem):
        return _join(item, level)
    return item


def _group(group: Group, level: frozenset[int]) -> l.FromItem:
    inner = replace(group, items=tuple(_tree(i, level) for i in group.items), where=())
    link = _Link(item=inner, available=made_ids(inner), level=level)
    kept = tuple(k for c in group.where for k in _qual(c, [link]))
    return _with_where(link.item, inner, kept)


def _with_where(item: l.FromItem, inner: Group, kept: tuple[e.Expr, ...]) -> l.FromItem:
    """The conditions left stay with the innermost group."""
    if item is inner:
        return replace(inner, where=kept)
    if isinstance(item, l.JoinItem):
        return replace(item, left=_with_where(item.left, inner, kept))
    return item


def _join(join: l.JoinItem, level: frozenset[int]) -> l.FromItem:
    left, right = _tree(join.left, level), _tree(join.right, level)
    conditions = (join.on.args if isinstance(join.on, e.And) else (join.on,)) if join.on is not None else ()
    made = replace(join, left=left, right=right)
    if join.kind in ("inner", "cross"):
        link = _Link(item=made, available=made_ids(made), level=level)
        kept = tuple(k for c in conditions for k in _qual(c, [link]))
        return _with_on(link.item, made, kept)
    if join.kind == "left":
        link = _Link(item=right, available=made_ids(right), level=level)
    elif join.kind == "right":
        link = _Link(item=left, available=made_ids(left), level=level)
    else:
        return made
    kept = tuple(k for c in conditions for k in _qual(c, [link]))
    on = all_of(kept)
    return replace(made, right=link.item, on=on) if join.kind == "left" else replace(made, left=link.item, on=on)


def _with_on(item: l.FromItem, inner: l.JoinItem, kept: tuple[e.Expr, ...]) -> l.FromItem:
    if item is inner:
        return replace(inner, on=all_of(kept))
    assert isinstance(item, l.JoinItem)
    return replace(item, left=_with_on(item.left, inner, kept))


def all_of(conditions: tuple[e.Expr, ...]) -> e.Expr | None:
    """Conditions joined by AND; None for none."""
    if not conditions:
        return None
    return conditions[0] if len(conditions) == 1 else e.And(type=BOOL, args=conditions)


def _qual(expr: e.Expr, links: list[_Link]) -> list[e.Expr]:
    """What is left of a condition after its subqueries went into joins."""
    if isinstance(expr, e.And):
        return [k for arg in expr.args for k in _qual(arg, links)]
    made: tuple[l.FromItem, e.Expr | None, str] | None = None
    link: _Link | None = None
    for link in links:
        if isinstance(expr, e.SubLink) and expr.kind == "any":
            made = _from_any(expr, link)
        elif isinstance(expr, e.SubLink) and expr.kind == "exists":
            made = _from_exists(expr, False, link)
        elif isinstance(expr, e.Not) and isinstance(expr.arg, e.SubLink) and expr.arg.kind == "exists":
            made = _from_exists(expr.arg, True, link)
        if made is not None:
            break
    if made is None or link is None:
        return [expr]
    right, condition, kind = made
    level = link.level | made_ids(right)
    right = _tree(right, level)
    inner = _Link(item=right, available=made_ids(right), level=level)
    left = _Link(item=link.item, available=link.available, level=level)
    conditions = () if condition is None else condition.args if isinstance(condition, e.And) else (condition,)
    places = [inner] if kind == "anti" else [left, inner]
    kept = tuple(k for c in conditions for k in _qual(c, places))
    link.item = l.JoinItem(kind=kind, left=left.item, right=inner.item, on=all_of(kept))
    return []


def _from_any(link: e.SubLink, place: _Link) -> tuple[l.FromItem, e.Expr | None, str] | None:
    query = link.query
    if outer_ids(query) & place.level or link.test is None:
        return None
    outside = read_ids(link.test) & place.level
    if not outside or outside - place.available or volatile(link.test):
        return None
    # The subquery's outputs are its own targets' ids; as a FROM item it makes the same ids.
    item = l.SubqueryItem(outputs=query.outputs, alias="ANY_subquery", query=query)
    return item, link.test, "semi"


def _from_exists(link: e.SubLink, negated: bool, place: _Link) -> tuple[l.FromItem, e.Expr | None, str] | None:
    query = link.query
    if not isinstance(query, l.Query) or query.ctes:
        return None
    simple = simplify_exists(query)
    if simple is None:
        return None
    where = simple.where
    rest = replace(simple, where=())
    if outer_ids(rest) & place.level:
        return None
    outside = read_ids(where) & place.level
    if not outside or outside - place.available or any(volatile(w) for w in where) or not simple.from_items:
        return None
    item = simple.from_items[0] if len(simple.from_items) == 1 else Group(items=simple.from_items)
    return item, all_of(where), "anti" if negated else "semi"


def simplify_exists(query: l.Query) -> l.Query | None:
    """The query of an EXISTS without what does not matter (simplify_EXISTS_query); None where its shape does matter."""
    if query.having or query.windows or query.grouping_sets is not None or query.locks or query.offset is not None:
        return None
    if any(isinstance(x, (e.Aggregate, e.WindowCall)) for t in query.targets for x in walk(t)):
        return None
    if any(isinstance(x, e.Call) and x.function.returns_set for t in query.targets for x in walk(t)):
        return None
    if query.limit is not None:
        if not isinstance(query.limit, e.Const):
            return None
        if query.limit.value is not None and int(str(query.limit.value)) <= 0:
            return None
    return replace(query, targets=(), outputs=(), group_by=(), grouped=False, distinct=False, distinct_on=None, order_by=(), limit=None)


__all__ = ["all_of", "pull_up_sublinks", "rewrite", "simplify_exists"]
