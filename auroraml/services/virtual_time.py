"""VirtualTime: a statement's clock under which nobody waits: its participants step one at a time, in the order of their own virtual times.

The rules, by which another simulation comes to the same times:

- Each participant (the leader, each worker of a Gather) has a time of its own, which its work, its sleeping and its calls move on. One
  runs at a time. Before anything that others can see (claiming rows, handing rows over, sending a request, entering an instance's queue, leaving an
  instance) the running one lets all run whose time is less; of equal times workers come first, by number, the leader last, and of equal numbers (in
  several Gathers) those that began first.
- Whoever waits for others goes on at the time of the event it waited for, or its own if that is later.
- A worker begins at the leader's time.
- Numbers drawn at random come from `numbers.Numbers`: the nth to draw, in the order above, gets the nth number.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable
from types import TracebackType

from auroraml.errors import InternalError_
from auroraml.services.clock import Check, Condition, Thread
from auroraml.services.numbers import Numbers

LEADER = 1 << 30  # its number: after all workers'


class Participant:
    """One thread of a statement, with its own time; `gate` is opened when it is its turn."""

    __slots__ = ("began", "ended", "gate", "held", "number", "raises", "time", "waited_by")

    def __init__(self, number: int, began: int, time: float) -> None:
        self.number = number
        self.began = began
        self.time = time
        self.gate = threading.Lock()
        self.gate.acquire()
        self.held = 0  # conditions that it is in: nobody else runs meanwhile
        self.ended = False
        self.raises: BaseException | None = None  # when it runs again
        self.waited_by: list[Participant] = []  # for its end

    @property
    def order(self) -> tuple[bool, float, int, int]:
        """Whose turn it is: the least. Who was interrupted comes first."""
        return self.raises is None, self.time, self.number, self.began


class VirtualTime:
    """The clock of one statement. Only the `current` participant's thread runs, so that nothing here needs a lock."""

    lingers = False
    look = math.inf

    def __init__(self) -> None:
        self._epoch = 0.0
        self.leader = self.current = Participant(LEADER, 0, 0.0)
        self._ready = {self.leader}  # those that wait for nothing but their turn
        self._begun = 0
        self._jitter = Numbers(0, "retry")

    # Time

    @property
    def epoch(self) -> float:
        """The real time of day at which it was first asked for, which a statement does when it begins."""
        if not self._epoch:
            self._epoch = time.time()
        return self._epoch

    def now(self) -> float:
        """The running participant's time."""
        return self.current.time

    def day(self) -> float:
        """The time of day: that of the statement's begin, and what has passed since."""
        return self.epoch + self.current.time

    def spend(self, seconds: float) -> None:
        """Move the participant's time on."""
        self.current.time += seconds

    def sleep(self, seconds: float) -> None:
        """Move the participant's time on."""
        self.current.time += seconds

    def pause(self, seconds: float, ended: threading.Event) -> None:
        """Move the participant's time on."""
        self.current.time += seconds

    def jitter(self) -> float:
        """The next number of a sequence that is the same for every statement."""
        return self._jitter.uniform()

    # Turns

    def turn(self) -> None:
        """Let those run who are behind."""
        if len(self._ready) > 1 and not self.current.held:
            self._switch()

    def condition(self) -> Condition:
        """One whose entry is a turn."""
        return _Turns(self)

    def thread(self, run: Callable[[], None], name: str, number: int) -> Thread:
        """A participant that begins at the running one's time."""
        return _Thread(self, run, name, number)

    def worker_check(self, own: Check, statement: Check) -> Check:
        """Both: the leader's thread waits for its turn."""

        def check() -> None:
            own()
            statement()

        return check

    def _switch(self) -> None:
        """Let the participant run whose turn it is; return when it is the one that was running again."""
        me = self.current
        if self.leader.raises is not None:
            self._ready.add(self.leader)
        if not self._ready:
            self.leader.raises = InternalError_("virtual time stands still: every participant waits for another")
            self._ready.add(self.leader)
        chosen = min(self._ready, key=_order)
        if chosen is not me:
            self.current = chosen
            with contextlib.suppress(RuntimeError):  # open already: its thread saw that it was its turn before it came to the gate
                chosen.gate.release()
            if not me.ended:
                self._await(me)
        if me.raises is not None and not me.ended:
            error, me.raises = me.raises, None
            raise error

    def _await(self, me: Participant) -> None:
        """Until it is `me`'s turn; a gate left open costs one more look. Who is interrupted meanwhile (the leader alone can be, by a key) gets the next turn, and raises then."""
        while self.current is not me:
            try:
                me.gate.acquire()
            except BaseException as error:
                me.raises = error

    def _wait(self, among: list[Participant]) -> None:
        """Not before another has made this participant ready."""
        me = self.current
        among.append(me)
        self._ready.discard(me)
        held, me.held = me.held, 0
        try:
            self._switch()
        finally:
            me.held = held
            self._ready.add(me)
            if me in among:
                among.remove(me)

    def _wake(self, those: list[Participant]) -> None:
        """They waited for what has happened now."""
        for participant in those:
            participant.time = max(participant.time, self.current.time)
            self._ready.add(participant)
        those.clear()

    # Threads

    def begin(self, number: int) -> Participant:
        """One more participant."""
        self._begun += 1
        made = Participant(number, self._begun, self.current.time)
        self._ready.add(made)
        return made

    def run(self, me: Participant, run: Callable[[], None]) -> None:
        """What a participant's thread does."""
        self._await(me)
        try:
            run()
        finally:
            me.ended = True
            self._ready.discard(me)
            self._wake(me.waited_by)
            self._switch()

    def join(self, other: Participant) -> None:
        """Wait for its end."""
        while not other.ended:
            self._wait(other.waited_by)


def _order(participant: Participant) -> tuple[bool, float, int, int]:
    return participant.order


class _Turns:
    """Entered when it is the participant's turn: nobody else runs until it is left, or its holder waits in it."""

    __slots__ = ("clock", "waiting")

    def __init__(self, clock: VirtualTime) -> None:
        self.clock = clock
        self.waiting: list[Participant] = []

    def __enter__(self) -> bool:
        self.clock.turn()
        self.clock.current.held += 1
        return True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None:
        self.clock.current.held -= 1

    def wait(self, timeout: float | None = None) -> bool:
        """Until `notify_all`: no time passes for those who only look whether anything has changed."""
        self.clock._wait(self.waiting)
        return True

    def notify_all(self) -> None:
        """Those who wait go on at this time."""
        self.clock._wake(self.waiting)


class _Thread:
    """A thread that runs when it is its participant's turn."""

    def __init__(self, clock: VirtualTime, run: Callable[[], None], name: str, number: int) -> None:
        self.clock = clock
        self.body = run
        self.name = name
        self.number = number
        self.participant: Participant | None = None

    def start(self) -> None:
        """Take part from now on."""
        self.participant = self.clock.begin(self.number)
        threading.Thread(target=self.clock.run, args=(self.participant, self.body), name=self.name, daemon=True).start()

    def join(self) -> None:
        """Wait for its end."""
        assert self.participant is not None
        self.clock.join(self.participant)
