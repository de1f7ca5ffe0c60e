"""Path and its kinds: a candidate plan for a relation with rows, costs, order and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from auroraml.ir import expr as e

if TYPE_CHECKING:
    from auroraml.ir import logical as l
    from auroraml.ir.hashing import Hashing
    from auroraml.planner.level.clause import Clause
    from auroraml.planner.level.pathkeys import Keys
    from auroraml.planner.level.relation import IndexChoice, Parameterization, Relation, Target
    from auroraml.planner.level.rollups import Rollup
    from auroraml.planner.minmax import Extreme
    from auroraml.planner.paths.index_match import IndexClause


class Path:
    """The base: a sequential or other simple scan has nothing more."""

    __slots__ = ("aware", "keys", "outer", "param", "relation", "rows", "safe", "sorted_costs", "startup", "target", "total", "workers")
    keeps: ClassVar[bool] = False  # whether running it again may cost less than the first time

    def __init__(self, relation: Relation, target: Target, keys: Keys = (), param: Parameterization | None = None) -> None:
        self.relation = relation
        self.target = target
        self.keys = keys
        self.param = param
        self.outer = 0 if param is None else param.outer  # the relations it must be given rows of
        self.rows = 0.0
        self.startup = 0.0
        self.total = 0.0
        self.aware = False
        self.safe = False
        self.workers = 0
        self.sorted_costs: tuple[float, float] | None = None  # startup and total of a sort in a merge join, once asked for

    def parameterize(self, param: Parameterization | None) -> None:
        """Say which outer rows it is given, where that is known only after it was made."""
        self.param = param
        self.outer = 0 if param is None else param.outer


class SeqPath(Path):
    """A sequential scan."""

    __slots__ = ()


class TidPath(Path):
    """Rows whose page and line any of the clauses names."""

    __slots__ = ("clauses",)
    clauses: list[Clause]


class TidRangePath(TidPath):
    """Rows whose page and line all of the clauses allow."""

    __slots__ = ()


class SamplePath(Path):
    """Some rows of a table (TABLESAMPLE)."""

    __slots__ = ()


class ItemPath(Path):
    """A scan of a function, VALUES, WITH query or work table."""

    __slots__ = ()
    keeps = True


class ResultPath(Path):
    """One row, or none if `quals` fail."""

    __slots__ = ("quals",)
    quals: list[e.Expr]


class DummyPath(Path):
    """No rows, proved."""

    __slots__ = ()


class IndexPath(Path):
    """An index scan: the clauses by index column; `order_only` scans have none."""

    __slots__ = ("backward", "clauses", "index", "index_only", "index_total", "selectivity")
    index: IndexChoice
    clauses: list[IndexClause]
    backward: bool
    index_only: bool
    index_total: float
    selectivity: float


class BitmapPath(Path):
    """A bitmap heap scan over index paths and their ANDs and ORs."""

    __slots__ = ("tree",)
    tree: BitmapTree


class BitmapTree:
    """A combination of bitmaps: `kind` index, and, or."""

    __slots__ = ("cost", "index_path", "kind", "parts", "rows", "selectivity")

    def __init__(self, kind: str, parts: list[BitmapTree], index_path: IndexPath | None, cost: float, selectivity: float) -> None:
        self.kind = kind
        self.parts = parts
        self.index_path = index_path
        self.cost = cost
        self.selectivity = selectivity
        self.rows = 0.0


class UnaryPath(Path):
    """A path over one other."""

    __slots__ = ("source",)

    def __init__(self, relation: Relation, target: Target, source: Path, keys: Keys = ()) -> None:
        super().__init__(relation, target, keys, source.param)
        self.source = source
        self.rows = source.rows
        self.safe = source.safe and relation.consider_parallel
        self.workers = source.workers


class SubqueryPath(UnaryPath):
    """A scan of a subquery's best path."""

    __slots__ = ()


class ProjectionPath(UnaryPath):
    """A new select list; `dummy` if the source can compute it itself."""

    __slots__ = ("dummy",)
    dummy: bool


class ProjectSetPath(UnaryPath):
    """Set-returning functions in the select list."""

    __slots__ = ()


class SortPath(UnaryPath):
    """A sort; `limit` bounds it (-1: none)."""

    __slots__ = ("limit",)
    keeps = True
    limit: float


class IncrementalSortPath(SortPath):
    """A sort within groups of equal leading keys."""

    __slots__ = ("presorted",)
    presorted: int


class MaterialPath(UnaryPath):
    """Rows kept for rescans."""

    __slots__ = ()
    keeps = True


