"""Clock: the one way to wait or read time, so that a virtual clock can stand in for it."""

from __future__ import annotations

import random
import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Reads time in seconds and waits."""

    epoch: float  # when `now` was 0, in seconds from 1970-01-01 UTC

    def now(self) -> float:
        """Seconds from an arbitrary start, never backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def pause(self, seconds: float, ended: threading.Event) -> None:
        """Wait, at most until another thread sets `ended`."""

    def wait(self, condition: threading.Condition) -> None:
        """Wait until another thread notifies `condition`, which this one holds."""

    def jitter(self) -> float:
        """A number from 0 to below 1, to spread retries."""


class RealClock:
    """The machine's clock."""

    def __init__(self) -> None:
        self.epoch = time.time() - time.perf_counter()

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        time.sleep(seconds)

    def pause(self, seconds: float, ended: threading.Event) -> None:
        """Wait for `seconds` or for `ended`."""
        ended.wait(seconds)

    def wait(self, condition: threading.Condition) -> None:
        """Wait to be notified."""
        condition.wait()

    def jitter(self) -> float:
        """A random number from 0 to below 1."""
        return random.random()


class VirtualClock:
    """A clock that waits by moving on: what is slept is added to the time, nothing is waited for."""

    epoch = 946_684_800.0  # 2000-01-01 UTC

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """The virtual time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Move the time on."""
        self.time += seconds

    def pause(self, seconds: float, ended: threading.Event) -> None:
        """Move the time on."""
        self.time += seconds

    def wait(self, condition: threading.Condition) -> None:
        """Wait for the other threads, which is no time at all."""
        condition.wait()

    def jitter(self) -> float:
        """Always one half, so that runs repeat."""
        return 0.5
