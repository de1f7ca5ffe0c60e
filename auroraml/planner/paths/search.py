"""Join search: which relations to join, level by level (standard_join_search, join_search_one_level)."""

from __future__ import annotations

from auroraml.planner.level.deconstruct import JoinList
from auroraml.planner.level.level import Level
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.dominance import set_cheapest
from auroraml.planner.paths.geqo.genetic_search import GeneticSearch
from auroraml.planner.paths.joiner import Joiner
from auroraml.planner.paths.parallel import useful_gathers


def join_all(level: Level, joins: JoinList) -> Relation:
    """The relation of everything in a join list (make_rel_from_joinlist)."""
    initial = [level.relation(item) if isinstance(item, int) else join_all(level, item) for item in joins]
    if len(initial) == 1:
        return initial[0]
    if len(initial) >= level.statement.genetic_from:
        return GeneticSearch(level, initial).run()
    return Search(level, initial).run()


class Search(Joiner):
    """One search over a list of relations: all pairs."""

    def __init__(self, level: Level, initial: list[Relation]) -> None:
        super().__init__(level, initial)
        self.levels: list[list[Relation]] = [[], initial]

    def run(self) -> Relation:
        """Dynamic programming by number of relations."""
        for n in range(2, len(self.initial) + 1):
            self.fresh = []
            self.levels.append(self.fresh)
            self._one_level(n)
            for relation in self.levels[n]:
                if relation.partial_paths and relation.bits != self.level.all_bits:
                    useful_gathers(self.level, relation)
                set_cheapest(relation)
        found = self.levels[-1]
        if not found:
            raise AssertionError("failed to build any joins")
        return found[0]

    def _one_level(self, n: int) -> None:
        levels = self.levels
        for i, old in enumerate(levels[n - 1]):
            if old.join_clauses or old.has_class_joins or self.restricted(old):
                for other in levels[1][i + 1 :] if n == 2 else levels[1]:
                    if not old.bits & other.bits and (self.relevant(old, other) or self.ordered(old, other)):
                        self.join(old, other)
            else:
                self._clauseless(old)
        for k in range(2, n):
            other_level = n - k
            if k > other_level:
                break
            for i, old in enumerate(levels[k]):
                if not (old.join_clauses or old.has_class_joins or self.restricted(old)):
                    continue
                for other in levels[k][i + 1 :] if k == other_level else levels[other_level]:
                    if not old.bits & other.bits and (self.relevant(old, other) or self.ordered(old, other)):
                        self.join(old, other)
        if not levels[n]:
            for old in levels[n - 1]:
                self._clauseless(old)

    def _clauseless(self, old: Relation) -> None:
        for other in self.levels[1]:
            if not other.bits & old.bits:
                self.join(old, other)
