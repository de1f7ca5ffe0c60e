"""Pool: the best tours so far, cheapest first; who is chosen as a parent, and where a child goes (geqo_pool.c, geqo_selection.c)."""

from __future__ import annotations

from math import sqrt

from auroraml.batch.quicksort import quick_sorted
from auroraml.batch.random_stream import RandomStream
from auroraml.planner.paths.geqo.tours import Tour


class Pool:
    """Tours with what their plans cost."""

    def __init__(self, tours: list[tuple[float, Tour]]) -> None:
        ranks = {worth: i for i, worth in enumerate(sorted({worth for worth, _ in tours}))}
        self.tours = [tours[i] for i in quick_sorted([ranks[worth] for worth, _ in tours])]

    @property
    def best(self) -> Tour:
        """The cheapest tour."""
        return self.tours[0][1]

    def parents(self, stream: RandomStream, bias: float) -> tuple[Tour, Tour]:
        """Two different members, the cheap ones more often (geqo_selection)."""
        first = self._chosen(stream, bias)
        second = self._chosen(stream, bias)
        while first == second and len(self.tours) > 1:
            second = self._chosen(stream, bias)
        return self.tours[first][1], self.tours[second][1]

    def _chosen(self, stream: RandomStream, bias: float) -> int:
        """A place, its chance falling linearly from `bias` times the average at the front (linear_rand)."""
        size = float(len(self.tours))
        while True:
            root = bias * bias - 4.0 * (bias - 1.0) * stream.fraction()
            if root > 0.0:
                root = sqrt(root)
            place = size * (bias - root) / 2.0 / (bias - 1.0)
            if 0.0 <= place < size:
                return int(place)

    def add(self, worth: float, tour: Tour) -> None:
        """Put a tour in its place and drop the worst; one that is worse than all is not taken (spread_chromo)."""
        tours = self.tours
        if worth > tours[-1][0]:
            return
        tours.insert(self._place(worth), (worth, tour))
        tours.pop()

    def _place(self, worth: float) -> int:
        """PostgreSQL's binary search, which decides among equal costs."""
        tours = self.tours
        top, middle, bottom = 0, len(tours) // 2, len(tours) - 1
        while True:
            if worth <= tours[top][0]:
                return top
            if worth == tours[middle][0]:
                return middle
            if worth == tours[bottom][0] or bottom - top <= 1:
                return bottom
            if worth < tours[middle][0]:
                bottom = middle
            else:
                top = middle
            middle = top + (bottom - top) // 2
