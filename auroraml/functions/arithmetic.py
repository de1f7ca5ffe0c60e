"""Arithmetic of integers and floats, with PostgreSQL's overflow and division errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from auroraml.batch import ConstVector, FixedVector, Vector, fixed, stored, width
from auroraml.catalog.data import OPERATORS
from auroraml.errors import DivisionByZero, NumericValueOutOfRange
from auroraml.functions.numerics import reach
from auroraml.functions.signature import SCALARS, Kernel, scalar
from auroraml.types.pg_type import Rep
from auroraml.types.table import BY_OID

_LIMITS: dict[Rep, tuple[str, Any]] = {Rep.INT2: ("smallint", np.int16), Rep.INT4: ("integer", np.int32), Rep.INT8: ("bigint", np.int64)}
_FLOATS = {Rep.FLOAT4: np.float32, Rep.FLOAT8: np.float64}


def _narrow(values: np.ndarray, rep: Rep) -> np.ndarray:
    name, dtype = _LIMITS[rep]
    if values.dtype == dtype:
        return values
    info = np.iinfo(dtype)
    if len(values) and (values.max() > info.max or values.min() < info.min):
        raise NumericValueOutOfRange(f"{name} out of range")
    return values.astype(dtype)


def _out_of_range(rep: Rep) -> NumericValueOutOfRange:
    return NumericValueOutOfRange(f"{_LIMITS[rep][0]} out of range")


def _add(a: np.ndarray, b: np.ndarray, rep: Rep) -> np.ndarray:
    total = a + b
    if rep is Rep.INT8 and (((a ^ total) & (b ^ total)) < 0).any():
        raise _out_of_range(rep)
    return total  # type: ignore[no-any-return] # numpy gives Any


def _subtract(a: np.ndarray, b: np.ndarray, rep: Rep) -> np.ndarray:
    total = a - b
    if rep is Rep.INT8 and (((a ^ b) & (a ^ total)) < 0).any():
        raise _out_of_range(rep)
    return total  # type: ignore[no-any-return] # numpy gives Any


def _multiply(a: np.ndarray, b: np.ndarray, rep: Rep) -> np.ndarray:
    if rep is Rep.INT8 and len(a) and len(b):
        bound = max(abs(int(a.max())), abs(int(a.min()))) * max(abs(int(b.max())), abs(int(b.min())))
        if bound >= 2**63:
            exact = a.astype(object) * b.astype(object)
            if any(not -(2**63) <= value < 2**63 for value in exact):
                raise _out_of_range(rep)
    return a * b  # type: ignore[no-any-return] # numpy gives Any


def _divide(a: np.ndarray, b: np.ndarray, rep: Rep) -> np.ndarray:
    if (b == 0).any():
        raise DivisionByZero("division by zero")
    if rep is Rep.INT8 and ((a == -(2**63)) & (b == -1)).any():
        raise _out_of_range(rep)
    quotient = a // b
    return quotient + ((quotient < 0) & (quotient * b != a))  # type: ignore[no-any-return] # towards zero; numpy gives Any


def _modulo(a: np.ndarray, b: np.ndarray, rep: Rep) -> np.ndarray:
    if (b == 0).any():
        raise DivisionByZero("division by zero")
    return np.fmod(a, b)  # type: ignore[no-any-return] # numpy gives Any


_WHOLE: dict[str, Callable[[np.ndarray, np.ndarray, Rep], np.ndarray]] = {
    "+": _add, "-": _subtract, "*": _multiply, "/": _divide, "%": _modulo,
    "&": lambda a, b, rep: a & b, "|": lambda a, b, rep: a | b, "#": lambda a, b, rep: a ^ b,
    "<<": lambda a, b, rep: a << (b & (63 if rep is Rep.INT8 else 31)), ">>": lambda a, b, rep: a >> (b & (63 if rep is Rep.INT8 else 31)),
}  # fmt: skip


def _whole(symbol: str, rep: Rep) -> Kernel:
    compute = _WHOLE[symbol]

    def checked(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        found = compute(a.astype(np.int64, copy=False), b.astype(np.int64, copy=False), rep)
        if symbol == "<<" and rep is not Rep.INT8:
            return found.astype(_LIMITS[rep][1])
        return _narrow(found, rep)

    if symbol not in "+-*":
        return Kernel(function=checked, face="numpy", raises=symbol in "/%")

    def sure(a: Vector, b: Vector) -> Vector | None:
        return _within(symbol, _fixed(a), _fixed(b), rep)

    def run(a: Vector, b: Vector) -> Vector:
        return sure(a, b) or FixedVector(checked(_fixed(a).values, _fixed(b).values))

    return Kernel(function=run, sure=sure)


def _fixed(vector: Vector) -> FixedVector:
    found = (vector.one if isinstance(vector, ConstVector) else vector).flat()
    assert isinstance(found, FixedVector)
    return found


def _within(symbol: str, x: FixedVector, y: FixedVector, rep: Rep) -> FixedVector | None:
    """x + y, x - y or x * y where bounds say that the type holds all results, in as few bytes as they need; else None."""
    (low_x, high_x), (low_y, high_y) = reach(x), reach(y)
    if symbol == "*":
        corners = [p * q for p in (low_x, high_x) for q in (low_y, high_y)]
        low, high = min(corners), max(corners)
    else:
        low, high = (low_x + low_y, high_x + high_y) if symbol == "+" else (low_x - high_y, high_x - low_y)
    limits = np.iinfo(_LIMITS[rep][1])
    if low < limits.min or high > limits.max:
        return None
    dtype = width(low, high, limits.dtype)
    left, right = (stored(v).astype(dtype, copy=False) for v in (x, y))  # what is cut off makes no difference to the bits that are left
    found = left + right if symbol == "+" else left - right if symbol == "-" else left * right
    return fixed(found, limits.dtype, None, low, high)


def _float(symbol: str, dtype: Any) -> Kernel:
    def run(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        left, right = a.astype(dtype, copy=False), b.astype(dtype, copy=False)
        with np.errstate(all="ignore"):
            if symbol == "/":
                if not right.all() and ((right == 0) & ~np.isnan(left)).any():
                    raise DivisionByZero("division by zero")
                found = left / right
            else:
                found = left + right if symbol == "+" else left - right if symbol == "-" else left * right
        if not np.isfinite(found).all() and (np.isinf(found) & ~np.isinf(left) & ~np.isinf(right)).any():
            raise NumericValueOutOfRange("value out of range: overflow")
        if symbol in "*/" and not found.all() and ((found == 0) & (left != 0) & ~np.isinf(right) & (right != 0)).any():
            raise NumericValueOutOfRange("value out of range: underflow")
        return found  # type: ignore[no-any-return] # numpy gives Any

    return Kernel(function=run, face="numpy")


def _register() -> None:
    for row in OPERATORS:
        if not row[2]:
            continue
        left, right, result = BY_OID[row[2]].rep, BY_OID[row[3]].rep, BY_OID[row[4]].rep
        if left in _LIMITS and right in _LIMITS and result in _LIMITS and row[1] in _WHOLE:
            SCALARS.setdefault(row[5], _whole(row[1], result))
        elif left in _FLOATS and right in _FLOATS and result in _FLOATS and row[1] in ("+", "-", "*", "/"):
            SCALARS.setdefault(row[5], _float(row[1], _FLOATS[result]))


_register()


@scalar("int2um(int2)", "int4um(int4)", "int8um(int8)", face="numpy")
def negate_whole(a: np.ndarray) -> np.ndarray:
    """-a."""
    if (a == np.iinfo(a.dtype).min).any():
        names = {2: "smallint", 4: "integer", 8: "bigint"}
        raise NumericValueOutOfRange(f"{names[a.dtype.itemsize]} out of range")
    return -a


@scalar("float4um(float4)", "float8um(float8)", face="numpy", raises=False)
def negate_float(a: np.ndarray) -> np.ndarray:
    """-a."""
    return -a


@scalar("int2up(int2)", "int4up(int4)", "int8up(int8)", "float4up(float4)", "float8up(float8)", face="numpy", raises=False)
def positive(a: np.ndarray) -> np.ndarray:
    """+a."""
    return a


@scalar("int2not(int2)", "int4not(int4)", "int8not(int8)", face="numpy", raises=False)
def complement(a: np.ndarray) -> np.ndarray:
    """~a."""
    return ~a
