"""Questions about expressions: which columns they read, whether they are volatile, strict or plain, whether two are equal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from auroraml.ir import expr as e
from auroraml.ir.tree import children, map_children, same
from auroraml.planner.rules.placeholder import PlaceHolder
from auroraml.records import replace
from auroraml.types.pg_type import PgArray

T = TypeVar("T")


class _Leaves(dict[type, bool]):
    """By class: whether its instances are columns or constants, below which nothing is looked at."""

    def __missing__(self, cls: type) -> bool:
        known = self[cls] = issubclass(cls, (e.ColumnRef, e.Const))
        return known


_LEAVES: Final = _Leaves()


def parts(node: object) -> list[object]:
    """What stands directly below `node`; the plan inside a SubPlan and the columns of a MigratedRef's original are not entered."""
    if _LEAVES[node.__class__]:
        return []
    if node.__class__ is e.SubPlan and isinstance(node, e.SubPlan):
        values: list[object] = [value for _, value in node.params]
        return values if node.test is None else [*values, node.test]
    return children(node)


def walk(node: object) -> Iterator[object]:
    """`node` and what it is made of, in pre-order."""
    pending = [node]
    while pending:
        found = pending.pop()
        yield found
        if found.__class__ is not e.ColumnRef and found.__class__ is not e.Const:
            pending += reversed(parts(found))


def walk_all(nodes: object) -> Iterator[object]:
    """Everything in several expressions."""
    for node in nodes:  # type: ignore[attr-defined] # any iterable
        yield from walk(node)


def rewrite(node: T, change: Callable[[object], object | None]) -> T:
    """A copy with `change` applied top-down (see ir.tree.rewrite), the plans inside SubPlans left alone."""
    replaced = change(node)
    if replaced is not None:
        return replaced  # type: ignore[return-value] # the caller's `change` keeps the kind of node
    if _LEAVES[node.__class__]:
        return node
    if node.__class__ is e.SubPlan and isinstance(node, e.SubPlan):
        params = tuple((number, rewrite(value, change)) for number, value in node.params)
        test = None if node.test is None else rewrite(node.test, change)
        if test is node.test and all(a[1] is b[1] for a, b in zip(params, node.params, strict=True)):
            return node
        return replace(node, params=params, test=test)
    return map_children(node, lambda child: rewrite(child, change))


def equal(a: e.Expr, b: e.Expr) -> bool:
    """Whether two expressions compute the same (PostgreSQL's equal())."""
    if a is b:
        return True
    cls = a.__class__
    if _LEAVES[cls] and isinstance(a, e.ColumnRef):
        return _LEAVES[b.__class__] and isinstance(b, e.ColumnRef) and a.id == b.id
    return cls is b.__class__ and cls is not e.SubPlan and same(a, b)


def ids_in(node: object, below: Callable[[object], list[object]] = parts) -> frozenset[int]:
    """The column ids read in an expression, of which `below` says what stands directly below a node."""
    if isinstance(node, e.ColumnRef):
        return frozenset((node.id,))
    found: set[int] = set()
    pending = [node]
    while pending:
        part = pending.pop()
        cls = part.__class__
        if _LEAVES[cls]:
            if cls is e.Const:
                continue
            if isinstance(part, e.ColumnRef):
                found.add(part.id)
                if cls is e.ColumnRef:
                    continue
        elif cls is e.WholeRow and isinstance(part, e.WholeRow):
            found.update(part.ids)
        pending += below(part)
    return frozenset(found)


def columns_in(node: object) -> list[e.ColumnRef]:
    """The column references of an expression in order, each column once; whole rows count as all their columns."""
    if node.__class__ is e.ColumnRef:
        return [node]
    found: dict[int, e.ColumnRef] = {}
    pending = [node]
    while pending:
        part = pending.pop()
        if not _LEAVES[part.__class__]:
            pending += reversed(parts(part))
        elif isinstance(part, e.ColumnRef):
            found.setdefault(part.id, part)
    return list(found.values())


def contains(node: object, *kinds: type) -> bool:
    """Whether a node of one of `kinds` occurs."""
    pending = [node]
    while pending:
        found = pending.pop()
        if isinstance(found, kinds):
            return True
        if found.__class__ is not e.ColumnRef and found.__class__ is not e.Const:
            pending += parts(found)
    return False


_CALLING: Final = frozenset((e.Call, e.OpCall, e.ArrayOp, e.Distinct, e.NullIf, e.MinMax, e.Aggregate, e.WindowCall))
_SESSION_BOUND: Final = frozenset((e.SqlValue, e.ViaText))  # stable, whatever they hold


def _volatility(node: object, wanted: tuple[str, ...]) -> bool:
    """Whether anything in an expression is of one of these volatilities."""
    pending = [node]
    while pending:
        found = pending.pop()
        cls = found.__class__
        if cls is e.ColumnRef or cls is e.Const:
            continue
        if cls in _CALLING:
            if found.function.volatility in wanted:  # type: ignore[attr-defined] # each of them has one
                return True
        elif cls in _SESSION_BOUND and "s" in wanted:
            return True
        pending += parts(found)
    return False


