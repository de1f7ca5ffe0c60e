"""Rollups: grouping sets put into chains, each of which one sort order serves (preprocess_grouping_sets, extract_rollup_sets)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from auroraml.batch.quicksort import quick_sorted
from auroraml.planner.level.pathkeys import SortClause

Set = tuple[int, ...]  # target references
NEVER: Final = 1 << 14


class Rollup:
    """Grouping sets that are prefixes of one list of columns, the longest first; `groups` are their estimated groups."""

    __slots__ = ("clauses", "groups", "hashable", "hashed", "sets")

    def __init__(self, clauses: list[SortClause], sets: list[Set], hashable: bool = False, hashed: bool = False) -> None:
        self.clauses = clauses
        self.sets = sets
        self.hashable = hashable
        self.hashed = hashed
        self.groups = [0.0] * len(sets)


def build(sets: Sequence[Set], clauses: Sequence[SortClause], order: Sequence[int], hashable: Callable[[SortClause], bool]) -> list[Rollup]:
    """The rollups of grouping sets over the columns of `clauses`; `order` are ORDER BY's references."""
    by_ref = {c.ref: c for c in clauses}
    chains = _chains([sets[i] for i in quick_sorted([len(s) for s in sets])])
    found: list[Rollup] = []
    for chain in chains:
        ordered = _prefixes(chain, order if len(chains) == 1 else [])
        columns = [by_ref[ref] for ref in ordered[0]]
        found.append(Rollup(columns, ordered, hashable=bool(columns) and all(hashable(c) for c in columns)))
    return found


def _chains(sets: Sequence[Set]) -> list[list[Set]]:
    """Sets, shortest first, put into as few chains of subsets as there can be; empty sets go to the first."""
    empty = sum(1 for s in sets if not s)
    known: list[list[Set]] = [[]]  # by number from 1: sets of the same columns
    masks: list[frozenset[int]] = [frozenset()]
    below: list[list[int]] = [[]]  # the shorter sets that each contains
    size = first = 0
    for candidate in sets[empty:]:
        mask = frozenset(candidate)
        if size == len(candidate):
            twin = next((k for k in range(first, len(masks)) if masks[k] == mask), 0)
        else:
            twin, size, first = 0, len(candidate), len(masks)
        if twin:
            known[twin].append(candidate)
            continue
        below.append([k for k in range(first - 1, 0, -1) if masks[k] <= mask])
        masks.append(mask)
        known.append([candidate])
    if len(masks) == 1:
        return [list(sets)]
    upward, downward = _matching(below)
    chain = [0] * len(masks)
    count = 0
    for i in range(1, len(masks)):
        if 0 < downward[i] < i:
            chain[i] = chain[downward[i]]
        elif 0 < upward[i] < i:
            chain[i] = chain[upward[i]]
        else:
            count += 1
            chain[i] = count
    made: list[list[Set]] = [[] for _ in range(count)]
    for i in range(1, len(masks)):
        made[chain[i] - 1] += known[i]
    made[0] = [()] * empty + made[0]
    return made


def _matching(below: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """A largest matching of sets with sets they contain (Hopcroft and Karp), neighbours tried in PostgreSQL's order: the last first."""
    n = len(below)
    pair_uv, pair_vu, distance = [0] * n, [0] * n, [0] * n

    def breadth() -> bool:
        distance[0] = NEVER
        queue = []
        for u in range(1, n):
            distance[u] = NEVER if pair_uv[u] else 0
            if not pair_uv[u]:
                queue.append(u)
        for u in queue:  # grows while it is read
            if distance[u] < distance[0]:
                for v in reversed(below[u]):
                    if distance[pair_vu[v]] == NEVER:
                        distance[pair_vu[v]] = distance[u] + 1
                        queue.append(pair_vu[v])
        return distance[0] != NEVER

    def depth(u: int) -> bool:
        if u == 0:
            return True
        if distance[u] == NEVER:
            return False
        wanted = distance[u] + 1
        for v in reversed(below[u]):
            if distance[pair_vu[v]] == wanted and depth(pair_vu[v]):
                pair_vu[v], pair_uv[u] = u, v
                return True
        distance[u] = NEVER
        return False

    while breadth():
        for u in range(1, n):
            if pair_uv[u] == 0:
                depth(u)
    return pair_uv, pair_vu


def _prefixes(chain: Sequence[Set], wanted: Sequence[int]) -> list[Set]:
    """The sets of a chain, longest first, columns ordered so that each is a prefix of the next longer one, by ORDER BY as far as that goes."""
    previous: list[int] = []
    found: list[Set] = []
    for candidate in chain:
        new = [ref for ref in candidate if ref not in previous]
        while len(wanted) > len(previous) and new:
            ref = wanted[len(previous)]
            if ref not in new:
                wanted = []
                break
            previous.append(ref)
            new.remove(ref)
        previous += new
        found.insert(0, tuple(previous))
    return found
