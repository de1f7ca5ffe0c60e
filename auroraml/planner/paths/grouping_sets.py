"""Paths for grouping sets: all hashed, all sorted, or some of each (consider_groupingsets_paths)."""

from __future__ import annotations

from math import floor

from auroraml.planner.cost.grouping import AggregateCosts, aggregate, entry_size, hashing
from auroraml.planner.cost.numbers import clamp_rows
from auroraml.planner.cost.sorts import sort
from auroraml.planner.level.level import Level
from auroraml.planner.level.pathkeys import contained
from auroraml.planner.level.relation import Relation
from auroraml.planner.level.rollups import Rollup, Set
from auroraml.planner.paths.dominance import add_path
from auroraml.planner.paths.path import AggregatePath, Path


def count_groups(level: Level, rows: float) -> float:
    """The groups of all sets, noted with each (get_number_of_groups)."""
    total = 0.0
    for rollup in level.rollups:
        exprs = [c.expr for c in rollup.clauses]
        rollup.groups = [level.estimates.groups(exprs[: len(s)], rows) if s else 1.0 for s in rollup.sets]
        total += sum(rollup.groups)
    return total


class SetPaths:
    """What one grouped relation's paths have in common."""

    def __init__(self, level: Level, made: Relation, costs: AggregateCosts, groups: float) -> None:
        self.level = level
        self.made = made
        self.costs = costs
        self.groups = groups
        self.memory = float(level.costs.hash_memory)

    def _table(self, path: Path, groups: float) -> float:
        return entry_size(self.costs.states, path.target.width, self.costs.space) * groups

    def hashed(self, path: Path) -> None:
        """Hash tables only, over input in any order; the first rollup uses an order that happens to be there."""
        rollups = self.level.rollups
        kept = rollups[0] if contained(self.level.group_keys, path.keys) else None
        rest = rollups if kept is None else rollups[1:]
        if self._table(path, self.groups - (0.0 if kept is None else sum(kept.groups))) > self.memory or not all(r.hashable for r in rest):
            return
        single = [(s, groups) for r in rest for s, groups in zip(r.sets, r.groups, strict=True)]
        made = [self._alone(s, groups) for s, groups in single if s]
        empty = [s for s, _ in single if not s]
        if not made:
            return
        if kept is not None:
            made.append(kept)
        elif empty:
            made.append(Rollup([], empty))
            made[-1].groups = [1.0] * len(empty)
        add_path(self.made, self._path(path, "mixed" if kept is not None or empty else "hashed", made))

    def sorted(self, path: Path, can_hash: bool) -> None:
        """Sorted input: one order after another, and hash tables in place of some of the sorts."""
        rollups = self.level.rollups
        if can_hash and any(r.hashable for r in rollups):
            mixed = self._mixed(path)
            if mixed:
                add_path(self.made, self._path(path, "mixed", mixed))
        add_path(self.made, self._path(path, "sorted", rollups))

    def _mixed(self, path: Path) -> list[Rollup]:
        """As many of the rollups behind the first as memory has room for are hashed."""
        rollups = self.level.rollups
        if len(rollups) < 2:
            return []
        scale = max(self.memory / (20.0 * len(rollups)), 1.0)
        capacity = floor(self.memory / scale)
        candidates = [r for r in rollups[1:] if r.hashable]
        weights = [int(min(floor(self._table(path, sum(r.groups)) / scale), capacity + 1.0)) for r in candidates]
        chosen = knapsack(capacity, weights)
        if not chosen:
            return []
        hashed = [candidates[i] for i in sorted(chosen)]
        made = [r for r in rollups if not any(r is other for other in hashed)]
        for rollup in hashed:
            for s, groups in zip(rollup.sets, rollup.groups, strict=True):
                made.insert(0, self._alone(s, groups))
        return made

    def _alone(self, columns: Set, groups: float) -> Rollup:
        by_ref = {c.ref: c for c in self.level.group_clauses}
        made = Rollup([by_ref[ref] for ref in columns], [columns], hashable=True, hashed=True)
        made.groups = [groups]
        return made

    def _path(self, source: Path, strategy: str, rollups: list[Rollup]) -> AggregatePath:
        """create_groupingsets_path."""
        level, c = self.level, self.level.costs
        if len(rollups) == 1:
            strategy = {"sorted": "sorted" if rollups[0].clauses else "plain", "mixed": "hashed"}.get(strategy, strategy)
        path = AggregatePath(self.made, self.made.target, source, level.group_keys if strategy == "sorted" and len(rollups) == 1 else ())
        path.strategy = strategy
        path.group = [clause.ref for clause in level.group_clauses]
        path.quals = list(level.query.having)
        path.phase = "whole"
        tables = [n for rollup in rollups if rollup.hashed for n in rollup.groups]
        path.hashing = hashing(c, source.target.width, self.costs.space, tables) if tables else None
        path.rollups = rollups
        sorts_itself = False
        for place, rollup in enumerate(rollups):
            how = strategy if place == 0 else "hashed" if rollup.hashed else "sorted"
            startup, total = (source.startup, source.total) if place == 0 else (0.0, 0.0)
            if place and not rollup.hashed and sorts_itself:
                startup, total = sort(c, 0.0, source.rows, source.target.width, -1.0)
            sorts_itself |= not rollup.hashed
            costs = aggregate(c, how, self.costs, len(rollup.sets[0]), sum(rollup.groups), startup, total, source.rows, source.target.width)
            startup, total, rows = self._tested(*costs)
            if place == 0:
                path.startup, path.total, path.rows = startup, total, rows
            else:
                path.total += total
                path.rows += rows
        target = path.target
        path.startup += target.startup
        path.total += target.startup + target.per_tuple * path.rows
        return path

    def _tested(self, startup: float, total: float, rows: float) -> tuple[float, float, float]:
        quals = self.level.query.having
        if not quals:
            return startup, total, rows
        qual_startup, per_tuple = self.level.estimates.costs.total(quals)
        return startup + qual_startup, total + qual_startup + rows * per_tuple, clamp_rows(rows * self.level.estimates.having(quals))


def knapsack(capacity: int, weights: list[int]) -> set[int]:
    """The items, all worth the same, whose number is largest within the capacity (DiscreteKnapsack)."""
    values = [0.0] * (capacity + 1)
    chosen: list[set[int]] = [set() for _ in range(capacity + 1)]
    for i, weight in enumerate(weights):
        for room in range(capacity, weight - 1, -1):
            rest = room - weight
            if values[room] <= values[rest] + 1:
                values[room] = values[rest] + 1
                chosen[room] = chosen[rest] | {i}
    return chosen[capacity]
