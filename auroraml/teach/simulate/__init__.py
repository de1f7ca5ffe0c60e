"""Simulation without rows: a plan over tables described by statistics, its batches and calls as they would be in virtual time."""

from __future__ import annotations

from auroraml.teach.simulate.grid import Asked, Point, grid, statement_grid

__all__ = ["Asked", "Point", "grid", "statement_grid"]
