"""Conditions: what extended statistics ask of a clause: which columns and expressions it tests, and which combinations of values pass (mcv.c)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from auroraml.batch import Batch, from_datums
from auroraml.dispatch import Choices
from auroraml.evaluate import Frame, Runtime, compile
from auroraml.functions.signature import SCALARS
from auroraml.ir import expr as e
from auroraml.ir.objects import Function
from auroraml.planner.estimate.estimator import Estimator, Input, stripped
from auroraml.planner.estimate.objects import KnownObject
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_OID

COMPARISONS: Final = frozenset(("eqsel", "neqsel", "scalarltsel", "scalarlesel", "scalargtsel", "scalargesel"))


class Condition(Protocol):
    """A clause of a list that the level keeps (RestrictInfo): `bits` are the relations it reads."""

    expr: e.Expr
    bits: int
    pseudoconstant: bool


class Tested:
    """The attribute numbers and expressions of an input that a clause compares."""

    __slots__ = ("attributes", "exprs")

    def __init__(self) -> None:
        self.attributes: set[int] = set()
        self.exprs: list[e.Expr] = []

    @property
    def single(self) -> bool:
        """Whether it is about one column, or one expression."""
        return len(self.exprs) + len(self.attributes) == 1

    def covered(self, object: KnownObject) -> set[int] | None:
        """The places of the expressions among an object's; None where the object lacks a column or an expression (stat_covers_expressions)."""
        if not self.attributes.issubset(object.columns):
            return None
        places: set[int] = set()
        for expr in self.exprs:
            place = object.place(expr)
            if place is None:
                return None
            places.add(place)
        return places


def tested(conditions: Sequence[Condition], input: Input, estimator: Estimator) -> Tested | None:
    """What one condition, or several joined by AND, tests; None where combinations of values cannot tell (statext_is_compatible_clause)."""
    found = Tested()
    for one in conditions:
        if one.pseudoconstant or not one.bits or not _read(one.expr, _Reader(found, input, estimator)):
            return None
    return found


def attribute(expr: e.Expr, input: Input, estimator: Estimator) -> int | None:
    """The attribute number of a plain column of `input`; system columns do not count."""
    if not isinstance(expr, e.ColumnRef):
        return None
    column = estimator.columns.get(expr.id)
    return column.number if column is not None and column.input is input and column.number > 0 else None


def compared(args: Sequence[e.Expr]) -> tuple[e.Expr, e.Const, bool] | None:
    """An expression, the constant it is compared with, whether it is on the left (examine_opclause_args)."""
    left, right = stripped(args[0]), stripped(args[1])
    if isinstance(right, e.Const):
        return left, right, True
    return (right, left, False) if isinstance(left, e.Const) else None


class _Reader:
    """Where what is found goes."""

    __slots__ = ("estimator", "found", "input")

    def __init__(self, found: Tested, input: Input, estimator: Estimator) -> None:
        self.found = found
        self.input = input
        self.estimator = estimator

    def take(self, expr: e.Expr) -> bool:
        """A column or expression that is compared; False for a column that no statistics are about."""
        if isinstance(expr, e.ColumnRef):
            number = attribute(expr, self.input, self.estimator)
            if number is None:
                return False
            self.found.attributes.add(number)
        else:
            self.found.exprs.append(expr)
        return True


def _read(expr: e.Expr, reader: _Reader) -> bool:
    """Takes down what a clause compares; False where combinations of values cannot tell."""
    return bool(_READERS[expr.__class__](expr, reader))


def _read_any(expr: e.Expr, reader: _Reader) -> bool:
    """A boolean column or expression."""
    return reader.take(expr)


def _read_relabel(expr: e.Relabel, reader: _Reader) -> bool:
    bare = stripped(expr)
    return reader.take(expr) if bare is expr else _read(bare, reader)


def _read_op_call(expr: e.OpCall, reader: _Reader) -> bool:
    found = compared(expr.args) if len(expr.args) == 2 else None
    return found is not None and expr.operator.restrict in COMPARISONS and reader.take(found[0])


def _read_array_op(expr: e.ArrayOp, reader: _Reader) -> bool:
    found = compared(expr.args)
    return found is not None and found[2] and expr.operator.restrict in COMPARISONS and reader.take(found[0])


def _read_junction(expr: e.And | e.Or, reader: _Reader) -> bool:
    return all(_read(arg, reader) for arg in expr.args)


def _read_not(expr: e.Not, reader: _Reader) -> bool:
    return _read(expr.arg, reader)


def _read_null_test(expr: e.NullTest, reader: _Reader) -> bool:
    return reader.take(expr.arg)


_READERS: Final[Choices[Callable[..., Any]]] = Choices(
    {
        e.Expr: _read_any,
        e.And: _read_junction,
        e.Or: _read_junction,
        e.Relabel: _read_relabel,
        e.OpCall: _read_op_call,
        e.ArrayOp: _read_array_op,
        e.Not: _read_not,
        e.NullTest: _read_null_test,
    }
)


