"""A scan that reads more outer rows than it was made for, so that all members of an Append read the same (reparameterize_path)."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Final

from auroraml.dispatch import Choices
from auroraml.planner.level.level import Level
from auroraml.planner.paths.append import append
from auroraml.planner.paths.bitmaps import bitmap_heap
from auroraml.planner.paths.index_costs import IndexPrice
from auroraml.planner.paths.path import AppendPath, BitmapPath, IndexPath, MergeAppendPath, Path, SeqPath, SubqueryPath
from auroraml.planner.paths.scans import sequential
from auroraml.planner.paths.sizes import parameterization
from auroraml.planner.paths.subqueries import subquery_scan


def reparameterized(level: Level, path: Path, outer: int) -> Path | None:
    """The path with the conditions that rows of `outer` bring; None where its kind cannot take them."""
    return _again(path, level, outer)


def _again(path: Path, level: Level, outer: int) -> Path | None:
    return _AGAIN[path.__class__](path, level, outer)


def _again_other(path: Path, level: Level, outer: int) -> Path | None:
    return None


def _again_seq_path(path: SeqPath, level: Level, outer: int) -> Path:
    return sequential(level, path.relation, outer, 0)


def _again_index_path(path: IndexPath, level: Level, outer: int) -> Path:
    made = copy(path)
    made.parameterize(parameterization(level, path.relation, outer))
    made.sorted_costs = None
    IndexPrice(level, path.relation, made, 1.0).put(made)
    return made


def _again_bitmap_path(path: BitmapPath, level: Level, outer: int) -> Path:
    return bitmap_heap(level, path.relation, path.tree, outer, 1.0)


def _again_subquery_path(path: SubqueryPath, level: Level, outer: int) -> Path:
    return subquery_scan(level, path.relation, path.source, path.keys, outer)


def _again_append_path(path: AppendPath, level: Level, outer: int) -> Path | None:
    if isinstance(path, MergeAppendPath):
        return None
    parts = [reparameterized(level, source, outer) for source in path.sources]
    known = [part for part in parts if part is not None]
    return append(level, path.relation, known, outer=outer) if len(known) == len(parts) else None


_AGAIN: Final[Choices[Callable[..., Path | None]]] = Choices(
    {
        object: _again_other,
        SeqPath: _again_seq_path,
        IndexPath: _again_index_path,
        BitmapPath: _again_bitmap_path,
        SubqueryPath: _again_subquery_path,
        AppendPath: _again_append_path,
    }
)
