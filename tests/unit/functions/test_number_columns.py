"""Columns of numbers through a picture, roots and powers of columns: the same as one by one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auroraml.batch import ConstVector, FixedVector, NumericVector, Vector, from_datums, limbs
from auroraml.evaluate.distinct import distinct_rows
from auroraml.functions.formatting.number_writing import _columns, integer_to_char, numeric_to_char
from auroraml.functions.roots import LARGE_ROOT, square_roots, whole_powers, whole_roots
from auroraml.functions.transcendental import power, square_root
from auroraml.types.pg_type import Interval
from auroraml.types.table import FLOAT8, INTERVAL, NUMERIC, TEXT

PICTURES = [
    "999", "FM999", "FM999.99", "999.99", "000.00", "FM0999.990", "S999.9", "999.9S", "999MI", "MI999.99", "PL999", "SG999.9", "999.9PR", "FM999PR",
    "9,999,999.99", "FM9,999,999", "9G999D99", "$999.99", "L999", '"Price: "999.9', '99"%"', "B999", "0.9", ".99", "FM.99", "999V99", "FM9990.099", "é99.9",
    "99999999999999999999.9999", "FM99999999999990.0000000000009", "0", "9", "FM0", "  99", "9 9 9", "FMS0999.9", "0009,990.0",
]  # fmt: skip

SQUARES = st.integers(0, 10**25).map(lambda n: n * n)


def made(values: Sequence[Decimal]) -> NumericVector:
    """A column of exact numbers."""
    found = from_datums(NUMERIC, values)
    assert isinstance(found, NumericVector)
    return found


def values(seed: int, n: int = 60) -> list[Decimal]:
    """Numbers of all sizes, some at borders."""
    chance = random.Random(seed)
    borders = ["0", "0.00", "-0.004", "0.5", "-0.5", "9.5", "99.95", "999.995", "-999.995", "1000", "-1", "10.10", "0.10", "123456789012345678901.5"]
    return [Decimal(chance.choice(borders)) if chance.random() < 0.3
            else Decimal(chance.randint(-(10 ** chance.randint(0, 9)), 10 ** chance.randint(0, 9))).scaleb(-chance.randint(0, 5)) for _ in range(n)]  # fmt: skip


@pytest.mark.parametrize("picture", PICTURES)
def test_pictures(picture: str) -> None:
    """Numerics and integers of one sign and another, of every length, with and without zeros at their end."""
    numbers = values(len(picture))
    format = ConstVector(from_datums(TEXT, [picture]), len(numbers))
    found = _columns(made(numbers), format)
    assert found is not None
    assert found.datums() == [numeric_to_char(value, picture) for value in numbers]
    whole = [int(value) for value in numbers if abs(value) < 2**62]
    found = _columns(FixedVector(np.array(whole)), ConstVector(format.one, len(whole)))
    assert found is not None
    assert found.datums() == [integer_to_char(value, picture) for value in whole]


@pytest.mark.parametrize("picture", ["999TH", "RN", "9.99EEEE", ""])
def test_pictures_of_other_kinds(picture: str) -> None:
    """What depends on more than the shape goes one by one."""
    assert _columns(made([Decimal(1)]), ConstVector(from_datums(TEXT, [picture]), 1)) is None


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.integers(0, 10 ** (2 * LARGE_ROOT - 1)), SQUARES, SQUARES.map(lambda n: max(n - 1, 0))), min_size=1, max_size=8))
def test_whole_roots(numbers: list[int]) -> None:
    """The integer below each root, at squares and just below them too."""
    column = np.empty(len(numbers), object)
    column[:] = numbers
    found = limbs.of_integers(column)
    assert found is not None
    assert limbs.integers(whole_roots(found)).tolist() == [isqrt(number) for number in numbers]


def test_roots_and_powers() -> None:
    """As one by one, scales included."""
    numbers = [value for value in values(5, 200) if abs(value) < 10**12] + [
        Decimal(t) for t in ("10", "100.00", "0.01", "1000000", "0", "31.622776601", "2.2360679775")
    ]
    sizes = [abs(value) for value in numbers]
    found = square_roots(made(sizes))
    assert found is not None
    assert list(map(str, found.datums())) == [str(square_root(value)) for value in sizes]
    assert square_roots(made([Decimal(-1)])) is None
    for exponent in ("2", "3", "2.00", "5"):
        powers = whole_powers(made(numbers[:60]), int(Decimal(exponent)))
        wanted = [str(power(value, Decimal(exponent))) for value in numbers[:60]]
        assert powers is None or list(map(str, powers.datums())) == wanted
        small = [value for value in numbers if abs(value) < 10**6 and len(value.as_tuple().digits) <= 8]
        powers = whole_powers(made(small), int(Decimal(exponent)))
        assert powers is not None
        assert list(map(str, powers.datums())) == [str(power(value, Decimal(exponent))) for value in small]
    assert whole_powers(made([Decimal(2)]), -1) is None


def test_distinct_rows() -> None:
    """What looks different is asked apart: scales, signs of zero, parts of intervals."""

    def groups(*vectors: Vector) -> list[int] | None:
        found = distinct_rows([vector.take(np.arange(vector.n).repeat(4)) for vector in vectors], 4 * vectors[0].n)
        return None if found is None else found[0][::4].tolist()

    assert groups(made([Decimal("1.0"), Decimal("1.00"), Decimal("1.0")])) == [0, 1, 0]
    assert groups(from_datums(FLOAT8, [0.0, -0.0, 0.0])) == [0, 1, 0]
    assert groups(from_datums(INTERVAL, [Interval(1, 0, 0), Interval(0, 30, 0), Interval(1, 0, 0)])) == [0, 1, 0]
    assert groups(from_datums(TEXT, ["a", "b", "a"]), made([Decimal(1), Decimal(1), Decimal(2)])) == [0, 1, 2]
    assert distinct_rows([made([Decimal(1), Decimal(2)])], 2) is None
    assert groups(from_datums(TEXT, ["a", None])) is None
