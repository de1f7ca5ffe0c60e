"""Clock: the one way to wait or read time, so that a virtual clock can stand in for it."""

from __future__ import annotations

import random
import time
from typing import Protocol


class Clock(Protocol):
    """Reads time in seconds and waits."""

    def now(self) -> float:
        """Seconds from an arbitrary start, never backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def jitter(self) -> float:
        """A number from 0 to below 1, to spread retries."""


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        time.sleep(seconds)

    def jitter(self) -> float:
        """A random number from 0 to below 1."""
        return random.random()


class VirtualClock:
    """A clock that waits by moving on: what is slept is added to the time, nothing is waited for."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """The virtual time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Move the time on."""
        self.time += seconds

    def jitter(self) -> float:
        """Always one half, so that runs repeat."""
        return 0.5
