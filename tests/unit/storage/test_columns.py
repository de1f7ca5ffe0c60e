"""Columns that grow: appended in pieces, read whole, older readers undisturbed."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from auroraml.batch import ConstVector, DictVector, FixedVector, NumericVector, TextVector, from_datums, stored
from auroraml.storage.columns import FEW, MOST_WAITING, column_of
from auroraml.types.table import BY_NAME

INT4, TEXT, NUMERIC = BY_NAME["int4"], BY_NAME["text"], BY_NAME["numeric"]


def test_numbers_keep_nulls_and_bounds_and_older_vectors_stay() -> None:
    column = column_of(INT4, None)
    column.append(from_datums(INT4, [3, 1]))
    first = column.vector
    column.append(from_datums(INT4, [None, 9] * 20))
    second = column.vector
    assert first.datums() == [3, 1] and second.datums() == [3, 1] + [None, 9] * 20
    assert (second.lo, second.hi) == (0, 9)


def test_text_turns_to_a_dictionary_where_few_values_repeat_and_back_where_they_do_not() -> None:
    column = column_of(TEXT, None)
    few = [f"v{i % 5}" for i in range(5_000)]
    column.append(from_datums(TEXT, few))
    assert isinstance(column.vector, DictVector) and column.vector.datums() == few
    column.append(from_datums(TEXT, ["new", None]))
    assert isinstance(column.vector, DictVector) and column.vector.datums() == [*few, "new", None]
    many = [str(i) for i in range(9_000)]
    column.append(from_datums(TEXT, many))
    assert isinstance(column.vector, TextVector) and column.vector.datums() == [*few, "new", None, *many]


def test_text_is_appended_from_slices() -> None:
    column = column_of(TEXT, None)
    whole = TextVector(pa.array(["a", "bb", "", "déjà"], pa.large_string()))
    column.append(whole.slice(1, 4))
    column.append(whole.take(np.array([0, 3])))
    assert column.vector.datums() == ["bb", "", "déjà", "a", "déjà"]


def test_numeric_keeps_one_scale_as_integers_and_becomes_decimals_when_scales_differ() -> None:
    column = column_of(NUMERIC, None)
    column.append(from_datums(NUMERIC, [None, None]))
    column.append(from_datums(NUMERIC, [Decimal("1.50"), None]))
    assert isinstance(column.vector, NumericVector) and column.vector.scale == 2
    column.append(from_datums(NUMERIC, [Decimal("2.125"), Decimal("NaN")]))
    found = column.vector.datums()
    assert [str(v) for v in found] == ["None", "None", "1.50", "None", "2.125", "NaN"]


def test_a_column_is_read_without_a_copy() -> None:
    column = column_of(INT4, None)
    column.append(FixedVector(np.arange(100, dtype=np.int32)))
    vector = column.vector
    assert isinstance(vector, FixedVector) and stored(vector).base is not None


@pytest.mark.parametrize("count", [1, FEW, FEW + 1, MOST_WAITING + 3])
def test_rows_that_wait_are_read_in_their_order(count: int) -> None:
    column = column_of(TEXT, None)
    wanted: list[str | None] = []
    for number in range(count):
        values = [f"v{number}", None] if number % 3 == 0 else [f"w{number}"]
        column.append(from_datums(TEXT, values))
        wanted += values
        if number == 1:
            assert column.vector.datums() == wanted
    column.append(from_datums(TEXT, ["many"] * (FEW + 1)))
    column.append(ConstVector(from_datums(TEXT, ["last"]), 2))
    assert column.vector.datums() == [*wanted, *["many"] * (FEW + 1), "last", "last"]
    assert column.vector.n == len(column.vector.valid)
