"""The calls of a page: service requests on a statement's time line, in lanes by worker and by instance; lanes with many calls are summed up in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace

import numpy as np

from auroraml.records import dataclass

LEADER = "leader"
DRAWN = 1_600  # bars and columns of a time line, over all its lanes
FEWEST, MOST = 30, 240  # bars or columns of a lane, whatever that makes of them
DEPTH = 6  # bars above each other where an instance works on several requests at once


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One time that a request was sent. Milliseconds from the statement's start; `queued` of them were spent waiting for the instance."""

    start: float
    milliseconds: float
    queued: float = 0.0
    instance: int | None = None  # None: there is none, or it was not reached
    error: str | None = None

    @property
    def end(self) -> float:
        """When it was answered or had failed."""
        return self.start + self.milliseconds


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, with all its attempts. Milliseconds from the statement's start."""

    number: int
    start: float
    milliseconds: float
    worker: int | None = None
    batch: int = 0
    service: str = ""
    operation: str = ""
    target: str = ""
    items: int = 0
    attempts: int = 1
    tries: tuple[Attempt, ...] = ()  # none: one, at no instance
    status: str = "succeeded"
    error: str | None = None
    cost: str | None = None

    @property
    def end(self) -> float:
        """When its answer was there."""
        return self.start + self.milliseconds

    @property
    def kind(self) -> str:
        """failed, retried or fine."""
        return "failed" if self.status != "succeeded" else "retried" if self.attempts > 1 else "fine"

    @property
    def host(self) -> str:
        """What answered it: an endpoint, a model, or Comprehend in a language."""
        return f"{self.service} {self.target}" if self.service == "Comprehend" else self.target or self.operation

    @property
    def timeline(self) -> tuple[Attempt, ...]:
        """Its attempts in their order."""
        return self.tries or (Attempt(start=self.start, milliseconds=self.milliseconds, error=self.error),)

    @property
    def queued(self) -> float:
        """Milliseconds that it waited for instances."""
        return sum(attempt.queued for attempt in self.tries)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A stretch of a bar: queued, work, failed (an attempt that was answered with an error) or pause (before another attempt)."""

    kind: str
    start: float
    end: float


@dataclass(frozen=True, kw_only=True)
class Bar:
    """What is drawn of a call, in `row` of its lane's `depth`; an instance's lane has a bar for each attempt that reached it."""

    call: Call
    parts: tuple[Part, ...]
    row: int = 0

    @property
    def start(self) -> float:
        """Where it begins."""
        return self.parts[0].start

    @property
    def end(self) -> float:
        """Where it ends."""
        return self.parts[-1].end


@dataclass(frozen=True, kw_only=True)
class Column:
    """What is drawn of many calls: a stretch of time, the calls that begin in it, and the mean number being worked on and waiting."""

    start: float
    end: float
    calls: int
    busy: float
    waiting: float
    retried: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A worker or an instance: bars, or columns where there are too many calls for bars. `busy` is the share of the time it works or waits for answers."""

    name: str
    calls: int
    items: int
    busy: float
    depth: int = 1
    bars: tuple[Bar, ...] = ()
    columns: tuple[Column, ...] = ()
    peak: float = 1.0  # the most calls at once in any column


@dataclass(frozen=True, kw_only=True)
class TimeLine:
    """All lanes over `length` milliseconds."""

    length: float
    workers: tuple[Lane, ...] = ()
    instances: tuple[Lane, ...] = ()
    calls: tuple[Call, ...] = field(default=(), repr=False)

    @property
    def lanes(self) -> int:
        """How many."""
        return len(self.workers) + len(self.instances)


def worker_name(number: int | None) -> str:
    """As EXPLAIN numbers workers."""
    return LEADER if number is None else f"worker {number}"


