"""Space: memory and disk of simulated sorts and hash tables, by PostgreSQL's formulas over rows of the estimated width."""

from __future__ import annotations

import numpy as np

from auroraml.executor.context import ExecutionContext
from auroraml.executor.operator import ALL
from auroraml.executor.space.chunks import set_chunks
from auroraml.executor.space.sorting import sort_space
from auroraml.ir import physical as p
from auroraml.ir.metrics import GroupSpace, NodeMetrics

HEADER = 16  # of a minimal tuple, with the padding that most have
MOST = 1_000_000  # rows whose sort is followed step by step; what more of them take grows with their number


class Space:
    """What a statement's nodes would take."""

    def __init__(self, ctx: ExecutionContext) -> None:
        self.ctx = ctx

    def sorted(self, node: p.Sort, metrics: NodeMetrics, rows: int, most: int) -> None:
        """Note what a sort takes."""
        followed = min(rows, MOST)
        width = HEADER + -(-node.source.cost.width // 8) * 8
        bound = most if most < ALL else None
        found = sort_space(np.full(followed, width), followed, self.ctx.work_memory, bound=bound, codes=lambda: np.arange(followed))
        kilobytes = found.kilobytes if found.kind == "Memory" else found.kilobytes * rows // max(followed, 1)
        metrics.extra.update({"Sort Method": found.method, "Sort Space Used": kilobytes, "Sort Space Type": found.kind})

    def hashed(self, node: p.Hash, metrics: NodeMetrics, rows: int) -> None:
        """Note the rows of a hash table."""
        metrics.extra.update({"Tuple Rows": rows, "Tuple Bytes": rows * (HEADER + node.cost.width)})

    def grouped(self, node: p.Aggregate, metrics: NodeMetrics, groups: int) -> None:
        """Note the hash table of an aggregate."""
        if node.strategy == "hashed":
            entry = int(set_chunks(np.array([HEADER + node.cost.width]))[0])
            metrics.extra["Group Space"] = GroupSpace(batches=1, memory=min(24_576 + groups * entry, self.ctx.hash_memory))
