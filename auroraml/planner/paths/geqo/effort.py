"""Effort: how many join orders a genetic search tries, and by which chances (the geqo settings)."""

from __future__ import annotations

from math import ceil

from auroraml.settings import planner as s
from auroraml.settings.values import Settings

LEAST_PER_EFFORT, MOST_PER_EFFORT = 10, 50


class Effort:
    """A search's numbers of orders kept and of new ones made, its bias for the better ones, its seed."""

    __slots__ = ("bias", "generations", "pool_size", "seed")

    def __init__(self, settings: Settings, relations: int) -> None:
        wanted = int(settings[s.GEQO_POOL_SIZE])
        self.pool_size = wanted if wanted >= 2 else _suitable(int(settings[s.GEQO_EFFORT]), relations)
        self.generations = int(settings[s.GEQO_GENERATIONS]) or self.pool_size
        self.bias = float(settings[s.GEQO_SELECTION_BIAS])
        self.seed = float(settings[s.GEQO_SEED])


def _suitable(effort: int, relations: int) -> int:
    """A pool twice as large for each relation more, within bounds that the effort sets (gimme_pool_size)."""
    size = 2.0 ** (relations + 1) if relations < 64 else 2.0**64
    return ceil(max(min(size, float(MOST_PER_EFFORT * effort)), float(LEAST_PER_EFFORT * effort)))
