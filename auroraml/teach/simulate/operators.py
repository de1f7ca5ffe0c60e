"""Simulated operators: a plan node's part of a run without rows: how many it asks for, gets and gives, when, and what EXPLAIN ANALYZE counts of it.

They ask for rows in the same portions as the executor's operators and take the time that executor/pace.py says, so that they come to its times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from auroraml.dispatch import singledispatch
from auroraml.errors import FeatureNotSupported
from auroraml.executor.operator import ALL, LARGE
from auroraml.executor.operators.tables import LARGEST, LOOK_AHEAD
from auroraml.executor.pace import Rates, rates_of
from auroraml.ir import physical as p
from auroraml.ir.expr import Call
from auroraml.ir.metrics import NodeMetrics
from auroraml.ir.tree import children, walk
from auroraml.teach.simulate.crew import Dealt, InOrder, Member, stop_if_finishing
from auroraml.teach.simulate.turns import Participant, Steps

if TYPE_CHECKING:
    from auroraml.teach.simulate.run import Simulation

SERVICES = ("aws_comprehend", "aws_sagemaker", "aws_bedrock")  # the schemas of functions that call one


class Part:
    """A participant's run of a plan: its time, its crew, its metrics."""

    def __init__(self, simulation: Simulation, me: Participant, member: Member | None) -> None:
        self.simulation = simulation
        self.me = me
        self.member = member
        self.metrics: dict[int, NodeMetrics] = {}

    def node(self, id: int) -> NodeMetrics:
        """The counters of a node."""
        found = self.metrics.get(id)
        if found is None:
            found = self.metrics[id] = NodeMetrics()
        return found


class Simulated:
    """The base: asked for rows, it counts them and moves its participant's time on. 0 rows are the end."""

    def __init__(self, node: p.PhysicalPlan, part: Part, children: Sequence[Simulated] = ()) -> None:
        refuse_subplans(node)
        refuse_row_calls(node)
        self.node = node
        self.part = part
        self.me = part.me
        self.children = children
        self.metrics = part.node(node.id)
        self.rates: Rates = rates_of(node)
        self.started = False
        self.first = True
        self.paid = (0, 0, 0)  # loops, rows given, rows read

    def pull(self, n: int) -> Steps[int]:
        """At most `n` rows."""
        me, metrics = self.me, self.metrics
        if self.part.member is not None:
            stop_if_finishing(self.part.member)
        begun = me.time if me.since is None else me.since
        if not self.started:
            self.started = True
            metrics.loops += 1
            yield from self.open()
        if self.first:
            self.first = False
            me.time += self.rates.start
        rows = yield from self.produce(n)
        me.time += self.rates.pull + self.owed(rows)
        for child in self.children:
            child.settle()
        spent = (me.time - begun) * 1000
        if metrics.rows == 0:
            metrics.startup += spent
        metrics.total += spent
        metrics.rows += rows
        return rows

    def open(self) -> Steps[None]:
        """Begin."""
        yield from ()

    def produce(self, n: int) -> Steps[int]:
        """The next rows."""
        raise NotImplementedError

    def bound(self, n: int) -> None:
        """No more than the first `n` rows will be asked for."""

    def close(self) -> Steps[None]:
        """Nothing is pulled afterwards."""
        for child in self.children:
            yield from child.close()

    def read(self) -> int:
        """Rows read so far: of the nodes below, or of a table."""
        if self.children:
            return sum(child.metrics.rows for child in self.children)
        return self.metrics.rows + self.metrics.removed_by_filter

    def owed(self, rows: int) -> float:
        """Seconds for what was counted since, and for `rows` that are given now (pace.Followed)."""
        metrics, before = self.metrics, self.paid
        given = metrics.rows + rows
        read = self.read() + (0 if self.children else rows)
        now = self.paid = (max(before[0], metrics.loops), max(before[1], given), max(before[2], read))
        if now == before:
            return 0.0
        return self.rates.owed(before, now)

    def settle(self) -> None:
        """Pay for what was counted below without a pull."""
        if seconds := self.owed(0):
            self.me.time += seconds
            self.metrics.total += seconds * 1000
        for child in self.children:
            child.settle()

    def drain(self, child: Simulated) -> Steps[int]:
        """All rows of a child."""
        before, me = child.metrics.rows, self.me
        while (yield from child.pull(ALL)):
            if (course := self.part.simulation.course(child)) is not None:
                me.course = course
                yield None
                me.course = None
        return child.metrics.rows - before

    # Pulls of all rows, counted together

    def through(self) -> Simulated | None:
        """The node whose rows this one hands on as they come, if that is all it does."""
        return None

    def most_left(self) -> int:
        """The rows that this node will still hand on."""
        return ALL

    def gave(self, rows: int) -> None:
        """So many rows were handed on, and paid for."""
        self.metrics.rows += rows
        self.owed(0)


