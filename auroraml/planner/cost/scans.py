"""Costs of scans: sequential, index, bitmap, function, subquery, values, CTE."""

from __future__ import annotations

from math import ceil, log, sqrt

from auroraml.planner.cost.numbers import clamp_rows, parallel_divisor, rint
from auroraml.planner.cost.parameters import BLOCK, DISABLED, CostParameters


def seq_scan(
    c: CostParameters, pages: float, tuples: float, qual_startup: float, qual_per_tuple: float, target_startup: float, target_per_tuple: float,
    rows: float, workers: int,
) -> tuple[float, float, float]:  # fmt: skip
    """Startup, total and rows of a sequential scan (cost_seqscan); `rows` as a serial scan returns them."""
    startup = 0.0
    if not c.seqscan:
        startup += DISABLED
    disk = c.seq_page * pages
    startup += qual_startup
    cpu = (c.tuple + qual_per_tuple) * tuples
    startup += target_startup
    cpu += target_per_tuple * rows
    if workers > 0:
        divisor = parallel_divisor(workers, c.leader)
        cpu /= divisor
        rows = clamp_rows(rows / divisor)
    return startup, startup + cpu + disk, rows


def sample_scan(
    c: CostParameters, by_page: bool, pages: float, tuples: float, qual_startup: float, qual_per_tuple: float, target_startup: float,
    target_per_tuple: float, rows: float,
) -> tuple[float, float, float]:  # fmt: skip
    """Startup, total and rows of a sample scan of so many pages and tuples, which are read one after another or `by_page` (cost_samplescan)."""
    run = (c.random_page if by_page else c.seq_page) * pages
    startup = qual_startup
    run += (c.tuple + qual_per_tuple) * tuples
    startup += target_startup
    run += target_per_tuple * rows
    return startup, startup + run, rows


def tid_range(share: float, pages: float, tuples: float) -> tuple[float, float]:
    """The pages and tuples that a range of a table's pages has (cost_tidrangescan)."""
    found = float(ceil(share * pages))
    return (found if found > 0.0 else 1.0), share * tuples


def tid_scan(
    c: CostParameters, disk: float, tuples: float, quals: tuple[float, float], own: float, target_startup: float, target_per_tuple: float, rows: float
) -> tuple[float, float]:
    """Startup and total of a scan of rows by page and line (cost_tidscan): `own` is paid once, the other conditions for each tuple."""
    startup = 0.0
    if not c.tidscan:
        startup += DISABLED
    run = disk
    startup += quals[0] + own
    per_tuple = c.tuple + quals[1] - own
    run += per_tuple * tuples
    startup += target_startup
    run += target_per_tuple * rows
    return startup, startup + run


def index_pages_fetched(c: CostParameters, tuples: float, pages: float, index_pages: float, total_table_pages: float) -> float:
    """Heap pages read for `tuples` index entries, cache considered (Mackert and Lohman; index_pages_fetched)."""
    t = pages if pages > 1 else 1.0
    total = total_table_pages + index_pages
    total = max(total, 1.0)
    b = c.cache_pages * t / total
    b = 1.0 if b <= 1.0 else float(ceil(b))
    if t <= b:
        fetched = (2.0 * t * tuples) / (2.0 * t + tuples)
        return t if fetched >= t else float(ceil(fetched))
    limit = (2.0 * t * b) / (2.0 * t - b)
    if tuples <= limit:
        fetched = (2.0 * t * tuples) / (2.0 * t + tuples)
    else:
        fetched = b + (tuples - limit) * (t - b) / t
    return float(ceil(fetched))


class IndexWalk:
    """What the cost of reading an index depends on: its size, how often it is read, how many conditions it tests."""

    __slots__ = ("argument", "array_scans", "height", "loop_count", "pages", "quals", "table_pages", "tuples")

    def __init__(
        self, *, tuples: float, pages: float, height: int, array_scans: float, loop_count: float, quals: int, argument: float, table_pages: float
    ) -> None:
        self.tuples = tuples
        self.pages = pages
        self.height = height
        self.array_scans = array_scans
        self.loop_count = loop_count
        self.quals = quals
        self.argument = argument  # cost of the values that keys are compared with
        self.table_pages = table_pages


def _index_scan_cost(c: CostParameters, index: IndexWalk, visited: float) -> tuple[float, float, float]:
    """Startup, total cost and pages of reading `visited` entries of any index (genericcostestimate)."""
    tuples = max(rint(visited), 1.0)
    tuples = min(tuples, index.tuples)
    tuples = max(tuples, 1.0)
    pages = float(ceil(tuples * index.pages / index.tuples)) if index.pages > 1 and index.tuples > 1 else 1.0
    scans = index.array_scans * index.loop_count
    if scans > 1:
        fetched = index_pages_fetched(c, pages * scans, index.pages, index.pages, index.table_pages)
        total = fetched * c.random_page / index.loop_count
    else:
        total = pages * c.random_page
    total += index.argument
    total += tuples * index.array_scans * (c.index_tuple + c.operator * index.quals)
    return index.argument, total, pages


def btree_scan(c: CostParameters, index: IndexWalk, boundary_tuples: float) -> tuple[float, float, float]:
    """Startup, total cost and pages of walking a B-tree (btcostestimate); `boundary_tuples` per single scan."""
    startup, total, pages = _index_scan_cost(c, index, boundary_tuples)
    if index.tuples > 1:
        descent = ceil(log(index.tuples) / log(2.0)) * c.operator
        startup += descent
        total += index.array_scans * descent
    descent = (index.height + 1) * 50.0 * c.operator
    startup += descent
    total += index.array_scans * descent
    return startup, total, pages


