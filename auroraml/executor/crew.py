"""Crew: the workers of one run of a Gather, its leader perhaps among them: threads, their rows on the way to the leader, and their end."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from auroraml.batch import Batch, Vector, concat_batches
from auroraml.errors import DatabaseError, QueryCanceled
from auroraml.executor.engine_times import WORKER_START
from auroraml.executor.operator import ALL, LARGE, Operator, build
from auroraml.ir.physical import PhysicalPlan
from auroraml.records import dataclass
from auroraml.services.clock import REAL, Clock, Thread
from auroraml.services.log import WORKER

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext
    from auroraml.executor.loops import Loops

POLL = 0.02  # seconds between looks at whether the statement was cancelled
QUEUED = 131_072  # rows of one worker that wait for the leader before it waits too
LINGER = 0.005  # seconds that a leader which is asked for all rows waits for more: waking it for each batch takes time from the workers
SMALL = 8_192  # rows of batches that are put together
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
WORTH = 0.1  # seconds of work for each participant: some of numpy (adding by code, repeating) holds the interpreter's lock
T = TypeVar("T")


class WorkerSlots:
    """How many workers run in a Database; safe for threads."""

    def __init__(self) -> None:
        self.taken = 0
        self._lock = threading.Lock()

    def take(self, wanted: int, most: int) -> int:
        """As many of `wanted` slots as are free while `most` may be taken."""
        with self._lock:
            found = max(0, min(wanted, most - self.taken))
            self.taken += found
            return found

    def give_back(self, n: int) -> None:
        """Workers have ended."""
        with self._lock:
            self.taken -= n


class Gathering(Protocol):
    """A Gather under way."""

    def end(self, *, abort: bool = False) -> None:
        """Have the workers end, and count what they counted; `abort`: in the middle of whatever they do."""


class Stopped(QueryCanceled):
    """A worker whose rows nobody wants any more ends; the statement itself goes on, or fails for another reason."""


class State(Enum):
    """Where a participant is: it was not called in (yet), it has not come to any rows that are shared, it has, it is done."""

    ABSENT = -1
    STARTING = 0
    RUNNING = 1
    ENDED = 2


class Member:
    """One participant: worker `number`, or the leader, whose number comes after the workers'."""

    __slots__ = ("base", "crew", "number", "state")

    def __init__(self, crew: Crew, number: int, state: State) -> None:
        self.crew = crew
        self.number = number
        self.state = state
        self.base: Loops | None = None  # what its plan runs for

    def moved(self, state: State) -> None:
        """Enter a state, for all to see; the caller holds the crew's lock."""
        if state.value > self.state.value:
            self.state = state
            self.crew.changed.notify_all()


@dataclass(frozen=True, kw_only=True)
class Work:
    """What workers run: a plan, the statement's context, the values that the plan reads; none gives more than `bound` rows."""

    node: PhysicalPlan
    ctx: ExecutionContext
    params: Mapping[tuple[str, int], Vector]
    bound: int


class Made(Generic[T]):
    """Something that one participant makes for all."""

    __slots__ = ("found", "making")

    def __init__(self) -> None:
        self.found: list[T] = []
        self.making = False


