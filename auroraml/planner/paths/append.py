"""Append and Merge Append: members one after another, shared out among workers, or merged in order (create_append_path, create_merge_append_path)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from auroraml.planner.cost.numbers import clamp_rows, parallel_divisor
from auroraml.planner.cost.parameters import CostParameters
from auroraml.planner.cost.sorts import merge_append as merge_cost
from auroraml.planner.cost.sorts import sort
from auroraml.planner.level.level import Level
from auroraml.planner.level.pathkeys import Keys, contained
from auroraml.planner.level.relation import Parameterization, Relation
from auroraml.planner.paths.path import AppendPath, MergeAppendPath, Path

PER_ROW: Final = 0.5  # of cpu_tuple_cost


def append(
    level: Level, relation: Relation, whole: Sequence[Path], partial: Sequence[Path] = (), workers: int = 0, aware: bool = False, rows: float = -1.0,
    outer: int = 0,
) -> AppendPath:  # fmt: skip
    """An Append of paths that one process runs and of partial ones (create_append_path)."""
    path = AppendPath(relation, relation.target, (), _given(relation, outer))
    path.workers = workers
    path.aware = aware
    if aware:  # long ones are begun first
        whole = sorted(whole, key=lambda p: (-p.total, -p.startup, p.relation.bits))
        partial = sorted(partial, key=lambda p: (-p.startup, -p.total, p.relation.bits))
    path.sources = [*whole, *partial]
    path.whole = len(whole)
    path.safe = relation.consider_parallel and all(source.safe for source in path.sources)
    if len(path.sources) == 1:
        only = path.sources[0]
        path.rows, path.startup, path.total, path.keys = only.rows, only.startup, only.total, only.keys
    elif aware:
        _share(level.costs, path, len(whole))
    else:
        path.startup = path.sources[0].startup if path.sources else 0.0
        for source in path.sources:
            path.rows += source.rows
            path.total += source.total
        path.total += level.costs.tuple * PER_ROW * path.rows
    if rows >= 0:
        path.rows = rows
    return path


def _given(relation: Relation, outer: int) -> Parameterization | None:
    """That the members read outer rows: what conditions these bring is theirs to know (get_appendrel_parampathinfo)."""
    if not outer:
        return None
    if outer not in relation.parameterizations:
        relation.parameterizations[outer] = Parameterization(outer, 0.0, [])
    return relation.parameterizations[outer]


def _share(c: CostParameters, path: AppendPath, whole: int) -> None:
    """The cost of an Append whose workers choose among the members (cost_append)."""
    divisor = parallel_divisor(path.workers, c.leader)
    for i, source in enumerate(path.sources):
        if i == 0:
            path.startup = source.startup
        elif i < path.workers:
            path.startup = min(path.startup, source.startup)
        if i < whole:
            path.rows += source.rows / divisor
        else:
            path.rows += source.rows * (parallel_divisor(source.workers, c.leader) / divisor)
            path.total += source.total
        path.rows = clamp_rows(path.rows)
    path.total += _longest(path.sources[:whole], path.workers)
    path.total += c.tuple * PER_ROW * path.rows


def _longest(whole: Sequence[Path], workers: int) -> float:
    """When the last worker is done with the members that cannot be split (append_nonpartial_cost)."""
    if not whole:
        return 0.0
    n = min(workers, len(whole))
    costs = [source.total for source in whole[:n]]
    least = n - 1
    for source in whole[n:]:
        costs[least] += source.total
        least = costs.index(min(costs))
    return max(costs)


def workers_of(level: Level, partial: Sequence[Path], members: int) -> int:
    """The most any member wants; with Parallel Append at least the logarithm of their number."""
    workers = max((source.workers for source in partial), default=0)
    if level.costs.parallel_append:
        workers = min(max(workers, members.bit_length()), level.costs.workers)
    return workers


def flattened(path: Path) -> list[Path]:
    """A member's path, or what it is an Append of itself (accumulate_append_subpath)."""
    if isinstance(path, MergeAppendPath) or (isinstance(path, AppendPath) and (not path.aware or not path.whole)):
        return path.sources
    return [path]


def merge_append(level: Level, relation: Relation, sources: Sequence[Path], keys: Keys) -> MergeAppendPath:
    """Sorted paths merged; those that are in no order are sorted first (create_merge_append_path)."""
    path = MergeAppendPath(relation, relation.target, keys)
    path.sources = list(sources)
    path.whole = len(path.sources)
    path.limit = level.limit_tuples if relation.bits == level.all_bits else -1.0
    path.safe = relation.consider_parallel and all(source.safe for source in sources)
    startup = total = 0.0
    for source in sources:
        path.rows += source.rows
        if contained(keys, source.keys):
            a, b = source.startup, source.total
        else:
            a, b = sort(level.costs, source.total, source.relation.tuples, source.target.width, path.limit)
        startup += a
        total += b
    if len(path.sources) == 1 and contained(keys, sources[0].keys):
        path.startup, path.total = startup, total
    else:
        path.startup, path.total = merge_cost(level.costs, len(path.sources), startup, total, path.rows)
    return path
