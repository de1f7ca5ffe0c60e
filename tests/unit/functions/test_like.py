"""LIKE over many texts: looking for the rarest word first gives what matching each text gives."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from auroraml.functions import patterns, word_search

WORDS = ["special", "requests", "re", "x", "packages", "é", "ß%", "sp", "ecial", "", "a_b"]
PATTERNS = [
    "%special%requests%", "%special%", "%requests", "special%", "%re%", "%x%", "%special_requests%", "%é%", "%ß\\%%", "%a\\_b%", "%sp%ecial%",
    "%special%special%", "%\\%", "%", "%%", "_%re%", "%cialreq%", "%packages%x%é%", "%special%s",
]  # fmt: skip


def _texts(n: int, seed: int) -> pa.Array:
    draw = np.random.default_rng(seed)
    return pa.array([" ".join(draw.choice(WORDS, int(draw.integers(0, 5)))) for _ in range(n)], pa.large_string())


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("always", [False, True])
def test_the_rarest_word_first_finds_the_same(pattern: str, always: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole columns, parts of one, and columns of no bytes; by the fast way wherever it can go, and where it pays."""
    if always:
        monkeypatch.setattr(word_search, "WORTHWHILE", 0)
        monkeypatch.setattr(word_search, "FREQUENT", 0)
        monkeypatch.setattr(word_search, "BLOCK", 7)
    texts = _texts(1_000, 1)
    for part in (texts, texts.slice(3, 500), texts.slice(999), texts.slice(0, 0), pa.array(["", ""], pa.large_string())):
        wanted = [patterns._matches(text, pattern, False) for text in part.to_pylist()]
        assert patterns._matching(part, pattern).to_pylist() == wanted


def test_words_do_not_cross_texts() -> None:
    """The end of one text and the beginning of the next are no word."""
    texts = pa.array(["spec", "ial", "special", "requests", "special", "req", "uests"], pa.large_string())
    assert word_search.holding_in_order(texts, [b"special"]).tolist() == [False, False, True, False, True, False, False]
    assert not word_search.holding_in_order(texts, [b"special", b"requests"]).any()


def test_words_in_order_do_not_overlap() -> None:
    """The next word begins behind the end of the one before, the earliest of which is taken."""
    texts = pa.array(["abab", "aba", "xabyab", "baab", "abcbab"], pa.large_string())
    assert word_search.holding_in_order(texts, [b"ab", b"ab"]).tolist() == [True, False, True, False, True]
    assert word_search.holding_in_order(texts, [b"aba", b"b"]).tolist() == [True, False, False, False, False]


def test_frequent_words_are_left_to_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where most texts hold every word, none of them sorts texts out."""
    monkeypatch.setattr(word_search, "WORTHWHILE", 0)
    texts = pa.array(["the rare one", "the other", "the third"] * 20 + ["zebra"], pa.large_string())
    assert word_search.holding(texts, [b"the"]) is None
    found = word_search.holding(texts, [b"the", b"zebra"])
    assert found is not None
    assert found.sum() == 1
