"""Steps above scans and joins: projections, sorts, limits, with their costs (pathnode.c)."""

from __future__ import annotations

from typing import Final

from auroraml.ir import expr as e
from auroraml.planner.cost.numbers import clamp_rows
from auroraml.planner.cost.sorts import incremental_sort, sort
from auroraml.planner.estimate.set_rows import made_rows
from auroraml.planner.level.level import Level
from auroraml.planner.level.parallel_safety import is_safe
from auroraml.planner.level.pathkeys import Keys
from auroraml.planner.level.questions import equal
from auroraml.planner.level.relation import Relation, Target
from auroraml.planner.paths.path import (
    AppendPath,
    GatherPath,
    IncrementalSortPath,
    LimitPath,
    LockPath,
    MaterialPath,
    MemoizePath,
    Path,
    ProjectionPath,
    ProjectSetPath,
    RecursivePath,
    SetOpPath,
    SortPath,
    UniquePath,
    UpperUniquePath,
)

CANNOT_PROJECT: Final = (
    MaterialPath, MemoizePath, SortPath, UniquePath, UpperUniquePath, SetOpPath, LockPath, LimitPath, AppendPath, RecursivePath, ProjectSetPath,
)  # fmt: skip


def projects(path: Path) -> bool:
    """Whether a path's node can compute a select list (is_projection_capable_path)."""
    return not isinstance(path, CANNOT_PROJECT)


def same_exprs(a: Target, b: Target) -> bool:
    """Whether two targets compute the same in the same order."""
    return len(a.exprs) == len(b.exprs) and all(equal(x, y) for x, y in zip(a.exprs, b.exprs, strict=True))


def projection(level: Level, relation: Relation, source: Path, target: Target) -> Path:
    """A projection over a path (create_projection_path)."""
    if isinstance(source, ProjectionPath):
        source = source.source
    made = ProjectionPath(relation, target, source, source.keys)
    made.safe = made.safe and is_safe(level, target.exprs)
    old = source.target
    if projects(source) or same_exprs(old, target):
        made.dummy = True
        made.startup = source.startup + (target.startup - old.startup)
        made.total = source.total + (target.startup - old.startup) + (target.per_tuple - old.per_tuple) * source.rows
    else:
        made.dummy = False
        made.startup = source.startup + target.startup
        made.total = source.total + target.startup + (level.costs.tuple + target.per_tuple) * source.rows
    return made


def projected(level: Level, relation: Relation, source: Path, target: Target) -> Path:
    """The path computing `target`, by itself where it can; workers compute it below a Gather (apply_projection_to_path)."""
    if isinstance(source, GatherPath) and is_safe(level, target.exprs):
        old = source.target
        below = projection(level, source.source.relation, source.source, target)
        made = type(source)(source.relation, target, below, source.keys)
        made.rows = source.rows
        made.startup = source.startup + (target.startup - old.startup)
        made.total = source.total + (target.startup - old.startup) + (target.per_tuple - old.per_tuple) * source.rows
        return made
    made_safe = source.safe
    path = projection(level, relation, source, target)
    if projects(source):
        path.safe = made_safe and is_safe(level, target.exprs)
    return path


def sorted_path(level: Level, relation: Relation, source: Path, keys: Keys, limit: float) -> Path:
    """A Sort over a path (create_sort_path)."""
    made = SortPath(relation, source.target, source, keys)
    made.limit = limit
    made.startup, made.total = sort(level.costs, source.total, source.rows, source.target.width, limit)
    return made


def incrementally_sorted(level: Level, relation: Relation, source: Path, keys: Keys, presorted: int, limit: float) -> Path:
    """An Incremental Sort over a path (create_incremental_sort_path)."""
    made = IncrementalSortPath(relation, source.target, source, keys)
    made.limit = limit
    made.presorted = presorted
    tuples = made.rows = max(source.rows, 2.0)  # as PostgreSQL says, even of one row
    exprs = [key.cls.members[0].expr for key in keys[:presorted]]
    groups = min(tuples, 200.0)
    if all(key.cls.members[0].bits or key.cls.members[0].is_const for key in keys[:presorted]):
        groups = level.estimates.groups(exprs, tuples)
    made.startup, made.total = incremental_sort(level.costs, source.startup, source.total, source.rows, source.target.width, limit, groups)
    return made


def set_projection(level: Level, relation: Relation, source: Path, target: Target) -> Path:
    """Set-returning functions in the select list (create_set_projection_path)."""
    made = ProjectSetPath(relation, target, source, source.keys)
    made.safe = made.safe and is_safe(level, target.exprs)
    rows = 1.0
    for expr in target.exprs:
        rows = max(rows, made_rows(expr, level.estimates.estimator))
    made.rows = source.rows * rows
    made.startup = source.startup + target.startup
    made.total = (
        source.total + target.startup + (level.costs.tuple + target.per_tuple) * source.rows + (made.rows - source.rows) * level.costs.tuple / 2
    )
    return made


def limited(relation: Relation, source: Path, count: e.Expr | None, offset: e.Expr | None, ties: bool, offset_rows: int, count_rows: int) -> Path:
    """LIMIT and OFFSET; 0 says none, below 0 unknown (create_limit_path, adjust_limit_rows_costs)."""
    made = LimitPath(relation, source.target, source, source.keys)
    made.count, made.offset, made.ties = count, offset, ties
    rows, startup, total = source.rows, source.startup, source.total
    input_rows, input_startup, input_total = rows, startup, total
    if offset_rows != 0:
        skipped = float(offset_rows) if offset_rows > 0 else clamp_rows(input_rows * 0.10)
        skipped = min(skipped, rows)
        if input_rows > 0:
            startup += (input_total - input_startup) * skipped / input_rows
        rows = max(rows - skipped, 1.0)
    if count_rows != 0:
        wanted = float(count_rows) if count_rows > 0 else clamp_rows(input_rows * 0.10)
        wanted = min(wanted, rows)
        if input_rows > 0:
            total = startup + (input_total - input_startup) * wanted / input_rows
        rows = max(wanted, 1.0)
    made.rows, made.startup, made.total = rows, startup, total
    return made
