"""Row estimates from a server's statistics: big.json is PostgreSQL 15's of 200,000 rows, the numbers are what its EXPLAIN printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from auroraml.database import Database
from auroraml.ir import logical as l
from auroraml.planner.estimate.estimator import Estimator, Input, InputColumn, clamp_rows
from auroraml.planner.estimate.groups import estimate_num_groups
from auroraml.planner.estimate.relation import facts_of
from auroraml.planner.estimate.selectivity import clauselist_selectivity
from auroraml.session.session import Session
from auroraml.sql import parse
from auroraml.sql import statements as st

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
    """The rows of a query over one table, grouped or not."""
    statement = parse(sql)[0]
    assert isinstance(statement, st.Query)
    query = session.bind(statement).plan
    assert isinstance(query, l.Query)
    table = query.from_items[0]
    assert isinstance(table, l.TableItem)
    input = Input.of(facts_of(session.catalog, table.relation, session.pages))
    columns = {output.id: InputColumn.of(input, number) for output, number in zip(table.outputs, table.numbers, strict=True)}
    estimator = Estimator(columns)
    input.rows = clamp_rows(input.tuples * clauselist_selectivity(query.where, estimator))
    return estimate_num_groups(query.group_by, input.rows, estimator) if query.grouped else input.rows


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
