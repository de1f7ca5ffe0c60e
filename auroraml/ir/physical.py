"""Physical plans: PostgreSQL's plan nodes, columns by position (InputRef), with the costs EXPLAIN prints."""

from __future__ import annotations

from typing import ClassVar

from auroraml.ir.expr import Aggregate as AggregateCall
from auroraml.ir.expr import Expr, SubPlan, WindowCall
from auroraml.ir.hashing import Hashing
from auroraml.ir.logical import Window
from auroraml.ir.objects import Index, Relation
from auroraml.records import dataclass
from auroraml.types.pg_type import PgType


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What EXPLAIN prints in parentheses: costs in PostgreSQL's units, rows, average row width in bytes."""

    startup: float = 0.0
    total: float = 0.0
    rows: float = 1.0
    width: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class PhysicalPlan:
    """A node. `targets` compute its output columns over its inputs; `filter` are its quals in the order they are evaluated.

    InputRefs of scans read the scanned relation's `columns`; of other nodes the child's outputs (side 0 outer, 1 inner).
    `init_plans` run once before first use. `id` is the pre-order number (set by planner/physical.py). `range_index` of scans numbers the
    range-table entry in the statement.
    """

    label: ClassVar[str] = ""
    id: int = 0
    cost: Cost = Cost()
    targets: tuple[Expr, ...] = ()
    names: tuple[str, ...] = ()  # names of the outputs (the root's are the result's)
    filter: tuple[Expr, ...] = ()
    init_plans: tuple[SubPlan, ...] = ()
    parallel_aware: bool = False
    range_index: int = 0

    def children(self) -> tuple[PhysicalPlan, ...]:
        """The child nodes in the order EXPLAIN prints them."""
        return ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Unary(PhysicalPlan):
    """A node with one child."""

    source: PhysicalPlan

    def children(self) -> tuple[PhysicalPlan, ...]:
        return (self.source,)


@dataclass(frozen=True, kw_only=True, eq=False)
class Result(PhysicalPlan):
    """One row, or the rows of `source`, under a condition tested once (`one_time`)."""

    label: ClassVar[str] = "Result"
    source: PhysicalPlan | None = None
    one_time: tuple[Expr, ...] = ()

    def children(self) -> tuple[PhysicalPlan, ...]:
        return () if self.source is None else (self.source,)


@dataclass(frozen=True, kw_only=True, eq=False)
class ProjectSet(Unary):
    """Set-returning functions in the select list."""

    label: ClassVar[str] = "ProjectSet"


