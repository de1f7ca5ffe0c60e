"""Values that variables hold while a function runs: one-row vectors, and rows of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auroraml.batch import StructVector, Vector, from_datums
from auroraml.evaluate.call import null
from auroraml.planner.binder.literals import record_of
from auroraml.types.pg_type import PgType

YES, NO = np.ones(1, np.bool_), np.zeros(1, np.bool_)


class Shape:
    """The fields of a row: two are the same shape only when they are the same object, so that what was compiled for one fits."""

    __slots__ = ("names", "places", "type", "types", "typmods")

    def __init__(self, names: Sequence[str], types: Sequence[PgType], typmods: Sequence[int], type: PgType | None = None) -> None:
        self.names = tuple(names)
        self.types = tuple(types)
        self.typmods = tuple(typmods)
        self.places = {name: i for i, name in reversed(list(enumerate(names)))}
        self.type = type if type is not None else record_of(list(zip(names, types, typmods, strict=True)))

    def same(self, other: Shape) -> bool:
        """Whether values of one are values of the other, name for name."""
        return self.names == other.names and [t.oid for t in self.types] == [t.oid for t in other.types] and self.typmods == other.typmods


class Row:
    """A row's value: `missing` where there is none (every field reads as NULL)."""

    __slots__ = ("_vectors", "missing", "shape")

    def __init__(self, shape: Shape, vectors: Sequence[Vector | None], *, missing: bool = False) -> None:
        self.shape = shape
        self._vectors = list(vectors)
        self.missing = missing

    @staticmethod
    def empty(shape: Shape) -> Row:
        """No row at all."""
        return Row(shape, [None] * len(shape.types), missing=True)

    def get(self, place: int) -> Vector:
        """The value of a field."""
        found = self._vectors[place]
        if found is None:
            found = self._vectors[place] = self.read(place)
        return found

    def read(self, place: int) -> Vector:
        """The value of a field that nobody has asked for."""
        return null(self.shape.types[place])

    def put(self, place: int, value: Vector) -> None:
        """Assign to a field."""
        self._vectors[place] = value
        self.missing = False

    def whole(self) -> Vector:
        """The row as one value."""
        fields = [self.get(place) for place in range(len(self.shape.types))]
        return StructVector(fields, 1, NO if self.missing else None)

    def copy(self) -> Row:
        """A row of its own with the same values."""
        return Row(self.shape, [self.get(place) for place in range(len(self.shape.types))], missing=self.missing)


Value = Vector | Row


def misfit(given: Shape, wanted: Shape, shown: Callable[[PgType], str]) -> str | None:
    """Why a row of one shape is none of another, by position (convert_tuples_by_position)."""
    for i, (type, expected) in enumerate(zip(given.types, wanted.types, strict=False), 1):
        if type.oid != expected.oid:
            return f"Returned type {shown(type)} does not match expected type {shown(expected)} in column {i}."
    if len(given.types) != len(wanted.types):
        return f"Number of returned columns ({len(given.types)}) does not match expected column count ({len(wanted.types)})."
    return None


def row_of(shape: Shape, value: Vector) -> Row:
    """A composite value as a row."""
    flat = value.flat()
    assert isinstance(flat, StructVector)
    if not bool(flat.valid[0]):
        return Row.empty(shape)
    return Row(shape, [field.flat() for field in flat.fields])


def text_value(type: PgType, text: str | None) -> Vector:
    """A value of one row made of its datum."""
    return from_datums(type, [text])


def is_null(value: Vector) -> bool:
    """Whether a one-row value is NULL."""
    return value.validity is not None and not bool(value.valid[0])
