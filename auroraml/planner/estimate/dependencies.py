"""Selectivity of equalities by functional dependencies between columns and expressions (dependencies.c)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from auroraml.ir import expr as e
from auroraml.ir.tree import same
from auroraml.planner.estimate.conditions import Condition, attribute
from auroraml.planner.estimate.estimator import Estimator, Input, clamp, is_volatile, stripped
from auroraml.planner.estimate.objects import KnownObject

C = TypeVar("C", bound=Condition)
Used = tuple[tuple[int, ...], float]  # attributes, the implied one last; degree. Expressions: -1, -2, ... in order of appearance among the clauses


def by_dependencies(conditions: Sequence[C], done: set[int], input: Input, estimator: Estimator, together: Callable[[Sequence[C]], float]) -> float:
    """What the conditions that dependencies connect come to together; their places are added to `done` (dependencies_clauselist_selectivity)."""
    objects = [object for object in input.objects if object.found.dependencies is not None]
    if not objects:
        return 1.0
    exprs: list[e.Expr] = []
    numbers: dict[int, int] = {}
    for place, one in enumerate(conditions):
        if place in done or one.pseudoconstant or not one.bits:
            continue
        number = _column(one.expr, input, estimator)
        if number is None:
            expr = _expression(one.expr, objects, estimator)
            if expr is None:
                continue
            number = -1 - _place(exprs, expr)
        numbers[place] = number
    left = set(numbers.values())
    if len(left) < 2:
        return 1.0
    chosen = _chosen([used for object in objects for used in _usable(object, left, exprs)], left)
    if not chosen:
        return 1.0
    involved = sorted({number for attributes, _ in chosen for number in attributes})
    shares: dict[int, float] = {}
    for number in involved:
        places = [place for place, own in numbers.items() if own == number]
        done.update(places)
        shares[number] = together([conditions[place] for place in places])
    for attributes, degree in reversed(chosen):  # of a chain a -> b -> c the last comes first: b is used before it is replaced
        first = 1.0
        for number in attributes[:-1]:
            first *= shares[number]
        second = shares[attributes[-1]]
        shares[attributes[-1]] = (degree if first <= second else degree * second / first) + (1.0 - degree) * second
    total = 1.0
    for number in involved:
        total *= shares[number]
    return clamp(total)


def _place(exprs: list[e.Expr], expr: e.Expr) -> int:
    """Where `expr` stands in the list, added to it if it is new."""
    for place, one in enumerate(exprs):
        if same(one, expr):
            return place
    exprs.append(expr)
    return len(exprs) - 1


def _usable(object: KnownObject, left: set[int], exprs: Sequence[e.Expr]) -> list[Used]:
    """The object's dependencies among what the clauses test, if that is two of its dimensions or more."""
    places = [next((-1 - i for i, expr in enumerate(exprs) if one is not None and same(one, expr)), None) for one in object.exprs]
    if len(left.intersection(object.columns)) + sum(place is not None for place in places) < 2:
        return []
    found: list[Used] = []
    for one in object.found.dependencies or ():
        attributes = tuple(number if number > 0 else places[-1 - number] for number in (*one.of, one.implies))
        if all(number is not None and number in left for number in attributes):
            found.append((tuple(number for number in attributes if number is not None), one.degree))
    return found


def _chosen(dependencies: Sequence[Used], left: set[int]) -> list[Used]:
    """The widest and among these the strongest first, each without the attributes that were implied before (find_strongest_dependency)."""
    left = set(left)
    chosen: list[Used] = []
    while True:
        best: Used | None = None
        for one in dependencies:
            if best is not None and (len(one[0]), one[1]) < (len(best[0]), best[1]):
                continue
            if left.issuperset(one[0]):
                best = one
        if best is None:
            return chosen
        chosen.append(best)
        left.discard(best[0][-1])


def _column(expr: e.Expr, input: Input, estimator: Estimator) -> int | None:
    """The column that a clause equates with something fixed (dependency_is_compatible_clause)."""
    if isinstance(expr, e.Or):
        numbers = {_column(arg, input, estimator) for arg in expr.args}
        return numbers.pop() if len(numbers) == 1 else None
    found = _equated(expr, estimator)
    return None if found is None else attribute(found, input, estimator)


def _expression(expr: e.Expr, objects: Sequence[KnownObject], estimator: Estimator) -> e.Expr | None:
    """The objects' expression that a clause equates with something fixed (dependency_is_compatible_expression)."""
    if isinstance(expr, e.Or):
        found: e.Expr | None = None
        for arg in expr.args:
            one = _expression(arg, objects, estimator)
            if one is None or (found is not None and not same(one, found)):
                return None
            found = found or one
        return found
    equated = _equated(expr, estimator)
    if equated is None:
        return None
    return next((one for object in objects for one in object.exprs if one is not None and same(one, equated)), None)


def _equated(expr: e.Expr, estimator: Estimator) -> e.Expr | None:
    """What a clause says is equal to something fixed, a boolean being equal to true or, under NOT, false."""
    if isinstance(expr, e.OpCall):
        if len(expr.args) != 2 or expr.operator.restrict != "eqsel":
            return None
        left, right = expr.args
        if _fixed(right, estimator):
            return stripped(left)
        return stripped(right) if _fixed(left, estimator) else None
    if isinstance(expr, e.ArrayOp):
        if expr.all or expr.operator.restrict != "eqsel" or not _fixed(expr.args[1], estimator):
            return None
        return stripped(expr.args[0])
    return stripped(expr.arg if isinstance(expr, e.Not) else expr)


def _fixed(expr: e.Expr, estimator: Estimator) -> bool:
    """Whether an expression has one value for all rows (is_pseudo_constant_clause)."""
    return not estimator.inputs(expr) and not is_volatile(expr)
