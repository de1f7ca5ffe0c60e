"""HeapFill: rows put on heap pages as PostgreSQL puts them, its free space map included (hio.c, freespace.c, fsmpage.c)."""

from __future__ import annotations

from array import array
from dataclasses import field

import numpy as np

from auroraml.records import dataclass
from auroraml.storage.sizes import Sizes

PAGE = 8192
PAGE_HEADER = 24
LINE_POINTER = 4
NEARLY_EMPTY = 8016  # a page with so much free space takes a row whatever fillfactor says (hio.c)
ROOM = PAGE - PAGE_HEADER  # what tuples and line pointers share
CATEGORY = 32  # the map knows free space in steps of so many bytes
INNER_NODES = 4095
LEAVES = 4069  # heap pages that one page of the map covers


class SpaceMap:
    """One page of the free space map: a heap of maxima over its leaves, searched from where the last search ended."""

    __slots__ = ("next", "nodes")

    def __init__(self) -> None:
        self.nodes = bytearray(INNER_NODES + LEAVES)
        self.next = 0

    def record(self, slot: int, category: int) -> None:
        """A heap page has this much free space."""
        nodes = self.nodes
        place = INNER_NODES + slot
        nodes[place] = category
        while place > 0:
            place = (place - 1) // 2
            left = 2 * place + 1
            most = nodes[left]
            if left + 1 < len(nodes) and nodes[left + 1] > most:
                most = nodes[left + 1]
            if nodes[place] == most:
                return
            nodes[place] = most

    def search(self, needed: int) -> int:
        """A heap page with at least this much; -1: none. Up and to the right from the last place, then down, left first."""
        nodes = self.nodes
        if nodes[0] < needed:
            return -1
        place = INNER_NODES + (self.next if self.next < LEAVES else 0)
        while place > 0 and (place >= len(nodes) or nodes[place] < needed):
            place += 1
            if (place + 1) & place == 0:
                place = (place - 1) // 2  # wrap around on the level
            place = (place - 1) // 2
        while place < INNER_NODES:
            left = 2 * place + 1
            place = left if left < len(nodes) and nodes[left] >= needed else left + 1
        slot = place - INNER_NODES
        self.next = slot + 1
        return slot


@dataclass(kw_only=True)
class HeapFill:
    """The pages of a table: rows counted so far, free bytes by page, and the page rows go to. Rows before `packed` never reuse space."""

    rows: int = 0
    slack: int = 0  # bytes of a page that fillfactor keeps free of new rows
    packed: int = 0
    free: list[int] = field(default_factory=list)
    target: int = -1
    maps: list[SpaceMap] = field(default_factory=list)
    starts: array[int] = field(default_factory=lambda: array("q"))  # the first row of each run of rows on one page
    places: array[int] = field(default_factory=lambda: array("q"))  # and its page

    @property
    def pages(self) -> int:
        """Pages begun."""
        return len(self.free)

    def add(self, sizes: Sizes) -> None:
        """Append rows that take so many bytes each, line pointers included."""
        n = len(sizes)
        if not n:
            return
        done = 0
        if not self.maps and not self.slack and bool((sizes == sizes[0]).all()):
            done = n
            self._add_alike(n, int(sizes[0]))
        ends = np.cumsum(sizes) if done < n else sizes
        width = ROOM // int(sizes.min()) + 1  # rows that a page can hold
        first, before, free, slack = self.rows, 0, self.free, self.slack
        while done < n:  # once a page, not once a row
            page = self._page(sizes.item(done), reuse=first + done >= self.packed)
            limit = before + free[page] - slack
            fits = max(done + int(ends[done : done + width].searchsorted(limit, "right")), done + 1)
            self.starts.append(first + done)
            self.places.append(page)
            end = ends.item(fits - 1)
            free[page] = max(free[page] - (end - before), 0)
            before, done = end, fits
        self.rows += n

    def _add_alike(self, n: int, size: int) -> None:
        """Rows of one size go to the last page, then to new ones: no earlier page has room for what the last one has none for."""
        page = self.target if self.target >= 0 else len(self.free) - 1
        here = min(self.free[page] // size, n) if page >= 0 else 0
        if here:
            self.starts.append(self.rows)
            self.places.append(page)
            self.free[page] -= here * size
        each = max(ROOM // size, 1)
        whole, rest = divmod(n - here, each)
        pages = whole + (rest > 0)
        if pages:
            begin = len(self.free)
            self.starts.extend(range(self.rows + here, self.rows + n, each))
            self.places.extend(range(begin, begin + pages))
            self.free.extend([max(ROOM - each * size, 0)] * whole)
            if rest:
                self.free.append(ROOM - rest * size)
            page = begin + pages - 1
        self.target = page

    @property
    def runs(self) -> tuple[Sizes, Sizes]:
        """The first row of each run of rows on one page, and its page."""
        return np.array(self.starts, np.int64), np.array(self.places, np.int64)

    def pages_of(self, rows: Sizes) -> Sizes:
        """The page that each of these rows is on."""
        starts, pages = self.runs
        return pages[np.searchsorted(starts, rows, side="right") - 1]

    def places_of(self, rows: Sizes) -> tuple[Sizes, Sizes]:
        """The page that each of these rows is on, and its number there, from 1 on."""
        starts, pages = self.runs
        found = np.searchsorted(starts, rows, side="right") - 1
        order = np.argsort(pages, kind="stable")
        counts = np.diff(starts, append=self.rows)[order]
        before = np.cumsum(counts) - counts  # rows of earlier runs, then only those of the same page
        first = np.flatnonzero(np.diff(pages[order], prepend=-1))
        before -= np.repeat(before[first], np.diff(first, append=len(order)))
        earlier = np.empty(len(order), np.int64)
        earlier[order] = before
        return pages[found], rows - starts[found] + earlier[found] + 1

    def order_of(self, rows: Sizes) -> Sizes | None:
        """The places of these rows in the order of their pages; None where that is how they are given."""
        if not self.maps:  # no row was put back into an earlier page
            return None
        return np.argsort(self.pages_of(rows), kind="stable")

    def _page(self, size: int, *, reuse: bool) -> int:
        """The page that takes a row of `size`: the last one used, one the map finds, or a new one."""
        page = self.target if self.target >= 0 else len(self.free) - 1
        slack = min(self.slack, max(NEARLY_EMPTY - (size - LINE_POINTER), 0))
        while page >= 0 and self.free[page] < size + slack:
            page = self._found(page, size - LINE_POINTER + slack) if reuse else -1
        if page < 0:
            page = len(self.free)
            self.free.append(ROOM)
        self.target = page
        return page

    def _found(self, page: int, needed: int) -> int:
        number, slot = divmod(page, LEAVES)
        while len(self.maps) <= number:
            self.maps.append(SpaceMap())
        one = self.maps[number]
        one.record(slot, min(max(self.free[page] - LINE_POINTER, 0) // CATEGORY, 254))
        found = one.search(min(-(-needed // CATEGORY), 255))
        return -1 if found < 0 else number * LEAVES + found
