"""Merge Join: equality over inputs sorted alike; output in the outer side's order."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch
from auroraml.evaluate import compile
from auroraml.executor.matching import Matcher
from auroraml.executor.operator import operator
from auroraml.executor.operators.joins import NO_PAIRS, JoinRows, Pairs, no_rows
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.types.table import INT8


@operator(p.MergeJoin)
class MergeJoinRows(JoinRows):
    """Both sides read; their rows matched by key, which gives what walking them side by side gives."""

    node: p.MergeJoin

    def __init__(self, node: p.MergeJoin, ctx: object) -> None:
        super().__init__(node, ctx)
        pairs = [c.args for c in node.merge_conditions if isinstance(c, e.OpCall)]
        self.outer_keys = [compile(args[0]) for args in pairs]
        self.inner_keys = [compile(args[1]) for args in pairs]
        self.types = [args[1].type for args in pairs]

    def open(self) -> None:
        super().open()
        self.matcher: Matcher | None = None

    def _prepare(self) -> Matcher:
        if self.matcher is None:
            self.right = self.inner.drain() or no_rows(self.node.inner)
            frame = self.frame(self.right.n, self.right, self.right)
            keys = [key(frame) for key in self.inner_keys]
            types = list(self.types)
            if self.right.owner is not None:
                keys.append(self.right.owner.vector)
                types.append(INT8)
            self.matcher = Matcher(keys, types, self.right.n)
            if self.node.kind in ("right", "full"):
                self.seen = np.zeros(self.right.n, np.bool_)
        return self.matcher

    def candidates(self, left: Batch) -> Pairs:
        matcher = self._prepare()
        if not self.right.n:
            return NO_PAIRS
        frame = self.frame(left.n, left, left)
        keys = [key(frame) for key in self.outer_keys]
        if self.right.owner is not None:
            assert left.owner is not None
            keys.append(left.owner.vector)
        return matcher.pairs(keys, left.n)

    def produce(self, n: int) -> Batch | None:
        if self.node.kind in ("right", "full"):
            self._prepare()
        return super().produce(n)
