"""Asking for a page: nothing stays changed, the grid is what the sizes make of the statement, pages hold their text safely."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pytest
from auroraml_cli.client import Embedded
from auroraml_cli.picturing import Asked

import auroraml
from auroraml import errors
from auroraml.database import Database
from auroraml.teach.page.asking import TOO_LONG, Wish, ask_for_page
from auroraml.teach.page.rendering import FOLDED, page_html
from auroraml.teach.page.run import Page

SETUP = """
CREATE EXTENSION aws_ml CASCADE;
CREATE FUNCTION score(a int, max_rows_per_batch int DEFAULT 20) RETURNS real
  AS $$ SELECT aws_sagemaker.invoke_endpoint('model', max_rows_per_batch, a)::real $$ LANGUAGE SQL PARALLEL SAFE COST 5000;
CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 60) g;
ANALYZE t;
"""
QUERY = "SELECT a, score(a) FROM t;"


SLOW = 1_000_000
REFUSED, WORDS = 3, "requests of this size are not to my liking"


def answer(table: pa.Table) -> pa.Array:
    if table.num_rows == REFUSED:
        raise ValueError(WORDS)
    if table.num_rows and int(table.column(0)[0].as_py()) >= SLOW:
        time.sleep(0.02)
    return pa.array([0.5] * table.num_rows, pa.float32())


@pytest.fixture
def client() -> Iterator[Embedded]:
    model = auroraml.endpoints.Callable(answer, concurrency=1, latency={"base": 0.03, "per_row": 0.001})
    with Database(endpoints={"model": model}) as database:
        made = Embedded(database, database.session(user="rdsadmin"))
        rows(made, SETUP)
        yield made
        made.close()


def rows(client: Embedded, sql: str) -> list[Sequence[str | None]]:
    return [row for result in client.run(sql) for row in result.rows]


def asked(client: Embedded, query: str, wish: Wish | None = None) -> Page:
    return ask_for_page(Asked(client), query, wish)


def test_a_grid_is_what_each_size_makes_of_the_statement(client: Embedded) -> None:
    page = asked(client, QUERY, Wish(sizes=(1, 7, 20, 30, 60, 100)))
    found = {run.size: run.figures for run in page.grid}
    assert {size: figures.calls for size, figures in found.items()} == {1: 60, 7: 9, 20: 3, 30: 2, 60: 1}  # 100 is no more than 60 for 60 rows
    for size, figures in found.items():
        assert size is not None
        assert figures.wall == pytest.approx(-(-60 // size) * 30 + 60, rel=0.05)  # milliseconds: 30 a call, 1 a row
        assert figures.first_row == pytest.approx(30 + min(size, 60), rel=0.1)
    assert all(run.clock == "virtual" and len(run.line.calls) == run.figures.calls for run in page.grid)
    assert page.left_out == {}


def test_a_grid_is_the_same_every_time(client: Embedded) -> None:
    first, second = (asked(client, QUERY, Wish(sizes=(7, 20))) for _ in range(2))
    assert [(run.figures, run.line) for run in first.grid] == [(run.figures, run.line) for run in second.grid]


def test_the_run_as_written_is_on_the_sessions_own_clock(client: Embedded) -> None:
    assert asked(client, QUERY, Wish(sizes=())).run.clock == "real"
    rows(client, "SET auroraml.clock = 'virtual'")
    page = asked(client, QUERY, Wish(sizes=(20,)))
    assert page.run.clock == "virtual"
    assert page.run.figures == page.grid[0].figures
    assert ("auroraml.clock", "virtual") in page.settings


def test_migration_is_compared_by_plans_and_by_runs(client: Embedded) -> None:
    found = asked(client, QUERY, Wish(sizes=())).comparison
    assert found is not None and found.before_run is not None and found.after_run is not None
    assert not found.same
    assert (found.before.root.label, found.after.root.label) == ("Seq Scan on t", "Nested Loop")
    assert (found.before_run.figures.calls, found.after_run.figures.calls) == (60, 3)
    assert asked(client, "SELECT a FROM t").comparison is None


def test_what_does_not_fit_the_time_is_named(client: Embedded) -> None:
    page = asked(client, QUERY, Wish(sizes=(10, 20), seconds=0.0))
    assert (page.grid, page.left_out) == ((), dict.fromkeys((10, 20), TOO_LONG))
    assert f"No 10, 20: {TOO_LONG}." in page_html(page)


def test_a_run_that_takes_too_long_is_stopped(client: Embedded) -> None:
    rows(client, "INSERT INTO t SELECT 1000 FROM generate_series(1, 140); ANALYZE t")
    slow = f"SELECT score(a + {SLOW}) FROM t"
    page = asked(client, slow, Wish(sizes=(1, 100), seconds=1.0))
    assert [run.size for run in page.grid] == [100]
    assert page.left_out == {1: TOO_LONG}
    assert page.comparison is not None and page.comparison.before_run is None and page.comparison.failure == TOO_LONG
    assert rows(client, "SHOW statement_timeout") == [("0",)]


def test_a_size_with_which_the_statement_fails_says_why(client: Embedded) -> None:
    page = asked(client, QUERY, Wish(sizes=(REFUSED, 20), compare=False))
    assert [run.size for run in page.grid] == [20]
    assert list(page.left_out) == [REFUSED]
    assert WORDS in page.left_out[REFUSED] and WORDS in html.unescape(page_html(page))


def test_nothing_stays_changed(client: Embedded) -> None:
    before = rows(client, "SELECT name, setting FROM pg_settings ORDER BY 1")
    page = asked(client, "INSERT INTO t SELECT score(a)::int + 1000 FROM t RETURNING a", Wish(sizes=(5, 50)))
    assert page.run.plan.root.actual is not None and page.run.plan.root.actual.all_rows == 60
    assert rows(client, "SELECT count(*) FROM t") == [("60",)]
    assert rows(client, "SELECT name, setting FROM pg_settings ORDER BY 1") == before
    assert client.transaction == "I"


def test_inside_a_transaction_it_stays_open_and_as_it_was(client: Embedded) -> None:
    rows(client, "BEGIN; INSERT INTO t VALUES (1000)")
    asked(client, "DELETE FROM t", Wish(sizes=()))
    assert client.transaction == "T"
    assert rows(client, "SELECT count(*) FROM t") == [("61",)]
    rows(client, "ROLLBACK")


@pytest.mark.parametrize("block", [False, True])
def test_a_failing_statement_fails_and_leaves_the_session_as_it_was(client: Embedded, block: bool) -> None:
    if block:
        rows(client, "BEGIN")
    with pytest.raises(errors.DivisionByZero):
        asked(client, "SELECT 1 / (a - 5) FROM t")
    assert client.transaction == ("T" if block else "I")


def test_without_analyze_nothing_runs(client: Embedded) -> None:
    page = asked(client, QUERY, Wish(analyze=False))
    assert (page.run.plan.root.actual, page.grid, len(page.run.line.calls)) == (None, (), 0)
    assert page.comparison is not None and page.comparison.before_run is None
    assert rows(client, "SELECT count(*) FROM auroraml.service_calls") == [("0",)]
    assert "own time" not in page_html(page)


def test_a_page_asks_nothing_of_the_network_and_holds_any_text(client: Embedded) -> None:
    hostile = "SELECT '</script><script>alert(1)</script><!-- & ' AS \"<b>x</b>\", score(a) FROM t"
    page = asked(client, hostile, Wish(sizes=(10, 20)))
    text = page_html(page)
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#)|url\((?!#)|@import|https?://(?!www\.w3\.org/)""", text)
    assert text.count("<script") == text.count("</script>") == 4
    document = re.search(r'<script type="application/json" id="plan-json">(.*?)</script>', text, re.S)
    assert document is not None
    assert json.loads(document[1]) == json.loads(page.document)
    runs = re.search(r'<script type="application/json" id="runs-json">(.*?)</script>', text, re.S)
    assert runs is not None
    assert [run["batch_size"] for run in json.loads(runs[1])] == [None, 10, 20]


def test_a_large_plan_stays_a_page(client: Embedded) -> None:
    query = f"SELECT {', '.join(f'(SELECT max(a) FROM t WHERE a < {number})' for number in range(FOLDED // 2 + 5))}"
    text = page_html(asked(client, query))
    assert text.count('role="row"') > FOLDED and "data-folded" in text
    assert len(text) < 4_000_000
