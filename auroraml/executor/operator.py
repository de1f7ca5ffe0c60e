"""Operator: a running plan node. `pull(n)` gives at most n rows, `unread` takes the last ones back; what is computed and filtered is applied here, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from auroraml.batch import Batch, Column, Index, Rows, TextVector, Vector, concat_batches, numbers
from auroraml.errors import DatabaseError, NotSupportedError, OperationalError
from auroraml.evaluate import Evaluator, Frame, chosen, compile
from auroraml.executor.loops import Loops
from auroraml.executor.plans import facts_of, free_parameters
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.metrics import COUNTED, NodeMetrics
from auroraml.ir.tree import walk
from auroraml.lazy import load

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext
    from auroraml.executor.crew import Member
    from auroraml.executor.pace import Followed

ALL = 1 << 62
LARGE = 65_536  # a demand from here on is not made exact: whoever asks for so much reads on
OPERATORS: dict[type, type[Operator]] = {}  # by plan node, as far as such nodes were run
CLASSES: dict[type, tuple[str, str]] = {  # where the operator of a plan node is, loaded with the first plan that has such a node
    p.FunctionScan: ("functions", "FunctionScanRows"),
    p.ProjectSet: ("functions", "ProjectSetRows"),
    p.Gather: ("gather", "GatherRows"),
    p.GatherMerge: ("gather", "GatherMergeRows"),
    p.Aggregate: ("grouping", "AggregateRows"),
    p.Hash: ("hash_join", "HashRows"),
    p.HashJoin: ("hash_join", "HashJoinRows"),
    p.IncrementalSort: ("incremental_sort", "IncrementalSortRows"),
    p.IndexOnlyScan: ("index_only", "IndexOnlyRows"),
    p.Limit: ("limits", "LimitRows"),
    p.LockRows: ("locking", "LockedRows"),
    p.Memoize: ("memoize", "MemoizeRows"),
    p.MergeJoin: ("merge_join", "MergeJoinRows"),
    p.MergeAppend: ("merging", "MergeAppendRows"),
    p.ModifyTable: ("modify", "ModifyRows"),
    p.NestedLoop: ("nested_loop", "NestedLoopRows"),
    p.Materialize: ("nested_loop", "MaterializeRows"),
    p.Sort: ("ordering", "SortRows"),
    p.Unique: ("ordering", "UniqueRows"),
    p.Group: ("ordering", "UniqueRows"),
    p.SampleScan: ("sampling", "SampleScanRows"),
    p.Result: ("scans", "ResultRows"),
    p.ValuesScan: ("scans", "ValuesRows"),
    p.SubqueryScan: ("scans", "SubqueryRows"),
    p.CteScan: ("scans", "CteRows"),
    p.WorkTableScan: ("scans", "WorkTableRows"),
    p.Append: ("sets", "AppendRows"),
    p.SetOp: ("sets", "SetOpRows"),
    p.RecursiveUnion: ("recursion", "RecursiveRows"),
    p.SeqScan: ("tables", "SeqScanRows"),
    p.IndexScan: ("tables", "IndexScanRows"),
    p.BitmapIndexScan: ("bitmap_scans", "BitmapIndexRows"),
    p.BitmapAnd: ("bitmap_scans", "BitmapCombined"),
    p.BitmapOr: ("bitmap_scans", "BitmapCombined"),
    p.BitmapHeapScan: ("bitmap_scans", "BitmapHeapRows"),
    p.TidScan: ("tid_scan", "TidScanRows"),
    p.TidRangeScan: ("tid_scan", "TidRangeRows"),
    p.WindowAgg: ("windows", "WindowRows"),
}
T = TypeVar("T")
N = TypeVar("N", bound=p.PhysicalPlan)


class Prepared:
    """What the operators of a plan node take from the node alone, made once for all of its runs; it must not hold the node itself."""

    __slots__ = ("evaluators", "facts", "made", "plain", "targets", "tests")

    def __init__(self, node: p.PhysicalPlan) -> None:
        self.targets = [compile(target) for target in node.targets]
        self.tests = [compile(test) for test in node.filter]
        self.plain = _plain(node.targets)
        self.facts = facts_of(node)
        self.evaluators: dict[int, Evaluator] = {}  # by id() of an expression of the node
        self.made: dict[Callable[..., object], object] = {}


_PREPARED: WeakKeyDictionary[p.PhysicalPlan, Prepared] = WeakKeyDictionary()


def prepared_of(node: p.PhysicalPlan) -> Prepared:
    """What is made once of a plan node."""
    found = _PREPARED.get(node)
    if found is None:
        found = _PREPARED[node] = Prepared(node)
    return found


def _plain(targets: Sequence[e.Expr]) -> list[int] | None:
    """The positions that targets are if they are nothing more."""
    if targets and all(isinstance(t, e.InputRef) and t.side == 0 for t in targets):
        return [t.index for t in targets if isinstance(t, e.InputRef)]
    return None


class Operator:
    """The base: children built, targets compiled, rows and time counted.

    A node may run for many loops at once (`loops.n`): its rows then carry their loop as `Batch.owner`. Part of a plan that reads none
    of the loops' parameters runs once and its rows carry no owner.
    """

    started = False
    returned: Batch | None = None
    followed: Followed | None = None
    keeps = False  # holds its rows over a rescan that changes nothing it reads
    member: Member | None = None  # below a Gather with workers: the participant that runs this

    def __init__(self, node: p.PhysicalPlan, ctx: ExecutionContext) -> None:
        self.node = node
        self.ctx = ctx
        self.now = ctx.clock.now
        for plan in node.init_plans:
            ctx.declare(plan)
        self.children = [build(child, ctx) for child in self.below()]
        self.prepared = prepared = prepared_of(node)
        self.targets, self.tests, self.plain, facts = prepared.targets, prepared.tests, prepared.plain, prepared.facts
        self.metrics: NodeMetrics = ctx.metrics.node(node.id)
        self.loops: Loops = ctx.loops
        self.free = facts.free if not facts.ctes and not ctx.initial else free_parameters(node, ctx.initial, ctx.cte_plans)
        self.volatile = facts.volatile
        self.stepwise = self.volatile or (ctx.measured and facts.subqueries)  # its conditions are not tried on rows nobody asked for

    def below(self) -> Sequence[p.PhysicalPlan]:
        """The plans that run as operators of their own below this one."""
        return self.node.children()

    def once(self, make: Callable[[N], T], node: N) -> T:
        """What `make` makes of this operator's node, made once for all of the plan's runs."""
        made = self.prepared.made
        found: T | None = made.get(make)  # type: ignore[assignment] # what `make` has made
        if found is None:
            made[make] = found = make(node)
        return found

    def evaluator(self, expr: e.Expr) -> Evaluator:
        """An expression that is part of the node, compiled once."""
        evaluators = self.prepared.evaluators
        found = evaluators.get(id(expr))
        if found is None:
            found = evaluators[id(expr)] = compile(expr)
        return found

    # The protocol

    def pull(self, n: int) -> Batch | None:
        """At most `n` rows, None at the end; counted and, where somebody looks, timed, the service calls of the node's own expressions billed to it."""
        ctx = self.ctx
        return self._measured(n) if ctx.measured or ctx.charges is not None else self._pull(n)

    def _measured(self, n: int) -> Batch | None:
        metrics, start = self.metrics, self.now()
        with self.ctx.charging(metrics):
            batch = self._pull(n)
        spent = (self.now() - start) * 1000
        if metrics.rows == (0 if batch is None else batch.n):
            metrics.startup += spent
        metrics.total += spent
        return batch

    def _pull(self, n: int) -> Batch | None:
        ctx = self.ctx
        ctx.check_step()
        n = min(n, ctx.most)
        if not self.started:
            self.started = True
            self.metrics.loops += 1 if self.loops.n is None else self.loops.n
            self.open()
        if self.returned is not None and self.returned.n:
            batch: Batch | None = self.returned.slice(0, min(n, self.returned.n))
            assert batch is not None
            self.returned = self.returned.drop(batch.n)
        else:
            batch = self.produce(n) if self.followed is None else self.followed.produce(n)
        if batch is not None:
            self.metrics.rows += batch.n
        return batch

    def unread(self, batch: Batch) -> None:
        """Take back the last rows of the last pull, nobody having used them; with none: the last row pulled was the last one used."""
        self.metrics.rows -= batch.n
        self.take_back(batch)

    def take_back(self, batch: Batch) -> None:
        """Have `batch` ready for the next pull."""
        if batch.n:
            self.returned = batch if self.returned is None or not self.returned.n else concat_batches([batch, self.returned])

    def paced(self, n: int) -> Batch | None:
        """The next rows, after the time that they take under a clock that does not see it."""
        return self.produce(n) if self.followed is None else self.followed.produce(n)

    def open(self) -> None:
        """Prepare to run (again)."""

    def produce(self, n: int) -> Batch | None:
        """The next rows."""
        raise NotImplementedError

    def rescan(self, loops: Loops, changed: frozenset[int]) -> None:
        """Start over for other loops; what reads none of the parameters `changed` gives the same rows again."""
        if not self.free & changed:
            self.rewind()
            return
        self.loops = loops
        self.forget()
        self.started = False
        self.returned = None
        for child in self.children:
            child.rescan(loops, changed)

    def rewind(self) -> None:
        """Start over with the same parameters."""
        if not self.started:
            return
        self.started = False
        self.returned = None
        for child in self.children:
            child.rewind()

    def forget(self) -> None:
        """Drop what was kept for a rescan."""

    def bound(self, n: int) -> None:
        """No more than the first `n` rows will be asked for."""

    @property
    def bounded(self) -> bool:
        """Whether it makes use of that."""
        return False

    def close(self) -> None:
        """Let go of what is held; nothing is pulled afterwards."""
        for child in self.children:
            child.close()

    def split(self, k: int) -> list[Operator]:
        """Operators over consecutive parts of the rows, or this one alone."""
        return [self]

    # What subclasses use

    def frame(self, n: int, *sides: Batch) -> Frame:
        """The frame for this node's expressions."""
        params = self.loops if self.loops.n is None or not sides else self.loops.at(sides[0].owners)
        return Frame(n=n, sides=sides, params=params, ctx=self.ctx)

    def project(self, frame: Frame) -> Batch:
        """The node's targets over its input."""
        if self.plain is not None and frame.sides:
            return frame.sides[0].select(self.plain)
        owner = next((side.owner for side in frame.sides if side.owner is not None), None)
        return Batch(self.computed(frame), frame.n, owner)

    def computed(self, frame: Frame) -> list[Column]:
        """The node's targets. Texts of the input are gathered when somebody asks for them; what is narrow is better together for whoever comes next."""
        rows = Rows.range(0, frame.n)
        return [
            frame.sides[target.side].columns[target.index]
            if isinstance(target, e.InputRef) and _is_text(target, frame)
            else Column(compute(frame), rows)
            for target, compute in zip(self.node.targets, self.targets, strict=True)
        ]

    def passing(self, frame: Frame) -> tuple[Frame, Index | None]:
        """The rows that the node's filter lets through, and which they are (None: all)."""
        if not self.tests:
            return frame, None
        found = chosen(self.tests, frame)
        self.metrics.removed_by_filter += frame.n - found.count
        return (frame, None) if found.every else (frame.take(found.places), found.places)

    def drain(self) -> Batch | None:
        """All rows left, in one batch."""
        parts = []
        while (batch := self.pull(ALL)) is not None:
            parts.append(batch)
        return concat_batches(parts) if parts else None

    def pull_for(self, child: Operator, n: int) -> Batch | None:
        """A child's next rows for each of this node's loops; a child that reads none of their parameters counts as run once a loop."""
        loops = self.loops.n
        if loops is None or child.loops is self.loops:
            return child.pull(n)
        before = tally(child)
        batch = child.pull(n)
        repeat(before, loops - 1)
        if batch is None:
            return None
        return batch.take(np.tile(numbers(batch.n), loops)).owned(np.repeat(numbers(loops), batch.n))

    def common(self, child: Operator, make: Callable[[], T], counted: bool = False) -> T:
        """What all participants would make of `child` alike: made once for all of them, unless that shows.

        `counted`: with EXPLAIN ANALYZE too, as what making it counts is the same for each of them, and is counted for each.
        """
        member = self.member
        if member is None:
            return make()
        facts = facts_of(child.node)
        if facts.volatile_below or facts.foreign or (self.ctx.measured and not counted):
            return make()
        if any(part.loops is not self.ctx.loops and part.loops is not member.base for part in (self, child)):
            return make()
        if not self.ctx.measured:
            return member.crew.once(member, self.node.id, make)
        nodes = [part.id for part in walk(child.node) if isinstance(part, p.PhysicalPlan)]
        before = {id: replace(self.ctx.metrics.node(id)) for id in nodes}

        def measured() -> tuple[T, Operator, dict[int, NodeMetrics]]:
            made = make()
            child.close()  # some count what they read when they end
            return made, self, {id: self.ctx.metrics.node(id).since(before[id]) for id in nodes}

        made, maker, spent = member.crew.once(member, self.node.id, measured)
        if maker is not self:
            for id, metrics in spent.items():
                self.ctx.metrics.node(id).repeat(metrics)
        return made

    def drain_for(self, child: Operator) -> Batch | None:
        """All of a child's rows for each of this node's loops."""
        parts = []
        while (batch := self.pull_for(child, ALL)) is not None:
            parts.append(batch)
        return concat_batches(parts) if parts else None

    def longest(self, compute: Callable[[int], T], n: int) -> tuple[T, int]:
        """compute(m), over the first m of n rows, for the largest m at which it does not fail; where the first row fails, its error.

        With many loops whoever runs them tries fewer.
        """
        try:
            return compute(n), n
        except DatabaseError as error:
            if n <= 1 or self.volatile or self.loops.n is not None or isinstance(error, OperationalError | NotSupportedError):
                raise
        low, high, found = 0, n, None
        while high - low > 1:
            middle = (low + high) // 2
            try:
                found = compute(middle)
                low = middle
            except DatabaseError:
                high = middle
        return (compute(1), 1) if found is None else (found, low)


