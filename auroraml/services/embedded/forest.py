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
        self.roots = offsets[:-1]
        self.axis = np.concatenate([b.axis for b in builders]).astype(np.int64)
        self.cut = np.concatenate([b.cut for b in builders]).astype(np.float64)
        self.left = np.concatenate([np.array(b.left) + o for b, o in zip(builders, offsets, strict=False)]).astype(np.int64)
        self.right = np.concatenate([np.array(b.right) + o for b, o in zip(builders, offsets, strict=False)]).astype(np.int64)
        self.low = np.concatenate([b.low for b in builders])
        self.high = np.concatenate([b.high for b in builders])
        self.mass = np.concatenate([b.mass for b in builders]).astype(np.float64)
        self.edges = (self.high - self.low).sum(axis=1)
        self.size = size

    def scores(self, features: Matrix) -> Matrix:
        """One score a row: the expected damp(mass)/(depth + 1) of the cut that would part the row from each tree, averaged."""
        if features.shape[1] != len(self.mean):
            message = f"{features.shape[1]} features were sent, the model has {len(self.mean)}"
            raise ModelFailure(400, message)
        features = np.where(np.isnan(features), self.mean, features)
        step = max(1, 2_000_000 // (len(self.roots) * features.shape[1]))
        parts = [self._walk(features[i : i + step]) for i in range(0, len(features), step)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _walk(self, rows: Matrix) -> Matrix:
        """Every row down every tree at once, one level a turn."""
        trees = len(self.roots)
        who = np.repeat(np.arange(len(rows)), trees)
        node = np.tile(self.roots, len(rows))
        alive = np.ones(len(who))  # the chance that no cut has parted the row yet
        total = np.zeros(len(rows))
        depth = 0
        while len(who):
            points = rows[who]
            outside = np.abs(points - np.clip(points, self.low[node], self.high[node])).sum(axis=1)
            span = outside + self.edges[node]
            parted = np.divide(outside, span, out=np.zeros_like(outside), where=span > 0)
            mass = self.mass[node]
            damp = 1 - np.exp2(-mass) / 2  # nearly 1 for all but tiny masses
            total += np.bincount(who, alive * parted * damp / (depth + 1), len(rows))
            alive = alive * (1 - parted)
            leaf = self.axis[node] < 0
            if leaf.any():
                seen = alive[leaf] / (depth + 1 + np.log2(np.maximum(mass[leaf], 1)))
                total += np.bincount(who[leaf], seen / 2, len(rows))
            inner = ~leaf & (alive > 1e-9)
            who, node, alive, points = who[inner], node[inner], alive[inner], points[inner]
            smaller = points[np.arange(len(who)), self.axis[node]] <= self.cut[node]
            node = np.where(smaller, self.left[node], self.right[node])
            depth += 1
        scaled: Matrix = total / trees * np.log2(max(self.size, 2))
        return scaled

    def invoke(self, request: Request) -> Response:
        """The scores of the request's rows."""
        return Response(rows=one_a_row(self.scores(matrix(request.table)), request.n))


class _Tree:
    """One tree as arrays: nodes with axis (-1: leaf), cut, children, bounding box and mass."""

    def __init__(self, points: Matrix, random: np.random.Generator) -> None:
        self.axis: list[int] = []
        self.cut: list[float] = []
        self.left: list[int] = []
        self.right: list[int] = []
        self.low: list[Matrix] = []
        self.high: list[Matrix] = []
        self.mass: list[int] = []
        self._grow(points, random)

    def _node(self, points: Matrix) -> int:
        self.axis.append(-1)
        self.cut.append(0.0)
        self.left.append(0)
        self.right.append(0)
        self.low.append(points.min(axis=0))
        self.high.append(points.max(axis=0))
        self.mass.append(len(points))
        return len(self.axis) - 1

    def _grow(self, points: Matrix, random: np.random.Generator) -> None:
        """Cut boxes along an axis chosen with a chance equal to its share of the box's edges, until points are alone (or equal)."""
        pending = [(self._node(points), points)]
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
            self.left[node] = self._node(inside[smaller])
            self.right[node] = self._node(inside[~smaller])
            pending += [(self.left[node], inside[smaller]), (self.right[node], inside[~smaller])]
