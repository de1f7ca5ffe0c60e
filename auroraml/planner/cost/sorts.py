"""Costs of sorting, incremental sorting, merging and keeping rows."""

from __future__ import annotations

from math import ceil, log
from typing import Final

from auroraml.planner.cost.numbers import log2, page_count, relation_bytes
from auroraml.planner.cost.parameters import BLOCK, DISABLED, CostParameters

_LEAST_ORDER: Final = 6
_MOST_ORDER: Final = 500


def tuple_sort(c: CostParameters, tuples: float, width: int, limit: float) -> tuple[float, float]:
    """Startup and run cost of one sort of `tuples` rows (cost_tuplesort); `limit` below 0 for all."""
    input_bytes = relation_bytes(tuples, width)
    tuples = max(tuples, 2.0)
    comparison = 2.0 * c.operator
    if 0 < limit < tuples:
        output = limit
        output_bytes = relation_bytes(output, width)
    else:
        output = tuples
        output_bytes = input_bytes
    if output_bytes > c.work_memory:
        pages = float(ceil(input_bytes / BLOCK))
        runs = input_bytes / c.work_memory
        order = float(min(max(c.work_memory // (2 * BLOCK + 32 * BLOCK), _LEAST_ORDER), _MOST_ORDER))
        startup = comparison * tuples * log2(tuples)
        passes = float(ceil(log(runs) / log(order))) if runs > order else 1.0
        startup += (2.0 * pages * passes) * (c.seq_page * 0.75 + c.random_page * 0.25)
    elif tuples > 2 * output or input_bytes > c.work_memory:
        startup = comparison * tuples * log2(2.0 * output)
    else:
        startup = comparison * tuples * log2(tuples)
    return startup, c.operator * tuples


def sort(c: CostParameters, input_total: float, tuples: float, width: int, limit: float) -> tuple[float, float]:
    """Startup and total of a Sort (cost_sort)."""
    startup, run = tuple_sort(c, tuples, width, limit)
    if not c.sort:
        startup += DISABLED
    startup += input_total
    return startup, startup + run


def incremental_sort(
    c: CostParameters, input_startup: float, input_total: float, tuples: float, width: int, limit: float, groups: float
) -> tuple[float, float]:
    """Startup and total of an Incremental Sort over `groups` presorted groups (cost_incremental_sort)."""
    run_in = input_total - input_startup
    tuples = max(tuples, 2.0)
    group_tuples = tuples / groups
    group_run_in = run_in / groups
    group_startup, group_run = tuple_sort(c, 1.5 * group_tuples, width, limit)
    startup = group_startup + input_startup + group_run_in
    run = group_run + (group_run + group_startup) * (groups - 1) + group_run_in * (groups - 1)
    run += c.tuple * tuples
    run += 2.0 * c.tuple * groups
    return startup, startup + run


def material(c: CostParameters, input_startup: float, input_total: float, tuples: float, width: int) -> tuple[float, float]:
    """Startup and total of a Materialize (cost_material)."""
    run = input_total - input_startup
    size = relation_bytes(tuples, width)
    run += 2 * c.operator * tuples
    if size > c.work_memory:
        run += c.seq_page * float(ceil(size / BLOCK))
    return input_startup, input_startup + run


def kept_rescan(c: CostParameters, tuples: float, width: int, per_tuple: float) -> float:
    """Reading kept rows again (cost_rescan of Material, Sort, CTE Scan)."""
    run = per_tuple * tuples
    size = relation_bytes(tuples, width)
    if size > c.work_memory:
        run += c.seq_page * float(ceil(size / BLOCK))
    return run


def merge_append(c: CostParameters, streams: int, input_startup: float, input_total: float, tuples: float) -> tuple[float, float]:
    """Startup and total of a Merge Append (cost_merge_append)."""
    n = 2.0 if streams < 2 else float(streams)
    comparison = 2.0 * c.operator
    startup = comparison * n * log2(n)
    run = tuples * comparison * log2(n)
    run += c.tuple * 0.5 * tuples
    return startup + input_startup, startup + run + input_total


def gather(c: CostParameters, sub_startup: float, sub_total: float, rows: float) -> tuple[float, float]:
    """Startup and total of a Gather (cost_gather)."""
    startup = sub_startup + c.parallel_setup
    run = sub_total - sub_startup + c.parallel_tuple * rows
    return startup, startup + run


def gather_merge(c: CostParameters, workers: int, input_startup: float, input_total: float, rows: float) -> tuple[float, float]:
    """Startup and total of a Gather Merge (cost_gather_merge)."""
    startup = 0.0 if c.gathermerge else DISABLED
    n = float(workers) + 1
    comparison = 2.0 * c.operator
    startup += comparison * n * log2(n)
    run = rows * comparison * log2(n)
    run += c.operator * rows
    startup += c.parallel_setup
    run += c.parallel_tuple * rows * 1.05
    return startup + input_startup, startup + run + input_total


__all__ = ["gather", "gather_merge", "incremental_sort", "kept_rescan", "material", "merge_append", "page_count", "sort", "tuple_sort"]
