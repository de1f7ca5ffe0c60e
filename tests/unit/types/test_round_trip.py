"""Values of every family survive their text form, Arrow, and the difference between one value and a vector of them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auroraml.batch import Datum, TextVector, from_datums
from auroraml.types import table
from auroraml.types.arrow import from_arrow, to_arrow
from auroraml.types.json import write_jsonb
from auroraml.types.pg_type import EMPTY, Interval, PgArray, PgType, Point, Range, Rep
from auroraml.types.python import from_python, to_python
from auroraml.types.text import TextStyle, datum_in, datum_out, text_in, text_out

NEW_YORK = TextStyle(time_zone="America/New_York")
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=3) | st.integers(-(10**30), 10**30).map(Decimal)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers().map(Decimal) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
micros = st.integers(-211_813_488_000_000_000, 9_223_371_331_199_999_999)


def ranges(bounds: st.SearchStrategy[Datum], discrete: bool) -> st.SearchStrategy[Datum]:
    """Ranges in canonical form: of discrete types from a bound to before another."""
    pairs = st.lists(bounds, min_size=2, max_size=2, unique=True).map(sorted)  # type: ignore[arg-type] # bounds compare
    inside = st.just((True, False)) if discrete else st.tuples(st.booleans(), st.booleans())
    finite = st.builds(lambda pair, ins: Range(pair[0], pair[1], *ins), pairs, inside)
    below = st.builds(lambda bound, ins: Range(None, bound, False, ins[1]), bounds, inside)
    above = st.builds(lambda bound, ins: Range(bound, None, ins[0], False), bounds, inside)
    return finite | below | above | st.sampled_from([EMPTY, Range(None, None, False, False)])


VALUES: dict[PgType, st.SearchStrategy[Datum]] = {
    table.BOOL: st.booleans(),
    table.INT2: st.integers(-(2**15), 2**15 - 1),
    table.INT4: st.integers(-(2**31), 2**31 - 1),
    table.INT8: st.integers(-(2**63), 2**63 - 1),
    table.OID: st.integers(0, 2**32 - 1),
    table.FLOAT4: st.floats(width=32, allow_nan=False),
    table.FLOAT8: st.floats(allow_nan=False),
    table.NUMERIC: decimals.map(lambda value: value if value else value.copy_abs()),
    table.TEXT: words,
    table.BYTEA: st.binary(max_size=8),
    table.UUID: st.binary(min_size=16, max_size=16),
    table.DATE: st.integers(-2_440_588, 2_145_042_540) | st.sampled_from([-(2**31), 2**31 - 1]),
    table.TIME: st.integers(0, 86_400_000_000),
    table.TIMESTAMP: micros | st.sampled_from([-(2**63), 2**63 - 1]),
    table.TIMESTAMPTZ: micros,
    table.INTERVAL: st.builds(Interval, st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1), st.integers(-(2**60), 2**60)),
    table.POINT: st.builds(Point, st.floats(allow_nan=False), st.floats(allow_nan=False)),
    table.JSONB: json_values.map(write_jsonb),
    table.array_of(table.TEXT): st.lists(st.none() | words, max_size=4).map(lambda items: PgArray.of(tuple(items))),
    table.BY_NAME["int4range"]: ranges(st.integers(-(2**31), 2**31 - 1), True),
    table.BY_NAME["numrange"]: ranges(decimals.map(lambda value: value if value else value.copy_abs()), False),
    table.BY_NAME["daterange"]: ranges(st.integers(-2_440_588, 2_145_042_540), True),
    table.BY_NAME["tstzrange"]: ranges(micros, False),
    table.array_of(table.INT4): st.just(PgArray((1, None, 3, 4), (2, 2), (0, 1))),
}
TYPES = pytest.mark.parametrize("type", list(VALUES), ids=lambda type: type.name)


@TYPES
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_text_reads_back(type: PgType, data: st.DataObject) -> None:
    """Input undoes output, for one value and for a vector, and both write the same text."""
    datums = data.draw(st.lists(st.none() | VALUES[type], max_size=5))
    vector = from_datums(type, datums)
    texts = text_out(type, vector, NEW_YORK)
    assert isinstance(texts, TextVector)
    assert texts.datums() == [None if d is None else datum_out(type, d, NEW_YORK) for d in datums]
    again = text_in(type, -1, texts, NEW_YORK)
    assert again.datums() == datums
    assert [None if t is None else datum_in(type, -1, str(t), NEW_YORK) for t in texts.datums()] == datums


ARROW = [t for t in VALUES if t.rep not in (Rep.NUMERIC, Rep.POINT, Rep.OID, Rep.RANGE) and t not in (table.JSONB, table.array_of(table.INT4))]


@pytest.mark.parametrize("type", ARROW, ids=lambda type: type.name)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_arrow_reads_back(type: PgType, data: st.DataObject) -> None:
    """Arrow arrays come back as the same type and values, within what Arrow's units can hold."""
    strategy = VALUES[type]
    if type.rep is Rep.TIMESTAMP:
        strategy = st.integers(-(2**62), 2**62) | st.sampled_from([-(2**63), 2**63 - 1])
    elif type.rep is Rep.TIME:
        strategy = st.integers(0, 86_399_999_999)
    elif type.rep is Rep.INTERVAL:
        strategy = st.builds(Interval, st.integers(-100, 100), st.integers(-100, 100), st.integers(-(2**40), 2**40))
    datums = data.draw(st.lists(st.none() | strategy, min_size=1, max_size=5))
    array = to_arrow(type, -1, from_datums(type, datums))
    array.validate(full=True)
    back, _, vector = from_arrow(array)
    assert (back, vector.datums()) == (type, datums)


def test_ranges_go_to_structs() -> None:
    """Arrow has the bounds, NULL where there is none, and what they say."""
    type = table.BY_NAME["daterange"]
    vector = text_in(type, -1, from_datums(table.TEXT, ["[2020-01-01,2020-01-05]", "empty", None, "(,2020-01-02)"]))
    array = to_arrow(type, -1, vector)
    array.validate(full=True)
    day = dt.date(2020, 1, 1)
    assert array.to_pylist() == [
        {"lower": day, "upper": day.replace(day=6), "lower_inc": True, "upper_inc": False, "empty": False},
        {"lower": None, "upper": None, "lower_inc": False, "upper_inc": False, "empty": True},
        None,
        {"lower": None, "upper": day.replace(day=2), "lower_inc": False, "upper_inc": False, "empty": False},
    ]


def test_numeric_goes_to_decimal128_by_its_typmod() -> None:
    """numeric(10,2) is decimal128(10,2) at the Arrow edge; unconstrained numeric keeps its scales as text."""
    typmod = (10 << 16 | 2) + 4
    vector = text_in(table.NUMERIC, typmod, from_datums(table.TEXT, ["1.5", None, "-0.005", "99999999.994"]))
    assert to_arrow(table.NUMERIC, typmod, vector).to_pylist() == [Decimal("1.50"), None, Decimal("-0.01"), Decimal("99999999.99")]
    loose = text_in(table.NUMERIC, -1, from_datums(table.TEXT, ["1.10", "2.5", "NaN"]))
    assert to_arrow(table.NUMERIC, -1, loose).to_pylist() == ["1.10", "2.5", "NaN"]


def test_python_values_come_back() -> None:
    """What from_python takes, to_python gives."""
    for value in (True, 7, 2**40, 2.5, Decimal("1.20"), b"x", [1, None, 2], [[1, 2], [3, 4]], {"a": [1, None]}):
        type, datum = from_python(value)
        assert to_python(type, from_datums(type, [datum, None])) == [value, None]
