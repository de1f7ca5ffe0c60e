"""Selectivity of conditions: one clause by its class and operator, lists with range pairs, OR (clausesel.c)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from auroraml.batch import ConstVector, Datum, from_datums
from auroraml.evaluate.call import call, kernel_of
from auroraml.functions.signature import SCALARS
from auroraml.ir import expr as e
from auroraml.ir.objects import Function, Operator
from auroraml.ir.tree import same
from auroraml.planner.estimate.boolean import DEFAULT_FUNCTION, NOTHING_KNOWN, boolean_column, boolean_test, is_null
from auroraml.planner.estimate.equality import DEFAULT_EQUAL, equals_key, equals_unknown
from auroraml.planner.estimate.estimator import Estimator, Input, Variable, clamp, is_volatile
from auroraml.planner.estimate.inequality import DEFAULT_INEQUALITY, Bound, inequality
from auroraml.planner.estimate.joins import JoinSides, equal_join
from auroraml.planner.estimate.order import order_key
from auroraml.planner.estimate.patterns import DEFAULT_MATCH, Matcher, Prefix, like_prefix, pattern_selectivity, regex_prefix
from auroraml.types.pg_type import PgArray
from auroraml.types.table import BOOL, BY_OID

DEFAULT_RANGE = 0.005
UNKNOWN_ELEMENTS = 10
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
SYMBOLS = {"scalarltsel": "<", "scalarlesel": "<=", "scalargtsel": ">", "scalargesel": ">="}
PATTERNS = {  # estimator: (LIKE rather than a regular expression, any case, negated)
    "likesel": (True, False, False), "nlikesel": (True, False, True), "iclikesel": (True, True, False), "icnlikesel": (True, True, True),
    "regexeqsel": (False, False, False), "regexnesel": (False, False, True), "icregexeqsel": (False, True, False),
    "icregexnesel": (False, True, True), "prefixsel": (True, False, False),
}  # fmt: skip
DEFAULTS = {"contsel": 0.001, "areasel": 0.005, "positionsel": 0.1, "matchingsel": 0.01, "arraycontsel": 0.005, "tsmatchsel": 0.005}


@dataclass(kw_only=True, eq=False)
class Context:
    """Where a clause stands: `only` that input's columns vary (a parameterised scan), or in the join `sides`; neither: a restriction."""

    estimator: Estimator
    only: Input | None = None
    sides: JoinSides | None = None

    def joins(self, clause: e.Expr) -> bool:
        """Whether `clause` is to be estimated as a join clause."""
        return self.sides is not None and self.only is None and len(self.estimator.inputs(clause)) > 1

    def examine(self, expr: e.Expr) -> Variable:
        """`expr` as a variable."""
        return self.estimator.examine(expr, self.only)


def clause_selectivity(expr: e.Expr, estimator: Estimator, only: Input | None = None) -> float:
    """The fraction of rows that satisfy a condition on one input; `only`: columns of other inputs are unknown constants."""
    return clause(expr, Context(estimator=estimator, only=only))


def clauselist_selectivity(exprs: Sequence[e.Expr], estimator: Estimator, only: Input | None = None) -> float:
    """The fraction of rows that satisfy all of the conditions."""
    return clauses(exprs, Context(estimator=estimator, only=only))


def join_selectivity(expr: e.Expr, sides: JoinSides, estimator: Estimator) -> float:
    """The fraction of pairs (for semi and anti joins: of outer rows) that satisfy a join condition."""
    return clause(expr, Context(estimator=estimator, sides=sides))


def join_list_selectivity(exprs: Sequence[e.Expr], sides: JoinSides, estimator: Estimator) -> float:
    """The fraction of pairs (for semi and anti joins: of outer rows) that satisfy all join conditions."""
    return clauses(exprs, Context(estimator=estimator, sides=sides))


# Lists


