"""The embedded sentiment model: stems and events per language, clause rules, a softmax over a few features; vectorised over batches."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

FOLDER = Path(__file__).parent
MODELS: Mapping[str, Path] = {path.stem: path for path in sorted((FOLDER / "lexicon").glob("*.tsv"))}
TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|[.,;:!?\n]|\d+")
WORD, STOP, COMMA, QUESTION, BANG, END, NEGATION, UP, DOWN, BUT, ASK = range(11)
MARKS = {".": STOP, ";": STOP, ":": STOP, ",": COMMA, "!": BANG, "?": QUESTION, "\n": END}
KINDS = {"neg": NEGATION, "up": UP, "down": DOWN, "but": BUT, "ask": ASK}
WINDOW = 4  # words a negation reaches
GAP = "*"  # in an event: any one or two words
Numbers = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
FEATURES = (
    "bias", "positive", "negative", "best", "worst", "positive clauses", "negative clauses", "last clause", "balance", "both", "contrast",
    "question", "asking", "exclamation", "length", "silent", "raised", "negated",
)  # fmt: skip


class Lexicon(NamedTuple):
    """A language's stems (weight, kind), exact words, and events (stems, weight) by their first stem."""

    stems: dict[str, tuple[float, int]]
    exact: dict[str, tuple[float, int]]
    events: tuple[tuple[tuple[str, ...], float], ...]


_FOLDED: dict[int, str] = {
    code: base for code in range(0xC0, 0x250) if (base := unicodedata.normalize("NFKD", chr(code))[0]).isascii()
} | {0xDF: "ss", 0x2019: "'", 0xE6: "ae", 0x153: "oe"}  # fmt: skip


def fold(text: str) -> str:
    """Lower case without accents."""
    return text.lower().translate(_FOLDED)


@cache
def lexicon(language: str) -> Lexicon:
    """The tables of a language."""
    stems: dict[str, tuple[float, int]] = {}
    exact: dict[str, tuple[float, int]] = {}
    events: list[tuple[tuple[str, ...], float]] = []
    for line in MODELS[language].read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        head, _, rest = line.partition("\t")
        kind = KINDS.get(head, WORD)
        weight = 0.0 if kind else float(head)
        for entry in fold(rest).split():
            if "_" in entry:
                events.append((tuple(part for part in entry.split("_") if part), weight))
            elif entry.startswith("="):
                exact.setdefault(entry[1:], (weight, kind))
            else:
                stems.setdefault(entry, (weight, kind))
    return Lexicon(stems, exact, tuple(events))


_seen: dict[str, dict[str, tuple[float, int]]] = {}


def look_up(word: str, language: str) -> tuple[float, int]:
    """A word's weight and kind: exact words first, then the longest stem it begins with; a clitic before an apostrophe is split off."""
    if word in MARKS:
        return 0.0, MARKS[word]
    table = lexicon(language)
    found = table.exact.get(word)
    if found is None and "'" in word and language in ("fr", "it"):
        head, _, word = word.partition("'")
        if head == "n":
            return 0.0, NEGATION
        found = table.exact.get(word)
    if found is not None:
        return found
    for end in range(len(word), 1, -1):
        found = table.stems.get(word[:end])
        if found is not None and (end >= 3 or end == len(word)):
            return found
    return 0.0, WORD


class Tokens(NamedTuple):
    """A batch's tokens: document, clause, kind and weight of each."""

    document: Ints
    clause: Ints
    kind: Ints
    weight: npt.NDArray[np.float64]


def tokens(texts: Sequence[str], language: str) -> Tokens:
    """Split and look up; each distinct word is looked up once."""
    joined = fold("\n".join(text.replace("\n", " ") for text in texts) + "\n")
    coded = pa.array(TOKEN.findall(joined), pa.string()).dictionary_encode()
    words: list[str] = coded.dictionary.to_pylist()
    known = _seen.setdefault(language, {})
    if len(known) > 200_000:
        known.clear()
    values = []
    for word in words:  # the distinct words of the batch
        found = known.get(word)
        if found is None:
            found = known[word] = look_up(word, language)
        values.append(found)
    codes = coded.indices.to_numpy()
    weight = np.array([v[0] for v in values])[codes]
    kind = np.array([v[1] for v in values])[codes]
    ends = kind == END
    document = np.cumsum(ends) - ends
    starts = (kind >= STOP) & (kind <= END) | (kind == BUT)
    clause = np.cumsum(starts)
    _events(lexicon(language), words, codes, document, weight)
    return Tokens(document, clause, kind, weight)


