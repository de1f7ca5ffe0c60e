"""The memory and disk of hashed aggregates: entries and bucket arrays in PostgreSQL's memory contexts (nodeAgg.c, execGrouping.c, aset.c)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auroraml.batch import Index
from auroraml.executor.space.buckets import FILL, Doubling, doublings
from auroraml.executor.space.chunks import CHUNK_HEADER, LARGEST
from auroraml.executor.space.hashes import Hashes
from auroraml.ir.hashing import BLOCK, Hashing, hash_limits
from auroraml.ir.metrics import GroupSpace
from auroraml.records import dataclass
from auroraml.storage.sizes import Sizes

INITIAL, BLOCK_HEADER, CONTEXT_HEADER = 8_192, 40, 200
MOST_BLOCK = 8 << 20
BUCKET = 24
TABLE, COLUMN = 2_000, 150  # bytes of a table's own structures, and for each further key
PAGE_PAYLOAD, HASH_WORD = 8_176, 4  # of a tape's page; written before each spilled tuple
FIRST_PAGES, MOST_PAGES = 8, 128  # that a tape sets aside at a time


@dataclass(frozen=True, kw_only=True)
class Table:
    """One hash table: its number of keys, each group's bytes in order of first appearance, the row that began it, each row's group and bytes."""

    keys: int
    entries: Sizes
    large: Sizes  # in blocks of their own
    first: Index
    codes: Index
    rows: Sizes
    hashes: Callable[[], Hashes]  # of the groups


def allocated(used: int, largest: int) -> int:
    """What an allocation set takes for small pieces of `used` bytes together: blocks that double up to `largest`."""
    total, size, room = INITIAL, INITIAL, INITIAL - BLOCK_HEADER - CONTEXT_HEADER
    while room < used:
        total += size
        room += size - BLOCK_HEADER
        size = min(size * 2, largest)
    return total


class _Structures:
    """The context of the tables' own structures and bucket arrays, piece by piece."""

    def __init__(self) -> None:
        self.total = INITIAL
        self.left = INITIAL - BLOCK_HEADER - CONTEXT_HEADER
        self.next = INITIAL

    def add(self, size: int) -> None:
        """One piece."""
        if size > LARGEST:
            self.total += size + CHUNK_HEADER + BLOCK_HEADER
            return
        chunk = (1 << max(size - 1, 7).bit_length()) + CHUNK_HEADER
        if chunk > self.left:
            block = self.next
            while block < chunk + BLOCK_HEADER:
                block *= 2
            self.next = min(self.next * 2, MOST_BLOCK)
            self.total += block
            self.left = block - BLOCK_HEADER
        self.left -= chunk

    def drop(self, size: int) -> None:
        """A large piece goes back to the system; a small one stays."""
        if size > LARGEST:
            self.total -= size + CHUNK_HEADER + BLOCK_HEADER


def _buckets(planned: float) -> int:
    return 1 << max(int(max(planned, 2.0) / FILL) - 1, 1).bit_length()


def _structures(tables: Sequence[Table], buckets: Sequence[int], counts: Sequence[int], growth: Sequence[Sequence[Doubling]]) -> int:
    """Bytes of the tables' structures once each has `counts` groups."""
    context = _Structures()
    for table, size in zip(tables, buckets, strict=True):
        context.left -= TABLE + COLUMN * (table.keys - 1)
        context.add(size * BUCKET)
    for size, count, steps in zip(buckets, counts, growth, strict=True):
        for _ in (step for step in steps if step.groups < count or (step.groups == count and step.known)):
            context.add(2 * size * BUCKET)
            context.drop(size * BUCKET)
            size *= 2
    return context.total + INITIAL * len(tables)


def _growth(table: Table, buckets: int, memory: int) -> list[Doubling]:
    """The doublings of a table, as far as its groups can fit."""
    most = memory // (BUCKET + CHUNK_HEADER)
    return list(doublings(buckets, lambda: table.hashes()[:most], table.first[:most], table.codes))


