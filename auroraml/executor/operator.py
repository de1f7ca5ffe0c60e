"""Operator: a running plan node. `pull(n)` gives at most n rows; what a node computes and filters is applied here, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from auroraml.batch import Batch, Vector, concat_batches
from auroraml.evaluate import Evaluator, Frame, compile, select
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.metrics import NodeMetrics

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext

ALL = 1 << 62
OPERATORS: dict[type, type[Operator]] = {}
O = TypeVar("O", bound="type[Operator]")


def operator(*classes: type) -> Callable[[O], O]:
    """Register the operator of plan nodes."""

    def register(cls: O) -> O:
        for node in classes:
            OPERATORS[node] = cls
        return cls

    return register


class Operator:
    """The base: children built, targets compiled, rows and time counted."""

    def __init__(self, node: p.PhysicalPlan, ctx: ExecutionContext) -> None:
        self.node = node
        self.ctx = ctx
        self.children = [build(child, ctx) for child in node.children()]
        self.targets: list[Evaluator] = [compile(t) for t in node.targets]
        self.plain = self._plain(node.targets)
        self.tests: list[Evaluator] = [compile(t) for t in node.filter]
        self.metrics: NodeMetrics = ctx.metrics.node(node.id)
        self.started = False

    @staticmethod
    def _plain(targets: Sequence[e.Expr]) -> list[int] | None:
        if targets and all(isinstance(t, e.InputRef) and t.side == 0 for t in targets):
            return [t.index for t in targets if isinstance(t, e.InputRef)]
        return None

    def pull(self, n: int) -> Batch | None:
        """At most `n` rows, None at the end; counted and timed."""
        self.ctx.check_cancel()
        start = time.perf_counter()
        if not self.started:
            self.started = True
            self.metrics.loops += 1
            self.open()
        batch = self.produce(n)
        spent = (time.perf_counter() - start) * 1000
        if self.metrics.rows == 0:
            self.metrics.startup += spent
        self.metrics.total += spent
        if batch is not None:
            self.metrics.rows += batch.n
        return batch

    def open(self) -> None:
        """Prepare to run (again)."""

    def produce(self, n: int) -> Batch | None:
        """The next rows."""
        raise NotImplementedError

    def rescan(self) -> None:
        """Start over, with other parameters perhaps."""
        self.started = False
        for child in self.children:
            child.rescan()

    def frame(self, n: int, *sides: Batch) -> Frame:
        """The frame for this node's expressions."""
        return Frame(n=n, sides=sides, params=self.ctx.params, ctx=self.ctx)

    def project(self, frame: Frame) -> Batch:
        """The node's targets over its input."""
        if self.plain is not None and frame.sides:
            return frame.sides[0].select(self.plain)
        return Batch.of([compute(frame) for compute in self.targets], frame.n)

    def passing(self, frame: Frame) -> Frame:
        """The rows that the node's filter lets through."""
        if not self.tests:
            return frame
        mask = select(self.tests, frame)
        kept = int(np.count_nonzero(mask))
        self.metrics.removed_by_filter += frame.n - kept
        return frame if kept == frame.n else frame.take(np.flatnonzero(mask))

    def drain(self) -> Batch | None:
        """All rows left, in one batch."""
        parts = []
        while (batch := self.pull(ALL)) is not None:
            parts.append(batch)
        return concat_batches(parts) if parts else None


def build(node: p.PhysicalPlan, ctx: ExecutionContext) -> Operator:
    """The operator tree of a plan."""
    return OPERATORS[type(node)](node, ctx)


def from_vectors(vectors: Sequence[Vector], n: int) -> Batch:
    """A batch of computed columns."""
    return Batch.of(vectors, n)


class Sliced:
    """Hands out a batch in parts."""

    def __init__(self) -> None:
        self.left: Batch | None = None

    def give(self, n: int) -> Batch | None:
        """The next `n` rows of what is left."""
        if self.left is None or self.left.n == 0:
            self.left = None
            return None
        part = self.left.slice(0, min(n, self.left.n))
        self.left = self.left.drop(part.n)
        return part
