"""Estimator: what is known of the columns at a query level, and expressions examined as variables (selfuncs.c: examine_variable)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from auroraml.catalog.statistics import ColumnStatistics
from auroraml.evaluate import Runtime
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import children, rewrite, same, walk
from auroraml.planner.estimate.objects import KnownObject, known_objects
from auroraml.planner.estimate.order import Values, values_of
from auroraml.planner.estimate.relation import IndexFacts, RelationFacts
from auroraml.types.pg_type import PgType
from auroraml.types.table import BOOL

DEFAULT_DISTINCT: Final = 200.0


class Input:
    """A FROM item as estimates see it. `rows` is its row estimate after its own conditions, set once that is known."""

    __slots__ = ("_expressions", "_objects", "columns", "facts", "is_values", "prepare", "rows", "tuples")

    def __init__(
        self, *, facts: RelationFacts | None = None, tuples: float = 0.0, rows: float = 0.0, is_values: bool = False,
        columns: Mapping[int, e.ColumnRef] | None = None, prepare: Callable[[e.Expr], e.Expr] | None = None,
    ) -> None:  # fmt: skip
        self.facts = facts
        self.tuples = tuples
        self.rows = rows
        self.is_values = is_values
        self.columns: Mapping[int, e.ColumnRef] = {} if columns is None else columns  # by attribute number, where the input is a table
        self.prepare = prepare
        self._expressions: list[KnownExpression] | None = None
        self._objects: tuple[KnownObject, ...] | None = None

    @staticmethod
    def of(facts: RelationFacts, columns: Mapping[int, e.ColumnRef], prepare: Callable[[e.Expr], e.Expr]) -> Input:
        """A table, before its conditions; `prepare` simplifies expressions as the level's conditions are simplified."""
        return Input(facts=facts, tuples=facts.tuples, rows=facts.tuples, columns=columns, prepare=prepare)

    def known(self, expr: e.Expr) -> KnownExpression | None:
        """What indexes and statistics objects over expressions tell of `expr`."""
        if self.facts is None:
            return None
        if self._expressions is None:
            self._expressions = list(_known_expressions(self, self.facts))
        unique = False
        for one in self._expressions:
            if same(one.expr, expr):
                unique = unique or one.unique
                if one.statistics is not None:
                    return KnownExpression(expr=expr, statistics=one.statistics, unique=unique)
        return KnownExpression(expr=expr, unique=True) if unique else None

    def here(self, expr: e.Expr) -> e.Expr | None:
        """An expression over attribute numbers as one over this input's columns; None where a column is not read at all."""
        missing = False

        def change(part: object) -> object | None:
            nonlocal missing
            if isinstance(part, e.ColumnRef):
                found = self.columns.get(part.id)
                missing = missing or found is None
                return found
            return None

        made = rewrite(expr, change)
        if missing:
            return None
        return made if self.prepare is None else self.prepare(made)

    def leading_index(self, expr: e.Expr) -> IndexFacts | None:
        """The first ordered index of all rows whose first key is this expression."""
        for index in () if self.facts is None else self.facts.leading_indexes(0):
            key = self.here(index.index.expressions[0])
            if key is not None and same(stripped(key), stripped(expr)):
                return index
        return None

    @property
    def objects(self) -> tuple[KnownObject, ...]:
        """The statistics objects that ANALYZE has built, in order of OID."""
        if self._objects is None:
            self._objects = () if self.facts is None else known_objects(self.facts, self.here)
        return self._objects


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownExpression:
    """An expression that an index or a statistics object is about."""

    expr: e.Expr
    statistics: ColumnStatistics | None = None
    unique: bool = False


def _known_expressions(input: Input, facts: RelationFacts) -> Iterator[KnownExpression]:
    """Those of indexes, newest first, then those of statistics objects."""
    for index in sorted(facts.relation.indexes, key=lambda one: -one.oid):
        expressions = iter(index.expressions)
        stored = facts.statistics.indexes.get(index.oid)
        for place, number in enumerate(index.columns, 1):
            if number:
                continue
            expr = input.here(next(expressions))
            if expr is not None and index.predicate is None:
                statistics = None if stored is None else stored.expressions.get(place)
                yield KnownExpression(expr=stripped(expr), statistics=statistics, unique=index.unique and len(index.columns) == 1)
    for known in input.objects:
        for one, found in zip(known.exprs, known.found.expressions or (), strict=False):
            if one is not None:
                yield KnownExpression(expr=stripped(one), statistics=found)