def volatile(node: object) -> bool:
    """contain_volatile_functions."""
    return _volatility(node, ("v",))


def mutable(node: object) -> bool:
    """contain_mutable_functions."""
    return _volatility(node, ("v", "s"))


def returns_set(node: object) -> bool:
    """Whether a set-returning function occurs (expression_returns_set)."""
    pending = [node]
    while pending:
        part = pending.pop()
        if _LEAVES[part.__class__]:
            continue
        if isinstance(part, e.Call) and part.function.returns_set:
            return True
        pending += parts(part)
    return False


_STRICT_OR_NOT: Final = (e.Call, e.OpCall, e.ArrayOp)
_NONSTRICT: Final = (
    e.And, e.Or, e.NullTest, e.BooleanTest, e.Case, e.Coalesce, e.MinMax, e.Distinct, e.NullIf, e.ArrayExpr, e.RowExpr, e.RowCompare, e.SubLink,
    e.SubPlan, e.Aggregate, e.WindowCall, e.SqlValue, e.Subscript,
)  # fmt: skip


def nonstrict(node: object) -> bool:
    """Whether the expression may be not NULL although a column it reads is NULL (contain_nonstrict_functions)."""
    for part in walk(node):
        if isinstance(part, e.ArrayOp):
            if not _strict_array(part, False):
                return True
        elif isinstance(part, _STRICT_OR_NOT):
            if not part.function.strict:
                return True
        elif isinstance(part, _NONSTRICT) or (isinstance(part, PlaceHolder) and nonstrict(part.expr)):
            return True
    return False


def _strict_array(node: e.ArrayOp, may_be_false: bool) -> bool:
    """Whether ANY or ALL is NULL where its left side is, or false, if that will do: an empty array has no NULL to give (is_strict_saop)."""
    if not node.function.strict:
        return False
    if may_be_false and not node.all:
        return True
    array = node.args[1]
    if isinstance(array, e.Const):
        return isinstance(array.value, PgArray) and len(array.value.elements) > 0
    return isinstance(array, e.ArrayExpr) and not array.multi and bool(array.args)


def nonnullable_ids(node: object, top: bool = True, owners: Mapping[int, int] | None = None) -> frozenset[int]:
    """Columns whose being NULL makes the condition false or NULL (find_nonnullable_vars).

    With `owners` (column id to relation) the relations all of whose columns being NULL does so (find_nonnullable_rels).
    """
    if isinstance(node, (tuple, list)):
        return frozenset().union(*(nonnullable_ids(item, top, owners) for item in node)) if node else frozenset()
    if isinstance(node, PlaceHolder):
        inside = nonnullable_ids(node.expr, top, owners)
        return inside | {owners.get(node.id, node.id)} if owners is not None and not node.homes else inside
    if isinstance(node, e.ColumnRef):
        return frozenset((node.id,)) if owners is None else frozenset((owners.get(node.id, node.id),))
    if isinstance(node, e.WholeRow):
        return frozenset(node.ids) if owners is None else frozenset(owners.get(id, id) for id in node.ids)
    if isinstance(node, e.ArrayOp):
        return nonnullable_ids(node.args, False, owners) if _strict_array(node, True) else frozenset()
    if isinstance(node, (e.Call, e.OpCall)):
        return nonnullable_ids(node.args, False, owners) if node.function.strict else frozenset()
    if isinstance(node, e.And):
        if top:
            return nonnullable_ids(node.args, True, owners)
        return frozenset.intersection(*(nonnullable_ids(a, False, owners) for a in node.args))
    if isinstance(node, e.Or):
        return frozenset.intersection(*(nonnullable_ids(a, top, owners) for a in node.args))
    if isinstance(node, e.Not):
        return nonnullable_ids(node.arg, False, owners)
    if isinstance(node, (e.Relabel, e.ViaText, e.ArrayCoerce)):
        return nonnullable_ids(node.arg, top, owners)
    if isinstance(node, e.NullTest):
        return nonnullable_ids(node.arg, False, owners) if top and node.negated and not node.per_field else frozenset()
    if isinstance(node, e.BooleanTest):
        if top and (node.test, node.negated) in (("true", False), ("false", False), ("unknown", True)):
            return nonnullable_ids(node.arg, False, owners)
        return frozenset()
    return frozenset()


def conjuncts(expr: e.Expr | None) -> list[e.Expr]:
    """A condition as a flat list of what is joined by AND."""
    if expr is None:
        return []
    if isinstance(expr, e.And):
        return [found for arg in expr.args for found in conjuncts(arg)]
    return [expr]


def strip(expr: e.Expr) -> e.Expr:
    """The expression below binary-compatible casts that leave its order as it is."""
    while isinstance(expr, e.Relabel) and not cuts(expr) and not expr.collation:
        expr = expr.arg
    return expr


def cuts(expr: e.Relabel) -> bool:
    """Whether a relabelling applies a length or precision, so that values may change."""
    return expr.typmod >= 0 and expr.arg.typmod != expr.typmod
