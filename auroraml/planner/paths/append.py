"""Append: members one after another, or shared out among workers (create_append_path, add_paths_to_append_rel)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.planner.cost.numbers import clamp_rows, parallel_divisor
from auroraml.planner.cost.parameters import CostParameters
from auroraml.planner.level.level import Level
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.dominance import add_partial_path, add_path, cheapest_safe
from auroraml.planner.paths.path import AppendPath, Path

PER_ROW = 0.5  # of cpu_tuple_cost


def append(
    level: Level, relation: Relation, whole: Sequence[Path], partial: Sequence[Path] = (), workers: int = 0, aware: bool = False, rows: float = -1.0
) -> AppendPath:
    """An Append of paths that one process runs and of partial ones (create_append_path)."""
    path = AppendPath(relation, relation.target)
    path.workers = workers
    path.aware = aware
    if aware:  # long ones are begun first
        whole = sorted(whole, key=lambda p: (-p.total, -p.startup, p.relation.bits))
        partial = sorted(partial, key=lambda p: (-p.startup, -p.total, p.relation.bits))
    path.sources = [*whole, *partial]
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


def append_members(level: Level, relation: Relation, members: Sequence[Relation]) -> None:
    """The paths of a UNION ALL that was made part of its level (add_paths_to_append_rel)."""
    whole: list[Path] = []
    partial: list[Path] | None = []
    mixed: tuple[list[Path], list[Path]] | None = ([], []) if level.costs.parallel_append and relation.consider_parallel else None
    for member in members:
        assert member.cheapest_total is not None
        whole.append(member.cheapest_total)
        cheapest = member.partial_paths[0] if member.partial_paths else None
        if cheapest is None:
            partial = None
        elif partial is not None:
            partial.append(cheapest)
        if mixed is not None:
            safe = cheapest_safe(member.paths)
            if cheapest is None and safe is None:
                mixed = None
            elif safe is None or (cheapest is not None and cheapest.total < safe.total):
                assert cheapest is not None
                mixed[1].append(cheapest)
            else:
                mixed[0].append(safe)
    add_path(relation, append(level, relation, whole))
    rows = -1.0
    if partial:
        made = append(level, relation, (), partial, workers_of(level, partial, len(members)), level.costs.parallel_append)
        rows = made.rows
        add_partial_path(relation, made)
    if mixed is not None and mixed[0]:
        add_partial_path(relation, append(level, relation, mixed[0], mixed[1], workers_of(level, mixed[1], len(members)), True, rows))
