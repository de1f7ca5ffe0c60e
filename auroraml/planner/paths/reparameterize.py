"""A scan that reads more outer rows than it was made for, so that all members of an Append read the same (reparameterize_path)."""

from __future__ import annotations

from copy import copy
from functools import singledispatch

from auroraml.planner.level.level import Level
from auroraml.planner.paths.append import append
from auroraml.planner.paths.bitmaps import bitmap_heap
from auroraml.planner.paths.index_costs import charge
from auroraml.planner.paths.path import AppendPath, BitmapPath, IndexPath, MergeAppendPath, Path, SeqPath, SubqueryPath
from auroraml.planner.paths.scans import sequential
from auroraml.planner.paths.sizes import parameterization
from auroraml.planner.paths.subqueries import subquery_scan


def reparameterized(level: Level, path: Path, outer: int) -> Path | None:
    """The path with the conditions that rows of `outer` bring; None where its kind cannot take them."""
    return _again(path, level, outer)


@singledispatch
def _again(path: Path, level: Level, outer: int) -> Path | None:
    return None


@_again.register
def _(path: SeqPath, level: Level, outer: int) -> Path:
    return sequential(level, path.relation, outer, 0)


@_again.register
def _(path: IndexPath, level: Level, outer: int) -> Path:
    made = copy(path)
    made.parameterize(parameterization(level, path.relation, outer))
    made.sorted_costs = None
    charge(level, path.relation, made, 1.0)
    return made


@_again.register
def _(path: BitmapPath, level: Level, outer: int) -> Path:
    return bitmap_heap(level, path.relation, path.tree, outer, 1.0)


@_again.register
def _(path: SubqueryPath, level: Level, outer: int) -> Path:
    return subquery_scan(level, path.relation, path.source, path.keys, outer)


@_again.register
def _(path: AppendPath, level: Level, outer: int) -> Path | None:
    if isinstance(path, MergeAppendPath):
        return None
    parts = [reparameterized(level, source, outer) for source in path.sources]
    known = [part for part in parts if part is not None]
    return append(level, path.relation, known, outer=outer) if len(known) == len(parts) else None
