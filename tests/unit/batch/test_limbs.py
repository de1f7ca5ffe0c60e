"""Limbs compute what Python's integers do, at every border of nine digits and of the sign."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auroraml.batch import limbs
from auroraml.batch.limbs import BASE, MOST, Limbs

BORDERS = [0, 1, -1, BASE - 1, BASE, -BASE, BASE + 1, -BASE - 1, BASE**2, -(BASE**2), 2**63 - 1, -(2**63) + 1, 10**27 - 1, -(10**27), 10**35 + 1]
NUMBERS = st.one_of(st.sampled_from(BORDERS), st.integers(-(10**36) + 1, 10**36 - 1))
LISTS = st.lists(NUMBERS, min_size=1, max_size=8)


def made(values: Sequence[int]) -> Limbs:
    """Integers as limbs, whose form is looked at."""
    column = np.empty(len(values), object)
    column[:] = list(values)
    found = limbs.of_integers(column)
    assert found is not None
    assert all(((limb >= 0) & (limb < BASE)).all() for limb in found[:-1])
    return found


def read(found: Limbs | None) -> list[int]:
    """The integers behind limbs."""
    assert found is not None
    return [int(value) for value in limbs.integers(found)]


@settings(deadline=None, max_examples=60)
@given(LISTS)
def test_there_and_back(values: list[int]) -> None:
    """Integers become limbs and integers again; those of two limbs become int64."""
    found = made(values)
    assert read(found) == values
    whole = limbs.whole_of(found)
    assert (whole is not None) == (len(found) <= 2)
    assert whole is None or whole.tolist() == values


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), min_size=1, max_size=6))
def test_of_whole(values: list[int]) -> None:
    """int64 becomes limbs."""
    assert read(limbs.of_whole(np.array(values))) == values


@settings(deadline=None, max_examples=60)
@given(LISTS, LISTS)
def test_arithmetic(left: list[int], right: list[int]) -> None:
    """Sums, products, signs and comparisons, of columns and of a column with a constant."""
    for b in (right[:1], (right * len(left))[: len(left)]):
        pairs = list(zip(left, b * len(left) if len(b) == 1 else b, strict=False))
        x, y = made(left), made(b)
        assert read(limbs.added(x, y)) == [p + q for p, q in pairs]
        assert read(limbs.added(y, limbs.negated(x))) == [q - p for p, q in pairs]
        assert read(limbs.multiplied(x, y)) == [p * q for p, q in pairs]
        assert limbs.compared(x, y).tolist() == [(p > q) - (p < q) for p, q in pairs]
    assert limbs.nonzero(made(left)).tolist() == [value != 0 for value in left]
    assert limbs.lengths(made([abs(value) for value in left])).tolist() == [len(str(abs(value))) if value else 0 for value in left]


def test_products_beyond_limbs() -> None:
    """Products of more limbs than int64 adds up are for others."""
    large = made([BASE**5])
    assert limbs.multiplied(large, large) is None
    assert limbs.shifted(large, 9 * MOST) is None


@settings(deadline=None, max_examples=60)
@given(LISTS, st.integers(0, 40))
def test_scales(values: list[int], digits: int) -> None:
    """Powers of ten: multiplied, divided with and without rounding, rounded in place, and rounded downwards."""
    unit = 10**digits
    sizes = [abs(value) for value in values]
    moved = limbs.shifted(made(values), digits)
    assert moved is None or read(moved) == [value * unit for value in values]
    assert read(limbs.rounded(made(sizes), digits, False)) == [value // unit for value in sizes]
    assert read(limbs.rounded(made(sizes), digits, True)) == [(2 * value + unit) // (2 * unit) for value in sizes]
    assert read(limbs.rounded(made(values), digits, False)) == [value // unit for value in values]
    assert read(limbs.settled(made(sizes), digits)) == [(2 * value + unit) // (2 * unit) * unit for value in sizes]


@settings(deadline=None, max_examples=60)
@given(LISTS, st.lists(st.one_of(st.integers(1, 50), st.integers(1, 2**63 - 2)), min_size=1, max_size=8), st.integers(0, 30))
def test_division(values: list[int], divisors: list[int], digits: int) -> None:
    """Quotients with decimals and remainders, by a column and by a constant, whatever the divisors' size."""
    sizes = [abs(value) for value in values]
    for by in (divisors[:1], (divisors * len(sizes))[: len(sizes)]):
        found = limbs.divided(made(sizes), np.array(by), digits)
        if found is None:
            assert max(by) > 10**17 or len(made(sizes)) + -(-digits // 9) > MOST
            continue
        pairs = [divmod(size * 10**digits, (by * len(sizes))[row]) for row, size in enumerate(sizes)]
        assert read(found[0]) == [quotient for quotient, _ in pairs]
        assert found[1].tolist() == [rest for _, rest in pairs]


@settings(deadline=None, max_examples=60)
@given(LISTS, LISTS)
def test_joined(left: list[int], right: list[int]) -> None:
    """Columns of different widths one after another, and rows taken."""
    both = limbs.joined([made(left), made(right)])
    assert read(both) == left + right
    assert read(limbs.taken(both, np.array([len(left), 0]))) == [right[0], left[0]]


@pytest.mark.parametrize("values", [[0], [0, -1], [-1, 0], [-BASE], [BASE - 1, -BASE], [-1] * 3, [10**20, -(10**20)]])
def test_magnitudes(values: list[int]) -> None:
    """Signs taken away and put back."""
    sizes, negative = limbs.magnitudes(made(values))
    assert read(sizes) == [abs(value) for value in values]
    assert read(limbs.signed(sizes, negative)) == values
