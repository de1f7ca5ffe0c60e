"""Crew: the participants of a simulated Gather: rows dealt out as executor/shares.py deals them, handed over as executor/crew.py does."""

from __future__ import annotations

from collections import deque

from auroraml.executor.crew import QUEUED, SMALL, State
from auroraml.executor.shares import LARGEST, SMALLEST
from auroraml.teach.simulate.turns import Participant, Steps, Turns


class Stopped(Exception):
    """A worker whose rows nobody wants any more."""


class Member:
    """One participant of a crew; the leader's number comes after the workers'."""

    __slots__ = ("crew", "me", "number", "state")

    def __init__(self, crew: Crew, number: int) -> None:
        self.crew = crew
        self.number = number
        self.state = State.STARTING
        self.me: Participant | None = None

    def moved(self, state: State, me: Participant) -> None:
        """Enter a state, for all to see."""
        if state.value > self.state.value:
            self.state = state
            self.crew.notify(me)


class Crew:
    """`workers`, and the leader if it takes part."""

    def __init__(self, turns: Turns, workers: int, leader: bool, apart: bool) -> None:
        self.turns = turns
        self.workers = workers
        self.apart = apart  # each worker's rows are taken by themselves
        self.members = [Member(self, i) for i in range(workers + leader)]
        self.shares: dict[int, Dealt | InOrder] = {}
        self.waiting: list[Participant] = []
        self.arrived: deque[tuple[int, int]] = deque()  # whose rows, how many
        self.rows: list[deque[int]] = [deque() for _ in range(workers)]
        self.queued = [0] * workers
        self.finishing = False

    @property
    def leader(self) -> Member | None:
        """The leader's place, where it takes part."""
        return self.members[self.workers] if len(self.members) > self.workers else None

    def notify(self, me: Participant) -> None:
        """Something has changed."""
        self.turns.wake(self.waiting, me.time)

    def share(self, node: int, make: type[Dealt | InOrder], rows: int) -> Dealt | InOrder:
        """What the participants divide of a scan."""
        found = self.shares.get(node)
        if found is None:
            found = self.shares[node] = make(self, rows)
        return found

    # Rows

    def hand_over(self, number: int, n: int, me: Participant) -> Steps[None]:
        """A worker has rows for the leader."""
        if self.turns.behind(me):
            yield None
        while self.queued[number] >= QUEUED and not self.finishing:
            yield self.waiting
        if self.finishing:
            raise Stopped
        if self.apart:
            self.rows[number].append(n)
        else:
            self.arrived.append((number, n))
        self.queued[number] += n
        self.notify(me)

    def next(self, n: int, wait: bool, me: Participant) -> Steps[int]:
        """The rows that came first of those not taken yet, about `n` at most; 0 when there are none now (`wait`: nor will be)."""
        if self.turns.behind(me):
            yield None
        while not self.arrived:
            if not wait or all(member.state is State.ENDED for member in self.members[: self.workers]):
                return 0
            yield self.waiting
        full = any(queued >= QUEUED for queued in self.queued)
        size = self.together(n)
        if full:
            self.notify(me)
        return size

    def together(self, n: int) -> int:
        """Take the rows that came first: those of several batches, where they are small."""
        arrived, queued = self.arrived, self.queued
        sizes = [size for _, size in arrived]
        if (total := sum(sizes)) <= n and max(sizes) <= SMALL:
            arrived.clear()
            queued[:] = [0] * len(queued)
            return total
        number, last = arrived.popleft()
        queued[number] -= last
        size = last
        while arrived and size < n and last <= SMALL and arrived[0][1] <= SMALL:
            number, last = arrived.popleft()
            queued[number] -= last
            size += last
        return size

    def next_of(self, number: int, me: Participant) -> Steps[int]:
        """The next rows of one worker, 0 when there are no more."""
        if self.turns.behind(me):
            yield None
        while not self.rows[number]:
            if self.members[number].state is State.ENDED:
                return 0
            yield self.waiting
        n = self.rows[number].popleft()
        self.queued[number] -= n
        if self.queued[number] + n >= QUEUED:
            self.notify(me)
        return n

    # Ending

    def moved(self, member: Member, state: State, me: Participant) -> Steps[None]:
        """Tell all what a participant does now."""
        if self.turns.behind(me):
            yield None
        member.moved(state, me)

    def finish(self, me: Participant) -> Steps[None]:
        """Have the workers end where they next hand over or ask for rows, and wait until they have."""
        if self.turns.behind(me):
            yield None
        self.finishing = True
        self.notify(me)
        for member in self.members[: self.workers]:
            worker = member.me
            assert worker is not None
            while not worker.ended:
                yield worker.waited_by


