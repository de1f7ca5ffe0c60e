"""Range: a range as Python programs see it, with the attributes and the behaviour of psycopg's."""

from __future__ import annotations

from functools import total_ordering
from typing import Any

BOUNDS = ("[)", "(]", "[]", "()")


@total_ordering
class Range:
    """A range between two Python values, either of them None where it is infinite; `Range(empty=True)` is the empty one.

    A parameter's type is that of its bounds, as psycopg has it: of whole numbers, or without bounds, the server finds it out.
    """

    __slots__ = ("_bounds", "_lower", "_upper")

    def __init__(self, lower: Any = None, upper: Any = None, bounds: str = "[)", empty: bool = False) -> None:
        if not empty and bounds not in BOUNDS:
            raise ValueError(f"bound flags not valid: {bounds!r}")
        self._lower = None if empty else lower
        self._upper = None if empty else upper
        self._bounds = "" if empty else ("(" if lower is None else bounds[0]) + (")" if upper is None else bounds[1])

    @property
    def lower(self) -> Any:
        """The lower bound, None where it is infinite or the range is empty."""
        return self._lower

    @property
    def upper(self) -> Any:
        """The upper bound, None where it is infinite or the range is empty."""
        return self._upper

    @property
    def bounds(self) -> str:
        """The brackets, such as "[)"; nothing for the empty range."""
        return self._bounds

    @property
    def isempty(self) -> bool:
        """Whether the range is empty."""
        return not self._bounds

    @property
    def lower_inf(self) -> bool:
        """Whether there is no lower bound."""
        return bool(self._bounds) and self._lower is None

    @property
    def upper_inf(self) -> bool:
        """Whether there is no upper bound."""
        return bool(self._bounds) and self._upper is None

    @property
    def lower_inc(self) -> bool:
        """Whether the lower bound is a value of the range."""
        return self._bounds[:1] == "["

    @property
    def upper_inc(self) -> bool:
        """Whether the upper bound is a value of the range."""
        return self._bounds[1:] == "]"

    def __contains__(self, value: Any) -> bool:
        if not self._bounds:
            return False
        above = self._lower is None or value > self._lower or (self.lower_inc and value == self._lower)
        return bool(above and (self._upper is None or value < self._upper or (self.upper_inc and value == self._upper)))

    def __bool__(self) -> bool:
        return bool(self._bounds)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Range) and self._parts() == other._parts()

    def __lt__(self, other: Range) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        pairs = zip(self._parts(), other._parts(), strict=True)
        first = next(((mine, theirs) for mine, theirs in pairs if mine != theirs), None)
        if first is None:
            return False
        return first[0] is None or (first[1] is not None and bool(first[0] < first[1]))

    def __hash__(self) -> int:
        return hash(self._parts())

    def __repr__(self) -> str:
        return f"Range({self._lower!r}, {self._upper!r}, {self._bounds!r})" if self._bounds else "Range(empty=True)"

    def __str__(self) -> str:
        return f"{self._bounds[0]}{self._lower}, {self._upper}{self._bounds[1]}" if self._bounds else "empty"

    def _parts(self) -> tuple[Any, Any, str]:
        return self._lower, self._upper, self._bounds
