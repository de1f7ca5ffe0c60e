"""Tours: orders in which relations are taken, drawn at random or crossed from two others by their neighbourhoods (geqo_erx.c)."""

from __future__ import annotations

from auroraml.batch.random_stream import RandomStream

Tour = list[int]  # numbers of relations from 1 on, each once
MOST_NEIGHBOURS = 4


def random_tour(stream: RandomStream, length: int) -> Tour:
    """A shuffle made while it is filled (init_tour)."""
    tour = [1] * length
    for i in range(1, length):
        place = stream.integer(0, i)
        tour[i] = tour[place]
        tour[place] = i + 1
    return tour


class Crossing:
    """Who stands beside whom in either parent; a neighbour that both have in common is negative (edge recombination)."""

    def __init__(self, stream: RandomStream, mother: Tour, father: Tour) -> None:
        self.stream = stream
        self.length = len(mother)
        self.neighbours: list[list[int]] = [[] for _ in range(self.length + 1)]  # those not placed yet
        for i in range(self.length):
            after = (i + 1) % self.length
            for tour in (mother, father):
                self._meet(tour[i], tour[after])
                self._meet(tour[after], tour[i])
        self.met = [len(found) for found in self.neighbours]
        self.placed = [False] * (self.length + 1)

    def _meet(self, one: int, two: int) -> None:
        found = self.neighbours[one]
        for i, known in enumerate(found):
            if abs(known) == two:
                found[i] = -two
                return
        found.append(two)

    def child(self) -> Tour:
        """A tour that keeps to the parents' neighbourhoods where it can (gimme_tour)."""
        last = self.stream.integer(1, self.length)
        tour = [last]
        for _ in range(1, self.length):
            self._forget(last)
            found = self._neighbour(last) if self.neighbours[last] else self._stranger(last)
            self.placed[last] = True
            tour.append(found)
            last = found
        return tour

    def _forget(self, gone: int) -> None:
        """Nobody can be led to `gone` any more; the last neighbour takes its place in their lists."""
        for near in self.neighbours[gone]:
            found = self.neighbours[abs(near)]
            for i, known in enumerate(found):
                if abs(known) == gone:
                    found[i] = found[-1]
                    found.pop()
                    break

    def _neighbour(self, of: int) -> int:
        """One that both parents have beside it, or one with the fewest neighbours left (gimme_gene)."""
        choices = self.neighbours[of]
        for near in choices:
            if near < 0:
                return -near
        fewest = min(len(self.neighbours[near]) for near in choices)
        return self._drawn([near for near in choices if len(self.neighbours[near]) == fewest])

    def _stranger(self, last: int) -> int:
        """Any that is left, first one with four neighbours in the parents (edge_failure)."""
        left = [i for i in range(1, self.length + 1) if not self.placed[i] and i != last]
        return self._drawn([i for i in left if self.met[i] == MOST_NEIGHBOURS] or left)

    def _drawn(self, choices: list[int]) -> int:
        """One by chance; PostgreSQL counts them down."""
        return choices[len(choices) - 1 - self.stream.integer(0, len(choices) - 1)]
