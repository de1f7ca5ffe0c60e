"""The embedded sentiment model: opinion words and events, clause rules, a softmax over a few features; vectorised over batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.lazy import compute as pc
from auroraml.services.embedded.lexicon import (
    ASK,
    BANG,
    BUT,
    DOWN,
    END,
    LANGUAGES,
    NEGATION,
    QUESTION,
    SETTLED,
    STOP,
    TEXT_END,
    UP,
    WORD,
    Lexicon,
    Word,
    lexicon,
    spaced,
)
from auroraml.services.embedded.sentence import CLEAR, DAMPED, FLIPPED, HEARD, RAISED, WINDOW, WINDOW_BEFORE, sentence_features

Numbers = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
WEIGHTS_FILE = Path(__file__).parent / "sentiment_weights.tsv"
FEATURES = (
    "bias", "positive", "negative", "best", "worst", "positive clauses", "negative clauses", "last clause", "balance", "both", "contrast",
    "question", "asking", "exclamation", "length", "silent", "raised", "negated", "contrast alone", "contrast one-sided",
)  # fmt: skip
FEW = 32  # texts up to which a plain loop is faster than numpy


class Tokens(NamedTuple):
    """A batch's tokens: where each document starts, and clause, kind and weight of each token."""

    starts: Ints
    clause: Ints
    kind: Ints
    weight: Matrix


def tokens(texts: Sequence[str], language: str) -> Tokens:
    """Split and look up; each distinct word is looked up once."""
    table = lexicon(language)
    joined = f"{spaced(f' {TEXT_END} '.join(texts), language)} {TEXT_END}".lstrip()
    coded = pc.ascii_split_whitespace(pa.array([joined], pa.large_string())).values.dictionary_encode()
    words = [table.look_up(word) for word in coded.dictionary.to_pylist()]  # the distinct words of the batch
    codes = coded.indices.to_numpy()
    weight = np.array([word.weight for word in words])[codes]
    kind = np.array([word.kind for word in words], np.int64)[codes]
    _put_events(table, words, codes, kind, weight)
    starts = np.append(0, np.flatnonzero(kind == END)[:-1] + 1)
    return Tokens(starts, np.cumsum((kind >= STOP) & (kind <= END) | (kind == BUT)), kind, weight)


def _put_events(table: Lexicon, words: Sequence[Word], codes: npt.NDArray[np.int32], kind: Ints, weight: Matrix) -> None:
    """Put each event's weight at its first word and nothing at the others."""
    found = table.events.find([word.parts for word in words], [STOP <= word.kind <= END for word in words], codes)
    sizes = found.ends - found.starts
    inside = np.repeat(found.starts - np.append(0, np.cumsum(sizes)[:-1]), sizes) + np.arange(sizes.sum())
    weight[inside], kind[inside] = 0.0, WORD
    weight[found.starts], kind[found.starts] = table.events.weights[found.numbers], table.events.kinds[found.numbers]


def _reached(found: Tokens, backward: bool) -> Flags:
    """Which words a negation reaches: those after it in its clause, or, if `backward` and none of those has a weight, those before it."""
    count = len(found.kind)
    negation, telling = found.kind == NEGATION, found.weight != 0
    reached, heard = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    for step in range(1, WINDOW + 1):
        near = found.clause[step:] == found.clause[:-step]
        reached[step:] |= negation[:-step] & near
        heard[:-step] |= telling[step:] & near
    if backward:
        lonely = negation & ~heard
        for step in range(1, WINDOW_BEFORE + 1):
            reached[:-step] |= lonely[step:] & (found.clause[step:] == found.clause[:-step])
    return reached


def features(texts: Sequence[str], language: str) -> Matrix:
    """One row of FEATURES a text."""
    if len(texts) <= FEW:
        return np.array([sentence_features(text, language) for text in texts])
    return batch_features(texts, language)


def batch_features(texts: Sequence[str], language: str) -> Matrix:
    """The features of many texts, with numpy."""
    found = tokens(texts, language)
    starts, kind = found.starts, found.kind
    factor = np.ones(len(kind))
    factor[1:][kind[:-1] == UP] = RAISED
    factor[1:][kind[:-1] == DOWN] = DAMPED
    value = found.weight * factor
    reached = _reached(found, language == "de") & (value != 0) & (kind != SETTLED)
    value = np.where(reached, value * np.where(value > 0, FLIPPED, CLEAR), value)
    up, down = np.maximum(value, 0), np.maximum(-value, 0)

    def add(values: npt.NDArray[np.float64] | Flags) -> Matrix:
        return np.add.reduceat(values, starts, dtype=np.float64)

    def has(wanted: int) -> Matrix:
        return np.logical_or.reduceat(kind == wanted, starts).astype(np.float64)

    positive, negative = add(up), add(down)
    good, bad, last = _clauses(found, value)
    total = positive + negative
    balance = np.divide(positive - negative, total, out=np.zeros(len(total)), where=total > 0)
    both = np.divide(2 * np.minimum(positive, negative), total, out=np.zeros(len(total)), where=total > 0) * (good > 0) * (bad > 0)
    columns = (
        np.ones(len(texts)), np.log1p(positive), np.log1p(negative), np.maximum.reduceat(up, starts), np.maximum.reduceat(down, starts), good, bad,
        last, balance, both, has(BUT), has(QUESTION), has(ASK), has(BANG), np.log1p(add((kind == WORD) | (kind == SETTLED))), total < HEARD, add(factor != 1.0), add(reached),
        has(BUT) * (total < HEARD), has(BUT) * ((positive > HEARD) != (negative > HEARD)),
    )  # fmt: skip
    return np.column_stack([np.asarray(c, np.float64) for c in columns])


def _clauses(found: Tokens, value: Matrix) -> tuple[Ints, Ints, Matrix]:
    """Each document's clauses that say something good, those that say something bad, and the sign of the last that says either."""
    n = len(found.starts)
    net = np.bincount(found.clause, value)
    owner = np.zeros(len(net), np.int64)
    document = np.repeat(np.arange(n), np.diff(np.append(found.starts, len(value))))
    owner[found.clause] = document  # a clause that an end opens belongs to the text after it
    good, bad = net > HEARD, net < -HEARD
    last = np.zeros(n)
    telling = np.flatnonzero(good | bad)
    last[owner[telling]] = np.sign(net[telling])
    return np.bincount(owner[good], minlength=n), np.bincount(owner[bad], minlength=n), last


def score(texts: Sequence[str], language: str) -> Numbers:
    """The four scores of each text (POSITIVE, NEGATIVE, NEUTRAL, MIXED), which add up to one."""
    raw = np.einsum("ij,kj->ik", features(texts, language), WEIGHTS)  # no BLAS: waking its threads costs more than 18 columns
    raw -= raw.max(axis=1, keepdims=True)
    chances = np.exp(raw)
    shares: Numbers = (chances / chances.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def read_weights(path: Path) -> Matrix:
    """Four rows, one a label, of one weight a feature."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return np.array([[float(x) for x in line.split("\t")[1:]] for line in lines if line and not line.startswith("#")])


WEIGHTS = read_weights(WEIGHTS_FILE)
MODELS = LANGUAGES
