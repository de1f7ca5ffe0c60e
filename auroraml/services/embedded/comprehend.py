"""EmbeddedComprehend: sentiment from the embedded model, or from any Python function."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auroraml.errors import FeatureNotSupported
from auroraml.services.embedded.sentiment import MODELS, score
from auroraml.services.protocols import LABELS, MAX_DOCUMENTS, Sentiments, ServiceFailure, Waiting

MODEL_BATCH = 2_500  # documents the embedded model takes at once: it is ten times faster on many


class EmbeddedComprehend:
    """Answers as Comprehend does; `function(texts, language)` replaces the model and may serve any language Comprehend knows."""

    def __init__(self, function: Callable[..., object] | None = None) -> None:
        self.function = function
        self.at_once = MODEL_BATCH if function is None else MAX_DOCUMENTS
        self.waits = Waiting.NO if function is None else Waiting.PERHAPS

    def batch_detect_sentiment(self, texts: Sequence[str], language: str) -> Sentiments:
        """Labels and four scores of documents in one language."""
        if self.function is not None:
            return self._called(texts, language)
        if language not in MODELS:
            raise FeatureNotSupported(
                f'the embedded sentiment model does not know language "{language}"',
                detail=f"It knows {', '.join(sorted(MODELS))}.",
                hint="Connect with sentiment=<a function of (texts, language)> or services='aws'.",
            )
        scores = score(texts, language)
        return Sentiments(labels=[LABELS[i] for i in scores.argmax(axis=1)], scores=scores)

    def _called(self, texts: Sequence[str], language: str) -> Sentiments:
        assert self.function is not None
        try:
            answers = list(self.function(texts, language))  # type: ignore[call-overload] # any sequence
            pairs = [(a, 1.0) if isinstance(a, str) else (str(a[0]), float(a[1])) for a in answers]
        except ServiceFailure:
            raise
        except Exception as error:
            raise ServiceFailure("InternalServerException", f"{type(error).__name__}: {error}", transient=False) from error
        scores = np.zeros((len(pairs), len(LABELS)), np.float32)
        for row, (label, confidence) in enumerate(pairs):  # a user's function answers text by text
            scores[row] = (1 - confidence) / (len(LABELS) - 1)
            if label in LABELS:
                scores[row, LABELS.index(label)] = confidence
        return Sentiments(labels=[label for label, _ in pairs], scores=scores)
