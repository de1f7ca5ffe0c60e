"""The planner: bound logical plans to physical plans."""

from __future__ import annotations

from auroraml.planner.physical import choose

__all__ = ["choose"]
