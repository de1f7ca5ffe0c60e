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
    if (~np.isfinite(out["x"]) | ~np.isfinite(out["y"])).any() and (np.isinf(out["x"]) | np.isinf(out["y"])).any():
        raise NumericValueOutOfRange("value out of range: overflow")
    return out


@scalar("point(float8,float8)", face="numpy", raises=False)
def point(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The point (x, y)."""
    out = np.zeros(np.broadcast_shapes(x.shape, y.shape), POINT_DTYPE)
    out["x"], out["y"] = x, y
    return out


@scalar("point_add(point,point)", face="numpy")
def add(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a + b."""
    return _made(a["x"] + b["x"], a["y"] + b["y"])


@scalar("point_sub(point,point)", face="numpy")
def subtract(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a - b."""
    return _made(a["x"] - b["x"], a["y"] - b["y"])


@scalar("point_mul(point,point)", face="numpy")
def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a * b as complex numbers."""
    return _made(a["x"] * b["x"] - a["y"] * b["y"], a["x"] * b["y"] + a["y"] * b["x"])


@scalar("point_div(point,point)", face="numpy")
def divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / b as complex numbers."""
    size = b["x"] * b["x"] + b["y"] * b["y"]
    if (size == 0).any():
        raise DivisionByZero("division by zero")
    return _made((a["x"] * b["x"] + a["y"] * b["y"]) / size, (a["y"] * b["x"] - a["x"] * b["y"]) / size)


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


@scalar("point_distance(point,point)", face="datum", raises=False)
def distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    """a <-> b."""
    return math.hypot(a[0] - b[0], a[1] - b[1])


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