class Streaming(Operator):
    """A node whose output rows come from its child's one by one: rows taken back go back to the child."""

    def __init__(self, node: p.PhysicalPlan, ctx: ExecutionContext) -> None:
        super().__init__(node, ctx)
        self.input: Batch | None = None
        self.origins: Index | None = None  # the input row of each output row; None: one for one
        self.output = 0

    def step(self, batch: Batch) -> tuple[Batch, Index | None]:
        """Output rows of input rows, and the input row each comes from (in order; None: one for one)."""
        frame, kept = self.passing(self.frame(batch.n, batch))
        return (self.project(frame) if self.targets else frame.sides[0]), kept

    def accepted(self, batch: Batch) -> None:
        """These input rows are done with."""

    def produce(self, n: int) -> Batch | None:
        child = self.children[0]
        while True:
            batch = self.pull_for(child, 1 if self.stepwise and self.tests and n < LARGE else n)
            if batch is None:
                return None
            removed = self.metrics.removed_by_filter

            def compute(m: int, batch: Batch = batch, removed: int = removed) -> tuple[Batch, Index | None]:
                self.metrics.removed_by_filter = removed
                return self.step(batch.slice(0, m))

            (made, origins), used = self.longest(compute, batch.n)
            if used < batch.n:
                child.unread(batch.drop(used))
            self.input, self.origins, self.output = batch.slice(0, used), origins, made.n
            self.accepted(self.input)
            if made.n:
                return made

    def take_back(self, batch: Batch) -> None:
        if self.volatile or self.input is None or self.loops.n is not None:
            super().take_back(batch)
            return
        kept = self.output - batch.n
        if self.origins is None:
            used = kept
        else:
            used = int(self.origins[kept - 1]) + 1 if kept else 0
            self.metrics.removed_by_filter -= (self.input.n - self.output) - (used - kept)
            self.origins = self.origins[:kept]
        self.children[0].unread(self.input.drop(used))
        self.input, self.output = self.input.slice(0, used), kept


