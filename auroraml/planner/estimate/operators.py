"""Selectivity of operators, by the estimator that the operator's row names, as a restriction and as a join clause (selfuncs.c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from auroraml.ir import expr as e
from auroraml.ir.objects import Function, Operator
from auroraml.planner.estimate.boolean import NOTHING_KNOWN
from auroraml.planner.estimate.contained import DEFAULT_CONTAIN, DEFAULT_OVERLAP, array_selectivity, element_type
from auroraml.planner.estimate.context import Context, Restriction
from auroraml.planner.estimate.equality import DEFAULT_EQUAL, equals_key, equals_unknown
from auroraml.planner.estimate.estimator import clamp
from auroraml.planner.estimate.inequality import DEFAULT_INEQUALITY, Bound, inequality
from auroraml.planner.estimate.joins import equal_join
from auroraml.planner.estimate.matching import Matcher, generic, matcher
from auroraml.planner.estimate.order import order_key
from auroraml.planner.estimate.patterns import DEFAULT_MATCH, Kind, pattern_selectivity
from auroraml.planner.estimate.ranges import range_selectivity
from auroraml.types.pg_type import PgArray
from auroraml.types.table import BOOL

DEFAULT_MATCHING: Final = 0.01
FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "@>": "<@", "<@": "@>", "&&": "&&"}
SYMBOLS: Final = {"scalarltsel": "<", "scalarlesel": "<=", "scalargtsel": ">", "scalargesel": ">="}
PATTERNS: Final = {
    "likesel": Kind(like=True), "nlikesel": Kind(like=True, negate=True), "iclikesel": Kind(like=True, any_case=True),
    "icnlikesel": Kind(like=True, any_case=True, negate=True), "regexeqsel": Kind(regex=True), "regexnesel": Kind(regex=True, negate=True),
    "icregexeqsel": Kind(regex=True, any_case=True), "icregexnesel": Kind(regex=True, any_case=True, negate=True), "prefixsel": Kind(),
}  # fmt: skip
CONSTANTS: Final = {"contsel": 0.001, "areasel": 0.005, "positionsel": 0.1}  # estimators that look at nothing


class Test:
    """`left operator right` with the function behind the operator."""

    __slots__ = ("function", "left", "operator", "right")

    def __init__(self, *, operator: Operator, function: Function, left: e.Expr, right: e.Expr) -> None:
        self.operator = operator
        self.function = function
        self.left = left
        self.right = right

    def matcher(self, restriction: Restriction, context: Context) -> Matcher:
        """Which of some values of the variable pass with the constant."""
        return matcher(
            lambda left, right: e.OpCall(type=BOOL, operator=self.operator, function=self.function, args=(left, right)),
            self.function, restriction, context,
        )  # fmt: skip


def operator_selectivity(test: Test, context: Context, joins: bool) -> float:
    """The fraction of rows (of pairs, `joins`) that pass the test."""
    if joins:
        return _join(test, context)
    estimator = RESTRICTIONS.get(test.operator.restrict)
    return NOTHING_KNOWN if estimator is None else estimator(test, context)


# Restrictions

Estimate = Callable[[Test, Context], float]


def _restriction(test: Test, context: Context) -> Restriction | None:
    return context.restriction(test.left, test.right)


def _equality(test: Test, context: Context) -> float:
    negate = test.operator.restrict == "neqsel"
    found = _restriction(test, context)
    if found is None:
        return 1.0 - DEFAULT_EQUAL if negate else DEFAULT_EQUAL
    if not isinstance(found.other, e.Const):
        return equals_unknown(context.estimator, found.variable, negate=negate)
    if found.other.value is None:
        return 0.0
    return equals_key(context.estimator, found.variable, order_key(found.other.value, found.other.type), negate=negate)


def _inequality(test: Test, context: Context) -> float:
    found = _restriction(test, context)
    if found is None or not isinstance(found.other, e.Const):
        return DEFAULT_INEQUALITY
    if found.other.value is None:
        return 0.0
    symbol = SYMBOLS[test.operator.restrict]
    symbol = symbol if found.on_left else FLIPPED[symbol]
    by_pattern = test.operator.name.startswith("~")  # ~<~ and its kin, whose order no histogram has
    return inequality(context.estimator, found.variable, Bound.of(symbol, found.other.value, found.other.type, by_pattern))


def _pattern(test: Test, context: Context) -> float:
    found = _restriction(test, context)
    kind = PATTERNS[test.operator.restrict]
    if found is None:
        return 1.0 - DEFAULT_MATCH if kind.negate else DEFAULT_MATCH
    tried = test.matcher(found, context)
    if not kind.negate:
        return pattern_selectivity(kind, found, tried, context.estimator)
    return pattern_selectivity(kind, found, lambda values: [not one for one in tried(values)], context.estimator)


def _matching(test: Test, context: Context) -> float:
    found = _restriction(test, context)
    if found is None or not isinstance(found.other, e.Const):
        return DEFAULT_MATCHING
    if found.other.value is None:
        return 0.0
    return generic(found, test.matcher(found, context), DEFAULT_MATCHING)


def _array(test: Test, context: Context) -> float:
    """arraycontsel."""
    symbol = test.operator.name
    default = _array_default(symbol)
    found = _restriction(test, context)
    if found is None or not isinstance(found.other, e.Const):
        return default
    array = found.other.value
    if array is None:
        return 0.0
    element = element_type(found.other.type)
    mine = element_type(found.variable.type)
    if not isinstance(array, PgArray) or element is None or mine is None or element.oid != mine.oid:
        return default
    return clamp(array_selectivity(found.variable, array, element, symbol if found.on_left else FLIPPED[symbol]))


def _array_default(symbol: str) -> float:
    return DEFAULT_OVERLAP if symbol == "&&" else DEFAULT_CONTAIN


def _range(test: Test, context: Context) -> float:
    return range_selectivity(test.operator.name, _restriction(test, context))


def _constant(test: Test, context: Context) -> float:
    return CONSTANTS[test.operator.restrict]


RESTRICTIONS: Final[dict[str, Estimate]] = {
    "eqsel": _equality, "neqsel": _equality, **dict.fromkeys(SYMBOLS, _inequality), **dict.fromkeys(PATTERNS, _pattern),
    "matchingsel": _matching, "arraycontsel": _array, "rangesel": _range, **dict.fromkeys(CONSTANTS, _constant),
}  # fmt: skip

# Joins

JOIN_CONSTANTS: Final = {
    "scalarltjoinsel": DEFAULT_INEQUALITY, "scalarlejoinsel": DEFAULT_INEQUALITY, "scalargtjoinsel": DEFAULT_INEQUALITY,
    "scalargejoinsel": DEFAULT_INEQUALITY, "contjoinsel": 0.001, "areajoinsel": 0.005, "positionjoinsel": 0.1,
    "matchingjoinsel": DEFAULT_MATCHING, "tsmatchjoinsel": 0.005, "likejoinsel": DEFAULT_MATCH, "iclikejoinsel": DEFAULT_MATCH,
    "regexeqjoinsel": DEFAULT_MATCH, "icregexeqjoinsel": DEFAULT_MATCH, "prefixjoinsel": DEFAULT_MATCH, "nlikejoinsel": 1.0 - DEFAULT_MATCH,
    "icnlikejoinsel": 1.0 - DEFAULT_MATCH, "regexnejoinsel": 1.0 - DEFAULT_MATCH, "icregexnejoinsel": 1.0 - DEFAULT_MATCH,
}  # fmt: skip


def _join(test: Test, context: Context) -> float:
    sides = context.sides
    assert sides is not None
    name = test.operator.join
    if name == "arraycontjoinsel":
        return _array_default(test.operator.name)
    if name not in ("eqjoinsel", "neqjoinsel"):
        return JOIN_CONSTANTS.get(name, NOTHING_KNOWN)
    first, second = context.examine(test.left), context.examine(test.right)
    if name == "eqjoinsel":
        return equal_join(context.estimator, first, second, sides)
    if sides.asked in ("semi", "anti"):  # only this estimator heeds it
        return clamp(1.0 - (second if sides.reversed(first, second) else first).null_fraction)
    return clamp(1.0 - equal_join(context.estimator, first, second, sides))
