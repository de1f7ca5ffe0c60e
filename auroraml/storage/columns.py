"""Columns that grow: one source over the whole table, its buffers doubled when they are full; older readers keep buffer and length."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from auroraml.batch import (
    ConstVector,
    Datum,
    DictVector,
    FixedVector,
    Mask,
    NumericVector,
    TextVector,
    Vector,
    Zones,
    concat,
    fixed,
    from_datums,
    numeric,
    stored,
    width,
)
from auroraml.lazy import compute as pc
from auroraml.storage.buffer import Buffer as Buffer
from auroraml.storage.limb_buffers import LimbBuffers
from auroraml.types.pg_type import PgType, Rep

TRY_DICTIONARY = 4_096  # rows from which a text column is looked at: does a dictionary pay?
SAMPLE = 8_192
INT8, CODE = np.dtype(np.int64), np.dtype(np.int32)
FEW, MOST_WAITING = 8, 256  # rows appended at once that wait, and how many such batches do
MOST_LOOSE = 1_024  # values appended one by one that wait


class Column(ABC):
    """One stored column; `vector` is all of it. Few rows wait to be put into the buffers until somebody reads, or many wait."""

    def __init__(self) -> None:
        self.n = 0  # values in the buffers
        self.valid: Buffer | None = None
        self._vector: Vector | None = None
        self._waiting: list[Vector] = []
        self._loose: list[Datum | None] = []  # single values that wait, behind those
        self._make: Callable[[Sequence[Datum | None]], Vector] | None = None
        self._lock = threading.Lock()  # who reads first puts what waits in its place

    @abstractmethod
    def _add(self, vector: Vector) -> None:
        """Append values."""

    @abstractmethod
    def _read(self) -> Vector:
        """All values."""

    def append(self, vector: Vector) -> None:
        """Append the values of a vector, NULLs included."""
        if not vector.n:
            return
        with self._lock:
            if self._loose:
                self._gather()
            if vector.n <= FEW and len(self._waiting) < MOST_WAITING:
                self._waiting.append(vector)
            else:
                self._settle()
                self._put(vector)
            self._vector = None

    def add(self, value: Datum | None) -> None:
        """Append one value."""
        with self._lock:
            self._loose.append(value)
            self._vector = None
            if len(self._loose) >= MOST_LOOSE:
                self._settle()

    def _gather(self) -> None:
        """Make a vector of the single values that wait."""
        assert self._make is not None
        loose, self._loose = self._loose, []
        self._waiting.append(self._make(loose))

    def _settle(self) -> None:
        """Put what waits into the buffers."""
        if self._loose:
            self._gather()
        if self._waiting:
            self._put(concat(self._waiting))
            self._waiting = []

    def _put(self, vector: Vector) -> None:
        if vector.validity is not None and self.valid is None and not vector.validity.all():
            self.valid = Buffer(np.bool_)
            self.valid.extend(np.ones(self.n, np.bool_))
        self._add(vector)
        if self.valid is not None:
            self.valid.extend(vector.valid)
        self.n += vector.n

    @property
    def validity(self) -> np.ndarray | None:
        """Where values in the buffers are not NULL; None while there is no NULL."""
        return None if self.valid is None else self.valid.view

    @property
    def vector(self) -> Vector:
        """The whole column."""
        found = self._vector
        if found is None:
            with self._lock:
                self._settle()
                found = self._vector = self._read()
        return found


def column_of(type: PgType, element: PgType | None) -> Column:
    """An empty column for values of a type."""
    made = _column(type, from_datums(type, [], element))
    made._make = lambda values: from_datums(type, values, element)
    return made


def _column(type: PgType, empty: Vector) -> Column:
    if type.rep is Rep.NUMERIC:
        return NumericColumn()
    if isinstance(empty, FixedVector):
        return FixedColumn(empty)
    if isinstance(empty, TextVector):
        return TextColumn(empty.values.type)
    return PartsColumn(empty)


class FixedColumn(Column):
    """Fixed-width values; of whole numbers the bounds too, and no more bytes than those need."""

    def __init__(self, empty: FixedVector) -> None:
        super().__init__()
        self.dtype = empty.values.dtype
        self.bounded = self.dtype.kind in "iu"
        self.values = Buffer(np.int8 if self.bounded else self.dtype)
        self.lo: int | None = None
        self.hi: int | None = None
        self.zones = Zones()

    def _add(self, vector: Vector) -> None:
        flat = vector.flat()
        assert isinstance(flat, FixedVector)
        values = stored(flat)
        if self.bounded:
            self.lo, self.hi = widened(self.lo, self.hi, values)
            self.values.widen(width(self.lo, self.hi, self.dtype))
        self.values.extend(values)

    def _read(self) -> Vector:
        made = fixed(self.values.view, self.dtype, self.validity, self.lo, self.hi)
        if self.bounded:
            made.zones = self.zones
        return made


def widened(lo: int | None, hi: int | None, values: np.ndarray) -> tuple[int, int]:
    """Bounds that hold for `values` too (the zeros under NULLs count)."""
    low, high = int(values.min()), int(values.max())
    return (low if lo is None else min(lo, low)), (high if hi is None else max(hi, high))


class NumericColumn(Column):
    """numeric: int64 of one scale as long as that holds all values, from then on limbs, and Decimal objects from the first NaN on."""

    def __init__(self) -> None:
        super().__init__()
        self.scale: int | None = None
        self.whole: Buffer | None = None
        self.limbs: LimbBuffers | None = None
        self.objects: Buffer | None = None
        self.lo: int | None = None
        self.hi: int | None = None
        self.zones = Zones()

    def _add(self, vector: Vector) -> None:
        flat = vector.flat()
        assert isinstance(flat, NumericVector)
        plain = self.objects is None and self.limbs is None
        if flat.validity is not None and not flat.validity.any():
            flat = NumericVector(np.zeros(flat.n, np.int64), self.scale if plain and self.scale is not None else 0, flat.validity)
        if plain and flat.scale is not None and (self.whole is None or flat.scale == self.scale or not self._values_known()):
            if self.whole is None or flat.scale != self.scale:
                self.whole, self.scale = self.whole or Buffer(np.int8), flat.scale
            values = stored(flat)
            self.lo, self.hi = widened(self.lo, self.hi, values)
            self.whole.widen(width(self.lo, self.hi, INT8))
            self.whole.extend(values)
            return
        if plain:
            self.limbs = LimbBuffers()
            before = NumericVector(np.zeros(0, np.int64) if self.whole is None else self.whole.view.astype(np.int64), self.scale or 0)
            self.whole = None
            if not self.limbs.extend(before):
                self.limbs, self.objects = None, Buffer(object)
                self.objects.extend(before.as_objects().values)
        if self.limbs is not None and not self.limbs.extend(flat):
            self.objects = Buffer(object)
            self.objects.extend(self.limbs.vector(None).as_objects().values)
            self.limbs = None
        if self.objects is not None:
            self.objects.extend(flat.as_objects().values)

    def _values_known(self) -> bool:
        """Whether anything but NULL was stored."""
        return self.valid is None or bool(self.valid.view[: self.n].any())

    def _read(self) -> Vector:
        if self.objects is not None:
            return NumericVector(self.objects.view, None, self.validity)
        if self.limbs is not None:
            return self.limbs.vector(self.validity)
        values = np.zeros(0, np.int64) if self.whole is None else self.whole.view
        made = numeric(values, self.scale or 0, self.validity, self.lo, self.hi)
        made.zones = self.zones
        return made


class TextColumn(Column):
    """Text or bytes: offsets and data in buffers of their own, or codes into a dictionary while few values repeat."""

    def __init__(self, type: pa.DataType) -> None:
        super().__init__()
        self.type = type
        self.offsets = Buffer(np.int64)
        self.offsets.extend(np.zeros(1, np.int64))
        self.data = Buffer(np.uint8)
        self.codes: Buffer | None = None
        self.dictionary: TextVector | None = None
        self.undecided = type == pa.large_string()

    def _add(self, vector: Vector) -> None:
        if self.undecided and self.n + vector.n >= TRY_DICTIONARY:
            self.undecided = False
            self._consider(vector)
        if self.codes is not None:
            self._encode(vector)
        else:
            flat = vector.flat()
            assert isinstance(flat, TextVector)
            self._append_text(flat.values)

    def _append_text(self, array: pa.Array) -> None:
        _, offset_buffer, data_buffer = array.buffers()
        offsets = np.frombuffer(offset_buffer, np.int64, len(array) + 1, array.offset * 8)
        start, stop = int(offsets[0]), int(offsets[-1])
        if stop > start:
            used = self.data.n
            self.data.extend(np.frombuffer(data_buffer, np.uint8, stop - start, start))
            self.offsets.extend(offsets[1:] - start + used)
        else:
            self.offsets.extend(np.full(len(array), self.data.n, np.int64))

    def _plain(self) -> pa.Array:
        data = pa.py_buffer(self.data.view if self.data.n else np.zeros(1, np.uint8))
        return pa.Array.from_buffers(self.type, self.offsets.n - 1, [None, pa.py_buffer(self.offsets.view), data])

    def _consider(self, vector: Vector) -> None:
        """Turn to a dictionary where a sample has few distinct values."""
        if isinstance(vector, DictVector) or (isinstance(vector, ConstVector) and not self.n):
            few = True
        else:
            sample = self._plain() if self.n >= TRY_DICTIONARY else vector.slice(0, SAMPLE).flat().values  # type: ignore[attr-defined] # a TextVector
            sample = sample.slice(0, SAMPLE)
            few = pc.count_distinct(sample).as_py() * 16 <= len(sample)
        if few:
            before = self._plain()
            self.codes, self.dictionary = Buffer(np.int8), TextVector(pa.array([], self.type))
            self.offsets, self.data = Buffer(np.int64), Buffer(np.uint8)
            if len(before):
                self._encode(TextVector(before))

    def _encode(self, vector: Vector) -> None:
        assert self.codes is not None and self.dictionary is not None
        if isinstance(vector, DictVector):
            if vector.dictionary is self.dictionary:
                self.codes.extend(vector.codes)
                return
            values, places = vector.dictionary.values, vector.codes
        else:
            encoded = pc.dictionary_encode(vector.flat().values)  # type: ignore[attr-defined] # a TextVector
            values, places = encoded.dictionary, encoded.indices.to_numpy(zero_copy_only=False)
        known = self.dictionary.values
        if vector.validity is not None:
            values, places = _without_null(values, places, vector.validity)
        found = pc.index_in(values, value_set=known)
        if found.null_count:
            known = pa.concat_arrays([known, values.filter(pc.is_null(found))])
            if len(known) > max(1_024, (self.n + vector.n) // 8):
                self._decode()
                self._append_text(vector.flat().values)  # type: ignore[attr-defined] # a TextVector
                return
            self.dictionary = TextVector(known)
            found = pc.index_in(values, value_set=known)
        self.codes.widen(width(0, self.dictionary.n, CODE))
        codes = found.to_numpy(zero_copy_only=False).astype(np.int32)
        self.codes.extend(codes[places] if len(codes) else np.zeros(vector.n, np.int32))

    def _decode(self) -> None:
        """Too many values for a dictionary: back to text."""
        assert self.codes is not None and self.dictionary is not None
        whole = self.dictionary.values.take(pa.array(self.codes.view))
        self.codes = self.dictionary = None
        self.offsets, self.data = Buffer(np.int64), Buffer(np.uint8)
        self.offsets.extend(np.zeros(1, np.int64))
        if len(whole):
            self._append_text(whole)

    def _read(self) -> Vector:
        if self.codes is not None and self.dictionary is not None:
            return DictVector(self.codes.view, self.dictionary, self.validity)
        return TextVector(self._plain(), self.validity)


def _without_null(values: pa.Array, places: np.ndarray, valid: Mask) -> tuple[pa.Array, np.ndarray]:
    """A dictionary and its codes without what only stands for NULL, which may be no value of the type, unless there is nothing else."""
    if not valid.any():
        return values, places
    places = np.where(valid, places, places[valid.argmax()])
    used = np.flatnonzero(np.bincount(places, minlength=len(values)))
    new = np.zeros(len(values), np.int64)
    new[used] = np.arange(len(used))
    return values.take(pa.array(used)), new[places]


class PartsColumn(Column):
    """Arrays and composites: parts, joined when they are read."""

    def __init__(self, empty: Vector) -> None:
        super().__init__()
        self.parts: list[Vector] = []
        self.empty = empty

    def _add(self, vector: Vector) -> None:
        self.parts.append(vector.flat())

    def _read(self) -> Vector:
        if not self.parts:
            return self.empty
        if len(self.parts) > 1:
            self.parts = [concat(self.parts)]
        return self.parts[0]
