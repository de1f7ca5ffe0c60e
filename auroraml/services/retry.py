"""Retries as botocore's standard mode (1.44) has them: three attempts, waits that double, and a quota that ends them when all calls fail."""

from __future__ import annotations

import threading
from collections.abc import Callable

from auroraml.services.clock import Clock
from auroraml.services.protocols import THROTTLED, ServiceFailure

MAX_ATTEMPTS = 3
MAX_BACKOFF = 20.0  # seconds
QUOTA, RETRY_COST, THROTTLING_COST, REFUND = 500, 14, 5, 1
SCALE, THROTTLING_SCALE = 0.05, 1.0  # seconds the first wait is below


class RetryQuota:
    """What is left for retries: each takes some, success gives it back."""

    def __init__(self) -> None:
        self.left = QUOTA
        self._lock = threading.Lock()

    def take(self, failure: ServiceFailure) -> int:
        """What this retry costs; 0 when there is not enough left."""
        cost = THROTTLING_COST if failure.code in THROTTLED else RETRY_COST
        with self._lock:
            if cost > self.left:
                return 0
            self.left -= cost
            return cost

    def give_back(self, cost: int, calls: int = 1) -> None:
        """A call succeeded: return what its last retry took, or a little if it (or each of several `calls`) needed none."""
        with self._lock:
            self.left = min(QUOTA, self.left + (cost or REFUND * calls))


def backoff(attempt: int, failure: ServiceFailure, clock: Clock) -> float:
    """Seconds to wait after the `attempt`th failure (1, 2, ...): longer after throttling."""
    scale = THROTTLING_SCALE if failure.code in THROTTLED else SCALE
    return float(clock.jitter() * min(scale * 2 ** (attempt - 1), MAX_BACKOFF))


def wait(seconds: float, clock: Clock, check: Callable[[], None]) -> None:
    """Sleep, looking now and then whether the statement was cancelled."""
    while seconds > 0:
        check()
        clock.sleep(min(seconds, clock.look))
        seconds -= clock.look
    check()
