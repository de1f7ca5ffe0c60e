"""Interleaved timing: every contestant in turn, each round, so that drift of the machine meets all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple


class Times(NamedTuple):
    """Milliseconds: on the wall's clock, and of this process's CPU time, which other work on the machine changes less."""

    wall: float
    cpu: float


Middle = Callable[[Iterable[float]], float]


def interleave(
    contestants: Mapping[str, Callable[[], object]], rounds: int = 5, take: Middle = statistics.median, orders: Sequence[Sequence[str]] = ()
) -> dict[str, float]:  # fmt: skip
    """The median milliseconds (or what `take` makes of them) of each contestant over `rounds` rounds, after one warm-up.

    Rounds take the `orders` in turn; without them the order rotates, and each contestant comes after the same other one.
    """
    return {name: times.wall for name, times in interleave_both(contestants, rounds, take, orders).items()}


def interleave_both(
    contestants: Mapping[str, Callable[[], object]], rounds: int = 5, take: Middle = statistics.median, orders: Sequence[Sequence[str]] = ()
) -> dict[str, Times]:  # fmt: skip
    """The medians of wall and CPU time, each for itself."""
    names = list(contestants)
    orders = orders or [names[start:] + names[:start] for start in range(len(names))]
    times: dict[str, list[Times]] = {name: [] for name in names}
    for number in range(-1, rounds):
        for name in orders[number % len(orders)]:
            start, used = time.perf_counter(), time.process_time()
            contestants[name]()
            if number >= 0:
                times[name].append(Times((time.perf_counter() - start) * 1000, (time.process_time() - used) * 1000))
    return {name: Times(take(x.wall for x in values), take(x.cpu for x in values)) for name, values in times.items()}
