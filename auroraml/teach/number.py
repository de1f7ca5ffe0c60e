"""Number: a float that remembers how it was made, so that a cost can be told with the formula that the planner itself computed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

LEAF, NAMED = "", "named"  # what is not made of anything; a number under the name that a formula has for it


class Number(float):
    """A float with the operation and the numbers it came from; arithmetic with it makes another one, with the value a float would have.

    `op` is an operator, the name of a function, NAMED or LEAF; `label` what the number is called, "" where nobody called it anything.
    """

    __slots__ = ("label", "op", "parts", "setting")
    op: str
    parts: tuple[float, ...]
    label: str
    setting: bool  # a cost unit that a setting gives

    def __new__(cls, value: float, op: str = LEAF, parts: tuple[float, ...] = (), label: str = "", setting: bool = False) -> Number:
        made = float.__new__(cls, value)
        made.op, made.parts, made.label, made.setting = op, parts, label, setting
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return float, (float(self),)  # where it is kept or sent elsewhere it is a number as any other

    def __add__(self, other: float) -> Any:
        return _made("+", float.__add__(self, other), self, other)

    def __radd__(self, other: float) -> Any:
        return _made("+", float.__radd__(self, other), other, self)

    def __sub__(self, other: float) -> Any:
        return _made("-", float.__sub__(self, other), self, other)

    def __rsub__(self, other: float) -> Any:
        return _made("-", float.__rsub__(self, other), other, self)

    def __mul__(self, other: float) -> Any:
        return _made("*", float.__mul__(self, other), self, other)

    def __rmul__(self, other: float) -> Any:
        return _made("*", float.__rmul__(self, other), other, self)

    def __truediv__(self, other: float) -> Any:
        return _made("/", float.__truediv__(self, other), self, other)

    def __rtruediv__(self, other: float) -> Any:
        return _made("/", float.__rtruediv__(self, other), other, self)

    def __pow__(self, other: Any, modulo: None = None) -> Any:
        return _made("^", float.__pow__(self, other), self, other)

    def __rpow__(self, other: Any, modulo: None = None) -> Any:
        return _made("^", float.__rpow__(self, other), other, self)

    def __neg__(self) -> Any:
        return Number(float.__neg__(self), "neg", (self,))


def _made(op: str, value: Any, left: float, right: float) -> Any:
    return value if value is NotImplemented else Number(value, op, (left, right))


def named(value: float, label: str) -> Number:
    """A number under another name, the one it is made from behind it."""
    return Number(value, NAMED, (value,), label)


def unit(value: float, label: str) -> Number:
    """A cost unit, by the setting that gives it."""
    return Number(value, label=label, setting=True)


def plain(value: float) -> float:
    """The number without its history."""
    return value if value.__class__ is not Number else float.__add__(value, 0.0) if value else 0.0


def _remembering(function: Callable[[float], float], name: str) -> Callable[..., float]:
    def remembered(x: float, *more: float) -> float:
        value = function(x, *more)
        return Number(value, name, (x, *more)) if x.__class__ is Number else value

    return remembered


ceil = _remembering(math.ceil, "ceil")  # whole numbers become floats only where a Number went in; so do those that the formulas make of them
floor = _remembering(math.floor, "floor")
log = _remembering(math.log, "log")
sqrt = _remembering(math.sqrt, "sqrt")
whole = _remembering(round, "round")


def as_float(x: Any = 0.0) -> float:
    """float(x), which keeps a Number as it is."""
    return x if x.__class__ is Number else float(x)
