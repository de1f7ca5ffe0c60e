"""Mathematical functions."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

import numpy as np

from auroraml.errors import DivisionByZero, InvalidArgumentForPowerFunction, NumericValueOutOfRange
from auroraml.functions.signature import scalar
from auroraml.types.numeric import CONTEXT


@scalar("abs(int2)", "abs(int4)", "abs(int8)", "int2abs(int2)", "int4abs(int4)", "int8abs(int8)", face="numpy")
def absolute(a: np.ndarray) -> np.ndarray:
    """|a|."""
    if (a == np.iinfo(a.dtype).min).any():
        raise NumericValueOutOfRange({2: "smallint", 4: "integer", 8: "bigint"}[a.dtype.itemsize] + " out of range")
    return np.abs(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("abs(float4)", "abs(float8)", face="numpy", raises=False)
def absolute_float(a: np.ndarray) -> np.ndarray:
    """|a|."""
    return np.abs(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("abs(numeric)", face="datum", raises=False)
def absolute_numeric(a: Decimal) -> Decimal:
    """|a|."""
    return CONTEXT.abs(a) if a.is_finite() else abs(a)


def _rounded(a: Decimal, places: int, how: str) -> Decimal:
    if not a.is_finite():
        return a
    unit = Decimal(1).scaleb(-places)
    found = a.quantize(unit, how, CONTEXT) if places >= 0 else (a.quantize(unit, how, CONTEXT)).quantize(Decimal(1), how, CONTEXT)
    return abs(found) if found == 0 else found


@scalar("round(numeric)", face="datum", raises=False)
def round_whole(a: Decimal) -> Decimal:
    """To a whole number, half away from zero."""
    return _rounded(a, 0, ROUND_HALF_UP)


@scalar("round(numeric,int4)", face="datum", raises=False)
def round_places(a: Decimal, places: int) -> Decimal:
    """To `places` decimals, half away from zero."""
    return _rounded(a, places, ROUND_HALF_UP)


@scalar("ceil(numeric)", "ceiling(numeric)", face="datum", raises=False)
def ceiling(a: Decimal) -> Decimal:
    """The least whole number not below."""
    return _rounded(a, 0, ROUND_CEILING)


@scalar("floor(numeric)", face="datum", raises=False)
def floor(a: Decimal) -> Decimal:
    """The largest whole number not above."""
    return _rounded(a, 0, ROUND_FLOOR)


@scalar("ceil(float8)", "ceiling(float8)", face="numpy", raises=False)
def ceiling_float(a: np.ndarray) -> np.ndarray:
    """The least whole number not below."""
    return np.ceil(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("floor(float8)", face="numpy", raises=False)
def floor_float(a: np.ndarray) -> np.ndarray:
    """The largest whole number not above."""
    return np.floor(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("round(float8)", face="numpy", raises=False)
def round_float(a: np.ndarray) -> np.ndarray:
    """To a whole number, half to even."""
    return np.rint(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("trunc(float8)", face="numpy", raises=False)
def truncate_float(a: np.ndarray) -> np.ndarray:
    """Towards zero."""
    return np.trunc(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("sqrt(float8)", "dsqrt(float8)", face="numpy")
def square_root(a: np.ndarray) -> np.ndarray:
    """The square root."""
    if (a < 0).any():
        raise InvalidArgumentForPowerFunction("cannot take square root of a negative number")
    return np.sqrt(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("power(float8,float8)", "pow(float8,float8)", "dpow(float8,float8)", face="numpy", raises=False)
def power(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a to the power of b."""
    return np.power(a, b)  # type: ignore[no-any-return] # numpy gives Any


@scalar("exp(float8)", face="numpy", raises=False)
def exponential(a: np.ndarray) -> np.ndarray:
    """e to the power of a."""
    return np.exp(a)  # type: ignore[no-any-return] # numpy gives Any


@scalar("mod(int2,int2)", "mod(int4,int4)", "mod(int8,int8)", face="numpy")
def modulo(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a % b with a's sign."""
    if (b == 0).any():
        raise DivisionByZero("division by zero")
    return np.fmod(a, b)  # type: ignore[no-any-return] # numpy gives Any
