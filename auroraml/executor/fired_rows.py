"""Rows on their way through BEFORE ROW triggers: one row's values, those that passed, and what triggers changed in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import Batch, Vector, concat


class RowValues:
    """One row of a batch, its columns cut out when they are read; `changed` are columns with other values."""

    __slots__ = ("changed", "columns", "row")

    def __init__(self, columns: Sequence[Vector], row: int, changed: dict[int, Vector] | None = None) -> None:
        self.columns = columns
        self.row = row
        self.changed = changed

    def get(self, place: int) -> Vector:
        """A column's value, a vector of one row."""
        if self.changed is not None and place in self.changed:
            return self.changed[place]
        return self.columns[place].slice(self.row, self.row + 1)

    def batch(self) -> Batch:
        """The row by itself."""
        return Batch.of([self.get(place) for place in range(len(self.columns))], 1)


def columns_of(batch: Batch, n: int) -> list[Vector]:
    """The first `n` columns of a batch, flat."""
    return [batch.vector(i).flat() for i in range(n)]


class Passed:
    """The rows of one batch that passed their triggers and are not yet stored."""

    def __init__(self, columns: Sequence[Vector]) -> None:
        self.columns = columns
        self.rows: list[int] = []
        self.changes: dict[int, dict[int, Vector]] = {}  # by column, then by place among the rows

    def add(self, row: int, values: RowValues | None) -> None:
        """A row, with what was changed in it."""
        for place, value in (values.changed or {}).items() if values is not None else ():
            self.changes.setdefault(place, {})[len(self.rows)] = value
        self.rows.append(row)

    def take(self) -> tuple[np.ndarray, Batch]:
        """The rows' numbers in their batch and their values; none are left."""
        index = np.array(self.rows, np.int64)
        made = [self._column(place, column, index) for place, column in enumerate(self.columns)]
        self.rows, self.changes = [], {}
        return index, Batch.of(made, len(index))

    def _column(self, place: int, column: Vector, index: np.ndarray) -> Vector:
        changed = self.changes.get(place)
        kept = column.take(index)
        if changed is None:
            return kept
        if len(changed) == len(index):
            return concat([changed[i] for i in range(len(index))])
        flat = kept.flat()
        return concat([changed[i] if i in changed else flat.slice(i, i + 1) for i in range(len(index))])
