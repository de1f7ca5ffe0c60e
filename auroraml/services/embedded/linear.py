"""Linear Learner: linear and logistic regression in numpy, trained on the spot."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from auroraml.services.embedded.endpoint import Endpoint
from auroraml.services.embedded.hosting import HostingOptions
from auroraml.services.embedded.training import Matrix, Source, matrix, read, split
from auroraml.services.protocols import ModelFailure, Response, Waiting
from auroraml.services.request import Request
from auroraml.services.response import one_a_row


class LinearLearner(Endpoint):
    """`predictor` is "regressor" (ridge, closed form) or "binary_classifier" (logistic regression by reweighted least squares; labels 0 and 1).

    `output`: "score" (the number or the probability), "label" (0 or 1), or "both" (label,score). Missing features take the training mean.
    """

    waits = Waiting.NO

    def __init__(
        self,
        data: Source,
        *,
        label: str | int = 0,
        predictor: str = "regressor",
        output: str = "score",
        penalty: float = 1e-6,
        header: bool = True,
        **options: Unpack[HostingOptions],
    ) -> None:
        super().__init__(**options)
        if predictor not in ("regressor", "binary_classifier") or output not in ("score", "label", "both"):
            raise ValueError("predictor is regressor or binary_classifier; output is score, label or both")
        features, labels = split(read(data, header), label)
        self.predictor, self.output = predictor, output
        self.mean = np.nanmean(features, axis=0)
        filled = np.where(np.isnan(features), self.mean, features)
        spread = filled.std(axis=0)
        self.spread = np.where(spread == 0, 1.0, spread)
        design = np.column_stack([np.ones(len(filled)), (filled - self.mean) / self.spread])
        target = labels.astype(np.float64)
        self.weights = _ridge(design, target, penalty) if predictor == "regressor" else _logistic(design, target, penalty)

    def predict(self, features: Matrix) -> Matrix:
        """The number (or the probability of 1) for each row."""
        if features.shape[1] != len(self.mean):
            message = f"{features.shape[1]} features were sent, the model has {len(self.mean)}"
            raise ModelFailure(400, message)
        filled = np.where(np.isnan(features), self.mean, features)
        scores: Matrix = self.weights[0] + ((filled - self.mean) / self.spread) @ self.weights[1:]
        return scores if self.predictor == "regressor" else _sigmoid(scores)

    def invoke(self, request: Request) -> Response:
        """The scores, labels or both of the request's rows."""
        scores = self.predict(matrix(request.table))
        labels = (scores >= 0.5).astype(np.int64)
        if self.predictor == "regressor" or self.output == "score":
            return Response(rows=one_a_row(scores, request.n))
        if self.output == "label":
            return Response(rows=one_a_row(labels, request.n))
        pairs = [f"{label},{score!r}" for label, score in zip(labels.tolist(), scores.tolist(), strict=True)]  # a text of two values a row
        return Response(rows=one_a_row(pairs, request.n))


def _sigmoid(values: Matrix) -> Matrix:
    found: Matrix = 1 / (1 + np.exp(-np.clip(values, -500, 500)))
    return found


def _ridge(design: Matrix, target: Matrix, penalty: float) -> Matrix:
    weight: Matrix = np.zeros((design.shape[1], design.shape[1]))
    np.fill_diagonal(weight, penalty * len(design))
    weight[0, 0] = 0.0
    return np.linalg.lstsq(design.T @ design + weight, design.T @ target, rcond=None)[0].astype(np.float64)


def _logistic(design: Matrix, target: Matrix, penalty: float) -> Matrix:
    weights: Matrix = np.zeros(design.shape[1])
    ridge = max(penalty, 1e-4) * len(design) * np.eye(design.shape[1])
    for _ in range(30):
        chance = _sigmoid(design @ weights)
        curvature = np.maximum(chance * (1 - chance), 1e-6)
        step = np.linalg.solve(design.T @ (design * curvature[:, None]) + ridge, design.T @ (target - chance) - ridge @ weights)
        weights = (weights + step).astype(np.float64)
        if np.abs(step).max() < 1e-8:
            break
    return weights
