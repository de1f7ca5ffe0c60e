"""Ordered-set aggregates: percentile_cont, percentile_disc, mode; rows come sorted by the aggregated value."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from auroraml.batch import FixedVector, Index, TextVector, Vector, from_datums
from auroraml.batch.vector import PLAIN
from auroraml.errors import NumericValueOutOfRange
from auroraml.functions.aggregates.basic import valid_rows
from auroraml.functions.ordering import same
from auroraml.functions.signature import CallContext, Types, aggregate
from auroraml.lazy import compute as pc
from auroraml.types.pg_type import Interval, PgArray, PgType
from auroraml.types.table import FLOAT8, INTERVAL

Args = Sequence[Vector]
_BYTEWISE = frozenset(("text", "varchar", "name", "bytea"))  # types whose equal values are equal bytes


def _groups(vector: Vector, codes: np.ndarray, groups: int) -> tuple[Vector, list[Index]]:
    """The sorted values without NULLs, and the rows of each group in order."""
    values, codes = valid_rows(vector, codes, groups)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=groups))
    return values, np.split(order, ends[:-1])


def _checked(share: object) -> float:
    value = float(str(share))
    if math.isnan(value) or not 0 <= value <= 1:
        raise NumericValueOutOfRange(f"percentile value {value:g} is not between 0 and 1")
    return value


def _float_between(low: object, high: object, share: float) -> object:
    a, b = float(str(low)), float(str(high))
    return a + share * (b - a)


def _interval_between(low: object, high: object, share: float) -> object:
    assert isinstance(low, Interval)
    assert isinstance(high, Interval)
    months, days, micros = ((b - a) * share for a, b in zip(low, high, strict=True))
    whole_months, whole_days = int(months), int(days)
    spare = round((months - whole_months) * 30, 6)
    seconds = round((days - whole_days + spare - int(spare)) * 86_400, 6)
    return Interval(low.months + whole_months, low.days + whole_days + int(spare), low.micros + round(micros + seconds * 1e6))


def _continuous(values: Vector, rows: Index, share: object, between: Callable[[object, object, float], object]) -> object:
    if share is None:
        return None
    at = _checked(share) * (len(rows) - 1)
    low, high = math.floor(at), math.ceil(at)
    first = values.datum(int(rows[low]))
    return first if low == high else between(first, values.datum(int(rows[high])), at - low)


def _discrete(values: Vector, rows: Index, share: object) -> object:
    if share is None:
        return None
    return values.datum(int(rows[max(math.ceil(_checked(share) * len(rows)), 1) - 1]))


Pick = Callable[[Vector, Index, object], object]


def _picked(args: Args, codes: np.ndarray, groups: int, pick: Pick) -> list[object]:
    """One value (or, for an array of shares, an array of values) a group."""
    values, parts = _groups(args[1], codes, groups)
    out: list[object] = []
    for share, rows in zip(args[0].datums(), parts, strict=True):  # a group, not a row
        if not len(rows) or share is None:
            out.append(None)
        elif isinstance(share, PgArray):
            out.append(PgArray(tuple(pick(values, rows, one) for one in share.elements), share.dims, share.lower))
        else:
            out.append(pick(values, rows, share))
    return out


@aggregate("percentile_cont(float8,float8)", "percentile_cont(_float8,float8)", context=True, typed=True)
def percentile(ctx: CallContext, types: Types, args: Args, codes: np.ndarray, groups: int) -> Vector:
    """The value at a share of the order, between two where it falls between them."""
    found = _picked(args, codes, groups, lambda values, rows, share: _continuous(values, rows, share, _float_between))
    return from_datums(types.result, found, FLOAT8)


@aggregate("percentile_cont(float8,interval)", "percentile_cont(_float8,interval)", context=True, typed=True)
def percentile_interval(ctx: CallContext, types: Types, args: Args, codes: np.ndarray, groups: int) -> Vector:
    """The interval at a share of the order."""
    found = _picked(args, codes, groups, lambda values, rows, share: _continuous(values, rows, share, _interval_between))
    return from_datums(types.result, found, INTERVAL)


@aggregate("percentile_disc(float8,anyelement)", "percentile_disc(_float8,anyelement)", context=True, typed=True)
def percentile_discrete(ctx: CallContext, types: Types, args: Args, codes: np.ndarray, groups: int) -> Vector:
    """The first value whose place in the order reaches a share."""
    element = ctx.style.resolve(types.result.element) if types.result.is_array else None
    return from_datums(types.result, _picked(args, codes, groups, _discrete), element)


def _differs(kind: PgType, values: Vector) -> np.ndarray | None:
    """Whether each value but the first is another than the one before it; None where equality is not that of the stored values."""
    if isinstance(values, FixedVector) and kind.rep in PLAIN:
        stored = values.values
        differs: np.ndarray = stored[1:] != stored[:-1]
        return differs & ~(np.isnan(stored[1:]) & np.isnan(stored[:-1])) if stored.dtype.kind == "f" else differs
    if type(values) is TextVector and kind.name in _BYTEWISE:
        return np.asarray(pc.not_equal(values.values[1:], values.values[:-1]))
    return None


def _mode_columns(types: Types, arg: Vector, codes: np.ndarray, groups: int) -> Vector | None:
    """The modes by the lengths of runs of equal values."""
    values, codes = valid_rows(arg, codes, groups)
    if not values.n or not isinstance(values, FixedVector | TextVector):
        return None
    if groups > 1:
        order = np.argsort(codes, kind="stable")
        values, codes = values.take(order), codes[order]
    differs = _differs(types.args[0], values)
    if differs is None:
        return None
    if groups > 1:
        differs = differs | (codes[1:] != codes[:-1])
    starts = np.concatenate(([0], np.flatnonzero(differs) + 1))
    lengths = np.diff(starts, append=values.n)
    owners = codes[starts] if groups > 1 else np.zeros(len(starts), np.int64)
    ranked = np.lexsort((-lengths, owners))  # stable: the first of the longest runs of each group comes first
    first = np.flatnonzero(np.diff(owners[ranked], prepend=-1))
    found = np.full(groups, -1, np.int64)
    found[owners[ranked[first]]] = starts[ranked[first]]
    return values.take(found, True)


@aggregate("mode(anyelement)", context=True, typed=True)
def mode(ctx: CallContext, types: Types, args: Args, codes: np.ndarray, groups: int) -> Vector:
    """The most frequent value, the first of equally frequent ones."""
    if (known := _mode_columns(types, args[0], codes, groups)) is not None:
        return known
    values, parts = _groups(args[0], codes, groups)
    out: list[object] = []
    for rows in parts:  # a group
        best: object = None
        most = run = 0
        last: object = None
        for row in rows.tolist():  # equality of any type
            value = values.datum(row)
            run = run + 1 if last is not None and same(types.args[0], last, value) else 1
            last = value
            if run > most:
                best, most = value, run
        out.append(best)
    element = ctx.style.resolve(types.result.element) if types.result.is_array else None
    return from_datums(types.result, out, element)
