"""Moments made for a whole vector are those made one by one, at the borders of Python's classes too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import pytest

from auroraml.batch import from_datums
from auroraml.types import table
from auroraml.types.form import DEFAULT_STYLE
from auroraml.types.julian import DAY
from auroraml.types.pg_type import Interval, PgType
from auroraml.types.python import _converter, to_python
from auroraml.types.python_moments import moments

FIRST, LAST = -730_119 * DAY, 2_921_940 * DAY - 1  # of timestamps that datetime holds
CASES: list[tuple[PgType, list[object | None]]] = [
    (table.TIMESTAMPTZ, [0, None, 1, -1, 700_000_000_123_456, FIRST + DAY, LAST - DAY]),
    (table.TIMESTAMP, [0, None, -1, FIRST, LAST]),
    (table.DATE, [0, None, -719_162, 2_932_896]),
    (table.TIME, [0, None, 1, DAY - 1]),
    (table.INTERVAL, [Interval(0, 0, 0), None, Interval(14, -3, 7), Interval(-14, 3, -7), Interval(-1, 0, 86_400_000_000), Interval(0, 9_999_999, 5)]),
]  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns", "<+03>-03"])
@pytest.mark.parametrize(("type", "datums"), CASES)
def test_a_whole_vector_is_made_as_one_by_one(type: PgType, datums: Sequence[object | None], zone: str) -> None:
    style = replace(DEFAULT_STYLE, time_zone=zone)
    vector = from_datums(type, datums)
    one = _converter(type, style)
    assert moments(type, vector, style) is not None
    found = to_python(type, vector, style)
    wanted = [None if datum is None else one(datum) for datum in datums]
    assert found == wanted
    assert [value.utcoffset() for value in found if isinstance(value, dt.datetime)] == [
        value.utcoffset() for value in wanted if isinstance(value, dt.datetime)
    ]


@pytest.mark.parametrize(
    ("type", "datum"),
    [
        (table.TIMESTAMPTZ, FIRST), (table.TIMESTAMPTZ, 2**63 - 1), (table.TIMESTAMP, LAST + 1), (table.DATE, -719_163), (table.TIME, DAY),
        (table.INTERVAL, Interval(0, 10_000_001, 0)), (table.INTERVAL, Interval(0, 0, 2**62)), (table.INTERVAL, Interval(-(2**31), 0, 0)),
    ],
)  # fmt: skip
def test_what_may_be_beyond_python_is_looked_at_one_by_one(type: PgType, datum: object) -> None:
    assert moments(type, from_datums(type, [datum]), DEFAULT_STYLE) is None
