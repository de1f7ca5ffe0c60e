"""WindowAgg: window functions over rows sorted by partition and order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from auroraml.batch import INTERVAL_DTYPE, Batch, FixedVector, Index, NumericVector, Vector, concat_batches
from auroraml.errors import FeatureNotSupported, InvalidPrecedingOrFollowingSize, NullValueNotAllowed
from auroraml.evaluate import Frame, select, truth
from auroraml.executor.operator import ALL, LARGE, Feed, Keeping
from auroraml.executor.operators.ordering import changes
from auroraml.executor.operators.states import aggregate_kernel
from auroraml.executor.plans import own_parts
from auroraml.executor.running import over_frames
from auroraml.executor.work import output_type
from auroraml.functions.dates.arithmetic import shift, shift_instant
from auroraml.functions.signature import WINDOWS
from auroraml.functions.windows.ranking import Frames
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.tree import same
from auroraml.types.datetime_casts import timestamps_of_days
from auroraml.types.julian import DAY
from auroraml.types.pg_type import Interval, PgType, Rep

WHOLE = frozenset(("percent_rank", "cume_dist", "ntile"))  # read their whole partition
PIECE = 4_000_000  # frame rows gathered at once
FIRST = 1_024  # input rows of the first step, four times as many of each next one
BIGGEST = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the rows of a batch stand: partitions and peer groups by number, first row and end."""

    n: int
    partition: Index
    firsts: Index  # each partition's first row
    begin: Index  # by row: where its partition begins, and ends
    end: Index
    peers: np.ndarray  # rows that begin a peer group
    group: Index  # by row: its peer group
    group_first: Index
    group_end: Index


