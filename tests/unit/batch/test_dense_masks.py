"""Rows known by a mask that leaves out few: copied by the mask, they are what taking them by their places gives."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from auroraml.batch import (
    Batch,
    Column,
    ConstVector,
    DictVector,
    FixedVector,
    NarrowFixed,
    NarrowNumeric,
    NumericVector,
    Rows,
    Selection,
    TextVector,
    Vector,
    concat_batches,
)

N = 400
_VALID = np.arange(N) % 7 != 0
_WHOLE = np.arange(N) * 3 % 101
_TEXT = pa.array([f"text {i % 5}" for i in range(N)], pa.large_string())
SOURCES: dict[str, Vector] = {
    "fixed": FixedVector(_WHOLE, None, 0, 100),
    "null": FixedVector(np.where(_VALID, _WHOLE, 0), _VALID),
    "narrow": NarrowFixed(_WHOLE.astype(np.int8), np.dtype(np.int64), None, 0, 100),
    "numeric": NumericVector(_WHOLE, 2, _VALID),
    "narrow numeric": NarrowNumeric(_WHOLE.astype(np.int8), 2, None, 0, 100),
    "codes": DictVector(_WHOLE % 3, TextVector(pa.array(["a", "b", "c"], pa.large_string())), _VALID),
    "text": TextVector(_TEXT),
    "constant": ConstVector(FixedVector(np.array([5])), N),
}


def _mask(n: int, without: int) -> np.ndarray:
    mask = np.ones(n, np.bool_)
    mask[without :: n // 2] = False
    return mask


def _chosen(source: Vector, start: int, stop: int) -> tuple[Batch, list[int]]:
    """Some rows of a stretch, and their numbers."""
    mask = _mask(stop - start, 3)
    batch = Batch([Column(source, Rows.range(start, stop))], stop - start).chosen(Selection.by_mask(mask))
    return batch, [start + int(place) for place in mask.nonzero()[0]]


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_columns(source: Vector) -> None:
    """Of each representation: values, NULLs, bounds."""
    batch, places = _chosen(source, 100, 300)
    assert batch.columns[0].rows.dense
    found, taken = batch.vector(0), source.take(np.array(places))
    assert type(found) is type(taken)
    assert found.datums() == taken.datums()
    assert (found.lo, found.hi) == (taken.lo, taken.hi)


@pytest.mark.parametrize("second", [200, 210])
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_batches_put_together(source: Vector, second: int) -> None:
    """One stretch right behind the other keeps its mask, others do not."""
    (first, places), (then, others) = _chosen(source, 0, 200), _chosen(source, second, N)
    batch = concat_batches([first, then])
    assert batch.columns[0].rows.dense == (second == 200)
    assert batch.vector(0).datums() == source.take(np.array(places + others)).datums()
    assert batch.slice(150, 250).vector(0).datums() == source.take(np.array((places + others)[150:250])).datums()


def test_rows_of_an_index() -> None:
    """Rows that lie anywhere are left out by the mask as well."""
    index = np.arange(N)[::-1].copy()
    batch = Batch([Column(SOURCES["fixed"], Rows.at(index))], N).chosen(Selection.by_mask(_mask(N, 5)))
    assert batch.vector(0).datums() == SOURCES["fixed"].take(index[_mask(N, 5)]).datums()
