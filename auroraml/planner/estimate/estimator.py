"""Estimator: what is known of the columns at a query level, and expressions examined as variables (selfuncs.c: examine_variable)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auroraml.catalog.statistics import ColumnStatistics
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import walk
from auroraml.planner.estimate.order import Values, values_of
from auroraml.planner.estimate.relation import RelationFacts
from auroraml.types.pg_type import PgType
from auroraml.types.table import BOOL

DEFAULT_DISTINCT = 200.0


@dataclass(kw_only=True, eq=False)
class Input:
    """A FROM item as estimates see it. `rows` is its row estimate after its own conditions, set once that is known."""

    facts: RelationFacts | None = None
    tuples: float = 0.0
    rows: float = 0.0
    is_values: bool = False

    @staticmethod
    def of(facts: RelationFacts) -> Input:
        """A table, before its conditions."""
        return Input(facts=facts, tuples=facts.tuples, rows=facts.tuples)


@dataclass(kw_only=True, eq=False)
class InputColumn:
    """A column of an input; what makes it up below, where it is one column's values passed on, gives its statistics."""

    input: Input
    number: int = 0  # attribute number, where the input is a table
    statistics: ColumnStatistics | None = None
    unique: bool = False

    @staticmethod
    def of(input: Input, number: int) -> InputColumn:
        """A table's column."""
        facts = input.facts
        assert facts is not None
        return InputColumn(input=input, number=number, statistics=facts.columns.get(number), unique=facts.unique_column(number))


@dataclass(kw_only=True, eq=False)
class Variable:
    """An expression examined: its input where it reads exactly one, and statistics where it is a column that has some."""

    expr: e.Expr
    type: PgType
    inputs: tuple[Input, ...] = ()
    column: InputColumn | None = None
    statistics: ColumnStatistics | None = None
    unique: bool = False

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
        return None if self.statistics is None or self.column is None else values_of(self.statistics, self._stored_type())

    def _stored_type(self) -> PgType:
        bare = stripped(self.expr)
        return bare.type


def stripped(expr: e.Expr) -> e.Expr:
    """`expr` without binary-compatible coercions."""
    while isinstance(expr, e.Relabel):
        expr = expr.arg
    return expr


def _no_folding(expr: e.Expr) -> e.Const | None:
    return None


def _nothing_equal(a: e.Expr, b: e.Expr) -> bool:
    return False


class Estimator:
    """The columns of a query level by logical id, with what helps estimates along.

    `fold` computes an expression without columns where that can be done at plan time; `known_equal` says whether two columns are
    equal by an equivalence class. Ids that are not here belong to outer levels: their values are unknown constants.
    """

    def __init__(
        self,
        columns: Mapping[int, InputColumn],
        *,
        fold: Callable[[e.Expr], e.Const | None] = _no_folding,
        known_equal: Callable[[e.Expr, e.Expr], bool] = _nothing_equal,
    ) -> None:
        self.columns = columns
        self.fold = fold
        self.known_equal = known_equal
        self._inputs: dict[int, tuple[e.Expr, tuple[Input, ...]]] = {}

    def inputs(self, expr: e.Expr) -> tuple[Input, ...]:
        """The inputs of this level that `expr` reads, in order of first mention."""
        found = self._inputs.get(id(expr))
        if found is None:
            inputs = dict.fromkeys(self.columns[id].input for id in column_ids(expr) if id in self.columns)
            found = self._inputs[id(expr)] = (expr, tuple(inputs))
        return found[1]

    def constant(self, expr: e.Expr) -> e.Const | None:
        """The value of an expression, where it is known at plan time."""
        bare = stripped(expr)
        return bare if isinstance(bare, e.Const) else self.fold(expr)

    def examine(self, expr: e.Expr, only: Input | None = None) -> Variable:
        """`expr` as a variable; with `only`, columns of other inputs count as unknown constants."""
        bare = stripped(expr)
        if isinstance(bare, e.ColumnRef):
            column = self.columns.get(bare.id)
            if column is None or (only is not None and column.input is not only):
                return Variable(expr=expr, type=expr.type)
            return Variable(expr=expr, type=expr.type, inputs=(column.input,), column=column, statistics=column.statistics, unique=column.unique)
        inputs = self.inputs(bare)
        if only is not None:
            inputs = (only,) if only in inputs else ()
        return Variable(expr=expr, type=expr.type, inputs=inputs)

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
    for node in walk(expr):
        if isinstance(node, e.ColumnRef):
            found.append(node.id)
        elif isinstance(node, e.WholeRow):
            found.extend(node.ids)
    return found


def is_volatile(expr: object) -> bool:
    """Whether a volatile function is called anywhere in it."""
    for node in walk(expr):
        function = getattr(node, "function", None)
        if function is not None and function.volatility == "v":
            return True
    return False


def has_subquery(expr: object) -> bool:
    """Whether an expression holds a subquery."""
    return any(isinstance(node, e.SubLink | e.SubPlan | l.LogicalPlan) for node in walk(expr))