class WindowRows(Keeping):
    """Computes all calls of one window; several loops are so many more partitions."""

    node: p.WindowAgg

    def __init__(self, node: p.WindowAgg, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        self.places: list[tuple[int, int]] = []
        self.runs = [self.evaluator(x) for x in node.run_condition]
        self.input: Batch | None = None
        self.needed: Index = np.zeros(0, np.int64)  # by output row: how many input rows it takes
        self.at_end = 0
        self.held = 0
        self.streams = False  # `made` are the rows given out so far, `rest` the input rows of a partition that may go on
        self.ended = False
        self.step = FIRST
        self.rest: Batch | None = None
        self.made: list[Batch] = []
        for part in (*node.targets, *node.filter, *node.run_condition):
            for item in own_parts(part):
                if isinstance(item, e.WindowCall):
                    found = next((i for i, c in enumerate(node.calls) if c is item), None)
                    self.places.append((id(item), found if found is not None else next(i for i, c in enumerate(node.calls) if same(c, item))))

    # Partition by partition, where rows are asked for step by step

    def open(self) -> None:
        if self.streams:  # opened again: the rows given out are wanted once more
            while self._read_on(ALL):
                pass
            self.feed.fill(concat_batches(self.made) if self.made else None)
            self.streams, self.filled = False, True
        elif not self.filled and self._may_stream():
            self.streams, self.ended, self.step, self.rest, self.made = True, False, FIRST, None, []
            self.feed = Feed()
        else:
            super().open()

    def _may_stream(self) -> bool:
        """EXPLAIN ANALYZE's counters are known of all rows at once only; so are rows of many loops, and run conditions."""
        return bool(self.node.partition) and not self.runs and self.loops.n is None and not self.ctx.measured

    def _read_on(self, n: int) -> bool:
        """Compute the next partitions, of about `n` input rows or more; False at the end."""
        if self.ended:
            return False
        parts = [] if self.rest is None else [self.rest]
        wanted = ALL if n >= LARGE else max(n, self.step)
        self.step = min(4 * self.step, LARGE)
        while True:
            size = 0
            while size < wanted and (batch := self.pull_for(self.children[0], wanted - size)) is not None:
                parts.append(batch)
                size += batch.n
            self.ended, self.rest = size < wanted, None
            if not parts:
                return False
            whole = concat_batches(parts)
            last = 0 if self.ended else int(np.flatnonzero(changes(whole, self.node.partition, self.node.source))[-1])
            if last:
                whole, self.rest = whole.slice(0, last), whole.slice(last, whole.n)
            if last or self.ended:
                break
            parts, wanted = [whole], whole.n  # one partition so far
        self.feed.fill(self._computed(whole))
        assert self.feed.batch is not None
        self.made.append(self.feed.batch)
        return True

    def forget(self) -> None:
        super().forget()
        self.streams = False

    def collect(self) -> Batch | None:
        batch = self.drain_for(self.children[0])
        return None if batch is None or not batch.n else self._computed(batch)

    def _computed(self, batch: Batch) -> Batch:
        """All rows of some partitions with the calls' values."""
        node = self.node
        if batch.owner is not None:
            batch = batch.take(np.argsort(batch.owners, kind="stable"))
        self.input, self.held, self.at_end = batch, batch.n, batch.n
        layout = self._layout(batch)
        values = [self._call(call, batch, layout) for call in node.calls]
        frame = self.frame(batch.n, batch)
        computed = {key: values[place] for key, place in self.places}
        frame = Frame(n=batch.n, sides=(batch,), params=frame.params, ctx=self.ctx, computed=computed)
        rows = self._running(frame, layout) if self.runs else None
        if rows is not None and not node.topmost:  # other windows read all rows; the topmost one tests the conditions again
            known = np.full(batch.n, -1)
            known[rows] = rows
            values = [value.flat().take(known, True) for value in values]
            frame = replace(frame, computed={key: values[place] for key, place in self.places})
            rows = None
        if rows is not None:
            frame = frame.take(rows)
        frame, kept = self.passing(frame)
        rows = kept if rows is None else rows if kept is None else rows[kept]
        needed = self._needed(batch, layout)
        self.needed = needed if rows is None else needed[rows]
        return Batch(self.computed(frame), frame.n, frame.sides[0].owner)

    def _running(self, frame: Frame, layout: Layout) -> Index:
        """The rows before each partition's first failure of a run condition."""
        failed = ~select(self.runs, frame)
        first = np.full(len(layout.firsts), layout.n)
        fails = np.flatnonzero(failed)
        first[layout.partition[fails][::-1]] = fails[::-1]
        if self.node.topmost and not self.node.partition and self.loops.n is None and len(fails):
            self.at_end = int(self._needed(frame.sides[0], layout)[fails[0]])  # nothing is read behind it
        return np.flatnonzero(np.arange(layout.n) < first[layout.partition])

    def _needed(self, batch: Batch, layout: Layout) -> Index:
        """How many rows PostgreSQL reads to compute each row: itself, and where the frame's end matters, one row behind that."""
        window = self.node.window
        found = np.arange(1, layout.n + 1)
        mode = "range" if window is None or window.frame is None else str(window.frame[0])
        end = "current row" if window is None or window.frame is None else str(window.frame[3])
        marked = mode != "rows" and ((end == "current row" and bool(self.node.order)) or end in ("preceding", "following"))
        if marked or any(call.function.kind == "a" for call in self.node.calls):
            found = np.maximum(found, self._bounds(batch, layout)[1] + 1)
        for call in self.node.calls:
            if call.function.name in WHOLE:
                found = np.maximum(found, layout.end + 1)
            elif call.function.name == "lead":
                ahead = call.args[1] if len(call.args) > 1 else None
                steps = int(str(ahead.value)) if isinstance(ahead, e.Const) and ahead.value is not None else 1
                found = np.maximum(found, np.minimum(np.arange(1, layout.n + 1) + steps, layout.end + 1))
        return np.minimum(found, layout.n)

    def produce(self, n: int) -> Batch | None:
        made = super().produce(n)
        while made is None and self.streams and self._read_on(n):
            made = super().produce(n)
        if self.ctx.measured and self.loops.n is None and self.input is not None:
            self._hold(self.at_end if made is None else int(self.needed[self.feed.at - 1]))
        return made

    def take_back(self, batch: Batch) -> None:
        super().take_back(batch)
        if self.ctx.measured and self.loops.n is None and self.input is not None:
            self._hold(int(self.needed[self.feed.at - 1]) if self.feed.at else 0)

    def _hold(self, wanted: int) -> None:
        """Have the child count what PostgreSQL would have read of it by now."""
        assert self.input is not None
        if wanted < self.held:
            self.children[0].unread(self.input.slice(wanted, self.held))
        while wanted > self.held and (batch := self.children[0].pull(wanted - self.held)) is not None:
            self.held += batch.n
        self.held = wanted

    def _layout(self, batch: Batch) -> Layout:
        starts = changes(batch, self.node.partition, self.node.source)
        peers = starts | changes(batch, [k.index for k in self.node.order], self.node.source) if self.node.order else starts
        partition, group = np.cumsum(starts) - 1, np.cumsum(peers) - 1
        firsts, group_first = np.flatnonzero(starts), np.flatnonzero(peers)
        return Layout(
            n=batch.n, partition=partition, firsts=firsts, begin=firsts[partition], end=np.append(firsts[1:], batch.n)[partition], peers=peers,
            group=group, group_first=group_first[group], group_end=np.append(group_first[1:], batch.n)[group],
        )  # fmt: skip

    def _call(self, call: e.WindowCall, batch: Batch, layout: Layout) -> Vector:
        frame = self.frame(batch.n, batch)
        args = [self.evaluator(a)(frame).flat() for a in call.args]
        bounds = self._bounds(batch, layout)
        kernel = WINDOWS.get(call.function.oid)
        if kernel is not None:
            frames = self._frames(bounds, layout)
            return kernel(args, layout.partition, layout.firsts, layout.peers, batch.n, frames)  # type: ignore[no-any-return] # kernels return vectors
        return self._over_frames(call, args, bounds, frame, layout)

    # Frames

    def _bounds(self, batch: Batch, layout: Layout) -> tuple[Index, Index]:
        """Each row's frame as row numbers: from low to before high."""
        frame = self.node.window.frame if self.node.window is not None else None
        if frame is None:
            return layout.begin, layout.group_end if self.node.order else layout.end
        mode, start_kind, start_value, end_kind, end_value, _ = frame
        low = self._edge(str(mode), str(start_kind), start_value, True, batch, layout)
        high = self._edge(str(mode), str(end_kind), end_value, False, batch, layout)
        return low, np.maximum(low, high)

    def _exclusion(self) -> str:
        """What stands behind EXCLUDE, in small letters; nothing where rows are not excluded."""
        frame = self.node.window.frame if self.node.window is not None else None
        return str(frame[5] or "") if frame is not None else ""

    def _frames(self, bounds: tuple[Index, Index], layout: Layout) -> Frames:
        """The frames as the functions of their first, last and n-th rows want them."""
        exclude, own = self._exclusion(), np.arange(layout.n)
        gaps = {"current row": (own, own + 1), "group": (layout.group_first, layout.group_end), "ties": (layout.group_first, layout.group_end)}
        return Frames(low=bounds[0], high=bounds[1], gap=gaps.get(exclude), stays=exclude == "ties")

    def _edge(self, mode: str, kind: str, value: object, low: bool, batch: Batch, layout: Layout) -> Index:
        if kind == "unbounded preceding":
            return layout.begin
        if kind == "unbounded following":
            return layout.end
        if kind == "current row":
            if mode == "rows":
                return np.arange(layout.n) if low else np.arange(1, layout.n + 1)
            return layout.group_first if low else layout.group_end
        assert isinstance(value, e.Expr)
        word = "starting" if low else "ending"
        datum = self.evaluator(value)(self.frame(1, Batch([], 1))).datum(0)
        if datum is None:
            raise NullValueNotAllowed(f"frame {word} offset must not be null")
        sign = -1 if kind == "preceding" else 1
        if mode == "range":
            return self._range_edge(datum, sign, low, batch, layout)
        amount = int(str(datum))
        if amount < 0:
            raise InvalidPrecedingOrFollowingSize(f"frame {word} offset must not be negative")
        if mode == "rows":
            moved = np.arange(layout.n) + sign * min(amount, layout.n + 1)
            return np.clip(moved if low else moved + 1, layout.begin, layout.end)
        first, last = layout.group[layout.begin], layout.group[layout.end - 1]
        wanted = layout.group + sign * min(amount, layout.n + 1)
        starts = np.append(np.flatnonzero(layout.peers), layout.n)
        inside = starts[np.clip(wanted if low else wanted + 1, first, last + 1)]
        return np.clip(inside, layout.begin, layout.end)  # type: ignore[no-any-return] # numpy gives Any

    def _range_edge(self, datum: object, sign: int, low: bool, batch: Batch, layout: Layout) -> Index:
        """RANGE with an offset over one numeric order key: rows whose key is within the offset."""
        key = self.node.order[0]
        vector = batch.vector(key.index).flat()
        if isinstance(datum, Interval) and isinstance(vector, FixedVector):
            return self._interval_edge(datum, vector, output_type(self.node.source, key.index), sign, low, layout)
        if isinstance(vector, NumericVector) and vector.scale is None:
            return self._decimal_edge(Decimal(str(datum)), vector, sign, low, layout)
        plain = isinstance(vector, FixedVector) and vector.values.dtype.kind in "iuf" and isinstance(datum, int | float | Decimal)
        if not plain and not isinstance(vector, NumericVector):
            raise FeatureNotSupported("RANGE with this type of offset in a window frame is not supported")
        values = vector.values  # type: ignore[attr-defined] # a FixedVector or NumericVector
        amount = Decimal(str(datum))
        if amount.is_nan() or amount < 0:
            raise InvalidPrecedingOrFollowingSize("invalid preceding or following size in window function")
        scaled = amount.scaleb(vector.scale) if isinstance(vector, NumericVector) and vector.scale is not None else amount
        direction = -1 if key.descending else 1
        if values.dtype.kind not in "iu":
            ordered = values * direction
            with np.errstate(invalid="ignore"):
                wanted = ordered + sign * float(scaled)
            wanted[np.isnan(wanted) & ~np.isnan(ordered)] = -np.inf if low else np.inf  # infinity less infinity: any row is within it
            return self._searched(ordered, wanted, vector.valid, low, layout)
        ordered = values.astype(np.int64) if direction > 0 else ~values.astype(np.int64)
        step = int(scaled) if scaled < BIGGEST else BIGGEST  # sums beyond the type's range are its end: no key lies there; nor between whole numbers
        inside = ordered <= BIGGEST - step if sign > 0 else ordered >= step - BIGGEST - 1
        wanted = np.where(inside, ordered + sign * np.where(inside, step, 0), BIGGEST if sign > 0 else -BIGGEST - 1)
        return self._searched(ordered, wanted, vector.valid, low, layout)

    def _decimal_edge(self, amount: Decimal, vector: NumericVector, sign: int, low: bool, layout: Layout) -> Index:
        """RANGE with an offset over numerics of differing scales."""
        if amount < 0:
            raise InvalidPrecedingOrFollowingSize("invalid preceding or following size in window function")
        direction = -1 if self.node.order[0].descending else 1
        ordered = vector.values * direction
        return self._searched(ordered, ordered + sign * amount, vector.valid, low, layout)

    def _interval_edge(self, datum: Interval, vector: FixedVector, type: PgType, sign: int, low: bool, layout: Layout) -> Index:
        """RANGE with an interval over dates, times and timestamps."""
        if (datum.months * 30 + datum.days) * DAY + datum.micros < 0:
            raise InvalidPrecedingOrFollowingSize("invalid preceding or following size in window function")
        direction = -1 if self.node.order[0].descending else 1
        step = np.array([tuple(datum)], INTERVAL_DTYPE)
        if type.rep is Rep.TIME:
            moved = vector.values + sign * direction * datum.micros
            return self._searched(vector.values * direction, moved * direction, vector.valid, low, layout)
        values = timestamps_of_days(vector.values) if type.rep is Rep.DATE else vector.values
        moved = shift_instant(self.ctx, values, step, sign * direction) if type.name == "timestamptz" else shift(values, step, sign * direction)
        return self._searched(values * direction, moved * direction, vector.valid, low, layout)

    @staticmethod
    def _searched(ordered: np.ndarray, wanted: np.ndarray, valid: np.ndarray, low: bool, layout: Layout) -> Index:
        """Where the wanted keys stand among the partition's; rows with a NULL key have their peers."""
        edges = np.empty(layout.n, np.int64)
        for start in layout.firsts.tolist():  # a search within each partition
            stop = int(layout.end[start])
            known = np.flatnonzero(valid[start:stop]) + start
            if len(known):
                side = "left" if low else "right"
                edges[known] = known[0] + np.searchsorted(ordered[known], wanted[known], side)  # type: ignore[call-overload] # one of two literals
        nulls = ~valid
        edges[nulls] = (layout.group_first if low else layout.group_end)[nulls]
        return edges

    def _over_frames(self, call: e.WindowCall, args: Sequence[Vector], bounds: tuple[Index, Index], frame: Frame, layout: Layout) -> Vector:
        """An aggregate over each row's frame: rows with one frame share one computation."""
        low, high = bounds
        exclude = self._exclusion()
        if not exclude and call.filter is None and call.function.schema == "pg_catalog":
            found = over_frames(call.function.name, args, [a.type for a in call.args], bounds, layout.begin)
            if found is not None:
                return found
        keep = None if call.filter is None else truth(self.evaluator(call.filter)(frame))
        if exclude:
            spans, codes = np.stack([low, high], 1), np.arange(layout.n)
        else:
            spans, codes = np.unique(np.stack([low, high], 1), axis=0, return_inverse=True)
        made = e.Aggregate(type=call.type, function=call.function, args=call.args, star=call.star)
        rows, owner = self._members(spans, keep, exclude, layout)
        values = aggregate_kernel(made, [a.type for a in made.args], [a.take(rows) for a in args], owner, len(spans), self.ctx)
        return values.take(codes.reshape(-1).astype(np.int64))

    @staticmethod
    def _members(spans: Index, keep: np.ndarray | None, exclude: str, layout: Layout) -> tuple[Index, Index]:
        """The rows of each span, and the span each belongs to."""
        lengths = spans[:, 1] - spans[:, 0]
        owner = np.repeat(np.arange(len(spans)), lengths)
        within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        rows = np.repeat(spans[:, 0], lengths) + within
        left = np.ones(len(rows), np.bool_) if keep is None else keep[rows].copy()
        if exclude == "current row":
            left &= rows != owner
        elif exclude in ("group", "ties"):
            left &= (layout.group[rows] != layout.group[owner]) | ((rows == owner) if exclude == "ties" else False)
        return rows[left], owner[left]
