"""Values of a whole vector become the same Python objects as one by one."""

from __future__ import annotations

import datetime as dt
import pickle
import uuid

import numpy as np
import pyarrow as pa
import pytest

from auroraml.batch import FixedVector, NumericVector, TextVector, Vector, from_datums
from auroraml.types import python, table
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgType
from auroraml.types.text import datum_in

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin", "Pacific/Apia", "America/Juneau", "Africa/Casablanca", "Asia/Manila", "+05:30",
    "Pacific/Kwajalein", "America/Caracas",
)  # fmt: skip
HOUR = 3_600_000_000


def one_by_one(type: PgType, vector: Vector, style: TextStyle) -> list[object]:
    convert = python._converter(type, style)
    return [None if d is None else convert(d) for d in vector.datums()]


@pytest.mark.parametrize("zone", ZONES)
def test_instants_of_a_zone(zone: str) -> None:
    style = TextStyle(time_zone=zone)
    day = 24 * HOUR
    random = np.random.default_rng(4).integers(-300 * 365 * day, 100 * 365 * day, 2_000)
    quarters = np.arange(0, 366 * day, HOUR // 4) + 8_401 * day  # 2023
    leap = np.array([-(155 * 365 + 38) * day + i * HOUR for i in range(-60, 60)])  # the end of 1844, when Manila left out a day
    purchase = np.array([-(132 * 365 + 32 + 45) * day + i * HOUR for i in range(-1_500, 1_500)])  # late 1867, when Alaska had one twice
    values = np.concatenate([random, quarters, leap, purchase, [0, -1, 1]])
    vector = FixedVector(values)
    whole = python.to_python(table.TIMESTAMPTZ, vector, style)
    single = one_by_one(table.TIMESTAMPTZ, vector, style)
    assert whole == single
    assert [python.to_python(table.TIMESTAMPTZ, vector.slice(row, row + 3), style) for row in range(0, 90, 3)] == [
        single[row : row + 3] for row in range(0, 90, 3)
    ]
    for a, b in zip(whole, single, strict=True):
        assert isinstance(a, dt.datetime) and isinstance(b, dt.datetime)
        assert (a.fold, a.replace(tzinfo=None), a.tzinfo, a.utcoffset()) == (b.fold, b.replace(tzinfo=None), b.tzinfo, b.utcoffset())


def test_numerics_of_one_scale() -> None:
    few = np.array([0, 1, -1, 150, -150, 10**18, -(2**63) + 1, 2**63 - 1])
    for values in (few, np.concatenate([few, np.arange(-300, 300)])):
        check_numerics(values)


def check_numerics(values: np.ndarray) -> None:
    for scale in (0, 1, 2, 10, 18):
        for validity in (None, np.arange(len(values)) % 3 > 0):
            vector = NumericVector(values, scale, validity)
            assert [repr(v) for v in python.to_python(table.NUMERIC, vector)] == [repr(v) for v in one_by_one(table.NUMERIC, vector, TextStyle())]
    assert python.to_python(table.NUMERIC, NumericVector(values[:0], 2)) == []


def test_uuids() -> None:
    values = [bytes(range(16)), bytes(16), b"\xff" * 16]
    made = python.to_python(table.UUID, TextVector(pa.array(values, pa.large_binary())))
    assert made == [uuid.UUID(bytes=value) for value in values]
    for value in made:
        assert isinstance(value, uuid.UUID)
        again = pickle.loads(pickle.dumps(value))
        assert (str(again), hash(again), again.is_safe) == (str(value), hash(value), uuid.SafeUUID.unknown)
    with_null = from_datums(table.UUID, [values[0], None, values[2]])
    assert python.to_python(table.UUID, with_null) == [made[0], None, made[2]]
    assert python.to_python(table.UUID, from_datums(table.UUID, [])) == []


def test_times_with_a_zone() -> None:
    values: list[str | None] = ["10:00:00+02", "00:00:00.000001-15:59:59", "23:59:59.5+00"]
    vector = from_datums(table.TIMETZ, list(values))
    assert python.to_python(table.TIMETZ, vector) == one_by_one(table.TIMETZ, vector, TextStyle())
    assert python.to_python(table.TIMETZ, from_datums(table.TIMETZ, [values[0], None])) == [
        dt.time(10, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        None,
    ]


def test_one_value() -> None:
    names = {
        table.INT4: "5",
        table.NUMERIC: "1.50",
        table.TEXT: "x",
        table.FLOAT4: "0.1",
        table.BOOL: "t",
        table.DATE: "2020-02-29",
        table.JSONB: "[1]",
    }
    for type, text in names.items():
        for value in (datum_in(type, -1, text, TextStyle()), None):
            vector = from_datums(type, [value])
            assert [repr(python.one_to_python(type, vector))] == [repr(v) for v in python.to_python(type, vector)]
