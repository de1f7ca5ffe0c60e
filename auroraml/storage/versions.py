"""Versions: which transactions made and deleted the rows of a table, and so which rows a snapshot sees."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from auroraml.batch import Index, Mask
from auroraml.records import dataclass
from auroraml.storage.columns import Buffer
from auroraml.storage.transactions import Snapshot
from auroraml.storage.visibility import VisibilityMap

MOST_PENDING = 64  # deletions that wait to be noted row by row


@dataclass
class Range:
    """Consecutive rows made by one transaction that some snapshot may not see yet."""

    start: int
    stop: int
    xid: int


@dataclass(eq=False)
class Deletion:
    """Rows deleted by one transaction, `rows` ascending, and the versions that took their place if they were replaced."""

    rows: Index
    xid: int
    successors: Index | None = None


class Versions:
    """Row versions numbered from 0. Rows of settled transactions need no check but the bitmap of dead rows; the others are listed.

    Who deleted a row, and what took its place, is noted row by row only when that is asked for: `pending` deletions wait to be.
    """

    def __init__(self) -> None:
        self.n = 0
        self.version = 0
        self.made: list[Range] = []
        self.deletions: list[Deletion] = []
        self.dead: Buffer | None = None
        self.pending: list[Deletion] = []
        self._deleter: Buffer | None = None  # by row: the transaction that deleted it, 0 for none
        self._successor: Buffer | None = None  # by row: the version that took its place, -1 for none
        self.visibility: VisibilityMap | None = None  # since the last VACUUM
        self._index: tuple[object, Index | None] = (None, None)

    def _full(self, buffer: Buffer | None, dtype: type, fill: int) -> Buffer:
        buffer = buffer or Buffer(dtype)
        if buffer.n < self.n:
            buffer.extend(np.full(self.n - buffer.n, fill, dtype))
        return buffer

    def add(self, n: int, xid: int) -> Index:
        """`n` new rows of transaction `xid`; their numbers."""
        start = self.n
        self._count(n, xid)
        return np.arange(start, self.n)

    def add_one(self, xid: int) -> int:
        """A new row of transaction `xid`; its number."""
        self._count(1, xid)
        return self.n - 1

    def _count(self, n: int, xid: int) -> None:
        start = self.n
        self.n += n
        self.version += 1
        if self.made and self.made[-1].xid == xid and self.made[-1].stop == start:
            self.made[-1].stop = self.n
        else:
            self.made.append(Range(start, self.n, xid))

    def kill(self, start: int, stop: int) -> None:
        """Rows that never were: their transaction rolled back."""
        self.dead = self._full(self.dead, np.bool_, 0)
        self.dead.view[start:stop] = True
        self.version += 1
        kept = []
        for part in self.made:
            if part.stop <= start or part.start >= stop:
                kept.append(part)
            elif part.start < start:
                kept.append(Range(part.start, start, part.xid))
        self.made = kept

    def delete(self, rows: Index, xid: int, successors: Index | None = None) -> Deletion:
        """Mark rows as deleted by `xid`."""
        deletion = Deletion(rows, xid, successors)
        if self.visibility is not None:
            self.visibility.disturb(rows)
        self.deletions.append(deletion)
        self.pending.append(deletion)
        if len(self.pending) > MOST_PENDING:
            self._note()
        self.version += 1
        return deletion

    def _note(self) -> None:
        """Note pending deletions row by row."""
        for deletion in self.pending:
            self._deleter = self._full(self._deleter, np.int64, 0)
            self._deleter.view[deletion.rows] = deletion.xid
            if deletion.successors is not None:
                self._successor = self._full(self._successor, np.int64, -1)
                self._successor.view[deletion.rows] = deletion.successors
        self.pending.clear()

    def undelete(self, deletion: Deletion) -> None:
        """Take a deletion back."""
        self.deletions = [d for d in self.deletions if d is not deletion]
        self.version += 1
        if deletion in self.pending:
            self.pending.remove(deletion)
            return
        assert self._deleter is not None
        self._deleter.view[deletion.rows] = 0
        if deletion.successors is not None and self._successor is not None:
            self._successor.view[deletion.rows] = -1

    def deleters(self, rows: Index) -> Index:
        """The transaction that deleted each of `rows`, 0 for none."""
        self._note()
        if self._deleter is None:
            return np.zeros(len(rows), np.int64)
        self._deleter = self._full(self._deleter, np.int64, 0)
        return self._deleter.view[rows]

    def successors(self, rows: Index) -> Index:
        """The version that took the place of each of `rows`, -1 for none."""
        self._note()
        if self._successor is None:
            return np.full(len(rows), -1, np.int64)
        self._successor = self._full(self._successor, np.int64, -1)
        return self._successor.view[rows]

    @property
    def untouched(self) -> bool:
        """Whether no row was ever deleted, or taken back."""
        return self.dead is None and not self.deletions

    def maker(self, row: int) -> int:
        """The transaction that made a row, 0 when it is settled."""
        at = bisect_right(self.made, row, key=lambda part: part.start) - 1
        return self.made[at].xid if at >= 0 and row < self.made[at].stop else 0

    def is_dead(self, row: int) -> bool:
        """Whether a row is gone for everybody."""
        return self.dead is not None and row < self.dead.n and bool(self.dead.view[row])

    def gone(self, rows: Index) -> Mask:
        """Which of these rows are gone for everybody."""
        if self.dead is None:
            return np.zeros(len(rows), np.bool_)
        self.dead = self._full(self.dead, np.bool_, 0)
        return self.dead.view[rows]

    def settle(self, horizon: int) -> None:
        """Transactions below `horizon` are over for every snapshot: their rows and deletions need no further check."""
        if self.made and self.made[0].xid < horizon:
            self.made = [part for part in self.made if part.xid >= horizon]
        if self.deletions and any(d.xid < horizon for d in self.deletions):
            self.dead = self._full(self.dead, np.bool_, 0)
            for deletion in self.deletions:
                if deletion.xid < horizon:
                    self.dead.view[deletion.rows] = True
            self.deletions = [d for d in self.deletions if d.xid >= horizon]

    def note_vacuum(self, horizon: int) -> None:
        """A VACUUM ran: deleted rows left the indexes, and pages are visible to all until they are changed."""
        self.settle(horizon)
        dead = None if self.dead is None else self._full(self.dead, np.bool_, 0).view.copy()
        self.visibility = VisibilityMap(self.n, dead)

    def visible(self, snapshot: Snapshot, horizon: int) -> Index | None:
        """The numbers of the rows a snapshot sees; None when it sees all."""
        self.settle(horizon)
        unsettled = bool(self.made or self.deletions)
        if self.dead is None and not unsettled:
            return None
        key = (self.version, self.n, (snapshot.own, snapshot.top, snapshot.running) if unsettled else None)
        if self._index[0] != key:
            mask = self.mask(snapshot)
            self._index = (key, None if mask.all() else np.flatnonzero(mask))
        return self._index[1]

    def visible_of(self, rows: Index, snapshot: Snapshot) -> Index:
        """Those of a few rows that a snapshot sees, in their order."""
        if not self.made and not self.deletions and self.dead is None:
            return rows
        keep = np.ones(len(rows), np.bool_)
        if self.dead is not None:
            self.dead = self._full(self.dead, np.bool_, 0)
            keep &= ~self.dead.view[rows]
        for part in self.made:
            if not snapshot.sees(part.xid):
                keep &= (rows < part.start) | (rows >= part.stop)
        if self.deletions:
            deleters = self.deleters(rows)
            for xid in set(deleters[deleters != 0].tolist()):
                if snapshot.sees(xid):
                    keep &= deleters != xid
        return rows[keep]

    def sees(self, row: int, snapshot: Snapshot) -> bool:
        """Whether a snapshot sees a row."""
        if self.is_dead(row) or not snapshot.sees(self.maker(row)):
            return False
        if not self.deletions:
            return True
        self._note()
        deleter = 0 if self._deleter is None or row >= self._deleter.n else int(self._deleter.view[row])
        return not deleter or not snapshot.sees(deleter)

    def mask(self, snapshot: Snapshot) -> Mask:
        """Which rows a snapshot sees."""
        if self.dead is None:
            mask = np.ones(self.n, np.bool_)
        else:
            self.dead = self._full(self.dead, np.bool_, 0)
            mask = ~self.dead.view
        for part in self.made:
            if not snapshot.sees(part.xid):
                mask[part.start : part.stop] = False
        for deletion in self.deletions:
            if snapshot.sees(deletion.xid):
                mask[deletion.rows] = False
        return mask
