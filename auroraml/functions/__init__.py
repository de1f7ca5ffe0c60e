"""Functions and operators: PostgreSQL's rows, and the kernels registered behind them."""

from auroraml.functions import aggregates, arithmetic, castings, comparison, numerics

__all__ = ["aggregates", "arithmetic", "castings", "comparison", "numerics"]
