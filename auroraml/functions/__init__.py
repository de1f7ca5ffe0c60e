"""Functions and operators: PostgreSQL's rows, and the kernels registered behind them."""

from auroraml.functions import aggregates, arithmetic, castings, comparison, dates, maths, numerics, patterns, rows, strings, systems, windows

__all__ = ["aggregates", "arithmetic", "castings", "comparison", "dates", "maths", "numerics", "patterns", "rows", "strings", "systems", "windows"]
