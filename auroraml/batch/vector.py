"""Vectors: the values of one column, typed by representation, with validity, dictionary and bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.lazy import compute as pc
from auroraml.types.pg_type import EMPTY, Interval, PgArray, PgType, Point, Range, Rep

if TYPE_CHECKING:
    from auroraml.batch.zones import Zones


Mask: TypeAlias = npt.NDArray[np.bool_]
Index: TypeAlias = npt.NDArray[np.int64]
Datum: TypeAlias = object  # see Rep for what each representation's single value is

INTERVAL_DTYPE = np.dtype([("months", np.int32), ("days", np.int32), ("micros", np.int64)])
POINT_DTYPE = np.dtype([("x", np.float64), ("y", np.float64)])
DTYPES: dict[Rep, np.dtype] = {
    Rep.BOOL: np.dtype(np.bool_), Rep.INT2: np.dtype(np.int16), Rep.INT4: np.dtype(np.int32), Rep.INT8: np.dtype(np.int64),
    Rep.OID: np.dtype(np.int64), Rep.FLOAT4: np.dtype(np.float32), Rep.FLOAT8: np.dtype(np.float64), Rep.DATE: np.dtype(np.int32),
    Rep.TIME: np.dtype(np.int64), Rep.TIMESTAMP: np.dtype(np.int64), Rep.INTERVAL: INTERVAL_DTYPE, Rep.POINT: POINT_DTYPE, Rep.TID: np.dtype(np.int64),
}  # fmt: skip
PLAIN = frozenset(rep for rep, dtype in DTYPES.items() if dtype.names is None)  # whose datums numpy reads as they are

REPEATED, ENOUGH = 4, 1_024  # texts taken so often, and so many in all, are taken as codes


class Vector:
    """`n` values of one type. `validity` is None when no value is NULL; the value under a NULL is zero (or empty).

    Vectors are immutable once shared. `lo` and `hi` bound the integer values (scaled ones for numeric) when known.
    No ABC, as isinstance of one takes four times as long, and is asked for every vector of every batch.
    """

    __slots__ = ("hi", "lo", "n", "validity")

    def __init__(self, n: int, validity: Mask | None, lo: int | None = None, hi: int | None = None) -> None:
        self.n = n
        self.validity = validity
        self.lo = lo
        self.hi = hi

    def __len__(self) -> int:
        return self.n

    def take(self, index: Index, nullable: bool = False) -> Vector:
        """The values at `index`; with `nullable`, -1 gives NULL."""
        raise NotImplementedError

    def slice(self, start: int, stop: int) -> Vector:
        """The values from `start` to before `stop`, without a copy where the representation allows it."""
        raise NotImplementedError

    def datum(self, row: int) -> Datum | None:
        """The value at `row` as a Python object, None for NULL."""
        raise NotImplementedError

    def with_validity(self, validity: Mask | None) -> Vector:
        """The same values under another validity (the caller has zeroed, or will never read, what is NULL)."""
        raise NotImplementedError

    def filter(self, mask: Mask) -> Vector:
        """The values where `mask` is true."""
        return self.take(np.flatnonzero(mask))

    def flat(self) -> Vector:
        """The same values without a dictionary and not as a repeated constant."""
        return self

    @property
    def valid(self) -> Mask:
        """`validity` as an array, all true when it is None."""
        return np.ones(self.n, np.bool_) if self.validity is None else self.validity

    def datums(self) -> list[Datum | None]:
        """All values as Python objects (for edges and small inputs)."""
        return [self.datum(row) for row in range(self.n)]

    def _taken_validity(self, index: Index, nullable: bool) -> Mask | None:
        if nullable and index.size and index.min() < 0:
            known = index >= 0
            if self.n == 0:
                return known
            return known if self.validity is None else known & self.validity.take(index)
        return None if self.validity is None else self.validity.take(index)


class FixedVector(Vector):
    """Fixed-width values in a numpy array (see Rep for the dtype); a whole stored column of whole numbers has `zones`."""

    __slots__ = ("_values", "zones")

    zones: Zones

    def __init__(self, values: np.ndarray, validity: Mask | None = None, lo: int | None = None, hi: int | None = None) -> None:
        super().__init__(len(values), validity, lo, hi)
        self._values = values

    @property
    def values(self) -> np.ndarray:
        """The values."""
        return self._values

    def take(self, index: Index, nullable: bool = False) -> FixedVector:
        validity = self._taken_validity(index, nullable)
        if self.n == 0 and index.size:
            return FixedVector(np.zeros(len(index), self.values.dtype), np.zeros(len(index), np.bool_))
        values = self.values.take(index, mode="clip")
        if nullable and validity is not None:
            np.copyto(values, np.zeros((), values.dtype), where=index < 0)
        return FixedVector(values, validity, self.lo, self.hi)

    def slice(self, start: int, stop: int) -> FixedVector:
        return FixedVector(self.values[start:stop], None if self.validity is None else self.validity[start:stop], self.lo, self.hi)

    def with_validity(self, validity: Mask | None) -> FixedVector:
        return FixedVector(self.values, validity, self.lo, self.hi)

    def datum(self, row: int) -> Datum | None:
        if self.validity is not None and not self.validity[row]:
            return None
        value = self.values[row].item()
        if isinstance(value, tuple):
            return Interval(*value) if len(value) == 3 else Point(*value)
        return value  # type: ignore[no-any-return]

    def datums(self) -> list[Datum | None]:
        values = self.values
        if values.dtype.names is not None:
            return super().datums()
        found: list[Datum | None] = values.tolist()
        return found if self.validity is None else [value if ok else None for value, ok in zip(found, self.validity.tolist(), strict=True)]


class NumericVector(Vector):
    """numeric: int64 values of one `scale` (no NaN), or with `scale` None an object array of decimal.Decimal; `zones` as fixed ones."""

    __slots__ = ("_values", "scale", "zones")

    zones: Zones

    def __init__(self, values: np.ndarray, scale: int | None, validity: Mask | None = None, lo: int | None = None, hi: int | None = None) -> None:
        super().__init__(len(values), validity, lo, hi)
        self._values = values
        self.scale = scale

    @property
    def values(self) -> np.ndarray:
        """The values."""
        return self._values

    def take(self, index: Index, nullable: bool = False) -> NumericVector:
        validity = self._taken_validity(index, nullable)
        if self.n == 0 and index.size:
            return NumericVector(np.zeros(len(index), np.int64), 0, np.zeros(len(index), np.bool_))
        values = self.values.take(index, mode="clip")
        if nullable and validity is not None:
            values[index < 0] = 0 if self.scale is not None else Decimal(0)
        return NumericVector(values, self.scale, validity, self.lo, self.hi)

    def slice(self, start: int, stop: int) -> NumericVector:
        return NumericVector(self.values[start:stop], self.scale, None if self.validity is None else self.validity[start:stop], self.lo, self.hi)

    def with_validity(self, validity: Mask | None) -> NumericVector:
        return NumericVector(self.values, self.scale, validity, self.lo, self.hi)

    def datum(self, row: int) -> Datum | None:
        if self.validity is not None and not self.validity[row]:
            return None
        return self.values[row] if self.scale is None else Decimal(int(self.values[row])).scaleb(-self.scale)

    def datums(self) -> list[Datum | None]:
        if self.scale is None:
            found: list[Datum | None] = self.values.tolist()
        else:
            with localcontext(prec=20):  # those of int64
                whole = map(Decimal, self.values.tolist())
                found = list(map(Decimal(1).scaleb(-self.scale).__mul__, whole) if self.scale else whole)
        return found if self.validity is None else [value if ok else None for value, ok in zip(found, self.validity.tolist(), strict=True)]

    def as_objects(self) -> NumericVector:
        """The same values in the widest tier, decimal.Decimal objects."""
        if self.scale is None:
            return self
        values = np.empty(self.n, object)
        values[:] = list(map(Decimal, self.values.tolist()))
        if self.scale:
            with localcontext(prec=20):  # those of int64
                values = values * Decimal(1).scaleb(-self.scale)
        return NumericVector(values, None, self.validity)


class ManyScales(NumericVector):
    """numeric values each of a scale of its own: `whole` has them at `most`, the largest; objects are made only for who asks for `values`."""

    __slots__ = ("_objects", "most", "scales", "whole")

    def __init__(self, whole: Index, most: int, scales: npt.NDArray[np.int16], validity: Mask | None = None) -> None:
        Vector.__init__(self, len(whole), validity)
        self.scale = None
        self.whole = whole
        self.most = most
        self.scales = scales
        self._objects: np.ndarray | None = None

    @property
    def values(self) -> np.ndarray:
        """decimal.Decimal objects."""
        if self._objects is None:
            self._objects = np.empty(self.n, object)
            shown = self.whole // 10 ** (self.most - self.scales).astype(np.int64)
            self._objects[:] = [Decimal(value).scaleb(-scale) for value, scale in zip(shown.tolist(), self.scales.tolist(), strict=True)]
        return self._objects

    def at_most(self) -> NumericVector:
        """The same values, all at the largest scale."""
        return NumericVector(self.whole, self.most, self.validity)

    def take(self, index: Index, nullable: bool = False) -> NumericVector:
        found = self.at_most().take(index, nullable)
        if not self.n:
            return found
        return ManyScales(found.values, self.most, self.scales[index], found.validity)

    def slice(self, start: int, stop: int) -> NumericVector:
        validity = None if self.validity is None else self.validity[start:stop]
        return ManyScales(self.whole[start:stop], self.most, self.scales[start:stop], validity)

    def with_validity(self, validity: Mask | None) -> NumericVector:
        return ManyScales(self.whole, self.most, self.scales, validity)

    def datum(self, row: int) -> Datum | None:
        return self.slice(row, row + 1).values[0] if self.validity is None or self.validity[row] else None

    def as_objects(self) -> NumericVector:
        return NumericVector(self.values, None, self.validity)


def alike(vectors: Sequence[NumericVector]) -> Sequence[NumericVector]:
    """The vectors, NULLs alone at the scale of another."""
    if len({v.scale for v in vectors}) < 2:
        return vectors
    known = [v.validity is None or bool(v.validity.any()) for v in vectors]
    scale = next((v.scale for v, some in zip(vectors, known, strict=True) if some and v.scale is not None), 0)
    return [v if some else NumericVector(np.zeros(v.n, np.int64), scale, v.validity) for v, some in zip(vectors, known, strict=True)]


def at_one_scale(vectors: Sequence[NumericVector]) -> tuple[int, list[Index]] | None:
    """The largest scale of several vectors and all their values at it, as int64; None where that does not hold them."""
    if not all(isinstance(v, ManyScales) or v.scale is not None for v in vectors):
        return None
    plain = [v.at_most() if isinstance(v, ManyScales) else v for v in vectors]
    most = max(v.scale or 0 for v in plain)
    made = []
    for v in plain:
        factor = 10 ** (most - (v.scale or 0))
        if factor > 1 and v.n and max(int(v.values.max()), -int(v.values.min())) * factor >= 2**63:
            return None
        made.append(v.values * factor if factor > 1 and v.values.any() else v.values)  # zeros have every scale, however large the factor
    return most, made


def scales_of(vector: NumericVector) -> npt.NDArray[np.int16]:
    """The scale of each value of a vector of whole numbers."""
    return vector.scales if isinstance(vector, ManyScales) else np.full(vector.n, vector.scale, np.int16)


def offsets_of(texts: pa.Array) -> Index:
    """Where each text of a large_string array begins in its data, and where the last one ends."""
    return np.frombuffer(texts.buffers()[1], np.int64, len(texts) + 1, texts.offset * 8) if len(texts) else np.zeros(1, np.int64)


def layout_of(texts: pa.Array) -> tuple[Index, npt.NDArray[np.uint8]]:
    """The bytes of all texts of a large_string array, and where in them each begins and the last one ends."""
    offsets = offsets_of(texts)
    start, stop = int(offsets[0]), int(offsets[-1])
    data = np.frombuffer(texts.buffers()[2], np.uint8, stop - start, start) if stop > start else np.zeros(0, np.uint8)
    return offsets - start if start else offsets, data


class TextVector(Vector):
    """Text (pa.LargeStringArray) or bytes (pa.LargeBinaryArray); the array itself holds no NULLs, `validity` does."""

    __slots__ = ("_coded", "_values", "places")

    def __init__(self, values: pa.Array, validity: Mask | None = None) -> None:
        super().__init__(len(values), validity)
        self._values = values
        self._coded: DictVector | None = None
        self.places: tuple[bool, Index] | None = None  # of a dictionary: each value's place in their order, once somebody has sorted by it

    @property
    def values(self) -> pa.Array:
        """The texts."""
        return self._values

    def take(self, index: Index, nullable: bool = False) -> TextVector:
        validity = self._taken_validity(index, nullable)
        if self.n == 0 and index.size:
            empty = b"" if pa.types.is_large_binary(self.values.type) else ""
            return TextVector(pa.repeat(pa.scalar(empty, self.values.type), len(index)), np.zeros(len(index), np.bool_))
        if len(index) == 1:
            return TextVector(self.values.slice(max(int(index[0]), 0), 1), validity)
        values = self.values.take(pa.array(np.maximum(index, 0) if nullable else index))
        return TextVector(values, validity)

    def repeated(self, index: Index, nullable: bool = False) -> Vector:
        """`take`, as codes where each value is taken many times."""
        if self.n * REPEATED > len(index) or len(index) < ENOUGH or type(self) is not TextVector or not self.n:
            return self.take(index, nullable)
        if self._coded is None:
            encoded = pc.dictionary_encode(self.values)
            self._coded = DictVector(encoded.indices.to_numpy(zero_copy_only=False), TextVector(encoded.dictionary), self.validity)
        return self._coded.take(index, nullable)

    def slice(self, start: int, stop: int) -> TextVector:
        return TextVector(self.values.slice(start, stop - start), None if self.validity is None else self.validity[start:stop])

    def with_validity(self, validity: Mask | None) -> TextVector:
        return TextVector(self.values, validity)

    def datum(self, row: int) -> Datum | None:
        return None if self.validity is not None and not self.validity[row] else self.values[row].as_py()

    def datums(self) -> list[Datum | None]:
        values: list[Datum | None] = self.values.to_pylist()
        return values if self.validity is None else [v if ok else None for v, ok in zip(values, self.validity.tolist(), strict=True)]

    def to_arrow(self) -> pa.Array:
        """The Arrow array with NULLs in place."""
        if self.validity is None:
            return self.values
        return pc.if_else(pa.array(self.validity), self.values, pa.scalar(None, self.values.type))


class RenderedVector(TextVector):
    """Texts written from the values of `source` only when they are read; what reads them as `type` again takes the values instead.

    Only for types whose text form loses nothing. There are no NULLs in `source`; `validity` says what is NULL.
    """

    __slots__ = ("_texts", "render", "source", "type")

    def __init__(self, source: Vector, type: PgType, render: Callable[[Vector], pa.Array], validity: Mask | None = None) -> None:
        Vector.__init__(self, source.n, validity)
        self.places = None
        self.source = source
        self.type = type
        self.render = render
        self._texts: pa.Array | None = None

    @property
    def values(self) -> pa.Array:
        """The texts."""
        if self._texts is None:
            self._texts = self.render(self.source)
        return self._texts

    def slice(self, start: int, stop: int) -> TextVector:
        validity = None if self.validity is None else self.validity[start:stop]
        return RenderedVector(self.source.slice(start, stop), self.type, self.render, validity)

    def with_validity(self, validity: Mask | None) -> TextVector:
        return RenderedVector(self.source, self.type, self.render, validity)


class DictVector(Vector):
    """Text or bytes as `codes`, whole numbers of any width, into a `dictionary` of distinct values (a TextVector without NULLs)."""

    __slots__ = ("codes", "dictionary")

    def __init__(self, codes: npt.NDArray[np.integer], dictionary: TextVector, validity: Mask | None = None) -> None:
        super().__init__(len(codes), validity)
        self.codes = codes
        self.dictionary = dictionary

    def take(self, index: Index, nullable: bool = False) -> DictVector:
        validity = self._taken_validity(index, nullable)
        if self.n == 0 and index.size:
            return DictVector(np.zeros(len(index), np.int32), TextVector(pa.array([""], pa.large_string())), np.zeros(len(index), np.bool_))
        return DictVector(self.codes.take(index, mode="clip"), self.dictionary, validity)

    def slice(self, start: int, stop: int) -> DictVector:
        return DictVector(self.codes[start:stop], self.dictionary, None if self.validity is None else self.validity[start:stop])

    def with_validity(self, validity: Mask | None) -> DictVector:
        return DictVector(self.codes, self.dictionary, validity)

    def datum(self, row: int) -> Datum | None:
        return None if self.validity is not None and not self.validity[row] else self.dictionary.datum(int(self.codes[row]))

    def flat(self) -> TextVector:
        if self.dictionary.n == 0:
            return TextVector(pa.repeat(pa.scalar("", self.dictionary.values.type), self.n), np.zeros(self.n, np.bool_))
        return TextVector(self.dictionary.values.take(pa.array(self.codes)), self.validity)


class ListVector(Vector):
    """Arrays: row i holds child[offsets[i]:offsets[i+1]]; `shapes` (object array of (dims, lower) or None a row) only where not 1-D from 1."""

    __slots__ = ("child", "offsets", "shapes")

    def __init__(self, offsets: Index, child: Vector, validity: Mask | None = None, shapes: np.ndarray | None = None) -> None:
        super().__init__(len(offsets) - 1, validity)
        self.offsets = offsets
        self.child = child
        self.shapes = shapes

    def take(self, index: Index, nullable: bool = False) -> ListVector:
        validity = self._taken_validity(index, nullable)
        if self.n == 0 and index.size:
            return ListVector(np.zeros(len(index) + 1, np.int64), self.child, np.zeros(len(index), np.bool_))
        lengths = np.diff(self.offsets)[index]
        if nullable:
            lengths = np.where(index < 0, 0, lengths)
        offsets = np.zeros(len(index) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        starts = np.repeat(self.offsets[index] - offsets[:-1], lengths)
        child = self.child.take(starts + np.arange(offsets[-1]))
        return ListVector(offsets, child, validity, None if self.shapes is None else self.shapes[index])

    def slice(self, start: int, stop: int) -> ListVector:
        return ListVector(
            self.offsets[start : stop + 1], self.child, None if self.validity is None else self.validity[start:stop],
            None if self.shapes is None else self.shapes[start:stop],
        )  # fmt: skip

    def with_validity(self, validity: Mask | None) -> ListVector:
        return ListVector(self.offsets, self.child, validity, self.shapes)

    def datum(self, row: int) -> Datum | None:
        if self.validity is not None and not self.validity[row]:
            return None
        elements = tuple(self.child.datum(i) for i in range(int(self.offsets[row]), int(self.offsets[row + 1])))
        shape = None if self.shapes is None else self.shapes[row]
        return PgArray.of(elements) if shape is None else PgArray(elements, *shape)

    def datums(self) -> list[Datum | None]:
        if self.shapes is not None or not self.n:
            return super().datums()
        start = int(self.offsets[0])
        elements = self.child.slice(start, int(self.offsets[-1])).datums()
        ends = (self.offsets - start).tolist()
        found: list[Datum | None] = [PgArray.of(tuple(elements[low:high])) for low, high in pairwise(ends)]
        return found if self.validity is None else [value if ok else None for value, ok in zip(found, self.validity.tolist(), strict=True)]


class StructVector(Vector):
    """Composite values: one vector a field, and a validity of its own (a NULL row is not a row of NULLs)."""

    __slots__ = ("fields",)

    def __init__(self, fields: Sequence[Vector], n: int, validity: Mask | None = None) -> None:
        super().__init__(n, validity)
        self.fields = tuple(fields)

    def take(self, index: Index, nullable: bool = False) -> StructVector:
        return StructVector(
            [field.take(index, nullable) for field in self.fields],
            len(index),
            self._taken_validity(index, nullable) if self.n or not index.size else np.zeros(len(index), np.bool_),
        )

    def slice(self, start: int, stop: int) -> StructVector:
        return StructVector(
            [field.slice(start, stop) for field in self.fields], stop - start, None if self.validity is None else self.validity[start:stop]
        )

    def with_validity(self, validity: Mask | None) -> StructVector:
        return StructVector(self.fields, self.n, validity)

    def datum(self, row: int) -> Datum | None:
        return None if self.validity is not None and not self.validity[row] else tuple(field.datum(row) for field in self.fields)

    def datums(self) -> list[Datum | None]:
        found: list[Datum | None] = list(zip(*[field.datums() for field in self.fields], strict=True)) if self.fields else [()] * self.n
        return found if self.validity is None else [value if ok else None for value, ok in zip(found, self.validity.tolist(), strict=True)]


class RangeVector(Vector):
    """Ranges: both bounds, zero where there is none, and flags by the bits below. Rows that are NULL or empty have zero bounds and `EMPTY_RANGE`."""

    __slots__ = ("flags", "lower", "upper")

    def __init__(self, lower: Vector, upper: Vector, flags: npt.NDArray[np.uint8], validity: Mask | None = None) -> None:
        super().__init__(len(flags), validity)
        self.lower = lower
        self.upper = upper
        self.flags = flags

    def take(self, index: Index, nullable: bool = False) -> RangeVector:
        validity = self._taken_validity(index, nullable)
        if self.n == 0 and index.size:
            bounds = self.lower.take(index, True).with_validity(None)
            return RangeVector(bounds, bounds, np.full(len(index), EMPTY_RANGE, np.uint8), np.zeros(len(index), np.bool_))
        lower, upper = (bound.take(index, nullable).with_validity(None) for bound in (self.lower, self.upper))
        flags = self.flags[index]
        if nullable and validity is not None:
            flags[index < 0] = EMPTY_RANGE
        return RangeVector(lower, upper, flags, validity)

    def slice(self, start: int, stop: int) -> RangeVector:
        validity = None if self.validity is None else self.validity[start:stop]
        return RangeVector(self.lower.slice(start, stop), self.upper.slice(start, stop), self.flags[start:stop], validity)

    def with_validity(self, validity: Mask | None) -> RangeVector:
        return RangeVector(self.lower, self.upper, self.flags, validity)

    def datum(self, row: int) -> Datum | None:
        if self.validity is not None and not self.validity[row]:
            return None
        flags = int(self.flags[row])
        if flags & EMPTY_RANGE:
            return EMPTY
        lower = None if flags & LOWER_INF else self.lower.datum(row)
        upper = None if flags & UPPER_INF else self.upper.datum(row)
        return Range(lower, upper, bool(flags & LOWER_INC), bool(flags & UPPER_INC))


EMPTY_RANGE, LOWER_INC, UPPER_INC, LOWER_INF, UPPER_INF = 1, 2, 4, 8, 16  # the bits PostgreSQL keeps in a range's last byte


def range_flags(value: Range) -> int:
    """The flags of one range."""
    if value.empty:
        return EMPTY_RANGE
    lower = LOWER_INF if value.lower is None else LOWER_INC * value.lower_inc
    return lower | (UPPER_INF if value.upper is None else UPPER_INC * value.upper_inc)


class ConstVector(Vector):
    """One value repeated `n` times: `one` is a vector of length 1."""

    __slots__ = ("one",)

    def __init__(self, one: Vector, n: int) -> None:
        if isinstance(one, ConstVector):
            one = one.flat()
        super().__init__(n, None if one.validity is None else np.broadcast_to(one.validity, n), one.lo, one.hi)
        self.one: Vector = one.one if isinstance(one, ConstVector) else one

    def take(self, index: Index, nullable: bool = False) -> Vector:
        if nullable and index.size and index.min() < 0:
            return self.one.take(np.where(index < 0, -1, 0), True)
        return ConstVector(self.one, len(index))

    def slice(self, start: int, stop: int) -> ConstVector:
        return ConstVector(self.one, stop - start)

    def with_validity(self, validity: Mask | None) -> Vector:
        return self.flat().with_validity(validity)

    def datum(self, row: int) -> Datum | None:
        return self.one.datum(0)

    def flat(self) -> Vector:
        return self.one.take(np.zeros(self.n, np.int64))
