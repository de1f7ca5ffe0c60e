"""Row estimates from a server's statistics: big.json is PostgreSQL 15's of 200,000 rows, the numbers are what its EXPLAIN printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auroraml.catalog.statistics import ColumnStatistics
from auroraml.database import Database
from auroraml.ir import expr as e
from auroraml.planner.estimate.buckets import merge_fractions
from auroraml.planner.estimate.estimator import Estimator, Input, InputColumn
from auroraml.planner.estimate.matching import MOST_TRIED
from auroraml.planner.estimate.order import values_of
from auroraml.planner.estimate.relation import facts_of
from auroraml.session.session import Session
from auroraml.types.table import INT4, TEXT

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


def test_patterns_are_tried_once_and_kept_with_the_statistics(session: Session) -> None:
    relation = session.catalog.find_relation("big", "st")
    assert relation is not None
    number = next(column.number for column in relation.columns if column.name == "name")
    known = values_of(session.catalog.statistics(relation.oid).columns[number], TEXT)
    texts = ("LIKE '%a%'", "NOT LIKE '%a%'", "ILIKE '%A%'", "~ 'a'", "LIKE '%b%'", "LIKE NULL", "LIKE ''")
    conditions = [f"SELECT * FROM st.big WHERE name {text}" for text in texts]
    first = [planned_rows(session, sql) for sql in conditions]
    kept = len(known.tried)
    assert kept and [planned_rows(session, sql) for sql in reversed(conditions)] == first[::-1]
    assert len(known.tried) == kept
    known.tried.clear()
    assert [planned_rows(session, sql) for sql in reversed(conditions)] == first[::-1]
    known.tried.update({(0, True, 0, str(i), True): [] for i in range(MOST_TRIED)})
    assert planned_rows(session, "SELECT * FROM st.big WHERE name LIKE '%xyz%'") > 0
    assert len(known.tried) < 5


@st.composite
def columns(draw: st.DrawFn) -> ColumnStatistics:
    bounds = sorted(draw(st.sets(st.integers(-50, 50), max_size=8)))
    common = draw(st.lists(st.integers(-50, 50), unique=True, max_size=3))
    return ColumnStatistics(
        null_fraction=draw(st.sampled_from((0.0, 0.25))), distinct=draw(st.sampled_from((-1.0, 40.0))), common_values=tuple(common),
        common_frequencies=(0.1,) * len(common), histogram=tuple(bounds) if len(bounds) > 1 else (),
    )  # fmt: skip


@given(one=columns(), two=columns(), descending=st.booleans(), nulls_first=st.booleans())
def test_a_merge_reads_the_same_parts_either_way_round(one: ColumnStatistics, two: ColumnStatistics, descending: bool, nulls_first: bool) -> None:
    known = {i: InputColumn(input=Input(tuples=1_000.0, rows=500.0), number=1, statistics=found) for i, found in enumerate((one, two))}
    left, right = (e.ColumnRef(type=INT4, id=i) for i in known)
    found = merge_fractions(left, right, Estimator(known), descending=descending, nulls_first=nulls_first)
    turned = merge_fractions(right, left, Estimator(known), descending=descending, nulls_first=nulls_first)
    assert turned == (*found[2:], *found[:2])
    assert all(0.0 <= part <= 1.0 for part in found)
