"""EmbeddedComprehend: sentiment from the embedded model, or from any Python function."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from auroraml.errors import FeatureNotSupported
from auroraml.services.clock import Clock, RealClock
from auroraml.services.embedded.hosting import Host, Hosting, virtual
from auroraml.services.embedded.sentiment import MODELS, score
from auroraml.services.protocols import LABELS, MAX_DOCUMENTS, Sentiments, ServiceFailure, Waiting
from auroraml.services.result_list import answer_of, sentiments_of

MODEL_BATCH = 2_500  # documents the embedded model takes at once: it is ten times faster on many


class EmbeddedComprehend:
    """Answers as Comprehend does; `function(texts, language)` replaces the model and may serve any language Comprehend knows."""

    def __init__(self, function: Callable[..., object] | None = None, hosting: Hosting | None = None, clock: Clock | None = None) -> None:
        self.function = function
        self.clock = clock or RealClock()
        self.host_on(hosting or Hosting())

    def host_on(self, hosting: Hosting) -> None:
        """Say how the service is simulated: with it, every call is Amazon's, of at most 25 documents."""
        self.host = None if hosting.plain else Host("Comprehend", hosting, self.clock)
        self.hosting = hosting
        self.at_once = MODEL_BATCH if self.function is None and self.host is None else MAX_DOCUMENTS
        self.waits = Waiting.YES if hosting.lasting else Waiting.NO if self.function is None else Waiting.PERHAPS

    def anew(self, clock: Clock) -> EmbeddedComprehend:
        """The same on hosts in virtual time."""
        made = EmbeddedComprehend(self.function, virtual("Comprehend", self.hosting), clock)
        made.at_once = self.at_once
        return made

    def abandon(self, thread: int) -> None:
        """End a simulated wait."""
        if self.host is not None:
            self.host.abandon(thread)

    def detect_sentiment(self, text: str, language: str) -> Sentiments:
        """DetectSentiment of one document."""
        return self.batch_detect_sentiment([text], language)

    def batch_detect_sentiment(self, texts: Sequence[str], language: str) -> Sentiments:
        """Labels and four scores of documents in one language."""
        if self.host is None:
            return self._scored(texts, language)
        found, fate = self.host.call(lambda: self._scored(texts, language), content=lambda: json.dumps([language, *texts]).encode(), rows=len(texts))
        return found if fate is None else sentiments_of(_damaged(answer_of(found), fate), len(texts))

    def _scored(self, texts: Sequence[str], language: str) -> Sentiments:
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


def _damaged(answer: dict[str, Any], fate: str) -> dict[str, Any]:  # JSON
    """The answer as a fault leaves it."""
    results = answer["ResultList"]
    if fate == "malformed":
        return {"message": "<html>"}  # what botocore makes of a body that is no JSON
    if fate == "wrong_rows":
        return {**answer, "ResultList": results[:-1]}
    if fate == "partial":
        error = {"Index": len(results) // 2, "ErrorCode": "INTERNAL_SERVER_ERROR", "ErrorMessage": "An internal server error occurred."}
        return {"ResultList": [r for r in results if r["Index"] != error["Index"]], "ErrorList": [error]}
    return {**answer, "ResultList": [*results, results[0]] if fate == "duplicate" else results[::-1]}
