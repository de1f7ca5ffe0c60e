"""Loops: what a plan runs for: one set of exec parameters, or many at once, each row marked with the loop it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np

from auroraml.batch import Index, Vector
from auroraml.evaluate import Taken

Key: TypeAlias = tuple[str, int]


class Loops(Mapping[Key, Vector]):
    """Parameter values: one of each (`n` None), or `n` of each, one a loop. What is not set here is looked up outside.

    A value that nobody has set belongs to an init plan: `missing` runs it, once for these loops, when it is first read.
    """

    __slots__ = ("changing", "missing", "n", "outer", "own")

    def __init__(
        self, n: int | None, own: dict[Key, Vector], outer: Mapping[Key, Vector] | None, missing: Callable[[Key, Loops], Vector | None],
        changing: frozenset[int] = frozenset(),
    ) -> None:  # fmt: skip
        self.n = n
        self.changing = changing  # the exec parameters that differ from loop to loop
        self.own = own
        self.outer = outer
        self.missing = missing

    def __getitem__(self, key: Key) -> Vector:
        found = self.own.get(key)
        if found is None:
            made = self.missing(key, self)
            if made is None and self.outer is not None:
                return self.outer[key]
            if made is None:
                raise KeyError(key)
            found = self.own[key] = made
        return found

    def __iter__(self) -> Iterator[Key]:
        yield from self.own
        if self.outer is not None:
            yield from (key for key in self.outer if key not in self.own)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, key: object) -> bool:
        return key in self.own or (self.outer is not None and key in self.outer)

    def origin(self, number: int) -> tuple[Loops, Index | None]:
        """The loops that an exec parameter changes with, these or some outside them, and which of those each of these belongs to (None: there is one)."""
        found, places = self, None if self.n is None else np.arange(self.n)
        while True:
            outer, index = found.outer, places
            while isinstance(outer, Taken):
                index = outer.index if index is None else outer.index[index]
                outer = outer.base
            if not isinstance(outer, Loops) or number not in outer.changing:
                return found, places
            found, places = outer, None if outer.n is None else index

    def at(self, owners: Index) -> Mapping[Key, Vector]:
        """The parameters of rows, row i belonging to loop `owners[i]`."""
        return self if self.n is None else Taken(self, owners)
