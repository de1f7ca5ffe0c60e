"""ANALYZE of tables that it does not read whole: how many rows and pages, which ones, and what is made of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import auroraml
from auroraml import Connection
from auroraml.commands.sampling import Rows, sampled


class Heap:
    """A table of rows on pages, as far as the sample asks for it."""

    def __init__(self, pages: list[int]) -> None:
        self.oid = 7
        self.pages = np.array(pages)

    def heap_order(self, _: object) -> np.ndarray | None:
        """Rows by page."""
        return np.argsort(self.pages, kind="stable")

    def row_pages(self, _: object) -> np.ndarray:
        """The page of each row."""
        return self.pages


def drawn(pages: list[int], most: int) -> Rows:
    heap = Heap(pages)
    return sampled(heap, heap, len(pages), max(pages) + 1, most)  # type: ignore[arg-type] # all that it asks of a relation and a host


def test_at_most_so_many_rows_each_as_likely() -> None:
    found = drawn([row // 10 for row in range(1000)], 300)
    assert found.rows is not None
    assert (len(found.rows), found.read, found.live, found.total) == (300, 100, 1000, 1000.0)
    assert (np.diff(found.rows) > 0).all()
    halves = np.bincount(found.rows // 500)
    assert abs(int(halves[0]) - 150) < 40


def test_the_same_rows_each_time() -> None:
    first, second = (drawn([row // 10 for row in range(1000)], 300).rows for _ in range(2))
    assert first is not None
    assert second is not None
    assert (first == second).all()


def test_more_pages_than_rows_wanted_are_not_all_read() -> None:
    found = drawn([row // 2 for row in range(1000)], 100)
    assert found.rows is not None
    assert (found.read, found.live, len(found.rows)) == (100, 200, 100)
    assert found.total == 1000.0, "two rows a page, 500 pages"
    assert len({int(row) // 2 for row in found.rows}) <= 100


def test_all_rows_where_they_are_few() -> None:
    found = drawn([0, 1, 0, 2], 100)
    assert found.rows is not None
    assert found.rows.tolist() == [0, 2, 1, 3]
    assert (found.read, found.live, found.total) == (3, 4, 4.0)


@pytest.fixture
def connection() -> Iterator[Connection]:
    with auroraml.connect(autocommit=True) as connection:
        connection.execute(
            "SET default_statistics_target = 10; CREATE TABLE t AS SELECT g AS u, g % 50 AS f, g % 5000 AS m FROM generate_series(1, 20000) g"
        )
        connection.execute("ANALYZE t")
        yield connection


def test_estimates_from_a_sample_are_near(connection: Connection) -> None:
    found = dict(connection.execute("SELECT attname, n_distinct FROM pg_stats WHERE tablename = 't'").fetchall())
    assert found["u"] == -1.0
    assert found["f"] == 50.0
    assert 4000 < (found["m"] if found["m"] > 0 else -found["m"] * 20000) < 6500
    assert connection.execute("SELECT reltuples FROM pg_class WHERE relname = 't'").fetchone() == (20000.0,)
