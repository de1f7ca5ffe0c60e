"""CostParameters: the settings that cost formulas read, read once a statement."""

from __future__ import annotations

from typing import Final

from auroraml.settings import planner as s
from auroraml.settings.memory import hash_memory, work_memory
from auroraml.settings.values import Settings

DISABLED: Final = 1.0e10
MOST_KEPT: Final = 64
BLOCK: Final = 8192


class CostParameters:
    """Cost units, memory and the enable_* switches of one statement (memory in bytes)."""

    __slots__ = (
        "bitmapscan", "cache_pages", "gathermerge", "hash_memory", "hashagg", "hashjoin", "incremental_sort", "index_tuple", "indexonlyscan",
        "indexscan", "leader", "material", "memoize", "mergejoin", "min_index_pages", "min_table_pages", "nestloop", "operator", "parallel_append",
        "parallel_hash", "parallel_setup", "parallel_tuple", "random_page", "recursive_worktable_factor", "seq_page", "seqscan", "sort", "tidscan", "tuple",
        "work_memory", "workers",
    )  # fmt: skip

    @staticmethod
    def of(settings: Settings) -> CostParameters:
        """Those in force; equal settings have them in common."""
        key = settings.key()
        found = _made.get(key)
        if found is None:
            if len(_made) >= MOST_KEPT:
                _made.clear()
            found = _made[key] = CostParameters(settings)
        return found

    def __init__(self, settings: Settings) -> None:
        self.seq_page = float(settings[s.SEQ_PAGE_COST])
        self.random_page = float(settings[s.RANDOM_PAGE_COST])
        self.tuple = float(settings[s.CPU_TUPLE_COST])
        self.index_tuple = float(settings[s.CPU_INDEX_TUPLE_COST])
        self.operator = float(settings[s.CPU_OPERATOR_COST])
        self.parallel_setup = float(settings[s.PARALLEL_SETUP_COST])
        self.parallel_tuple = float(settings[s.PARALLEL_TUPLE_COST])
        self.recursive_worktable_factor = float(settings[s.RECURSIVE_WORKTABLE_FACTOR])
        self.cache_pages = float(settings[s.EFFECTIVE_CACHE_SIZE])
        self.work_memory = work_memory(settings)
        self.hash_memory = hash_memory(settings)
        self.workers = int(settings[s.MAX_PARALLEL_WORKERS_PER_GATHER])
        self.min_table_pages = int(settings[s.MIN_PARALLEL_TABLE_SCAN_SIZE])
        self.min_index_pages = int(settings[s.MIN_PARALLEL_INDEX_SCAN_SIZE])
        self.leader = bool(settings[s.PARALLEL_LEADER_PARTICIPATION])
        self.seqscan = bool(settings[s.ENABLE_SEQSCAN])
        self.indexscan = bool(settings[s.ENABLE_INDEXSCAN])
        self.indexonlyscan = bool(settings[s.ENABLE_INDEXONLYSCAN])
        self.bitmapscan = bool(settings[s.ENABLE_BITMAPSCAN])
        self.tidscan = bool(settings[s.ENABLE_TIDSCAN])
        self.sort = bool(settings[s.ENABLE_SORT])
        self.incremental_sort = bool(settings[s.ENABLE_INCREMENTAL_SORT])
        self.hashagg = bool(settings[s.ENABLE_HASHAGG])
        self.nestloop = bool(settings[s.ENABLE_NESTLOOP])
        self.material = bool(settings[s.ENABLE_MATERIAL])
        self.memoize = bool(settings[s.ENABLE_MEMOIZE])
        self.mergejoin = bool(settings[s.ENABLE_MERGEJOIN])
        self.hashjoin = bool(settings[s.ENABLE_HASHJOIN])
        self.gathermerge = bool(settings[s.ENABLE_GATHERMERGE])
        self.parallel_append = bool(settings[s.ENABLE_PARALLEL_APPEND])
        self.parallel_hash = bool(settings[s.ENABLE_PARALLEL_HASH])


_made: dict[tuple[tuple[str, object], ...], CostParameters] = {}
