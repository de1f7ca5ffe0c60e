"""The plan of a page: labels as EXPLAIN's text has them, totals over loops, own times, grades."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

import auroraml
from auroraml.teach.page.plan import Actual, Plan, read_plan, walk

QUERIES = (
    "SELECT b, count(*) FROM t GROUP BY b ORDER BY b",
    "SELECT DISTINCT b FROM t",
    "SELECT * FROM t WHERE a = 5",
    "SELECT a FROM t ORDER BY a DESC LIMIT 3",
    "SELECT * FROM t x LEFT JOIN t y ON x.a = y.b",
    "SELECT * FROM t x WHERE NOT EXISTS (SELECT 1 FROM t y WHERE y.a = x.b)",
    "SELECT * FROM t x FULL JOIN u USING (a)",
    "SELECT * FROM t WHERE a IN (1, 2, 3) OR b = 2",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r s",
    "WITH x AS MATERIALIZED (SELECT * FROM t) SELECT * FROM x UNION SELECT * FROM x y",
    "SELECT a FROM t EXCEPT SELECT a FROM u",
    "SELECT a FROM t INTERSECT ALL SELECT a FROM u ORDER BY 1",
    "SELECT g FROM generate_series(1, 3) g",
    "SELECT * FROM (VALUES (1), (2)) v(a)",
    "SELECT row_number() OVER (ORDER BY a) FROM t",
    "INSERT INTO u SELECT a FROM t",
    "UPDATE t AS z SET b = 1 WHERE a = 1",
    "DELETE FROM t WHERE a = 1",
    "SELECT b, grouping(b), count(*) FROM t GROUP BY ROLLUP (b)",
    "SELECT t.b, (SELECT max(a) FROM u WHERE u.a < t.a) FROM t",
    "SELECT count(*) FROM big WHERE v > 10",
    "SELECT big.v, count(*) FROM big JOIN t ON big.v = t.a GROUP BY 1",
)
SETTINGS = ("", "SET enable_hashjoin = off; SET enable_hashagg = off", "SET enable_mergejoin = off; SET enable_seqscan = off")


@pytest.fixture(scope="module")
def connection() -> Iterator[auroraml.Connection]:
    made = auroraml.connect(user="rdsadmin", autocommit=True)
    made.execute("CREATE TABLE t (a int PRIMARY KEY, b int); CREATE TABLE u (a int PRIMARY KEY); CREATE TABLE big (v int)")
    made.execute("INSERT INTO t SELECT g, g % 5 FROM generate_series(1, 2000) g; CREATE INDEX t_b ON t (b)")
    made.execute("INSERT INTO u SELECT g FROM generate_series(1, 100) g; INSERT INTO big SELECT g FROM generate_series(1, 3000) g")
    made.execute("ALTER TABLE big SET (parallel_workers = 2); SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; ANALYZE")
    yield made
    made.close()


@pytest.mark.parametrize("settings", SETTINGS)
def test_labels_are_those_of_the_text_format(connection: auroraml.Connection, settings: str) -> None:
    if settings:
        connection.execute(settings)
    for query in QUERIES:
        text = connection.explain(query, costs=False).text
        heads = [line.split("->  ")[-1] for number, line in enumerate(text.splitlines()) if "->  " in line or number == 0]
        document = json.loads(connection.explain(query).json())[0]
        assert [node.label for node, _ in walk(read_plan(document).root)] == heads, query
    connection.execute("RESET ALL")
    connection.execute("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0")


def node(
    kind: str, total: float, loops: int = 1, *, rows: int = 1, planned: int = 1, plans: tuple[Any, ...] = (), more: dict[str, Any] | None = None
) -> dict[str, Any]:
    made = {"Node Type": kind, "Startup Cost": 0.0, "Total Cost": total, "Plan Rows": planned, "Plan Width": 4, "Actual Startup Time": 0.0,
            "Actual Total Time": total, "Actual Rows": rows, "Actual Loops": loops, **(more or {})}  # fmt: skip
    return {**made, "Plans": list(plans)} if plans else made


def own_times(root: dict[str, Any], execution: float) -> dict[str, float]:
    plan = read_plan({"Plan": root, "Execution Time": execution})
    return {node.label: round(node.actual.own, 6) for node, _ in walk(plan.root) if node.actual is not None}


def test_own_time_is_what_children_leave_over_all_loops() -> None:
    found = own_times(node("Nested Loop", 100.0, plans=(node("Seq Scan", 10.0), node("Function Scan", 0.5, loops=160))), 100.0)
    assert found == {"Nested Loop": 10.0, "Seq Scan": 10.0, "Function Scan": 80.0}


def test_participants_of_a_gather_run_at_the_same_time() -> None:
    scan = node("Seq Scan", 60.0, loops=4, plans=(node("Result", 2.0, loops=40),))
    assert own_times(node("Gather", 70.0, plans=(scan,), more={"Workers Launched": 3}), 70.0) == {"Gather": 10.0, "Seq Scan": 40.0, "Result": 20.0}


def test_a_gather_that_ran_twice() -> None:
    scan = node("Seq Scan", 20.0, loops=6)
    assert own_times(node("Gather", 30.0, loops=2, plans=(scan,)), 60.0) == {"Gather": 20.0, "Seq Scan": 40.0}


def test_an_init_plan_is_taken_from_the_node_that_reads_it() -> None:
    init = node("Aggregate", 30.0, more={"Parent Relationship": "InitPlan", "Subplan Name": "InitPlan 1 (returns $0)", "Strategy": "Plain"})
    scan = node("Seq Scan", 50.0, more={"Filter": "(a > $0)", "Parent Relationship": "Outer"})
    assert own_times(node("Limit", 51.0, plans=(init, scan)), 51.0) == {"Limit": 1.0, "Aggregate": 30.0, "Seq Scan": 20.0}


def test_a_parameter_with_a_longer_number_is_another() -> None:
    init = node("Aggregate", 30.0, more={"Parent Relationship": "InitPlan", "Subplan Name": "InitPlan 1 (returns $1)", "Strategy": "Plain"})
    first, second = node("Seq Scan", 5.0, more={"Filter": "(a > $12)"}), node("Index Scan", 40.0, more={"Index Cond": "(a > $1)", "Alias": "x"})
    found = own_times(node("Append", 46.0, plans=(init, first, second)), 46.0)
    assert found == {"Append": 1.0, "Aggregate": 30.0, "Seq Scan": 5.0, "Index Scan on x": 10.0}


def test_a_cte_is_taken_from_its_scan() -> None:
    cte = node("Seq Scan", 30.0, more={"Parent Relationship": "InitPlan", "Subplan Name": "CTE x"})
    scans = (node("CTE Scan", 40.0, more={"CTE Name": "x", "Alias": "p"}), node("CTE Scan", 5.0, more={"CTE Name": "x", "Alias": "q"}))
    assert own_times(node("Append", 46.0, plans=(cte, *scans)), 46.0) == {
        "Append": 1.0,
        "Seq Scan": 30.0,
        "CTE Scan on x p": 10.0,
        "CTE Scan on x q": 5.0,
    }


@pytest.mark.parametrize(("own", "grade"), [(9.9, 0), (10.0, 0), (10.1, 1), (50.1, 2), (90.0, 2), (90.1, 3)])
def test_grades_of_time_are_strictly_above(own: float, grade: int) -> None:
    plan = read_plan({"Plan": node("Limit", 100.0, plans=(node("Seq Scan", own),)), "Execution Time": 100.0})
    actual = plan.root.children[0].actual
    assert actual is not None and actual.grade == grade


@pytest.mark.parametrize(
    ("planned", "rows", "factor", "grade"),
    [
        (1, 1, 1.0, 0),
        (10, 100, 10.0, 0),
        (10, 101, 10.1, 1),
        (1001, 10, 10 / 1001, 2),
        (5, 0, 0.2, 0),
        (1, 1001, 1001.0, 3),
        (100_100, 100, 100 / 100_100, 3),
    ],
)
def test_grades_of_rows_by_loop(planned: int, rows: int, factor: float, grade: int) -> None:
    plan = read_plan({"Plan": node("Seq Scan", 1.0, 3, rows=rows, planned=planned)})
    assert plan.root.factor == pytest.approx(factor)
    assert plan.root.row_grade == grade


def test_a_node_that_never_ran_has_no_factor_and_no_time() -> None:
    plan = read_plan({"Plan": node("Limit", 5.0, plans=(node("Seq Scan", 0.0, 0, rows=0, planned=1000),)), "Execution Time": 5.0})
    never = plan.root.children[0]
    assert never.actual is not None
    assert (never.factor, never.row_grade, never.actual.own) == (None, 0, 0.0)


def test_own_times_of_real_plans_add_up(connection: auroraml.Connection) -> None:
    for query in ("SELECT b, count(*) FROM t GROUP BY b ORDER BY b", "SELECT * FROM t x JOIN t y ON x.a = y.b WHERE y.a < 50"):
        plan: Plan = read_plan(json.loads(connection.explain(query, analyze=True).json())[0])
        assert plan.root.actual is not None
        together = sum(node.actual.own for node, _ in walk(plan.root) if node.actual is not None)
        assert together == pytest.approx(plan.root.actual.total, rel=0.1, abs=0.05)
        assert re.fullmatch(r"[A-Z]\w.*", plan.root.label)


def test_a_mean_that_is_rounded_to_nothing_tells_how_many_rows_there_may_be() -> None:
    told = [
        Actual(first=0.0, last=0.0, rows=rows, loops=loops).all_rows_told for rows, loops in ((0.0, 300), (0.0, 2), (0.0, 1), (3.0, 1000), (0.0, 0))
    ]
    assert told == ["< 150", "≈ 0", "0", "≈ 3,000", "0"]
