"""Which pages of a bitmap lose their rows where memory is short, so that all of their rows are tested again (tidbitmap.c, simplehash.h)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from auroraml.batch import Index

ENTRY, LEAST = 64, 16  # bytes of memory for an entry; entries that there is always room for
CHUNK = 256  # pages that one entry stands for once they are lossy
FIRST_BUCKETS, FILL, FARTHEST, MOST_MOVED, LEAST_FILL = 256, 0.9, 25, 150, 0.1


def room(memory: int) -> int:
    """The entries that fit (tbm_calculate_entries)."""
    return max(memory // ENTRY, LEAST)


def lossy_pages(pages: Index, memory: int) -> Index:
    """Those of `pages`, which come in this order, that are lossy in the end."""
    first = np.unique(pages, return_index=True)[1]
    if len(first) <= room(memory):
        return np.zeros(0, np.int64)
    bitmap = _Bitmap(room(memory))
    for page in pages[np.sort(first)].tolist():  # what becomes lossy hangs on the pages before
        bitmap.add(page)
    return np.array(sorted(bitmap.lossy), np.int64)


class _Bitmap:
    def __init__(self, most: int) -> None:
        self.most = most
        self.table = _Table()
        self.chunks: set[int] = set()  # pages whose entry stands for a chunk
        self.lossy: set[int] = set()
        self.start = 0

    def add(self, page: int) -> None:
        if page in self.lossy:
            return
        if page in self.chunks:
            self.lossy.add(page)
        else:
            self.table.insert(page)
        if self.table.members > self.most:
            self._lossify()

    def _lossify(self) -> None:
        for place, page in self.table.backward(self.start):
            if page in self.chunks or page % CHUNK == 0:  # it would save nothing
                continue
            self._mark(page)
            if self.table.members <= self.most // 2:
                self.start = (place - 1) % self.table.size
                break
        if self.table.members > self.most // 2:
            self.most = self.table.members * 2

    def _mark(self, page: int) -> None:
        self.table.delete(page)
        self.lossy.add(page)
        head = page - page % CHUNK
        if head in self.chunks:
            return
        if not self.table.insert(head):
            self.lossy.add(head)  # its own rows are lost as well
        self.chunks.add(head)


def _hash(page: int) -> int:
    page = (page ^ (page >> 16)) * 0x85EBCA6B & 0xFFFFFFFF
    page = (page ^ (page >> 13)) * 0xC2B2AE35 & 0xFFFFFFFF
    return page ^ (page >> 16)


class _Table:
    """Open addressing in which who is farther from home goes first."""

    def __init__(self) -> None:
        self.size = FIRST_BUCKETS
        self.data: list[int | None] = [None] * self.size
        self.members = self.at = 0

    def _home(self, page: int) -> int:
        return _hash(page) & (self.size - 1)

    def insert(self, page: int) -> bool:
        """Whether it was not there."""
        while not self._place(page):
            self._grow()
        if self.data[self.at] == page:
            return False
        self._put(page)
        return True

    def _place(self, page: int) -> bool:
        """Find where a page is or goes; False where the table has to grow first."""
        if self.members >= int(self.size * FILL):
            return False
        crowds = self.members / self.size >= LEAST_FILL
        place, distance, mask = self._home(page), 0, self.size - 1
        while (there := self.data[place]) is not None and there != page and distance <= (place - self._home(there) & mask):
            place, distance = place + 1 & mask, distance + 1
            if distance > FARTHEST and crowds:
                return False
        self.at = place
        moved, end = -1, place
        while there is not None and there != page and self.data[end] is not None:
            end, moved = end + 1 & mask, moved + 1
            if moved > MOST_MOVED and crowds:
                return False
        return True

    def _put(self, page: int) -> None:
        place, mask, pushed = self.at, self.size - 1, page
        while (there := self.data[place]) is not None:
            self.data[place], pushed = pushed, there
            place = place + 1 & mask
        self.data[place] = pushed
        self.members += 1

    def _grow(self) -> None:
        old, before = self.data, self.size
        start = next(i for i, page in enumerate(old) if page is None or _hash(page) & (before - 1) == i)
        self.size *= 2
        self.data = [None] * self.size
        for i in range(before):
            page = old[(start + i) % before]
            if page is not None:
                place = self._home(page)
                while self.data[place] is not None:
                    place = place + 1 & self.size - 1
                self.data[place] = page

    def delete(self, page: int) -> None:
        mask = self.size - 1
        place = self._home(page)
        while self.data[place] != page:
            place = place + 1 & mask
        self.members -= 1
        while True:
            after = place + 1 & mask
            there = self.data[after]
            if there is None or self._home(there) == after:
                self.data[place] = None
                return
            self.data[place], place = there, after

    def backward(self, start: int) -> Iterator[tuple[int, int]]:
        """Each place in use and its page, from `start` downwards, as the table is when it is reached."""
        first = start & (self.size - 1)
        place, size = first, self.size
        while True:
            page = self.data[place]
            here, place = place, (place - 1) % size
            if page is not None:
                yield here, page
            if place == first or size != self.size:
                return
