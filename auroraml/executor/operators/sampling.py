"""Sample Scan: the rows that PostgreSQL's hashes of page, line and seed choose (nodeSamplescan.c, bernoulli.c, system.c)."""

from __future__ import annotations

import math
import random

import numpy as np

from auroraml.batch import Batch, Index, Mask, Rows
from auroraml.errors import InvalidTablesampleArgument, InvalidTablesampleRepeat
from auroraml.evaluate import Frame, compile
from auroraml.executor import blocks
from auroraml.executor.operators.tables import NONE, TableRows
from auroraml.executor.space.hashes import of_float, of_several
from auroraml.ir import physical as p
from auroraml.storage.table import Table

ALL_HASHES = 1 << 32
PIECE = 32_768  # rows hashed at once
LINE_BITS = 16
COMPUTED_ROWS = 64  # of a page of a system relation, whose rows are computed: taken to be so


class SampleScanRows(TableRows):
    """The visible rows that the sample has, in the order of their pages; for each loop its own where the arguments differ."""

    node: p.SampleScan

    def _read(self) -> None:
        if self.node.relation.system is None:
            super()._read()
            return
        super()._read()
        numbers = np.arange(self.input.n)
        self.input = self._chosen(self.input, numbers // COMPUTED_ROWS, numbers % COMPUTED_ROWS + 1)
        if self.loops.n is not None:
            self.whole = self.input

    def candidates(self, table: Table) -> Batch:
        visible = self.ctx.visible(table)
        rows = np.arange(table.n) if visible is None else visible
        pages, lines = blocks.tuple_ids(table, self.node.relation, rows)
        places = (pages << LINE_BITS) + lines
        if len(places) and not (places[1:] > places[:-1]).all():
            order = places.argsort(kind="stable")
            rows, pages, lines = rows[order], pages[order], lines[order]
        return self._chosen(self._batch(table, Rows.at(rows)), pages, lines)

    def _chosen(self, rows: Batch, pages: Index, lines: Index) -> Batch:
        n = 1 if self.loops.n is None else self.loops.n
        drawn = self._drawn(n)
        total = int(pages.max(initial=-1)) + 1
        if len(set(drawn)) == 1:
            chosen = np.flatnonzero(self._mask(drawn[0], pages, lines))
            self.pages = self._pages(drawn[0], total)
            return rows.take(chosen)
        parts = [np.flatnonzero(self._mask(one, pages, lines)) for one in drawn]  # another sample for each loop
        self.pages = np.concatenate([self._pages(one, total) for one in drawn]) if drawn else NONE
        chosen = np.concatenate(parts) if parts else NONE
        return rows.take(chosen).owned(np.repeat(np.arange(n), [len(part) for part in parts]))

    def _drawn(self, n: int) -> list[tuple[int, int]]:
        """For each loop the bound that hashes of chosen pages or rows stay below, and the seed (tablesample_init)."""
        frame = Frame(n=n, params=self.loops, ctx=self.ctx)
        percentages = compile(self.node.arguments[0])(frame).datums()
        seeds: list[object] = [None] * n
        if self.node.repeatable is not None:
            seeds = compile(self.node.repeatable)(frame).datums()
        drawn = []
        for percentage, seed in zip(percentages, seeds, strict=True):
            if percentage is None:
                raise InvalidTablesampleArgument("TABLESAMPLE parameter cannot be null")
            if seed is None and self.node.repeatable is not None:
                raise InvalidTablesampleRepeat("TABLESAMPLE REPEATABLE parameter cannot be null")
            share = float(str(percentage))
            if math.isnan(share) or not 0 <= share <= 100:
                raise InvalidTablesampleArgument("sample percentage must be between 0 and 100")
            own = self.ctx.seeds.setdefault(self.node.id, random.getrandbits(32)) if seed is None else of_float(float(str(seed)))
            drawn.append((round(ALL_HASHES * share / 100), own))
        return drawn

    def _mask(self, drawn: tuple[int, int], pages: Index, lines: Index) -> Mask:
        if len(pages) > PIECE:  # what is hashed stays in the cache
            starts = range(0, len(pages), PIECE)
            return np.concatenate([self._mask(drawn, pages[start : start + PIECE], lines[start : start + PIECE]) for start in starts])
        bound, seed = drawn
        words = [pages.astype(np.uint32), lines.astype(np.uint32), np.full(len(pages), seed, np.uint32)]
        if self.node.method == "system":
            del words[1]
        return of_several(words).astype(np.int64) < bound

    def _pages(self, drawn: tuple[int, int], total: int) -> Index:
        """The pages read: all, or those that the method chooses."""
        every = np.arange(total)
        return every[self._mask(drawn, every, every)] if self.node.method == "system" else every

    def visited(self, table: Table) -> int:
        if self.loops.n is not None:
            return len(self.pages) if self.whole.owner is not None else len(self.pages) * self.loops.n
        if self.ended:
            return len(self.pages)
        rows = self.reached()
        last = blocks.pages_of(table, self.node.relation, rows[-1:])
        return int(np.searchsorted(self.pages, last[0], "right")) if len(last) else 0

    def rewind(self) -> None:
        self.started = False
        self.returned = None
