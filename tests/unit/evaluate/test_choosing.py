"""Rows of several vectors in one: the same values as row by row, whatever the tiers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest

from auroraml.batch import ConstVector, DictVector, FixedVector, ManyScales, NumericVector, Vector, concat, from_datums
from auroraml.evaluate.choosing import choose
from auroraml.evaluate.keys import codes_of
from auroraml.functions.aggregates.basic import numeric_sums
from auroraml.types.table import BY_NAME

NUMERIC, TEXT, INT4 = BY_NAME["numeric"], BY_NAME["text"], BY_NAME["int4"]
D = Decimal
CASES: list[tuple[str, Sequence[Sequence[object]]]] = [
    ("numeric", [[D("1.5"), D("2.25")], [D(0)], [None]]),
    ("numeric", [[D("1.50"), None, D("-2.25")], [D("3.10")], [None]]),
    ("numeric", [[D(2**62), D("-5")], [D("0.0001")]]),
    ("numeric", [[D("NaN")], [D("0.1")], [D("Infinity")]]),
    ("numeric", [[D("0.1"), D("0.0001")], [D("7")], [D("-0.25"), None]]),
    ("int4", [[1, -5, None], [7], [2**31 - 1]]),
    ("text", [["a"], ["b"], ["a"], [None]]),
    ("text", [["a", "b"], ["c"]]),
]


def _shown(values: Sequence[object]) -> list[str]:
    return [str(value) for value in values]


@pytest.mark.parametrize("number", range(len(CASES)))
@pytest.mark.parametrize("whole", [False, True])
def test_rows_of_parts(number: int, whole: bool) -> None:
    """Constants for many rows, columns, NULLs, and rows of no part."""
    name, datums = CASES[number]
    type = BY_NAME[name]
    parts: list[tuple[np.ndarray, Vector]] = []
    wanted: list[object] = [None] * 40
    order = np.random.default_rng(number).permutation(40)
    step = 40 // len(datums)
    for i, part in enumerate(datums):
        rows = order[i * step :] if whole and i == len(datums) - 1 else order[i * step : i * step + max(len(part), 3)]
        one = from_datums(type, list(part))
        vector = ConstVector(one, len(rows)) if len(part) == 1 else one.take(np.arange(len(rows)) % len(part))
        parts.append((rows, vector))
        for row, datum in zip(rows.tolist(), vector.datums(), strict=True):
            wanted[row] = datum
    found = choose(40, parts, type)
    assert _shown(found.datums()) == _shown(wanted)
    if found.lo is not None and isinstance(found.flat(), FixedVector):
        assert found.hi is not None
        assert all(value is None or found.lo <= int(str(value)) <= found.hi for value in wanted)


def test_nothing_chosen_is_null() -> None:
    """No rows in any part."""
    assert choose(3, [(np.zeros(0, np.int64), from_datums(INT4, []))], INT4).datums() == [None] * 3


def test_constant_texts_make_a_dictionary() -> None:
    """Equal constants are one entry."""
    one, other = from_datums(TEXT, ["x"]), from_datums(TEXT, ["y"])
    rows = np.arange(9).reshape(3, 3)
    found = choose(9, [(rows[0], ConstVector(one, 3)), (rows[1], ConstVector(other, 3)), (rows[2], ConstVector(one, 3))], TEXT)
    assert isinstance(found, DictVector)
    assert found.dictionary.datums() == ["x", "y"]


def _many(values: Sequence[str | None]) -> ManyScales:
    vector = concat([from_datums(NUMERIC, [None if value is None else D(value)]) for value in values])
    assert isinstance(vector, ManyScales)
    return vector


def test_many_scales_moves_as_objects_do() -> None:
    """Gathered, cut, joined and compared as what it stands for."""
    values = ["1.50", "0", "-2.125", None, "1.5", "300"]
    vector = _many(values)
    objects = vector.as_objects()
    index = np.array([4, 0, 3, 3, 2])
    assert _shown(vector.datums()) == _shown([None if v is None else D(v) for v in values])
    assert _shown(vector.take(index).datums()) == _shown(objects.take(index).datums())
    assert _shown(vector.take(np.array([-1, 1]), True).datums()) == ["None", "0"]
    assert _shown(vector.slice(1, 5).datums()) == _shown(objects.slice(1, 5).datums())
    assert _shown(concat([vector, from_datums(NUMERIC, [D("7.7")])]).datums()) == [*_shown(vector.datums()), "7.7"]
    codes, _ = codes_of(vector, NUMERIC)
    assert codes[0] == codes[4] != codes[1]


def test_sums_have_the_largest_scale_of_their_group() -> None:
    """Of one group, of several whose scales differ, beyond int64, and of none."""
    vector = _many(["1.50", "0", "-2.125", "1.5", "300"]).with_validity(None)
    for codes, groups in (([0, 0, 0, 0, 0], 1), ([0, 1, 0, 2, 1], 4)):
        group = np.array(codes)
        quick = numeric_sums(vector, group, groups)
        assert _shown(quick.datums()) == _shown(numeric_sums(vector.as_objects(), group, groups).datums())
    big = ManyScales(np.full(4, 2**62), 2, np.array([2, 2, 2, 0], np.int16))
    big.whole[3] = 500
    codes = [0, 0, 0, 1]
    assert _shown(numeric_sums(big, np.array(codes), 2).datums()) == ["138350580552821637.12", "5"]


def test_nulls_alone_have_no_scale() -> None:
    """A vector of NULLs makes no scales differ."""
    vector = concat([from_datums(NUMERIC, [D("1.25")]), from_datums(NUMERIC, [None])])
    assert isinstance(vector, NumericVector)
    assert (vector.scale, vector.datums()) == (2, [D(125).scaleb(-2), None])
