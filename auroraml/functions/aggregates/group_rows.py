"""GroupRows: how the rows of groups lie, found once for all aggregates over the same groups."""

from __future__ import annotations

import threading
import weakref
from functools import cached_property

import numpy as np

KEPT = 8
SHORT = 32  # rows of a group on average, below which an operation for each group takes longer than one for each row


class GroupRows:
    """How many rows each group has, and whether they come group by group, in the order of the groups."""

    def __init__(
        self, codes: np.ndarray, groups: int, *, counts: np.ndarray | None = None, clustered: bool = False, starts: np.ndarray | None = None
    ) -> None:  # fmt: skip
        self._codes = weakref.ref(codes)
        self.groups, self.rows = groups, len(codes)
        self.clustered = clustered
        if starts is not None:
            self.starts, self.filled = starts, None
        else:
            self.counts = np.bincount(codes, minlength=groups) if counts is None else counts

    def about(self, codes: np.ndarray, groups: int) -> bool:
        """Whether these are the groups of `codes`."""
        return self._codes() is codes and self.groups == groups

    @cached_property
    def counts(self) -> np.ndarray:
        """How many rows each group has."""
        counts = np.empty(self.groups, np.int64)
        np.subtract(self.starts[1:], self.starts[:-1], out=counts[:-1])
        counts[-1:] = self.rows - self.starts[-1:]
        return counts

    @cached_property
    def filled(self) -> np.ndarray | None:
        """The groups that have a row; None for all."""
        found = self.counts > 0
        return None if found.all() else np.flatnonzero(found)

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each group that has a row begins, when the rows are clustered."""
        starts: np.ndarray = np.cumsum(self.counts) - self.counts
        return starts if self.filled is None else starts[self.filled]

    def reduced(self, operation: np.ufunc, values: np.ndarray, start: object) -> np.ndarray:
        """`operation` over the values of each group, `start` for one without rows."""
        codes = self._codes()
        assert codes is not None
        if not self.clustered or not len(values):
            out = np.full(self.groups, start, values.dtype)
            operation.at(out, codes, values)
            return out
        return self._spread(operation.reduceat(values, self.starts, dtype=values.dtype), start)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """The sum of the whole numbers of each group, which int64 holds."""
        if self.clustered and len(values) == len(self.starts):  # a row each
            return self._spread(values.astype(np.int64), 0)
        if not self.clustered or not len(values) or len(values) >= SHORT * len(self.starts):
            return self.reduced(np.add, values.astype(np.int64, copy=False), 0)
        totals = np.empty(len(values) + 1, np.int64)
        totals[0] = 0
        totals[1:] = values
        np.cumsum(totals, out=totals)  # it may wrap around, and the differences wrap back
        borders = np.empty(len(self.starts) + 1, np.int64)
        totals.take(self.starts, mode="clip", out=borders[:-1])
        borders[-1] = totals[-1]
        return self._spread(borders[1:] - borders[:-1], 0)

    def _spread(self, found: np.ndarray, start: object) -> np.ndarray:
        """What was found of the groups that have a row, `start` for the others."""
        if self.filled is None:
            return found
        out = np.full(self.groups, start, found.dtype)
        out[self.filled] = found
        return out


class _Known(threading.local):
    def __init__(self) -> None:
        self.groups: list[GroupRows] = []
        self.sums: list[tuple[weakref.ref[np.ndarray], weakref.ref[np.ndarray], int, dict[str, np.ndarray]]] = []


_known = _Known()


def group_rows(codes: np.ndarray, groups: int) -> GroupRows:
    """How the rows of each group lie; the last answers are kept, as aggregates of one query ask in turn."""
    for found in reversed(_known.groups):
        if found.about(codes, groups):
            return found
    return _keep(GroupRows(codes, groups))


def _keep(rows: GroupRows) -> GroupRows:
    _known.groups.append(rows)
    del _known.groups[:-KEPT]
    return rows


def known_counts(codes: np.ndarray, groups: int, counts: np.ndarray) -> None:
    """Whoever found out how many rows each group has, in no order that is known, says so."""
    _keep(GroupRows(codes, groups, counts=counts))


def clustered(starts: np.ndarray, n: int, *, unread: bool = False) -> np.ndarray:
    """The codes of `n` rows that come group by group, each from its start on; `unread`: nobody asks for more of them than how the rows lie."""
    if unread:
        codes = np.broadcast_to(np.int64(0), (n,))  # one word
    elif n == len(starts):
        codes = np.arange(n)
    elif n < SHORT * len(starts):
        codes = np.zeros(n, np.int64)
        codes[starts[1:]] = 1
        np.cumsum(codes, out=codes)
    else:
        codes = np.repeat(np.arange(len(starts)), np.diff(starts, append=n))
    _keep(GroupRows(codes, len(starts), clustered=True, starts=starts))
    return codes


def chosen(codes: np.ndarray, rows: np.ndarray, groups: int) -> np.ndarray:
    """The codes of some of the rows, which lie in their order."""
    some: np.ndarray = codes[rows]
    if group_rows(codes, groups).clustered:
        _keep(GroupRows(some, groups, clustered=True))
    return some


def known_sums(values: np.ndarray, codes: np.ndarray, groups: int) -> dict[str, np.ndarray]:
    """Where the sums of `values` are kept as long as both arrays live: sum(x) and avg(x) share them."""
    for number, (seen, by, count, found) in enumerate(_known.sums):
        if seen() is values and by() is codes and count == groups:
            _known.sums.append(_known.sums.pop(number))
            return found
    made: dict[str, np.ndarray] = {}
    _known.sums.append((weakref.ref(values), weakref.ref(codes), groups, made))
    del _known.sums[:-KEPT]
    return made