@dataclass(kw_only=True)
class _Range:
    """Bounds on one expression: selectivities of the lower and the upper one."""

    expr: e.Expr
    low: float | None = None
    high: float | None = None

    def add(self, is_low: bool, selectivity: float) -> None:
        """Take another bound; of two on one side the smaller counts."""
        if is_low:
            self.low = selectivity if self.low is None else min(self.low, selectivity)
        else:
            self.high = selectivity if self.high is None else min(self.high, selectivity)


def clauses(exprs: Sequence[e.Expr], context: Context) -> float:
    """All of `exprs`: a product, but pairs of range bounds on one expression are taken together (clauselist_selectivity)."""
    if len(exprs) == 1:
        return clause(exprs[0], context)
    total = 1.0
    ranges: list[_Range] = []
    for expr in exprs:
        found = clause(expr, context)
        bound = _as_bound(expr, context)
        if bound is None:
            total *= found
            continue
        bounded, is_low = bound
        for one in ranges:
            if same(one.expr, bounded):
                one.add(is_low, found)
                break
        else:
            ranges.insert(0, _Range(expr=bounded))
            ranges[0].add(is_low, found)
    for one in ranges:
        total *= _range(one, context)
    return total


def _as_bound(expr: e.Expr, context: Context) -> tuple[e.Expr, bool] | None:
    """What a clause bounds, and whether from below; None for other clauses."""
    if not isinstance(expr, e.OpCall) or len(expr.args) != 2 or expr.operator.restrict not in SYMBOLS:
        return None
    left, right = expr.args
    inputs = context.estimator.inputs
    if len(inputs(expr)) != 1:
        return None
    upper = expr.operator.restrict in ("scalarltsel", "scalarlesel")
    if not inputs(right) and not is_volatile(right):
        return left, not upper
    if not inputs(left) and not is_volatile(left):
        return right, upper
    return None


def _range(one: _Range, context: Context) -> float:
    if one.low is None or one.high is None:
        return one.high if one.low is None else one.low  # type: ignore[return-value] # one of them is there
    if DEFAULT_INEQUALITY in (one.low, one.high):
        return DEFAULT_RANGE
    found = one.high + one.low - 1.0
    found += is_null(context.examine(one.expr))
    if found <= 0.0:
        return DEFAULT_RANGE if found < -0.01 else 1.0e-10
    return found


# Single clauses


@singledispatch
def clause(expr: e.Expr, context: Context) -> float:
    """One condition (clause_selectivity)."""
    return boolean_column(context.estimator, expr, context.only)


@clause.register
def _(expr: e.Const, context: Context) -> float:
    return 1.0 if expr.value else 0.0


@clause.register
def _(expr: e.ParamRef, context: Context) -> float:
    known = context.estimator.constant(expr)
    return NOTHING_KNOWN if known is None else 1.0 if known.value else 0.0


@clause.register
def _(expr: e.Not, context: Context) -> float:
    return 1.0 - clause(expr.arg, context)


@clause.register
def _(expr: e.And, context: Context) -> float:
    return clauses(expr.args, context)


@clause.register
def _(expr: e.Or, context: Context) -> float:
    total = 0.0
    for arg in expr.args:
        found = clause(arg, context)
        total = total + found - total * found
    return total


@clause.register
def _(expr: e.Relabel, context: Context) -> float:
    return clause(expr.arg, context)


@clause.register
def _(expr: e.NullTest, context: Context) -> float:
    return is_null(context.examine(expr.arg), negated=expr.negated)


@clause.register
def _(expr: e.BooleanTest, context: Context) -> float:
    return boolean_test(context.examine(expr.arg), expr.test, expr.negated, lambda: clause(expr.arg, context))


@clause.register
def _(expr: e.OpCall, context: Context) -> float:
    if len(expr.args) != 2:
        return boolean_column(context.estimator, expr, context.only)
    return operator_selectivity(expr.operator, expr.function, expr.args[0], expr.args[1], context, context.joins(expr))


@clause.register
def _(expr: e.Distinct, context: Context) -> float:
    return 1.0 - operator_selectivity(expr.operator, expr.function, expr.args[0], expr.args[1], context, context.joins(expr))


