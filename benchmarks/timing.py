"""Interleaved timing: every contestant in turn, each round, so that drift of the machine meets all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def interleave(contestants: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, float]:
    """The median milliseconds of each contestant over `rounds` rounds, after one warm-up round; the order rotates."""
    names = list(contestants)
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-1, rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            start = time.perf_counter()
            contestants[name]()
            if number >= 0:
                times[name].append((time.perf_counter() - start) * 1000)
    return {name: statistics.median(values) for name, values in times.items()}
