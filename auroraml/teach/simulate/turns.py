"""Turns: participants of a simulated statement step one at a time, in the order of their own times, as those of services/virtual_time.py do."""

from __future__ import annotations

from collections.abc import Generator
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from auroraml.errors import InternalError_

if TYPE_CHECKING:
    from auroraml.teach.simulate.courses import Course

LEADER = 1 << 30  # its number: after all workers'
T = TypeVar("T")
Key: TypeAlias = tuple[float, int]  # time and rank: the least is whose turn it is
Entry: TypeAlias = "tuple[float, int, Participant]"


class Participant:
    """The leader or a worker, with its own time in seconds."""

    __slots__ = ("course", "ended", "number", "rank", "since", "steps", "time", "waited_by")

    def __init__(self, number: int, began: int, time: float) -> None:
        self.number = number
        self.rank = number << 32 | began  # among those of equal times
        self.time = time
        self.ended = False
        self.since: float | None = None  # when the pull of rows began that it is in the middle of
        self.course: Course | None = None  # what it would do again and again from here on
        self.steps: Steps[None] | None = None
        self.waited_by: list[Participant] = []  # for its end


# What a participant does: it yields before anything that others can see, None to wait for its turn, a list to wait in until it is woken.
Steps: TypeAlias = Generator["list[Participant] | None", None, T]


class Together(Protocol):
    """Who runs the courses of many participants."""

    @property
    def turn(self) -> Key | None:
        """The first one's."""

    def join(self, me: Participant) -> bool:
        """Take a participant in at its turn."""

    def run(self) -> None:
        """Run until another participant's turn comes, or one leaves."""


class Turns:
    """Whose turn it is: the participant with the least time; of equal times workers by number, the leader last."""

    def __init__(self) -> None:
        self.waiting: list[Entry] = []  # for nothing but their turn
        self._begun = 0
        self.together: Together | None = None  # runs the courses of many

    def begin(self, number: int, time: float) -> Participant:
        """One more participant; it takes part once it was given its steps and is `ready`."""
        made = Participant(number, self._begun, time)
        self._begun += 1
        return made

    def ready(self, participant: Participant) -> None:
        """It waits for nothing but its turn."""
        heappush(self.waiting, (participant.time, participant.rank, participant))

    def behind(self, me: Participant) -> bool:
        """Whether others have to step before `me`."""
        ready, together, key = self.waiting, self.together, (me.time, me.rank)
        return bool(ready and ready[0][:2] < key) or (together is not None and (turn := together.turn) is not None and turn < key)

    def wake(self, those: list[Participant], time: float) -> None:
        """They waited for what has happened now."""
        for participant in those:
            participant.time = max(participant.time, time)
            self.ready(participant)
        those.clear()

    def run(self, leader: Participant) -> None:
        """Have all step until the leader has ended."""
        ready, together = self.waiting, self.together
        while not leader.ended:
            if together is not None and (turn := together.turn) is not None and (not ready or turn < ready[0][:2]):
                together.run()
                continue
            if not ready:
                raise InternalError_("virtual time stands still: every participant waits for another")
            me = heappop(ready)[2]
            if me.course is not None and together is not None and together.join(me):
                continue
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
