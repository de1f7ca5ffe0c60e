"""Recursive Union: step by step over the rows before, small steps over plain work tables row by row without arrays."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, concat_batches, from_datums
from auroraml.evaluate.keys import first_of_each
from auroraml.evaluate.single import Row, Single, Unfit, single
from auroraml.executor.loops import Loops
from auroraml.executor.operator import ALL, Operator
from auroraml.ir import physical as p
from auroraml.types.pg_type import PgType, Rep

FEW = 32  # rows of a step that take less time one by one than as arrays
MANY = 10_000  # rows of small steps that are given out together
_WHOLE = frozenset((Rep.BOOL, Rep.INT2, Rep.INT4, Rep.INT8, Rep.DATE, Rep.TIME, Rep.TIMESTAMP))


class Step:
    """The second query for a row of the work table, where it is no more than a scan of it."""

    __slots__ = ("targets", "tests")

    def __init__(self, node: p.RecursiveUnion) -> None:
        self.tests: list[Single] = []
        self.targets: list[Single] | None = None
        scan = node.inner
        if type(scan) is not p.WorkTableScan or scan.work_table != node.work_table or scan.init_plans or not scan.targets:
            return
        tests, targets = [single(test) for test in scan.filter], [single(target) for target in scan.targets]
        if None not in tests and None not in targets:
            self.tests = [test for test in tests if test is not None]
            self.targets = [target for target in targets if target is not None]

    def run(self, rows: list[Row]) -> list[Row]:
        """The next rows. A loop over them: there are few."""
        targets, tests = self.targets or [], self.tests
        found = []
        for row in rows:
            for test in tests:
                if not test(row):
                    break
            else:
                found.append(tuple([target(row) for target in targets]))
        return found


def _rows(batch: Batch) -> list[Row]:
    return list(zip(*[batch.vector(i).flat().datums() for i in range(len(batch.columns))], strict=True))


class Known:
    """The rows that UNION has given: as Python values while they come in small batches, in arrays from the first large one on."""

    def __init__(self, types: list[PgType]) -> None:
        self.types = types
        self.small = all(type.rep in _WHOLE or type.name in ("text", "varchar") for type in types)  # values equal as their Datums are
        self.rows: set[Row] = set()
        self.parts: list[Batch] = []

    def new(self, batch: Batch) -> Batch:
        """Those of the rows that were not there before, each once."""
        if self.small and batch.n <= FEW:
            places = [place for place, row in enumerate(_rows(batch)) if self.add(row)]  # few rows
            found = batch if len(places) == batch.n else batch.take(np.array(places, np.int64))
        else:
            self.small = False
            together = concat_batches([*self.parts, batch])
            before = together.n - batch.n
            self.parts = [together.slice(0, before)] if before else []
            first = first_of_each([together.vector(i) for i in range(len(self.types))], self.types, together.n)
            found = together.take(first[first >= before])
        if found.n:
            self.parts.append(found)
        return found

    def add(self, row: Row) -> bool:
        """Whether a row is new; it is known from now on."""
        before = len(self.rows)
        self.rows.add(row)
        return len(self.rows) > before


class RecursiveRows(Operator):
    """The first query, then the second over the rows before, until it gives none. With a LIMIT above, no step runs that nobody reads."""

    node: p.RecursiveUnion

    def open(self) -> None:
        self.known = Known([target.type for target in self.node.targets])
        self.recursing = self.ended = False
        self.work: list[Batch] = []
        self.work_changed = frozenset({-self.node.work_table})
        step = self.once(Step, self.node)
        plain = step.targets is not None and self.loops.n is None and self.ctx.pace is None and not self.ctx.measured
        self.step = step if plain and (self.known.small or not self.node.distinct) else None

    def produce(self, n: int) -> Batch | None:
        while True:
            self.ctx.check_cancel()
            child = self.children[1] if self.recursing else self.children[0]
            batch = None if self.ended else child.pull(ALL if self.node.distinct else n)
            if batch is None:
                self.ended = True
                found = self._small_steps(min(n, MANY)) if self.step is not None and sum(part.n for part in self.work) <= FEW else None
                if found is None:
                    if not self.work:
                        return None
                    self._next_step()
                    continue
                new = found
            else:
                new = self.known.new(batch) if self.node.distinct else batch
                if not new.n:
                    continue
                self.work.append(new)
            return new if new.n <= n else self._split(new, n)

    def _split(self, new: Batch, n: int) -> Batch:
        self.returned = new.drop(n)
        return new.slice(0, n)

    def _next_step(self) -> None:
        self.recursing, self.ended = True, False
        self.ctx.work_tables[self.node.work_table] = concat_batches(self.work)
        self.work = []
        child = self.children[1]
        child.rescan(Loops(None, {}, self.loops, self.ctx.missing, self.loops.changing | self.work_changed), self.work_changed)

    def _small_steps(self, n: int) -> Batch | None:
        """The rows of as many small steps as make `n` rows; None where there are none, and where arrays must decide."""
        assert self.step is not None
        work = [row for part in self.work for row in _rows(part)]
        distinct, known = self.node.distinct, self.known
        if distinct and not known.small:
            return None
        made: list[Row] = []
        steps = 0
        while 0 < len(work) <= FEW and len(made) < n:
            steps += 1
            if not steps & 255:
                self.ctx.check_cancel()
            try:
                found = self.step.run(work)
            except Unfit:
                self.step = None
                break
            work = [row for row in found if known.add(row)] if distinct else found
            made += work
        if not made:
            if not work:
                self.work = []
            return None
        columns = zip(self.node.targets, zip(*made, strict=True), strict=True)
        batch = Batch.of([from_datums(target.type, values) for target, values in columns], len(made))
        if distinct:
            known.parts.append(batch)
        self.work = [batch.drop(batch.n - len(work))] if work else []
        return batch