def group_space(tables: Sequence[Table], plan: Hashing | None, memory: int, work_memory: int) -> GroupSpace:
    """What the tables take that a plan prepared for, in `memory` bytes."""
    largest = 1 << max(work_memory // 16, 1).bit_length() - 1
    largest = min(max(largest, INITIAL), MOST_BLOCK)
    entry = plan.entry if plan is not None else 64.0
    planned = plan.groups if plan is not None and len(plan.groups) == len(tables) else [float(len(t.entries)) for t in tables]
    limit, groups_limit, partitions = hash_limits(float(memory), entry, sum(planned))
    most = float(int(limit / len(tables) / entry) >> 1)
    buckets = [_buckets(max(min(groups, most), 1.0)) for groups in planned]
    counts = [len(table.entries) for table in tables]
    growth = [_growth(table, size, memory) for table, size in zip(tables, buckets, strict=True)]

    def taken(counts: Sequence[int]) -> int:
        used = sum(int(table.entries[:count].sum()) for table, count in zip(tables, counts, strict=True))
        large = sum(int(table.large[:count].sum()) for table, count in zip(tables, counts, strict=True))
        return _structures(tables, buckets, counts, growth) + allocated(used, largest) + large

    whole = taken(counts)
    if whole <= limit and sum(counts) <= groups_limit:
        return GroupSpace(memory=whole)
    low, high = 0, max(counts)  # of each table so many groups, the first ones, until there is no room for more
    while high - low > 1:
        middle = (low + high) // 2
        some = [min(middle, count) for count in counts]
        low, high = (middle, high) if taken(some) <= limit and sum(some) <= groups_limit else (low, middle)
    kept = [min(high, count) for count in counts]
    if partitions == 0:
        partitions = hash_limits(float(memory), entry, max(memory / entry, 1.0) * 1.01)[2]
    batches, disk = 1, 0
    peak = taken(kept) + BLOCK * partitions * len(tables)
    for table, count, size, steps in zip(tables, kept, buckets, growth, strict=True):
        left = table.codes >= count
        more, pages, most_taken = _spilled(
            table.rows[left], table.codes[left], entry, memory, partitions, _structures([table], [size], [count], [steps]), largest
        )
        batches += more
        disk += pages * BLOCK
        peak = max(peak, most_taken)
    return GroupSpace(batches=batches, memory=peak, disk=disk)


def _spilled(rows: Sizes, codes: Index, entry: float, memory: int, partitions: int, structures: int, largest: int) -> tuple[int, int, int]:
    """Batches, pages on disk and memory of rows written to partitions: each takes an equal share of the groups, as hashes would give it."""
    if not len(rows):
        return 0, 0, 0
    written = (int(rows.sum()) + HASH_WORD * len(rows)) // partitions
    groups = len(np.unique(codes))
    batches, each = min(partitions, groups), groups / partitions
    pages = _pages(written, min(partitions, groups))
    taken = structures + allocated(int(each * entry), largest) + BLOCK
    limit, most, deeper = hash_limits(float(memory), entry, each)
    if (taken <= limit and each <= most) or deeper == 0:
        return batches, pages, taken
    inside = rows[: len(rows) // partitions]
    more, _, peak = _spilled(inside, codes[: len(inside)], entry, memory, deeper, structures, largest)
    return batches + batches * more, pages, max(taken + BLOCK * deeper, peak)


def _pages(size: int, tapes: int) -> int:
    """Pages of a file in which each of some tapes of equal size sets pages aside before it needs them."""
    need, aside, before = max(-(-size // PAGE_PAYLOAD), 1), FIRST_PAGES, 0
    while need > before + aside:
        before += aside
        aside = min(aside * 2, MOST_PAGES)
    return tapes * before + (tapes - 1) * aside + need - before
