"""Rows with equal keys: look-up tables, dictionaries and turned look-ups find the same pairs as comparing every row with every other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from auroraml.batch import DictVector, FixedVector, Index, NumericVector, TextVector, Vector, all_of, numbers, put_in_order, stable_order
from auroraml.batch.batch import Rows
from auroraml.batch.narrow import NarrowFixed, NarrowNumeric
from auroraml.executor import matching, stored_keys
from auroraml.executor.key_codes import flags_at
from auroraml.executor.matching import Matcher
from auroraml.executor.stored_keys import find_stored
from auroraml.storage.columns import FixedColumn
from auroraml.types.pg_type import PgType
from auroraml.types.table import BOOL, FLOAT8, INT4, INT8, NUMERIC, TEXT

RANDOM = np.random.default_rng(7)


def pairs_by_hand(build: Sequence[Vector], probe: Sequence[Vector], latest_first: bool) -> list[tuple[int, int]]:
    stored = list(zip(*(v.datums() for v in build), strict=True))
    found = []
    for i, key in enumerate(zip(*(v.datums() for v in probe), strict=True)):
        same = [j for j, other in enumerate(stored) if None not in key and key == other]
        found += [(i, j) for j in (same[::-1] if latest_first else same)]
    return found


def check(build: Sequence[Vector], probe: Sequence[Vector], types: Sequence[PgType], latest_first: bool) -> None:
    n, m = build[0].n, probe[0].n
    wanted = pairs_by_hand(build, probe, latest_first)
    matcher = Matcher(build, types, n, latest_first)
    for _ in range(2):  # the first look-up may be turned, the second is not
        i, j = matcher.pairs(probe, m)
        assert list(zip(i.tolist(), j.tolist(), strict=True)) == wanted
    lonely = [(row, -1) for row in range(m) if all(row != a for a, _ in wanted)]
    for found in (matcher.find(probe, m), Matcher(build, types, n, latest_first).find(probe, m)):
        i, j = found.outer_pairs()
        assert list(zip(i.tolist(), j.tolist(), strict=True)) == sorted([*wanted, *lonely], key=lambda pair: pair[0])
        assert found.sizes().tolist() == [sum(1 for a, _ in wanted if a == row) for row in range(m)]
        assert found.count() == found.sizes().sum()
    sizes = [sum(1 for a, _ in wanted if a == row) for row in range(m)]
    assert matcher.sizes(probe, m).tolist() == sizes
    assert matcher.contains(probe, m).tolist() == [size > 0 for size in sizes]
    assert Matcher(build, types, n).contains(probe, m).tolist() == [size > 0 for size in sizes]
    assert matcher.most >= max(sizes, default=0)


def ints(values: Sequence[int], dtype: type = np.int64, nulls: float = 0.0) -> FixedVector:
    valid = RANDOM.random(len(values)) >= nulls
    made: np.ndarray = np.where(valid, np.array(values, dtype), dtype(0)).astype(dtype)
    return FixedVector(made, None if valid.all() else valid)


@pytest.fixture(params=["dense", "sparse", "hashed together", "turned", "pieces", "sampled"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "sparse":
        monkeypatch.setattr(matching, "DENSE", -1)
        monkeypatch.setattr(matching, "WIDEST", -1)
        monkeypatch.setattr(matching, "ROOM", 0)
        monkeypatch.setattr(matching, "PER_ROW", 0)
    if request.param == "hashed together":  # each key by its distance from the lowest, but not all of them
        monkeypatch.setattr(matching, "DENSE", 60)
        monkeypatch.setattr(matching, "WIDEST", 60)
        monkeypatch.setattr(matching, "ROOM", 0)
        monkeypatch.setattr(matching, "PER_ROW", 0)
    if request.param == "sampled":
        monkeypatch.setattr(matching, "LONG", 1)
        monkeypatch.setattr(matching, "SAMPLE", 3)
    if request.param == "pieces":
        monkeypatch.setattr(matching, "PIECE", 7)
    monkeypatch.setattr(matching, "FEWER", 0 if request.param == "turned" else 1 << 40)
    return str(request.param)


@pytest.mark.parametrize("latest_first", [False, True])
@pytest.mark.parametrize("low", [-50, 0, 1, 40, 100_000, 2**62, -(2**63)])
@pytest.mark.parametrize("nulls", [0.0, 0.3])
def test_integers(way: str, low: int, nulls: float, latest_first: bool) -> None:
    draw = [low + int(x) for x in RANDOM.integers(0, 40, 60)]
    asked = [*(low + int(x) for x in RANDOM.integers(0, 60, 50)), 0, -1, 2**63 - 1, -(2**63), 7]
    check([ints(draw, np.int64, nulls)], [ints(asked, np.int64, nulls)], [INT8], latest_first)


@pytest.mark.parametrize("latest_first", [False, True])
def test_unique_and_ordered_keys(way: str, latest_first: bool) -> None:
    for draw in ([5, 3, 9, 1], [1, 2, 3, 4], [1, 1, 2, 7], [4], [9, 9, 9]):
        check([ints(draw, np.int32)], [ints([1, 3, 3, 4, 9, 10, 0], np.int32)], [INT4], latest_first)


@pytest.mark.parametrize("latest_first", [False, True])
def test_several_keys(way: str, latest_first: bool) -> None:
    def rows(n: int) -> list[Vector]:
        texts = pa.array([f"t{x}" for x in RANDOM.integers(0, 4, n)], pa.large_string())
        cents = NumericVector(RANDOM.integers(0, 3, n) * 1_000_000_007, 2)
        return [ints(RANDOM.integers(0, 5, n).tolist(), np.int64, 0.1), TextVector(texts), cents]

    check(rows(200), rows(100), [INT8, TEXT, NUMERIC], latest_first)


@pytest.mark.parametrize("nulls", [0.0, 0.2])
def test_two_keys_that_are_there_but_not_together(way: str, nulls: float) -> None:
    build = [ints(RANDOM.integers(0, 50, 80).tolist(), np.int64, nulls), ints(RANDOM.integers(-20, 20, 80).tolist(), np.int32, nulls)]
    probe = [ints(RANDOM.integers(-5, 70, 300).tolist(), np.int64, nulls), ints(RANDOM.integers(-30, 30, 300).tolist(), np.int32, nulls)]
    check(build, probe, [INT8, INT4], False)


def test_codes_too_wide_for_one_number(way: str) -> None:
    def rows(n: int) -> list[Vector]:
        return [ints((RANDOM.integers(0, 4, n) * 3_000_000_000).tolist()) for _ in range(5)]

    check(rows(60), rows(60), [INT8] * 5, False)


@pytest.mark.parametrize("low", [-100, 0, 30])
def test_narrow_and_wide_numbers(way: str, low: int) -> None:
    narrow = NarrowFixed((RANDOM.integers(0, 40, 50) + low).astype(np.int8), np.dtype(np.int64), None, low, low + 39)
    before = ints([*range(-2000, 2000, 3), 2**63 - 1, -(2**63), low, low + 39])
    check([narrow], [before], [INT8], True)
    check([before.slice(0, 900)], [narrow], [INT8], False)
    check([narrow, narrow], [before.slice(600, 800), before.slice(600, 800)], [INT8, INT8], False)
    assert before.values.tolist()[:3] == [-2000, -1997, -1994]
    cents = NarrowNumeric(narrow.narrow, 2, None, low, low + 39)
    check([cents], [NumericVector(np.arange(-120, 120), 2)], [NUMERIC], False)


def test_floats_booleans_dictionaries(way: str) -> None:
    check([FixedVector(np.array([0.0, -0.0, 1.5, 2.5]))], [FixedVector(np.array([-0.0, 2.5, 9.0]))], [FLOAT8], False)
    check([FixedVector(np.array([0.5, 0.1], np.float32))], [FixedVector(np.array([0.1, 0.5, float(np.float32(0.1))]))], [FLOAT8], False)
    check([FixedVector(np.array([5, 7], np.int32))], [FixedVector(np.array([2**32 + 5, 7]))], [INT8], False)
    check([FixedVector(np.array([True, False, True]))], [FixedVector(np.array([False, True]))], [BOOL], True)
    here = DictVector(np.array([0, 1, 1, 2], np.int32), TextVector(pa.array(["a", "b", "c"], pa.large_string())))
    there = DictVector(
        np.array([1, 0, 2, 1], np.int32), TextVector(pa.array(["x", "b", "c"], pa.large_string())), np.array([True, True, True, False])
    )
    check([here], [there], [TEXT], True)
    check([here], [here], [TEXT], False)
    check([here], [there.flat()], [TEXT], False)


@pytest.mark.parametrize("nulls", [0.0, 1.0])
def test_nothing_to_find(way: str, nulls: float) -> None:
    check([ints([], np.int32)], [ints([1, 2], np.int32)], [INT4], False)
    check([ints([1, 2], np.int32, nulls)], [ints([], np.int32)], [INT4], False)
    check([ints([1, 2], np.int32, nulls)], [ints([3, 0], np.int32)], [INT4], False)


def test_too_many_pairs_are_not_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MOST_TURNED", 10)
    build, probe = [ints([1] * 50)], [ints([1, 2])]
    check(build, probe, [INT8], True)


def test_numbers_of_two_scales() -> None:
    build = [NumericVector(np.array([150, 200, 7]), 2)]
    check(build, [NumericVector(np.array([15, 2000, 1]), 1)], [NUMERIC], False)


def test_row_numbers_are_shared_and_known() -> None:
    assert numbers(5).tolist() == [0, 1, 2, 3, 4]
    assert all_of(numbers(5), 5)
    assert all_of(numbers(100_000), 100_000)
    assert not all_of(numbers(6)[1:], 5)
    assert not all_of(numbers(5), 6)
    assert not all_of(numbers(10)[::2], 5)
    with pytest.raises(ValueError, match="read-only"):
        numbers(5)[0] = 1


@pytest.mark.parametrize("latest_first", [False, True])
@pytest.mark.parametrize("low", [-50, 0, 1, 100_000])
@pytest.mark.parametrize("step", [1, 3, 900])
def test_outer_keys_that_ascend(way: str, low: int, step: int, latest_first: bool) -> None:
    for asked in (range(40), range(0, 80, 2), range(25, 70, 3), [-7, -5, 0, 1, 39, 40, 41, 1000], [0, 1, 1, 2, 3, 5], [*range(30), 4]):
        draw = [low + step * int(x) for x in RANDOM.integers(0, 40, 30)]
        check([ints(draw)], [ints([low + step * x for x in asked], np.int32)], [INT8], latest_first)
        check([ints(sorted(draw))], [ints([low + step * x for x in asked])], [INT8], latest_first)


def test_inner_rows_are_looked_up_among_outer_ones_that_ascend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "LONG", 1)
    build = [ints([5, 3, 5, 9, 1, 3, 3])]
    for asked, merged in (([1, 3, 4, 5, 6], True), ([-1, 0, 3, 9, 10], True), ([10, 11, 12, 13], True), ([1, 3, 3, 5], False), ([5, 3, 1, 0], False)):
        assert isinstance(Matcher(build, [INT8], 7, True).find([ints(asked, np.int32)], len(asked)), matching.FoundPairs) is merged
    monkeypatch.setattr(matching, "PIECE", 4)  # keys that ascend in the first pieces alone
    for rest, merged in (([9, 10, 12, 13], True), ([3, 5, 5, 1], False)):
        asked = [0, 1, 2, 3, 4, 5, 6, 8, *rest]
        found = Matcher(build, [INT8], 7, True).find([ints(asked, np.int32)], len(asked))
        assert isinstance(found, matching.FoundPairs) is merged
        assert list(zip(*(part.tolist() for part in found.pairs()), strict=True)) == pairs_by_hand(build, [ints(asked)], True)


@pytest.mark.parametrize("by_rank", [False, True])
@pytest.mark.parametrize("latest_first", [False, True])
@pytest.mark.parametrize(
    "draw", [[5, 2, 5, 8, 2, 2], [9, 1, 4], [2, 4, 4, 8], [2, 4, 4, 26, 28], [-4, 2, 2], [100, 90], [2**62, 7], [1 - 2**63], [7]]
)
def test_inner_keys_are_looked_up_in_a_stored_column_that_ascends(
    draw: list[int], latest_first: bool, by_rank: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_keys, "LONG", 1)
    monkeypatch.setattr(stored_keys, "FITTING", 0)
    if by_rank:
        for limit, value in (("DENSE", 3), ("ROOM", 0), ("PER_ROW", 0), ("WIDEST", 0)):
            monkeypatch.setattr(matching, limit, value)
    stored = FixedColumn(FixedVector(np.zeros(0, np.int64)))
    values: Index = np.array([-3, *range(0, 30, 2), 33, 34, 35, 90])
    stored.append(FixedVector(values))
    column, build = stored.vector, [ints(draw)]
    mask = np.arange(len(values)) % 3 != 1
    chosen: Index = np.flatnonzero(mask)
    for rows in (Rows.range(0, len(values)), Rows.range(2, 18), Rows.rising(chosen), Rows(len(chosen), 0, mask=mask)):
        found = find_stored(Matcher(build, [INT8], len(draw), latest_first), column, rows)
        if abs(draw[0]) >= 2**62:
            assert found is None  # such numbers are hashed, or too far away
            continue
        assert found is not None
        i, j = found.pairs()
        asked = FixedVector(values.take(rows.numbers()))
        assert list(zip(i.tolist(), j.tolist(), strict=True)) == pairs_by_hand(build, [asked], latest_first)
    matcher = Matcher(build, [INT8], len(draw), latest_first)
    if draw == [2, 4, 4, 26, 28] and not matcher.unique:  # the codes are in order already: it is asked how many of them may be among few rows
        assert find_stored(matcher, column, Rows.range(2, 6)) is None
        assert find_stored(matcher, column, Rows.range(6, 13)) is not None
    assert find_stored(matcher, column, Rows.at(chosen)) is None  # not known to ascend
    assert find_stored(matcher, FixedVector(values), Rows.range(0, len(values))) is None  # not stored
    stored.append(ints([90, 91]))
    assert find_stored(matcher, stored.vector, Rows.range(0, len(values) + 2)) is None  # one number twice


@pytest.mark.parametrize("latest_first", [False, True])
@pytest.mark.parametrize("draw", [[5, 200], [5, 200, 5], [-40, 200, 7], [300, 5, 9, 5, 700], [100_040, 99_990]])
def test_few_inner_keys_are_found_in_a_stored_column(draw: list[int], latest_first: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_keys, "LONG", 1)
    monkeypatch.setattr(stored_keys, "STRETCH", 7)
    monkeypatch.setattr(stored_keys, "FAR_STRETCH", 7)
    stored = FixedColumn(FixedVector(np.zeros(0, np.int64)))
    values: Index = np.array([5, 200, *range(30), 5, 5, 7, -40, 99_990, 2**40, -(2**40), 700])
    stored.append(FixedVector(values))
    with_null = FixedColumn(FixedVector(np.zeros(0, np.int64)))
    with_null.append(FixedVector(values, values != 7))
    small: Index = np.array([5, 200, *range(30), 5, 5, 7, 40, 99_990, 100_040, 100_041, 700])  # of which a table of flags can be made
    asked: list[int] = []
    monkeypatch.setattr(stored_keys, "flags_at", lambda flags, places: asked.append(len(flags)) or flags_at(flags, places))  # type: ignore[func-returns-value]
    as_stored = NarrowFixed(small.astype(np.int32), small.dtype, None, 0, 100_041)
    mask = np.arange(len(values)) % 4 != 1
    for column in (stored.vector, with_null.vector, as_stored):
        for rows in (Rows.range(0, len(values)), Rows.range(2, 40), Rows(int(mask.sum()), 0, mask=mask), Rows(int(mask[3:].sum()), 3, mask=mask[3:])):
            found = find_stored(Matcher([ints(draw)], [INT8], len(draw), latest_first), column, rows)
            assert found is not None
            i, j = found.pairs()
            at = rows.take(i).numbers()  # as if all numbers were known
            assert list(zip(i.tolist(), j.tolist(), strict=True)) == pairs_by_hand([ints(draw)], [column.take(rows.numbers())], latest_first)
            assert at.tolist() == rows.numbers().take(i).tolist()
    assert bool(asked) == (0 < min(draw) < 99_990)  # others are counted from where they begin
    many = Matcher([ints(list(range(30)))], [INT8], 30, latest_first)
    assert find_stored(many, stored.vector, Rows.range(0, len(values))) is None  # most may have a match
    assert find_stored(Matcher([ints(draw)], [INT8], len(draw)), stored.vector, Rows.at(np.arange(9))) is None  # no stretch


@pytest.mark.parametrize("size", [1, 2, 25, 65_536, 65_537, 1 << 33, 1 << 50, 1 << 62])
def test_order_of_numbers(size: int) -> None:
    for n in (0, 1, 2, 1_000):
        codes: Index = RANDOM.integers(0, size, n)
        for last_first in (False, True):
            order, ordered = put_in_order(codes, size, last_first=last_first)
            assert order.tolist() == sorted(range(n), key=lambda i, up=-1 if last_first else 1: (codes[i], i * up))  # type: ignore[misc]
            assert ordered.tolist() == np.sort(codes).tolist()
        assert stable_order(codes, size).tolist() == np.argsort(codes, kind="stable").tolist()
        assert stable_order(np.sort(codes), size).tolist() == list(range(n))
