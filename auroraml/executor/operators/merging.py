"""Merge Append: sorted children merged, each read no further than PostgreSQL reads it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from auroraml.batch import Batch, Index, concat_batches
from auroraml.executor.operator import LARGE, Feed, Operator
from auroraml.executor.operators.ordering import changes, order_of
from auroraml.ir import physical as p

Ahead = Callable[[int, int], bool]


class Heap:
    """Children by their next rows, the first of them at the root; of equal ones PostgreSQL's binary heap keeps its own order."""

    def __init__(self, children: list[int], ahead: Ahead) -> None:
        self.nodes = list(children)
        self.ahead = ahead  # whether a child's next row comes strictly before another's
        for i in range((len(children) - 2) // 2, -1, -1):
            self.sift(i)

    def sift(self, at: int) -> None:
        """Move a node below those that come before it."""
        nodes = self.nodes
        while True:
            left, right, swap = 2 * at + 1, 2 * at + 2, 0
            if left < len(nodes) and self.ahead(nodes[left], nodes[at]):
                swap = left
            if right < len(nodes) and self.ahead(nodes[right], nodes[at]) and (not swap or self.ahead(nodes[right], nodes[left])):
                swap = right
            if not swap:
                return
            nodes[at], nodes[swap] = nodes[swap], nodes[at]
            at = swap

    def pop(self) -> None:
        """The root has no more rows."""
        self.nodes[0] = self.nodes[-1]
        self.nodes.pop()
        self.sift(0)


class Input:
    """Rows read of a child: those before `at` were given, those up to `held` are still to be given, those behind were handed back.

    What the last produce gave is kept, since it may be taken back; the child's last read begins at `read`.
    """

    __slots__ = ("at", "batch", "child", "held", "read")

    def __init__(self, child: Operator) -> None:
        self.child = child
        self.batch: Batch | None = None
        self.at = 0
        self.held = 0
        self.read = 0

    @property
    def n(self) -> int:
        """How many rows are at hand."""
        return self.held - self.at

    def begin(self) -> None:
        """Rows given so far are not taken back any more."""
        if self.batch is not None and self.at:
            self.batch = self.batch.slice(self.at, self.held)
            self.read = max(self.read - self.at, 0)
            self.at, self.held = 0, self.batch.n

    def fill(self, n: int) -> None:
        """Rows, where none is at hand."""
        if self.n:
            return
        found = self.child.pull(n) if n < LARGE else self.child.drain()
        if found is not None:
            self.read = self.at
            self.batch = found if self.batch is None or not self.at else concat_batches([self.batch.slice(0, self.at), found])
            self.held = self.batch.n

    def rows(self) -> Batch:
        """Those at hand."""
        assert self.batch is not None
        return self.batch.slice(self.at, self.held)

    def keep(self, n: int) -> None:
        """Hand back all but the next `n` rows, if the child's last read gave them."""
        if self.n > n and self.at + n >= self.read:
            assert self.batch is not None
            self.child.unread(self.batch.slice(self.at + n, self.held))
            self.held = self.at + n


Turn = tuple[int, int, list[int]]  # a child, the rows it gave one after another, the heap at that time


class MergeAppendRows(Operator):
    """The rows of sorted children in order.

    A child is read on when it is next after its last row was given, so that as many rows have been read of it as it gave, and one more
    unless it gave the last.
    """

    node: p.MergeAppend

    def open(self) -> None:
        self.feed: Feed | None = None
        self.inputs = [Input(child) for child in self.children]
        self.nodes: list[int] | None = None  # children that have rows, as a heap
        self.last = -1  # the child that gave the last row: its next row has still to find its place
        self.before: tuple[list[int] | None, int] = (None, -1)  # both as they were before the last rows
        self.turns: list[Turn] = []

    def bound(self, n: int) -> None:
        for child in self.children:
            child.bound(n)

    def produce(self, n: int) -> Batch | None:
        if self.loops.n is not None:
            return self._all_loops(n)
        self.before, self.turns = (None if self.nodes is None else list(self.nodes), self.last), []
        for input in self.inputs:
            input.begin()
        parts: list[Batch] = []
        wanted = n
        while wanted and (batch := self._next(wanted)) is not None:
            parts.append(batch)
            wanted -= batch.n
        if n < LARGE:
            self._give_back()
        if not parts:
            return None
        whole = concat_batches(parts)
        return self.project(self.frame(whole.n, whole)) if self.targets else whole

    def take_back(self, batch: Batch) -> None:
        given = dict.fromkeys(range(len(self.inputs)), 0)
        turns, rest = list(self.turns), batch.n
        while rest and turns:
            child, n, nodes = turns.pop()
            taken = min(rest, n)
            given[child] += taken
            rest -= taken
            if taken < n:
                turns.append((child, n - taken, nodes))
        if rest or self.volatile or (self.returned is not None and self.returned.n) or any(self.inputs[c].at < n for c, n in given.items()):
            super().take_back(batch)  # those of an earlier read of some child are among them
            return
        for child, n in given.items():
            self.inputs[child].at -= n
        self.turns = turns
        if turns:
            self.last, _, nodes = turns[-1]
            self.nodes = list(nodes)
        else:
            self.nodes, self.last = self.before
        self._give_back()

    def _all_loops(self, n: int) -> Batch | None:
        if self.feed is None:
            parts = [batch for child in self.children if (batch := self.drain_for(child)) is not None]
            whole = concat_batches(parts) if parts else None
            self.feed = Feed(None if whole is None else whole.take(order_of(whole, self.node.keys, self.node.sources[0])))
        batch = self.feed.give(n)
        return None if batch is None else self.project(self.frame(batch.n, batch)) if self.targets else batch

    def _next(self, n: int) -> Batch | None:
        """Some of the next rows: as far as what is at hand of every child tells."""
        for child in range(len(self.inputs)) if self.nodes is None else self.nodes[:1] if self.last >= 0 else []:
            self.inputs[child].fill(n)
        at_hand = [child for child, input in enumerate(self.inputs) if input.n]
        if not at_hand:
            return None
        held = [self.inputs[child].rows() for child in at_hand]
        whole = concat_batches(held)
        ends = dict(zip(at_hand, np.cumsum([batch.n for batch in held]).tolist(), strict=True))
        ranks = self._ranks(whole)

        def place(child: int) -> int:
            return int(ends[child]) - self.inputs[child].n

        heap = self._heap(lambda a, b: bool(ranks[place(a)] < ranks[place(b)]))
        picked: list[np.ndarray] = []
        total = 0
        # A loop over the turns of the children: whose turn it is among equal rows hangs on all turns before.
        while heap.nodes:
            child = heap.nodes[0]
            first, end = place(child), ends[child]
            others = [ranks[place(other)] for other in heap.nodes[1:3]]
            stop = end if not others else first + int(np.searchsorted(ranks[first:end], min(others), "right"))
            stop = max(min(stop, first + n - total), first + 1)
            picked.append(np.arange(first, stop))
            self.turns.append((child, stop - first, list(heap.nodes)))
            self.inputs[child].at += stop - first
            total += stop - first
            if stop == end or total >= n:
                self.last = child
                break
            heap.sift(0)
        self.nodes = heap.nodes
        return whole.take(np.concatenate(picked))

    def _heap(self, ahead: Ahead) -> Heap:
        """The children that have rows: as they stood, the one that gave the last row moved to its new place."""
        if self.nodes is None:
            return Heap([child for child, input in enumerate(self.inputs) if input.n], ahead)
        heap = Heap([], ahead)
        heap.nodes = self.nodes
        if self.last >= 0:
            if self.inputs[self.last].n:
                heap.sift(0)
            else:
                heap.pop()
            self.last = -1
        return heap

    def _ranks(self, whole: Batch) -> Index:
        """Each row's place in the order, equal ones alike."""
        order = order_of(whole, self.node.keys, self.node.sources[0])
        new = changes(whole.take(order), [key.index for key in self.node.keys], self.node.sources[0])
        ranks = np.empty(whole.n, np.int64)
        ranks[order] = np.cumsum(new)
        return ranks

    def _give_back(self) -> None:
        """What was read of children and is not wanted yet."""
        for child, input in enumerate(self.inputs):
            input.keep(0 if child == self.last else 1)