def time_line(calls: Sequence[Call], length: float, drawn: int = DRAWN) -> TimeLine:
    """The calls by lane; workers in their order behind the leader, instances by name. About so many things are `drawn` at most."""
    length = max([length, *(call.end for call in calls)])
    workers: dict[tuple[int, str], list[Bar]] = {}
    instances: dict[tuple[str, int, str], list[Bar]] = {}
    for call in calls:
        number = -1 if call.worker is None else call.worker
        workers.setdefault((number, worker_name(call.worker)), []).append(Bar(call=call, parts=_parts(call)))
        for attempt in call.timeline:
            if attempt.instance is not None:
                key = call.host, attempt.instance, f"{call.host} · instance {attempt.instance}"
            elif call.tries and attempt.error is not None:
                continue  # refused before it reached one
            else:
                key = call.host, -1, call.host
            part = Part(kind="work" if attempt.error is None else "failed", start=attempt.start + attempt.queued, end=attempt.end)
            instances.setdefault(key, []).append(Bar(call=call, parts=(part,)))
    most = min(MOST, max(FEWEST, drawn // max(1, len(workers) + len(instances))))
    return TimeLine(
        length=length,
        workers=tuple(_lane(key[-1], workers[key], length, most) for key in sorted(workers)),
        instances=tuple(_lane(key[-1], instances[key], length, most) for key in sorted(instances)),
        calls=tuple(calls),
    )


def _parts(call: Call) -> tuple[Part, ...]:
    parts: list[Part] = []
    for attempt in call.timeline:
        if parts and attempt.start > parts[-1].end:
            parts.append(Part(kind="pause", start=parts[-1].end, end=attempt.start))
        begun = attempt.start + attempt.queued
        if attempt.queued:
            parts.append(Part(kind="queued", start=attempt.start, end=begun))
        parts.append(Part(kind="work" if attempt.error is None else "failed", start=begun, end=attempt.end))
    return tuple(parts)


def _lane(name: str, bars: list[Bar], length: float, most: int) -> Lane:
    bars = sorted(bars, key=lambda bar: (bar.start, bar.call.number))
    starts, ends = np.array([bar.start for bar in bars]), np.array([bar.end for bar in bars])
    edges = np.unique(np.concatenate([starts, ends]))
    covered = (np.searchsorted(np.sort(starts), edges, "right") > np.searchsorted(np.sort(ends), edges, "right"))[:-1]
    busy = float(np.diff(edges)[covered].sum()) / length if length else 0.0
    items = sum(bar.call.items for bar in bars)
    if len(bars) > most:
        columns = _columns(bars, length, most)
        peak = max(1.0, *(column.busy + column.waiting for column in columns))
        return Lane(name=name, calls=len(bars), items=items, busy=busy, columns=columns, peak=peak)
    stacked, depth = _stacked(bars)
    return Lane(name=name, calls=len(bars), items=items, busy=busy, depth=depth, bars=stacked)


def _stacked(bars: Sequence[Bar]) -> tuple[tuple[Bar, ...], int]:
    """Each bar in the first row that is free when it begins."""
    free: list[float] = []
    found = []
    for bar in bars:
        row = next((i for i, end in enumerate(free) if end <= bar.start + 1e-6), len(free) if len(free) < DEPTH else free.index(min(free)))
        if row == len(free):
            free.append(bar.end)
        free[row] = max(free[row], bar.end)
        found.append(replace(bar, row=row))
    return tuple(found), len(free)


def _columns(bars: Sequence[Bar], length: float, number: int) -> tuple[Column, ...]:
    edges = np.linspace(0.0, length, number + 1)
    parts = {kind: [part for bar in bars for part in bar.parts if part.kind in kinds] for kind, kinds in _KINDS.items()}
    busy, waiting = (_overlap(np.array([part.start for part in found]), np.array([part.end for part in found]), edges) for found in parts.values())
    place = np.clip(np.searchsorted(edges, [bar.start for bar in bars], "right") - 1, 0, number - 1)
    kinds = np.array([bar.call.kind for bar in bars])
    counts = {kind: np.bincount(place[kinds == kind], minlength=number).tolist() for kind in ("fine", "retried", "failed")}
    return tuple(
        Column(
            start=float(edges[i]), end=float(edges[i + 1]), calls=sum(found[i] for found in counts.values()), busy=float(busy[i]),
            waiting=float(waiting[i]), retried=counts["retried"][i], failed=counts["failed"][i],
        )
        for i in range(number)
    )  # fmt: skip


_KINDS = {"busy": ("work", "failed"), "waiting": ("queued", "pause")}


def _overlap(starts: np.ndarray, ends: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The mean number of stretches that cover a moment of each column: the time they cover up to each edge, differences of it."""

    def passed(moments: np.ndarray) -> np.ndarray:
        ordered = np.sort(moments)
        below = np.searchsorted(ordered, edges)
        return np.asarray(edges * below - np.concatenate([[0.0], np.cumsum(ordered)])[below])

    return np.asarray(np.maximum(np.diff(passed(starts) - passed(ends)) / np.diff(edges), 0.0))