def _is_text(target: e.InputRef, frame: Frame) -> bool:
    return bool(frame.sides) and isinstance(frame.sides[target.side].columns[target.index].source, TextVector)


def build(node: p.PhysicalPlan, ctx: ExecutionContext) -> Operator:
    """The operator tree of a plan."""
    kind = type(node)
    cls = OPERATORS.get(kind)
    if cls is None:
        module, name = CLASSES[kind]
        cls = OPERATORS[kind] = getattr(load(f"auroraml.executor.operators.{module}"), name)
    made = cls(node, ctx)
    if ctx.pace is not None:
        made.followed = ctx.pace.follow(made)
    return made


def from_vectors(vectors: Sequence[Vector], n: int) -> Batch:
    """A batch of computed columns."""
    return Batch.of(vectors, n)


class Feed:
    """A batch handed out in parts, the last of which can be taken back."""

    __slots__ = ("at", "batch")

    def __init__(self, batch: Batch | None = None) -> None:
        self.batch = batch
        self.at = 0

    def fill(self, batch: Batch | None) -> None:
        """New rows to hand out."""
        self.batch = batch
        self.at = 0

    @property
    def left(self) -> int:
        """How many rows are still there."""
        return 0 if self.batch is None else self.batch.n - self.at

    def give(self, n: int) -> Batch | None:
        """The next `n` rows of what is left."""
        if self.batch is None or self.at >= self.batch.n:
            return None
        part = self.batch.slice(self.at, min(self.at + n, self.batch.n))
        self.at += part.n
        return part

    def back(self, n: int) -> None:
        """The last `n` rows are to be given again."""
        self.at -= n


