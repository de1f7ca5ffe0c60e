"""Dates against one timestamp are compared as days: the same answers as midnight by midnight."""

from __future__ import annotations

import operator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from auroraml.batch import ConstVector, FixedVector
from auroraml.functions.signature import SCALARS, oid_of
from auroraml.types import julian

DAY = julian.DAY
DAYS = [julian.DATE_MIN, julian.FIRST_DAY, -1, 0, 10_956, 10_957, 10_958, julian.TIMESTAMP_END // DAY + 10_956, julian.TIMESTAMP_END // DAY + 10_957]
DAYS += [julian.DATE_END - 1, julian.DATE_MAX]
MOMENTS = [
    julian.TIMESTAMP_MIN, julian.TIMESTAMP_FIRST, -DAY - 1, -DAY, -1, 0, 1, DAY - 1, DAY, DAY + 1, julian.TIMESTAMP_END - DAY, julian.TIMESTAMP_END - 1,
    julian.TIMESTAMP_MAX,
]  # fmt: skip
ZONES = {"timestamp": ["UTC"], "timestamptz": ["UTC", "+05:30", "-8", "Europe/Berlin"]}


@pytest.mark.parametrize("type", ["timestamp", "timestamptz"])
@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_one_timestamp(type: str, name: str) -> None:
    """For every date and moment at a border, either way round, in every kind of zone."""
    column = FixedVector(np.array(DAYS, np.int32))
    for zone in ZONES[type]:
        ctx: Any = SimpleNamespace(style=SimpleNamespace(time_zone=zone))
        for moment in MOMENTS:
            one = ConstVector(FixedVector(np.array([moment])), len(DAYS))
            for signature, args in ((f"date_{name}_{type}(date,{type})", (column, one)), (f"{type}_{name}_date({type},date)", (one, column))):
                run = SCALARS[oid_of(signature)].function
                singly = run(ctx, *(arg.flat() for arg in args)).values
                assert run(ctx, *args).values.tolist() == singly.tolist(), (zone, moment, signature)
        assert (
            singly.tolist()
            == getattr(operator, name)(julian.TIMESTAMP_MAX, np.where(column.values == julian.DATE_MAX, julian.TIMESTAMP_MAX, 0)).tolist()
        )
