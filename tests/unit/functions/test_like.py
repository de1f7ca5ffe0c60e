"""LIKE over many texts: looking for the rarest word first gives what matching each text gives."""

from __future__ import annotations

from dataclasses import replace

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
        monkeypatch.setattr(word_search, "ARROW", float("inf"))
        monkeypatch.setattr(word_search, "BLOCK", 8)
        monkeypatch.setattr(word_search, "PIECE", 2)
    texts = _texts(1_000, 1)
    for part in (texts, texts.slice(3, 500), texts.slice(999), texts.slice(0, 0), pa.array(["", ""], pa.large_string())):
        wanted = [patterns._matches(text, pattern, False) for text in part.to_pylist()]
        assert np.asarray(patterns._matching(part, pattern)).tolist() == wanted


def _in_order(texts: pa.Array, words: list[bytes], monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The texts found, with each of the words as the rarest in turn."""
    monkeypatch.setattr(word_search, "WORTHWHILE", 0)
    monkeypatch.setattr(word_search, "ARROW", float("inf"))
    found = []
    for i, word in enumerate(words):
        held = word_search.holding(texts, [word])
        assert held is not None
        found.append(word_search.in_order(texts, words, replace(held, word=i)).tolist())
    return found


def test_words_do_not_cross_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of one text and the beginning of the next are no word."""
    texts = pa.array(["spec", "ial", "special", "requests", "special", "req", "uests"], pa.large_string())
    assert _in_order(texts, [b"special"], monkeypatch) == [[2, 4]]
    assert _in_order(texts, [b"special", b"requests"], monkeypatch) == [[], []]


def test_words_in_order_do_not_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next word begins behind the end of the one before, the earliest of which is taken."""
    texts = pa.array(["abab", "aba", "xabyab", "baab", "abcbab"], pa.large_string())
    assert _in_order(texts, [b"ab", b"ab"], monkeypatch) == [[0, 2, 4]] * 2
    assert _in_order(texts, [b"aba", b"b"], monkeypatch) == [[0]] * 2


@pytest.mark.parametrize("word", [b"a", b"ab", b"aa", b"aba", b"abab", b"aaaa", b"abcab", b"aabaab", b"abababa", b"aaaaaaaa", b"abcabcabcab"])
@pytest.mark.parametrize("start", range(4))
def test_every_sieve_finds_every_place(word: bytes, start: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever numbers of a word are looked for, wherever the bytes lie in memory, and where the word overlaps itself."""
    monkeypatch.setattr(word_search, "BLOCK", 16)
    draw = np.random.default_rng(len(word))
    data = np.frombuffer(b"".join([word, *draw.choice([b"a", b"b", b"c", word], 300), word]), np.uint8)[start:]
    wanted = [i for i in range(len(data)) if data[i : i + len(word)].tobytes() == word]
    for sieve in word_search.sieves(word):
        assert word_search._occurrences(data, word, sieve).tolist() == wanted
    for n in range(len(word) + 3):
        for sieve in word_search.sieves(word):
            assert word_search._occurrences(data[:n], word, sieve).tolist() == [i for i in wanted if i + len(word) <= n]


def test_frequent_words_are_left_to_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where most texts hold every word, none of them sorts texts out."""
    monkeypatch.setattr(word_search, "WORTHWHILE", 0)
    texts = pa.array(["the rare one", "the other", "the third"] * 20 + ["zebra"], pa.large_string())
    assert word_search.holding(texts, [b"the"]) is None
    found = word_search.holding(texts, [b"the", b"zebra"])
    assert found is not None
    assert (found.rows.tolist(), found.word) == ([60], 1)