class MemoizePath(UnaryPath):
    """Rows kept by parameter values."""

    __slots__ = ("calls", "distinct", "params", "single_row")
    keeps = True
    params: list[e.Expr]
    calls: float
    distinct: float
    single_row: bool


class UniquePath(UnaryPath):
    """The inner side of a semi join made unique: method none, hash or sort."""

    __slots__ = ("exprs", "method", "operators")
    method: str
    exprs: list[e.Expr]
    operators: list[e.OpCall]


class GatherPath(UnaryPath):
    """The rows of `planned` parallel workers."""

    __slots__ = ("planned",)

    def __init__(self, relation: Relation, target: Target, source: Path, keys: Keys = ()) -> None:
        super().__init__(relation, target, source, keys)
        self.planned = source.workers
        self.safe = False
        self.workers = 0


class GatherMergePath(GatherPath):
    """The sorted rows of parallel workers, merged."""

    __slots__ = ()


class JoinPath(Path):
    """A join of two paths."""

    __slots__ = ("clauses", "inner", "inner_unique", "kind", "outer_path")

    def __init__(
        self, relation: Relation, kind: str, outer: Path, inner: Path, clauses: list[Clause], keys: Keys, param: Parameterization | None
    ) -> None:
        self.relation = relation
        self.target = relation.target
        self.keys = keys
        self.param = param
        self.outer = 0 if param is None else param.outer
        self.rows = 0.0
        self.startup = 0.0
        self.total = 0.0
        self.aware = False
        self.sorted_costs = None
        self.kind = kind
        self.outer_path = outer
        self.inner = inner
        self.clauses = clauses
        self.inner_unique = False
        self.safe = relation.consider_parallel and outer.safe and inner.safe
        self.workers = outer.workers


class NestPath(JoinPath):
    """A nested loop."""

    __slots__ = ()


class MergePath(JoinPath):
    """A merge join; None for keys means the input is sorted already."""

    __slots__ = ("inner_sort", "materialize", "merge_clauses", "outer_sort", "skip_mark_restore")
    merge_clauses: list[Clause]
    outer_sort: Keys | None
    inner_sort: Keys | None
    materialize: bool
    skip_mark_restore: bool


class HashPath(JoinPath):
    """A hash join."""

    __slots__ = ("batches", "hash_clauses", "inner_rows_total")
    keeps = True
    hash_clauses: list[Clause]
    batches: int
    inner_rows_total: float


class GroupPath(UnaryPath):
    """Groups of sorted input without aggregates."""

    __slots__ = ("group", "quals")
    group: list[int]
    quals: list[e.Expr]


class AggregatePath(UnaryPath):
    """Aggregation: strategy plain, sorted, hashed, mixed; `group` are target references."""

    __slots__ = ("group", "hashing", "phase", "quals", "rollups", "strategy")
    strategy: str
    group: list[int]
    quals: list[e.Expr]
    phase: str
    hashing: Hashing | None
    rollups: list[Rollup]


class UnionPath(AggregatePath):
    """A set operation's duplicates removed by hashing all its columns."""

    __slots__ = ()


class UpperUniquePath(UnaryPath):
    """DISTINCT over sorted input by its first `columns` keys."""

    __slots__ = ("columns",)
    columns: int


class WindowPath(UnaryPath):
    """Window functions of one window."""

    __slots__ = ("quals", "topmost", "window")
    window: int
    topmost: bool
    quals: list[e.Expr]  # the run conditions of the windows below the topmost one


class AppendPath(Path):
    """Paths one after another."""

    __slots__ = ("sources", "whole")
    sources: list[Path]
    whole: int  # how many of them one process runs, before the partial ones


class MergeAppendPath(AppendPath):
    """Sorted paths merged; `limit` bounds the sorts below (-1: none)."""

    __slots__ = ("limit",)
    limit: float


class SetOpPath(UnaryPath):
    """INTERSECT or EXCEPT."""

    __slots__ = ("command", "strategy")
    command: str
    strategy: str


class RecursivePath(Path):
    """WITH RECURSIVE."""

    __slots__ = ("again", "distinct", "first", "work_table")
    first: Path
    again: Path
    work_table: int
    distinct: bool


class MinMaxPath(Path):
    """min and max read off the ends of indexes by init plans."""

    __slots__ = ("extremes", "quals")
    extremes: list[Extreme]
    quals: list[e.Expr]


class LimitPath(UnaryPath):
    """LIMIT and OFFSET."""

    __slots__ = ("count", "offset", "ties")
    count: e.Expr | None
    offset: e.Expr | None
    ties: bool


class LockPath(UnaryPath):
    """FOR UPDATE and its kin."""

    __slots__ = ("marks",)
    marks: list[tuple[int, l.TableItem, str]]