class InputColumn:
    """A column of an input; what makes it up below, where it is one column's values passed on, gives its statistics."""

    __slots__ = ("input", "number", "statistics", "unique")

    def __init__(self, *, input: Input, number: int = 0, statistics: ColumnStatistics | None = None, unique: bool = False) -> None:
        self.input = input
        self.number = number  # attribute number, where the input is a table
        self.statistics = statistics
        self.unique = unique

    @staticmethod
    def of(input: Input, number: int) -> InputColumn:
        """A table's column."""
        facts = input.facts
        assert facts is not None
        return InputColumn(input=input, number=number, statistics=facts.described.columns.get(number), unique=number in facts.described.unique)


class Variable:
    """An expression examined: its input where it reads exactly one, and statistics where there are some.

    `known`: it counts as the variable of an operator whose other side reads nothing.
    """

    __slots__ = ("_values", "column", "expr", "inputs", "known", "statistics", "type", "unique")

    def __init__(
        self, *, expr: e.Expr, type: PgType, inputs: tuple[Input, ...] = (), column: InputColumn | None = None,
        statistics: ColumnStatistics | None = None, unique: bool = False, known: bool = False,
    ) -> None:  # fmt: skip
        self.expr = expr
        self.type = type
        self.inputs = inputs
        self.column = column
        self.statistics = statistics
        self.unique = unique
        self.known = known
        self._values: Values | None = None

    @property
    def input(self) -> Input | None:
        """The single input it reads."""
        return self.inputs[0] if len(self.inputs) == 1 else None

    @property
    def tuples(self) -> float:
        """The rows of its input before conditions; 0: not known."""
        return self.inputs[0].tuples if len(self.inputs) == 1 else 0.0

    @property
    def null_fraction(self) -> float:
        """The fraction of NULLs, 0 without statistics."""
        return 0.0 if self.statistics is None else self.statistics.null_fraction

    @property
    def frequencies(self) -> tuple[float, ...]:
        """How often the most common values occur."""
        return () if self.statistics is None else self.statistics.common_frequencies

    @property
    def values(self) -> Values | None:
        """The statistics' values with their keys of comparison; None where there are none that can be compared with."""
        if self._values is None and self.statistics is not None:
            self._values = values_of(self.statistics, stripped(self.expr).type)
        return self._values


def stripped(expr: e.Expr) -> e.Expr:
    """`expr` without binary-compatible coercions (those that apply a length are calls to PostgreSQL)."""
    while isinstance(expr, e.Relabel) and not (expr.typmod >= 0 and expr.arg.typmod != expr.typmod):
        expr = expr.arg
    return expr


class Kept:
    """The selectivity of a condition that reads one table alone."""

    __slots__ = ("expr", "input", "value")

    def __init__(self, expr: e.Expr, input: Input, value: float) -> None:
        self.expr = expr
        self.input = input
        self.value = value


def _no_folding(expr: e.Expr) -> e.Const | None:
    return None


def _nothing_equal(a: e.Expr, b: e.Expr) -> bool:
    return False


