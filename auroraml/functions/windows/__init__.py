"""Window functions."""

from auroraml.functions.windows import ranking

__all__ = ["ranking"]
