"""Numbers in words, at the borders where their form changes."""

from __future__ import annotations

import pytest

from auroraml.teach.page import wording


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "0.00 ms"), (0.004, "0.00 ms"), (9.994, "9.99 ms"), (9.996, "10.0 ms"), (99.96, "100 ms"), (31.46, "31.5 ms"), (999.4, "999 ms"), (999.6, "1.00 s"), (99_900, "99.9 s"),
        (100_000, "1 min 40 s"), (120_000, "2 min"), (3_600_000, "1 h"), (7_500_000, "2 h 5 min"), (90_000_000, "1 d 1 h"), (None, "–"),
    ],
)  # fmt: skip
def test_durations(milliseconds: float | None, words: str) -> None:
    assert wording.duration(milliseconds) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "0.00 USD"),
        (0.6, "0.60 USD"),
        (0.018, "0.018 USD"),
        (0.000161386, "0.000161 USD"),
        (1.5, "1.50 USD"),
        (1234.567, "1,234.57 USD"),
        (None, "–"),
    ],
)
def test_money(amount: float | None, words: str) -> None:
    assert wording.money(amount, "USD") == words


@pytest.mark.parametrize(
    ("factor", "words"), [(None, ""), (1.05, ""), (0.95, ""), (3.54, "3.5 × too few"), (1 / 21, "21 × too many"), (5000, "5,000 × too few")]
)
def test_misestimates(factor: float | None, words: str) -> None:
    assert wording.misestimate(factor) == words


@pytest.mark.parametrize(("value", "noun", "words"), [(1, "call", "1 call"), (0, "batch", "0 batches"), (2000, "process", "2,000 processes")])
def test_plurals(value: float, noun: str, words: str) -> None:
    assert wording.plural(value, noun) == words
