"""Meter: what the calls would cost at Amazon: Comprehend's units and tiers, SageMaker's calls and instance hours."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

UNIT = 100  # characters
MINIMUM = 3  # units a document
TIERS = ((10_000_000, 0.0001), (50_000_000, 0.00005), (None, 0.000025))  # up to so many units a month: dollars a unit
INSTANCE_HOUR = 0.115  # ml.m5.large, dollars an hour


def units(texts: Sequence[str]) -> int:
    """Comprehend's units for documents: 100 characters begun, at least 3 each (taken per document: AWS does not say)."""
    lengths = np.fromiter((len(t) for t in texts), np.int64, len(texts))
    return int(np.maximum(-(-lengths // UNIT), MINIMUM).sum())


def price(count: int, before: int = 0) -> float:
    """Dollars for `count` units after `before` units of the same month."""
    total, start, left = 0.0, 0, count
    place = before
    for end, dollars in TIERS:
        room = left if end is None else max(0, min(left, end - max(place, start)))
        total += room * dollars
        left -= room
        place += room
        start = end or 0
    return total


@dataclass
class Meter:
    """Running totals of a Database; safe for threads."""

    documents: int = 0
    units: int = 0
    endpoint_calls: int = 0
    endpoint_rows: int = 0
    endpoint_seconds: float = 0.0
    retries: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add_documents(self, documents: int, units: int) -> None:
        """Count a Comprehend request."""
        with self.lock:
            self.documents += documents
            self.units += units

    def add_retries(self, retries: int) -> None:
        """Count what was sent again."""
        with self.lock:
            self.retries += retries

    def add_call(self, rows: int, seconds: float) -> None:
        """Count an endpoint call."""
        with self.lock:
            self.endpoint_calls += 1
            self.endpoint_rows += rows
            self.endpoint_seconds += seconds

    @property
    def comprehend_dollars(self) -> float:
        """What Comprehend would charge for all units so far, in one month, without the free tier."""
        return price(self.units)

    def endpoint_dollars(self, per_hour: float = INSTANCE_HOUR) -> float:
        """What the time in endpoint calls is of an instance's hourly price (the instance itself is charged while it is up)."""
        return self.endpoint_seconds / 3600 * per_hour

    @property
    def dollars_per_1000_calls(self) -> float:
        """The endpoint's share of an instance hour for 1,000 calls as long as those so far."""
        return self.endpoint_dollars() / self.endpoint_calls * 1000 if self.endpoint_calls else 0.0
