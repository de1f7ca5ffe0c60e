"""point: construction, arithmetic as complex numbers, distance and position; equality within geometry's epsilon."""

from __future__ import annotations

import math

import numpy as np

from auroraml.batch import POINT_DTYPE
from auroraml.errors import DivisionByZero, NumericValueOutOfRange
from auroraml.functions.signature import scalar

EPSILON = 1e-6


def _made(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    out = np.zeros(np.broadcast_shapes(x.shape, y.shape), POINT_DTYPE)
    out["x"], out["y"] = x, y
    return out


def _in_range(result: np.ndarray, inputs: tuple[np.ndarray, ...], zero: np.ndarray | bool = True) -> np.ndarray:
    """The result, where it is infinite only because an input is, and zero only where `zero` says it may be."""
    if (np.isinf(result) & ~np.logical_or.reduce(np.broadcast_arrays(*map(np.isinf, inputs)))).any():
        raise NumericValueOutOfRange("value out of range: overflow")
    if ((result == 0) & ~np.asarray(zero)).any():
        raise NumericValueOutOfRange("value out of range: underflow")
    return result


@np.errstate(all="ignore")
def _plus(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return _in_range(a + b, (a, b))


@np.errstate(all="ignore")
def _minus(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return _in_range(a - b, (a, b))


@np.errstate(all="ignore")
def _times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return _in_range(a * b, (a, b), (a == 0) | (b == 0))


@np.errstate(all="ignore")
def _over(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if ((b == 0) & ~np.isnan(a)).any():
        raise DivisionByZero("division by zero")
    return _in_range(a / b, (a,), (a == 0) | np.isinf(b))


@scalar("point(float8,float8)", face="numpy", raises=False)
def point(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The point (x, y)."""
    out = np.zeros(np.broadcast_shapes(x.shape, y.shape), POINT_DTYPE)
    out["x"], out["y"] = x, y
    return out


@scalar("point_add(point,point)", face="numpy")
def add(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a + b."""
    return _made(_plus(a["x"], b["x"]), _plus(a["y"], b["y"]))


@scalar("point_sub(point,point)", face="numpy")
def subtract(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a - b."""
    return _made(_minus(a["x"], b["x"]), _minus(a["y"], b["y"]))


@scalar("point_mul(point,point)", face="numpy")
def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a * b as complex numbers."""
    real = _minus(_times(a["x"], b["x"]), _times(a["y"], b["y"]))
    return _made(real, _plus(_times(a["x"], b["y"]), _times(a["y"], b["x"])))


@scalar("point_div(point,point)", face="numpy")
def divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / b as complex numbers."""
    size = _plus(_times(b["x"], b["x"]), _times(b["y"], b["y"]))
    real = _over(_plus(_times(a["x"], b["x"]), _times(a["y"], b["y"])), size)
    return _made(real, _over(_minus(_times(a["y"], b["x"]), _times(a["x"], b["y"])), size))


def _same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a == b) | (np.abs(a - b) <= EPSILON)  # type: ignore[no-any-return] # numpy gives Any


@scalar("point_eq(point,point)", face="numpy", raises=False)
def equal(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a ~= b."""
    return _same(a["x"], b["x"]) & _same(a["y"], b["y"])  # type: ignore[no-any-return] # numpy gives Any


@scalar("point_ne(point,point)", face="numpy", raises=False)
def different(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a <> b."""
    return ~equal(a, b)


@scalar("point_distance(point,point)", face="datum")
def distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    """a <-> b."""
    x, y = abs(a[0] - b[0]), abs(a[1] - b[1])
    if not any(map(math.isinf, (*a, *b))) and (math.isinf(x) or math.isinf(y)):
        raise NumericValueOutOfRange("value out of range: overflow")
    if math.isinf(x) or math.isinf(y):
        return math.inf
    if math.isnan(x) or math.isnan(y):
        return math.nan
    longer, shorter = max(x, y), min(x, y)
    if shorter == 0.0:
        return longer
    ratio = shorter / longer
    found = longer * math.sqrt(1.0 + ratio * ratio)  # PostgreSQL's way to the last digit, not hypot's
    if math.isinf(found):
        raise NumericValueOutOfRange("value out of range: overflow")
    return found


@scalar("point_left(point,point)", face="numpy", raises=False)
def left(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a << b."""
    return a["x"] + EPSILON < b["x"]


@scalar("point_right(point,point)", face="numpy", raises=False)
def right(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a >> b."""
    return a["x"] > b["x"] + EPSILON


@scalar("point_above(point,point)", face="numpy", raises=False)
def above(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a |>> b."""
    return a["y"] > b["y"] + EPSILON


@scalar("point_below(point,point)", face="numpy", raises=False)
def below(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a <<| b."""
    return a["y"] + EPSILON < b["y"]


@scalar("point_vert(point,point)", "isvertical(point,point)", face="numpy", raises=False)
def vertical(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a ?| b."""
    return _same(a["x"], b["x"])


@scalar("point_horiz(point,point)", "ishorizontal(point,point)", face="numpy", raises=False)
def horizontal(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a ?- b."""
    return _same(a["y"], b["y"])
