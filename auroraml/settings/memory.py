"""The memory that one sort or hash table may take, in bytes, by work_mem and hash_mem_multiplier (PostgreSQL: Resource Consumption, Memory)."""

from __future__ import annotations

from auroraml.settings.planner import HASH_MEM_MULTIPLIER, WORK_MEM
from auroraml.settings.values import Settings


def work_memory(settings: Settings) -> int:
    """Bytes of a sort."""
    return settings[WORK_MEM] * 1024


def hash_memory(settings: Settings) -> int:
    """Bytes of a hash table (nodeHash.c: get_hash_memory_limit)."""
    return int(work_memory(settings) * settings[HASH_MEM_MULTIPLIER])
