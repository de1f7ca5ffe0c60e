"""Requests: a batch's calls, sent one after another and again after throttling as services/calls.py does; what they took and what they cost."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from auroraml.services.calls import refused
from auroraml.services.numbers import Numbers
from auroraml.services.protocols import MAX_DOCUMENTS, THROTTLED
from auroraml.services.retry import MAX_ATTEMPTS, MAX_BACKOFF, SCALE, THROTTLING_SCALE, RetryQuota
from auroraml.services.tariffs import REFUSED
from auroraml.teach.simulate.instances import Failed, Instances
from auroraml.teach.simulate.turns import Participant, Steps, Turns

LOOK = 1_024  # calls between looks at whether the statement was cancelled
NOTED = 10_000  # calls of which each attempt is kept, if nothing else is said


@dataclass(frozen=True, kw_only=True)
class Called:
    """What a batch function calls: the service, its operation and target, how many rows and bytes a request may have.

    `row_bytes` of a request's body are a row's; `characters` are a document's. Both are estimates, by the widths that the planner knows.
    """

    service: str
    operation: str
    target: str
    problem: str  # what could not be done, where it cannot
    most_rows: int
    row_bytes: int = 0
    characters: int = 0
    instance_type: str = ""

    def requests(self, rows: int) -> Sequence[int]:
        """The rows of each request of a batch."""
        if rows <= self.most_rows:
            return (rows,)
        whole, rest = divmod(rows, self.most_rows)
        return [self.most_rows] * whole + [rest] * (rest > 0)

    def counted(self, rows: int) -> int:
        """The requests that AWS would count for a batch: the embedded model takes more documents at once than BatchDetectSentiment does."""
        return sum(-(-n // MAX_DOCUMENTS) for n in self.requests(rows)) if self.service == "Comprehend" else len(self.requests(rows))


class Attempt(NamedTuple):
    """One time that a request was sent, in seconds from the statement's start."""

    call: int  # its number, from 0
    target: int  # which of the statement's targets
    worker: int
    rows: int
    instance: int | None
    sent: float
    start: float  # when an instance took it
    end: float
    error: str | None


@dataclass(kw_only=True)
class Spent:
    """What one participant's calls of a plan node used: attempts beyond the first are retries; `seconds` are those that an endpoint is billed for."""

    calls: int = 0
    retries: int = 0
    rows: int = 0
    seconds: array[float] = field(default_factory=lambda: array("d"))  # of each attempt that is billed


class Sending:
    """A request under way: its number, its attempts, and what the last retry cost."""

    __slots__ = ("answered", "attempts", "number", "paid")

    def __init__(self, number: int) -> None:
        self.number = number
        self.attempts = 0
        self.paid = 0
        self.answered = False


class Requests:
    """All calls of a statement to one target."""

    def __init__(self, called: Called, instances: Instances, turns: Turns, shared: Shared, target: int) -> None:
        self.target = target
        self.called = called
        self.instances = instances
        self.turns = turns
        self.shared = shared

    def batch(self, me: Participant, rows: int, spent: Spent) -> Steps[None]:
        """A batch of rows: its requests one after another."""
        for n in self.called.requests(rows):
            sending = Sending(self.shared.number())
            while not sending.answered:
                if self.turns.behind(me):
                    yield None
                me.time = self.attempt(sending, me.time, me.number, n, spent)

    def attempt(self, sending: Sending, sent: float, worker: int, rows: int, spent: Spent) -> float:
        """Send a request: when it is answered, or when it is to be sent again. The statement fails where it was refused for good."""
        number, called = sending.number, self.called
        sending.attempts += 1
        try:
            served = self.instances.request(sent, worker, rows, rows * called.row_bytes)
        except Failed as failed:
            self.shared.note(Attempt(number, self.target, worker, rows, failed.instance, sent, failed.start, failed.end, failed.failure.code))
            return self.again(sending, failed, sent, spent)
        self.shared.quota.give_back(sending.paid)
        spent.calls += called.counted(rows)
        spent.retries += sending.attempts - 1
        spent.rows += rows
        spent.seconds.append(served.end - sent)
        self.shared.note(Attempt(number, self.target, worker, rows, served.instance, sent, served.start, served.end, None))
        sending.answered = True
        return served.end

    def again(self, sending: Sending, failed: Failed, sent: float, spent: Spent) -> float:
        """When the next attempt is made, after a pause (retry.backoff and retry.wait), if there is to be one."""
        failure, called = failed.failure, self.called
        if failure.code not in REFUSED:
            spent.seconds.append(failed.end - sent)
        last = sending.attempts == MAX_ATTEMPTS
        failure.attempts, failure.exhausted = sending.attempts, last
        sending.paid = self.shared.quota.take(failure) if failure.transient and not last else 0
        if not sending.paid:
            raise refused(called.service, called.problem, failure.told(called.operation)) from failure
        scale = THROTTLING_SCALE if failure.code in THROTTLED else SCALE
        seconds: float = self.shared.jitter.uniform() * min(scale * 2 ** (sending.attempts - 1), MAX_BACKOFF)
        return failed.end + seconds


class Shared:
    """What all calls of a statement share: the quota for retries and the spread of their waits; and the attempts made first."""

    def __init__(self, noted: int, check: Callable[[], None]) -> None:
        self.check = check  # raises where the statement was cancelled
        self.noted = noted  # calls of which each attempt is kept
        self.quota = RetryQuota()
        self.jitter = Numbers(0, "retry")
        self.attempts: list[Attempt] = []
        self.calls = 0

    def number(self) -> int:
        """The next call's."""
        self.calls += 1
        if not self.calls % LOOK:
            self.check()
        return self.calls - 1

    def note(self, attempt: Attempt) -> None:
        """Keep an attempt of one of the first calls."""
        if attempt.call < self.noted:
            self.attempts.append(attempt)
