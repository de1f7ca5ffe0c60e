"""Mathematical functions of integers and floats."""

from __future__ import annotations

import math
import random as randomness
import sys
from collections.abc import Callable
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa

from auroraml.batch import FixedVector, Vector
from auroraml.batch.random_stream import RandomStream
from auroraml.errors import (
    DivisionByZero,
    InvalidArgumentForLogarithm,
    InvalidArgumentForPowerFunction,
    InvalidArgumentForWidthBucketFunction,
    InvalidParameterValue,
    NumericValueOutOfRange,
)
from auroraml.functions.signature import SCALARS, CallContext, Kernel, oid_of, scalar
from auroraml.lazy import compute as pc

_NAMES = {2: "smallint", 4: "integer", 8: "bigint"}


def overflow() -> NumericValueOutOfRange:
    """22003 of floats."""
    return NumericValueOutOfRange("value out of range: overflow")


def underflow() -> NumericValueOutOfRange:
    """22003 of floats."""
    return NumericValueOutOfRange("value out of range: underflow")


def _bad_input() -> NumericValueOutOfRange:
    return NumericValueOutOfRange("input is out of range")


@scalar("abs(int2)", "abs(int4)", "abs(int8)", "int2abs(int2)", "int4abs(int4)", "int8abs(int8)", face="numpy")
def absolute(a: np.ndarray) -> np.ndarray:
    """|a|."""
    if (a == np.iinfo(a.dtype).min).any():
        raise NumericValueOutOfRange(f"{_NAMES[a.dtype.itemsize]} out of range")
    return np.abs(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("abs(float4)", "abs(float8)", "float4abs(float4)", "float8abs(float8)", face="numpy", raises=False)
def absolute_float(a: np.ndarray) -> np.ndarray:
    """|a|."""
    return np.abs(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("ceil(float8)", "ceiling(float8)", face="numpy", raises=False)
def ceiling_float(a: np.ndarray) -> np.ndarray:
    """The least whole number not below."""
    return np.ceil(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("floor(float8)", face="numpy", raises=False)
def floor_float(a: np.ndarray) -> np.ndarray:
    """The largest whole number not above."""
    return np.floor(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("round(float8)", "dround(float8)", face="numpy", raises=False)
def round_float(a: np.ndarray) -> np.ndarray:
    """To a whole number, half to even."""
    return np.rint(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("trunc(float8)", "dtrunc(float8)", face="numpy", raises=False)
def truncate_float(a: np.ndarray) -> np.ndarray:
    """Towards zero."""
    return np.trunc(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("sign(float8)", face="numpy", raises=False)
def sign_float(a: np.ndarray) -> np.ndarray:
    """-1, 0 or 1; of NaN 0."""
    return np.where(np.isnan(a), 0.0, np.sign(a)) + 0.0


@scalar("sqrt(float8)", "dsqrt(float8)", face="numpy")
def square_root(a: np.ndarray) -> np.ndarray:
    """The square root."""
    if (a < 0).any():
        raise InvalidArgumentForPowerFunction("cannot take square root of a negative number")
    return np.sqrt(a)  # type: ignore[no-any-return] # numpy gives Any


def c_library(function: str, *arrays: np.ndarray) -> np.ndarray:
    """The C library's function, which Arrow's kernel of that name calls for each value: numpy's own differ from it in the last digit."""
    return pc.call_function(function, [pa.array(a) for a in arrays]).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return] # pyarrow is untyped


def libm(function: Callable[..., float], *arrays: np.ndarray) -> np.ndarray:
    """A function made of the C library's, value by value: for those that Arrow has no kernel of."""
    wide = np.broadcast_arrays(*arrays)
    return np.fromiter((function(*row) for row in zip(*(a.tolist() for a in wide), strict=True)), np.float64, len(wide[0]))


@scalar("cbrt(float8)", "dcbrt(float8)", face="numpy", raises=False)
def cube_root(a: np.ndarray) -> np.ndarray:
    """The cube root."""
    return libm(math.cbrt, a)


@scalar("power(float8,float8)", "pow(float8,float8)", "dpow(float8,float8)", face="numpy")
def power(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a to the power of b."""
    if ((a == 0) & (b < 0)).any():
        raise InvalidArgumentForPowerFunction("zero raised to a negative power is undefined")
    if ((a < 0) & np.isfinite(b) & (b != np.floor(b))).any():
        raise InvalidArgumentForPowerFunction("a negative number raised to a non-integer power yields a complex result")
    found = c_library("power", *np.broadcast_arrays(a, b))
    finite = np.isfinite(a) & np.isfinite(b)
    if (np.isinf(found) & finite).any():
        raise overflow()
    if ((found == 0) & (a != 0) & finite).any():
        raise underflow()
    return found


@scalar("exp(float8)", "dexp(float8)", face="numpy")
def exponential(a: np.ndarray) -> np.ndarray:
    """e to the power of a."""
    found = c_library("exp", a)
    finite = np.isfinite(a)
    if (np.isinf(found) & finite).any():
        raise overflow()
    if ((found == 0) & finite).any():
        raise underflow()
    return found


def _logarithm(function: str, a: np.ndarray) -> np.ndarray:
    if (a == 0).any():
        raise InvalidArgumentForLogarithm("cannot take logarithm of zero")
    if (a < 0).any():
        raise InvalidArgumentForLogarithm("cannot take logarithm of a negative number")
    return c_library(function, a)


@scalar("ln(float8)", "dlog1(float8)", face="numpy")
def natural_logarithm(a: np.ndarray) -> np.ndarray:
    """The logarithm to e."""
    return _logarithm("ln", a)


@scalar("log(float8)", "log10(float8)", "dlog10(float8)", face="numpy")
def common_logarithm(a: np.ndarray) -> np.ndarray:
    """The logarithm to 10."""
    return _logarithm("log10", a)


@scalar("mod(int2,int2)", "mod(int4,int4)", "mod(int8,int8)", face="numpy")
def modulo(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a % b with a's sign."""
    if (b == 0).any():
        raise DivisionByZero("division by zero")
    return np.fmod(a, b)  # type: ignore[no-any-return] # numpy gives Any


@scalar("gcd(int4,int4)", "gcd(int8,int8)", face="numpy")
def common_divisor(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The greatest common divisor."""
    low = np.iinfo(a.dtype).min
    if (((a == low) & ((b == 0) | (b == low))) | ((b == low) & (a == 0))).any():
        raise NumericValueOutOfRange(f"{_NAMES[a.dtype.itemsize]} out of range")
    return np.gcd(a, b)  # type: ignore[no-any-return] # numpy gives Any


@scalar("lcm(int4,int4)", "lcm(int8,int8)", face="numpy")
def common_multiple(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The least common multiple."""
    wide_a, wide_b = np.broadcast_arrays(a, b)
    exact = [math.lcm(x, y) for x, y in zip(wide_a.tolist(), wide_b.tolist(), strict=True)]  # Python integers, to see an overflow
    if any(value > np.iinfo(a.dtype).max for value in exact):
        raise NumericValueOutOfRange(f"{_NAMES[a.dtype.itemsize]} out of range")
    return np.array(exact, a.dtype)


@scalar("pi()", face="datum", raises=False)
def pi() -> float:
    """The number pi."""
    return math.pi


@scalar("degrees(float8)", face="numpy")
def degrees(a: np.ndarray) -> np.ndarray:
    """Radians as degrees."""
    with np.errstate(over="ignore"):
        found = a / (math.pi / 180.0)
    if (np.isinf(found) & np.isfinite(a)).any():
        raise overflow()
    return found


@scalar("radians(float8)", face="numpy", raises=False)
def radians(a: np.ndarray) -> np.ndarray:
    """Degrees as radians."""
    return a * (math.pi / 180.0)


def _finite(function: Callable[[float], float]) -> Callable[[float], float]:
    def run(a: float) -> float:
        if math.isinf(a):
            raise _bad_input()
        return function(a)

    return run


def _bounded(function: Callable[[float], float], low: float, high: float) -> Callable[[float], float]:
    def run(a: float) -> float:
        if a < low or a > high:
            raise _bad_input()
        return function(a)

    return run


def _cotangent(a: float) -> float:
    tangent = math.tan(a)
    return math.inf if tangent == 0 else 1.0 / tangent


ANY, FINITE = (-math.inf, math.inf), (-sys.float_info.max, sys.float_info.max)
_KERNELS: dict[str, tuple[float, float]] = {  # by Arrow's and PostgreSQL's name : the least and the greatest value it takes
    "sin": FINITE, "cos": FINITE, "tan": FINITE, "asin": (-1, 1), "acos": (-1, 1), "atan": ANY, "sinh": ANY, "cosh": ANY, "tanh": ANY,
    "asinh": ANY, "acosh": (1, math.inf), "atanh": (-1, 1),
}  # fmt: skip
_ONE_ARGUMENT: dict[str, Callable[[float], float]] = {"cot": _finite(_cotangent)}

_SIN_30, _ONE_MINUS_COS_60 = math.sin(math.radians(30)), 1.0 - math.cos(60.0 * (math.pi / 180.0))
_ASIN_HALF, _ACOS_HALF = math.asin(0.5), math.acos(0.5)
_ATAN_ONE = math.atan(1.0)


def _sin_first(a: float) -> float:
    """sin of 0 to 30 degrees, exact at both."""
    return math.sin(a * (math.pi / 180.0)) / _SIN_30 / 2.0


def _cos_first(a: float) -> float:
    """cos of 0 to 60 degrees, exact at both."""
    return 1.0 - (1.0 - math.cos(a * (math.pi / 180.0))) / _ONE_MINUS_COS_60 / 2.0


def _sin_quarter(a: float) -> float:
    return _sin_first(a) if a <= 30 else _cos_first(90.0 - a)


def _cos_quarter(a: float) -> float:
    return _cos_first(a) if a <= 60 else _sin_first(90.0 - a)


def _cosine_degrees(a: float) -> float:
    a, sign = math.fmod(a, 360.0), 1
    a = -a if a < 0 else a
    if a > 180:
        a = 360.0 - a
    if a > 90:
        a, sign = 180.0 - a, -sign
    return sign * _cos_quarter(a)


def _sine_degrees(a: float) -> float:
    a, sign = math.fmod(a, 360.0), 1
    if a < 0:
        a, sign = -a, -sign
    if a > 180:
        a, sign = 360.0 - a, -sign
    if a > 90:
        a = 180.0 - a
    return sign * _sin_quarter(a)


def _folded(a: float) -> tuple[float, int]:
    a, sign = math.fmod(a, 360.0), 1
    if a < 0:
        a, sign = -a, -sign
    if a > 180:
        a, sign = 360.0 - a, -sign
    if a > 90:
        a, sign = 180.0 - a, -sign
    return a, sign


_TAN_45 = _sin_quarter(45.0) / _cos_quarter(45.0)
_COT_45 = _cos_quarter(45.0) / _sin_quarter(45.0)


def _tangent_degrees(a: float) -> float:
    a, sign = _folded(a)
    below = _cos_quarter(a)
    found = sign * (math.copysign(math.inf, below) if below == 0 else _sin_quarter(a) / below / _TAN_45)
    return 0.0 if found == 0 else found


def _cotangent_degrees(a: float) -> float:
    a, sign = _folded(a)
    below = _sin_quarter(a)
    found = sign * (math.copysign(math.inf, below) if below == 0 else _cos_quarter(a) / below / _COT_45)
    return 0.0 if found == 0 else found


def _asin_quarter(a: float) -> float:
    return math.asin(a) / _ASIN_HALF * 30.0 if a <= 0.5 else 90.0 - math.acos(a) / _ACOS_HALF * 60.0


def _acos_quarter(a: float) -> float:
    return 90.0 - math.asin(a) / _ASIN_HALF * 30.0 if a <= 0.5 else math.acos(a) / _ACOS_HALF * 60.0


_ONE_ARGUMENT |= {
    "sind": _finite(_sine_degrees), "cosd": _finite(_cosine_degrees), "tand": _finite(_tangent_degrees), "cotd": _finite(_cotangent_degrees),
    "asind": _bounded(lambda a: _asin_quarter(a) if a >= 0 else -_asin_quarter(-a), -1, 1),
    "acosd": _bounded(lambda a: _acos_quarter(a) if a >= 0 else 90.0 + _asin_quarter(-a), -1, 1),
    "atand": lambda a: math.atan(a) / _ATAN_ONE * 45.0,
}  # fmt: skip


def _within(function: str, low: float, high: float) -> Callable[[np.ndarray], np.ndarray]:
    def run(a: np.ndarray) -> np.ndarray:
        if ((a < low) | (a > high)).any():
            raise _bad_input()
        return c_library(function, a)

    return run


def _register() -> None:
    for name, (low, high) in _KERNELS.items():
        SCALARS[oid_of(f"{name}(float8)")] = Kernel(function=_within(name, low, high), face="numpy")
    for name, function in _ONE_ARGUMENT.items():
        SCALARS[oid_of(f"{name}(float8)")] = Kernel(function=lambda a, function=function: libm(function, a), face="numpy")


_register()


@scalar("atan2(float8,float8)", face="numpy", raises=False)
def arc_tangent(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The angle of the point (b, a)."""
    return c_library("atan2", *np.broadcast_arrays(a, b))


@scalar("atan2d(float8,float8)", face="numpy", raises=False)
def arc_tangent_degrees(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The angle of the point (b, a) in degrees."""
    return libm(lambda y, x: math.atan2(y, x) / _ATAN_ONE * 45.0, a, b)


def bucket_error(count: int) -> None:
    """2201G where there is no bucket."""
    if count <= 0:
        raise InvalidArgumentForWidthBucketFunction("count must be greater than zero")


@scalar("width_bucket(float8,float8,float8,int4)", face="datum")
def bucket(value: float, low: float, high: float, count: int) -> int:
    """The number of the equal-width bucket a value is in; 0 below, count + 1 above."""
    bucket_error(count)
    if math.isnan(value) or math.isnan(low) or math.isnan(high):
        raise InvalidArgumentForWidthBucketFunction("operand, lower bound, and upper bound cannot be NaN")
    if math.isinf(low) or math.isinf(high):
        raise InvalidArgumentForWidthBucketFunction("lower and upper bounds must be finite")
    if low == high:
        raise InvalidArgumentForWidthBucketFunction("lower bound cannot equal upper bound")
    if (value < low) if low < high else (value > low):
        return 0
    if (value >= high) if low < high else (value <= high):
        if count + 1 >= 2**31:
            raise NumericValueOutOfRange("integer out of range")
        return count + 1
    place = count * (value - low) / (high - low) + 1  # may round up to count + 1, or overflow: PostgreSQL takes what the processor makes of it
    return int(place) if abs(place) < 2**31 else -(2**31)


_GENERATORS: WeakKeyDictionary[object, RandomStream] = WeakKeyDictionary()  # one a session


def _generator(ctx: CallContext) -> RandomStream:
    return _GENERATORS.setdefault(ctx.host, RandomStream(randomness.random()))


def _random_numbers(ctx: CallContext, n: int) -> Vector:
    return FixedVector(_generator(ctx).fractions(n))


@scalar("random()", face="datum", context=True, columns=_random_numbers)
def random(ctx: CallContext) -> float:
    """A random number of [0, 1), another one for each row."""
    return _generator(ctx).fraction()


@scalar("setseed(float8)", face="datum", context=True)
def set_seed(ctx: CallContext, seed: float) -> str:
    """Make the random numbers that follow repeatable."""
    if not -1 <= seed <= 1:
        raise InvalidParameterValue(f"setseed parameter {seed:g} is out of allowed range [-1,1]")
    _generator(ctx).seed(seed)
    return ""
