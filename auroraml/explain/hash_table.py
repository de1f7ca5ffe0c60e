"""What PostgreSQL's hash join would have made of its inner rows: buckets, batches, memory (nodeHash.c: ExecChooseHashTableSize)."""

from __future__ import annotations

import math

from auroraml.records import dataclass

LEAST_BUCKETS = 1024
POINTER = 8
TUPLE_HEADER = 16
OVERHEAD = 16 + TUPLE_HEADER  # of a tuple: hash code and link, and its header
SKEW_SHARE, SKEW_BYTES = 2, 84  # per cent of memory for common outer values; bytes beside the tuple for each


@dataclass(frozen=True, kw_only=True)
class HashTable:
    """The table as EXPLAIN ANALYZE prints it; `planned_*` are what it began with. `memory` in bytes."""

    buckets: int
    batches: int
    planned_buckets: int
    planned_batches: int
    memory: int


def _power(value: float) -> int:
    """The next power of two."""
    return 1 << max(math.ceil(value) - 1, 0).bit_length()


def hash_table(planned_rows: float, width: int, rows: int, memory: int, size: int) -> HashTable:
    """The table for `rows` rows that take `size` bytes as minimal tuples, where `planned_rows` of `width` were expected, in `memory` bytes."""
    expected = planned_rows if planned_rows > 0 else 1000.0
    planned = OVERHEAD + (width + 7 & ~7)
    each = planned + SKEW_BYTES
    room = memory - memory // each * SKEW_SHARE // 100 * each
    pointers = 1 << ((room // POINTER).bit_length() - 1)
    buckets = _power(max(min(math.ceil(expected), pointers), LEAST_BUCKETS))
    batches = 1
    if expected * planned + POINTER * buckets > room:
        buckets = min(_power(room // (planned + POINTER)), pointers)
        batches = _power(max(2, min(math.ceil(expected * planned / (room - buckets * POINTER)), pointers)))
    used = rows * (OVERHEAD - TUPLE_HEADER) + size
    grown, split = buckets, batches
    while split == 1 and rows > grown and used * (grown + 1) / rows + POINTER * grown <= memory:  # not once memory has run out
        grown *= 2
    while used / split + POINTER * grown > memory and split < rows:
        split *= 2
    return HashTable(buckets=grown, batches=split, planned_buckets=buckets, planned_batches=batches, memory=math.ceil(used / split) + POINTER * grown)
