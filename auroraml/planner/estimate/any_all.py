"""Selectivity of `op ANY (array)` and `op ALL (array)` (selfuncs.c: scalararraysel; array_selfuncs.c: scalararraysel_containment)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from auroraml.catalog.builtins import builtin_operator
from auroraml.ir import expr as e
from auroraml.planner.estimate.contained import contained, contains, element_type, elements_of
from auroraml.planner.estimate.context import Context
from auroraml.planner.estimate.estimator import clamp
from auroraml.planner.estimate.operators import Test, operator_selectivity
from auroraml.planner.estimate.order import order_key
from auroraml.planner.level.operators import family_of
from auroraml.types.pg_type import PgArray, PgType

UNKNOWN_ELEMENTS: Final = 10
EQUALITY_STRATEGY: Final = 3


def any_all_selectivity(expr: e.ArrayOp, context: Context, joins: bool) -> float:
    """The fraction of rows (of pairs, `joins`) where any (all) of the array's elements pass."""
    left, array = (context.estimator.reduced(arg) for arg in expr.args)
    while isinstance(array, (e.Relabel, e.ArrayCoerce)):
        if isinstance(array, e.ArrayCoerce) and not isinstance(array.element, (e.Relabel, e.ElementRef)):
            break
        array = array.arg
    element = element_type(expr.args[1].type)
    if element is not None and not joins:
        found = _containment(expr, left, array, element, context)
        if found is not None:
            return found
    estimator = expr.operator.join if joins else expr.operator.restrict
    if not estimator:
        return 0.5
    equal, unequal = estimator in ("eqsel", "eqjoinsel"), estimator in ("neqsel", "neqjoinsel")

    def each(right: e.Expr) -> float:
        return operator_selectivity(Test(operator=expr.operator, function=expr.function, left=left, right=right), context, joins)

    if isinstance(array, e.Const) and array.value is None:
        return 0.0
    elements = _elements(array, element or expr.operator.right)
    if elements is None:
        unknown = e.ElementRef(type=element or expr.operator.right or array.type)
        return clamp(_combined([each(unknown)] * UNKNOWN_ELEMENTS, expr.all)[0])
    total, disjoint = _combined([each(one) for one in elements], expr.all)
    if (unequal if expr.all else equal) and 0.0 <= disjoint <= 1.0:
        total = disjoint
    return clamp(total)


def _combined(found: Sequence[float], all: bool) -> tuple[float, float]:
    """The chance of any (or all), the tests taken as independent, and taken as excluding each other."""
    total = disjoint = 1.0 if all else 0.0
    for one in found:
        total = total * one if all else total + one - total * one
        disjoint += one - 1.0 if all else one
    return total, disjoint


def _elements(array: e.Expr, element: PgType | None) -> tuple[e.Expr, ...] | None:
    """The elements where they are written or known, None where the array is not."""
    if isinstance(array, e.Const):
        value = array.value
        if not isinstance(value, PgArray) or element is None:
            return None
        return tuple(e.Const(type=element, value=item) for item in value.elements)
    return array.args if isinstance(array, e.ArrayExpr) and not array.multi else None


def _containment(expr: e.ArrayOp, left: e.Expr, array: e.Expr, element: PgType, context: Context) -> float | None:
    """`constant = ANY (array column)` as containment; None where it is not that."""
    operator = expr.operator
    equal = _is_equality(operator.oid, element)
    if not equal and not (operator.negator and _is_equality(operator.negator, element)):
        return None
    variable = context.examine(array)
    if not variable.known or not isinstance(left, e.Const):
        return None
    if left.value is None:
        return 0.0
    items = [order_key(left.value, element)]
    elements = elements_of(variable, element)
    found = contained(elements, items) if expr.all == equal else contains(elements, items)
    found *= 1.0 - variable.null_fraction
    return clamp(found if equal else 1.0 - found)


def _is_equality(oid: int, element: PgType) -> bool:
    """Whether an operator is the default equality of a type."""
    operator = builtin_operator(oid)
    if operator is None or operator.left is None or operator.right is None:
        return False
    family = family_of(operator)
    return family is not None and family[1] == EQUALITY_STRATEGY and operator.left.oid == operator.right.oid == element.oid
