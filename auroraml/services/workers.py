"""Workers: threads for calls that cannot be interrupted, so that a cancelled statement returns at once and leaves its call behind."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from auroraml.services.log import NOWHERE, PLACED

POLL = 0.02  # seconds between looks at whether the statement was cancelled
IDLE = 10.0  # seconds after which a thread without work ends
LIMIT = 8
QUICK = 0.005  # seconds: a cancelled statement can wait so long, and on a busy machine handing a call over to a thread takes as long
TRIALS = 3  # quick calls after which the next one is made where its statement runs
HICCUP = 0.05  # seconds: a call that took more than QUICK and less than this may have been quick but for other work on the machine
CREDIT = 64  # quick calls that are remembered; a hiccup takes half of them
T = TypeVar("T")


class TooLate(Exception):
    """A call took longer than its service allows."""


class Job(Generic[T]):
    """One call: what to do, what came of it, and the thread that does it."""

    def __init__(self, name: str, call: Callable[[], T]) -> None:
        self.name = name
        self.call = call
        self.result: list[T] = []
        self.error: BaseException | None = None
        self.thread = 0
        self.seconds = 0.0
        self.placed = NOWHERE
        self.done = threading.Lock()
        self.done.acquire()

    def run(self) -> None:
        """Make the call, in the thread that runs this."""
        self.thread = threading.get_ident()
        PLACED.now = NOWHERE
        start = time.perf_counter()
        try:
            self.result.append(self.call())
        except BaseException as error:
            self.error = error
        self.placed = PLACED.now
        self.seconds = time.perf_counter() - start


class Workers:
    """At most `limit` threads, abandoned calls included: when all are busy, a call waits for one."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._slots = threading.Semaphore(limit)
        self._jobs: queue.SimpleQueue[Job[object]] = queue.SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()
        self._abandoned: set[Job[object]] = set()
        self._quick: dict[str, int] = {}  # quick calls lately, by name

    def run(self, name: str, call: Callable[[], T], check: Callable[[], None], abandon: Callable[[int], None], limit: float = math.inf) -> T:
        """The call's result. When `check` raises first, that is raised, and the call is left behind: `abandon` is told its thread.

        So is a call that has not answered within `limit` seconds, and TooLate is raised.
        """
        while not self._slots.acquire(timeout=POLL):
            check()
        job: Job[object] = Job(name, call)
        self._start(job)
        end = time.perf_counter() + limit
        try:
            while not job.done.acquire(timeout=POLL):
                check()
                if time.perf_counter() > end:
                    raise TooLate
        except BaseException:
            with self._lock:
                if job.done.locked():
                    self._abandoned.add(job)
            abandon(job.thread)
            raise
        self.note(name, job.seconds)
        PLACED.now = job.placed
        if job.error is not None:
            raise job.error
        return job.result[0]  # type: ignore[return-value] # what `call` returned

    def quick(self, name: str) -> bool:
        """Whether calls of this name have lately answered so quickly that a cancelled statement can wait for the next one."""
        return self._quick.get(name, 0) >= TRIALS

    def inline(self, name: str, call: Callable[[], T]) -> T:
        """Make the call in this thread; one that was not quick is the last for now."""
        start = time.perf_counter()
        try:
            return call()
        finally:
            self.note(name, time.perf_counter() - start)

    def note(self, name: str, seconds: float) -> None:
        """A call of this name took so long."""
        quick = self._quick.get(name, 0)
        if seconds >= QUICK:
            self._quick[name] = quick // 2 if seconds < HICCUP else 0
        elif quick < CREDIT:
            self._quick[name] = quick + 1

    def abandoned(self) -> tuple[str, ...]:
        """The names of the calls left behind that still run."""
        with self._lock:
            return tuple(sorted(job.name for job in self._abandoned))

    def _start(self, job: Job[object]) -> None:
        with self._lock:
            if self._idle:
                self._idle -= 1
                self._jobs.put(job)
                return
        threading.Thread(target=self._work, args=(job,), name="auroraml-call", daemon=True).start()

    def _work(self, job: Job[object] | None) -> None:
        while job is not None:
            job.run()
            with self._lock:
                self._abandoned.discard(job)
                self._idle += 1
            self._slots.release()
            job.done.release()
            del job
            job = self._next()

    def _next(self) -> Job[object] | None:
        """The next call, None when there was none for a while."""
        while True:
            try:
                return self._jobs.get(timeout=IDLE)
            except queue.Empty:
                with self._lock:
                    if self._jobs.empty():  # nobody counts on this thread
                        self._idle -= 1
                        return None


class InPlace(Workers):
    """Calls made by those who ask for them: under a virtual clock none of them takes time."""

    def run(self, name: str, call: Callable[[], T], check: Callable[[], None], abandon: Callable[[int], None], limit: float = math.inf) -> T:
        """The call's result."""
        check()
        return call()

    def quick(self, name: str) -> bool:
        """Each goes the same way."""
        return False

    def inline(self, name: str, call: Callable[[], T]) -> T:
        """The call's result."""
        return call()

    def note(self, name: str, seconds: float) -> None:
        """Nothing hangs on it."""
