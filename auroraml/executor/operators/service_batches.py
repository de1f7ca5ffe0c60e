"""Batch mode: outer rows gathered into service batches, one call each; their answers are handed out as rows are fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from weakref import WeakKeyDictionary

import numpy as np

from auroraml.batch import Batch, FixedVector, Vector, concat, concat_batches
from auroraml.errors import DatabaseError, QueryCanceled
from auroraml.evaluate import Frame, compile
from auroraml.evaluate.batch_calls import BatchCall, BatchRun
from auroraml.evaluate.calling import body_expressions
from auroraml.executor.operator import ALL, Operator
from auroraml.executor.operators.functions import FunctionScanRows, makes_rows
from auroraml.executor.plans import facts_of
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.objects import Function
from auroraml.ir.tree import rewrite, walk
from auroraml.records import dataclass
from auroraml.services.batch_rows import refuse_below_one
from auroraml.settings import Settings, defined
from auroraml.settings.batches import AURORAML_BATCH_OVER_LIMIT, AURORAML_MAX_ROWS_PER_BATCH

RUN = 262_144  # rows of a run
RUN_SECONDS = 0.02  # of calls, before the rows answered so far are handed out: whoever finds fault with one of them stops the calls
Parameters = Mapping[tuple[str, int], Vector]


@dataclass(frozen=True, kw_only=True)
class _Limit:
    """max_rows_per_batch as the caller of a function gives it, over what the scan reads."""

    given: e.Expr | None
    function: Function


def _limits(expr: e.Expr, args: Sequence[e.Expr] | None = None) -> Iterator[_Limit]:
    """The limits of all batch calls in `expr`, those in the bodies of LANGUAGE SQL functions (called with `args`) among them."""

    def argument(node: object) -> object | None:
        if args is not None and isinstance(node, e.ParamRef) and node.kind == "external":
            return args[node.number - 1]
        return None

    for call in walk(expr):
        if not isinstance(call, e.Call) or not call.function.batch:
            continue
        passed = tuple(rewrite(arg, argument) for arg in call.args)
        if call.function.language == "sql":
            for body in body_expressions(call.function):
                yield from _limits(body, passed)
        else:
            place = call.function.batch_rows
            yield _Limit(given=None if place is None else passed[place], function=call.function)


def _depends_on_row(expr: e.Expr) -> bool:
    return any(isinstance(x, e.InputRef) or (isinstance(x, e.ParamRef) and x.kind == "exec") for x in walk(expr))


class BatchSize:
    """How many rows the next batch may have: the least max_rows_per_batch of the calls, a column's value being that of the batch's first row."""

    def __init__(self, calls: Sequence[e.Expr]) -> None:
        limits = [limit for call in calls for limit in _limits(call)]
        self.limits = [(None if x.given is None else compile(x.given), x.function) for x in limits]
        self.varies = any(x.given is not None and _depends_on_row(x.given) for x in limits)

    def rows(self, frame: Frame) -> int:
        """The limit for a batch that starts with the one row of `frame`."""
        settings = frame.ctx.settings
        least, tried = ALL, settings[AURORAML_MAX_ROWS_PER_BATCH]
        for given, function in self.limits:
            value = tried or (None if given is None else given(frame).datum(0))
            size = None if value is None else int(str(value))
            if size is not None and size <= 0:
                refuse_below_one(settings)
                size = None
            if size is None:
                size = default_rows(function, settings)
            if function.batch_request is not None and settings[AURORAML_BATCH_OVER_LIMIT] == "clamp":
                size = min(size, function.batch_request)
            least = min(least, size)
        return least


def default_rows(function: Function, settings: Settings) -> int:
    """What NULL means: the setting that the function names."""
    setting = defined(function.batch_setting)
    return ALL if setting is None else int(str(settings[setting]))


Prepared = tuple[BatchSize, BatchCall | None, bool]  # the last: whether outer rows may be read for several batches
_PREPARED: WeakKeyDictionary[p.FunctionScan, Prepared] = WeakKeyDictionary()


class ServiceBatches:
    """The outer rows of a nested loop over a batch-mode Function Scan, with the function's answers.

    Where as many rows are asked for, the outer rows of several batches are read together, a run: what is computed around their calls is
    computed once for all of them. The calls are made one after another, and no more of them than the rows asked for need.
    """

    def __init__(self, scan: FunctionScanRows, outer: Operator, parameters: Callable[[Batch], Parameters]) -> None:
        self.scan = scan
        self.outer = outer
        self.parameters = parameters
        made = _PREPARED.get(scan.node)
        if made is None:
            made = _PREPARED[scan.node] = _prepared(scan, outer)
        self.size, self.call, self.together = made
        self.now = scan.ctx.clock.now
        self.rows = 1 << 62  # of one batch, known when the first one is gathered
        self.rest: Batch | None = None  # read, but not enough for a batch
        self.gathered = Batch([], 0)  # a run's outer rows
        self.called = 0  # how many of them have their answers
        self.run: BatchRun | None = None
        self.failure: BaseException | None = None  # of the call after those answered
        self.left = Batch([], 0)
        self.answers = Batch([], 0)
        self.at = 0

    def fetch(self, n: int, wanted: int) -> tuple[Batch, Batch] | None:
        """At most `n` outer rows with the function's columns for each, None at the end; a batch is called when its first row is fetched.

        So many rows are `wanted` for certain (`n` may be more): batches are called together only as far as that goes.
        """
        if self.at >= self.left.n:
            if self.called >= self.gathered.n and self.failure is None:
                gathered = self._gather(wanted)
                if gathered is None:
                    return None
                self.gathered, self.called = gathered, 0
                self.run = self._started(gathered)
            self.at = 0
            self.answers = self._called(wanted)
            self.left = self.gathered.slice(self.called, self.called + self.answers.n)
            self.called += self.left.n
        stop = min(self.at + n, self.left.n)
        part = self.left.slice(self.at, stop), self.answers.slice(self.at, stop)
        self.at = stop
        return part

    def give_back(self, n: int) -> None:
        """The last `n` rows fetched were not needed yet."""
        self.at -= n

    # Gathering

    def _gather(self, n: int) -> Batch | None:
        """The outer rows of the next batch, or of as many as `n` rows fill."""
        if self.size.varies:
            first = self.outer.pull(1)
            if first is None:
                return None
            self.rows = self.size.rows(Frame(n=1, params=self.parameters(first), ctx=self.scan.ctx))
            return self._pulled(self.rows, [first])
        if self.rows == 1 << 62:
            self.rows = self.size.rows(Frame(n=1, params=self.scan.loops, ctx=self.scan.ctx))
        several = min(n, RUN) // self.rows if self.together else 1
        rest, self.rest = self.rest, None
        found = self._pulled(self.rows * max(several, 1), [] if rest is None else [rest])
        if found is None or found.n <= self.rows:
            return found
        whole = found.n // self.rows * self.rows
        if whole < found.n:
            self.rest = found.drop(whole)
        return found.slice(0, whole)

    def _pulled(self, wanted: int, parts: list[Batch]) -> Batch | None:
        """At most `wanted` rows, at least one batch unless the outer side ends."""
        have = sum(part.n for part in parts)
        while have < self.rows and (batch := self.outer.pull(wanted - have)) is not None:
            parts.append(batch)
            have += batch.n
        return concat_batches(parts) if parts else None

    # Calling

    def _started(self, gathered: Batch) -> BatchRun | None:
        """The run of these rows; None where each batch has to be computed by itself, as an argument fails for some row or its value says so."""
        if self.call is None:
            return None
        begun = self.now()
        try:
            run = BatchRun(self.call, Frame(n=gathered.n, params=self.parameters(gathered), ctx=self.scan.ctx, batched=True))
        except DatabaseError:
            return None
        finally:
            self.shared = (self.now() - begun) * 1000 / gathered.n
        return run if run.possible else None

    def _called(self, n: int) -> Batch:
        """The answers of the next batches of the run: of one at least."""
        if self.failure is not None:
            raise self.failure
        start = self.now()
        try:
            if self.run is not None:
                with self.scan.ctx.charging(self.scan.metrics):
                    return self._run(self.run, n)
            left = self.gathered.slice(self.called, self.called + self.rows)
            return self.scan.answers(self.parameters(left), left.n, batched=True)[0]
        finally:
            spent = (self.now() - start) * 1000
            self.scan.metrics.startup += spent
            self.scan.metrics.total += spent

    def _run(self, run: BatchRun, n: int) -> Batch:
        """Call batch after batch, as many as `n` rows fill, for a few milliseconds; a failure waits until the rows before it are handed out."""
        place, end, rows = self.called, self.gathered.n, self.rows
        found = Answers(end - place)
        sizes: list[int] = []
        times: list[float] = []
        start = begun = self.now()
        last = end if end - place <= max(n, rows) else place + max(n, rows) // rows * rows
        while place < last and begun - start < RUN_SECONDS:
            try:
                several = run.together(place, last, rows) if run.in_step else None
                answer = run.answer(place, min(place + rows, last)) if several is None else several
            except BaseException as error:
                self.failure = error
                break
            found.add(answer)
            now = self.now()
            each = (now - begun) * 1000 / answer.n + self.shared
            if answer.n == rows:
                sizes.append(rows)
                times.append(each * rows)
            else:
                whole, part = divmod(answer.n, rows)
                sizes += [rows] * whole + [part] * (part > 0)
                times += [each * rows] * whole + [each * part] * (part > 0)
            place, begun = place + answer.n, now
        self.scan.count_batches(sizes, times)
        run.settle(place - self.called, len(sizes), sum(times))
        if self.failure is not None and (not sizes or not isinstance(self.failure, DatabaseError) or isinstance(self.failure, QueryCanceled)):
            raise self.failure
        return self.scan.columns(found.together())


class Answers:
    """The answers of a run put together. Fixed-width ones are copied at once, so that the next call finds the memory of the last one still warm."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.copied: np.ndarray | None = None
        self.filled = 0
        self.parts: list[Vector] = []

    def add(self, vector: Vector) -> None:
        """The next answer."""
        flat = vector.flat()
        if type(flat) is FixedVector and flat.validity is None and not self.parts:
            if self.copied is None:
                self.copied = np.empty(self.most, flat.values.dtype)
            if self.copied.dtype == flat.values.dtype:
                self.copied[self.filled : self.filled + flat.n] = flat.values
                self.filled += flat.n
                return
        self.parts.append(flat)

    def together(self) -> Vector:
        """All answers."""
        if self.copied is None:
            return concat(self.parts)
        values = self.copied[: self.filled]
        if 2 * self.filled < self.most:  # a run that time has ended early would keep memory for rows it does not have
            values = values.copy()
        return concat([FixedVector(values), *self.parts])


def _prepared(scan: FunctionScanRows, outer: Operator) -> Prepared:
    size = BatchSize(scan.node.calls)
    call = None if size.varies else scan.single()
    below = facts_of(outer.node)
    return size, call, call is not None and not (below.volatile_below or below.ctes or any(map(calls_batches, walk(outer.node))))


def calls_batches(node: object) -> bool:
    """Whether a part of a plan calls a batch function."""
    return isinstance(node, e.Call) and node.function.batch


def batches(node: p.FunctionScan) -> bool:
    """Whether a scan's calls can be handed out row by row after a batch: batch functions that make one row each."""
    return node.batch and not any(makes_rows(call) for call in node.calls)


def reads_volatile(exprs: Sequence[e.Expr]) -> bool:
    """Whether a value may differ from one evaluation to the next, so that rows must not be looked ahead of."""
    return any(isinstance(x, e.Call | e.OpCall) and x.function.volatility == "v" for expr in exprs for x in walk(expr)) or any(
        isinstance(x, e.SubPlan) for expr in exprs for x in walk(expr)
    )
