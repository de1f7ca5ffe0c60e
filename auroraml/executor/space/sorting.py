"""The memory or disk of a sort, and the method it leads to (tuplesort.c)."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from auroraml.batch import Index
from auroraml.executor.space.chunks import CHUNK_HEADER, generation_chunks, set_chunks
from auroraml.records import dataclass
from auroraml.storage.sizes import Sizes

FIRST_SLOTS, SLOT = 1024, 24
PAGE, PAGE_PAYLOAD = 8_192, 8_176  # of a tape
NOT_WRITTEN, LENGTH_WORD = 10, 4  # bytes of a tuple's header that are not written; of what is written before it
LEAST_TAPES, MOST_TAPES, TAPE_MEMORY = 6, 500, 2 * PAGE + 32 * PAGE


@dataclass(frozen=True, kw_only=True)
class SortSpace:
    """As EXPLAIN ANALYZE prints it."""

    method: str  # quicksort, top-N heapsort, external sort, external merge
    kind: str  # Memory, Disk
    size: int  # in bytes
    slots: int  # of the array of tuples

    @property
    def kilobytes(self) -> int:
        """Rounded up."""
        return (self.size + 1023) // 1024


class Reused:
    """One sort's state used for one set of rows after another (tuplesort_reset): it reports the most it has taken.

    An array of the first size is kept over a reset, and PostgreSQL forgets to count it again.
    """

    def __init__(self) -> None:
        self.most: SortSpace | None = None
        self.slots = 0

    @property
    def uncounted(self) -> int:
        """Bytes of the array that are not counted in the next sort."""
        return _array(FIRST_SLOTS) if self.slots == FIRST_SLOTS else 0

    def add(self, space: SortSpace) -> SortSpace:
        """One more sort; what is reported after it."""
        self.slots = space.slots
        most = self.most
        if most is None or (space.kind == "Disk") > (most.kind == "Disk") or (space.kind == most.kind and space.size > most.size):
            most = space
        if most.kind == "Memory":
            most = replace(most, method=space.method)
        self.most = most
        return most


def _array(slots: int) -> int:
    return slots * SLOT + CHUNK_HEADER


def sort_space(
    sizes: Sizes | None, rows: int, memory: int, *, bound: int | None = None, codes: Callable[[], Index] | None = None, uncounted: int = 0
) -> SortSpace:
    """For `rows` tuples of these sizes (None: one column kept in its slot) as they come in, in `memory` bytes.

    `uncounted` bytes of the array are left out. `bound`: no more rows than that will be read; `codes` then says how the first 2 × bound + 1 rows are ordered.
    """
    memory += uncounted
    chunks = np.zeros(rows, np.int64) if sizes is None else (generation_chunks if bound is None else set_chunks)(sizes)
    used = np.cumsum(chunks)
    slots, growing, full = FIRST_SLOTS, True, rows
    while True:
        reached = min(slots - 1, rows)
        short = int(np.searchsorted(used[:reached], memory - _array(slots), "right"))
        if short < reached:
            full = short
            break
        if rows < slots:
            break
        larger = _grown(slots, int(used[slots - 1]), memory) if growing else 0
        growing = larger == 2 * slots
        if not larger:
            full = slots - 1
            break
        slots = larger
    if bound is not None and rows > bound and ((full >= 2 * bound and rows > 2 * bound) or bound <= full < rows):
        return _heap(chunks, min(2 * bound + 1, full + 1), bound, codes, _slots_for(2 * bound + 1, slots), uncounted)
    if full == rows:
        return SortSpace(method="quicksort", kind="Memory", size=_array(slots) - uncounted + (int(used[-1]) if rows else 0), slots=slots)
    return _external(sizes, chunks, rows, full, slots, memory)


def _slots_for(count: int, most: int) -> int:
    slots = FIRST_SLOTS
    while slots <= count and slots < most:
        slots *= 2
    return min(slots, most)


def _grown(slots: int, tuples: int, memory: int) -> int:
    """The slots of an enlarged array; 0 where there is no room for it (grow_memtuples)."""
    used = _array(slots) + tuples
    larger = slots * 2 if used <= memory - used else int(slots * (memory / used))
    return larger if larger > slots and memory - used >= (larger - slots) * SLOT else 0


def _heap(chunks: Sizes, begun: int, bound: int, codes: Callable[[], Index] | None, slots: int, uncounted: int) -> SortSpace:
    """A bounded heap begun over `begun` rows: those it pushes out while it is made stay in memory."""
    left = 0
    keys = codes() if codes is not None else np.zeros(0, np.int64)
    if len(keys) and bound:
        order = np.argsort(keys, kind="stable")
        kept = order[:bound]
        left = int(chunks[kept].sum())
        first = keys[:begun].tolist()
        pushed = _pushed_out(first, bound)
        left += int(chunks[pushed].sum()) if pushed else 0
    return SortSpace(method="top-N heapsort", kind="Memory", size=_array(slots) - uncounted + left, slots=slots)


def _pushed_out(keys: list[int], bound: int) -> list[int]:
    """The rows that a heap of the least `bound` gives up for later ones: a loop over rows, since each step depends on the one before."""
    heap = [(-key, row) for row, key in enumerate(keys[:bound])]
    heapq.heapify(heap)
    return [heapq.heapreplace(heap, (-key, row))[1] for row, key in enumerate(keys[bound:], bound) if key < -heap[0][0]]


def _external(sizes: Sizes | None, chunks: Sizes, rows: int, full: int, slots: int, memory: int) -> SortSpace:
    """Runs on tapes: each as long as memory allows, one tape after another."""
    tapes = min(max(memory // TAPE_MEMORY, LEAST_TAPES), MOST_TAPES)
    written = np.full(rows, LENGTH_WORD + 8, np.int64) if sizes is None else LENGTH_WORD + sizes - NOT_WRITTEN
    left = memory - _array(slots)
    if tapes * PAGE + _array(slots) < memory:
        left -= tapes * PAGE
    used, bytes_ = np.cumsum(chunks), np.cumsum(written)
    on_tape = [0] * tapes
    start, end, runs = 0, full + 1, 0
    while start < rows:
        end = min(end, rows)
        on_tape[runs % tapes] += int(bytes_[end - 1] - (bytes_[start - 1] if start else 0)) + LENGTH_WORD
        runs += 1
        base = int(used[end - 1])
        start, end = end, min(int(np.searchsorted(used, base + max(left, 0), "right")) + 1, end + slots)
        end = max(end, start + 1)
    pages = sum(-(-size // PAGE_PAYLOAD) for size in on_tape)
    return SortSpace(method="external merge" if runs > 1 else "external sort", kind="Disk", size=pages * PAGE, slots=slots)
