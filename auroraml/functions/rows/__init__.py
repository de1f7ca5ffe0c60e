"""Set-returning functions."""

from auroraml.functions.rows import series

__all__ = ["series"]
