"""Contexts: what kernels and operators ask of the session while a statement runs."""

from __future__ import annotations

import threading
import time

from auroraml.errors import QueryCanceled


class Interrupt:
    """The running statement's end by request or time-out; `check` is cheap and called often."""

    def __init__(self) -> None:
        self._requested = False
        self._running = False
        self._deadline: float | None = None
        self._lock = threading.Lock()

    def begin(self, timeout_ms: int) -> None:
        """A statement starts, with at most `timeout_ms` milliseconds (0: no limit)."""
        with self._lock:
            self._requested = False
            self._running = True
            self._deadline = time.monotonic() + timeout_ms / 1000 if timeout_ms else None

    def end(self) -> None:
        """The statement has ended; a later request does nothing."""
        with self._lock:
            self._running = False
            self._deadline = None

    def cancel(self) -> None:
        """Ask the running statement, if there is one, to stop."""
        with self._lock:
            self._requested = self._running

    def check(self) -> None:
        """57014 when the statement has to stop."""
        if self._requested:
            self._requested = False
            raise QueryCanceled("canceling statement due to user request")
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise QueryCanceled("canceling statement due to statement timeout")
