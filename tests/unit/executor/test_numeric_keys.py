"""Numeric keys of differing scales: one, several in a column, Decimals beyond 64 bits; equal ones meet whatever they look like."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import numpy as np
import pytest

from auroraml.batch import ManyScales, NumericVector, from_datums
from auroraml.executor.matching import Matcher
from auroraml.types.table import NUMERIC


def many(*values: str) -> ManyScales:
    decimals = [Decimal(value) for value in values]
    scales = np.array([-int(d.as_tuple().exponent) for d in decimals], np.int16)
    most = int(scales.max())
    return ManyScales(np.array([int(d.scaleb(most)) for d in decimals], np.int64), most, scales)


def one(*values: str) -> NumericVector:
    found = from_datums(NUMERIC, [Decimal(value) for value in values])
    assert isinstance(found, NumericVector)
    return found


SIDES = [
    one("1", "2", "-3"), one("1.00", "2.00", "2.50"), many("1.0", "2.00", "2.5", "-3"), one("1.0", "2.00", "12345678901234567890123"),
    one("1.000000000000000000", "2.000000000000000000"), one("9000000000000000000", "2", "1"), one("0.0000000000000000000000001", "2.0", "1"),
]  # fmt: skip


@pytest.mark.parametrize(("build", "probe"), list(product(SIDES, SIDES)))
def test_equal_numerics_meet(build: NumericVector, probe: NumericVector) -> None:
    matcher = Matcher([build], [NUMERIC], build.n)
    left, right = matcher.pairs([probe], probe.n)
    found = sorted(zip(left.tolist(), right.tolist(), strict=True))
    assert found == [(i, j) for i, a in enumerate(probe.datums()) for j, b in enumerate(build.datums()) if a == b]