def hash_scan(c: CostParameters, index: IndexWalk, tuples: float) -> tuple[float, float, float]:
    """Startup, total cost and pages of looking into a hash index (hashcostestimate)."""
    return _index_scan_cost(c, index, rint(tuples / index.array_scans))


def heap_pages_at_random(c: CostParameters, tuples: float, pages: float, index_pages: float, total_table_pages: float, selectivity: float) -> float:
    """Heap pages that one index scan reads if its rows lie anywhere."""
    return index_pages_fetched(c, clamp_rows(selectivity * tuples), pages, index_pages, total_table_pages)


def index_scan(
    c: CostParameters, *, tuples: float, pages: float, index_pages: float, total_table_pages: float, all_visible: float, selectivity: float,
    correlation: float, index_startup: float, index_total: float, index_only: bool, loop_count: float, qual_startup: float, qual_per_tuple: float,
    target_startup: float, target_per_tuple: float, rows: float, workers: int,
) -> tuple[float, float, float]:  # fmt: skip
    """Startup, total and rows of an index scan (cost_index)."""
    startup = 0.0
    if not c.indexscan or (index_only and not c.indexonlyscan):
        startup += DISABLED
    startup += index_startup
    run = index_total - index_startup
    fetched = clamp_rows(selectivity * tuples)
    hidden = 1.0 - all_visible
    if loop_count > 1:
        found = index_pages_fetched(c, fetched * loop_count, pages, index_pages, total_table_pages)
        if index_only:
            found = float(ceil(found * hidden))
        max_io = (found * c.random_page) / loop_count
        found = float(ceil(selectivity * pages))
        found = index_pages_fetched(c, found * loop_count, pages, index_pages, total_table_pages)
        if index_only:
            found = float(ceil(found * hidden))
        min_io = (found * c.random_page) / loop_count
    else:
        found = index_pages_fetched(c, fetched, pages, index_pages, total_table_pages)
        if index_only:
            found = float(ceil(found * hidden))
        max_io = found * c.random_page
        found = float(ceil(selectivity * pages))
        if index_only:
            found = float(ceil(found * hidden))
        min_io = 0.0
        if found > 0:
            min_io = c.random_page
            if found > 1:
                min_io += (found - 1) * c.seq_page
    squared = correlation * correlation
    run += max_io + squared * (min_io - max_io)
    startup += qual_startup
    cpu = (c.tuple + qual_per_tuple) * fetched
    startup += target_startup
    cpu += target_per_tuple * rows
    if workers > 0:
        divisor = parallel_divisor(workers, c.leader)
        rows = clamp_rows(rows / divisor)
        cpu /= divisor
    run += cpu
    return startup, startup + run, rows


def bitmap_pages(
    c: CostParameters, tuples: float, pages: float, index_pages: float, total_table_pages: float, selectivity: float, loop_count: float
) -> tuple[float, float]:
    """Heap pages a bitmap leads to and tuples looked at there (compute_bitmap_pages)."""
    fetched = clamp_rows(selectivity * tuples)
    t = pages if pages > 1 else 1.0
    found = (2.0 * t * fetched) / (2.0 * t + fetched)
    heap = min(found, pages)
    entries = max(c.work_memory // (32 + 32), 16)
    if loop_count > 1:
        found = index_pages_fetched(c, fetched * loop_count, pages, index_pages, total_table_pages)
        found /= loop_count
    found = t if found >= t else float(ceil(found))
    if entries < heap:
        lossy = max(0.0, heap - entries / 2)
        exact = heap - lossy
        if lossy > 0:
            fetched = clamp_rows(selectivity * (exact / heap) * tuples + (lossy / heap) * tuples)
    return found, fetched


def bitmap_entries(work_memory: int) -> int:
    """Page entries a bitmap may hold (tbm_calculate_entries)."""
    return max(work_memory // 64, 16)


def bitmap_heap_scan(
    c: CostParameters, *, pages: float, pages_fetched: float, tuples_fetched: float, index_total: float, qual_startup: float, qual_per_tuple: float,
    target_startup: float, target_per_tuple: float, rows: float, workers: int,
) -> tuple[float, float, float]:  # fmt: skip
    """Startup, total and rows of a bitmap heap scan (cost_bitmap_heap_scan)."""
    startup = 0.0 if c.bitmapscan else DISABLED
    startup += index_total
    t = pages if pages > 1 else 1.0
    if pages_fetched >= 2.0:
        page = c.random_page - (c.random_page - c.seq_page) * sqrt(pages_fetched / t)
    else:
        page = c.random_page
    run = pages_fetched * page
    startup += qual_startup
    cpu = (c.tuple + qual_per_tuple) * tuples_fetched
    if workers > 0:
        divisor = parallel_divisor(workers, c.leader)
        cpu /= divisor
        rows = clamp_rows(rows / divisor)
    run += cpu
    startup += target_startup
    run += target_per_tuple * rows
    return startup, startup + run, rows


def simple_scan(
    startup: float, per_tuple: float, tuples: float, qual_startup: float, target_startup: float, target_per_tuple: float, rows: float
) -> tuple[float, float]:
    """Function, values, CTE and result scans: `per_tuple` includes the quals; startup before quals is given."""
    start = startup + qual_startup
    run = per_tuple * tuples
    start += target_startup
    run += target_per_tuple * rows
    return start, start + run


__all__ = [
    "BLOCK",
    "IndexWalk",
    "bitmap_entries",
    "bitmap_heap_scan",
    "bitmap_pages",
    "btree_scan",
    "hash_scan",
    "heap_pages_at_random",
    "index_pages_fetched",
    "index_scan",
    "seq_scan",
    "simple_scan",
]