class Estimator:
    """The columns of a query level by logical id, with what helps estimates along.

    `fold` computes an expression without columns where that can be done at plan time; `known_equal` says whether two columns are
    equal by an equivalence class; with a `runtime` operators can be tried on statistics' values. Ids that are not here belong to outer
    levels: their values are unknown constants.
    """

    def __init__(
        self,
        columns: Mapping[int, InputColumn],
        *,
        fold: Callable[[e.Expr], e.Const | None] = _no_folding,
        known_equal: Callable[[e.Expr, e.Expr], bool] = _nothing_equal,
        runtime: Runtime | None = None,
    ) -> None:
        self.columns = columns
        self.runtime = runtime
        self.fold = fold
        self.known_equal = known_equal
        self._variables: dict[int, Variable] = {}
        self._inputs: dict[int, tuple[e.Expr, tuple[Input, ...]]] = {}
        self.kept: dict[int, Kept] = {}  # by identity: conditions on one table, which come again in index conditions, lists and ORs

    def dismantle(self) -> None:
        """Let go of the level's functions."""
        self.fold, self.known_equal = _no_folding, _nothing_equal

    def inputs(self, expr: e.Expr) -> tuple[Input, ...]:
        """The inputs of this level that `expr` reads, in order of first mention."""
        found = self._inputs.get(id(expr))
        if found is None:
            inputs: list[Input] = []
            for number in column_ids(expr):
                column = self.columns.get(number)
                if column is not None and column.input not in inputs:
                    inputs.append(column.input)
            found = self._inputs[id(expr)] = (expr, tuple(inputs))
        return found[1]

    def constant(self, expr: e.Expr) -> e.Const | None:
        """The value of an expression, where it is known at plan time."""
        bare = stripped(expr)
        return bare if isinstance(bare, e.Const) else self.fold(expr)

    def reduced(self, expr: e.Expr) -> e.Expr:
        """`expr` as a constant where its value is known at plan time, else itself (estimate_expression_value)."""
        return self.constant(expr) or expr

    def examine(self, expr: e.Expr, only: Input | None = None, *, joined: bool = True) -> Variable:
        """`expr` as a variable; with `only`, columns of other inputs count as unknown constants.

        `joined`: inputs that it reads together have been joined already, so that it varies like a column.
        """
        if only is None:
            kept = self._variables.get(id(expr))
            if kept is not None:
                return kept
        found = self._examined(expr, only, joined)
        if only is None and found.column is not None:
            self._variables[id(expr)] = found  # which keeps the expression alive
        return found

    def _examined(self, expr: e.Expr, only: Input | None, joined: bool) -> Variable:
        bare = stripped(expr)
        if isinstance(bare, e.ColumnRef):
            column = self.columns.get(bare.id)
            if column is None or (only is not None and column.input is not only):
                return Variable(expr=expr, type=expr.type)
            return Variable(
                expr=expr, type=expr.type, inputs=(column.input,), column=column, statistics=column.statistics, unique=column.unique, known=True
            )
        inputs = self.inputs(bare)
        if only is not None and len(inputs) > 1:
            return Variable(expr=expr, type=expr.type, inputs=(only,), known=True) if only in inputs else Variable(expr=expr, type=expr.type)
        if not inputs or (only is not None and only is not inputs[0]):
            return Variable(expr=expr, type=expr.type)
        if len(inputs) > 1:
            return Variable(expr=expr, type=expr.type, inputs=inputs, known=joined)
        known = inputs[0].known(bare)
        if known is None:
            return Variable(expr=expr, type=expr.type, inputs=inputs, known=True)
        return Variable(expr=expr, type=expr.type, inputs=inputs, statistics=known.statistics, unique=known.unique, known=True)

    def distinct_count(self, variable: Variable) -> tuple[float, bool]:
        """How many distinct values a variable has, and whether that is a mere default (get_variable_numdistinct)."""
        statistics = variable.statistics
        count = 0.0
        if statistics is not None:
            count = statistics.distinct
        elif variable.type == BOOL:
            count = 2.0
        elif variable.input is not None and variable.input.is_values:
            count = -1.0
        elif variable.column is not None and variable.column.number < 0:
            count = -1.0 if variable.column.number == l.CTID else 1.0
        if variable.unique:
            count = -1.0 * (1.0 - variable.null_fraction)
        if count > 0.0:
            return clamp_rows(count), False
        tuples = variable.tuples
        if tuples <= 0.0:
            return DEFAULT_DISTINCT, True
        if count < 0.0:
            return clamp_rows(-count * tuples), False
        if tuples < DEFAULT_DISTINCT:
            return clamp_rows(tuples), False
        return DEFAULT_DISTINCT, True


def clamp_rows(rows: float) -> float:
    """A count as PostgreSQL keeps it: whole, at least 1 (clamp_row_est)."""
    if rows > 1e100 or rows != rows:
        return 1e100
    return 1.0 if rows <= 1.0 else float(round(rows))


def clamp(selectivity: float) -> float:
    """A probability."""
    return 0.0 if selectivity < 0.0 else 1.0 if selectivity > 1.0 else selectivity


def column_ids(expr: object) -> list[int]:
    """The ids of the columns an expression reads, those of its subqueries included."""
    found: list[int] = []
    pending = [expr]
    while pending:
        node = pending.pop()
        if node.__class__ is e.Const:
            continue
        if isinstance(node, e.ColumnRef):
            found.append(node.id)
            if node.__class__ is e.ColumnRef:
                continue
        elif isinstance(node, e.WholeRow):
            found.extend(node.ids)
        below = children(node)
        below.reverse()
        pending += below
    return found


def is_volatile(expr: object) -> bool:
    """Whether a volatile function is called anywhere in it."""
    pending = [expr]
    while pending:
        node = pending.pop()
        if node.__class__ is e.ColumnRef or node.__class__ is e.Const:
            continue
        function = getattr(node, "function", None)
        if function is not None and function.volatility == "v":
            return True
        pending += children(node)
    return False


def has_subquery(expr: object) -> bool:
    """Whether an expression holds a subquery."""
    return any(isinstance(node, (e.SubLink, e.SubPlan, l.LogicalPlan)) for node in walk(expr))
