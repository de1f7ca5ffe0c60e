"""Memory that EXPLAIN ANALYZE prints for sorts and hash tables: the kilobytes are PostgreSQL 15's for such rows."""

from __future__ import annotations

import numpy as np
import pytest

from auroraml.executor.space.sorting import sort_space
from auroraml.explain.hash_table import hash_table

MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    ("rows", "width", "by_value", "kilobytes"),
    [(100, 8, False, 29), (1_500, 16, False, 131), (5_000, 13, False, 466), (20_000, 16, False, 1862), (20_000, 4, True, 769)],
)
def test_sort_in_memory(rows: int, width: int, by_value: bool, kilobytes: int) -> None:
    space = sort_space(None if by_value else np.full(rows, 16 + width), rows, 4 * MEGABYTE)
    assert (space.method, space.kind, space.kilobytes) == ("quicksort", "Memory", kilobytes)


@pytest.mark.parametrize(("descending", "kilobytes"), [(False, 27), (True, 30)])
def test_sort_that_keeps_few_rows(descending: bool, kilobytes: int) -> None:
    """3,000 rows of 224 bytes, of which ten are kept: rows in falling order push one another out while the heap is made, and stay."""
    codes = np.arange(3_000)[:: -1 if descending else 1]
    space = sort_space(np.full(3_000, 224), 3_000, 4 * MEGABYTE, bound=10, codes=lambda: codes)
    assert (space.method, space.kilobytes) == ("top-N heapsort", kilobytes)


def test_sort_that_may_get_a_bound() -> None:
    assert sort_space(np.full(20, 224), 20, 4 * MEGABYTE, bound=10, codes=lambda: np.arange(20)).kilobytes == 30


@pytest.mark.parametrize(("size", "kilobytes"), [(None, 48), (224, 672)])
def test_sort_on_disk(size: int | None, kilobytes: int) -> None:
    space = sort_space(None if size is None else np.full(3_000, size), 3_000, 64 << 10)
    assert (space.method, space.kind, space.kilobytes) == ("external merge", "Disk", kilobytes)


@pytest.mark.parametrize(
    ("rows", "width", "buckets", "kilobytes"), [(99, 16, 1024, 13), (20_000, 4, 32_768, 960), (20_000, 16, 32_768, 1194), (0, 4, 1024, 8)]
)
def test_hash_table_in_one_batch(rows: int, width: int, buckets: int, kilobytes: int) -> None:
    table = hash_table(max(rows, 1), width, rows, 8 * MEGABYTE, rows * (16 + width))
    assert (table.buckets, table.batches) == (table.planned_buckets, table.planned_batches) == (buckets, 1)
    assert (table.memory + 1023) // 1024 == kilobytes


def test_hash_table_in_batches() -> None:
    table = hash_table(20_000, 16, 20_000, 128 << 10, 20_000 * 32)
    assert (table.buckets, table.batches) == (4096, 16)


def test_hash_table_that_grows() -> None:
    table = hash_table(10, 4, 5_000, 8 * MEGABYTE, 5_000 * 20)
    assert (table.planned_buckets, table.buckets) == (1024, 8192)
