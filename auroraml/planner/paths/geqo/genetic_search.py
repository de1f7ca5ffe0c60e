"""GeneticSearch: join orders bred from one another; a tour of relations becomes joins by merging clumps (geqo_main.c, geqo_eval.c)."""

from __future__ import annotations

from math import inf

from auroraml.batch.random_stream import RandomStream
from auroraml.errors import InternalError
from auroraml.planner.level.ledger import WATCHED
from auroraml.planner.level.level import Level
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.dominance import set_cheapest
from auroraml.planner.paths.geqo.effort import Effort
from auroraml.planner.paths.geqo.pool import Pool
from auroraml.planner.paths.geqo.tours import Crossing, Tour, random_tour
from auroraml.planner.paths.joiner import Joiner
from auroraml.planner.paths.parallel import useful_gathers
from auroraml.planner.paths.scans import is_dummy

MOST_FAILURES = 10_000  # tours that give no plan, before the first that does


class _Clump:
    """Relations joined so far, on the way to one join of all."""

    __slots__ = ("relation", "size")

    def __init__(self, relation: Relation, size: int) -> None:
        self.relation = relation
        self.size = size


class GeneticSearch(Joiner):
    """One search over a list of relations: the cheapest of the tours that it comes by.

    PostgreSQL plans every tour from nothing. What two relations join to is the same each time, so it is kept here by the pair; where
    planning changes one of them (it turns out to be empty) nothing that was kept holds any longer.
    """

    def __init__(self, level: Level, initial: list[Relation]) -> None:
        super().__init__(level, initial)
        self.effort = Effort(level.statement.settings, len(initial))
        self.stream = RandomStream(self.effort.seed)
        self.before = dict(level.joins)
        self.kept: dict[tuple[Relation, Relation], Relation | None] = {}
        self.desired: dict[tuple[Relation, Relation], bool] = {}

    def run(self) -> Relation:
        """Breed tours; the best one's relation, with its joins those of the level."""
        watched = WATCHED.set(None)  # who beat whom is of interest in the order that is taken, not in those tried
        self.level.genetic = True
        try:
            best = self._best()
        finally:
            WATCHED.reset(watched)
        if WATCHED.get() is not None:
            self.forget()
        found = self._tree(best)
        self.level.genetic = False
        if found is None:
            raise InternalError("geqo failed to make a valid plan")
        return found

    def forget(self) -> None:
        """Drop what was kept of joins."""
        self.kept.clear()
        self.desired.clear()

    def _best(self) -> Tour:
        pool = Pool(self._first())
        for _ in range(self.effort.generations):
            mother, father = pool.parents(self.stream, self.effort.bias)
            child = Crossing(self.stream, mother, father).child()
            pool.add(self._worth(child), child)
        return pool.best

    def _first(self) -> list[tuple[float, Tour]]:
        """Random tours; those that give no plan are not counted (random_init_pool)."""
        found: list[tuple[float, Tour]] = []
        failures = 0
        while len(found) < self.effort.pool_size:
            tour = random_tour(self.stream, len(self.initial))
            worth = self._worth(tour)
            if worth < inf:
                found.append((worth, tour))
                continue
            failures += 1
            if not found and failures >= MOST_FAILURES:
                raise InternalError("geqo failed to make a valid plan")
        return found

    def _worth(self, tour: Tour) -> float:
        """What a tour's plan costs (geqo_eval)."""
        relation = self._tree(tour)
        if relation is None:
            return inf
        assert relation.cheapest_total is not None
        return relation.cheapest_total.total

    def _tree(self, tour: Tour) -> Relation | None:
        """The join of all relations, taken in a tour's order: by what is worth joining, then by force (gimme_tree)."""
        self.level.joins = dict(self.before)
        clumps: list[_Clump] = []
        for number in tour:
            self._merge(clumps, _Clump(self.initial[number - 1], 1), False)
        if len(clumps) > 1:
            forced: list[_Clump] = []
            for clump in clumps:
                self._merge(forced, clump, True)
            clumps = forced
        return clumps[0].relation if len(clumps) == 1 else None

    def _merge(self, clumps: list[_Clump], new: _Clump, force: bool) -> None:
        """Join a clump to the first that it can be joined to, and so on with the result; the larger stand in front (merge_clump)."""
        while True:
            for i, old in enumerate(clumps):
                if not force and not self._desirable(old.relation, new.relation):
                    continue
                joined = self._joined(old.relation, new.relation)
                if joined is not None:
                    del clumps[i]
                    new = _Clump(joined, old.size + new.size)
                    break
            else:
                break
        place = len(clumps)
        if new.size > 1:
            place = next((i for i, old in enumerate(clumps) if new.size > old.size), place)
        clumps.insert(place, new)

    def _desirable(self, one: Relation, two: Relation) -> bool:
        """Whether a clause or a rule of order asks for the join (desirable_join)."""
        known = self.desired.get((one, two))
        if known is None:
            known = self.desired[one, two] = self.relevant(one, two) or self.ordered(one, two)
        return known

    def _joined(self, one: Relation, two: Relation) -> Relation | None:
        """The finished join of two relations, if their order is legal."""
        if (one, two) in self.kept:
            found = self.kept[one, two]
            if found is not None:
                self.level.joins[found.bits] = found
            return found
        empty = is_dummy(one), is_dummy(two)
        found = self.join(one, two)
        if found is not None:
            if found.partial_paths and found.bits != self.level.all_bits:
                useful_gathers(self.level, found)
            set_cheapest(found)
        if (is_dummy(one), is_dummy(two)) == empty:
            self.kept[one, two] = found
        else:
            self.forget()
        return found
