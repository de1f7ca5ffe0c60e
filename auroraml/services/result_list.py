"""Comprehend's ResultList and ErrorList as Sentiments: each document placed by its index, whatever the order; what does not fit is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from auroraml.services.protocols import LABELS, ClientFailure, ItemError, Sentiments

NAMES = ("Positive", "Negative", "Neutral", "Mixed")  # of SentimentScore, in the order of LABELS


def sentiments_of(answer: Mapping[str, Any], n: int) -> Sentiments:  # JSON
    """The answer of BatchDetectSentiment for `n` documents; one listed twice is taken once, provided both say the same."""
    labels: list[str] = [""] * n
    scores = np.zeros((n, len(LABELS)), np.float32)
    try:
        for item in answer["ResultList"]:  # at most 25
            index, label = item["Index"], item["Sentiment"]
            each = [item["SentimentScore"][name] for name in NAMES]
            if not 0 <= index < n or (labels[index] and labels[index] != label):
                raise _unfit(n)
            labels[index] = label
            scores[index] = each
        errors = tuple(
            ItemError(index=e["Index"], code=str(e.get("ErrorCode", "")), message=str(e.get("ErrorMessage", ""))) for e in answer.get("ErrorList", ())
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unfit(n) from error
    if not errors and not set(labels) <= set(LABELS):
        raise _unfit(n)
    return Sentiments(labels=labels, scores=scores, errors=errors)


def answer_of(found: Sentiments) -> dict[str, Any]:  # JSON
    """Sentiments as the service would list them."""
    wrong = {error.index for error in found.errors}
    rows = [
        {"Index": i, "Sentiment": label, "SentimentScore": dict(zip(NAMES, found.scores[i].tolist(), strict=True))}
        for i, label in enumerate(found.labels) if i not in wrong
    ]  # fmt: skip
    return {"ResultList": rows, "ErrorList": [{"Index": e.index, "ErrorCode": e.code, "ErrorMessage": e.message} for e in found.errors]}


def _unfit(n: int) -> ClientFailure:
    return ClientFailure("UnfitAnswer", f"an answer that does not fit {n} document{'s' if n != 1 else ''}", transient=False)
