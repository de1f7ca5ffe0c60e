"""Selection: by mask or by places, it says the same."""

from __future__ import annotations

import numpy as np
import pytest

from auroraml.batch import Batch, FixedVector, Rows, Selection
from auroraml.batch.batch import FEW, Column

MASKS = {
    "none": np.zeros(100, np.bool_), "all": np.ones(100, np.bool_), "first": np.arange(100) == 0, "last": np.arange(100) == 99,
    "some": np.arange(100) % 7 == 3, "no rows": np.zeros(0, np.bool_), "one far from the end": np.arange(1_000) == 17,
    "behind the first step": np.arange(1_000) == 935,
}  # fmt: skip


def forms(mask: np.ndarray) -> list[Selection]:
    return [Selection.by_mask(mask), Selection.at(np.flatnonzero(mask), len(mask))]


@pytest.mark.parametrize("name", MASKS)
def test_both_forms_say_the_same(name: str) -> None:
    mask = MASKS[name]
    places = np.flatnonzero(mask)
    for number in range(2):
        assert forms(mask)[number].count == len(places)
        assert forms(mask)[number].every == bool(mask.all())
        assert forms(mask)[number].mask.tolist() == mask.tolist()
        assert forms(mask)[number].places.tolist() == places.tolist()
        for k in range(len(places) + 1):
            assert forms(mask)[number].reached(k) == (places[k - 1] + 1 if k else 0)


def test_no_conditions_choose_every_row() -> None:
    chosen = Selection(5, 5)
    assert chosen.every and chosen.mask.all() and chosen.places.tolist() == [0, 1, 2, 3, 4] and chosen.reached(3) == 3


@pytest.mark.parametrize("name", ["none", "all", "some"])
def test_rows_chosen_of_chosen_ones(name: str) -> None:
    outer = np.arange(0, 1_000, 10)
    for inner in forms(MASKS[name]):
        found = inner.within(outer, 1_000)
        assert found.n == 1_000 and found.places.tolist() == outer[MASKS[name]].tolist()


@pytest.mark.parametrize("rows", [Rows.range(0, 100), Rows.range(5, 105), Rows.at(np.arange(100)[::-1])], ids=["whole", "range", "index"])
@pytest.mark.parametrize("name", ["none", "all", "first", "some"])
def test_a_batch_has_the_chosen_rows(rows: Rows, name: str) -> None:
    batch = Batch([Column(FixedVector(np.arange(1_000)), rows)], 100)
    wanted = np.array(batch.vector(0).datums())[MASKS[name]].tolist()
    for chosen in forms(MASKS[name]):
        assert batch.chosen(chosen).vector(0).datums() == wanted
        assert batch.chosen(chosen).slice(0, 3).vector(0).datums() == wanted[:3]


def test_an_index_that_is_no_range_is_not_taken_for_one() -> None:
    index = np.arange(10 * FEW)
    assert Rows.lying(index).is_range and Rows.lying(index + 3).start == 3
    swapped = index.copy()
    swapped[[5 * FEW + 1, 5 * FEW + 2]] = swapped[[5 * FEW + 2, 5 * FEW + 1]]  # between the places that are looked at first
    assert not Rows.lying(swapped).is_range
    late = index.copy()
    late[2 * FEW : -1] = late[2 * FEW : -1][::-1]
    assert not Rows.lying(late).is_range
