"""The engine's limits between ways of doing the same thing, as if every table were large: golden files hold few rows and would take the ways of few only."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator

# module (below auroraml), and the values that its limits are given: 0 and 1 where many rows are to begin at once, a few rows for pieces
LIMITS: dict[str, dict[str, int]] = {
    "batch.batch": {"FEW": 2},
    "batch.numbers": {"SHORT": 8, "SPARSE": 1},
    "batch.selection": {"DENSE": 0},
    "batch.vector": {"REPEATED": 1, "ENOUGH": 1},
    "evaluate.array_comparison": {"FEW_ITEMS": 1, "SOME": 1, "FEW_TEXTS": 1, "VERY_FEW": 0},
    "evaluate.call": {"FEW_CODES": 0, "MANY": 1},
    "evaluate.distinct": {"MANY": 1},
    "evaluate.keys": {"MANY": 1, "FEW": 0, "SHORT": 1, "GLANCE": 2},
    "executor.indexes": {"TURNS": 0, "SHARED": 1, "MOST_PROBES": 0, "SMALL_TABLE": 0, "DENSE": 0},
    "executor.key_codes": {"DENSE": 0, "MANY_TEXTS": 1, "AT_ONCE": 3},
    "executor.matching": {
        "LARGEST": 1,
        "SPARSE": 1,
        "PIECE": 3,
        "LONG": 4,
        "SAMPLE": 2,
        "FEWER": 1,
        "DENSE": 0,
        "ROOM": 0,
        "PER_ROW": 0,
        "WIDEST": 0,
    },
    "executor.operators.folding": {"KEPT": 1},
    "executor.operators.group_join": {"MANY": 0, "FEWEST": 1 << 20, "ROOM": 1 << 20},
    "executor.operators.grouping": {"PIECE": 3, "FEW_ROWS": 0, "MANY": 0, "AHEAD": 1},
    "executor.operators.incremental_sort": {"AHEAD": 1},
    "executor.operators.joins": {"PAIRS": 5},
    "executor.operators.limits": {"AHEAD": 1},
    "executor.operators.morsels": {"MORSEL": 3, "GLANCE": 2, "LOOSE": 1, "SAVED": 1},
    "executor.operators.nested_loop": {"CHUNK": 3, "FIRST": 4, "PAIRS": 5},
    "executor.operators.runs": {"LITTLE": 1},
    "executor.operators.scans": {"FEW": 0},
    "executor.operators.straight": {"MANY": 0},
    "executor.operators.tables": {"PAIRS": 5, "LOOK_AHEAD": 1, "SEVERAL": 0},
    "executor.operators.windows": {"PIECE": 5, "FIRST": 2},
    "executor.stored_keys": {"LONG": 4, "RARE": 1, "STRETCH": 3, "FAR_STRETCH": 5},
    "executor.subplans": {"FEW_PAIRS": 1, "PAIRS": 5},
    "executor.unique": {"FEW": 0},
    "functions.aggregates.basic": {"FEW": 0},
    "functions.aggregates.group_rows": {"SHORT": 0},
    "functions.aggregates.packed_sums": {"FEWEST": 1, "AT_ONCE": 2},
    "functions.dates.arithmetic": {"BLOCK": 3},
    "functions.dates.fields": {"MANY": 1},
    "functions.json.building": {"MANY": 1},
    "functions.membership": {"MANY": 1},
    "functions.numerics": {"BLOCK": 3, "FEW": 0},
    "functions.strings": {"MANY": 1},
    "functions.word_search": {"WORTHWHILE": 0, "PIECE": 2},
    "storage.columns": {"TRY_DICTIONARY": 1, "FEW": 0, "MOST_LOOSE": 0},
    "storage.index": {"MANY": 1},
    "storage.table": {"MANY_VERSIONS": 1},
    "storage.versions": {"MOST_PENDING": 0},
    "types.digits": {"BLOCK": 3},
    "types.integers": {"FEW": 0},
    "types.python": {"FEW": 0},
    "types.python_moments": {"FEW": 0},
}


@contextlib.contextmanager
def small_limits() -> Iterator[None]:
    """Every limit of the list at its other value, until the block ends. AttributeError names one that is no more."""
    before = [
        (module, name, getattr(module, name))
        for path, limits in LIMITS.items()
        for module in (importlib.import_module(f"auroraml.{path}"),)
        for name in limits
    ]
    try:
        for module, name, _ in before:
            setattr(module, name, LIMITS[module.__name__.removeprefix("auroraml.")][name])
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
