"""Gather, Gather Merge: the child's rows, made in the leader."""

from __future__ import annotations

from auroraml.executor.operator import Streaming, operator
from auroraml.ir import physical as p


@operator(p.Gather, p.GatherMerge)
class GatherRows(Streaming):
    """Passes rows on; PostgreSQL's workers share what the leader here does alone."""

    node: p.Gather

    def open(self) -> None:
        self.metrics.extra["Workers Launched"] = self.node.workers
