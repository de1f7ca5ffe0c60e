"""Function Scan and ProjectSet: functions in FROM, for all outer rows of a batch at once; set-returning functions in the select list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np

from auroraml.batch import Batch, Column, ConstVector, FixedVector, Index, StructVector, Vector, concat_batches, from_datums
from auroraml.errors import FeatureNotSupported
from auroraml.evaluate import Evaluator, Frame, Taken, compile
from auroraml.evaluate.batch_calls import BatchCall, taken_apart
from auroraml.evaluate.call import null
from auroraml.executor.operator import LARGE, Operator, Streaming, build
from auroraml.executor.operators.scans import FedRows
from auroraml.functions.signature import ROWS, Types
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.metrics import BatchMetrics
from auroraml.ir.objects import Function
from auroraml.ir.tree import walk
from auroraml.settings import Settings
from auroraml.settings.aurora import APG_ENABLE_BATCH_MODE_FUNCTION_EXECUTION, APG_ENABLE_FUNCTION_MIGRATION
from auroraml.settings.batches import AURORAML_BATCH_FROM_ITEMS
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.typmod import format_type

Parameters = Mapping[tuple[str, int], Vector]
_ARGUMENTS: WeakKeyDictionary[e.Call, list[Evaluator]] = WeakKeyDictionary()


def expand(call: e.Call, frame: Frame) -> tuple[Batch, Index]:
    """The rows of a set-returning call for each row of `frame`, and which row each belongs to."""
    arguments = _ARGUMENTS.get(call)
    if arguments is None:
        arguments = _ARGUMENTS[call] = [compile(arg) for arg in call.args]
    args = [argument(frame) for argument in arguments]
    function = call.function
    if function.language == "sql":
        return _sql_rows(function, args, frame)
    if function.language == "plpgsql":
        return _procedural_rows(function, args, frame)
    kernel = ROWS.get(function.oid)
    if kernel is None:
        types = ", ".join(format_type(x.type) for x in function.inputs)
        raise FeatureNotSupported(f"function {function.name}({types}) is not supported")
    extra: tuple[object, ...] = (frame.ctx,) if kernel.context else ()
    if kernel.typed:
        extra = (*extra, Types(args=tuple(a.type for a in call.args), result=call.type))
    if kernel.face == "vector":
        known = np.flatnonzero(np.logical_and.reduce([a.valid for a in args])) if function.strict else np.arange(frame.n)
        made_columns, counts = kernel.function(*extra, *(a.take(known).flat() for a in args))
        return Batch.of(made_columns, int(counts.sum())), np.repeat(known, counts)
    columns = [a.datums() for a in args]
    rows: list[tuple[object, ...]] = []
    owners: list[int] = []
    for i in range(frame.n):  # a call makes rows of its own number, so calls run one by one
        values = [c[i] for c in columns]
        if function.strict and any(v is None for v in values):
            continue
        made = kernel.function(*extra, *values)
        rows += made
        owners += [i] * len(made)
    fields = [a.type for a in call.type.attributes] if call.type.rep is Rep.STRUCT else [call.type]
    resolve = frame.ctx.style.resolve
    vectors = [from_datums(t, [row[i] for row in rows], resolve(t.element) if t.is_array and t.element else None) for i, t in enumerate(fields)]
    return Batch.of(vectors, len(rows)), np.array(owners, np.int64)


def _sql_rows(function: Function, args: Sequence[Vector], frame: Frame) -> tuple[Batch, Index]:
    assert frame.ctx.plan_function is not None  # type: ignore[attr-defined] # an ExecutionContext
    plan = frame.ctx.plan_function(function)  # type: ignore[attr-defined]
    parts, owners = [], []
    for i in range(frame.n):  # each call is a query of its own
        params = {("external", k): arg.take(np.array([i])).flat() for k, arg in enumerate(args, 1)}
        frame.ctx.run_earlier(function, params)  # type: ignore[attr-defined]
        batch = build(plan, frame.ctx.nested(params)).drain()  # type: ignore[attr-defined]
        if batch is not None:
            parts.append(batch)
            owners += [i] * batch.n
    if not parts:
        return Batch.of([null(t.type).take(np.zeros(0, np.int64)) for t in plan.targets], 0), np.zeros(0, np.int64)
    return concat_batches(parts), np.array(owners, np.int64)


def _procedural_rows(function: Function, args: Sequence[Vector], frame: Frame) -> tuple[Batch, Index]:
    """A PL/pgSQL function's rows; a strict one is not called for NULL."""
    known = np.arange(frame.n)
    if function.strict and args:
        known = np.flatnonzero(np.logical_and.reduce([np.broadcast_to(arg.valid, (frame.n,)) for arg in args]))
    given = [arg if arg.n != frame.n else arg.take(known) for arg in args]
    batch, owners = frame.ctx.host.procedural_rows(function, given, len(known), frame.ctx)
    return batch, known[np.array(owners, np.int64)]


