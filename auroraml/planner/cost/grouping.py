"""Costs of aggregation, grouping and window functions."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log

from auroraml.ir.hashing import Hashing, hash_limits
from auroraml.planner.cost.numbers import relation_bytes
from auroraml.planner.cost.parameters import BLOCK, DISABLED, CostParameters


class AggregateCosts:
    """What the aggregates of a query cost (AggClauseCosts): per input row, per group, bytes of state a group."""

    __slots__ = ("final_per_tuple", "final_startup", "space", "states", "trans_per_tuple", "trans_startup")

    def __init__(self) -> None:
        self.trans_startup = 0.0
        self.trans_per_tuple = 0.0
        self.final_startup = 0.0
        self.final_per_tuple = 0.0
        self.space = 0
        self.states = 0


def entry_size(states: int, width: int, space: int) -> float:
    """The bytes of one hash table entry (hash_agg_entry_size)."""
    size = 24 + 16 + 16 + width
    if states:
        size += 16 + 16 * states
    if space > 0:
        size += 16 + space
    return float(size)


def hashing(c: CostParameters, width: int, space: int, groups: Sequence[float]) -> Hashing:
    """What a hashed aggregate prepares for, given the groups of each of its tables."""
    entry = entry_size(0, width, space)  # ExecInitAgg asks before it has counted the states
    return Hashing(groups=tuple(groups), entry=entry, partitions=hash_limits(float(c.hash_memory), entry, sum(groups))[2])


def aggregate(
    c: CostParameters, strategy: str, costs: AggregateCosts, columns: int, groups: float, input_startup: float, input_total: float, tuples: float,
    width: int,
) -> tuple[float, float, float]:  # fmt: skip
    """Startup, total and rows before HAVING (cost_agg)."""
    if strategy == "plain":
        startup = input_total
        startup += costs.trans_startup
        startup += costs.trans_per_tuple * tuples
        startup += costs.final_startup
        startup += costs.final_per_tuple
        return startup, startup + c.tuple, 1.0
    if strategy in ("sorted", "mixed"):
        startup = input_startup
        total = input_total
        if strategy == "mixed" and not c.hashagg:
            startup += DISABLED
            total += DISABLED
        total += costs.trans_startup
        total += costs.trans_per_tuple * tuples
        total += (c.operator * columns) * tuples
        total += costs.final_startup
        total += costs.final_per_tuple * groups
        total += c.tuple * groups
    else:
        startup = input_total
        if not c.hashagg:
            startup += DISABLED
        startup += costs.trans_startup
        startup += costs.trans_per_tuple * tuples
        startup += (c.operator * columns) * tuples
        startup += costs.final_startup
        total = startup
        total += costs.final_per_tuple * groups
        total += c.tuple * groups
    if strategy in ("hashed", "mixed"):
        entry = entry_size(costs.states, width, costs.space)
        limit, most, partitions = hash_limits(float(c.hash_memory), entry, groups)
        batches = max((groups * entry) / limit, groups / max(most, 1.0))
        batches = max(float(ceil(batches)), 1.0)
        parts = max(partitions, 2)
        depth = float(ceil(log(batches) / log(parts)))
        pages = relation_bytes(tuples, width) / BLOCK
        moved = pages * depth * 2.0
        startup += moved * c.random_page
        total += moved * c.random_page
        total += moved * c.seq_page
        spill = depth * tuples * 2.0 * c.tuple
        startup += spill
        total += spill
    return startup, total, groups


def group(c: CostParameters, columns: int, input_startup: float, input_total: float, tuples: float) -> tuple[float, float]:
    """Startup and total of a Group node before HAVING (cost_group)."""
    return input_startup, input_total + (c.operator * tuples) * columns


def window(
    c: CostParameters, input_startup: float, input_total: float, tuples: float, calls: list[tuple[float, float]], columns: int
) -> tuple[float, float]:
    """Startup and total of a WindowAgg; `calls` are (startup, per tuple) of each function with its arguments (cost_windowagg)."""
    startup, total = input_startup, input_total
    for call_startup, per_tuple in calls:
        startup += call_startup
        total += call_startup
        total += per_tuple * tuples
    total += c.operator * columns * tuples
    total += c.tuple * tuples
    return startup, total
