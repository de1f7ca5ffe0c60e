"""How much planning does, counted: questions to storage, candidates considered, values kept between statements. No clocks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from auroraml.batch import Datum
from auroraml.database import Database
from auroraml.ir.objects import Index, Relation
from auroraml.pipeline.pages import StoredPages
from auroraml.planner import choose
from auroraml.planner.cost.parameters import CostParameters
from auroraml.planner.level.ledger import WATCHED, Ledger
from auroraml.session.session import Session
from auroraml.sql import parse
from auroraml.sql import statements as st
from auroraml.storage.built import IndexPages
from tests.runner.pinned import RECORDED

TABLES = """
CREATE TABLE parent (id int PRIMARY KEY, kind int);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent, amount int);
CREATE INDEX ON child (parent);
INSERT INTO parent SELECT g, g % 7 FROM generate_series(1, 200) g;
INSERT INTO child SELECT g, g % 200 + 1, g % 13 FROM generate_series(1, 1000) g;
ANALYZE
"""


class Asked(StoredPages):
    """Counts what is asked of storage."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.hub.store, session.context())
        self.counts: Counter[str] = Counter()

    def heap_pages(self, relation: Relation) -> int:
        self.counts[f"heap of {relation.name}"] += 1
        return super().heap_pages(relation)

    def index_pages(self, relation: Relation, index: Index) -> IndexPages:
        self.counts[f"pages of {index.name}"] += 1
        return super().index_pages(relation, index)

    def extremes(self, relation: Relation, index: Index) -> tuple[Datum, Datum] | None:
        self.counts[f"extremes of {index.name}"] += 1
        return super().extremes(relation, index)


@pytest.fixture
def session() -> Iterator[Session]:
    with Database() as database:
        session = database.session(user="rdsadmin")
        for stream in session.execute(TABLES):
            stream.drain()
        yield session


def planned(session: Session, sql: str) -> tuple[Asked, float]:
    """Plan a query: what was asked of storage, and the plan's cost."""
    session.transaction.statement()
    statement = parse(sql)[0]
    assert isinstance(statement, st.Query)
    asked = Asked(session)
    plan = choose(session.bind(statement), session.catalog, session.settings, asked, session.context(), lambda function: True)
    session.commit()
    return asked, plan.cost.total


def test_storage_is_asked_once_a_statement_about_each_table_and_index(session: Session) -> None:
    asked, _ = planned(
        session, "SELECT * FROM child a JOIN parent p ON p.id = a.parent JOIN child b ON b.parent = p.id WHERE a.amount = 3 AND b.id < 500"
    )
    assert asked.counts["heap of child"] == asked.counts["heap of parent"] == 1
    assert all(count == 1 for name, count in asked.counts.items() if name.startswith("pages of"))
    assert sum(asked.counts.values()) <= 2 + 3 + 4


def test_candidates_of_a_join_of_six_stay_within_what_postgresql_considers() -> None:
    with Database() as database:
        session = database.session(user="rdsadmin")
        for stream in session.execute(RECORDED["sf01"].schema):
            stream.drain()
        session.load_statistics(json.loads(RECORDED["sf01"].document.read_text(encoding="utf-8")))
        sql = (
            "SELECT n_name, sum(l_extendedprice) FROM customer, orders, lineitem, supplier, nation, region WHERE c_custkey = o_custkey "
            "AND l_orderkey = o_orderkey AND l_suppkey = s_suppkey AND c_nationkey = s_nationkey AND s_nationkey = n_nationkey "
            "AND n_regionkey = r_regionkey AND r_name = 'ASIA' GROUP BY n_name"
        )
        ledger = Ledger()
        token = WATCHED.set(ledger)
        try:
            _, watched = planned(session, sql)
        finally:
            WATCHED.reset(token)
        assert 1_000 < len(ledger.offers) < 6_000
        _, unwatched = planned(session, sql)
        assert watched == unwatched  # the shortcuts that a ledger turns off change nothing


def test_statements_of_equal_settings_share_their_cost_parameters(session: Session) -> None:
    first = CostParameters.of(session.settings)
    assert CostParameters.of(session.settings) is first
    for stream in session.execute("SET work_mem = '64kB'"):
        stream.drain()
    changed = CostParameters.of(session.settings)
    assert changed is not first and changed.work_memory == 64 * 1024
    for stream in session.execute("RESET work_mem"):
        stream.drain()
    assert CostParameters.of(session.settings).work_memory == first.work_memory
