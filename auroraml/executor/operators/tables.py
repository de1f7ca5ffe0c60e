"""Seq Scan, Index Scan: the rows of tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from auroraml.batch import (
    Batch,
    Column,
    ConstVector,
    FixedVector,
    Index,
    Rows,
    Selection,
    Vector,
    ascending,
    concat_batches,
    numbers,
    stable_order,
    true_places,
)
from auroraml.catalog.simulated import refuse_rows
from auroraml.errors import DatabaseError, OperationalError
from auroraml.evaluate import Evaluator, Frame, chosen, compile, select
from auroraml.executor import blocks
from auroraml.executor.indexes import Entries, Found, bounds_of, lookup_of
from auroraml.executor.matching import Matcher
from auroraml.executor.operator import Operator
from auroraml.executor.operators.deciding import decided
from auroraml.executor.shares import Dealt, InOrder, Pieces, Share
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.logical import CTID, TABLEOID
from auroraml.ir.objects import Relation
from auroraml.storage.table import Table
from auroraml.types.tid import LINE_BITS

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext
    from auroraml.executor.crew import Member

LOOK_AHEAD, LARGEST = 1_024, 1_048_576
NONE: Index = np.zeros(0, np.int64)
PAIRS = 1_000_000  # rows times loops brought together at once
SEVERAL = 2  # rows for each loop, on average, from which the first ones are looked at first


def live_numbers(relation: Relation) -> list[int]:
    """The attribute numbers of the columns that were not dropped; a table stores these."""
    return [c.number for c in relation.columns if not c.dropped]


@dataclass
class Morsel:
    """A stretch of input rows: those that passed the filter, which these are, and how many of them were given out."""

    rows: Batch
    passed: Selection
    given: int = 0
    closed: bool = False  # the rows behind the last one given out were looked at too

    def reached(self) -> int:
        """Input rows up to the last one given out."""
        return self.passed.reached(self.given)

    @property
    def size(self) -> int:
        """How many input rows they are of."""
        return self.passed.n


class TableRows(Operator):
    """The rows of a relation in some order, filtered. A filtered scan looks ahead in growing steps; what it found beyond the demand is not counted."""

    node: p.SeqScan

    def __init__(self, node: p.SeqScan, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        self.more: list[e.Expr] = []  # conditions that the look-up left to test; rows that fail them do not count as removed
        self.morsel: Morsel | None = None
        self.share: Share | None = None
        self.first = False  # of many loops, each is read up to its first row
        self.tested = False  # the first of the tests is known to hold
        self.awaited = 0.0  # loops that are expected in all, of whoever asks for all of their rows
        self.decided: tuple[list[Evaluator], Member | None] | None = None  # the tests, some of them for whole columns; by which participant
        self.blocks = 0  # counted of the scan at hand
        self.ended = False

    # Pages

    def pull(self, n: int) -> Batch | None:
        batch = super().pull(n)
        if self.ctx.measured:
            self.ended = batch is None
            self._visit()
        return batch

    def unread(self, batch: Batch) -> None:
        super().unread(batch)
        if self.ctx.measured:
            self.ended = False
            self._visit()

    def _visit(self) -> None:
        """Count the pages that the scan has come to by now."""
        relation = self.node.relation
        if relation.system is not None or not self.ctx.buffers:
            return
        with self.ctx.store.lock:
            blocks = self.visited(self.ctx.store.table(relation.oid))
        if relation.persistence == "t":
            self.metrics.local_hit += blocks - self.blocks
        else:
            self.metrics.shared_hit += blocks - self.blocks
        self.blocks = blocks

    def reached(self) -> Index:
        """The numbers of the input rows up to the last one that was needed."""
        rows = self.input if self.loops.n is None else self.whole
        numbers = rows.columns[0].rows.numbers() if rows.columns else np.arange(rows.n)
        if self.loops.n is not None or self.ended:
            return numbers
        morsel = self.morsel
        left = 0 if morsel is None or not self.tests else morsel.size - morsel.reached()
        return numbers[: self.position - left - (0 if self.returned is None else self.returned.n)]

    def visited(self, table: Table) -> int:
        """The pages of the scan at hand: as far as the last row needed, or all."""
        pages = blocks.heap_pages(table, self.node.relation)
        if self.loops.n is not None:
            return pages * self.loops.n
        if self.share is not None:
            return len(np.unique(blocks.pages_of(table, self.node.relation, self.reached())))
        if self.ended:
            return pages
        rows = self.reached()
        return int(blocks.pages_of(table, self.node.relation, rows[-1:])[0]) + 1 if len(rows) else 0

    def begin_part(self) -> None:
        """What was counted of the part before stays."""
        self.blocks = 0

    def open(self) -> None:
        self.begin_part()
        self.ended = False
        self.position = 0
        self.step = LOOK_AHEAD
        self.morsel = None
        self.loop = 0
        self.share = None
        if self.member is not None and self.node.parallel_aware:
            self.share = self.member.crew.share(self.node.id, self._shared)
            self.input = self.share.rows.slice(0, 0)
            return
        self._read()

    def _shared(self) -> Share:
        """What the participants divide, found by the first of them."""
        assert self.member is not None
        self._read()
        crew = self.member.crew
        if not crew.planned:
            return Pieces(crew, self.input, self.node)
        return (InOrder if isinstance(self.node, p.IndexScan) else Dealt)(crew, self.input)

    def _claimed(self, n: int, demand: int) -> bool:
        """Whether there is input left; of shared rows, the next part becomes the input: `n` rows, to meet a demand."""
        if self.position < self.input.n:
            return True
        if self.ctx.measured and self.share is not None:
            self._visit()
        part = None if self.share is None or self.member is None else self.share.claim(self.member, n, demand <= LARGEST)
        if part is None:
            return False
        self.input, self.position = part, 0
        self.begin_part()
        return True

    def _read(self) -> None:
        """Find the input rows."""
        self.tested = False
        relation = self.node.relation
        if relation.system is not None:
            assert self.ctx.system_rows is not None
            everything = self.ctx.system_rows(relation.system, self.ctx)
            self.input = everything.select([c.number - 1 for c in self.node.columns])
            if self.loops.n is not None:
                self.whole = self.input
            return
        with self.ctx.store.lock:
            refuse_rows(self.ctx.catalog, relation)
            table = self.ctx.store.table(relation.oid)
            only = self._only(table)
            self.input = self._batch(table, Rows.at(only)) if only is not None else self.candidates(table)
        if self.loops.n is not None:
            self.whole = self.input

    def _only(self, table: Table) -> Index | None:
        """The rows a re-check is about, where this scans the table that is being changed."""
        if not self.ctx.only_rows or not any(c.number == -1 for c in self.node.columns):
            return None
        return self.ctx.only_rows.get(self.node.relation.oid)

    def candidates(self, table: Table) -> Batch:
        """The input rows."""
        index = self.ctx.visible(table)
        return self._batch(table, Rows.range(0, table.n) if index is None else Rows.rising(index))

    def _batch(self, table: Table, rows: Rows) -> Batch:
        return table_rows(table, self.node, self.once(stored_places, self.node), rows)

    def produce(self, n: int) -> Batch | None:
        if self.loops.n is not None:
            return self._for_loops()
        return self._given(n) if self.tests else self._unfiltered(n)

    def _unfiltered(self, n: int) -> Batch | None:
        if not self._claimed(n, n):
            return None
        part = self.input.slice(self.position, min(self.position + n, self.input.n))
        if self.plain is not None:
            made, used = part.select(self.plain), part.n
        else:
            made, used = self.longest(lambda m: self.project(self.frame(m, part.slice(0, m))), part.n)
        self.position += used
        return made

    def _given(self, n: int) -> Batch | None:
        while True:
            morsel = self.morsel
            if morsel is not None and morsel.given < morsel.rows.n:
                part = morsel.rows.slice(morsel.given, min(morsel.given + n, morsel.rows.n))
                made, used = self.longest(lambda m, part=part: self.project(self.frame(m, part.slice(0, m))), part.n)  # type: ignore[misc]
                self._advance(morsel, used)
                return made
            if morsel is not None and not morsel.closed:
                self.metrics.removed_by_filter += morsel.size - morsel.reached()
                morsel.closed = True
            step = 1 if self.stepwise and n < LARGEST else max(self.step, min(8 * n, LARGEST))
            if not self._claimed(step, n):
                return None
            self._look_ahead(step)

    def _advance(self, morsel: Morsel, n: int) -> None:
        before = morsel.reached()
        morsel.given += n
        self.metrics.removed_by_filter += morsel.reached() - before - n

    def _look_ahead(self, step: int) -> None:
        part = self.input.slice(self.position, min(self.position + step, self.input.n))
        self.step = min(self.step * 2, LARGEST)
        self.ctx.check_cancel()
        passed, used = self.longest(lambda m: chosen(self.tests, self.frame(m, part.slice(0, m))), part.n)
        self.position += used
        self.morsel = Morsel(part.slice(0, used).chosen(passed), passed)

    def take_back(self, batch: Batch) -> None:
        morsel = self.morsel
        if self.volatile or self.loops.n is not None or (self.tests and (morsel is None or morsel.given < batch.n)):
            super().take_back(batch)
        elif self.tests:
            assert morsel is not None
            if morsel.closed and batch.n:
                morsel.closed = False
                self.metrics.removed_by_filter -= morsel.size - morsel.reached()
            self._advance(morsel, -batch.n)
        else:
            self.position -= batch.n

    # For many loops at once

    def _for_loops(self) -> Batch | None:
        loops = self.loops.n
        assert loops is not None
        while self.loop < loops:
            self.ctx.check_cancel()
            pairs, size = self._pairs(loops)
            frame = self.frame(pairs.n, pairs)
            if self.first:
                frame = self.then_later(frame.take(self._first_of_each(frame, pairs.owners)))
            elif tests := self._tests_of_loops(pairs, loops):
                kept = chosen(tests, frame)
                self.metrics.removed_by_filter += size - kept.count
                if not kept.every:
                    frame = frame.take(kept.places)
            if frame.n:
                return self.project(frame)
        return None

    def _tests_of_loops(self, pairs: Batch, loops: int) -> list[Evaluator]:
        """The tests of many loops' rows; those of texts for whole columns where about all of the table is going to be read."""
        tests = self.tests
        if tests and self.awaited:
            if self.decided is None or self.decided[1] is not self.member:
                self.decided = decided(self, pairs, pairs.n / loops * self.awaited), self.member
            tests = self.decided[0]
        return tests[1:] if self.tested else tests

    def then_later(self, frame: Frame) -> Frame:
        """With the first rows that pass of loops of which not all rows are among those that were looked at."""
        return frame

    def _first_of_each(self, frame: Frame, owners: Index) -> Index:
        """The first row of each loop that passes; those behind it are not looked at."""
        assert self.loops.n is not None
        try:
            passing = chosen(self.tests, frame).places if self.tests else numbers(frame.n)
        except OperationalError:
            raise
        except DatabaseError:  # of a row that may never be looked at
            passing = self._in_turns(frame, owners)
        of = owners.take(passing, mode="clip")
        if not self.ctx.measured and ascending(of):
            return passing if len(of) < 2 else passing[np.concatenate([[True], of[1:] != of[:-1]])]
        limits = np.full(self.loops.n, frame.n)  # the last row that each loop looks at
        limits[of[::-1]] = passing[::-1]
        found = np.sort(limits[limits < frame.n])
        self.metrics.removed_by_filter += int(np.count_nonzero(numbers(frame.n) <= limits[owners])) - len(found)
        return found

    def _in_turns(self, frame: Frame, owners: Index) -> Index:
        """Rows that pass: the first of each loop is tested, then the second where that did not pass, and so on, as a row behind may raise an error."""
        assert self.loops.n is not None
        order = stable_order(owners, self.loops.n)
        places = np.flatnonzero(np.diff(owners[order], prepend=-1))  # of the next row of each loop among `order`
        ends = np.append(places[1:], len(order))
        found = [numbers(0)]
        while len(places):
            rows = order[places]
            passed = chosen(self.tests, frame.take(rows)).places
            found.append(rows[passed])
            places = places + 1
            open_ = places < ends
            open_[passed] = False
            places, ends = places[open_], ends[open_]
        return np.sort(np.concatenate(found))

    def _pairs(self, loops: int) -> tuple[Batch, int]:
        """Rows brought together with their loops, and how many rows that stands for (an equality may have left out most)."""
        if self.whole.owner is not None:
            self.loop = loops
            return self.whole, self.whole.n
        rows = self.whole
        columns = [e.InputRef(type=c.type, index=i) for i, c in enumerate(self.node.columns)]
        bounds = bounds_of(self.node.filter[:1], columns)
        if bounds and bounds[0].symbol == "=" and isinstance(self.node, p.SeqScan) and rows.n * loops > LOOK_AHEAD:
            bound = bounds[0]
            frame = self.frame(loops, Batch([], loops).owned(np.arange(loops)))
            matcher = Matcher([rows.vector(bound.column)], [bound.key], rows.n)
            owners, found = matcher.pairs([compile(bound.value)(frame)], loops)
            self.loop = loops
            return rows.take(found).owned(owners), rows.n * loops
        step = max(1, PAIRS // max(rows.n, 1))
        many = np.arange(self.loop, min(self.loop + step, loops))
        self.loop = int(many[-1]) + 1
        return rows.take(np.tile(numbers(rows.n), len(many))).owned(np.repeat(many, rows.n)), rows.n * len(many)


def _numbers(table: Table) -> FixedVector:
    return FixedVector(numbers(table.n))


def table_rows(table: Table, node: p.SeqScan | p.BitmapIndexScan, places: list[int], rows: Rows) -> Batch:
    """Rows of a table with a scan's columns, which are at `places`."""
    columns = []
    for place, column in zip(places, node.columns, strict=True):
        columns.append(Column(table.column(place) if place >= 0 else made_of(table, node.relation, column.number), rows))
    return Batch(columns, rows.n)


def stored_places(node: p.SeqScan | p.BitmapIndexScan) -> list[int]:
    """Where a scan's columns are in their table; -1 for those that are made."""
    live = live_numbers(node.relation)
    return [live.index(column.number) if column.number > 0 else -1 for column in node.columns]


def made_of(table: Table, relation: Relation, number: int) -> Vector:
    """All values of a column that is not stored: row numbers, ctid or tableoid."""
    if number == TABLEOID:
        return ConstVector(FixedVector(np.array([relation.oid])), table.n)
    return tuple_ids(table, relation) if number == CTID else _numbers(table)


def tuple_ids(table: Table, relation: Relation) -> FixedVector:
    """Each row's page and line, as values of tid."""

    def made() -> FixedVector:
        pages, lines = blocks.tuple_ids(table, relation, np.arange(table.n))
        return FixedVector(pages << LINE_BITS | lines)

    return table.derived("tuple ids", made)


class SeqScanRows(TableRows):
    """All visible rows as stored."""

    def rewind(self) -> None:
        self.started = False
        self.returned = None


def seen_by(table: Table, ctx: ExecutionContext, rows: Index, owners: Index | None) -> tuple[Index, Index | None]:
    """The visible ones of `rows`, with their loops."""
    if len(rows) > table.n // 16 or table in ctx.seen:
        index = ctx.visible(table)
        if index is None:
            return rows, owners
        mask = np.zeros(table.n, np.bool_)
        mask[index] = True
        keep = mask[rows]
    else:
        ctx.store.tidy(table)
        seen = table.visible_of(rows, ctx.transaction.snapshot)
        if len(seen) == len(rows):
            return rows, owners
        keep = np.isin(rows, seen)
    return rows[keep], None if owners is None else owners[keep]


class Located(TableRows):
    """Rows that an index or bitmap names; conditions it could not use are tested first."""

    def located(self, table: Table, found: Index, owners: Index | None, conditions: tuple[e.Expr, ...], together: bool = False) -> Batch:
        """The visible ones of rows for which `conditions` hold; `together`: they follow each other in the table."""
        rows, owners = seen_by(table, self.ctx, found, owners)
        if together and len(rows) == len(found):
            lying = Rows.range(int(rows[0]), int(rows[0]) + len(rows)) if len(rows) else Rows.range(0, 0)
        else:
            lying = Rows.lying(rows) if owners is None else Rows.at(rows)
        batch = self._batch(table, lying)
        if owners is not None:
            batch = batch.owned(owners)
        if conditions:
            batch = batch.chosen(chosen([compile(c) for c in conditions], self.frame(batch.n, batch)))
        return batch


class IndexScanRows(Located):
    """Rows in the order of an index."""

    node: p.IndexScan

    def __init__(self, node: p.IndexScan, ctx: object) -> None:
        super().__init__(node, ctx)
        self.lookup = lookup_of(node)
        self.alike = 0  # the column that many loops' rows were found by as well
        self.entries: Entries | None = None  # of many loops, where only the first row of each was looked at

    def candidates(self, table: Table) -> Batch:
        found = self.found = (
            self._alike(table)
            or self._firsts(table)
            or (self.lookup.find_backward if self.node.backward else self.lookup.find)(table, self.loops, self.ctx)
        )
        located = self.located(table, found.rows, found.owners, found.left, found.together)
        self.tested = found.alike is not None
        if found.alike is not None and located.n == len(found.rows):
            located = located.knowing(self.alike, found.alike)
        return located

    def _firsts(self, table: Table) -> Found | None:
        """Of many loops that are read up to their first row, this one: it may pass, and then the others are not even found."""
        self.entries = None
        if not self.first or self.loops.n is None or self.loops.n < LOOK_AHEAD or self.ctx.measured or self.ctx.buffers or self.node.backward:
            return None
        entries = self.lookup.entries(table, self.loops, self.ctx)
        if entries is None:
            return None
        if int(entries.counts.sum()) >= SEVERAL * self.loops.n:
            self.entries = entries
        rows, owners = entries.every() if self.entries is None else entries.first()
        return Found(rows=rows, owners=owners, left=entries.left)

    def then_later(self, frame: Frame) -> Frame:
        entries, self.entries = self.entries, None
        if entries is None:
            return frame
        done = frame.sides[0]
        waiting = entries.counts > 1
        waiting[done.owners] = False
        loops = true_places(waiting)
        if not len(loops):
            return frame
        with self.ctx.store.lock:
            batch = self.located(self.ctx.store.table(self.node.relation.oid), *entries.later(loops), entries.left)
        if not batch.n:
            return frame
        more = batch.take(self._first_of_each(self.frame(batch.n, batch), batch.owners))
        both = concat_batches([done, more])
        return self.frame(both.n, both.take(stable_order(both.owners, len(waiting))))

    def _alike(self, table: Table) -> Found | None:
        """Where the filter begins with an equality, many loops' rows are found by it as well, unless somebody counts those it removes."""
        if self.loops.n is None or self.loops.n < LOOK_AHEAD or self.ctx.measured or self.node.backward:
            return None
        columns = [e.InputRef(type=c.type, index=i) for i, c in enumerate(self.node.columns)]
        bound = next(iter(bounds_of(self.node.filter[:1], columns)), None)
        if bound is None or bound.symbol != "=" or self.node.columns[bound.column].number == -1:
            return None
        column = table.column(live_numbers(self.node.relation).index(self.node.columns[bound.column].number))
        self.alike = bound.column
        return self.lookup.find_alike(table, self.loops, self.ctx, bound, column)

    def _only(self, table: Table) -> Index | None:
        only = super()._only(table)
        if only is None or not self.node.conditions:
            return only
        batch = self._batch(table, Rows.at(only))
        return only[select([self.evaluator(c) for c in self.node.conditions], self.frame(batch.n, batch))]

    # Pages

    def fetched(self, table: Table) -> tuple[Index, Index | None]:
        """The pages of the rows that are looked at in the heap, and their loops."""
        owners = None if self.loops.n is None or self.whole.owner is None else self.whole.owners
        return blocks.pages_of(table, self.node.relation, self.reached()), owners

    def visited(self, table: Table) -> int:
        relation = self.node.relation
        pages, owners = self.fetched(table)
        reached = len(self.reached())
        if self.share is not None:
            return blocks.heap_visits(pages, owners) + reached // blocks.tree_of(table, relation, self.node.index).per_leaf + 1
        part = 1.0 if self.ended or self.loops.n is not None or not self.input.n else reached / self.input.n
        return self.lookup.blocks(table, relation, self.found, self.loops, self.ctx, part, reached) + blocks.heap_visits(pages, owners)
