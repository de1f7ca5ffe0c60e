"""Fields of many dates are looked up by day: the same as of each date."""

from __future__ import annotations

import numpy as np
import pytest

from auroraml.batch import ConstVector, FixedVector, TextVector, from_datums
from auroraml.functions.dates import fields
from auroraml.types import julian
from auroraml.types.table import BY_NAME


@pytest.mark.parametrize("unit", sorted(fields._DATE))
@pytest.mark.parametrize("infinite", [False, True])
def test_by_day(unit: str, infinite: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Around the year 1, in years of the present, and with infinities among them, which no table holds."""
    draw = np.random.default_rng(3)
    one = from_datums(BY_NAME["text"], [unit])
    assert isinstance(one, TextVector)
    for middle in (-719_162, 10_957):
        days = (draw.integers(-800, 800, 5_000) + middle).astype(np.int32)
        if infinite:
            days[[3, 70]] = julian.DATE_MIN, julian.DATE_MAX
        column = FixedVector(days)
        units = ConstVector(one, column.n)
        quick = fields.extract_date(units, column).datums()
        with monkeypatch.context() as patched:
            patched.setattr(fields, "MANY", 1 << 40)
            assert quick == fields.extract_date(units, column).datums()
