"""How many parallel workers a scan is worth, by the pages it reads (compute_parallel_worker)."""

from __future__ import annotations

from typing import Final

from auroraml.planner.cost.parameters import CostParameters

_MOST_THRESHOLD: Final = 2147483647 // 3


def _by_pages(pages: float, least: int) -> int:
    """One, and one more for each factor of three above the least size."""
    threshold = max(least, 1)
    workers = 1
    while pages >= threshold * 3:
        workers += 1
        threshold *= 3
        if threshold > _MOST_THRESHOLD:
            break
    return workers


def scan_workers(c: CostParameters, heap_pages: float, index_pages: float, wanted: int, member: bool) -> int:
    """Workers for a scan of so many heap and index pages (-1: none looked at).

    `wanted` is the table's storage parameter parallel_workers (-1: not set); a `member` of a UNION ALL may be small.
    """
    if wanted >= 0:
        return min(wanted, c.workers)
    if not member and (0 <= heap_pages < c.min_table_pages or 0 <= index_pages < c.min_index_pages):
        return 0
    workers = 0
    if heap_pages >= 0:
        workers = _by_pages(heap_pages, c.min_table_pages)
    if index_pages >= 0:
        found = _by_pages(index_pages, c.min_index_pages)
        workers = min(workers, found) if workers > 0 else found
    return min(workers, c.workers)
