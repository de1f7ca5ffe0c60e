"""Train the softmax over the model's features on the tuning sentences; cross-validated by concept, all translations in one fold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auroraml.services.embedded.sentiment import FEATURES, WEIGHTS_FILE, features
from auroraml.services.protocols import LABELS
from benchmarks.sentiment.sentences import LANGUAGES, sentences

Matrix = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
PENALTY = 0.001
FOLDS = 6


def fit(rows: Matrix, labels: Ints) -> Matrix:
    """Four rows of weights that minimise the cross-entropy plus PENALTY times their squares (the bias is free)."""
    spread = np.maximum(np.abs(rows).max(axis=0), 1e-9)
    scaled = rows / spread
    wanted = np.eye(len(LABELS))[labels]
    weights = np.zeros((len(LABELS), rows.shape[1]))
    velocity = np.zeros_like(weights)
    for _ in range(4000):
        raw = scaled @ weights.T
        chances = np.exp(raw - raw.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        gradient = (chances - wanted).T @ scaled / len(rows) + PENALTY * weights
        gradient[:, 0] -= PENALTY * weights[:, 0]
        velocity = 0.9 * velocity - 0.5 * gradient
        weights += velocity
    return weights / spread


def data() -> tuple[Matrix, Ints, Ints]:
    """Features, labels and concepts of all tuning sentences."""
    rows, labels, concepts = [], [], []
    for language in LANGUAGES:
        found = sentences("tuning.tsv", language)
        rows.append(features([s.text for s in found], language))
        labels += [LABELS.index(s.label) for s in found]
        concepts += [s.concept for s in found]
    return np.vstack(rows), np.array(labels), np.array(concepts)


def train() -> str:
    """Write the weights; what was reached on the sentences, and by cross-validation."""
    rows, labels, concepts = data()
    folds = np.random.default_rng(0).permutation(concepts.max() + 1)[concepts] % FOLDS
    right = 0
    for fold in range(FOLDS):
        inside = folds != fold
        right += int(((rows[~inside] @ fit(rows[inside], labels[inside]).T).argmax(axis=1) == labels[~inside]).sum())
    weights = fit(rows, labels)
    lines = ["# label\t" + "\t".join(FEATURES)]
    lines += [label + "\t" + "\t".join(f"{w:.4g}" for w in row) for label, row in zip(LABELS, weights, strict=True)]
    WEIGHTS_FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    own = int(((rows @ weights.T).argmax(axis=1) == labels).sum())
    return f"{own}/{len(labels)} on the tuning sentences, {right}/{len(labels)} cross-validated by concept"
