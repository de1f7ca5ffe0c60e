"""Hashing: what the hash tables of an aggregate are prepared for, and the limits at which they spill (nodeAgg.c: hash_agg_set_limits)."""

from __future__ import annotations

from auroraml.records import dataclass

BLOCK = 8192  # of the buffers of a spilled partition


@dataclass(frozen=True, kw_only=True, eq=False)
class Hashing:
    """The groups expected in each hash table of an aggregate, the bytes of an entry, the partitions it means to spill to (0: none)."""

    groups: tuple[float, ...]
    entry: float
    partitions: int = 0


def hash_limits(memory: float, entry: float, groups: float) -> tuple[float, float, int]:
    """The memory and the number of groups at which a table for so many groups spills, and to how many partitions."""
    if groups * entry <= memory:
        return memory, float(int(memory / entry)), 0
    most = (memory * 0.25 - BLOCK) / BLOCK
    wanted = 1.0 + 1.5 * groups * entry / memory
    wanted = min(wanted, most)
    wanted = min(max(wanted, 4.0), 1024.0)
    bits = 0
    while (1 << bits) < int(wanted):
        bits += 1
    partitions = 1 << bits
    buffers = BLOCK + BLOCK * partitions
    limit = memory - buffers if memory > 4 * buffers else memory * 0.75
    return limit, (float(int(limit / entry)) if limit > entry else 1.0), partitions
