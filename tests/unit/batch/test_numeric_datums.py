"""All values of a numeric vector as Python objects are what each is by itself, whatever the caller's decimal context."""

from __future__ import annotations

from decimal import localcontext

import numpy as np
import pytest

from auroraml.batch import ManyScales, NumericVector, at_one_scale

WHOLE = np.array([0, 1, -1, 100, -2050, 2**63 - 1, -(2**63), 10**18, 7], np.int64)
SOME = np.array([True, False, True, True, True, True, True, False, True])


@pytest.mark.parametrize("validity", [None, SOME])
@pytest.mark.parametrize("scale", [0, 1, 2, 18, 40])
def test_whole_numbers_at_one_scale(scale: int, validity: np.ndarray | None) -> None:
    for vector in (NumericVector(WHOLE, scale, validity), NumericVector(WHOLE, scale, validity).as_objects()):
        wanted = [vector.datum(row) for row in range(vector.n)]
        with localcontext(prec=3):
            assert repr(vector.datums()) == repr(wanted)
    assert NumericVector(WHOLE[:0], scale).datums() == []


def test_a_scale_for_each() -> None:
    vector = ManyScales(np.array([100, 250, 0, 7]), 2, np.array([0, 1, 2, 2], np.int16), SOME[:4])
    assert repr(vector.datums()) == repr([vector.datum(row) for row in range(4)])
    assert repr(vector.datums()) == "[Decimal('1'), None, Decimal('0.00'), Decimal('0.07')]"


def test_zeros_have_every_scale() -> None:
    found = at_one_scale([NumericVector(np.zeros(3, np.int64), 0), NumericVector(np.array([5]), 30)])
    assert found is not None
    assert found[0] == 30 and [v.tolist() for v in found[1]] == [[0, 0, 0], [5]]
    assert at_one_scale([NumericVector(np.ones(3, np.int64), 0), NumericVector(np.array([5]), 30)]) is None
