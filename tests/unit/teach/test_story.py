"""Traces and stories: what is given to whom, and what the words say."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import auroraml
from auroraml.errors import DatabaseError
from auroraml.lazy import load
from auroraml.pipeline.plans import CHOOSE
from auroraml.planner import choose
from auroraml.teach.firings import FIRINGS
from auroraml.teach.formula import evaluated
from auroraml.teach.trace import LISTENER, Trace
from auroraml.teach.words import columns, count, listed, paragraph, times


@pytest.fixture
def connection() -> auroraml.Connection:
    made = auroraml.connect(user="rdsadmin", autocommit=True)
    made.execute("CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t SELECT i, 'b' || i FROM generate_series(1, 500) AS g(i); ANALYZE t")
    return made


@pytest.fixture
def traces() -> Iterator[list[Trace]]:
    found: list[Trace] = []
    token = LISTENER.set(found.append)
    yield found
    LISTENER.reset(token)


def lines(connection: auroraml.Connection, options: str, query: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(f"EXPLAIN ({options}) {query}").fetchall()]


def test_a_trace_has_all_stages(connection: auroraml.Connection, traces: list[Trace]) -> None:
    lines(connection, "TUTOR, ANALYZE", "SELECT b FROM t WHERE a < 4 + 1 ORDER BY b")
    (trace,) = traces
    assert trace.syntax is not None and trace.syntax.kind == "Select"
    assert [(table.alias, table.kind, table.name) for table in trace.binding.tables] == [("t", "table", "public.t")]
    assert [(step.name, step.before, step.after) for step in trace.rules] == [("eval_const_expressions", ("(t.a < (4 + 1))",), ("(t.a < 5)",))]
    assert [node.kind for node in trace.plan.nodes] == ["Sort", "Bitmap Heap Scan", "Bitmap Index Scan"]
    assert [node.measured.rows for node in trace.plan.nodes if node.measured is not None] == [4, 4, 4]
    assert any(path.outcome == "chosen" for relation in trace.considered for path in relation.paths)
    assert trace.execution is not None and trace.execution.calls == () and trace.cost is not None and trace.cost.lines == ()
    for node in trace.plan.nodes:
        assert node.total_formula is not None and evaluated(node.total_formula) == node.total
        assert type(node.total) is float


def test_the_plan_is_that_of_plain_explain(connection: auroraml.Connection, traces: list[Trace]) -> None:
    query = "SELECT count(*) FROM t x JOIN t y ON x.a = y.a WHERE x.b LIKE 'b1%' GROUP BY y.b HAVING count(*) > 1"
    plain = lines(connection, "COSTS", query)
    lines(connection, "TUTOR", query)
    assert list(traces[0].plan.lines) == plain == lines(connection, "COSTS", query)


def test_nothing_is_watched_without_the_option(connection: auroraml.Connection, traces: list[Trace]) -> None:
    lines(connection, "TUTOR off", "SELECT * FROM t")
    assert traces == [] and CHOOSE.get() is choose and FIRINGS.get() is None
    lines(connection, "TUTOR", "SELECT * FROM t")
    assert len(traces) == 1 and CHOOSE.get() is choose and FIRINGS.get() is None
    plan = load("auroraml.pipeline.plans")
    assert plan.CHOOSE.get() is choose


def test_an_error_while_running_ends_the_watch(connection: auroraml.Connection, traces: list[Trace]) -> None:
    with pytest.raises(DatabaseError, match="division by zero"):
        lines(connection, "TUTOR, ANALYZE", "SELECT 1 / (a - 1) FROM t")
    assert traces == [] and CHOOSE.get() is choose


def test_plans_made_later_have_plain_costs(connection: auroraml.Connection) -> None:
    connection.execute("SET plan_cache_mode = force_generic_plan; PREPARE p(int) AS SELECT b FROM t WHERE a = $1")
    lines(connection, "TUTOR", "EXECUTE p(1)")
    assert connection.execute("EXECUTE p(2)").fetchall() == [("b2",)]
    assert connection.execute("SELECT generic_plans, custom_plans FROM pg_prepared_statements").fetchall() == [(2, 0)]
    plan = lines(connection, "COSTS", "EXECUTE p(3)")
    assert plan[0].startswith("Index Scan using t_pkey on t  (cost=0.27..8.29")


def test_the_story_is_a_property_of_other_formats(connection: auroraml.Connection) -> None:
    text = "\n".join(lines(connection, "TUTOR", "SELECT a FROM t"))
    row = connection.execute("EXPLAIN (TUTOR, FORMAT json) SELECT a FROM t").fetchone()
    assert row is not None
    (document,) = row[0] if isinstance(row[0], list) else json.loads(row[0])
    assert document["Plan"]["Node Type"] == "Seq Scan"
    told = "\n\n".join("\n".join([stage["Stage"], "=" * len(stage["Stage"]), *stage["Lines"]]) for stage in document["Story"])
    assert told == text


def test_costs_and_times_that_are_off_are_not_told(connection: auroraml.Connection) -> None:
    text = "\n".join(lines(connection, "TUTOR, ANALYZE, COSTS off, TIMING off, SUMMARY off", "SELECT a FROM t WHERE b = 'b7'"))
    assert "cost" not in text and " ms" not in text
    assert "Seq Scan on t looked at 500 rows and let 1 through, 0.2 %." in text


def test_words() -> None:
    assert [count(1, "row"), count(1000, "batch"), count(2, "query")] == ["1 row", "1,000 batches", "2 queries"]
    assert [listed(()), listed("a"), listed("ab"), listed("abc")] == ["", "a", "a and b", "a, b and c"]
    assert [times(220, 100), times(12500, 10), times(101, 100)] == ["2.2 times", "1,250 times", "1.01 times"]
    assert columns([("a", "10"), ("bcd", "5")], right=(1,)) == ["a    10", "bcd   5"]
    assert paragraph("") == [""] and max(map(len, paragraph("word " * 100, 4))) <= 100
