"""Comparison operators of all scalar types: one kernel a representation, registered for every operator PostgreSQL has on it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import ROUND_FLOOR

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, FixedVector, ManyScales, NumericVector, Vector, aligned_limbs, limbs, stored
from auroraml.catalog.data import OPERATORS
from auroraml.functions.signature import SCALARS, CallContext, Kernel
from auroraml.lazy import compute as pc
from auroraml.types.numeric import CONTEXT, rescale
from auroraml.types.pg_type import Rep
from auroraml.types.table import BY_OID

SYMBOLS = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
FLIPPED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_ARROW = {"eq": pc.equal, "ne": pc.not_equal, "lt": pc.less, "le": pc.less_equal, "gt": pc.greater, "ge": pc.greater_equal}
_WHOLE = frozenset((Rep.INT2, Rep.INT4, Rep.INT8, Rep.OID, Rep.BOOL))
_FLOAT = frozenset((Rep.FLOAT4, Rep.FLOAT8))
EQUALITY: dict[
    int, tuple[str, bool]
] = {}  # functions of = and <> that equal representations decide: which, and whether trailing blanks count for nothing
_SAME = frozenset((Rep.TID, Rep.DATE, Rep.TIME, Rep.TIMESTAMP))


def against(name: str, values: np.ndarray, one: int) -> np.ndarray:
    """Whole numbers of any width against one that their width need not hold."""
    bounds = np.iinfo(values.dtype)
    if not bounds.min <= one <= bounds.max:
        return np.full(len(values), name == "ne" or name in (("lt", "le") if one > 0 else ("gt", "ge")))
    return getattr(operator, name)(values, values.dtype.type(one))  # type: ignore[no-any-return] # numpy gives Any


def _numbers(name: str) -> Kernel:
    compare: Callable[[np.ndarray, np.ndarray], np.ndarray] = getattr(operator, name)

    def run(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if len(b) == 1 and a.dtype.kind == "i":
            return against(name, a, int(b[0]))
        if len(a) == 1 and b.dtype.kind == "i":
            return against(FLIPPED[name], b, int(a[0]))
        return compare(a, b)

    def nearest(ctx: CallContext, flipped: bool, column: Vector, one: Vector) -> tuple[str, int] | None:
        assert isinstance(one, FixedVector)
        return (FLIPPED[name] if flipped else name, int(one.values[0])) if one.values.dtype.kind == "i" else None

    return Kernel(function=run, face="stored", raises=False, light=True, nearest=nearest)


def _floats(name: str) -> Kernel:
    compare: Callable[[np.ndarray, np.ndarray], np.ndarray] = getattr(operator, name)

    def run(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        left, right = a.astype(np.float64, copy=False), b.astype(np.float64, copy=False)
        for column, one, symbol in ((left, right, name), (right, left, FLIPPED[name])):
            if len(one) == 1 and not np.isnan(one[0]):
                return ~(column <= one) if symbol == "gt" else ~(column < one) if symbol == "ge" else getattr(operator, symbol)(column, one)
        found = compare(left, right)
        nan_left, nan_right = np.isnan(left), np.isnan(right)
        if nan_left.any() or nan_right.any():  # NaN equals NaN and is above everything
            return np.where(nan_left | nan_right, compare(nan_left.astype(np.int8), nan_right.astype(np.int8)), found)
        return found

    return Kernel(function=run, face="numpy", raises=False, light=True)


def _texts(name: str, trim: bool) -> Kernel:
    compare = _ARROW[name]

    def clean(value: pa.Array | pa.Scalar) -> pa.Array | pa.Scalar:
        return pc.utf8_rtrim(value, " ") if trim else value

    return Kernel(function=lambda a, b: compare(clean(a), clean(b)), face="arrow", raises=False)


def _one(vector: Vector) -> NumericVector:
    found = (vector.one if isinstance(vector, ConstVector) else vector).flat()
    assert isinstance(found, NumericVector)
    return found.at_most() if isinstance(found, ManyScales) else found


def aligned(a: Vector, b: Vector) -> tuple[np.ndarray, np.ndarray, int | None]:
    """Whole numbers that compare as both numerics do, or objects (scale None) where some are not exact; constants keep length 1."""
    left, right = _one(a), _one(b)
    if left.scale is not None and left.scale == right.scale:
        return stored(left), stored(right), left.scale
    if left.scale is not None and right.scale is not None:
        scale = max(left.scale, right.scale)
        x, y = rescale(left.values, left.scale, scale), rescale(right.values, right.scale, scale)
        if x is not None and y is not None:
            return x, y, scale
    if (found := aligned_limbs([left, right])) is not None:
        return limbs.compared(*found[1]), np.zeros(1, np.int8), 0
    return left.as_objects().values, right.as_objects().values, None


def nearest_number(name: str, flat: NumericVector, one: NumericVector) -> tuple[str, int] | None:
    """The comparison of scaled integers that gives the same answers as one with a value of any scale; None where that is not finite."""
    if flat.scale is None:
        return None
    if one.scale == flat.scale:
        return name, int(one.values[0])
    exact = one.as_objects().values[0]
    if not exact.is_finite():
        return None
    scaled = exact.scaleb(flat.scale, CONTEXT)
    below = int(scaled.to_integral_value(ROUND_FLOOR, CONTEXT))
    if below != scaled and name in ("eq", "ne"):
        return name, 2**63  # which none is
    return name, below + (below != scaled and name in ("lt", "ge"))  # x < 2.5 is x < 3


def _with_one_value(name: str, column: Vector, value: Vector) -> np.ndarray | None:
    """Scaled integers against one value; None where they are not such."""
    if isinstance(column, ConstVector) or not isinstance(value, ConstVector):
        return None
    flat = _one(column)
    asked = nearest_number(name, flat, _one(value))
    return None if asked is None else against(asked[0], stored(flat), asked[1])


def _numerics(name: str) -> Kernel:
    compare: Callable[[object, object], np.ndarray] = getattr(operator, name)

    def run(a: Vector, b: Vector) -> Vector:
        found = _with_one_value(name, a, b) if isinstance(b, ConstVector) else _with_one_value(FLIPPED[name], b, a)
        if found is not None:
            return FixedVector(found)
        x, y, scale = aligned(a, b)
        if scale is None:
            wide_x, wide_y = np.broadcast_arrays(x, y)
            pairs = zip(wide_x.tolist(), wide_y.tolist(), strict=True)  # decimal objects compare one by one
            return FixedVector(np.fromiter((_decimal(compare, p, q) for p, q in pairs), np.bool_, len(wide_x)))
        found = compare(x, y)
        return FixedVector(found) if len(found) == max(a.n, b.n) else ConstVector(FixedVector(found), max(a.n, b.n))

    def nearest(ctx: CallContext, flipped: bool, column: Vector, one: Vector) -> tuple[str, int] | None:
        assert isinstance(column, NumericVector)
        return nearest_number(FLIPPED[name] if flipped else name, column, _one(one))

    return Kernel(function=run, raises=False, light=True, nearest=nearest)


def _decimal(compare: Callable[[object, object], object], a: object, b: object) -> bool:
    nan_a, nan_b = a != a, b != b
    return bool(compare(nan_a, nan_b)) if nan_a or nan_b else bool(compare(a, b))


def _register() -> None:
    for row in OPERATORS:
        name = SYMBOLS.get(row[1])
        if name is None or not row[2]:
            continue
        left, right = BY_OID[row[2]], BY_OID[row[3]]
        pair = {left.rep, right.rep}
        kernel = None
        if pair <= _WHOLE:
            kernel = _numbers(name)
        elif pair <= _WHOLE | _FLOAT and pair & _FLOAT:
            kernel = _floats(name)
        elif pair == {Rep.NUMERIC}:
            kernel = _numerics(name)
        elif len(pair) == 1 and pair <= _SAME and left.oid == right.oid:
            kernel = _numbers(name)
        elif pair == {Rep.BYTES}:
            kernel = _texts(name, False)
        elif pair == {Rep.TEXT} and not {left.name, right.name} & {"json", "jsonb", "timetz"}:
            kernel = _texts(name, "bpchar" in (left.name, right.name))
        if kernel is not None and SCALARS.setdefault(row[5], kernel) is kernel and name in ("eq", "ne") and not pair & _FLOAT:
            EQUALITY[row[5]] = name, "bpchar" in (left.name, right.name)


_register()
