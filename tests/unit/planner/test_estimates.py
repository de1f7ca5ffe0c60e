"""Row estimates from a server's statistics: big.json is PostgreSQL 15's of 200,000 rows, the numbers are what its EXPLAIN printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from auroraml.database import Database
from auroraml.planner.estimate.relation import facts_of
from auroraml.session.session import Session

DOCUMENT = json.loads((Path(__file__).parent / "big.json").read_text(encoding="utf-8"))
TABLE = "CREATE SCHEMA st; CREATE TABLE st.big (id int PRIMARY KEY, kind int, name text, amount numeric(10,2))"


@pytest.fixture
def session() -> Iterator[Session]:
    with Database() as database:
        session = database.session(user="rdsadmin")
        for stream in session.execute(TABLE):
            stream.drain()
        session.load_statistics(DOCUMENT)
        yield session


def planned_rows(session: Session, sql: str) -> float:
    """The rows of a query's topmost node, as EXPLAIN prints them."""
    stream = next(iter(session.execute(f"EXPLAIN {sql}")))
    batch = stream.pull()
    assert batch is not None
    found = re.search(r"rows=(\d+)", str(batch.vector(0).datum(0)))
    assert found is not None
    return float(found[1])


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT * FROM st.big", 200_000),
        ("SELECT * FROM st.big WHERE id < 500", 508),
        ("SELECT * FROM st.big WHERE kind = 7", 3922),
        ("SELECT * FROM st.big WHERE amount > 990.0", 2046),
        ("SELECT * FROM st.big WHERE name LIKE 'a%'", 9935),
        ("SELECT * FROM st.big WHERE id = 7", 1),
        ("SELECT * FROM st.big WHERE id > 199990", 11),
        ("SELECT kind, count(*) FROM st.big GROUP BY kind", 51),
    ],
)
def test_rows_are_postgresqls(session: Session, sql: str, rows: int) -> None:
    assert planned_rows(session, sql) == rows


def test_pinned_sizes_hold_without_data(session: Session) -> None:
    relation = session.catalog.find_relation("big", "st")
    assert relation is not None
    facts = facts_of(session.catalog, relation, session.pages)
    [index] = facts.indexes.values()
    assert (facts.pages, facts.tuples, facts.all_visible) == (1870, 200_000.0, 1.0)
    assert (index.pages, index.height) == (551, 2)
    assert facts.extremes(index) == (1, 200_000)


def test_analyze_ends_pinning(session: Session) -> None:
    for stream in session.execute("ANALYZE st.big"):
        stream.drain()
    assert planned_rows(session, "SELECT * FROM st.big WHERE kind = 7") == 1
