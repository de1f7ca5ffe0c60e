"""Expressions: typed, resolved, frozen. The same classes serve logical plans (ColumnRef) and physical ones (InputRef)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auroraml.ir.objects import Function, Operator
from auroraml.records import dataclass
from auroraml.types.pg_type import PgType

if TYPE_CHECKING:
    from auroraml.ir.logical import LogicalPlan
    from auroraml.ir.physical import PhysicalPlan


@dataclass(frozen=True, kw_only=True, eq=False)
class Expr:
    """An expression of `type` and `typmod`; `at` is its offset from 0 in the statement.

    Nodes are compared by identity; `ir.tree.same` compares by structure, without positions.
    """

    type: PgType
    typmod: int = -1
    at: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Const(Expr):
    """A literal or folded value; `value` is a Datum (see types.Rep), None for NULL."""

    value: object


@dataclass(frozen=True, kw_only=True, eq=False)
class ColumnRef(Expr):
    """Logical plans: column `id`, unique in the statement. An id no FROM item of the level makes belongs to an outer level."""

    id: int
    name: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class MigratedRef(ColumnRef):
    """A column that stands for a call moved to FROM; EXPLAIN keeps printing `original`."""

    original: Expr


@dataclass(frozen=True, kw_only=True, eq=False)
class NamedColumn(Expr):
    """Inside `original` only: a column that no plan node carries any more, as EXPLAIN prints it."""

    alias: str
    name: str


@dataclass(frozen=True, kw_only=True, eq=False)
class AbsentColumn(ColumnRef):
    """Physical plans: a column of a relation that has no node because it has no rows; `alias` as printed, empty where other relations have nodes."""

    alias: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class WholeRow(Expr):
    """A whole row of a FROM item as a composite value: its columns' ids, `alias` as printed."""

    ids: tuple[int, ...]
    alias: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class InputRef(Expr):
    """Physical plans: column `index` of the node's input `side` (0: outer or only child, or the scanned relation; 1: inner)."""

    index: int
    side: int = 0
    name: str = ""
    original: Expr | None = None  # of a MigratedRef, for EXPLAIN


@dataclass(frozen=True, kw_only=True, eq=False)
class ParamRef(Expr):
    """A parameter: kind "external" ($n, `number` from 1; in SQL function bodies the argument), or "exec" (set by a node above)."""

    number: int
    kind: str = "external"
    name: str = ""
    original: Expr | None = None  # the outer expression an exec parameter carries, for EXPLAIN


@dataclass(frozen=True, kw_only=True, eq=False)
class Call(Expr):
    """A call of a function that is neither aggregate nor window. Arguments are complete (defaults filled, coerced)."""

    function: Function
    args: tuple[Expr, ...]
    variadic: bool = False  # VARIADIC was written
    form: str = (
        "call"  # "call", "cast" (printed x::type), "implicit" (a coercion that is not printed), "sql" (SQL's own syntax: EXTRACT(... FROM ...)),
        # "subscript" (jsonb[key])
    )
    written: tuple[tuple[int, str], ...] = ()  # where arguments were named: which stand in the text, in its order, with their names


