"""How often PostgreSQL's table of groups doubles its buckets: when it is full, and when collisions crowd it (simplehash.h)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from auroraml.batch import Index
from auroraml.executor.space.hashes import Hashes
from auroraml.records import dataclass

FILL = 0.9  # of the buckets before they double
FARTHEST, MOST_MOVED, LEAST_FILL = 25, 150, 0.1  # from the bucket of its hash; entries moved for another one; below it crowding is suffered

CROWDS = 0.5  # the least share of the buckets at which entries are ever seen to be that far away


@dataclass(frozen=True, kw_only=True)
class Doubling:
    """The buckets doubled when there were `groups`, by a row of the next group or of one there already."""

    groups: int
    known: bool


def doublings(buckets: int, hashes: Callable[[], Hashes], first: Index, codes: Index) -> Iterator[Doubling]:
    """Each doubling of a table whose groups, numbered as they appear, have these hashes; `codes` says each row's group, `first` each group's first row."""
    table: _Table | None = None
    begun = 0  # groups when it doubled last
    while True:
        full = int(buckets * FILL)
        end, crowded = min(full, len(first)), None
        if end > max(begun, int(CROWDS * buckets)):
            table = table or _Table(hashes(), first, codes)
            crowded = table.crowded(buckets, begun, end)
        if crowded is not None:
            yield crowded
            begun = crowded.groups
        elif full <= len(first) and (full < len(first) or first[full - 1] + 1 < len(codes)):
            yield Doubling(groups=full, known=full == len(first) or bool(first[full - 1] + 1 < first[full]))
            begun = full
        else:
            return
        buckets *= 2


class _Table:
    def __init__(self, hashes: Hashes, first: Index, codes: Index) -> None:
        self.hashes, self.first, self.codes = hashes, first, codes

    def crowded(self, buckets: int, begun: int, end: int) -> Doubling | None:
        """The first time that a row finds its place too far away, with between `begun` and `end` groups in the table."""
        if not self._crowded(buckets, end):
            return None
        low, high = begun, end  # with `low` groups nothing is too far away, or a doubling has just begun
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._crowded(buckets, middle) else (middle, high)
        return self._first_crowded(buckets, low, end)

    def _layout(self, buckets: int, count: int) -> tuple[Index, Index]:
        """The groups in the buckets' order and each one's bucket, those that wrapped around counted on."""
        homes = (self.hashes[:count] & np.uint32(buckets - 1)).astype(np.int64)
        order = np.argsort(homes, kind="stable")
        sorted_homes = homes[order]
        twice = np.concatenate([sorted_homes, sorted_homes + buckets])  # the second round knows what wrapped around from the end of the first
        number = np.arange(2 * count)
        places = np.maximum.accumulate(twice - number) + number
        return order, places[count:] - buckets

    def _crowded(self, buckets: int, count: int) -> bool:
        order, places = self._layout(buckets, count)
        homes = (self.hashes[:count] & np.uint32(buckets - 1)).astype(np.int64)[order]
        if (places - homes > FARTHEST).any():
            return True
        ends = np.flatnonzero(np.diff(places, append=places[-1] + 2) > 1)
        return bool((np.diff(ends, prepend=-1) > MOST_MOVED).any())

    def _first_crowded(self, buckets: int, begun: int, end: int) -> Doubling | None:
        """From `begun` groups on, one group after another: whether one is too far away hangs on those before it."""
        taken: list[int] = [-1] * buckets  # the group in each bucket
        homes = (self.hashes[:end] & np.uint32(buckets - 1)).astype(np.int64).tolist()
        order, places = self._layout(buckets, begun)
        for group, place in zip(order.tolist(), places.tolist(), strict=True):
            taken[place % buckets] = group
        far = _Waiting(self.codes, self.first)
        mask = buckets - 1
        for group in range(begun, end):
            if far.next is not None and far.next < self.first[group]:
                return Doubling(groups=group, known=True)
            place, distance = homes[group], 0
            while (there := taken[place]) >= 0 and distance <= (place - homes[there] & mask):
                place, distance = place + 1 & mask, distance + 1
                if distance > FARTHEST and group >= LEAST_FILL * buckets:
                    return Doubling(groups=group, known=False)
            moved = 0
            pushed = group
            while (there := taken[place]) >= 0:
                taken[place], pushed = pushed, there
                place = place + 1 & mask
                moved += 1
                if (place - homes[pushed] & mask) > FARTHEST:
                    far.add(pushed, group)
                if moved > MOST_MOVED + 1 and group >= LEAST_FILL * buckets:
                    return Doubling(groups=group, known=False)
            taken[place] = pushed
        return Doubling(groups=end, known=True) if far.next is not None else None


class _Waiting:
    """Groups too far away: the first row that will look one of them up."""

    def __init__(self, codes: Index, first: Index) -> None:
        self.first = first
        self.order = np.argsort(codes, kind="stable")
        self.starts = np.searchsorted(codes[self.order], np.arange(len(first) + 1))
        self.next: int | None = None

    def add(self, group: int, by: int) -> None:
        """`group` was moved too far when the group `by` came."""
        rows = self.order[self.starts[group] : self.starts[group + 1]]
        at = int(np.searchsorted(rows, self.first[by], "right"))
        if at < len(rows) and (self.next is None or rows[at] < self.next):
            self.next = int(rows[at])