class Crew:
    """`workers` threads that each run a plan, and `leader` if it takes part.

    With `hire` they are not started before the leader has found that there is enough to do, and no more of them than are worth it. Then nobody
    sees who reads which rows, and what all would compute alike is computed once.

    `changed` guards everything that is shared. An end comes in two ways: `finish` lets workers end where they next hand over or ask for rows, so
    that a service call under way is completed; `abort` makes every check for cancellation raise.
    """

    def __init__(
        self, workers: int, leader: bool, check: Callable[[], None], hire: Callable[[int], int] | None = None, clock: Clock = REAL
    ) -> None:  # fmt: skip
        self.workers = workers
        self.clock = clock
        self.changed = clock.condition()
        self.planned = hire is None
        self.hire = hire  # asks for workers' places; None where there is no more to ask for
        self.members = [Member(self, i, State.STARTING if i == workers or hire is None else State.ABSENT) for i in range(workers + leader)]
        self.check = check  # the statement's, for the leader
        self.wanted = 0  # workers, even for little work
        self.later: dict[int, float] = {}  # by scan that nobody has begun: seconds that its rows will take, where that is known
        self.work: Work | None = None
        self.arrived: deque[int] = deque()  # whose rows came when
        self.rows: list[deque[Batch]] = [deque() for _ in range(workers)]
        self.queued = [0] * workers
        self.error: BaseException | None = None
        self.finishing = self.aborted = False
        self.eager = True  # the leader wants to know of each batch
        self.shared: dict[int, object] = {}
        self.contexts: list[ExecutionContext] = []
        self._threads: list[Thread] = []
        self._making = threading.RLock()

    @property
    def leader(self) -> Member | None:
        """The leader's place, where it takes part."""
        return self.members[self.workers] if len(self.members) > self.workers else None

    @property
    def present(self) -> int:
        """How many participants have been called in."""
        return sum(member.state is not State.ABSENT for member in self.members)

    # Starting

    @staticmethod
    def pays(seconds: float) -> bool:
        """Whether so much work is worth a worker beside the leader."""
        return seconds >= 2 * WORTH

    def consider(self, seconds: float) -> None:
        """Call workers in where so much work left is worth it; the leader asks, and holds the lock."""
        if self.hire is not None and (wanted := min(self.workers, max(self.wanted, int(seconds / WORTH) - 1))) > 0:
            hire, self.hire = self.hire, None
            self.launch(hire(wanted))

    def launch(self, count: int) -> None:
        """Start so many workers, each over operators and a context of its own."""
        assert self.work is not None
        patient, impatient = (self.clock.worker_check(own, self.check) for own in (self.patient, self.impatient))
        for number in range(count):
            self.clock.spend(WORKER_START)
            context = self.work.ctx.for_worker(self.work.params, patient, impatient)
            self.contexts.append(context)
            self.members[number].state = State.STARTING
            run = partial(self._run, self.members[number], self.work, context)
            self._threads.append(self.clock.thread(run, f"auroraml-worker-{number}", number))
        for thread in self._threads:
            thread.start()

    def _run(self, member: Member, work: Work, ctx: ExecutionContext) -> None:
        WORKER.number = member.number  # for the log of service calls
        try:
            root = build(work.node, ctx)
            enlist(root, member)
            if work.bound < ALL:
                root.bound(work.bound)
            left = work.bound
            while left > 0 and (batch := root.pull(left)) is not None:
                left = left if left == ALL else left - batch.n
                self._hand_over(member.number, batch)
            root.close()
            ctx.close_subqueries()
        except Stopped:
            pass
        except BaseException as error:
            self._failed(error)
        finally:
            with self.changed:
                member.moved(State.ENDED)

    def _failed(self, error: BaseException) -> None:
        """The first error of a worker is the statement's."""
        with self.changed:
            if self.error is None:
                if isinstance(error, DatabaseError) and not isinstance(error, QueryCanceled):
                    before = error.diag.context
                    error.diag.context = "parallel worker" if before is None else f"{before}\nparallel worker"
                self.error = error
            self.aborted = True
            self.changed.notify_all()

    # Checks that workers make

    def patient(self) -> None:
        """While something runs that is better completed: raise only where all is lost."""
        if self.aborted:
            raise Stopped("terminating parallel worker")

    def impatient(self) -> None:
        """Between one step and the next: raise where nobody waits for rows."""
        if self.finishing or self.aborted:
            raise Stopped("terminating parallel worker")

    # Rows

    def _hand_over(self, number: int, batch: Batch) -> None:
        with self.changed:
            while self.queued[number] >= QUEUED and not (self.finishing or self.aborted):
                self.changed.wait(POLL)
            self.impatient()
            self.rows[number].append(batch)
            self.queued[number] += batch.n
            self.arrived.append(number)
            if self.eager:
                self.changed.notify_all()

    def next(self, n: int, wait: bool) -> Batch | None:
        """The rows that came first of those not taken yet, about `n` at most; None when there are none now (`wait`: nor will be)."""
        with self.changed:
            self.eager = n < LARGE or not self.clock.lingers
            while not self.arrived:
                self._raise_error()
                if not wait or self._all_ended():
                    return None
                self._wait(POLL if self.eager else LINGER)
            found = [self._taken(self.arrived.popleft())]
            size = found[0].n
            while self.arrived and size < n and max(found[-1].n, self.rows[self.arrived[0]][0].n) <= SMALL:
                found.append(self._taken(self.arrived.popleft()))
                size += found[-1].n
        return concat_batches(found)

    def next_of(self, number: int) -> Batch | None:
        """The next rows of one worker, None when there are no more."""
        with self.changed:
            self.eager = True
            while not self.rows[number]:
                self._raise_error()
                if self.members[number].state is State.ENDED:
                    return None
                self._wait()
            return self._taken(number)

    def _taken(self, number: int) -> Batch:
        batch = self.rows[number].popleft()
        self.queued[number] -= batch.n
        if self.queued[number] + batch.n >= QUEUED:
            self.changed.notify_all()
        return batch

    def _raise_error(self) -> None:
        if self.error is not None:
            raise self.error

    def _all_ended(self) -> bool:
        return all(member.state in (State.ABSENT, State.ENDED) for member in self.members[: self.workers])

    def _wait(self, seconds: float = POLL) -> None:
        """For a change, looking whether the statement was cancelled."""
        self.changed.wait(seconds)
        self.check()

    # What participants share

    def share(self, key: int, make: Callable[[], T]) -> T:
        """What plan node `key` shares; made by the first participant that asks, the others wait for it."""
        with self._making:
            found = self.shared.get(key)
            if found is None:
                found = self.shared[key] = make()
            return found  # type: ignore[return-value] # what `make` made for this node

    def once(self, member: Member, key: int, make: Callable[[], T]) -> T:
        """What the inner side of plan node `key` gives all alike: made by the first that comes, the others wait for it."""
        made: Made[T] = self.share(key, Made)
        with self.changed:
            while made.making and not made.found:
                self.wait_for(member)
            if made.found:
                return made.found[0]
            made.making = True
        try:
            found = make()
            made.found.append(found)
            return found
        finally:
            with self.changed:
                made.making = False
                self.changed.notify_all()

    def wait_for(self, member: Member) -> None:
        """A participant waits for a change of others; the caller holds the lock."""
        self.changed.wait(POLL)
        if self.leader is member:
            self._raise_error()
            self.check()
        else:
            self.impatient()

    def leader_done(self) -> None:
        """The leader has no rows of its own left."""
        if self.leader is not None:
            with self.changed:
                self.leader.moved(State.ENDED)

    # Ending

    def finish(self, *, abort: bool = False) -> None:
        """Have the workers end and wait until they have."""
        with self.changed:
            self.finishing = True
            self.aborted = self.aborted or abort
            self.changed.notify_all()
        for thread in self._threads:
            thread.join()
        self.shared.clear()  # look-up tables serve the next statement
        self.members.clear()  # they hold the crew, and its work the operators that do: batches go now, not when the collector comes
        self.hire = self.work = None


def enlist(root: Operator, member: Member | None) -> None:
    """Tell an operator tree whose part of a parallel plan it is; None: it runs alone."""
    if member is not None:
        member.base = root.loops
    _enlist(root, member)


def _enlist(root: Operator, member: Member | None) -> None:
    root.member = member
    for child in root.children:
        _enlist(child, member)
