"""Functions and operators: PostgreSQL's rows, and the kernels registered behind them."""

from auroraml.functions import (
    aggregates,
    arithmetic,
    bytes,
    castings,
    comparison,
    dates,
    maths,
    numerics,
    patterns,
    quoting,
    regex,
    rows,
    strings,
    systems,
    windows,
)

__all__ = [
    "aggregates",
    "arithmetic",
    "bytes",
    "castings",
    "comparison",
    "dates",
    "maths",
    "numerics",
    "patterns",
    "quoting",
    "regex",
    "rows",
    "strings",
    "systems",
    "windows",
]