class Dealt:
    """Rows whose order does not matter: equal shares, and half of another's rest for whoever is done. A part is its first row and the one after its last."""

    def __init__(self, crew: Crew, rows: int) -> None:
        self.crew = crew
        count = len(crew.members)
        self.left = [[rows * i // count, rows * (i + 1) // count] for i in range(count)]
        self.begun = [False] * count

    def claim(self, member: Member, n: int, little: bool, me: Participant) -> Steps[tuple[int, int] | None]:
        """At most `n` rows that nobody else gets; None when this participant has done its part."""
        crew = self.crew
        if crew.turns.behind(me):
            yield None
        own = self.left[member.number]
        self.begun[member.number] = True
        member.moved(State.RUNNING, me)
        while own[0] == own[1] and not self._take_over(own):
            if not any(m.state is State.STARTING and self._rest(m) for m in crew.members):
                return None
            yield crew.waiting
            stop_if_finishing(member)
        start, rest = own[0], own[1] - own[0]
        own[0] += min(n, rest, max(rest // 2, SMALLEST) if little else LARGEST)
        return start, own[0]

    def _rest(self, member: Member) -> int:
        start, stop = self.left[member.number]
        return stop - start

    def _take_over(self, own: list[int]) -> bool:
        """Half of the largest rest."""
        most, owner = 0, None
        for member in self.crew.members:
            free = self._free(member)
            if free > most:
                most, owner = free, member
        if owner is None:
            return False
        stop = self.left[owner.number][1]
        own[:] = [stop - most, stop]
        self.left[owner.number][1] = stop - most
        return True

    def _free(self, member: Member) -> int:
        rest = self._rest(member)
        if member.state is State.ENDED:
            return rest
        if member.state is State.STARTING or (self.begun[member.number] and rest <= SMALLEST):
            return 0
        return (rest + 1) // 2


class InOrder:
    """Rows that each participant must get in their order: parts of what is left, smaller and smaller."""

    def __init__(self, crew: Crew, rows: int) -> None:
        self.crew = crew
        self.rows = rows
        self.at = 0
        self.begun = [False] * len(crew.members)
        self.least = min(SMALLEST, -(-rows // max(len(crew.members), 1)))

    def claim(self, member: Member, n: int, little: bool, me: Participant) -> Steps[tuple[int, int] | None]:
        """At most `n` rows that nobody else gets; None when this participant has done its part."""
        crew = self.crew
        if crew.turns.behind(me):
            yield None
        member.moved(State.RUNNING, me)
        while self.begun[member.number] and self.at < self.rows and any(m.state is State.STARTING for m in crew.members):
            yield crew.waiting
            stop_if_finishing(member)
        self.begun[member.number] = True
        left = self.rows - self.at
        if not left:
            return None
        size = min(n, LARGEST, left, max(left // (2 * len(crew.members)), self.least))
        start, self.at = self.at, self.at + size
        return start, self.at


def stop_if_finishing(member: Member) -> None:
    """A worker that nobody waits for ends."""
    if member.crew.finishing and member is not member.crew.leader:
        raise Stopped
