"""Costs of joins: initial and final costs of nested loops, merge and hash joins, as PostgreSQL splits them."""

from __future__ import annotations

from math import ceil, floor

from auroraml.planner.cost.numbers import max_align, page_count, relation_bytes
from auroraml.planner.cost.parameters import CostParameters


class Workspace:
    """What a join's initial cost leaves for its final cost (JoinCostWorkspace)."""

    __slots__ = (
        "batches", "buckets", "inner_rescan_run", "inner_rows", "inner_rows_total", "inner_run", "inner_skip_rows", "outer_rows",
        "outer_skip_rows", "run", "startup", "total",
    )  # fmt: skip

    def __init__(self) -> None:
        self.startup = 0.0
        self.total = 0.0
        self.run = 0.0
        self.inner_run = 0.0
        self.inner_rescan_run = 0.0
        self.outer_rows = 0.0
        self.inner_rows = 0.0
        self.outer_skip_rows = 0.0
        self.inner_skip_rows = 0.0
        self.buckets = 0
        self.batches = 0
        self.inner_rows_total = 0.0


def nest_loop_initial(
    outer_startup: float, outer_total: float, outer_rows: float, inner_startup: float, inner_total: float, rescan_startup: float,
    rescan_total: float, early_stop: bool,
) -> Workspace:  # fmt: skip
    """Lower bounds of a nested loop (initial_cost_nestloop); `early_stop`: semi, anti or unique inner."""
    w = Workspace()
    startup = outer_startup + inner_startup
    run = outer_total - outer_startup
    if outer_rows > 1:
        run += (outer_rows - 1) * rescan_startup
    inner_run = inner_total - inner_startup
    rescan_run = rescan_total - rescan_startup
    if early_stop:
        w.inner_run = inner_run
        w.inner_rescan_run = rescan_run
    else:
        run += inner_run
        if outer_rows > 1:
            run += (outer_rows - 1) * rescan_run
    w.startup = startup
    w.total = startup + run
    w.run = run
    return w


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


def hash_initial(
    c: CostParameters, clauses: int, outer_startup: float, outer_total: float, outer_rows: float, outer_width: int, inner_total: float,
    inner_rows: float, inner_width: int, outer_workers: int, inner_divisor: float, parallel_hash: bool,
) -> Workspace:  # fmt: skip
    """Lower bounds of a hash join (initial_cost_hashjoin)."""
    w = Workspace()
    startup = outer_startup
    run = outer_total - outer_startup
    startup += inner_total
    startup += (c.operator * clauses + c.tuple) * inner_rows
    run += c.operator * clauses * outer_rows
    rows_total = inner_rows * inner_divisor if parallel_hash else inner_rows
    w.buckets, w.batches = hash_table_size(c, rows_total, inner_width, outer_workers, parallel_hash)
    if w.batches > 1:
        outer_pages = page_count(outer_rows, outer_width)
        inner_pages = page_count(inner_rows, inner_width)
        startup += c.seq_page * inner_pages
        run += c.seq_page * (inner_pages + 2 * outer_pages)
    w.startup = startup
    w.total = startup + run
    w.run = run
    w.inner_rows_total = rows_total
    return w


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
