"""Kernels over wide numerics and over values of many scales give what Decimals give one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auroraml.batch import ConstVector, NumericVector, Vector, WideNumeric, concat, from_datums
from auroraml.errors import NumericValueOutOfRange
from auroraml.evaluate.choosing import choose
from auroraml.evaluate.keys import codes_of, rank
from auroraml.functions import numerics, rounding
from auroraml.functions.aggregates.basic import average, stddev, sum_numeric
from auroraml.functions.division import FEW, divide_decimals
from auroraml.functions.signature import SCALARS
from auroraml.types.numeric import CONTEXT, apply_numeric_typmod, apply_numeric_typmod_vector, round_to
from auroraml.types.table import NUMERIC

Compute = Callable[[Decimal, Decimal], Decimal]


def decimals(digits: int) -> st.SearchStrategy[Decimal]:
    """Finite values with up to so many digits, and borders of limbs."""
    borders = st.sampled_from(
        [Decimal(t) for t in ("0", "0.00", "1", "-1", "0.999999999", "-999999999999999999", "1000000000000000000", "-0.0001", "10000")]
    )
    return st.one_of(
        borders,
        st.builds(lambda n, s: Decimal((n < 0, tuple(map(int, str(abs(n)))), -s)), st.integers(-(10**digits), 10**digits), st.integers(0, 20)),
    )


COLUMNS = st.lists(decimals(28), min_size=FEW + 1, max_size=12)


def column(values: Sequence[Decimal | None]) -> NumericVector:
    """A vector of exact values, never of objects."""
    vector = from_datums(NUMERIC, values)
    assert isinstance(vector, NumericVector)
    assert isinstance(vector, WideNumeric) or vector.scale is not None or type(vector) is not NumericVector
    return vector


def same(vector: Vector, wanted: Sequence[Decimal | None]) -> None:
    """Values with their scales."""
    assert list(map(str, vector.datums())) == list(map(str, wanted))


PAIRS: list[tuple[Callable[[Vector, Vector], Vector], Compute]] = [
    (numerics.add, CONTEXT.add),
    (numerics.subtract, lambda a, b: CONTEXT.subtract(a, b).copy_abs() if a == b else CONTEXT.subtract(a, b)),
    (numerics.multiply, lambda a, b: CONTEXT.multiply(a, b) if a and b else CONTEXT.multiply(a, b).copy_abs()),
    (numerics.divide, divide_decimals),
    (numerics.modulo, numerics._modulo),
]


@pytest.mark.parametrize(("kernel", "compute"), PAIRS)
@settings(deadline=None, max_examples=60)
@given(COLUMNS, COLUMNS)
def test_pairs(kernel: Callable[[Vector, Vector], Vector], compute: Compute, left: list[Decimal], right: list[Decimal]) -> None:
    """Operators over two columns, and over a column and a constant on either side."""
    divides = compute in (PAIRS[3][1], PAIRS[4][1])
    n = min(len(left), len(right))
    left, right = left[:n], [value or Decimal(3) if divides else value for value in right[:n]]
    same(kernel(column(left), column(right)), [compute(a, b) for a, b in zip(left, right, strict=True)])
    same(kernel(column(left), ConstVector(column(right[:1]), n)), [compute(a, right[0]) for a in left])
    same(kernel(ConstVector(column(left[:1]), n), column(right)), [compute(left[0], b) for b in right])


@settings(deadline=None, max_examples=60)
@given(COLUMNS, st.integers(-5, 30))
def test_rounding(values: list[Decimal], places: int) -> None:
    """Rounding, cutting, floors and ceilings at any place."""
    for how in (ROUND_HALF_UP, ROUND_DOWN, ROUND_FLOOR, ROUND_CEILING):
        same(rounding._to_places(column(values), places, how), [rounding.rounded(value, places, how) for value in values])
    same(rounding.absolute(column(values)), [value.copy_abs() for value in values])
    same(rounding.sign(column(values)), [Decimal((value > 0) - (value < 0)) for value in values])
    same(numerics.negate(column(values)), [value.copy_negate() if value else value.copy_abs() for value in values])


@settings(deadline=None, max_examples=60)
@given(COLUMNS, COLUMNS)
def test_comparisons(left: list[Decimal], right: list[Decimal]) -> None:
    """Equality, order, codes and ranks."""
    n = min(len(left), len(right))
    less, equal = (SCALARS[oid].function for oid in (1722, 1718))  # numeric_lt, numeric_eq
    a, b = column(left[:n]), column(right[:n])
    assert less(a, b).datums() == [p < q for p, q in zip(left, right, strict=False)]
    assert equal(a, ConstVector(b.take(np.array([0])), n)).datums() == [p == right[0] for p in left[:n]]
    codes, ranks = codes_of(a, NUMERIC)[0].tolist(), rank(a, NUMERIC).tolist()
    for i in range(n):
        for j in range(n):
            assert (codes[i] == codes[j]) == (left[i] == left[j])
            assert (ranks[i] < ranks[j]) == (left[i] < left[j])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(decimals(30), st.integers(0, 2)), min_size=1, max_size=30))
def test_aggregates(rows: list[tuple[Decimal, int]]) -> None:
    """Sums by group at the largest scale of each; averages; spread from exact squares."""
    codes = np.array([code for _, code in rows])
    vector = column([value for value, _ in rows])
    parts: list[list[Decimal]] = [[value for value, code in rows if code == group] for group in range(3)]
    same(sum_numeric([vector], codes, 3), [sum_of(part) if part else None for part in parts])
    same(average([vector], codes, 3), [divide_decimals(sum_of(part), Decimal(len(part))) if part else None for part in parts])
    spread = stddev([vector], codes, 3).datums()
    objects = stddev([concat([NumericVector(vector.as_objects().values, None)])], codes, 3).datums()
    assert list(map(str, spread)) == list(map(str, objects))


def sum_of(values: Sequence[Decimal]) -> Decimal:
    """The exact sum at the largest scale."""
    total = Decimal(0)
    for value in values:
        total = CONTEXT.add(total, value)
    return total if total else total.copy_abs()


@settings(deadline=None, max_examples=60)
@given(COLUMNS, st.sampled_from([(10, 2), (20, 5), (38, 10), (15, 0), (40, 20), (30, 25)]))
def test_typmods(values: list[Decimal], of: tuple[int, int]) -> None:
    """Casts to a precision and a scale round and refuse as one by one."""
    typmod = (of[0] << 16 | of[1]) + 4
    try:
        wanted = [apply_numeric_typmod(value, typmod) for value in values]
    except NumericValueOutOfRange as error:
        with pytest.raises(NumericValueOutOfRange, match=re.escape(str(error))):
            apply_numeric_typmod_vector(column(values), typmod)
        return
    same(apply_numeric_typmod_vector(column(values), typmod), wanted)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.none(), decimals(40)), min_size=1, max_size=10), COLUMNS)
def test_vectors(values: list[Decimal | None], more: list[Decimal]) -> None:
    """NULLs, rows taken, slices and columns one after another keep value and scale."""
    vector = column(values)
    same(vector, values)
    same(vector.take(np.array([0, -1, len(values) - 1]), True), [values[0], None, values[-1]])
    same(vector.slice(1, 3), values[1:3])
    same(concat([vector, column(more)]), [*values, *more])
    assert [vector.datum(row) for row in range(len(values))] == values


def test_blocks() -> None:
    """More rows than a block has, whose tiers differ, come out as one column."""
    n = 2 * numerics.BLOCK + 7
    values = np.arange(n, dtype=np.int64) - numerics.BLOCK
    found = numerics.divide(NumericVector(values, 2), ConstVector(column([Decimal(3)]), n))
    assert found.n == n
    for row in (0, 1, numerics.BLOCK, numerics.BLOCK + 1, n - 1):
        assert str(found.datum(row)) == str(divide_decimals(Decimal(int(values[row])).scaleb(-2), Decimal(3)))


def test_round_to_is_half_away_from_zero() -> None:
    """The rule that the others are compared with."""
    assert str(round_to(Decimal("-2.5"), 0)) == "-3"


def test_choosing() -> None:
    """CASE over a wide column and a narrow one keeps each value's scale."""
    wide, narrow = column([Decimal("1234567890123456789012.5"), Decimal("1.25")]), column([Decimal("7")])
    made = choose(3, [(np.array([0, 2]), wide), (np.array([1]), narrow)], NUMERIC)
    assert isinstance(made, NumericVector)
    same(made, [Decimal("1234567890123456789012.5"), Decimal("7"), Decimal("1.25")])
