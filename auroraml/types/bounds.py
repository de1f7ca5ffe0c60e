"""Bounds of ranges as arrays that compare: infinite or not, the value, and just inside or outside of it (rangetypes.c: range_cmp_bounds)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from auroraml.batch import (
    EMPTY_RANGE,
    LOWER_INC,
    LOWER_INF,
    UPPER_INC,
    UPPER_INF,
    ConstVector,
    FixedVector,
    Mask,
    NumericVector,
    RangeVector,
    Vector,
    at_one_scale,
)
from auroraml.records import dataclass
from auroraml.types.numeric import CONTEXT
from auroraml.types.pg_type import Range


class OrderedDecimal:
    """A decimal with PostgreSQL's order: NaN equals NaN and is above everything."""

    __slots__ = ("key",)

    def __init__(self, value: Decimal) -> None:
        self.key = (1, Decimal(0)) if value.is_nan() else (0, value)

    def __lt__(self, other: OrderedDecimal) -> bool:
        return self.key < other.key

    def __gt__(self, other: OrderedDecimal) -> bool:
        return self.key > other.key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OrderedDecimal) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """One bound of each range; arrays of length 1 for a constant. `side` is -1 or 1 where the bound is infinite, else 0.

    `shift` is 1 for a lower bound that its value is not in, -1 for such an upper bound, 0 where the value is in.
    """

    side: np.ndarray
    value: np.ndarray
    shift: np.ndarray

    def below(self, other: Bounds) -> Mask:
        """Where this bound comes before the other."""
        nearer = (self.value < other.value) | ((self.value == other.value) & (self.shift < other.shift))
        return (self.side < other.side) | ((self.side == other.side) & (self.side == 0) & nearer.astype(np.bool_, copy=False))  # type: ignore[no-any-return] # numpy gives Any

    def same(self, other: Bounds) -> Mask:
        """Where the bounds are equal."""
        near = (self.value == other.value) & (self.shift == other.shift)
        return (self.side == other.side) & ((self.side != 0) | near.astype(np.bool_, copy=False))  # type: ignore[no-any-return] # numpy gives Any


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Ranges as comparable arrays: which are empty, and both bounds."""

    empty: Mask
    lower: Bounds
    upper: Bounds


def values_of(vectors: Sequence[Vector]) -> list[np.ndarray]:
    """Arrays that compare with one another: the integers behind fixed-width values, numerics at one scale or as ordered decimals."""
    flats = [(v.one if isinstance(v, ConstVector) else v).flat() for v in vectors]
    numerics = [v for v in flats if isinstance(v, NumericVector)]
    if not numerics:
        return [v.values for v in flats if isinstance(v, FixedVector)]
    found = at_one_scale(numerics)
    return _compared(numerics) if found is None else found[1]


def _compared(numerics: Sequence[NumericVector]) -> list[np.ndarray]:
    """Numerics that int64 does not hold at one scale: whole numbers where they are finite. The widest numeric tier is per value by nature."""
    decimals = [v.as_objects().values for v in numerics]
    wide: list[np.ndarray] = [np.empty(len(values), object) for values in decimals]
    if all(d.is_finite() for values in decimals for d in values):
        scale = max((-d.as_tuple().exponent for values in decimals for d in values), default=0)
        for out, values in zip(wide, decimals, strict=True):
            out[:] = [int(d.scaleb(scale, CONTEXT)) for d in values]
        return _narrowed(wide)
    for out, values in zip(wide, decimals, strict=True):
        out[:] = [OrderedDecimal(d) for d in values]
    return wide


def _narrowed(wide: list[np.ndarray]) -> list[np.ndarray]:
    """Python integers as int64, if that holds them all."""
    if all(-(2**63) <= value < 2**63 for values in wide for value in values):
        return [values.astype(np.int64) for values in wide]
    return wide


def range_of(vector: Vector) -> RangeVector:
    """The ranges of a vector; one for a constant."""
    flat = (vector.one if isinstance(vector, ConstVector) else vector).flat()
    assert isinstance(flat, RangeVector)
    return flat


def bounds_of(flags: np.ndarray, value: np.ndarray, lower: bool) -> Bounds:
    """The lower or upper bounds of ranges with these flags."""
    infinite, inside, side = (LOWER_INF, LOWER_INC, -1) if lower else (UPPER_INF, UPPER_INC, 1)
    return Bounds(
        side=np.where(flags & infinite, np.int8(side), np.int8(0)),
        value=value,
        shift=np.where(flags & (inside | infinite), np.int8(0), np.int8(-side)),
    )


def ends_of(*vectors: Vector) -> list[Ends]:
    """The ranges of several vectors, all comparable with one another."""
    ranges = [range_of(v) for v in vectors]
    values = values_of([bound for r in ranges for bound in (r.lower, r.upper)])
    return [
        Ends(empty=(r.flags & EMPTY_RANGE) != 0, lower=bounds_of(r.flags, values[2 * i], True), upper=bounds_of(r.flags, values[2 * i + 1], False))
        for i, r in enumerate(ranges)
    ]


KEY = np.dtype([
    ("filled", np.uint8), ("lower_side", np.uint8), ("lower", ">u8"), ("lower_shift", np.uint8),
    ("upper_side", np.uint8), ("upper", ">u8"), ("upper_shift", np.uint8),
])  # fmt: skip


def range_keys(vector: RangeVector) -> np.ndarray | None:
    """Strings of bytes that order, and equal one another, as the ranges do; None for subtypes whose values have no fixed width."""
    if not isinstance(vector.lower.flat(), FixedVector):
        return None
    (ends,) = ends_of(vector)
    keys = np.zeros(vector.n, KEY)
    keys["filled"] = ~ends.empty
    for name, bound in (("lower", ends.lower), ("upper", ends.upper)):
        there = ~ends.empty
        keys[name + "_side"] = np.where(there, bound.side + 1, 0)
        keys[name] = np.where(there & (bound.side == 0), bound.value.astype(np.int64).view(np.uint64) ^ np.uint64(1 << 63), 0)
        keys[name + "_shift"] = np.where(there, bound.shift + 1, 0)
    return keys.view(f"S{KEY.itemsize}")


def range_bytes(vector: RangeVector) -> pa.Array | None:
    """The same as an Arrow array."""
    keys = range_keys(vector)
    if keys is None:
        return None
    offsets = np.arange(vector.n + 1, dtype=np.int64) * KEY.itemsize
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), vector.n, [None, pa.py_buffer(offsets), pa.py_buffer(keys)])


def range_order(vector: RangeVector) -> list[Any]:
    """Python values that order as the ranges do, also those of other vectors."""
    found = range_bytes(vector)
    if found is not None:
        return found.to_pylist()  # type: ignore[no-any-return] # pyarrow gives Any
    return [(0,) if value is None or value.empty else _order(value) for value in map(_range, vector.datums())]  # decimals compare one by one


def _range(value: object) -> Range | None:
    return value if isinstance(value, Range) else None


def _order(value: Range) -> tuple[object, ...]:
    lower = (-1,) if value.lower is None else (0, _decimal(value.lower), not value.lower_inc)
    upper = (1,) if value.upper is None else (0, _decimal(value.upper), value.upper_inc)
    return 1, lower, upper


def _decimal(bound: object) -> object:
    return OrderedDecimal(bound) if isinstance(bound, Decimal) else bound


def places(values: np.ndarray) -> np.ndarray:
    """Integers that order as the values do."""
    if values.dtype != object:
        return values
    distinct = sorted(set(values.tolist()))  # the widest numeric tier is per value by nature
    place = {value: i for i, value in enumerate(distinct)}
    return np.fromiter((place[value] for value in values), np.int64, len(values))


def range_ranks(vector: Vector) -> np.ndarray:
    """Integers from 0 that order, and equal one another, as the ranges do: the empty one first, then by lower bound, then by upper (range_cmp)."""
    (ends,) = ends_of(vector)
    n = len(ends.empty)
    keys: list[np.ndarray] = [~ends.empty]
    for bound in (ends.lower, ends.upper):
        finite = bound.side == 0
        keys += [bound.side, np.where(finite, places(bound.value), 0), bound.shift]
    order = np.lexsort(keys[::-1])
    new = np.zeros(n, np.bool_)
    for key in keys:
        ordered = key[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    ranks = np.empty(n, np.int64)
    ranks[order] = np.cumsum(new)
    return ranks
