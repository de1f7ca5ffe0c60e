"""Codes, groups and orders of rows, against plain Python, with each technique forced."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

from auroraml.batch import DictVector, FixedVector, NumericVector, TextVector, Vector
from auroraml.evaluate import keys
from auroraml.types.pg_type import PgType
from auroraml.types.table import BOOL, BPCHAR, FLOAT8, INT4, INT8, NUMERIC, TEXT


def texts(values: list[str]) -> TextVector:
    return TextVector(pa.array(values, pa.large_string()))


@pytest.mark.parametrize("size", [1, 3, 1000, 1 << 33, 1 << 40])
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("short", [1, 1 << 30])
def test_groups_are_numbered_as_they_appear(size: int, ordered: bool, short: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "SHORT", short)
    monkeypatch.setattr(keys, "GLANCE", 100)
    values = [random.Random(1).randrange(size) if size < 1000 else (i % 400) ** 5 % size for i in range(500)]
    values = sorted(values) if ordered else values
    codes, count, first = keys.numbered(np.array(values, np.int64), size)
    seen: dict[int, int] = {}
    assert codes.tolist() == [seen.setdefault(value, len(seen)) for value in values]
    assert count == len(seen)
    assert first.tolist() == [values.index(value) for value in seen]


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("short", [1, 1 << 30])
@pytest.mark.parametrize("nulls", [0.0, 0.3])
@pytest.mark.parametrize("apart", [1, 40_000_000])
def test_first_of_each(apart: int, nulls: float, short: int, ordered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "SHORT", short)
    monkeypatch.setattr(keys, "GLANCE", 100)
    draw = random.Random(3)
    numbers = [draw.randrange(150) * apart for _ in range(600)]
    numbers = sorted(numbers) if ordered else numbers
    valid = np.array([draw.random() >= nulls for _ in numbers])
    words = [str(draw.randrange(3)) for _ in numbers]
    vectors: list[Vector] = [FixedVector(np.where(valid, numbers, 0), None if valid.all() else valid), texts(words)]
    seen: dict[tuple[object, ...], int] = {}
    for row, key in enumerate(zip(vectors[0].datums(), words, strict=True)):
        seen.setdefault(key, row)
    assert keys.first_of_each(vectors, [INT8, TEXT], len(numbers)).tolist() == list(seen.values())
    alone: dict[object, int] = {}
    for row, value in enumerate(vectors[0].datums()):
        alone.setdefault(value, row)
    assert keys.first_of_each(vectors[:1], [INT8], len(numbers)).tolist() == list(alone.values())
    assert keys.first_of_each([v.slice(0, 0) for v in vectors], [INT8, TEXT], 0).tolist() == []


@pytest.mark.parametrize("glance", [1, 5, 100])
def test_first_rows(glance: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "GLANCE", glance)
    codes = np.array([4, 1, 1, 4, 2, 1, 2])
    assert keys.first_rows(codes, np.bincount(codes, minlength=6)).tolist() == [-1, 1, 4, -1, 0, -1]


def test_no_rows_have_no_groups() -> None:
    codes, count, first = keys.numbered(np.zeros(0, np.int64), 5)
    assert (len(codes), count, len(first)) == (0, 0, 0)
    assert keys.sort_indices([FixedVector(np.zeros(0, np.int64))], [INT8], [False], [False], 0).tolist() == []


def test_a_fall_behind_the_first_look_is_seen() -> None:
    values = np.arange(3 * keys.GLANCE)
    assert keys.ascending(values)
    values[-1] = 0
    assert not keys.ascending(values)
    values = np.arange(3 * keys.GLANCE)
    values[keys.GLANCE] = keys.GLANCE - 2
    assert not keys.ascending(values)


@pytest.mark.parametrize("size", [2, 300, 5_000, 70_000])
@pytest.mark.parametrize("many", [1, 1 << 30])
def test_gathering_keeps_the_order_within_a_group(size: int, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MANY", many)
    codes = np.random.default_rng(2).integers(0, size, 3_000)
    assert keys.gathered(codes, size).tolist() == sorted(range(3_000), key=lambda row: codes[row])


def columns(n: int) -> list[tuple[Vector, PgType, list[object]]]:
    """Columns of many kinds, with their values as Python sorts them (None for NULL)."""
    some = np.random.default_rng(3)
    valid = some.integers(0, 4, n) > 0
    found: list[tuple[Vector, PgType, list[object]]] = []
    for values, type in (
        (some.integers(-3, 4, n).astype(np.int32), INT4), (some.integers(-(2**63), 2**63 - 1, n, endpoint=True), INT8), (some.integers(0, 2, n) > 0, BOOL),
        (some.integers(0, 2**50, n), INT8), (some.integers(-2, 3, n) / 2, FLOAT8),
    ):  # fmt: skip
        found.append((FixedVector(values), type, values.tolist()))
        found.append(
            (
                FixedVector(np.where(valid, values, 0).astype(values.dtype), valid),
                type,
                [v if ok else None for v, ok in zip(values.tolist(), valid, strict=True)],
            )
        )
    scaled = some.integers(-500, 500, n)
    found.append((NumericVector(scaled, 2), NUMERIC, scaled.tolist()))
    words = ["b", "", "a", "\u00e9", "aa"]
    codes = some.integers(0, 5, n).astype(np.int32)
    found.append((DictVector(codes, texts(words)), TEXT, [words[code].encode() for code in codes]))
    found.append((texts([words[code] for code in codes]), TEXT, [words[code].encode() for code in codes]))
    return found


@pytest.mark.parametrize(("short", "many"), [(1, 1), (1, 1 << 30), (1 << 30, 1 << 30)])
def test_sorting_by_digits_is_sorting(short: int, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "SHORT", short)
    monkeypatch.setattr(keys, "MANY", many)
    n = 700
    some = columns(n)
    chance = random.Random(4)
    for _ in range(60):
        chosen = [chance.choice(some) for _ in range(chance.randint(1, 3))]
        down, first = [[chance.random() < 0.5 for _ in chosen] for _ in range(2)]
        wanted = list(range(n))
        for (_, _, values), falling, early in reversed(list(zip(chosen, down, first, strict=True))):
            known = [row for row in wanted if values[row] is not None]
            unknown = [row for row in wanted if values[row] is None]
            if falling:  # reverse=True keeps the order of equal rows as well
                known.sort(key=lambda row, values=values: values[row], reverse=True)  # type: ignore[misc] # values of one kind
            else:
                known.sort(key=lambda row, values=values: values[row])  # type: ignore[misc] # values of one kind
            wanted = unknown + known if early else known + unknown
        found = keys.sort_indices([c[0] for c in chosen], [c[1] for c in chosen], down, first, n)
        assert found.tolist() == wanted


def test_places_of_a_dictionary_are_found_once() -> None:
    words = texts(["b", "a", "c"])
    vector = DictVector(np.array([0, 1, 2, 0], np.int32), words)
    assert keys.rank(vector, TEXT).tolist() == [2, 1, 3, 2]
    assert words.places is not None
    kept = words.places[1]
    assert keys.rank(vector.take(np.array([1])), TEXT).tolist() == [1]
    assert words.places[1] is kept


@pytest.mark.parametrize("number", range(13))
def test_where_a_value_differs_from_the_one_before(number: int) -> None:
    vector, type, values = columns(300)[number]
    assert keys.differences(vector, type).tolist() == [a != b for a, b in zip(values[1:], values[:-1], strict=True)]
    codes, _ = keys.codes_of(vector, type)
    assert keys.differences(vector, type).tolist() == (codes[1:] != codes[:-1]).tolist()


def test_nan_is_no_change_from_nan() -> None:
    vector = FixedVector(np.array([np.nan, np.nan, 1.0, np.nan, 0.0, -0.0]))
    assert keys.differences(vector, FLOAT8).tolist() == [False, True, True, True, False]


@pytest.mark.parametrize("sizes", [(3, 2), (15, 15), (16, 15), (255, 1), (200, 300), (255, 255), (256, 255), (3, 2, 7), (1, 1)])
def test_codes_of_dictionaries_together_are_as_one_by_one(sizes: tuple[int, ...]) -> None:
    generator = np.random.default_rng(0)
    vectors, types = [], []
    for size in sizes:
        texts = TextVector(pa.array([f"v{i}" for i in range(size)], pa.large_string()))
        codes = generator.integers(0, size, 1_000)
        codes[:2] = 0, size - 1
        vectors.append(DictVector(codes.astype(np.int32 if size > 100 else np.int8), texts))
        types.append(TEXT)
    found, width = keys.codes_together(vectors, types, 1_000)
    wanted, same = keys.combine([keys.codes_of(v, t) for v, t in zip(vectors, types, strict=True)], 1_000)
    assert width == same and found.dtype == np.int64 and found.tolist() == wanted.tolist() and int(found.max()) < width
    empty = [vector.take(np.zeros(0, np.int64)) for vector in vectors]
    assert keys.codes_together(empty, types, 0)[0].tolist() == []


def test_codes_with_nulls_together() -> None:
    texts = TextVector(pa.array(["a", "b"], pa.large_string()))
    known = DictVector(np.array([0, 1, 0, 1]), texts)
    some = DictVector(np.array([0, 0, 0, 1]), texts, np.array([True, False, True, True]))
    assert (
        keys.codes_together([known, some], [TEXT, TEXT], 4)[0].tolist()
        == keys.combine([keys.codes_of(known, TEXT), keys.codes_of(some, TEXT)], 4)[0].tolist()
    )


def test_padded_texts_of_a_dictionary_are_equal_without_their_blanks() -> None:
    padded = DictVector(np.array([0, 1, 2, 1, 0]), TextVector(pa.array(["a ", "a", "b"], pa.large_string())))
    codes, size = keys.codes_of(padded, BPCHAR)
    assert codes[0] == codes[1] == codes[3] == codes[4] != codes[2] and int(codes.max()) < size and int(codes.min()) > 0
    plain, _ = keys.codes_of(padded.flat(), BPCHAR)
    assert (codes == codes[0]).tolist() == (plain == plain[0]).tolist()
