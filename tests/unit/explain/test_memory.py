"""Memory that EXPLAIN ANALYZE prints for sorts and hash tables: the kilobytes are PostgreSQL 15's for such rows."""

from __future__ import annotations

import pytest

from auroraml.explain.hash_table import hash_table
from auroraml.explain.sort_space import sort_space

MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    ("rows", "width", "by_value", "kilobytes"),
    [(100, 8, False, 29), (1_500, 16, False, 131), (5_000, 13, False, 466), (20_000, 16, False, 1862), (20_000, 4, True, 769)],
)
def test_sort_in_memory(rows: int, width: int, by_value: bool, kilobytes: int) -> None:
    assert sort_space(rows, width, 4 * MEGABYTE, by_value=by_value) == ("Memory", kilobytes)


def test_sort_that_keeps_few_rows() -> None:
    assert sort_space(5_000, 13, 4 * MEGABYTE, most=10) == ("Memory", 25)


def test_sort_on_disk() -> None:
    assert sort_space(20_000, 16, 64 << 10)[0] == "Disk"


@pytest.mark.parametrize(
    ("rows", "width", "buckets", "kilobytes"), [(99, 16, 1024, 13), (20_000, 4, 32_768, 960), (20_000, 16, 32_768, 1194), (0, 4, 1024, 8)]
)
def test_hash_table_in_one_batch(rows: int, width: int, buckets: int, kilobytes: int) -> None:
    table = hash_table(max(rows, 1), width, rows, 8 * MEGABYTE)
    assert (table.buckets, table.batches) == (table.planned_buckets, table.planned_batches) == (buckets, 1)
    assert (table.memory + 1023) // 1024 == kilobytes


def test_hash_table_in_batches() -> None:
    table = hash_table(20_000, 16, 20_000, 128 << 10)
    assert (table.buckets, table.batches) == (4096, 16)


def test_hash_table_that_grows() -> None:
    table = hash_table(10, 4, 5_000, 8 * MEGABYTE)
    assert (table.planned_buckets, table.buckets) == (1024, 8192)
