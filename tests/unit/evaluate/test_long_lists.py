"""IN and NOT IN with long lists answer as a comparison with each item does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import auroraml
from auroraml.evaluate import array_comparison
from auroraml.functions import membership

NUMBERS = [*range(3, 90, 3), -5, 2_000_000_000, 40_000]
LISTS = {
    "a": [str(n) for n in NUMBERS], "s": [str(n) for n in NUMBERS], "b": [f"{n}::bigint" for n in [*NUMBERS, 2**40, -(2**62)]],
    "n": [f"{n}.5" for n in NUMBERS] + ["0.125", "7.00", "'NaN'", "1e30", "'Infinity'"], "m": [f"{n}.5" for n in NUMBERS] + ["7.25", "0"],
    "d": [f"date '2020-01-01' + {n}" for n in range(0, 60, 2)] + ["'infinity'"], "c": [f"'x{n}'" for n in range(0, 40, 3)],
    "t": [f"'{n}'" for n in range(0, 3_000, 7)], "p": [f"'x{n} '" for n in range(0, 40, 3)],
}  # fmt: skip


@pytest.fixture(scope="module")
def connection() -> Iterator[auroraml.Connection]:
    made = auroraml.connect(user="rdsadmin", autocommit=True)
    made.execute("CREATE TABLE r (id int, a int, s smallint, b bigint, n numeric, m numeric, d date, c text, t text, p char(4))")
    made.execute(
        """INSERT INTO r SELECT i, nullif(i % 97, 96), i % 50, CASE i % 5 WHEN 0 THEN 2::bigint ^ 40 ELSE i % 60 END, (i % 50) / 2.0,
        CASE WHEN i % 9 = 0 THEN 7.25 WHEN i % 10 > 0 THEN (i % 20) * 1.5 END, date '2020-01-01' + i % 90, CASE WHEN i % 7 > 0 THEN 'x' || i % 30 END,
        i::text, 'x' || i % 30 FROM generate_series(1, 5000) i"""
    )
    yield made
    made.close()


@pytest.mark.parametrize("null", [False, True])
@pytest.mark.parametrize("operator", ["IN", "NOT IN"])
@pytest.mark.parametrize("column", sorted(LISTS))
def test_long_lists(connection: auroraml.Connection, column: str, operator: str, null: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without NULL in the list, by a table, by hash, and one item after the other."""
    items = ", ".join([*LISTS[column], *(["NULL"] if null else [])])
    query = f"SELECT id, {column} {operator} ({items}) FROM r ORDER BY id"
    quick = connection.execute(query).fetchall()
    with monkeypatch.context() as patched:
        patched.setattr(membership, "TABLE", 0)
        assert connection.execute(query).fetchall() == quick
    monkeypatch.setattr(array_comparison, "_among", lambda expr, value, items: None)
    assert connection.execute(query).fetchall() == quick
    assert {answer for _, answer in quick} >= ({True} if operator == "IN" else {False})
