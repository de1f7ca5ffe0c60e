"""string_agg, array_agg: the values of a group put together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import ListVector, Vector, from_datums
from auroraml.errors import ArraySubscriptError, NullValueNotAllowed
from auroraml.functions.aggregates.basic import present
from auroraml.functions.signature import CallContext, Types, aggregate
from auroraml.types.pg_type import PgArray, PgType
from auroraml.types.table import BYTEA, TEXT

Args = Sequence[Vector]


@aggregate("string_agg(text,text)")
def string_agg(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """Texts joined; each value after the first is preceded by its own delimiter."""
    values, delimiters = args[0].datums(), args[1].datums()
    parts: list[list[str]] = [[] for _ in range(groups)]
    for code, value, delimiter in zip(codes.tolist(), values, delimiters, strict=True):  # strings of differing delimiters join one by one
        if value is not None:
            parts[code] += [str(delimiter or ""), str(value)] if parts[code] else ["", str(value)]
    return from_datums(TEXT, ["".join(part) if part else None for part in parts])


@aggregate("string_agg(bytea,bytea)")
def string_agg_bytes(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """Bytes joined."""
    parts: list[list[bytes]] = [[] for _ in range(groups)]
    for code, value, delimiter in zip(codes.tolist(), args[0].datums(), args[1].datums(), strict=True):  # of differing delimiters
        if isinstance(value, bytes):
            parts[code] += [delimiter if isinstance(delimiter, bytes) else b"", value] if parts[code] else [b"", value]
    return from_datums(BYTEA, [b"".join(part) if part else None for part in parts])


@aggregate("array_agg(anynonarray)")
def array_agg(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """An array of all values, NULLs included."""
    order = np.argsort(codes, kind="stable")
    offsets = np.zeros(groups + 1, np.int64)
    np.cumsum(np.bincount(codes, minlength=groups), out=offsets[1:])
    return ListVector(offsets, args[0].flat().take(order), present(codes, groups))


@aggregate("array_agg(anyarray)", context=True, typed=True)
def array_agg_arrays(ctx: CallContext, types: Types, args: Args, codes: np.ndarray, groups: int) -> Vector:
    """Arrays of one shape as an array of one dimension more."""
    return stacked(types.result, args[0], codes, groups, ctx.style.resolve(types.result.element))


def stacked(type: PgType, arrays: Vector, codes: np.ndarray, groups: int, element: PgType, empty: PgArray | None = None) -> Vector:
    """The arrays of each group as one array of a dimension more; `empty` where there are none."""
    parts: list[list[PgArray]] = [[] for _ in range(groups)]
    for code, value in zip(codes.tolist(), arrays.datums(), strict=True):  # arrays have shapes of their own
        if not isinstance(value, PgArray):
            raise NullValueNotAllowed("cannot accumulate null arrays")
        if parts[code] and parts[code][0].dims != value.dims:
            raise ArraySubscriptError("cannot accumulate arrays of different dimensionality")
        if not value.dims:
            raise ArraySubscriptError("cannot accumulate empty arrays")
        parts[code].append(value)
    whole = [
        PgArray(tuple(x for array in part for x in array.elements), (len(part), *part[0].dims), (1,) * (len(part[0].dims) + 1)) if part else empty
        for part in parts
    ]
    return from_datums(type, whole, element)