# Which combinations pass


class Combinations:
    """An object's common combinations, asked which of them satisfy conditions (mcv_get_match_bitmap)."""

    def __init__(self, object: KnownObject, input: Input, estimator: Estimator) -> None:
        self.object = object
        self.input = input
        self.estimator = estimator
        self.items = object.found.common or ()

    def passing(self, exprs: Sequence[e.Expr]) -> list[bool]:
        """Which combinations satisfy all of `exprs`."""
        total = [True] * len(self.items)
        for expr in exprs:
            total = [a and b for a, b in zip(total, _passing(expr, self), strict=True)]
        return total

    def dimension(self, expr: e.Expr) -> tuple[PgType, list[object]]:
        """The type and the values of the dimension that a column or expression is (mcv_match_expression)."""
        number = attribute(expr, self.input, self.estimator)
        if number is not None:
            index = self.object.columns.index(number)
        else:
            place = self.object.place(expr)
            assert place is not None
            index = len(self.object.columns) + place
        return self.object.types[index], [item.values[index] for item in self.items]

    def true(self, expr: e.Expr) -> list[bool]:
        """Where a boolean dimension is true."""
        return [value is True for value in self.dimension(expr)[1]]

    def satisfied(self, expr: e.Expr, constant: e.Const, function: Function, test: Callable[[e.Expr], e.Expr]) -> list[bool]:
        """Where a dimension, not NULL, satisfies `test`, a call of `function`; all of them fail a NULL constant."""
        type, values = self.dimension(expr)
        runtime = self.estimator.runtime
        if constant.value is None or runtime is None or function.oid not in SCALARS:
            return [False] * len(values)
        found = iter(_tried(test(e.InputRef(type=type, index=0)), type, [v for v in values if v is not None], runtime))
        return [value is not None and next(found) for value in values]


def _tried(test: e.Expr, type: PgType, values: list[object], runtime: Runtime) -> list[bool]:
    if not values:
        return []
    element = BY_OID.get(type.element) if type.is_array else None
    batch = Batch.of([from_datums(type, values, element)], len(values))
    answer = compile(test)(Frame(n=len(values), sides=(batch,), ctx=runtime))
    return [bool(answer.datum(row)) for row in range(len(values))]


def _passing(expr: e.Expr, combinations: Combinations) -> list[bool]:
    """Which combinations satisfy one expression."""
    found: list[bool] = _PASSING[expr.__class__](expr, combinations)
    return found


def _passing_any(expr: e.Expr, combinations: Combinations) -> list[bool]:
    """Where a boolean column or expression is true."""
    return combinations.true(expr)


def _passing_relabel(expr: e.Relabel, combinations: Combinations) -> list[bool]:
    bare = stripped(expr)
    return combinations.true(expr) if bare is expr else _passing(bare, combinations)


def _passing_op_call(expr: e.OpCall, combinations: Combinations) -> list[bool]:
    found = compared(expr.args)
    assert found is not None
    one, constant, on_left = found

    def test(value: e.Expr) -> e.Expr:
        args = (value, expr.args[1]) if on_left else (expr.args[0], value)
        return e.OpCall(type=expr.type, operator=expr.operator, function=expr.function, args=args)

    return combinations.satisfied(one, constant, expr.function, test)


def _passing_array_op(expr: e.ArrayOp, combinations: Combinations) -> list[bool]:
    found = compared(expr.args)
    assert found is not None

    def test(value: e.Expr) -> e.Expr:
        return e.ArrayOp(type=expr.type, operator=expr.operator, function=expr.function, args=(value, expr.args[1]), all=expr.all)

    return combinations.satisfied(found[0], found[1], expr.function, test)


def _passing_and(expr: e.And, combinations: Combinations) -> list[bool]:
    return combinations.passing(expr.args)


def _passing_or(expr: e.Or, combinations: Combinations) -> list[bool]:
    return [any(each) for each in zip(*(_passing(arg, combinations) for arg in expr.args), strict=True)]


def _passing_not(expr: e.Not, combinations: Combinations) -> list[bool]:
    return [not one for one in _passing(expr.arg, combinations)]


def _passing_null_test(expr: e.NullTest, combinations: Combinations) -> list[bool]:
    return [(value is None) != expr.negated for value in combinations.dimension(expr.arg)[1]]


_PASSING: Final[Choices[Callable[..., Any]]] = Choices(
    {
        e.Expr: _passing_any,
        e.Relabel: _passing_relabel,
        e.OpCall: _passing_op_call,
        e.ArrayOp: _passing_array_op,
        e.And: _passing_and,
        e.Or: _passing_or,
        e.Not: _passing_not,
        e.NullTest: _passing_null_test,
    }
)