@clause.register
def _(expr: e.RowCompare, context: Context) -> float:
    joins = context.joins(expr)
    found = [
        operator_selectivity(operator, function, left, right, context, joins)
        for operator, function, left, right in zip(expr.operators, expr.functions, expr.left, expr.right, strict=True)
    ]
    return found[0]


@clause.register
def _(expr: e.Call, context: Context) -> float:
    if expr.function.name == "starts_with" and len(expr.args) == 2 and expr.function.schema == "pg_catalog":
        return _starts_with(expr, context)
    variable = context.examine(expr)
    return equals_key(context.estimator, variable, True) if variable.statistics is not None else DEFAULT_FUNCTION


def _starts_with(expr: e.Call, context: Context) -> float:
    variable, known = context.examine(expr.args[0]), context.estimator.constant(expr.args[1])
    if not variable.inputs or known is None:
        return DEFAULT_MATCH
    return 0.0 if known.value is None else _starting(str(known.value), variable, context)


def _starting(text: str, variable: Variable, context: Context) -> float:
    prefix = Prefix(text=text, exact=False, rest=1.0)
    return pattern_selectivity(context.estimator, variable, prefix, lambda values: [str(value).startswith(text) for value in values])


# Operators


def operator_selectivity(operator: Operator, function: Function, left: e.Expr, right: e.Expr, context: Context, joins: bool) -> float:
    """`left operator right` by the estimator that the operator's row names."""
    if joins:
        return _join_operator(operator, left, right, context)
    restrict = operator.restrict
    first, second = context.examine(left), context.examine(right)
    if restrict in ("eqsel", "neqsel"):
        return _equality(first, second, restrict == "neqsel", context)
    if restrict in SYMBOLS:
        return _inequality(SYMBOLS[restrict], first, second, context, operator.name.startswith("~"))
    if restrict in PATTERNS:
        return _pattern(restrict, function, first, second, context)
    return DEFAULTS.get(restrict, NOTHING_KNOWN)


def _equality(first: Variable, second: Variable, negate: bool, context: Context) -> float:
    if bool(first.inputs) == bool(second.inputs):
        return 1.0 - DEFAULT_EQUAL if negate else DEFAULT_EQUAL
    variable, other = (first, second) if first.inputs else (second, first)
    known = context.estimator.constant(other.expr)
    if known is None:
        return equals_unknown(context.estimator, variable, negate=negate)
    if known.value is None:
        return 0.0
    return equals_key(context.estimator, variable, order_key(known.value, known.type), negate=negate)


def _inequality(symbol: str, first: Variable, second: Variable, context: Context, own_order: bool) -> float:
    if bool(first.inputs) == bool(second.inputs):
        return DEFAULT_INEQUALITY
    variable, other = (first, second) if first.inputs else (second, first)
    known = context.estimator.constant(other.expr)
    if known is None:
        return DEFAULT_INEQUALITY
    if known.value is None:
        return 0.0
    return inequality(context.estimator, variable, Bound.of(symbol if first.inputs else FLIPPED[symbol], known.value, known.type, own_order))


def _pattern(restrict: str, function: Function, first: Variable, second: Variable, context: Context) -> float:
    like, any_case, negate = PATTERNS[restrict]
    default = 1.0 - DEFAULT_MATCH if negate else DEFAULT_MATCH
    if not first.inputs or second.inputs:
        return default
    known = context.estimator.constant(second.expr)
    if known is None:
        return default
    if known.value is None:
        return 0.0
    text = str(known.value)
    if restrict == "prefixsel":
        return _starting(text, first, context)
    prefix = like_prefix(text, any_case) if like else regex_prefix(text, any_case)
    return pattern_selectivity(context.estimator, first, prefix, _matcher(function, first, known, negate), negate=negate)


