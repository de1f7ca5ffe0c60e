"""Whole numbers are kept in no more bytes than their bounds need, and are the same numbers."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from auroraml.batch import ConstVector, DictVector, NarrowFixed, NarrowNumeric, Vector, from_datums, stored, width
from auroraml.evaluate.keys import codes_of
from auroraml.functions.comparison import FLIPPED, against
from auroraml.functions.numerics import add, multiply, subtract
from auroraml.functions.signature import SCALARS, oid_of
from auroraml.storage.columns import column_of
from auroraml.types.numeric import CONTEXT, positive_zero
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_NAME

BORDERS = [0, 1, -1, 127, 128, -128, -129, 32_767, 32_768, -32_768, -32_769, 2**31 - 1]
WIDE = [*BORDERS, 2**31, -(2**31), -(2**31) - 1, 2**63 - 1, -(2**63)]


def _column(type: PgType, values: list[object]) -> Vector:
    column = column_of(type, None)
    for value in values:
        column.append(from_datums(type, [value]))
    return column.vector


@pytest.mark.parametrize(
    ("name", "values"), [("int4", BORDERS), ("int8", WIDE), ("date", BORDERS), ("int2", BORDERS[:-4]), ("int8", [5, None, 300, None])]
)
def test_values_come_back(name: str, values: list[int | None]) -> None:
    """Value by value, through every width on the way, gathered, cut and widened; a reader of before keeps what it has."""
    type = BY_NAME[name]
    for end in range(1, len(values) + 1):
        before = _column(type, list(values[:end]))
        assert before.datums() == values[:end]
        index = np.arange(end)[::-1]
        assert before.take(index).datums() == values[:end][::-1]
        assert before.take(np.array([-1, 0]), True).datums() == [None, values[0]]
        assert before.slice(0, end - 1).datums() == values[: end - 1]
        assert before.flat().values.dtype == from_datums(type, []).values.dtype  # type: ignore[attr-defined] # fixed vectors
        assert [before.datum(row) for row in range(end)] == values[:end]
    column = column_of(type, None)
    column.append(from_datums(type, [1]))
    first = column.vector
    column.append(from_datums(type, [values[-1] if values[-1] is not None else 300]))
    assert first.datums() == [1]


def test_narrow_as_far_as_bounds_allow() -> None:
    """The zero under a NULL counts, and a wide value widens for good."""
    kept = _column(BY_NAME["int8"], [100, None, 120])
    assert isinstance(kept, NarrowFixed)
    assert kept.narrow.dtype == np.int8
    assert _column(BY_NAME["int8"], [2**40, 1]).values.dtype == np.int64  # type: ignore[attr-defined]
    numeric = _column(BY_NAME["numeric"], [Decimal("327.67"), None])
    assert isinstance(numeric, NarrowNumeric)
    assert numeric.narrow.dtype == np.int16
    assert numeric.datums() == [Decimal("327.67"), None]
    assert _column(BY_NAME["numeric"], [Decimal("1.5"), Decimal("1.25"), Decimal("NaN")]).datums()[:2] == [Decimal("1.5"), Decimal("1.25")]
    assert width(-129, 0, np.dtype(np.int64)) == np.int16
    assert width(0, 2**40, np.dtype(np.int32)) == np.int32


def test_dictionaries_code_in_as_few_bytes() -> None:
    """More values than a byte counts, and then than two do."""
    text = BY_NAME["text"]
    column = column_of(text, None)
    wanted: list[object] = []
    for count, times in ((100, 60), (200, 60), (40_000, 9)):
        part = [str(i % count) for i in range(times * count)]
        wanted += part
        column.append(from_datums(text, part))
        found = column.vector
        assert isinstance(found, DictVector)
        assert found.codes.itemsize == {100: 1, 200: 2, 40_000: 4}[count]
        assert found.datums() == wanted
        codes, size = codes_of(found.slice(0, 300), text)
        assert len(np.unique(codes)) == len(set(wanted[:300]))
        assert int(codes.max()) < size


@pytest.mark.parametrize("name", sorted(FLIPPED))
def test_against_numbers_of_other_widths(name: str) -> None:
    """Also such that no value of the column's width can equal."""
    wide = SCALARS[oid_of(f"int8{name}(int8,int8)")].function
    for dtype in (np.int8, np.int16, np.int32, np.int64):
        bounds = np.iinfo(dtype)
        values = np.array([bounds.min, -1, 0, 5, bounds.max], dtype)
        for one in [*BORDERS, *WIDE]:
            wanted = [bool(getattr(int(v), f"__{name}__")(one)) for v in values]
            assert against(name, values, one).tolist() == wanted
            constant = np.array([one], np.int64)
            assert wide(values, constant).tolist() == wanted
            assert wide(constant, values).tolist() == [bool(getattr(one, f"__{name}__")(int(v))) for v in values]


@pytest.mark.parametrize("left", [["0.05", "1.27"], ["1.28", "-327.68"], ["21474836.47", "0.01"], ["92233720368547758.07", "-1.00"], [None, "3.00"]])
@pytest.mark.parametrize("right", [["1", "0"], ["-128", "127"], ["0.001", "0.999"], ["46341.5", "2.5"], ["3037000499.9999", "0.0001"]])
def test_arithmetic_of_narrow_numbers(left: list[str | None], right: list[str]) -> None:
    """Sums and products in as many bytes as they need, whatever their parts have."""
    numeric = BY_NAME["numeric"]
    x = [None if value is None else Decimal(value) for value in left]
    y = [Decimal(value) for value in right]
    a, b = _column(numeric, list(x)), _column(numeric, list(y))
    for compute, kernel in ((CONTEXT.add, add), (CONTEXT.subtract, subtract), (CONTEXT.multiply, multiply)):
        for other in (b, ConstVector(from_datums(numeric, [y[0]]), 2)):
            found = kernel(a, other)
            for row, (p, q) in enumerate(zip(x, other.datums(), strict=True)):
                assert isinstance(q, Decimal)
                if p is not None:
                    assert str(found.datum(row)) == str(positive_zero(compute(p, q)))
            if found.lo is not None and found.hi is not None:
                assert found.lo <= int(stored(found).min())  # type: ignore[arg-type] # numerics with bounds
                assert int(stored(found).max()) <= found.hi  # type: ignore[arg-type]
