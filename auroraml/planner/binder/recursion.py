"""WITH RECURSIVE as written: in which order its queries are bound, and where one may refer to itself (parse_cte.c)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from sqlglot import exp

from auroraml.errors import FeatureNotSupported, InvalidRecursion
from auroraml.planner.binder.leaves import Leaves

ALLOWED = ""
_PLACES = {
    "left": "its non-recursive term", "subquery": "a subquery", "outer join": "an outer join", "intersect": "INTERSECT", "except": "EXCEPT",
}  # fmt: skip
Names: TypeAlias = frozenset[str]
Reference: TypeAlias = tuple[str, str, int]
NO_NAMES: Names = frozenset()


def in_order(ctes: Sequence[exp.Expression], leaves: Leaves) -> list[exp.Expression]:
    """The queries of WITH RECURSIVE, each behind those it refers to (TopologicalSort)."""
    names = [cte_name(cte, leaves) for cte in ctes]
    needs = []
    for cte, own in zip(ctes, names, strict=True):
        needs.append({name for name, _, _ in _references(cte.this, ALLOWED, NO_NAMES, leaves) if name in names and name != own})
    left, order = list(range(len(ctes))), []
    for place in range(len(ctes)):
        ready = next((j for j in range(place, len(left)) if not needs[left[j]]), None)
        if ready is None:
            at = leaves.at(ctes[left[place]].args["alias"].this)
            raise FeatureNotSupported("mutual recursion between WITH items is not implemented", at=at)
        left[place], left[ready] = left[ready], left[place]
        order.append(ctes[left[place]])
        for other in left[place + 1 :]:
            needs[other].discard(names[left[place]])
    return order


def cte_name(cte: exp.Expression, leaves: Leaves) -> str:
    """The name a query of WITH has."""
    return leaves.name(cte.args["alias"].this)


def check_recursion(cte: exp.Expression, leaves: Leaves) -> bool:
    """Whether a query of WITH RECURSIVE refers to itself; 42P19 where it may not (checkWellFormedRecursion)."""
    name, query, at = cte_name(cte, leaves), cte.this, leaves.at(cte.args["alias"].this)
    if not any(found == name for found, _, _ in _references(query, ALLOWED, NO_NAMES, leaves)):
        return False
    if isinstance(query, (exp.Insert, exp.Update, exp.Delete)):
        raise InvalidRecursion(f'recursive query "{name}" must not contain data-modifying statements', at=at)
    if not isinstance(query, exp.Union):
        raise InvalidRecursion(f'recursive query "{name}" does not have the form non-recursive-term UNION [ALL] recursive-term', at=at)
    with_ = query.args.get("with_")
    inner = frozenset(cte_name(other, leaves) for other in with_.expressions) if with_ is not None else NO_NAMES
    if with_ is not None:
        _check(_within(with_, "subquery", NO_NAMES, leaves), name)
    _check(_references(query.this, "left", inner, leaves), name)
    _check(_references(query.expression, ALLOWED, inner, leaves), name)
    for key, word in (("order", "ORDER BY"), ("offset", "OFFSET"), ("limit", "LIMIT")):
        part = query.args.get(key)
        if part is not None:
            shown = part.expressions[0].this if key == "order" else part.args.get("expression") or part.args.get("count")
            raise FeatureNotSupported(f"{word} in a recursive query is not implemented", at=leaves.start(shown) if shown is not None else None)
    if query.args.get("locks") or query.expression.args.get("locks"):
        raise FeatureNotSupported("FOR UPDATE/SHARE in a recursive query is not implemented")
    return True


def _check(references: Iterator[Reference], name: str) -> None:
    seen = False
    for found, place, at in references:
        if found != name:
            continue
        if place:
            raise InvalidRecursion(f'recursive reference to query "{name}" must not appear within {_PLACES[place]}', at=at)
        if seen:
            raise InvalidRecursion(f'recursive reference to query "{name}" must not appear more than once', at=at)
        seen = True


def _references(node: object, place: str, hidden: Names, leaves: Leaves) -> Iterator[Reference]:
    """The unqualified names in FROM that no WITH inside takes, each with what forbids a query to refer to itself there ("": nothing), and where it is."""
    if not isinstance(node, exp.Expression):
        return
    with_ = node.args.get("with_")
    if with_ is not None:
        yield from _within(with_, place, hidden, leaves)
        hidden = hidden | frozenset(cte_name(cte, leaves) for cte in with_.expressions)
    if isinstance(node, exp.SetOperation):
        yield from _operands(node, place, hidden, leaves)
        return
    table = node.this if isinstance(node, exp.Table) and node.args.get("db") is None else None
    if isinstance(table, exp.Identifier) and leaves.mark(table)[0] == "i" and leaves.name(table) not in hidden:
        yield leaves.name(table), place, leaves.at(table)
    select = isinstance(node, exp.Select)
    if select and node.args.get("from_") is not None:
        yield from _joined(node.args["from_"].this, node.args.get("joins") or (), place, hidden, leaves)
    for key, part in node.args.items():
        if key not in ("with_", "joins", "from_"):
            yield from _items(part, "subquery" if select else place, hidden, leaves)


def _items(node: object, place: str, hidden: Names, leaves: Leaves) -> Iterator[Reference]:
    """Those of any part, with the joins that hang below it."""
    for part in node if isinstance(node, list) else [node]:
        joins = part.args.get("joins") if isinstance(part, exp.Expression) and not isinstance(part, exp.Select) else None
        yield from _joined(part, joins, place, hidden, leaves) if joins else _references(part, place, hidden, leaves)


def _within(with_: exp.Expression, place: str, hidden: Names, leaves: Leaves) -> Iterator[Reference]:
    """Those in the queries of a WITH: each sees the ones before it, with RECURSIVE all of them."""
    names = [cte_name(cte, leaves) for cte in with_.expressions]
    for number, cte in enumerate(with_.expressions):
        yield from _references(cte.this, place, hidden | frozenset(names if with_.args.get("recursive") else names[:number]), leaves)


def _operands(node: exp.SetOperation, place: str, hidden: Names, leaves: Leaves) -> Iterator[Reference]:
    left = right = place
    if place == ALLOWED and isinstance(node, exp.Intersect) and not node.args.get("distinct"):
        left = right = "intersect"
    elif place == ALLOWED and isinstance(node, exp.Except):
        left, right = (place if node.args.get("distinct") else "except"), "except"
    yield from _references(node.this, left, hidden, leaves)
    yield from _references(node.expression, right, hidden, leaves)
    for key in ("order", "limit", "offset"):
        yield from _references(node.args.get(key), "subquery", hidden, leaves)


def _joined(item: exp.Expression, joins: Sequence[exp.Expression], place: str, hidden: Names, leaves: Leaves) -> Iterator[Reference]:
    """Those of an item and what is joined to it: sides of joins that may be without rows are an outer join's."""
    joins = [*(item.args.get("joins") or ()), *joins] if joins is not item.args.get("joins") else joins
    sides = [str(join.args.get("side") or "").upper() for join in joins]
    groups = [0]  # by item: the comma it stands behind
    for join in joins:
        groups.append(groups[-1] + (not any(join.args.get(key) for key in ("kind", "side", "method", "on", "using"))))
    for number, part in enumerate([item, *(join.this for join in joins)]):
        behind = [side for side, group in zip(sides[number:], groups[number + 1 :], strict=True) if group == groups[number]]
        outer = any(side in ("RIGHT", "FULL") for side in behind) or (number > 0 and sides[number - 1] in ("LEFT", "FULL"))
        here = "outer join" if outer and place == ALLOWED else place
        yield from _references(part, here, hidden, leaves) if number == 0 else _items(part, here, hidden, leaves)
    for join in joins:
        yield from _references(join.args.get("on"), "subquery", hidden, leaves)
