"""Narrow vectors: whole numbers in fewer bytes than their type has, widened for whoever asks for `values`."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from auroraml.batch.vector import Datum, DictVector, FixedVector, Index, Mask, NumericVector, Vector

_WIDTHS = tuple((dtype, int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)) for dtype in (np.int8, np.int16, np.int32))


def width(lo: int, hi: int, widest: np.dtype) -> np.dtype:
    """The narrowest whole numbers that hold `lo` to `hi`; `widest` holds them for sure."""
    for dtype, least, most in _WIDTHS:
        if least <= lo and hi <= most:
            return np.dtype(dtype) if np.dtype(dtype).itemsize < widest.itemsize else widest
    return widest


class NarrowFixed(FixedVector):
    """Fixed-width whole numbers of `dtype`, of which `narrow` has fewer bytes each."""

    __slots__ = ("_wide", "dtype", "narrow")

    def __init__(self, narrow: np.ndarray, dtype: np.dtype, validity: Mask | None, lo: int | None, hi: int | None) -> None:
        Vector.__init__(self, len(narrow), validity, lo, hi)
        self.narrow = narrow
        self.dtype = dtype
        self._wide: np.ndarray | None = None

    @property
    def values(self) -> np.ndarray:
        """The values at their type's width."""
        if self._wide is None:
            self._wide = self.narrow.astype(self.dtype)
        return self._wide

    def take(self, index: Index, nullable: bool = False) -> FixedVector:
        if not self.n:
            return super().take(index, nullable)
        narrow, validity = _taken(self, self.narrow, index, nullable)
        return NarrowFixed(narrow, self.dtype, validity, self.lo, self.hi)

    def slice(self, start: int, stop: int) -> FixedVector:
        validity = None if self.validity is None else self.validity[start:stop]
        return NarrowFixed(self.narrow[start:stop], self.dtype, validity, self.lo, self.hi)

    def with_validity(self, validity: Mask | None) -> FixedVector:
        return NarrowFixed(self.narrow, self.dtype, validity, self.lo, self.hi)

    def datum(self, row: int) -> Datum | None:
        return None if self.validity is not None and not self.validity[row] else self.narrow[row].item()


class NarrowNumeric(NumericVector):
    """numeric of one scale, whose scaled whole numbers have fewer bytes than int64."""

    __slots__ = ("_wide", "narrow")

    def __init__(self, narrow: np.ndarray, scale: int, validity: Mask | None, lo: int | None, hi: int | None) -> None:
        Vector.__init__(self, len(narrow), validity, lo, hi)
        self.narrow = narrow
        self.scale = scale
        self._wide: np.ndarray | None = None

    @property
    def values(self) -> np.ndarray:
        """The values as int64."""
        if self._wide is None:
            self._wide = self.narrow.astype(np.int64)
        return self._wide

    def take(self, index: Index, nullable: bool = False) -> NumericVector:
        if not self.n:
            return super().take(index, nullable)
        narrow, validity = _taken(self, self.narrow, index, nullable)
        return NarrowNumeric(narrow, self.scale or 0, validity, self.lo, self.hi)

    def slice(self, start: int, stop: int) -> NumericVector:
        validity = None if self.validity is None else self.validity[start:stop]
        return NarrowNumeric(self.narrow[start:stop], self.scale or 0, validity, self.lo, self.hi)

    def with_validity(self, validity: Mask | None) -> NumericVector:
        return NarrowNumeric(self.narrow, self.scale or 0, validity, self.lo, self.hi)

    def datum(self, row: int) -> Datum | None:
        return None if self.validity is not None and not self.validity[row] else Decimal(int(self.narrow[row])).scaleb(-(self.scale or 0))


def _taken(vector: Vector, values: np.ndarray, index: Index, nullable: bool) -> tuple[np.ndarray, Mask | None]:
    validity = vector._taken_validity(index, nullable)
    found = values.take(index, mode="clip")
    if nullable and validity is not None:
        found[index < 0] = 0
    return found, validity


def masked(vector: Vector, start: int, mask: Mask) -> Vector | None:
    """The values from `start` on that a mask keeps, for one that keeps most; None where a vector has more than values of fixed width."""
    if type(vector) not in (FixedVector, NumericVector, NarrowFixed, NarrowNumeric, DictVector):
        return None
    validity = None if vector.validity is None else vector.validity[start : start + len(mask)][mask]
    if isinstance(vector, DictVector):
        return DictVector(vector.codes[start : start + len(mask)][mask], vector.dictionary, validity)
    assert isinstance(vector, FixedVector | NumericVector)
    kept = stored(vector)[start : start + len(mask)][mask]
    if isinstance(vector, FixedVector):
        return fixed(kept, vector.dtype if isinstance(vector, NarrowFixed) else kept.dtype, validity, vector.lo, vector.hi)
    return NumericVector(kept, None, validity) if vector.scale is None else numeric(kept, vector.scale, validity, vector.lo, vector.hi)


def stored(vector: FixedVector | NumericVector) -> np.ndarray:
    """The values as they are kept: for what works at any width, and takes care of overflow itself."""
    return vector.narrow if isinstance(vector, NarrowFixed | NarrowNumeric) else vector.values


def fixed(values: np.ndarray, dtype: np.dtype, validity: Mask | None, lo: int | None, hi: int | None) -> FixedVector:
    """A vector of a type that `dtype` is for, from values of that width or narrower."""
    return FixedVector(values, validity, lo, hi) if values.dtype == dtype else NarrowFixed(values, dtype, validity, lo, hi)


def numeric(values: np.ndarray, scale: int, validity: Mask | None, lo: int | None, hi: int | None) -> NumericVector:
    """A numeric vector from scaled whole numbers of any width."""
    return NumericVector(values, scale, validity, lo, hi) if values.dtype == np.int64 else NarrowNumeric(values, scale, validity, lo, hi)