def _events(table: Lexicon, words: Sequence[str], codes: npt.NDArray[np.int32], document: Ints, weight: npt.NDArray[np.float64]) -> None:
    """Put an event's weight at its first word and nothing at the others."""
    prefixes = {word[:end] for word in words for end in range(1, len(word) + 1)}
    for parts, value in table.events:  # those whose words all occur
        if not all(part == GAP or part in prefixes for part in parts):
            continue
        here = np.flatnonzero(_starting(parts[0], words)[codes])
        spans = np.zeros(len(here), np.int64)
        gap = False
        for part in parts[1:]:
            if part == GAP:
                gap = True
                continue
            matches = np.append(_starting(part, words)[codes], [False] * 6)
            step = np.zeros(len(here), np.int64)
            for distance in (3, 2, 1) if gap else (1,):
                step = np.where(matches[here + spans + distance], distance, step)
            here, spans, step = here[step > 0], spans[step > 0], step[step > 0]
            spans = spans + step
            gap = False
        inside = document[here] == document[np.minimum(here + spans, len(document) - 1)]
        for start, span in zip(here[inside].tolist(), spans[inside].tolist(), strict=True):  # few: events are rare
            weight[start : start + span + 1] = 0.0
            weight[start] = value * (1.0 if abs(value) > 2 else 1.25)


def _starting(part: str, words: Sequence[str]) -> npt.NDArray[np.bool_]:
    short = len(part) < 4
    return np.array([word == part if short else word.startswith(part) for word in words])


def features(texts: Sequence[str], language: str) -> npt.NDArray[np.float64]:
    """One row of FEATURES a text."""
    found = tokens(texts, language)
    n, count = len(texts), len(found.kind)
    reach = np.zeros(count, np.bool_)
    factor = np.ones(count)
    for distance in range(1, WINDOW + 1):
        before = np.zeros(count, np.bool_)
        before[distance:] = (found.kind[:-distance] == NEGATION) & (found.clause[:-distance] == found.clause[distance:])
        reach |= before
    for kind, by in ((UP, 1.4), (DOWN, 0.7)):
        before = np.zeros(count, np.bool_)
        before[1:] = found.kind[:-1] == kind
        factor = np.where(before, by, factor)
    value = found.weight * factor
    single = np.abs(found.weight) <= 3
    value = np.where(reach & single & (value != 0), np.where(value > 0, -0.75 * value, -0.5 * value), value)
    up, down = np.maximum(value, 0), np.maximum(-value, 0)

    def add(weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return np.bincount(found.document, weights, n)[:n].astype(np.float64)

    def has(kind: int) -> npt.NDArray[np.float64]:
        return np.minimum(add(found.kind == kind), 1.0)

    positive, negative = add(up), add(down)
    best, worst = np.zeros(n), np.zeros(n)
    np.maximum.at(best, found.document, up)
    np.maximum.at(worst, found.document, down)
    clauses = found.clause - found.clause[0]
    net = np.bincount(clauses, value)
    owner = np.zeros(len(net), np.int64)
    owner[clauses] = found.document
    good, bad = np.bincount(owner, net > 0.5, n)[:n], np.bincount(owner, net < -0.5, n)[:n]
    last = np.zeros(n)
    telling = np.flatnonzero(np.abs(net) > 0.5)
    last[owner[telling]] = np.sign(net[telling])
    total = positive + negative
    balance = np.divide(positive - negative, total, out=np.zeros(n), where=total > 0)
    both = np.divide(2 * np.minimum(positive, negative), total, out=np.zeros(n), where=total > 0) * (good > 0) * (bad > 0)
    columns = (
        np.ones(n), np.log1p(positive), np.log1p(negative), best, worst, good, bad, last, balance, both, has(BUT), has(QUESTION), has(ASK),
        has(BANG), np.log1p(add(found.kind == WORD)), total < 0.5, add(factor != 1.0), add(reach & (value != 0)),
    )  # fmt: skip
    return np.column_stack([np.asarray(c, np.float64) for c in columns])


def score(texts: Sequence[str], language: str) -> Numbers:
    """The four scores of each text (POSITIVE, NEGATIVE, NEUTRAL, MIXED), which add up to one."""
    raw = features(texts, language) @ WEIGHTS.T
    raw -= raw.max(axis=1, keepdims=True)
    chances = np.exp(raw)
    shares: Numbers = (chances / chances.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def read_weights(path: Path) -> npt.NDArray[np.float64]:
    """Four rows, one a label, of one weight a feature."""
    return np.array(
        [[float(x) for x in line.split("\t")[1:]] for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    )


WEIGHTS = read_weights(FOLDER / "sentiment_weights.tsv")
