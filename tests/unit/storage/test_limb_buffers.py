"""Numeric columns of many scales and of wide values: what was stored comes back, whatever came first."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from auroraml.batch import ManyScales, NumericVector, WideNumeric, from_datums
from auroraml.storage.columns import NumericColumn
from auroraml.types.table import NUMERIC

VALUES = st.one_of(
    st.none(),
    st.builds(lambda n, s: Decimal(n).scaleb(-s), st.integers(-(10**6), 10**6), st.integers(0, 6)),
    st.builds(lambda n, s: Decimal((n < 0, tuple(map(int, str(abs(n)))), -s)), st.integers(-(10**30), 10**30), st.integers(0, 20)),
    st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal((0, (1,), -80)), Decimal(10) ** 20 + Decimal(0)]),
)


def stored(batches: Sequence[Sequence[Decimal | None]]) -> NumericColumn:
    """A column to which batches were appended."""
    column = NumericColumn()
    for batch in batches:
        column.append(from_datums(NUMERIC, batch))
        assert column.vector.n  # what waits is put in its place
    return column


@settings(deadline=None, max_examples=80)
@given(st.lists(st.lists(VALUES, min_size=1, max_size=20), min_size=1, max_size=6))
def test_values_come_back(batches: list[list[Decimal | None]]) -> None:
    """Values and scales of all batches, NULLs, NaN and values that limbs do not hold among them."""
    assert list(map(str, stored(batches).vector.datums())) == [str(value) for batch in batches for value in batch]


def test_tiers() -> None:
    """One scale, many scales, wide values and objects are kept as such; what was read before stays as it was."""
    column = stored([[Decimal("1.25")] * 20])
    first = column.vector
    assert isinstance(first, NumericVector)
    assert first.scale == 2
    column.append(from_datums(NUMERIC, [Decimal("0.5")] * 20))
    second = column.vector
    assert isinstance(second, ManyScales)
    column.append(from_datums(NUMERIC, [Decimal("-12345678901234567890.123")] * 20))
    third = column.vector
    assert isinstance(third, WideNumeric)
    column.append(from_datums(NUMERIC, [Decimal("NaN")] * 20))
    assert np.array_equal([str(value) for value in column.vector.datums()[:40:20]], ["1.25", "0.5"])
    assert second.datums() == [Decimal("1.25")] * 20 + [Decimal("0.5")] * 20
    assert str(third.datum(40)) == "-12345678901234567890.123"
