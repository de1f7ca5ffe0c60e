"""Memoize: rows kept by parameter values, in as much memory as PostgreSQL's cache has, the least recently used given up first (nodeMemoize.c)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace

import numpy as np

from auroraml.batch import Batch, FixedVector, Index, Vector, concat_batches
from auroraml.evaluate.keys import groups
from auroraml.executor.loops import Key, Loops
from auroraml.executor.matching import Matcher
from auroraml.executor.operator import ALL, Holding, Operator, restore, tally
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.tree import expressions
from auroraml.storage.sizes import Sizes
from auroraml.storage.tuples import minimal_sizes
from auroraml.types.table import INT8

CACHE_ENTRY, CACHE_ROW = 48, 16  # bytes kept around a set of keys and around a row


@dataclass(eq=False)
class Entry:
    """The rows of one set of keys: as far as they were read, unless `complete`."""

    key_bytes: int = 0
    bytes: int = 0
    parts: list[Batch] = field(default_factory=list)
    complete: bool = False

    def rows(self) -> Batch | None:
        """All rows at hand."""
        if len(self.parts) > 1:
            self.parts = [concat_batches(self.parts)]
        return self.parts[0] if self.parts else None


Cache = OrderedDict[tuple[str, ...], Entry]
Moment = tuple[tuple[Loops, int], ...]  # what the rows depend on besides the keys: loops further out, and the number of the one that is on


class MemoizeRows(Holding):
    """The child's rows by parameter values: each distinct set of values runs the child once."""

    node: p.Memoize

    def __init__(self, node: p.Memoize, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        self.keys = [self.evaluator(key) for key in node.keys]
        self.types = [key.type for key in node.keys]
        self.key_numbers = frozenset(x.number for key in node.keys for x in expressions(key) if isinstance(x, e.ParamRef))
        self.single_row = False  # each set of keys has one row at most: nobody asks for what is behind it
        self.cache: Cache = OrderedDict()
        self.moment: Moment = ()  # that of what is in the cache
        self.used = self.peak = 0  # bytes that PostgreSQL's cache takes, and the most before it gave up entries
        self.entry: Entry | None = None
        self.reading = self.bypass = False
        self.pending: Batch | None = None  # read of the child; kept when nobody can give it back any more

    def open(self) -> None:
        self.feed.fill(None)
        if self.loops.n is None:
            self._look_up()
        else:
            self.feed.fill(self._many(self.loops))
            self._note()

    # One set of keys

    def _look_up(self) -> None:
        self._begin(tuple((found, 0 if places is None else int(places[0])) for found, places in self._origins(self.loops)))
        frame = self.frame(1, Batch([], 1))
        values = [k(frame) for k in self.keys]
        key = tuple(repr(value.datum(0)) for value in values)
        entry = self.cache.get(key)
        if entry is not None:
            self.cache.move_to_end(key)
            if entry.complete:
                self.metrics.cache_hits += 1
                self.feed.fill(entry.rows())
                return
            self.used -= entry.bytes
            entry.parts, entry.bytes = [], 0
        self.metrics.cache_misses += 1
        if entry is None:
            entry = self.cache[key] = Entry(key_bytes=int(self._key_sizes(values, 1).sum()))
            self.used += entry.key_bytes
            if not self._fits(entry):
                entry = None
        self.entry, self.reading, self.bypass = entry, True, False
        self.children[0].rescan(self.loops, self.free)

    def produce(self, n: int) -> Batch | None:
        if not self.reading:
            return self.feed.give(n)
        self._keep()
        self.pending = self.children[0].pull(n)
        if self.pending is None:
            self.reading = False
            if self.entry is not None:
                self.entry.complete = True
        return self.pending

    def _keep(self) -> None:
        """Put the rows read last into the cache."""
        batch, self.pending = self.pending, None
        if batch is None or not batch.n or self.bypass:
            return
        entry = self.entry
        if entry is None:
            self._pass_by()
            return
        sizes = self._row_sizes(batch)
        whole = int(sizes.sum())
        entry.parts.append(batch)
        if not self._limited() or self.used + whole <= self.ctx.hash_memory:
            self.used, entry.bytes = self.used + whole, entry.bytes + whole
        else:
            for size in sizes.tolist():  # which entries are given up hangs on the rows before
                self.used, entry.bytes = self.used + size, entry.bytes + size
                if not self._fits(entry):
                    self._pass_by()
                    return
        entry.complete = self.single_row

    def _pass_by(self) -> None:
        self.metrics.cache_overflows += 1
        self.bypass, self.entry = True, None

    def _fits(self, entry: Entry) -> bool:
        """Give up entries until there is room; whether `entry` is not one of them."""
        if not self._limited() or self.used <= self.ctx.hash_memory:
            return True
        intact = True
        self.peak = max(self.peak, self.used)
        while self.cache and self.used > self.ctx.hash_memory:
            _, oldest = self.cache.popitem(last=False)
            intact = intact and oldest is not entry
            self.used -= oldest.key_bytes + oldest.bytes
            self.metrics.cache_evictions += 1
        return intact

    def _limited(self) -> bool:
        return self.ctx.measured

    def _key_sizes(self, keys: list[Vector], n: int) -> Sizes:
        return minimal_sizes(keys, self.types, n) + CACHE_ENTRY if self.ctx.measured else np.zeros(n, np.int64)

    def _row_sizes(self, rows: Batch) -> Sizes:
        if not self.ctx.measured:
            return np.zeros(rows.n, np.int64)
        types = [target.type for target in self.node.targets]
        return minimal_sizes([rows.vector(i) for i in range(len(types))], types, rows.n) + CACHE_ROW

    def take_back(self, batch: Batch) -> None:
        if self.loops.n is None and self.pending is not None and batch.n <= self.pending.n:
            self.children[0].unread(self.pending.drop(self.pending.n - batch.n))
            self.pending = self.pending.slice(0, self.pending.n - batch.n)
        else:
            super().take_back(batch)

    # The end of a run

    def _finish(self) -> None:
        self._keep()
        self.reading, self.entry = False, None
        self._note()

    def _note(self) -> None:
        self.metrics.extra["Peak Memory Usage"] = self.peak or self.used

    def rescan(self, loops: Loops, changed: frozenset[int]) -> None:
        """The child is started when a set of values is new."""
        self.rewind()
        if self.free & changed:
            self.loops = loops

    def _origins(self, loops: Loops) -> list[tuple[Loops, Index | None]]:
        """For each parameter other than the keys the loops that it changes with, and which of them each of `loops` belongs to."""
        return [loops.origin(number) for number in sorted(self.free & loops.changing - self.key_numbers)]

    def _begin(self, moment: Moment) -> None:
        """Empty the cache where something other than the keys has changed."""
        if not _same(self.moment, moment):
            self.metrics.cache_evictions += len(self.cache)
            self.cache.clear()
            self.used = 0
            self.moment = moment

    def rewind(self) -> None:
        self._finish()
        self.started = False
        self.returned = None

    def close(self) -> None:
        self._finish()
        super().close()

    # Runs that may be undone

    def mark(self) -> tuple[Cache, Moment, int, int]:
        """The state that `undo` goes back to."""
        return OrderedDict((key, replace(entry, parts=list(entry.parts))) for key, entry in self.cache.items()), self.moment, self.used, self.peak

    def undo(self, marked: tuple[Cache, Moment, int, int]) -> None:
        """As it was; counters are set back by others."""
        self.cache, self.moment, self.used, self.peak = marked

    # Many sets of keys at once

    def _many(self, loops: Loops) -> Batch | None:
        n = loops.n
        assert n is not None
        child = self.children[0]
        frame = self.frame(n, Batch([], n).owned(np.arange(n)))
        vectors = [k(frame) for k in self.keys]
        origins = self._origins(loops)
        moments, codes = self._moments(origins, n)
        numbers, _, first = groups([FixedVector(codes), *vectors], [INT8, *self.types], n)
        if not self.ctx.measured:
            return self._uncounted(loops, numbers, first)
        self._begin(moments[0])
        keys = [tuple(repr(v.datum(int(row))) for v in vectors) for row in first]
        times = codes[first].tolist()
        new = [i for i, key in enumerate(keys) if times[i] or key not in self.cache]
        made = None
        if new:
            before = tally(self)
            rows = first[new]
            child.rescan(self._some(loops, rows), loops.changing)
            made = child.drain()
            sizes = self._key_sizes([v.take(rows) for v in vectors], len(new))
            wide = np.zeros(0, np.int64) if made is None else self._row_sizes(Batch(made.columns, made.n))
            owners = np.zeros(0, np.int64) if made is None else made.owners
            bytes_of = sizes + np.bincount(owners, wide, len(new)).astype(np.int64)
            whole = np.bincount([times[i] for i in new], bytes_of, len(moments))
            whole[0] += self.used
            if self._limited() and whole.max() > self.ctx.hash_memory:
                restore(before)
                return self._one_by_one(loops, n)
        entries = [self.cache.get(key) if not times[i] else None for i, key in enumerate(keys)]
        for place, i in enumerate(new):
            found = np.flatnonzero(owners == place)
            part = [] if made is None or not len(found) else [Batch(made.take(found).columns, len(found))]
            entries[i] = Entry(key_bytes=int(sizes[place]), bytes=int(wide[found].sum()), parts=part, complete=True)
        known = [entry for entry in entries if entry is not None]
        self._keep_last(keys, known, times, moments)
        self.metrics.cache_hits += n - len(new)
        self.metrics.cache_misses += len(new)
        self._used_last(keys, numbers, times)
        return self._brought_together(known, numbers, n)

    @staticmethod
    def _moments(origins: list[tuple[Loops, Index | None]], n: int) -> tuple[list[Moment], Index]:
        """The moments that loops belong to, in their order, and the number of each loop's."""
        if all(places is None for _, places in origins):
            return [tuple((found, 0) for found, _ in origins)], np.zeros(n, np.int64)
        table = np.stack([np.zeros(n, np.int64) if places is None else places for _, places in origins], 1)
        distinct, codes = np.unique(table, axis=0, return_inverse=True)
        return [tuple((found, int(place)) for (found, _), place in zip(origins, row, strict=True)) for row in distinct], codes.reshape(-1).astype(
            np.int64
        )

    def _keep_last(self, keys: list[tuple[str, ...]], entries: list[Entry], times: list[int], moments: list[Moment]) -> None:
        """Put entries into the cache, which is emptied before each moment but the first: what is left are those of the last."""
        last = len(moments) - 1
        for time in range(last + 1):
            self._begin(moments[time])
            if time < last:
                self.metrics.cache_evictions += sum(1 for i, at in enumerate(times) if at == time and keys[i] not in self.cache)
        for key, entry, time in zip(keys, entries, times, strict=True):
            if time == last and key not in self.cache:
                self.cache[key] = entry
                self.used += entry.key_bytes + entry.bytes

    def _uncounted(self, loops: Loops, numbers: Index, first: Index) -> Batch | None:
        """Each distinct set of keys of these loops once; nobody asks what a cache would have kept of others."""
        child = self.children[0]
        child.rescan(self._some(loops, first), loops.changing)
        made = child.drain()
        if made is None:
            return None
        owned = made.owner is not None
        matcher = Matcher([FixedVector(made.owners)] if owned else [], [INT8] if owned else [], made.n)
        owners, rows = matcher.pairs([FixedVector(numbers)] if owned else [], len(numbers))
        return made.take(rows).owned(owners)

    def _some(self, loops: Loops, rows: Index) -> Loops:
        """These loops only."""
        own: dict[Key, Vector] = {("exec", k): v.take(rows).flat() for (_, k), v in self._own().items()}
        return Loops(len(rows), own, loops.at(rows), self.ctx.missing, loops.changing)

    def _used_last(self, keys: list[tuple[str, ...]], numbers: Index, times: list[int]) -> None:
        if self._limited() and keys:
            last, end = np.zeros(len(keys), np.int64), max(times)
            last[numbers] = np.arange(len(numbers))
            for i in np.argsort(last).tolist():
                if times[i] == end:
                    self.cache.move_to_end(keys[i])

    def _brought_together(self, entries: list[Entry], numbers: Index, n: int) -> Batch | None:
        """The rows of each loop, `numbers` saying which entry is its own."""
        parts = [entry.rows() for entry in entries]
        sizes = np.array([0 if part is None else part.n for part in parts], np.int64)
        filled = [part for part in parts if part is not None]
        if not filled:
            return None
        whole = concat_batches(filled)
        starts = np.cumsum(sizes) - sizes
        counts = sizes[numbers]
        rows = np.repeat(starts[numbers] - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))
        return whole.take(rows).owned(np.repeat(np.arange(n), counts))

    def _one_by_one(self, loops: Loops, n: int) -> Batch | None:
        """The loops one after another, where memory is short: what is given up hangs on their order."""
        parts: list[Batch] = []
        own = self._own()
        try:
            for loop in range(n):
                row = np.array([loop])
                alone: dict[Key, Vector] = {key: vector.take(row).flat() for key, vector in own.items()}
                self.loops = Loops(None, alone, loops.at(row), self.ctx.missing, loops.changing)
                self._look_up()
                while (batch := self.paced(ALL)) is not None:
                    parts.append(Batch(batch.columns, batch.n).owned(np.full(batch.n, loop)))
                self._finish()
                self.feed.fill(None)
        finally:
            self.loops = loops
        return concat_batches(parts) if parts else None

    def _own(self) -> dict[Key, Vector]:
        return {key: vector for key, vector in self.loops.own.items() if key[0] == "exec" and vector.n == self.loops.n}


def _same(one: Moment, other: Moment) -> bool:
    return len(one) == len(other) and all(a is b and i == j for (a, i), (b, j) in zip(one, other, strict=True))


def caches(root: Operator) -> list[MemoizeRows]:
    """The caches at and below an operator."""
    found = [root] if isinstance(root, MemoizeRows) else []
    for child in root.children:
        found += caches(child)
    return found
