"""DISTINCT: sorted and hashed, in the leader or first in each worker (create_distinct_paths)."""

from __future__ import annotations

from auroraml.planner.cost.grouping import AggregateCosts, aggregate, hashing
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import type_family
from auroraml.planner.level.pathkeys import contained
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.dominance import add_partial_path, add_path, set_cheapest
from auroraml.planner.paths.grouping import hashable
from auroraml.planner.paths.parallel import plain_gathers
from auroraml.planner.paths.path import AggregatePath, Path, UpperUniquePath
from auroraml.planner.paths.steps import sorted_path


def distinct(level: Level, source: Relation) -> Relation:
    """create_distinct_paths."""
    made = level.upper(source.bits)
    made.consider_startup = source.consider_startup
    made.consider_parallel = source.consider_parallel
    assert source.cheapest_total is not None
    made.target = source.cheapest_total.target
    _final(level, made, source)
    if source.consider_parallel and source.partial_paths and level.query.distinct_on is None:
        partly = _in_workers(level, source)
        if partly.paths:
            _final(level, made, partly)
    set_cheapest(made)
    return made


def _in_workers(level: Level, source: Relation) -> Relation:
    """Each worker's distinct rows, gathered (create_partial_distinct_paths)."""
    made = level.upper(source.bits)
    made.consider_startup = source.consider_startup
    made.consider_parallel = source.consider_parallel
    cheapest = source.partial_paths[0]
    made.target = cheapest.target
    clauses = level.distinct_clauses
    rows = level.estimates.groups([c.expr for c in clauses], cheapest.rows)
    if all(type_family(c.expr.type) for c in clauses):
        for path in source.partial_paths:
            if contained(level.distinct_keys, path.keys):
                add_partial_path(made, _unique(level, made, path, rows))
    if level.costs.hashagg and all(hashable(c.expr) for c in clauses):
        add_partial_path(made, _hashed(level, made, cheapest, rows))
    if made.partial_paths:
        plain_gathers(level, made, True)
        set_cheapest(made)
    return made


def _final(level: Level, made: Relation, source: Relation) -> None:
    """create_final_distinct_paths."""
    query = level.query
    cheapest = source.cheapest_total
    assert cheapest is not None
    clauses = level.distinct_clauses
    if query.grouped or query.group_by or query.having or query.grouping_sets is not None:
        rows = cheapest.rows
    else:
        rows = level.estimates.groups([c.expr for c in clauses], cheapest.rows)
    on = query.distinct_on is not None
    if all(type_family(c.expr.type) for c in clauses):
        longer = len(level.distinct_keys) < len(level.sort_keys)
        needed = level.sort_keys if on and longer else level.distinct_keys
        for path in source.paths:
            if contained(needed, path.keys):
                add_path(made, _unique(level, made, path, rows))
        needed = level.sort_keys if longer else level.distinct_keys
        path = cheapest
        if not contained(needed, path.keys):
            path = sorted_path(level, made, path, needed, -1.0)
        add_path(made, _unique(level, made, path, rows))
    hashing = not made.paths or (not on and level.costs.hashagg)
    if hashing and all(hashable(c.expr) for c in clauses):
        add_path(made, _hashed(level, made, cheapest, rows))


def _hashed(level: Level, made: Relation, source: Path, rows: float) -> AggregatePath:
    """A hashed aggregate without aggregates."""
    clauses = level.distinct_clauses
    path = AggregatePath(made, source.target, source)
    path.strategy = "hashed"
    path.group = [c.ref for c in clauses]
    path.quals = []
    path.phase = "whole"
    path.hashing = hashing(level.costs, source.target.width, 0, [rows])
    path.rollups = []
    path.startup, path.total, path.rows = aggregate(
        level.costs, "hashed", AggregateCosts(), len(clauses), rows, source.startup, source.total, source.rows, source.target.width
    )
    target = source.target
    path.startup += target.startup
    path.total += target.startup + target.per_tuple * path.rows
    return path


def _unique(level: Level, made: Relation, source: Path, rows: float) -> Path:
    """create_upper_unique_path."""
    path = UpperUniquePath(made, source.target, source, source.keys)
    path.columns = len(level.distinct_keys)
    path.rows = rows
    path.startup = source.startup
    path.total = source.total + level.costs.operator * source.rows * path.columns
    return path
