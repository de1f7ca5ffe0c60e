"""Clock: the one way to wait, read time and work side by side, so that another clock can stand in for the machine's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from auroraml.lazy import random

Check = Callable[[], None]


class Condition(Protocol):
    """What guards something that several participants share: entered by one at a time, who may wait in it for a change."""

    def __enter__(self) -> bool:
        """Enter."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None:
        """Leave."""

    def wait(self, timeout: float | None = None) -> bool:
        """Leave, until another participant tells of a change (or the time is over), and enter again."""

    def notify_all(self) -> None:
        """Tell all who wait of a change."""


class Thread(Protocol):
    """A participant of its own."""

    def start(self) -> None:
        """Have it begin."""

    def join(self) -> None:
        """Wait until it has ended."""


class Clock(Protocol):
    """Reads time in seconds and waits; says how participants of one statement share a thing."""

    lingers: bool  # whether rows are better collected in groups: who waits for them wakes now and then
    look: float  # seconds that one sleeps at most before one looks whether the statement was cancelled

    def now(self) -> float:
        """Seconds from an arbitrary start, never backwards."""

    def day(self) -> float:
        """Seconds from 1970-01-01 UTC."""

    @property
    def epoch(self) -> float:
        """When `now` was 0, in seconds from 1970-01-01 UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def pause(self, seconds: float, ended: threading.Event) -> None:
        """Wait, at most until another thread sets `ended`."""

    def spend(self, seconds: float) -> None:
        """Work was done that takes so long; a clock that saw it being done need not be told."""

    def turn(self) -> None:
        """Before anything that others see: wait for those who are behind."""

    def condition(self) -> Condition:
        """A new one."""

    def thread(self, run: Callable[[], None], name: str, number: int) -> Thread:
        """A participant that runs `run`: worker `number`."""

    def worker_check(self, own: Check, statement: Check) -> Check:
        """What a worker asks now and then: its `own` check, and where the leader cannot be woken to ask for it, the `statement`'s."""

    def jitter(self) -> float:
        """A number from 0 to below 1, to spread retries."""


class FreeClock:
    """What clocks have in common under which threads run as the machine has it."""

    lingers = True
    look = 0.05

    def spend(self, seconds: float) -> None:
        """Nothing: the work has taken its time."""

    def turn(self) -> None:
        """Nothing: nobody is behind."""

    def condition(self) -> Condition:
        """The interpreter's."""
        return threading.Condition()

    def thread(self, run: Callable[[], None], name: str, number: int) -> Thread:
        """The interpreter's."""
        return threading.Thread(target=run, name=name, daemon=True)

    def worker_check(self, own: Check, statement: Check) -> Check:
        """Its own: the leader wakes often enough to ask for the statement's."""
        return own


class RealClock(FreeClock):
    """The machine's clock."""

    now = staticmethod(time.perf_counter)  # called for every pull of every plan node
    day = staticmethod(time.time)

    def __init__(self) -> None:
        self.epoch = time.time() - time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        time.sleep(seconds)

    def pause(self, seconds: float, ended: threading.Event) -> None:
        """Wait for `seconds` or for `ended`."""
        ended.wait(seconds)

    def jitter(self) -> float:
        """A random number from 0 to below 1."""
        number: float = random.random()
        return number


REAL = RealClock()


class VirtualClock(FreeClock):
    """A clock that waits by moving on: what is slept is added to the time of all threads, nothing is waited for."""

    epoch = 946_684_800.0  # 2000-01-01 UTC

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """The virtual time."""
        return self.time

    def day(self) -> float:
        """The virtual time of day."""
        return self.epoch + self.time

    def sleep(self, seconds: float) -> None:
        """Move the time on."""
        self.time += seconds

    def pause(self, seconds: float, ended: threading.Event) -> None:
        """Move the time on."""
        self.time += seconds

    def jitter(self) -> float:
        """Always one half, so that runs repeat."""
        return 0.5