def _matcher(function: Function, variable: Variable, pattern: e.Const, negate: bool) -> Matcher:
    """Values of a column against the pattern, by the operator's own kernel."""

    def matches(values: tuple[object, ...]) -> list[bool]:
        kernel = SCALARS.get(function.oid)
        stored = variable.values
        if kernel is None or stored is None or kernel.context or kernel.typed:
            return [False] * len(values)
        vector = from_datums(stored.type, values)
        constant = ConstVector(from_datums(pattern.type, [pattern.value]), len(values))
        found = call(kernel_of(function), function, BOOL, [vector, constant], len(values), None)  # type: ignore[arg-type] # such kernels ask for no context
        return [bool(found.datum(row)) != negate for row in range(len(values))]

    return matches


JOIN_DEFAULTS = {
    "scalarltjoinsel": DEFAULT_INEQUALITY, "scalarlejoinsel": DEFAULT_INEQUALITY, "scalargtjoinsel": DEFAULT_INEQUALITY,
    "scalargejoinsel": DEFAULT_INEQUALITY, "contjoinsel": 0.001, "areajoinsel": 0.005, "positionjoinsel": 0.1, "matchingjoinsel": 0.01,
    "arraycontjoinsel": 0.005, "tsmatchjoinsel": 0.005, "likejoinsel": DEFAULT_MATCH, "iclikejoinsel": DEFAULT_MATCH,
    "regexeqjoinsel": DEFAULT_MATCH, "icregexeqjoinsel": DEFAULT_MATCH, "prefixjoinsel": DEFAULT_MATCH, "nlikejoinsel": 1.0 - DEFAULT_MATCH,
    "icnlikejoinsel": 1.0 - DEFAULT_MATCH, "regexnejoinsel": 1.0 - DEFAULT_MATCH, "icregexnejoinsel": 1.0 - DEFAULT_MATCH,
}  # fmt: skip


def _join_operator(operator: Operator, left: e.Expr, right: e.Expr, context: Context) -> float:
    estimator, sides = context.estimator, context.sides
    assert sides is not None
    first, second = estimator.examine(left), estimator.examine(right)
    if operator.join == "eqjoinsel":
        return equal_join(estimator, first, second, sides)
    if operator.join == "neqjoinsel":
        if sides.one_sided:
            return clamp(1.0 - (second if sides.reversed(first, second) else first).null_fraction)
        return clamp(1.0 - equal_join(estimator, first, second, sides))
    return JOIN_DEFAULTS.get(operator.join, NOTHING_KNOWN)


# op ANY, op ALL (selfuncs.c: scalararraysel)


@clause.register
def _(expr: e.ArrayOp, context: Context) -> float:
    left, right = expr.args
    joins = context.joins(expr)
    equal, unequal = expr.operator.restrict == "eqsel", expr.operator.restrict == "neqsel"
    elements = _elements(right, expr.operator, context.estimator)
    if elements == ():
        return 1.0 if expr.all else 0.0
    if elements is None:
        if (known := context.estimator.constant(right)) is not None and known.value is None:
            return 0.0
        unknown = e.ElementRef(type=expr.operator.right)
        found = operator_selectivity(expr.operator, expr.function, left, unknown, context, joins)
        return clamp(_combined([found] * UNKNOWN_ELEMENTS, expr.all)[0])
    found_each = [operator_selectivity(expr.operator, expr.function, left, element, context, joins) for element in elements]
    total, disjoint = _combined(found_each, expr.all)
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


def _elements(array: e.Expr, operator: Operator, estimator: Estimator) -> tuple[e.Expr, ...] | None:
    """The elements where they are written or known, None where the array is not."""
    known = estimator.constant(array)
    if known is not None:
        value: Datum = known.value
        if not isinstance(value, PgArray):
            return None
        element = BY_OID.get(known.type.element, operator.right)
        return tuple(e.Const(type=element, value=item) for item in value.elements)
    while isinstance(array, e.Relabel):
        array = array.arg
    if isinstance(array, e.ArrayExpr) and not array.multi:
        return array.args
    return None
