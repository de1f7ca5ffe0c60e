"""Which values are among many others: a look-up table for whole numbers that lie close, a hash table for the rest."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa

from auroraml.batch import FixedVector, ManyScales, Mask, NumericVector, TextVector, Vector, layout_of, stored
from auroraml.lazy import compute as pc
from auroraml.types.numeric import CONTEXT

TABLE = 1 << 22  # numbers of a span up to which a table has an entry for each
MANY = 1_024  # texts from which on it is asked whether they are short and as long as each other
_EVEN: dict[int, type[np.unsignedinteger]] = {1: np.uint8, 2: np.uint16}


def members(values: Vector, items: Vector, trim: bool) -> Mask | None:
    """For each value whether it equals one of `items` (not NULL; whatever NULL values have there is for the caller); None where a hash does not tell.

    Texts are compared without trailing blanks where `trim` says so.
    """
    values, items = values.flat(), items.flat()
    if isinstance(values, TextVector) and isinstance(items, TextVector):
        return _of_texts(values.values, items.values, trim)
    if isinstance(values, NumericVector):
        at_most = values.at_most() if isinstance(values, ManyScales) else values
        wanted = None if at_most.scale is None else _scaled(items, at_most.scale)
        return None if wanted is None else _of_numbers(stored(at_most), wanted)
    if isinstance(values, FixedVector) and isinstance(items, FixedVector) and {values.values.dtype.kind, items.values.dtype.kind} == {"i"}:
        return _of_numbers(stored(values), items.values.astype(np.int64))
    return None


def _of_texts(values: pa.Array, items: pa.Array, trim: bool) -> Mask:
    if trim:
        values, items = pc.utf8_rtrim(values, " "), pc.utf8_rtrim(items, " ")
    numbers = _even(values) if len(values) >= MANY else None
    if numbers is not None:
        size = numbers.itemsize
        alike = [item for item in (one.as_buffer().to_pybytes() for one in items) if len(item) == size]  # a constant list, not rows
        return _of_numbers(numbers, np.frombuffer(b"".join(alike), numbers.dtype))
    return pc.is_in(values, value_set=items).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return] # Arrow gives Any


def _even(texts: pa.Array) -> np.ndarray | None:
    """Texts that are all of one or of two bytes as numbers; None where they are not."""
    offsets, data = layout_of(texts)
    size = len(data) // len(texts)
    if size not in _EVEN or not (offsets[1:] - offsets[:-1] == size).all():
        return None
    return data.view(_EVEN[size])


def _scaled(items: Vector, scale: int) -> np.ndarray | None:
    """Those numerics that have no more than `scale` decimals, as whole numbers."""
    found = []
    for item in items.datums():  # a constant list, not rows
        assert isinstance(item, Decimal)
        exact = item.scaleb(scale, CONTEXT)
        if exact.is_finite() and exact == exact.to_integral_value(context=CONTEXT) and abs(exact) < 2**63:
            found.append(int(exact))
    return np.array(found, np.int64)


def _of_numbers(values: np.ndarray, items: np.ndarray) -> Mask:
    bounds = np.iinfo(values.dtype)
    items = items[(items >= bounds.min) & (items <= bounds.max)]
    if not len(items):
        return np.zeros(len(values), np.bool_)
    low, high = int(items.min()), int(items.max())
    if high - low >= TABLE:
        wanted = pa.array(items.astype(values.dtype))
        return pc.is_in(pa.array(values), value_set=wanted).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return] # Arrow gives Any
    table = np.zeros(high - low + 1, np.bool_)
    table[items - low] = True
    found: Mask = table.take(np.subtract(values, low, dtype=np.int64), mode="clip")
    if bounds.min < low:
        found &= values >= low
    if high < bounds.max:
        found &= values <= high
    return found
