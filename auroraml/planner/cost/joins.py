"""Costs of joins: initial and final costs of nested loops, merge and hash joins, as PostgreSQL splits them."""

from __future__ import annotations

from math import ceil, floor

from auroraml.planner.cost.numbers import max_align, page_count, relation_bytes
from auroraml.planner.cost.parameters import CostParameters


class MergeWork:
    """What a merge join's initial cost leaves for its final cost (JoinCostWorkspace): rows are those read of each side, and skipped."""

    __slots__ = ("inner_rows", "inner_run", "inner_skip_rows", "outer_rows", "outer_skip_rows", "run", "startup", "total")

    def __init__(
        self, startup: float, total: float, run: float, inner_run: float, outer_rows: float, inner_rows: float, outer_skip_rows: float,
        inner_skip_rows: float,
    ) -> None:  # fmt: skip
        self.startup = startup
        self.total = total
        self.run = run
        self.inner_run = inner_run
        self.outer_rows = outer_rows
        self.inner_rows = inner_rows
        self.outer_skip_rows = outer_skip_rows
        self.inner_skip_rows = inner_skip_rows


class HashWork:
    """The same of a hash join: the size of its table."""

    __slots__ = ("batches", "buckets", "inner_rows_total", "run", "startup", "total")

    def __init__(self, startup: float, run: float, buckets: int, batches: int, inner_rows_total: float) -> None:
        self.startup = startup
        self.total = startup + run
        self.run = run
        self.buckets = buckets
        self.batches = batches
        self.inner_rows_total = inner_rows_total


def hash_table_size(c: CostParameters, tuples: float, width: int, parallel_workers: int, combined: bool) -> tuple[int, int]:
    """Buckets and batches of a hash table (ExecChooseHashTableSize)."""
    if tuples <= 0.0:
        tuples = 1000.0
    size = 16 + 16 + max_align(width)
    inner_bytes = tuples * size
    memory = c.hash_memory
    if combined:
        memory = memory * (parallel_workers + 1)
    per_mcv = size + 8 * 8 + 4 + 16
    mcvs = (memory // per_mcv) * 2 // 100
    if mcvs > 0:
        memory -= mcvs * per_mcv
    pointers = 1 << ((memory // 8).bit_length() - 1)
    pointers = min(pointers, 1 << 26, 1 << 30)
    wanted = max(int(min(float(ceil(tuples)), float(pointers))), 1024)
    buckets = 1 << (wanted - 1).bit_length()
    if inner_bytes + 8 * buckets > memory:
        if combined:
            return hash_table_size(c, tuples, width, parallel_workers, False)
        bucket = size + 8
        fitting = 1 if memory <= bucket else 1 << (memory // bucket - 1).bit_length()
        buckets = min(fitting, pointers)
        batches = min(float(ceil(inner_bytes / (memory - buckets * 8))), float(pointers))
        return buckets, 1 << (max(2, int(batches)) - 1).bit_length()
    return buckets, 1


def hash_least(
    c: CostParameters, clauses: int, outer_startup: float, outer_total: float, outer_rows: float, inner_total: float, inner_rows: float
) -> tuple[float, float]:
    """Startup and run cost of a hash join whose table fits into memory, as far as they are known before its rows are."""
    startup = outer_startup
    run = outer_total - outer_startup
    startup += inner_total
    startup += (c.operator * clauses + c.tuple) * inner_rows
    run += c.operator * clauses * outer_rows
    return startup, run


def hash_initial(
    c: CostParameters, startup: float, run: float, outer_rows: float, outer_width: int, inner_rows: float, inner_width: int, outer_workers: int,
    inner_divisor: float, parallel_hash: bool,
) -> HashWork:  # fmt: skip
    """Lower bounds of a hash join (initial_cost_hashjoin) from those of one without batches."""
    rows_total = inner_rows * inner_divisor if parallel_hash else inner_rows
    buckets, batches = hash_table_size(c, rows_total, inner_width, outer_workers, parallel_hash)
    if batches > 1:
        outer_pages = page_count(outer_rows, outer_width)
        inner_pages = page_count(inner_rows, inner_width)
        startup += c.seq_page * inner_pages
        run += c.seq_page * (inner_pages + 2 * outer_pages)
    return HashWork(startup, run, buckets, batches, rows_total)


def memoize_rescan(
    c: CostParameters, input_startup: float, input_total: float, tuples: float, width: int, calls: float, distinct: float
) -> tuple[float, float, float]:
    """Startup and total of one more look-up through a Memoize, and its entries (cost_memoize_rescan)."""
    entry_bytes = relation_bytes(tuples, width) + 48 + 16 * tuples
    entries = float(floor(c.hash_memory / entry_bytes))
    kept = min(entries, distinct)
    evict = 1.0 - kept / distinct
    hit = 1.0 / distinct * kept - (distinct / calls)
    hit = max(hit, 0.0)
    total = input_total * (1.0 - hit) + c.operator
    total += c.tuple * evict
    total += c.operator / 10.0 * evict * tuples
    total += c.tuple + c.operator * tuples
    startup = input_startup * (1.0 - hit)
    startup += c.tuple
    return startup, total, kept
