"""FunctionStatistics: calls and times of functions, kept by each instance, with what a transaction still holds back."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import field

from auroraml.records import dataclass

Counters = tuple[int, float, float]  # calls, milliseconds in all, milliseconds of its own
ZERO: Counters = (0, 0.0, 0.0)


def added(a: Counters, b: Counters) -> Counters:
    """Two counts as one."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


@dataclass(kw_only=True)
class FunctionStatistics:
    """An instance's counters by function OID, as pg_stat_user_functions shows them; safe for threads."""

    counters: dict[int, Counters] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, pending: dict[int, Counters]) -> None:
        """Add what a transaction has counted, whether it was committed or not, and empty it."""
        with self.lock:
            for oid, counted in pending.items():
                self.counters[oid] = added(self.counters.get(oid, ZERO), counted)
            pending.clear()

    def reset(self) -> None:
        """Every counter goes back to zero; functions that were called stay listed."""
        with self.lock:
            self.counters = dict.fromkeys(self.counters, ZERO)

    def reset_one(self, oid: int) -> None:
        """One function's counters go back to zero."""
        with self.lock:
            if oid in self.counters:
                self.counters[oid] = ZERO

    def forget(self, oids: Iterable[int]) -> None:
        """Functions that are no more."""
        with self.lock:
            for oid in oids:
                self.counters.pop(oid, None)
