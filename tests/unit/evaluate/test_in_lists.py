"""IN and NOT IN over short lists of texts: one comparison an item and a table of all items say the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import auroraml
from auroraml.evaluate import array_comparison

ROWS = 2_000
LISTS = [
    ("a1",),
    ("a1", "a3"),
    ("a1", "a1", ""),
    ("zz", "yy", "xx"),
    ("a0", "a1", "a2", "a3", "a4"),
    ("a1", None),
    (None, "a3", "zz", "a2"),
    (None,),
    ("a1 ", "a2"),
]


@pytest.fixture(scope="module")
def connection() -> Iterator[auroraml.Connection]:
    made = auroraml.connect(user="rdsadmin", autocommit=True)
    made.execute("CREATE TABLE t (id int, few text, many text, padded char(4))")
    made.execute(
        f"""INSERT INTO t SELECT i, CASE WHEN i % 5 > 0 THEN 'a' || i % 4 END, CASE WHEN i % 7 > 0 THEN 'a' || i % 1500 ELSE '' END, 'a' || i % 6
        FROM generate_series(1, {ROWS}) i"""
    )
    yield made
    made.close()


def _is_in(value: str | None, items: tuple[str | None, ...], padded: bool) -> bool | None:
    known = [item.rstrip(" ") if padded else item for item in items if item is not None]
    if value is None:
        return None
    return True if (value.rstrip(" ") if padded else value) in known else None if None in items else False


@pytest.mark.parametrize("singly", [0, 1_000])
@pytest.mark.parametrize("column", ["few", "many", "padded", "substr(many, 1, 2)"])
@pytest.mark.parametrize("items", LISTS)
def test_the_same_rows(
    connection: auroraml.Connection, monkeypatch: pytest.MonkeyPatch, column: str, items: tuple[str | None, ...], singly: int
) -> None:
    monkeypatch.setattr(array_comparison, "_compared_singly", lambda value, n: singly)
    shown = ", ".join("NULL" if item is None else f"'{item}'" for item in items)
    values = connection.execute(f"SELECT id, {column} FROM t ORDER BY id").fetchall()
    wanted = [_is_in(None if value is None else str(value), items, column == "padded") for _, value in values]
    found = connection.execute(f"SELECT {column} IN ({shown}), {column} NOT IN ({shown}) FROM t ORDER BY id").fetchall()
    assert found == [(one, None if one is None else not one) for one in wanted]
    ids = [row for row, one in zip(range(1, ROWS + 1), wanted, strict=True) if one]
    assert connection.execute(f"SELECT id FROM t WHERE {column} IN ({shown}) ORDER BY id").fetchall() == [(i,) for i in ids]


def test_how_many_are_compared_one_by_one(connection: auroraml.Connection) -> None:
    """Of a dictionary shorter than the rows one, of other texts two: the answers at these borders."""
    for count in (1, 2, 3, 4, 8, 9, 10):
        items = [f"a{i}" for i in range(count)]
        shown = ", ".join(f"'{item}'" for item in items)
        for column in ("few", "many"):
            wanted = sum(value in items for (value,) in connection.execute(f"SELECT {column} FROM t").fetchall())
            assert connection.execute(f"SELECT count(*) FROM t WHERE {column} IN ({shown})").fetchall() == [(wanted,)]
