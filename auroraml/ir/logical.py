"""Logical plans: one `Query` a level, in the order the text has it; columns by id, unique in the statement."""

from __future__ import annotations

from auroraml.ir.expr import Expr, SortKey
from auroraml.ir.objects import Relation
from auroraml.records import dataclass
from auroraml.types.pg_type import PgType


@dataclass(frozen=True, kw_only=True, eq=False)
class Output:
    """A column that a plan or FROM item makes: its id, name and type."""

    id: int
    name: str
    type: PgType
    typmod: int = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class LogicalPlan:
    """Anything that makes rows; `outputs` are its columns."""

    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class FromItem(LogicalPlan):
    """Something in FROM. `alias` is the name EXPLAIN prints; `lateral` says whether it reads columns of items to its left."""

    alias: str = ""
    lateral: bool = False
    aliased: bool = False  # an alias was written
    listed: bool = False  # and names for the columns


CTID, TABLEOID = -7, -6  # attribute numbers of system columns; -1, PostgreSQL's number for ctid, is a row's number in storage


@dataclass(frozen=True, kw_only=True, eq=False)
class TableItem(FromItem):
    """A table (or system view); `numbers` are the attribute numbers of `outputs`: all live columns in order, then system columns that are read."""

    relation: Relation
    numbers: tuple[int, ...]
    only: bool = False  # ONLY was written

    @property
    def columns(self) -> tuple[Output, ...]:
        """The outputs without system columns."""
        return tuple(o for o, n in zip(self.outputs, self.numbers, strict=True) if n > 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class SampledItem(TableItem):
    """A table of which TABLESAMPLE takes some rows, by `method` (bernoulli or system)."""

    method: str
    arguments: tuple[Expr, ...]
    repeatable: Expr | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class FunctionItem(FromItem):
    """Function calls in FROM (ROWS FROM has several). `outputs` are all their columns, ordinality last.

    `calls` may be any expression (a coercion over a call after inlining). `migrated` marks what the planner moved here.
    """

    calls: tuple[Expr, ...]
    column_counts: tuple[int, ...]
    ordinality: bool = False
    migrated: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class SubqueryItem(FromItem):
    """A subquery or expanded view in FROM; `outputs` correspond to the query's by position."""

    query: LogicalPlan
    view: Relation | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ValuesItem(FromItem):
    """VALUES lists; each row has one expression an output."""

    rows: tuple[tuple[Expr, ...], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class CteItem(FromItem):
    """A reference to WITH query `cte` (its `Cte.id`)."""

    cte: int
    name: str


@dataclass(frozen=True, kw_only=True, eq=False)
class JoinItem(FromItem):
    """A join: kind inner, left, right, full, cross (comma lists are separate items of Query.from_items).

    `outputs` are all columns of both sides; USING's merged columns come as Coalesce expressions in whatever refers to them.
    """

    kind: str
    left: FromItem
    right: FromItem
    on: Expr | None = None
    using: tuple[str, ...] = ()  # the columns of USING or NATURAL, for printing


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """An entry of the select list: `id` names its value. `hidden` (junk) entries serve ORDER BY, GROUP BY or DISTINCT ON only."""

    id: int
    name: str
    expr: Expr
    hidden: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Cte:
    """A WITH query. `materialized`: True, False or None (not said); `references` counts its uses."""

    id: int
    name: str
    query: LogicalPlan
    recursive: bool = False
    materialized: bool | None = None
    references: int = 0
    columns: tuple[str, ...] = ()  # the column list after the name, for printing


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """A window definition; `frame` is (mode, start, start offset, end, end offset, exclusion) or None for the default; `base`: the window whose keys it has."""

    name: str = ""
    base: str = ""
    partition_by: tuple[Expr, ...] = ()
    order_by: tuple[SortKey, ...] = ()
    frame: tuple[object, ...] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class RowLock:
    """FOR UPDATE and its kin: strength (the words behind FOR), wait policy and the aliases locked; `pushed` by the query around this one."""

    strength: str
    wait: str = "block"
    aliases: tuple[str, ...] = ()
    pushed: bool = False


@dataclass(frozen=True, kw_only=True)
class GroupingItem:
    """A part of GROUP BY as written: a "set" of positions into group_by, or a "rollup", a "cube" or "sets" of parts."""

    kind: str = "set"
    members: tuple[int, ...] = ()
    parts: tuple[GroupingItem, ...] = ()

    def sets(self) -> list[tuple[int, ...]]:
        """The grouping sets that it stands for."""
        if self.kind == "set":
            return [self.members]
        if self.kind == "sets":
            return [found for part in self.parts for found in part.sets()]
        if self.kind == "rollup":
            return [sum((part.members for part in self.parts[:n]), ()) for n in range(len(self.parts), -1, -1)]
        return [sum((part.members for i, part in enumerate(self.parts) if mask >> i & 1), ()) for mask in range(1 << len(self.parts))]


@dataclass(frozen=True, kw_only=True, eq=False)
class Query(LogicalPlan):
    """One SELECT level, as PostgreSQL's Query: FROM items and clauses in the order written.

    Order of evaluation: from_items (inner-joined in order), where, group_by/aggregates, having, windows, targets (set-returning
    functions last), distinct, order_by, offset, limit. `where` and `having` are flat lists of conjuncts (implicit AND).
    `group_by` holds expressions (also shown in targets where they occur, by structure). `grouping_sets`: tuples of positions into group_by;
    `grouping`: the items that they come from, for the query's text, `grouping_distinct` whether equal sets count once.
    ORDER BY keys are `SortKey(expr=ColumnRef(id of a target))`. `distinct_on` are ids of targets.
    """

    from_items: tuple[FromItem, ...] = ()
    where: tuple[Expr, ...] = ()
    group_by: tuple[Expr, ...] = ()
    grouping_sets: tuple[tuple[int, ...], ...] | None = None
    grouping: tuple[GroupingItem, ...] = ()
    grouping_distinct: bool = False
    grouped: bool = False  # GROUP BY, HAVING or an aggregate is present
    aggregates_dropped: bool = False  # aggregates were there whose columns nobody reads
    having: tuple[Expr, ...] = ()
    windows: tuple[Window, ...] = ()
    targets: tuple[Target, ...] = ()
    distinct: bool = False
    distinct_on: tuple[int, ...] | None = None
    order_by: tuple[SortKey, ...] = ()
    limit: Expr | None = None
    with_ties: bool = False
    offset: Expr | None = None
    ctes: tuple[Cte, ...] = ()
    locks: tuple[RowLock, ...] = ()
    run_conditions: tuple[Expr, ...] = ()  # on a window call each: once one fails, nobody wants the rest of that call's partition


@dataclass(frozen=True, kw_only=True, eq=False)
class SetOperation(LogicalPlan):
    """UNION, INTERSECT, EXCEPT (`op`) of two plans; ORDER BY refers to its own output ids.

    `left_casts`, `right_casts`: where a side's columns have other types, expressions over them (None where they have not).
    """

    op: str
    all: bool
    left: LogicalPlan
    right: LogicalPlan
    order_by: tuple[SortKey, ...] = ()
    limit: Expr | None = None
    offset: Expr | None = None
    ctes: tuple[Cte, ...] = ()
    left_casts: tuple[Expr | None, ...] = ()
    right_casts: tuple[Expr | None, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Values(LogicalPlan):
    """A bare VALUES statement or the source of INSERT ... VALUES."""

    rows: tuple[tuple[Expr, ...], ...] = ()
    order_by: tuple[SortKey, ...] = ()
    limit: Expr | None = None
    offset: Expr | None = None
    ctes: tuple[Cte, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Insert(LogicalPlan):
    """INSERT: `source` makes one column for each column of `relation` in order (defaults filled in, coerced).

    `returning` is over ColumnRefs whose ids are `row_ids` (one per live column). `outputs` are RETURNING's columns.
    """

    relation: Relation
    source: LogicalPlan
    row_ids: tuple[int, ...]
    alias: str = ""
    returning: tuple[Target, ...] = ()
    conflict: Conflict | None = None
    ctes: tuple[Cte, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Conflict:
    """ON CONFLICT: arbiter columns (attribute numbers), and assignments for DO UPDATE (empty for DO NOTHING)."""

    columns: tuple[int, ...] = ()
    update: bool = False
    assignments: tuple[tuple[int, Expr], ...] = ()
    excluded_ids: tuple[int, ...] = ()
    where: tuple[Expr, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Update(LogicalPlan):
    """UPDATE: `query` is the level that finds the rows; its FROM holds `target`; its targets are the new values, one for each
    attribute number of `assigned` in order. `returning` reads the new row through `row_ids` and other FROM columns.
    """

    relation: Relation
    target: TableItem
    query: Query
    assigned: tuple[int, ...]
    row_ids: tuple[int, ...]
    alias: str = ""
    returning: tuple[Target, ...] = ()
    ctes: tuple[Cte, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Delete(LogicalPlan):
    """DELETE: `query` finds the rows (its FROM holds `target`); `returning` reads the old row."""

    relation: Relation
    target: TableItem
    query: Query
    alias: str = ""
    returning: tuple[Target, ...] = ()
    ctes: tuple[Cte, ...] = ()