@dataclass(frozen=True, kw_only=True, eq=False)
class ScanColumn:
    """A column of a scan's input: attribute number and name."""

    number: int
    name: str
    type: PgType
    typmod: int = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class SeqScan(PhysicalPlan):
    """All visible rows of a relation. InputRef(index=i) reads `columns[i]`; number -1 is the row id (for DML: type int8)."""

    label: ClassVar[str] = "Seq Scan"
    relation: Relation
    alias: str
    columns: tuple[ScanColumn, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class TidScan(SeqScan):
    """Rows by page and line: those that any of `conditions` names, `ctid = value` or `ctid = ANY (array)`."""

    label: ClassVar[str] = "Tid Scan"
    conditions: tuple[Expr, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class TidRangeScan(TidScan):
    """Rows whose page and line all of `conditions` allow."""

    label: ClassVar[str] = "Tid Range Scan"


@dataclass(frozen=True, kw_only=True, eq=False)
class SampleScan(SeqScan):
    """The rows that TABLESAMPLE takes of a relation: by `method` (bernoulli or system), the same for the same seed if `repeatable`."""

    label: ClassVar[str] = "Sample Scan"
    method: str
    arguments: tuple[Expr, ...]
    repeatable: Expr | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class IndexScan(SeqScan):
    """Rows by an index: `conditions` on its `keys` (expressions over the columns) with row-independent expressions. `found`: how many rows they should find."""

    label: ClassVar[str] = "Index Scan"
    index: Index
    keys: tuple[Expr, ...] = ()
    conditions: tuple[Expr, ...] = ()
    backward: bool = False
    found: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class IndexOnlyScan(IndexScan):
    """An index scan that reads nothing but index columns."""

    label: ClassVar[str] = "Index Only Scan"


@dataclass(frozen=True, kw_only=True, eq=False)
class BitmapIndexScan(PhysicalPlan):
    """Row ids from an index for a bitmap (conditions over the heap scan's columns)."""

    label: ClassVar[str] = "Bitmap Index Scan"
    relation: Relation
    index: Index
    columns: tuple[ScanColumn, ...]
    keys: tuple[Expr, ...]
    conditions: tuple[Expr, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class BitmapAnd(PhysicalPlan):
    """Intersection of bitmaps."""

    label: ClassVar[str] = "BitmapAnd"
    sources: tuple[PhysicalPlan, ...]

    def children(self) -> tuple[PhysicalPlan, ...]:
        return self.sources


@dataclass(frozen=True, kw_only=True, eq=False)
class BitmapOr(BitmapAnd):
    """Union of bitmaps."""

    label: ClassVar[str] = "BitmapOr"


@dataclass(frozen=True, kw_only=True, eq=False)
class BitmapHeapScan(SeqScan):
    """Rows whose ids a bitmap holds, in row order; `recheck` are the index conditions."""

    label: ClassVar[str] = "Bitmap Heap Scan"
    source: PhysicalPlan
    recheck: tuple[Expr, ...] = ()

    def children(self) -> tuple[PhysicalPlan, ...]:
        return (self.source,)


@dataclass(frozen=True, kw_only=True, eq=False)
class FunctionScan(PhysicalPlan):
    """Rows of function calls. InputRef(index=i) reads column i of `columns`. Calls may read exec parameters (LATERAL).

    `batch`: the calls are collected into service batches by the nested loop above.
    """

    label: ClassVar[str] = "Function Scan"
    calls: tuple[Expr, ...]
    column_counts: tuple[int, ...]
    columns: tuple[ScanColumn, ...]
    alias: str
    ordinality: bool = False
    batch: bool = False
    migrated: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class ValuesScan(PhysicalPlan):
    """VALUES lists in FROM; EXPLAIN's alias is "*VALUES*" unless one was given."""

    label: ClassVar[str] = "Values Scan"
    rows: tuple[tuple[Expr, ...], ...]
    columns: tuple[ScanColumn, ...]
    alias: str


@dataclass(frozen=True, kw_only=True, eq=False)
class SubqueryScan(Unary):
    """The rows of a subquery under an alias; InputRef(index=i) reads its output i."""

    label: ClassVar[str] = "Subquery Scan"
    alias: str
    columns: tuple[ScanColumn, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class CteScan(PhysicalPlan):
    """Reads the WITH query whose SubPlan (kind "cte", in an ancestor's init_plans) has index `cte`."""

    label: ClassVar[str] = "CTE Scan"
    cte: int
    cte_name: str
    alias: str
    columns: tuple[ScanColumn, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class WorkTableScan(PhysicalPlan):
    """Reads the previous step of the RecursiveUnion with the same `work_table`."""

    label: ClassVar[str] = "WorkTable Scan"
    work_table: int
    alias: str
    cte_name: str = ""  # of the WITH query, where the alias is another
    columns: tuple[ScanColumn, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Join(PhysicalPlan):
    """A join: kind inner, left, right, full, semi, anti. `condition` is the join filter (ON), `filter` what WHERE adds above."""

    kind: str = "inner"
    outer: PhysicalPlan
    inner: PhysicalPlan
    condition: tuple[Expr, ...] = ()
    inner_unique: bool = False

    def children(self) -> tuple[PhysicalPlan, ...]:
        return (self.outer, self.inner)


@dataclass(frozen=True, kw_only=True, eq=False)
class NestedLoop(Join):
    """For each outer row the inner plan, whose exec parameters `params` are set: (number, expression over side 0)."""

    label: ClassVar[str] = "Nested Loop"
    params: tuple[tuple[int, Expr], ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class HashJoin(Join):
    """Equality by hash table; `inner` is a Hash node. `hash_conditions` are OpCalls (side 0 = side 1)."""

    label: ClassVar[str] = "Hash Join"
    hash_conditions: tuple[Expr, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class MergeJoin(Join):
    """Equality over inputs sorted alike."""

    label: ClassVar[str] = "Merge Join"
    merge_conditions: tuple[Expr, ...] = ()
    keys: tuple[SortColumn, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class SortColumn:
    """A sort key: output position of the child."""

    index: int
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Hash(Unary):
    """Builds the table of a hash join."""

    label: ClassVar[str] = "Hash"


@dataclass(frozen=True, kw_only=True, eq=False)
class Materialize(Unary):
    """Keeps the child's rows for rescans."""

    label: ClassVar[str] = "Materialize"


@dataclass(frozen=True, kw_only=True, eq=False)
class Memoize(Unary):
    """Keeps the child's rows by parameter values `keys`."""

    label: ClassVar[str] = "Memoize"
    keys: tuple[Expr, ...] = ()
    binary: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Sort(Unary):
    """Sorts by `keys`."""

    label: ClassVar[str] = "Sort"
    keys: tuple[SortColumn, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class IncrementalSort(Sort):
    """Sorts within runs that agree in the first `presorted` keys."""

    label: ClassVar[str] = "Incremental Sort"
    presorted: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Limit(Unary):
    """Skips `offset` rows, then passes on at most `count`; `ties` holds the sort keys of WITH TIES."""

    label: ClassVar[str] = "Limit"
    count: Expr | None = None
    offset: Expr | None = None
    ties: tuple[SortColumn, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Rollup:
    """Grouping sets computed together: the first `sizes` of `keys` (child positions), longest first; hashed, or over rows sorted by `keys`.

    `sort` is the order that the rows must be put into first; without one they come in it.
    """

    keys: tuple[int, ...]
    sizes: tuple[int, ...]
    hashed: bool = False
    sort: tuple[SortColumn, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Aggregate(Unary):
    """Grouping. `strategy`: plain, sorted, hashed, mixed. `keys` are child positions; `calls` the aggregates.

    In `targets` and `filter`, InputRef(side=0) reads the child's columns (constant within a group: keys only, or any row's value) and
    an Aggregate expression is looked up by identity in `calls`. `rollups`: grouping sets, in the order PostgreSQL computes them.
    `hashing`: what hash tables are prepared for. `phase` partial makes a state for each group and call, final combines them; the calls have the same phase.
    """

    label: ClassVar[str] = "Aggregate"
    strategy: str = "plain"
    keys: tuple[int, ...] = ()
    calls: tuple[AggregateCall, ...] = ()
    phase: str = "whole"  # whole, partial, final
    hashing: Hashing | None = None
    rollups: tuple[Rollup, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Group(Unary):
    """Distinct groups of sorted input, no aggregates."""

    label: ClassVar[str] = "Group"
    keys: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Unique(Unary):
    """Drops rows equal to the one before in `keys` (child positions)."""

    label: ClassVar[str] = "Unique"
    keys: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowAgg(Unary):
    """Window functions over input sorted by partition and order. A WindowCall in `targets` is looked up by identity in `calls`."""

    label: ClassVar[str] = "WindowAgg"
    partition: tuple[int, ...] = ()
    order: tuple[SortColumn, ...] = ()
    calls: tuple[WindowCall, ...] = ()
    window: Window | None = None
    run_condition: tuple[Expr, ...] = ()
    topmost: bool = True  # no other WindowAgg of its query reads the rows


@dataclass(frozen=True, kw_only=True, eq=False)
class SetOp(Unary):
    """INTERSECT or EXCEPT over an Append whose last column is the input's number; strategy sorted or hashed."""

    label: ClassVar[str] = "SetOp"
    command: str  # Intersect, Intersect All, Except, Except All
    strategy: str = "sorted"
    keys: tuple[int, ...] = ()
    flag: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Append(PhysicalPlan):
    """The rows of each child in turn."""

    label: ClassVar[str] = "Append"
    sources: tuple[PhysicalPlan, ...]
    covers: tuple[tuple[int, str], ...] = ()  # range-table entries it stands for, with their names: EXPLAIN gives those to no other

    def children(self) -> tuple[PhysicalPlan, ...]:
        return self.sources


@dataclass(frozen=True, kw_only=True, eq=False)
class MergeAppend(Append):
    """The rows of sorted children in order."""

    label: ClassVar[str] = "Merge Append"
    keys: tuple[SortColumn, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class RecursiveUnion(PhysicalPlan):
    """WITH RECURSIVE: `outer` once, then `inner` over the work table until it is empty; `distinct` for UNION."""

    label: ClassVar[str] = "Recursive Union"
    outer: PhysicalPlan
    inner: PhysicalPlan
    work_table: int
    distinct: bool = False

    def children(self) -> tuple[PhysicalPlan, ...]:
        return (self.outer, self.inner)


@dataclass(frozen=True, kw_only=True, eq=False)
class Gather(Unary):
    """Runs the child in `workers` workers and the leader; order is lost.

    `single_copy`: one worker runs the whole child. `params`: exec parameters of init plans that the leader evaluates for the workers.
    """

    label: ClassVar[str] = "Gather"
    workers: int
    single_copy: bool = False
    params: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class GatherMerge(Gather):
    """A Gather that keeps the children's order."""

    label: ClassVar[str] = "Gather Merge"
    keys: tuple[SortColumn, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class LockRows(Unary):
    """FOR UPDATE and its kin; `rows` are (row id position, relation, wait policy)."""

    label: ClassVar[str] = "LockRows"
    rows: tuple[tuple[int, Relation, str], ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class ModifyTable(PhysicalPlan):
    """INSERT, UPDATE or DELETE (`operation`, EXPLAIN's label). RETURNING is `targets`: InputRef(side=0) reads the source's row,
    InputRef(side=1) the new (deleted: old) row's live columns in order.

    insert: the source makes one column a live column. update: the source makes the new values of attribute numbers `assigned`, and
    the row id at position `row_id`; delete: the row id.
    """

    operation: str  # Insert, Update, Delete
    relation: Relation
    alias: str
    source: PhysicalPlan
    assigned: tuple[int, ...] = ()
    row_id: int = -1
    conflict: ConflictAction | None = None

    def children(self) -> tuple[PhysicalPlan, ...]:
        return (self.source,)


@dataclass(frozen=True, kw_only=True, eq=False)
class ConflictAction:
    """ON CONFLICT: `arbiters` are unique indexes; assignments read the existing row (side 0) and the proposed one (side 1)."""

    arbiters: tuple[Index, ...]
    inferred: bool = True  # from columns that were named; False: any unique index
    update: bool = False
    assignments: tuple[tuple[int, Expr], ...] = ()
    where: tuple[Expr, ...] = ()
