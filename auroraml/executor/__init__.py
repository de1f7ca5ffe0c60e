"""The executor: physical plans to batches, on demand."""

from __future__ import annotations

from auroraml.executor.run import Running, run

__all__ = ["Running", "run"]