class Passing:
    """Which of `of` rows pass, where so many do: they lie as evenly as whole numbers can. Of the first n it is n x passing / of, rounded down."""

    __slots__ = ("of", "passing")

    def __init__(self, passing: int, of: int) -> None:
        self.of = max(of, 1)
        self.passing = min(max(passing, 0), self.of)

    def between(self, start: int, stop: int) -> int:
        """How many of the rows from `start` to before `stop` pass."""
        return stop * self.passing // self.of - start * self.passing // self.of

    def reached(self, start: int, given: int) -> int:
        """Rows from `start` up to the `given`th that passes."""
        if not given:
            return 0
        return -(-(start * self.passing // self.of + given) * self.of // self.passing) - start


@singledispatch
def simulated(node: p.PhysicalPlan, part: Part) -> Simulated:
    """The simulated operator of a plan node."""
    raise FeatureNotSupported(f"a simulated run of {node.label or type(node).__name__} is not supported")


def refuse_subplans(node: p.PhysicalPlan) -> None:
    """0A000 for what is not simulated: init plans."""
    if node.init_plans:
        raise FeatureNotSupported("a simulated run of init plans and WITH queries is not supported")


def refuse_row_calls(node: p.PhysicalPlan) -> None:
    """0A000 for service calls of a node's own expressions, one a row: batches alone are simulated."""
    if isinstance(node, p.FunctionScan):
        return
    for part in children(node):
        if not isinstance(part, p.PhysicalPlan) and any(
            isinstance(x, Call) and (x.function.batch or x.function.schema in SERVICES) for x in walk(part)
        ):
            raise FeatureNotSupported("a simulated run of service calls for each row is not supported")


# Scans


class TableScan(Simulated):
    """The rows of a table, shared or not, filtered by estimate. A filtered scan looks ahead in growing steps (operators/tables.py)."""

    node: p.SeqScan

    def __init__(self, node: p.SeqScan, part: Part) -> None:
        super().__init__(node, part)
        counts = part.simulation.counts
        self.rows = counts.input(node)
        self.filter = Passing(counts.output(node), self.rows) if node.filter else None
        self.at, self.stop = 0, self.rows
        self.pages, self.page = counts.pages(node), -1  # to be counted, and the last one counted
        self.step = LOOK_AHEAD
        self.share: Dealt | InOrder | None = None
        self.morsel: tuple[int, int, int] | None = None  # its first row, how many it has, how many of those pass
        self.given = 0

    def open(self) -> Steps[None]:
        yield from ()
        member = self.part.member
        if member is not None and self.node.parallel_aware:
            self.share = member.crew.share(self.node.id, InOrder if isinstance(self.node, p.IndexScan) else Dealt, self.rows)
            self.at = self.stop = 0

    def produce(self, n: int) -> Steps[int]:
        if self.filter is not None:
            return (yield from self._filtered(n, self.filter))
        if not (yield from self._claimed(n, n)):
            return 0
        rows = min(n, self.stop - self.at)
        self._visit(self.at, self.at + rows)
        self.at += rows
        return rows

    def _visit(self, start: int, stop: int) -> None:
        """Count the pages of rows that lie as evenly as whole numbers can; the page that the rows before ended on is not counted again."""
        if self.pages and stop > start:
            first, last = start * self.pages // self.rows, (stop - 1) * self.pages // self.rows
            self.metrics.shared_hit += last - first + (first != self.page)
            self.page = last

    def _claimed(self, n: int, demand: int) -> Steps[bool]:
        if self.at < self.stop:
            return True
        member = self.part.member
        if self.share is None or member is None:
            return False
        found = yield from self.share.claim(member, n, demand <= LARGEST, self.me)
        if found is None:
            return False
        self.at, self.stop = found
        self.page = -1
        return True

    def _filtered(self, n: int, passing: Passing) -> Steps[int]:
        metrics = self.metrics
        while True:
            if self.morsel is not None:
                start, size, many = self.morsel
                if self.given < many:
                    rows = min(n, many - self.given)
                    before = self._reached(start, size, many)
                    self.given += rows
                    after = self._reached(start, size, many)
                    metrics.removed_by_filter += after - before - rows
                    self._visit(start + before, start + after)
                    return rows
                reached = self._reached(start, size, many)
                metrics.removed_by_filter += size - reached
                self._visit(start + reached, start + size)
                self.morsel = None
            step = max(self.step, min(8 * n, LARGEST))
            if not (yield from self._claimed(step, n)):
                return 0
            size = min(step, self.stop - self.at)
            self.morsel, self.given = (self.at, size, passing.between(self.at, self.at + size)), 0
            self.at += size
            self.step = min(self.step * 2, LARGEST)

    def _reached(self, start: int, size: int, many: int) -> int:
        assert self.filter is not None
        return self.given if many == size else self.filter.reached(start, self.given)


@simulated.register
def _(node: p.SeqScan, part: Part) -> Simulated:
    if isinstance(node, p.TidScan | p.SampleScan):
        raise FeatureNotSupported(f"a simulated run of {node.label} is not supported")
    return TableScan(node, part)


class Bitmap(Simulated):
    """Bitmap Index Scan, BitmapAnd, BitmapOr: row ids that are asked for once."""

    def produce(self, n: int) -> Steps[int]:
        for child in self.children:
            yield from self.drain(child)
        return 0


@simulated.register
def _(node: p.BitmapIndexScan | p.BitmapAnd, part: Part) -> Simulated:
    raise FeatureNotSupported("a simulated run of bitmap scans is not supported")


@simulated.register
def _(node: p.BitmapHeapScan, part: Part) -> Simulated:
    raise FeatureNotSupported("a simulated run of bitmap scans is not supported")


# Nodes above and below


class Streaming(Simulated):
    """A node whose rows come from its child's one by one."""

    def __init__(self, node: p.PhysicalPlan, part: Part, child: Simulated) -> None:
        super().__init__(node, part, [child])
        counts = part.simulation.counts
        self.filter = Passing(counts.output(node), counts.output(child.node)) if node.filter else None
        self.seen = 0

    def bound(self, n: int) -> None:
        if self.filter is None:
            self.children[0].bound(n)

    def through(self) -> Simulated | None:
        return self.children[0] if self.filter is None else None

    def produce(self, n: int) -> Steps[int]:
        while rows := (yield from self.children[0].pull(n)):
            if self.filter is None:
                return rows
            made = self.filter.between(self.seen, self.seen + rows)
            self.seen += rows
            self.metrics.removed_by_filter += rows - made
            if made:
                return made
        return 0


@simulated.register
def _(node: p.SubqueryScan, part: Part) -> Simulated:
    return Streaming(node, part, simulated(node.source, part))


@simulated.register
def _(node: p.Result, part: Part) -> Simulated:
    if node.source is None or node.one_time:
        raise FeatureNotSupported("a simulated run of Result without rows below is not supported")
    return Streaming(node, part, simulated(node.source, part))


class Keeping(Simulated):
    """A node that collects all rows below when it begins, and gives out what it made of them."""

    def __init__(self, node: p.PhysicalPlan, part: Part, child: Simulated) -> None:
        super().__init__(node, part, [child])
        self.left = 0

    def open(self) -> Steps[None]:
        self.left = yield from self.collect()

    def collect(self) -> Steps[int]:
        """The rows there are."""
        return (yield from self.drain(self.children[0]))

    def produce(self, n: int) -> Steps[int]:
        yield from ()
        rows = min(n, self.left)
        self.left -= rows
        return rows


class Sorting(Keeping):
    """Sort."""

    node: p.Sort

    def __init__(self, node: p.Sort, part: Part) -> None:
        super().__init__(node, part, simulated(node.source, part))
        self.most = ALL

    def bound(self, n: int) -> None:
        self.most = n
        self.rates = rates_of(self.node, n < ALL)

    def collect(self) -> Steps[int]:
        rows = yield from self.drain(self.children[0])
        self.part.simulation.space.sorted(self.node, self.metrics, rows, self.most)
        return rows


@simulated.register
def _(node: p.Sort, part: Part) -> Simulated:
    if isinstance(node, p.IncrementalSort):
        raise FeatureNotSupported("a simulated run of Incremental Sort is not supported")
    return Sorting(node, part)


@simulated.register
def _(node: p.Hash, part: Part) -> Simulated:
    return Hashing(node, part, simulated(node.source, part))


class Hashing(Keeping):
    """Hash."""

    node: p.Hash

    def collect(self) -> Steps[int]:
        rows = yield from self.drain(self.children[0])
        self.part.simulation.space.hashed(self.node, self.metrics, rows)
        return rows


class Grouping(Keeping):
    """Aggregate: as many groups as are estimated, each participant's no more than it has rows."""

    node: p.Aggregate

    def __init__(self, node: p.Aggregate, part: Part) -> None:
        if node.rollups:
            raise FeatureNotSupported("a simulated run of grouping sets is not supported")
        super().__init__(node, part, simulated(node.source, part))
        self.late = node.strategy == "sorted" and bool(node.keys)  # it waits for how many are wanted before it begins

    def open(self) -> Steps[None]:
        if not self.late:
            yield from super().open()

    def collect(self) -> Steps[int]:
        rows = yield from self.drain(self.children[0])
        if not self.node.keys:
            return 1
        groups = min(self.part.simulation.counts.groups(self.node), rows)
        self.part.simulation.space.grouped(self.node, self.metrics, groups)
        if not self.node.filter:
            return groups
        kept = min(self.part.simulation.counts.output(self.node), groups)
        self.metrics.removed_by_filter += groups - kept
        return kept

    def produce(self, n: int) -> Steps[int]:
        if self.late:
            if n < LARGE:
                raise FeatureNotSupported("a simulated run of LIMIT over groups that are made one after another is not supported")
            self.late = False
            self.left = yield from self.collect()
        return (yield from super().produce(n))


@simulated.register
def _(node: p.Aggregate, part: Part) -> Simulated:
    return Grouping(node, part)


class Limiting(Simulated):
    """Limit: no more rows are asked for than are still owed."""

    node: p.Limit

    def __init__(self, node: p.Limit, part: Part) -> None:
        if node.ties:
            raise FeatureNotSupported("a simulated run of FETCH FIRST WITH TIES is not supported")
        super().__init__(node, part, [simulated(node.source, part)])
        self.skip, self.left = 0, ALL

    def through(self) -> Simulated | None:
        return None if self.skip else self.children[0]

    def most_left(self) -> int:
        return self.left

    def gave(self, rows: int) -> None:
        super().gave(rows)
        self.left -= rows

    def open(self) -> Steps[None]:
        yield from ()
        counts = self.part.simulation.counts
        self.skip, self.left = counts.constant(self.node.offset, 0), counts.constant(self.node.count, ALL)
        self.children[0].bound(self.left + self.skip if self.left < ALL else ALL)

    def produce(self, n: int) -> Steps[int]:
        while self.left > 0 and (rows := (yield from self.children[0].pull(min(ALL, self.skip + min(self.left, n))))):
            skipped = min(self.skip, rows)
            self.skip -= skipped
            self.left -= rows - skipped
            if rows > skipped:
                return rows - skipped
        return 0


@simulated.register
def _(node: p.Limit, part: Part) -> Simulated:
    return Limiting(node, part)


class Joining(Simulated):
    """A join below: the inner side is read whole first (or, with parameters, once for each outer row), outer rows make as many rows as are estimated."""

    def __init__(self, node: p.Join, part: Part) -> None:
        super().__init__(node, part, [simulated(node.outer, part), simulated(node.inner, part)])
        counts = part.simulation.counts
        outer, made = counts.output(node.outer), counts.output(node)
        self.outer_rows, self.made_rows = max(outer, 1), made
        self.built = False
        self.seen = 0
        self.ready = 0

    def produce(self, n: int) -> Steps[int]:
        outer, inner = self.children
        if not self.built:
            self.built = True
            yield from self.drain(inner)
        while not self.ready:
            rows = yield from outer.pull(n)
            if not rows:
                return 0
            before, self.seen = self.seen, self.seen + rows
            self.ready = self.seen * self.made_rows // self.outer_rows - before * self.made_rows // self.outer_rows
        rows = min(n, self.ready)
        self.ready -= rows
        return rows


@simulated.register
def _(node: p.HashJoin, part: Part) -> Simulated:
    if node.parallel_aware:
        raise FeatureNotSupported("a simulated run of Parallel Hash Join is not supported")
    return Joining(node, part)


@simulated.register
def _(node: p.MergeJoin, part: Part) -> Simulated:
    return Joining(node, part)


@simulated.register
def _(node: p.Materialize, part: Part) -> Simulated:
    return Streaming(node, part, simulated(node.source, part))
