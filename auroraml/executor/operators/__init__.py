"""One module a family of plan nodes."""

from auroraml.executor.operators import (
    functions,
    gather,
    grouping,
    hash_join,
    incremental_sort,
    index_only,
    joins,
    limits,
    locking,
    memoize,
    merge_join,
    merging,
    modify,
    nested_loop,
    ordering,
    sampling,
    scans,
    sets,
    tables,
    tid_scan,
    windows,
)

__all__ = [
    "functions", "gather", "grouping", "hash_join", "incremental_sort", "index_only", "joins", "limits", "locking", "memoize", "merge_join", "merging", "modify",
    "nested_loop", "ordering", "sampling", "scans", "sets", "tables", "tid_scan", "windows",
]  # fmt: skip