@dataclass(frozen=True, kw_only=True, eq=False)
class OpCall(Expr):
    """An operator applied to one (prefix) or two operands; `function` is the row behind the operator."""

    operator: Operator
    function: Function
    args: tuple[Expr, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class ArrayOp(Expr):
    """`left op ANY (array)` or `left op ALL (array)`; args are (left, array)."""

    operator: Operator
    function: Function
    args: tuple[Expr, ...]
    all: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Relabel(Expr):
    """A binary-compatible change of type (varchar to text), or of collation alone (`collation`: COLLATE was written); values are untouched."""

    arg: Expr
    implicit: bool = True
    collation: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class ViaText(Expr):
    """A cast through the text forms (output of the source type, input of the target type)."""

    arg: Expr
    implicit: bool = False
    model_output: bool = False  # the text is the answer of a batch function


@dataclass(frozen=True, kw_only=True, eq=False)
class ArrayCoerce(Expr):
    """A cast of each element of an array; `element` computes over ElementRef."""

    arg: Expr
    element: Expr
    implicit: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class ElementRef(Expr):
    """The element at hand in an ArrayCoerce, or the CASE operand in `CASE x WHEN ...`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RowCoerce(Expr):
    """A cast between a row and a composite type of as many fields; `fields` compute over FieldSelect(arg)."""

    arg: Expr
    fields: tuple[Expr, ...]
    implicit: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class And(Expr):
    """Conjunction of two or more operands under three-valued logic."""

    args: tuple[Expr, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Or(Expr):
    """Disjunction of two or more operands under three-valued logic."""

    args: tuple[Expr, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Not(Expr):
    """Negation."""

    arg: Expr


@dataclass(frozen=True, kw_only=True, eq=False)
class NullTest(Expr):
    """IS NULL or IS NOT NULL (`negated`); on a row with `per_field`: all fields are (not) NULL."""

    arg: Expr
    negated: bool = False
    per_field: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class BooleanTest(Expr):
    """IS [NOT] TRUE, FALSE, UNKNOWN; `test` is one of "true", "false", "unknown"."""

    arg: Expr
    test: str
    negated: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Distinct(Expr):
    """IS DISTINCT FROM; `operator` is the = operator. IS NOT DISTINCT FROM is Not(Distinct)."""

    operator: Operator
    function: Function
    args: tuple[Expr, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class NullIf(Expr):
    """NULLIF(a, b); `operator` is the = operator."""

    operator: Operator
    function: Function
    args: tuple[Expr, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class When:
    """One arm of a Case."""

    condition: Expr
    result: Expr


@dataclass(frozen=True, kw_only=True, eq=False)
class Case(Expr):
    """CASE; with `operand` each condition compares ElementRef with a value. `default` is a NULL Const when ELSE is absent."""

    operand: Expr | None
    whens: tuple[When, ...]
    default: Expr


@dataclass(frozen=True, kw_only=True, eq=False)
class Coalesce(Expr):
    """The first operand that is not NULL."""

    args: tuple[Expr, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class MinMax(Expr):
    """GREATEST or LEAST (`least`); `operator` is the type's < operator."""

    operator: Operator
    function: Function
    args: tuple[Expr, ...]
    least: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class ArrayExpr(Expr):
    """ARRAY[...]; `multi` when the elements are arrays themselves."""

    args: tuple[Expr, ...]
    multi: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class RowExpr(Expr):
    """ROW(...) or (a, b); type is a composite or record with attributes."""

    args: tuple[Expr, ...]
    implicit: bool = False  # written without ROW
    cast: bool = False  # a cast to its composite type was written
    whole: str = ""  # the alias of the FROM item whose whole row this is
    migrated: bool = False  # the columns of a composite call moved to FROM: NULL where all are, printed as the call


@dataclass(frozen=True, kw_only=True, eq=False)
class RowCompare(Expr):
    """Row-wise `(a, b) < (c, d)`: one operator a column pair; `symbol` as written."""

    operators: tuple[Operator, ...]
    functions: tuple[Function, ...]
    left: tuple[Expr, ...]
    right: tuple[Expr, ...]
    symbol: str


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldSelect(Expr):
    """Field `index` (from 0) of a composite value."""

    arg: Expr
    index: int
    name: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Subscript(Expr):
    """array[i] or array[a:b] (`slice`, where a missing bound is None). One (lower, upper) pair a dimension; an index is the upper."""

    arg: Expr
    bounds: tuple[tuple[Expr | None, Expr | None], ...]
    slice: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class SqlValue(Expr):
    """current_date, current_timestamp(p), current_user and their kin; `name` is the SQL word in lower case."""

    name: str


@dataclass(frozen=True, kw_only=True, eq=False)
class SortKey:
    """An ordering: `operator` is < or > of the type (after direction)."""

    expr: Expr
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Aggregate(Expr):
    """An aggregate call: DISTINCT, ORDER BY and FILTER included; `star` for count(*); `direct` for WITHIN GROUP.

    In a parallel plan a "partial" call makes a state of some rows (of type `state` to PostgreSQL; `type` stays the result's), and the
    "final" call of the same function has the states as its only argument.
    """

    function: Function
    args: tuple[Expr, ...]
    distinct: bool = False
    order_by: tuple[SortKey, ...] = ()
    filter: Expr | None = None
    star: bool = False
    direct: tuple[Expr, ...] = ()
    variadic: bool = False
    outer: bool = False  # of the innermost level around this one whose columns it reads
    phase: str = "whole"  # whole, partial, final
    state: PgType | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Grouping(Expr):
    """GROUPING(args): a bit for each argument, set where the grouping set leaves it out; computed with the groups, like an aggregate."""

    args: tuple[Expr, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowCall(Expr):
    """A window function call over window `window` (index into Query.windows)."""

    function: Function
    args: tuple[Expr, ...]
    window: int
    filter: Expr | None = None
    star: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class SubLink(Expr):
    """Logical: a subquery in an expression. `kind`: exists, any, all, scalar, array, row (one row compared with another), multi (one row as a
    record, whose fields are assigned to columns; `number` tells such subqueries of a statement apart).

    For any and all, `tests` compare the left side with ColumnRefs of the subquery's outputs, joined by AND (row comparison: RowCompare).
    """

    kind: str
    query: LogicalPlan
    test: Expr | None = None
    left: Expr | None = None
    symbol: str = ""
    number: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class SubPlan(Expr):
    """Physical: a planned subquery. `params`: (exec parameter number, Expr giving it). `index` numbers it for EXPLAIN ("SubPlan 1").

    `initplan`: runs once, its value read through ParamRef(kind="exec"). `hashed`: an uncorrelated ANY turned into a hash look-up.
    """

    kind: str
    plan: PhysicalPlan
    index: int
    params: tuple[tuple[int, Expr], ...] = ()
    test: Expr | None = None  # any/all: over ParamRef(kind="exec", number in outputs) for the subquery's columns
    outputs: tuple[int, ...] = ()
    hashed: bool = False
    name: str = ""
    startup_cost: float = 0.0
    per_call_cost: float = 0.0
    parallel_safe: bool = False  # whether a parallel worker may run it