class FunctionScanRows(FedRows):
    """The functions' rows, collected when it starts and kept over rescans; or, through `answers`, for a whole service batch of outer rows."""

    node: p.FunctionScan
    keeps = True

    def __init__(self, node: p.FunctionScan, ctx: object) -> None:
        super().__init__(node, ctx)
        self.filled = False
        self.calls = [None if makes_rows(call) else self.evaluator(call) for call in node.calls]

    def open(self) -> None:
        if not self.filled:
            self.filled = True
            batched = in_batch_mode(self.node, self.ctx.settings)
            batch, owners = self.answers(self.loops, 1 if self.loops.n is None else self.loops.n, batched=batched)
            self.feed.fill(batch if self.loops.n is None else batch.owned(owners))
        self.feed.at = 0

    def forget(self) -> None:
        self.filled = False

    def rewind(self) -> None:
        self.started = False
        self.returned = None

    def answers(self, params: Parameters, n: int, *, batched: bool = False) -> tuple[Batch, Index]:
        """The calls' rows for `n` outer rows before the filter, and the outer row each belongs to."""
        frame = Frame(n=n, params=params, ctx=self.ctx, batched=batched)
        now = self.ctx.clock.now
        start = now()
        with self.ctx.charging(self.metrics):  # a nested loop asks for a whole batch, without a pull
            parts = [self._call(i, frame) for i in range(len(self.calls))]
        if batched and n:
            self.count_batches([n], [(now() - start) * 1000])
        batch, owners = parts[0] if len(parts) == 1 else _zip(parts, n)
        return (batch.beside(Batch.of([FixedVector(_number(owners))], batch.n)) if self.node.ordinality else batch), owners

    def count_batches(self, sizes: Sequence[int], times: Sequence[float]) -> None:
        """Batches were called: their rows and milliseconds."""
        self.metrics.batches = self.metrics.batches or BatchMetrics()
        self.metrics.batches.sizes += sizes
        self.metrics.batches.times += times

    def single(self) -> BatchCall | None:
        """The scan's one batch call, if that is all it computes and its batches can share the work around it."""
        return taken_apart(self.node.calls[0]) if len(self.node.calls) == 1 and not self.node.ordinality else None

    def columns(self, vector: Vector) -> Batch:
        """The values of the scan's one call as its columns."""
        return Batch.of(columns_of(vector, self.node.calls[0].type, self.node.column_counts[0]), vector.n)

    def finished(self, batch: Batch, owners: Index, params: Parameters) -> tuple[Batch, Index]:
        """The rows of `answers` that pass the scan's filter, as its outputs."""
        frame, kept = self.passing(Frame(n=batch.n, sides=(batch,), params=Taken(params, owners), ctx=self.ctx))
        return self.project(frame), owners if kept is None else owners[kept]

    def all_of(self, batch: Batch) -> Batch:
        """The rows of `answers` as its outputs, where the scan has no filter."""
        return self.project(Frame(n=batch.n, sides=(batch,), ctx=self.ctx))

    def _call(self, place: int, frame: Frame) -> tuple[Batch, Index]:
        call, compiled = self.node.calls[place], self.calls[place]
        if compiled is None:
            assert isinstance(call, e.Call)
            return expand(call, frame)
        return Batch.of(columns_of(compiled(frame), call.type, self.node.column_counts[place]), frame.n), np.arange(frame.n)


def in_batch_mode(node: p.FunctionScan, settings: Settings) -> bool:
    """Whether a scan's batch functions run in batches: those moved to FROM and, unless a setting ties them to migration, those written there."""
    if not node.batch or not settings[APG_ENABLE_BATCH_MODE_FUNCTION_EXECUTION]:
        return False
    return bool(settings[APG_ENABLE_FUNCTION_MIGRATION]) or settings[AURORAML_BATCH_FROM_ITEMS] == "always"


