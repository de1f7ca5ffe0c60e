"""A hash join's table is kept with its plan as long as the inner rows' keys are the same columns."""

from __future__ import annotations

import pytest

import auroraml
from auroraml.executor import matching

JOIN = "SELECT c.region, count(*), sum(o.amount) FROM customers c JOIN orders o ON o.customer = c.id GROUP BY c.region ORDER BY c.region"
FOLDED = "SELECT o.customer, sum(c.region) FROM orders o JOIN customers c ON c.id = o.customer GROUP BY o.customer ORDER BY o.customer"


@pytest.fixture
def db() -> auroraml.Connection:
    connection = auroraml.connect(autocommit=True)
    connection.execute("CREATE TABLE customers (id int PRIMARY KEY, region int NOT NULL)")
    connection.execute("INSERT INTO customers SELECT i, i % 3 FROM generate_series(1, 30) i")
    connection.execute("CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, amount numeric(12,2))")
    connection.execute("INSERT INTO orders SELECT i, i % 40, i / 10.0 FROM generate_series(1, 400) i")
    connection.execute("ANALYZE")
    return connection


def test_the_table_is_made_once(db: auroraml.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    first = db.execute(JOIN).fetchall()
    made = []
    monkeypatch.setattr(matching.Table, "__init__", lambda *args: made.append(args))
    assert db.execute(JOIN).fetchall() == first
    assert not made


@pytest.mark.parametrize("query", [JOIN, FOLDED])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE customers SET region = region + 1 WHERE id < 10",
        "DELETE FROM customers WHERE id % 2 = 0",
        "INSERT INTO customers VALUES (35, 7), (0, 8)",
        "UPDATE customers SET id = id + 30",
        "DELETE FROM orders WHERE id > 200",
        "TRUNCATE customers",
    ],
)
def test_every_change_is_seen(db: auroraml.Connection, query: str, change: str) -> None:
    anew = query.replace("SELECT", "SELECT ALL", 1)  # another text, so another plan
    before = [db.execute(query).fetchall() for _ in range(3)]
    assert before[0] == before[1] == before[2]
    db.execute("BEGIN")
    db.execute(change)
    assert db.execute(query).fetchall() == db.execute(anew).fetchall()
    db.execute("ROLLBACK")
    assert db.execute(query).fetchall() == before[0]
    db.execute(change)
    assert db.execute(query).fetchall() == db.execute(anew).fetchall() != before[0]