class Holding(Operator):
    """A node that has its rows at hand: `feed` gives them out and takes them back."""

    def __init__(self, node: p.PhysicalPlan, ctx: ExecutionContext) -> None:
        super().__init__(node, ctx)
        self.feed = Feed()

    def produce(self, n: int) -> Batch | None:
        return self.feed.give(n)

    def take_back(self, batch: Batch) -> None:
        if self.loops.n is None and 0 <= batch.n <= self.feed.at:
            self.feed.back(batch.n)
        else:
            super().take_back(batch)


class Keeping(Holding):
    """A node that collects all rows when it is opened and keeps them over a rescan that changes nothing it reads."""

    keeps = True

    def __init__(self, node: p.PhysicalPlan, ctx: ExecutionContext) -> None:
        super().__init__(node, ctx)
        self.filled = False

    def collect(self) -> Batch | None:
        """All rows."""
        raise NotImplementedError

    def open(self) -> None:
        if not self.filled:
            self.feed.fill(self.collect())
            self.filled = True
        self.feed.at = 0

    def forget(self) -> None:
        self.filled = False

    def rewind(self) -> None:
        self.started = False
        self.returned = None


Tally = list[tuple[NodeMetrics, tuple[int, ...]]]
_counted = attrgetter(*COUNTED)


def counters(metrics: NodeMetrics) -> tuple[int, ...]:
    """The counters that EXPLAIN ANALYZE prints."""
    return _counted(metrics)


def _set(metrics: NodeMetrics, values: Sequence[int]) -> None:
    for name, value in zip(COUNTED, values, strict=True):
        setattr(metrics, name, value)


def running_parts(root: Operator, changed: frozenset[int] = frozenset()) -> list[Operator]:
    """The operators that a rescan changing `changed` runs again: not those below one that keeps its rows."""
    found = [root]
    if root.keeps and not root.free & changed:
        return found
    for child in root.children:
        found += running_parts(child, changed)
    return found


def tally(root: Operator, changed: frozenset[int] = frozenset()) -> Tally:
    """The counters of `root` and what runs below it, as they are now."""
    return [(part.metrics, counters(part.metrics)) for part in running_parts(root, changed)]


def restore(saved: Tally) -> None:
    """Set the counters back."""
    for metrics, before in saved:
        _set(metrics, before)


def repeat(before: Tally, times: int) -> None:
    """Count what has been counted since `before` `times` times more (the runs of further loops that give the same rows)."""
    for metrics, old in before:
        _set(metrics, [now + (now - then) * times for now, then in zip(counters(metrics), old, strict=True)])
