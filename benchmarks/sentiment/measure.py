"""Measuring the sentiment model: right answers per language and kind, the confusion matrix, sentences a second."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auroraml.services.embedded.sentiment import score
from auroraml.services.protocols import LABELS
from benchmarks.sentiment.sentences import KINDS, LANGUAGES, sentences

Matrix = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How the held-out sentences were answered: (language, kind) to (right, all), and for each kind wanted label x given label."""

    counts: dict[tuple[str, str], tuple[int, int]]
    confusion: dict[str, Matrix]

    def share(self, language: str, kind: str) -> float:
        """The share of right answers."""
        right, count = self.counts[language, kind]
        return right / count

    def overall(self, kind: str) -> float:
        """The share of right answers in all languages."""
        found = [self.counts[language, kind] for language in LANGUAGES]
        return sum(right for right, _ in found) / sum(count for _, count in found)


def accuracy(name: str = "held_out.tsv") -> Accuracy:
    """Answer the sentences of a file."""
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    confusion = {kind: np.zeros((len(LABELS), len(LABELS)), np.int64) for kind in KINDS}
    for language in LANGUAGES:
        for kind in KINDS:
            found = [s for s in sentences(name, language) if s.kind == kind]
            wanted = np.array([LABELS.index(s.label) for s in found])
            given = score([s.text for s in found], language).argmax(axis=1)
            counts[language, kind] = int((wanted == given).sum()), len(found)
            np.add.at(confusion[kind], (wanted, given), 1)
    return Accuracy(counts=counts, confusion=confusion)


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Sentences a second of one core in batches of `batch`, microseconds for a single one."""

    language: str
    a_second: float
    batch: int
    microseconds: float


def speed(language: str, *, batch: int = 10_000, repeats: int = 7) -> Speed:
    """The best of `repeats` runs, in processor time."""
    own = [s.text for s in sentences("held_out.tsv", language)]
    texts = (own * (batch // len(own) + 1))[:batch]
    batches = min(_seconds(texts, language) for _ in range(repeats))
    single = min(sum(_seconds([text], language) for text in own) / len(own) for _ in range(repeats))
    return Speed(language=language, a_second=batch / batches, batch=batch, microseconds=single * 1e6)


def _seconds(texts: Sequence[str], language: str) -> float:
    start = time.process_time()
    score(texts, language)
    return time.process_time() - start
