"""Genetic search: sizes by effort, tours that hold each relation once, a pool that stays in order."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from auroraml.batch.random_stream import RandomStream
from auroraml.planner.paths.geqo.effort import Effort
from auroraml.planner.paths.geqo.pool import Pool
from auroraml.planner.paths.geqo.tours import Crossing, random_tour
from auroraml.settings import planner as s
from auroraml.settings.values import Settings


def test_pool_sizes_follow_the_effort_within_its_bounds() -> None:
    settings = Settings()
    assert [Effort(settings, n).pool_size for n in (2, 5, 6, 12, 100)] == [50, 64, 128, 250, 250]


def test_a_pool_size_below_two_is_as_good_as_none() -> None:
    settings = Settings()
    settings.set(s.GEQO_POOL_SIZE.name, "1")
    assert Effort(settings, 12).pool_size == 250
    settings.set(s.GEQO_POOL_SIZE.name, "2")
    settings.set(s.GEQO_GENERATIONS.name, "7")
    effort = Effort(settings, 12)
    assert (effort.pool_size, effort.generations) == (2, 7)


@given(st.floats(0, 1), st.integers(2, 30))
def test_children_hold_each_relation_once(seed: float, length: int) -> None:
    stream = RandomStream(seed)
    mother, father = random_tour(stream, length), random_tour(stream, length)
    child = Crossing(stream, mother, father).child()
    assert sorted(mother) == sorted(father) == sorted(child) == list(range(1, length + 1))


def test_a_child_of_equal_parents_keeps_their_neighbours() -> None:
    stream = RandomStream(0.5)
    parent = random_tour(stream, 9)
    child = Crossing(stream, parent, parent).child()
    pairs = {frozenset((parent[i - 1], parent[i])) for i in range(9)}
    assert all(frozenset(pair) in pairs for pair in pairwise(child))


@given(st.lists(st.integers(1, 9), min_size=2, max_size=60), st.lists(st.integers(1, 9), max_size=40))
def test_a_pool_keeps_its_size_and_order(first: list[int], more: list[int]) -> None:
    pool = Pool([(float(worth), [i]) for i, worth in enumerate(first)])
    for worth in more:
        pool.add(float(worth), [-1])
    worths = [worth for worth, _ in pool.tours]
    assert worths == sorted([*map(float, first), *map(float, more)])[: len(first)]
