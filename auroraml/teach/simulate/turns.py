"""Turns: participants of a simulated statement step one at a time, in the order of their own times, as those of services/virtual_time.py do."""

from __future__ import annotations

from collections.abc import Callable, Generator
from heapq import heappop, heappush
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from auroraml.errors import InternalError_

if TYPE_CHECKING:
    from auroraml.teach.simulate.batches import BatchLoop

LEADER = 1 << 30  # its number: after all workers'
T = TypeVar("T")
Entry: TypeAlias = "tuple[float, int, int, Participant]"


class Participant:
    """The leader or a worker, with its own time in seconds."""

    __slots__ = ("began", "ended", "number", "steps", "swift", "time", "waited_by")

    def __init__(self, number: int, began: int, time: float) -> None:
        self.number = number
        self.began = began
        self.time = time
        self.ended = False
        self.swift: BatchLoop | None = None  # it is about to call one of many batches
        self.steps: Steps[None] | None = None
        self.waited_by: list[Participant] = []  # for its end


# What a participant does: it yields before anything that others can see, None to wait for its turn, a list to wait in until it is woken.
Steps: TypeAlias = Generator["list[Participant] | None", None, T]


class Turns:
    """Whose turn it is: the participant with the least time; of equal times workers by number, the leader last."""

    def __init__(self) -> None:
        self._ready: list[Entry] = []
        self._begun = 0
        self.hurry: Callable[[Participant, list[Entry]], None] | None = None  # has participants that call many batches make most of their calls

    def begin(self, number: int, time: float) -> Participant:
        """One more participant; it takes part once it was given its steps and is `ready`."""
        made = Participant(number, self._begun, time)
        self._begun += 1
        return made

    def ready(self, participant: Participant) -> None:
        """It waits for nothing but its turn."""
        heappush(self._ready, (participant.time, participant.number, participant.began, participant))

    def behind(self, me: Participant) -> bool:
        """Whether others have to step before `me`."""
        ready = self._ready
        return bool(ready) and ready[0][:3] < (me.time, me.number, me.began)

    def wake(self, those: list[Participant], time: float) -> None:
        """They waited for what has happened now."""
        for participant in those:
            participant.time = max(participant.time, time)
            self.ready(participant)
        those.clear()

    def run(self, leader: Participant) -> None:
        """Have all step until the leader has ended."""
        ready = self._ready
        while not leader.ended:
            if not ready:
                raise InternalError_("virtual time stands still: every participant waits for another")
            me = heappop(ready)[3]
            if me.swift is not None and self.hurry is not None:
                self.ready(me)
                self.hurry(me, ready)
                me = heappop(ready)[3]
            assert me.steps is not None
            try:
                waits = next(me.steps)
            except StopIteration:
                me.ended = True
                self.wake(me.waited_by, me.time)
                continue
            if waits is None:
                self.ready(me)
            else:
                waits.append(me)
