"""Batch mode: outer rows gathered into service batches, one call each; their answers are handed out as rows are fetched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from auroraml.batch import Batch, Vector, concat_batches
from auroraml.evaluate import Frame, compile
from auroraml.evaluate.calling import body_expressions
from auroraml.executor.operator import ALL, Operator
from auroraml.executor.operators.functions import FunctionScanRows, makes_rows
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.objects import Function
from auroraml.ir.tree import rewrite, walk
from auroraml.services.batch_rows import refuse_below_one
from auroraml.settings import Settings, defined
from auroraml.settings.batches import AURORAML_BATCH_OVER_LIMIT

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
        least = ALL
        for given, function in self.limits:
            value = None if given is None else given(frame).datum(0)
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


class ServiceBatches:
    """The outer rows of a nested loop over a batch-mode Function Scan, with the function's answers."""

    def __init__(self, scan: FunctionScanRows, outer: Operator, parameters: Callable[[Batch], Parameters]) -> None:
        self.scan = scan
        self.outer = outer
        self.parameters = parameters
        self.size = BatchSize(scan.node.calls)
        self.constant: int | None = None
        self.left: Batch | None = None
        self.answers = Batch([], 0)
        self.at = 0

    def fetch(self, n: int) -> tuple[Batch, Batch] | None:
        """At most `n` outer rows with the function's columns for each, None at the end; a batch is called when its first row is fetched."""
        if self.left is None or self.at >= self.left.n:
            self.left = self._gather()
            self.at = 0
            if self.left is None:
                return None
            self.answers = self._called(self.left)
        stop = min(self.at + n, self.left.n)
        part = self.left.slice(self.at, stop), self.answers.slice(self.at, stop)
        self.at = stop
        return part

    def give_back(self, n: int) -> None:
        """The last `n` rows fetched were not needed yet."""
        self.at -= n

    def _gather(self) -> Batch | None:
        if not self.size.varies:
            if self.constant is None:
                self.constant = self.size.rows(Frame(n=1, params=self.scan.loops, ctx=self.scan.ctx))
            return self._pulled(self.constant, [])
        first = self.outer.pull(1)
        if first is None:
            return None
        return self._pulled(self.size.rows(Frame(n=1, params=self.parameters(first), ctx=self.scan.ctx)), [first])

    def _pulled(self, size: int, parts: list[Batch]) -> Batch | None:
        wanted = size - sum(part.n for part in parts)
        while wanted > 0 and (batch := self.outer.pull(wanted)) is not None:
            parts.append(batch)
            wanted -= batch.n
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else concat_batches(parts)

    def _called(self, left: Batch) -> Batch:
        start = time.perf_counter()
        answers, _ = self.scan.answers(self.parameters(left), left.n, batched=True)
        spent = (time.perf_counter() - start) * 1000
        self.scan.metrics.startup += spent
        self.scan.metrics.total += spent
        return answers


def batches(node: p.FunctionScan) -> bool:
    """Whether a scan's calls can be handed out row by row after a batch: batch functions that make one row each."""
    return node.batch and not any(makes_rows(call) for call in node.calls)


def reads_volatile(exprs: Sequence[e.Expr]) -> bool:
    """Whether a value may differ from one evaluation to the next, so that rows must not be looked ahead of."""
    return any(isinstance(x, e.Call | e.OpCall) and x.function.volatility == "v" for expr in exprs for x in walk(expr)) or any(
        isinstance(x, e.SubPlan) for expr in exprs for x in walk(expr)
    )
