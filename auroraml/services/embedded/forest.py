"""Random Cut Forest (Guha et al., 2016): anomaly scores from random cuts, all trees stacked and walked level by level in numpy."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import numpy.typing as npt

from auroraml.services.embedded.endpoint import Endpoint
from auroraml.services.embedded.hosting import HostingOptions
from auroraml.services.embedded.training import Matrix, Source, matrix, read
from auroraml.services.protocols import ModelFailure, Response, Waiting
from auroraml.services.request import Request
from auroraml.services.response import one_a_row

WALKED = 262144  # rows times trees times bounds that are looked at together: what they touch stays in the processor's cache
NARROW = 4  # features: with more of them a walker's bounds are summed along a row of their own
FEWEST = 16  # walkers are not thinned out below so many: a sum over very few is made in another order
TINY = np.finfo(np.float64).tiny
Ints = npt.NDArray[np.int64]


class RandomCutForest(Endpoint):
    """Scores grow as a row is easier to cut off from the sample; `trees` 50 to 1000, `samples` 1 to 2048 a tree, as SageMaker's."""

    waits = Waiting.NO

    def __init__(
        self, data: Source, *, trees: int = 100, samples: int = 256, seed: int = 0, header: bool = True, **options: Unpack[HostingOptions]
    ) -> None:
        super().__init__(**options)
        features = matrix(read(data, header))
        self.mean = np.nanmean(features, axis=0)
        features = np.where(np.isnan(features), self.mean, features)
        random = np.random.default_rng(seed)
        size = min(samples, len(features))
        builders = [_Tree(features[random.choice(len(features), size, replace=False)], random) for _ in range(trees)]
        offsets = np.cumsum([0, *[len(b.axis) for b in builders]])
        axis = np.concatenate([b.axis for b in builders]).astype(np.int64)
        leaf = axis < 0
        first = np.concatenate([np.array(b.first) + o for b, o in zip(builders, offsets, strict=False)]).astype(np.int64)
        low, high = np.concatenate([b.low for b in builders]), np.concatenate([b.high for b in builders])
        mass = np.concatenate([b.mass for b in builders]).astype(np.float64)
        depth = np.concatenate([b.depth for b in builders]).astype(np.float64)
        damp = 1 - np.exp2(-mass) / 2  # nearly 1 for all but tiny masses
        self.size = size
        self.narrow = features.shape[1] <= NARROW
        self.roots = offsets[:-1]
        bounds = np.concatenate([low, -high], axis=1)  # a row is outside a box by a bound less the row, where that is above zero
        self.bounds = np.ascontiguousarray(bounds.T) if self.narrow else bounds
        # the box's edges, the score of a row parted here, that of one never parted, the cut, whether the tree goes on, the feature cut, the first child
        self.facts = np.column_stack([
            (high - low).sum(axis=1), damp / (depth + 1), np.where(leaf, 0.5 / (depth + 1 + np.log2(np.maximum(mass, 1))), 0.0),
            np.concatenate([b.cut for b in builders]), ~leaf, np.maximum(axis, 0), np.where(leaf, np.arange(len(axis)), first),
        ])  # fmt: skip

    def scores(self, features: Matrix) -> Matrix:
        """One score a row: the expected damp(mass)/(depth + 1) of the cut that would part the row from each tree, averaged."""
        if features.shape[1] != len(self.mean):
            message = f"{features.shape[1]} features were sent, the model has {len(self.mean)}"
            raise ModelFailure(400, message)
        features = np.where(np.isnan(features), self.mean, features)
        step = max(1, WALKED // (2 * features.shape[1]) // len(self.roots))
        parts = [self._walk(features[i : i + step]) for i in range(0, len(features), step)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _walk(self, rows: Matrix) -> Matrix:
        """Every row down every tree at once, one level a turn; all rows of a tree side by side, as they meet the same nodes.

        Whatever other rows there are, a row's sums are made in the same order: its score does not depend on the batch it is in.
        """
        n, trees = len(rows), len(self.roots)
        along, sums = (1, "ij->j") if self.narrow else (0, "ij->i")
        both = np.concatenate([rows, -rows], axis=1)
        if self.narrow:
            both = np.ascontiguousarray(both.T)
        flat = rows.reshape(-1)
        who, node = np.tile(np.arange(n), trees), np.repeat(self.roots, n)
        alive = np.ones(len(who))  # the chance that no cut has parted the row yet
        total = np.zeros(n)
        while len(who):
            edges, parted_score, leaf_score, cut, inner, axis, first = self.facts.take(node, axis=0).T
            gaps = self.bounds.take(node, axis=along)
            gaps -= both.take(who, axis=along)
            outside = np.einsum(sums, np.maximum(gaps, 0.0, out=gaps))
            parted = outside / np.maximum(edges + outside, TINY)
            left = 1 - parted
            total += np.bincount(who, alive * (parted * parted_score + left * leaf_score), n)
            alive *= left
            alive *= inner
            value = flat.take(axis.astype(np.int64) + who * rows.shape[1])
            node = first.astype(np.int64) + (value > cut)
            going = alive > 1e-9
            alive *= going
            count = np.count_nonzero(going)
            if not count:
                break
            if FEWEST < count < len(who) * 3 / 4:
                who, node, alive = who[going], node[going], alive[going]
        scaled: Matrix = total / trees * np.log2(max(self.size, 2))
        return scaled

    def invoke(self, request: Request) -> Response:
        """The scores of the request's rows."""
        return Response(rows=one_a_row(self.scores(matrix(request.table)), request.n))


class _Tree:
    """One tree as arrays: nodes with axis (-1: leaf), cut, children, depth, bounding box and mass."""

    def __init__(self, points: Matrix, random: np.random.Generator) -> None:
        self.axis: list[int] = []
        self.cut: list[float] = []
        self.first: list[int] = []  # its children: this one, and the next
        self.depth: list[int] = []
        self.low: list[Matrix] = []
        self.high: list[Matrix] = []
        self.mass: list[int] = []
        self._grow(points, random)

    def _node(self, points: Matrix, depth: int) -> int:
        self.axis.append(-1)
        self.cut.append(np.inf)
        self.first.append(0)
        self.depth.append(depth)
        self.low.append(points.min(axis=0))
        self.high.append(points.max(axis=0))
        self.mass.append(len(points))
        return len(self.axis) - 1

    def _grow(self, points: Matrix, random: np.random.Generator) -> None:
        """Cut boxes along an axis chosen with a chance equal to its share of the box's edges, until points are alone (or equal)."""
        pending = [(self._node(points, 0), points)]
        while pending:
            node, inside = pending.pop()
            edges = self.high[node] - self.low[node]
            total = float(edges.sum())
            if len(inside) == 1 or total <= 0:
                continue
            place = random.random() * total
            axis = min(int(np.searchsorted(np.cumsum(edges), place, side="right")), len(edges) - 1)
            cut = float(self.low[node][axis] + random.random() * edges[axis])
            smaller = inside[:, axis] <= cut
            if smaller.all() or not smaller.any():
                smaller = inside[:, axis] < self.high[node][axis]
                cut = float(inside[smaller, axis].max())
            self.axis[node], self.cut[node] = axis, cut
            below = self.depth[node] + 1
            left, right = self._node(inside[smaller], below), self._node(inside[~smaller], below)
            self.first[node] = left
            pending += [(left, inside[smaller]), (right, inside[~smaller])]
