"""Costs of join paths: what the formulas in cost/joins.py need of paths and clauses, and the final costs (costsize.c)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from auroraml.ir import logical as l
from auroraml.planner.cost.joins import HashWork, MergeWork, hash_initial, memoize_rescan
from auroraml.planner.cost.numbers import clamp_rows, parallel_divisor, relation_bytes, rint
from auroraml.planner.cost.parameters import DISABLED
from auroraml.planner.cost.sorts import kept_rescan, sort
from auroraml.planner.level.clause import Clause, SpecialJoin
from auroraml.planner.level.level import Level
from auroraml.planner.level.pathkeys import Keys
from auroraml.planner.paths.path import (
    HashPath,
    IncrementalSortPath,
    IndexPath,
    ItemPath,
    MaterialPath,
    MemoizePath,
    MergePath,
    Path,
    SortPath,
    UniquePath,
)

if TYPE_CHECKING:
    from auroraml.planner.paths.joins import Pair


def rescan(level: Level, path: Path) -> tuple[float, float]:
    """Startup and total of running a path again (cost_rescan)."""
    costs = level.costs
    if not path.keeps:
        return path.startup, path.total
    if isinstance(path, MemoizePath):
        if path.distinct < 0:
            path.distinct = level.estimates.distinct_keys(path.params, path.calls)
        source = path.source
        startup, total, _ = memoize_rescan(costs, source.startup, source.total, source.rows, source.target.width, path.calls, path.distinct)
        return startup, total
    if isinstance(path, ItemPath):
        item = path.relation.item
        if isinstance(item, l.FunctionItem):
            return 0.0, path.total - path.startup
        if isinstance(item, l.CteItem):
            return 0.0, kept_rescan(costs, path.rows, path.target.width, costs.tuple)
        return path.startup, path.total
    if isinstance(path, HashPath) and path.batches == 1:
        return 0.0, path.total - path.startup
    if isinstance(path, MaterialPath) or (isinstance(path, SortPath) and not isinstance(path, IncrementalSortPath)):
        return 0.0, kept_rescan(costs, path.rows, path.target.width, costs.operator)
    return path.startup, path.total


def _early(pair: Pair, kind: str) -> bool:
    return kind in ("semi", "anti") or pair.inner_unique


def _rows(pair: Pair, path: Path) -> float:
    rows = pair.relation.rows if path.param is None else path.param.rows
    if path.workers > 0:
        rows = clamp_rows(rows / parallel_divisor(path.workers, pair.level.costs.leader))
    return rows


def initial_merge(
    pair: Pair, kind: str, clauses: Sequence[Clause], outer: Path, inner: Path, outer_sort: Keys | None, inner_sort: Keys | None
) -> MergeWork:
    """Lower bounds of a merge join (initial_cost_mergejoin)."""
    level = pair.level
    outer_rows, inner_rows = outer.rows or 1.0, inner.rows or 1.0
    outer_start, outer_end, inner_start, inner_end = 0.0, 1.0, 0.0, 1.0
    if clauses and kind != "full":
        key = (outer_sort or outer.keys)[0]
        first = clauses[0]
        if not first.left_bits & ~outer.relation.bits:
            outer_start, outer_end, inner_start, inner_end = level.estimates.scan_fractions(first, key.descending, key.nulls_first)
        else:
            inner_start, inner_end, outer_start, outer_end = level.estimates.scan_fractions(first, key.descending, key.nulls_first)
        if kind == "left" or kind == "anti":
            outer_start, outer_end = 0.0, 1.0
        elif kind == "right":
            inner_start, inner_end = 0.0, 1.0
    outer_skip, inner_skip = rint(outer_rows * outer_start), rint(inner_rows * inner_start)
    outer_read, inner_read = clamp_rows(outer_rows * outer_end), clamp_rows(inner_rows * inner_end)
    outer_start, inner_start = outer_skip / outer_rows, inner_skip / inner_rows
    outer_end, inner_end = outer_read / outer_rows, inner_read / inner_rows
    startup, total = (outer.startup, outer.total) if outer_sort is None else sorted_costs(level, outer)
    run = (total - startup) * (outer_end - outer_start)
    startup += (total - startup) * outer_start
    inner_startup, inner_total = (inner.startup, inner.total) if inner_sort is None else sorted_costs(level, inner)
    startup += inner_startup
    startup += (inner_total - inner_startup) * inner_start
    inner_run = (inner_total - inner_startup) * (inner_end - inner_start)
    return MergeWork(startup, startup + run + inner_run, run, inner_run, outer_read, inner_read, outer_skip, inner_skip)


def sorted_costs(level: Level, path: Path) -> tuple[float, float]:
    """Startup and total of a path that a merge join sorts, kept in it."""
    found = path.sorted_costs
    if found is None:
        found = path.sorted_costs = sort(level.costs, path.total, path.rows or 1.0, path.target.width, -1.0)
    return found


def tuple_count(pair: Pair, outer_rows: float, inner_rows: float, clauses: Sequence[Clause]) -> float:
    """Rows that some clauses alone leave (approx_tuple_count): as for an inner join, whatever the join is."""
    outer, inner = pair.outer.bits, pair.inner.bits
    plain = SpecialJoin("inner", outer, inner, outer, inner)
    share = 1.0
    for clause in clauses:
        share *= pair.level.estimates.join_clause(clause, "inner", plain)
    return clamp_rows(share * outer_rows * inner_rows)


def final_merge(pair: Pair, path: MergePath, work: MergeWork) -> None:
    """final_cost_mergejoin."""
    level = pair.level
    costs = level.costs
    inner_path_rows = path.inner.rows or 1.0
    path.rows = _rows(pair, path)
    startup, run = work.startup, work.run
    if not costs.mergejoin:
        startup += DISABLED
    merge_startup, merge_per_tuple = level.estimates.clauses_cost(path.merge_clauses)
    qual_startup, qual_per_tuple = level.estimates.clauses_cost(path.clauses)
    qual_startup -= merge_startup
    qual_per_tuple -= merge_per_tuple
    path.skip_mark_restore = _early(pair, path.kind) and len(path.clauses) == len(path.merge_clauses)
    tuples = tuple_count(pair, path.outer_path.rows, path.inner.rows, path.merge_clauses)
    if isinstance(path.outer_path, UniquePath) or path.skip_mark_restore:
        again = 0.0
    else:
        again = max(tuples - inner_path_rows, 0.0)
    ratio = 1.0 + (again / work.inner_rows)
    bare = work.inner_run * ratio
    kept = work.inner_run + costs.operator * work.inner_rows * ratio
    if path.skip_mark_restore:
        path.materialize = False
    elif (costs.material and kept < bare) or (path.inner_sort is None and not _can_go_back(path.inner)):
        path.materialize = True
    else:
        path.materialize = (
            costs.material and path.inner_sort is not None
            and relation_bytes(inner_path_rows, path.inner.target.width) > costs.work_memory
        )  # fmt: skip
    run += kept if path.materialize else bare
    startup += merge_startup
    startup += merge_per_tuple * (work.outer_skip_rows + work.inner_skip_rows * ratio)
    run += merge_per_tuple * ((work.outer_rows - work.outer_skip_rows) + (work.inner_rows - work.inner_skip_rows) * ratio)
    startup += qual_startup
    run += (costs.tuple + qual_per_tuple) * tuples
    startup += path.target.startup
    run += path.target.per_tuple * path.rows
    path.startup, path.total = startup, startup + run


def _can_go_back(path: Path) -> bool:
    """Whether a scan can return to a marked row (ExecSupportsMarkRestore)."""
    return isinstance(path, (IndexPath, MaterialPath)) or type(path) is SortPath


def initial_hash(pair: Pair, startup: float, run: float, outer: Path, inner: Path, together: bool) -> HashWork:
    """Lower bounds of a hash join."""
    return hash_initial(
        pair.level.costs, startup, run, outer.rows, outer.target.width, inner.rows, inner.target.width, outer.workers,
        parallel_divisor(inner.workers, pair.level.costs.leader) if inner.workers else 1.0, together,
    )  # fmt: skip


def final_hash(pair: Pair, path: HashPath, work: HashWork) -> None:
    """final_cost_hashjoin."""
    level = pair.level
    costs = level.costs
    outer_rows, inner_rows = path.outer_path.rows, path.inner.rows
    path.rows = _rows(pair, path)
    path.batches = work.batches
    path.inner_rows_total = work.inner_rows_total
    startup, run = work.startup, work.run
    if not costs.hashjoin:
        startup += DISABLED
    buckets = float(work.buckets) * float(work.batches)
    if isinstance(path.inner, UniquePath):
        fraction = 1.0 / buckets
        common = 0.0
    else:
        fraction = common = 1.0
        for clause in path.hash_clauses:
            share, most = _bucket(level, clause, buckets, path.inner.relation.bits)
            fraction = min(fraction, share)
            common = min(common, most)
    if relation_bytes(clamp_rows(inner_rows * common), path.inner.target.width) > costs.hash_memory:
        startup += DISABLED
    hash_startup, hash_per_tuple = level.estimates.clauses_cost(path.hash_clauses)
    qual_startup, qual_per_tuple = level.estimates.clauses_cost(path.clauses)
    qual_startup -= hash_startup
    qual_per_tuple -= hash_per_tuple
    startup += hash_startup
    if _early(pair, path.kind):
        matched = rint(outer_rows * pair.match_fraction)
        part = 2.0 / (pair.match_count + 1.0)
        run += hash_per_tuple * matched * clamp_rows(inner_rows * fraction * part) * 0.5
        run += hash_per_tuple * (outer_rows - matched) * clamp_rows(inner_rows / buckets) * 0.05
        tuples = outer_rows - matched if path.kind == "anti" else matched
    else:
        run += hash_per_tuple * outer_rows * clamp_rows(inner_rows * fraction) * 0.5
        tuples = tuple_count(pair, outer_rows, inner_rows, path.hash_clauses)
    startup += qual_startup
    run += (costs.tuple + qual_per_tuple) * tuples
    startup += path.target.startup
    run += path.target.per_tuple * path.rows
    path.startup, path.total = startup, startup + run


def _bucket(level: Level, clause: Clause, buckets: float, inner: int) -> tuple[float, float]:
    """Bucket fraction and commonest value of a clause's inner side; kept from the first join costed."""
    left, right = clause.args
    if not clause.right_bits & ~inner:
        if clause.right_bucket < 0:
            clause.right_mcv, clause.right_bucket = level.estimates.bucket(right, buckets)
        return clause.right_bucket, clause.right_mcv
    if clause.left_bucket < 0:
        clause.left_mcv, clause.left_bucket = level.estimates.bucket(left, buckets)
    return clause.left_bucket, clause.left_mcv
