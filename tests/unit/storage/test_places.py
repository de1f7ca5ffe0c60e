"""The page and line of rows: also where later rows fill space that earlier pages have left."""

from __future__ import annotations

import numpy as np

from auroraml.storage.heap import HeapFill


def brute(heap: HeapFill) -> list[tuple[int, int]]:
    counts: dict[int, int] = {}
    found = []
    starts, pages = heap.runs
    for row in range(heap.rows):
        page = int(pages[int(np.searchsorted(starts, row, "right")) - 1])
        counts[page] = counts.get(page, 0) + 1
        found.append((page, counts[page]))
    return found


def test_lines_count_on_where_a_page_is_filled_again() -> None:
    heap = HeapFill()
    random = np.random.default_rng(7)
    for _ in range(20):
        heap.add(random.integers(100, 4000, 15))
    assert len(heap.runs[1]) > len(set(heap.runs[1].tolist()))  # some page has several runs
    pages, lines = heap.places_of(np.arange(heap.rows))
    assert list(zip(pages.tolist(), lines.tolist(), strict=True)) == brute(heap)
    some = np.array([3, 299, 0])
    assert [(int(p), int(n)) for p, n in zip(*heap.places_of(some), strict=True)] == [brute(heap)[i] for i in some]