def makes_rows(call: e.Expr) -> bool:
    """Whether a call in FROM is of a set-returning function."""
    return isinstance(call, e.Call) and call.function.returns_set


def columns_of(vector: Vector, type: PgType, width: int) -> list[Vector]:
    """A composite value as its columns; a NULL row is NULL in each."""
    if type.rep is not Rep.STRUCT:
        return [vector]
    flat = vector.flat()
    if not isinstance(flat, StructVector):
        return [ConstVector(null(a.type), vector.n) for a in type.attributes]
    if flat.validity is None:
        return list(flat.fields)
    return [f.with_validity(flat.validity if f.validity is None else f.validity & flat.validity) for f in flat.fields]


def _number(owners: Index) -> Index:
    """1, 2, 3, ... within each owner (owners are in order)."""
    if not len(owners):
        return np.zeros(0, np.int64)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(owners)) + 1])
    lengths = np.diff(np.append(starts, len(owners)))
    return np.arange(len(owners)) - np.repeat(starts, lengths) + 1  # type: ignore[no-any-return] # numpy gives Any


def _zip(parts: Sequence[tuple[Batch, Index]], n: int) -> tuple[Batch, Index]:
    """ROWS FROM and several sets in a select list: side by side, the shorter padded with NULLs."""
    counts = [np.bincount(owners, minlength=n) for _, owners in parts]
    longest = np.maximum.reduce(counts)
    owners = np.repeat(np.arange(n), longest)
    place = np.arange(len(owners)) - np.repeat(np.cumsum(longest) - longest, longest)
    columns: list[Column] = []
    for (batch, _), count in zip(parts, counts, strict=True):
        starts = np.cumsum(count) - count
        index = np.where(place < count[owners], starts[owners] + place, -1)
        columns += batch.take(index, True).columns
    return Batch(columns, len(owners)), owners


class ProjectSetRows(Streaming):
    """Sets in the select list advance together; the shorter ones are padded with NULL (chapter 38.5.9)."""

    node: p.ProjectSet
    rest: Batch | None = None  # rows made beyond the demand

    def step(self, batch: Batch) -> tuple[Batch, Index | None]:
        made, owners = self._expand(batch)
        if batch.owner is not None:
            made = made.owned(batch.owners[owners])
        return made, owners

    def produce(self, n: int) -> Batch | None:
        if self.rest is not None:
            part = self.rest.slice(0, n)
            self.rest = self.rest.drop(part.n) if part.n < self.rest.n else None
            return part
        found = super().produce(1 if self.ctx.measured and n < LARGE else n)
        if found is not None and found.n > n:
            self.rest = found.drop(n)
            found = found.slice(0, n)
        return found

    def open(self) -> None:
        self.rest = None

    def take_back(self, batch: Batch) -> None:
        Operator.take_back(self, batch)

    def _expand(self, batch: Batch) -> tuple[Batch, Index]:
        """The targets over each row's sets; sets inside other sets' arguments come first."""
        frame = self.frame(batch.n, batch)
        origins = np.arange(batch.n)
        left = _sets(self.node.targets)
        while left:
            inner = [call for call in left if not _sets(call.args, left)]
            parts = [expand(call, frame) for call in inner]
            together, owners = parts[0] if len(parts) == 1 else _zip(parts, frame.n)
            computed = {key: vector.take(owners) for key, vector in frame.computed.items()}
            column = 0
            for call in inner:
                width = len(call.type.attributes) if call.type.rep is Rep.STRUCT else 1
                fields = [together.vector(column + i).flat() for i in range(width)]
                computed[id(call)] = StructVector(fields, together.n) if call.type.rep is Rep.STRUCT else fields[0]
                column += width
            frame = replace(frame.take(owners), computed=computed)
            origins = origins[owners]
            left = [call for call in left if all(call is not other for other in inner)]
        return Batch.of([compute(frame) for compute in self.targets], frame.n), origins


def _sets(exprs: Sequence[e.Expr], among: Sequence[e.Call] | None = None) -> list[e.Call]:
    """The set-returning calls in expressions (of those `among`, by identity), each once."""
    found = {id(x): x for expr in exprs for x in walk(expr) if isinstance(x, e.Call) and x.function.returns_set}
    return [x for key, x in found.items() if among is None or any(key == id(other) for other in among)]
