"""Frame: the rows an expression is evaluated over, with parameters and values computed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Protocol

import numpy as np

from auroraml.batch import Batch, Index, Vector
from auroraml.functions.signature import CallContext
from auroraml.ir import expr as e
from auroraml.ir.objects import Function
from auroraml.records import dataclass


class Runtime(CallContext, Protocol):
    """What evaluation needs of the statement beyond kernels: subqueries, SQL functions, call counts."""

    def run_subplan(self, plan: e.SubPlan, frame: Frame) -> Vector:
        """The value of a planned subquery for each row of `frame`."""

    def run_sql_function(self, function: Function, args: list[Vector], n: int) -> Vector:
        """A LANGUAGE SQL function that is not a plain expression, for each of `n` rows."""

    def run_procedural(self, function: Function, args: list[Vector], n: int) -> Vector:
        """A LANGUAGE plpgsql function, for each of `n` rows."""

    user: str  # who the function at hand runs as
    moment: bool  # planning has computed what another moment may answer otherwise
    nested_time: float  # milliseconds spent in the functions that the one at hand has called

    def count_call(self, function: Function, calls: int, total: float, own: float) -> None:
        """Add to pg_stat_user_functions: calls, and milliseconds with and without the functions called from it."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """`n` rows of one or two input batches; `params` by (kind, number); `computed` by id() of Aggregate, WindowCall and set-returning Call nodes."""

    n: int
    sides: tuple[Batch, ...] = ()
    params: Mapping[tuple[str, int], Vector] = field(default_factory=dict)
    ctx: Runtime
    computed: Mapping[int, Vector] = field(default_factory=dict)
    element: Vector | None = None
    batched: bool = False  # a batch-mode Function Scan: batch functions get all rows in one call

    def take(self, index: Index) -> Frame:
        """The rows at `index` only."""
        return replace(
            self, n=len(index), sides=tuple(side.take(index) for side in self.sides), params=Taken(self.params, index),
            computed=Taken(self.computed, index), element=None if self.element is None else self.element.take(index),
        )  # fmt: skip

    def slice(self, start: int, stop: int) -> Frame:
        """The rows from `start` to before `stop`."""
        index = np.arange(start, stop) if self.params or self.computed else np.zeros(0, np.int64)
        return replace(
            self, n=stop - start, sides=tuple(side.slice(start, stop) for side in self.sides), params=Taken(self.params, index),
            computed=Taken(self.computed, index), element=None if self.element is None else self.element.slice(start, stop),
        )  # fmt: skip


class Taken(dict):  # type: ignore[type-arg] # a lazy view: values are gathered when they are read
    """The vectors of `base` at the rows `index`; vectors of one value hold for every row and stay as they are."""

    def __init__(self, base: Mapping[Any, Vector], index: Index) -> None:
        super().__init__()
        self.base = base
        self.index = index

    def __missing__(self, key: object) -> Vector:
        found = self.base[key]
        self[key] = taken = found if found.n == 1 and len(self.index) else found.take(self.index)
        return taken

    def __contains__(self, key: object) -> bool:
        return key in self.base

    def get(self, key: object, default: object = None) -> object:
        return self[key] if key in self.base else default


def scatter(vector: Vector, index: Index, n: int) -> Vector:
    """`vector`'s values at the rows `index` of `n`, NULL elsewhere."""
    if len(index) == n:
        return vector
    places = np.full(n, -1, np.int64)
    places[index] = np.arange(len(index))
    return vector.take(places, True)
