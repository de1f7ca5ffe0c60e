"""EXPLAIN (ANALYZE, FORMAT JSON) in the public viewer pev2: every node is shown, and the viewer finds no fault with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import auroraml
from tests.browser.tab import Browser, Tab, opened

SETUP = """
CREATE EXTENSION aws_ml CASCADE;
CREATE FUNCTION score(a int, max_rows_per_batch int DEFAULT 40) RETURNS real
  AS $$ SELECT aws_sagemaker.invoke_endpoint('model', max_rows_per_batch, a)::real $$ LANGUAGE SQL PARALLEL SAFE COST 5000;
CREATE TABLE t AS SELECT g AS a, g % 7 AS b FROM generate_series(1, 300) g;
CREATE TABLE parent (id int PRIMARY KEY, n int);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent);
INSERT INTO parent SELECT g, g FROM generate_series(1, 50) g;
ALTER TABLE t SET (parallel_workers = 2);
ANALYZE t, parent;
"""
PARALLEL = ("parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0")
STATEMENTS = {
    "batch mode": "SELECT b, avg(score(a)) FROM t GROUP BY b",
    "call for each row": "SELECT a, score(a) FROM t LIMIT 5",
    "parallel": "SELECT b, count(*) FROM t GROUP BY b ORDER BY b",
    "CTE": "WITH x AS MATERIALIZED (SELECT a, b FROM t) SELECT * FROM x p JOIN x q USING (a) WHERE p.b = 1",
    "init plan": "SELECT * FROM parent WHERE n > (SELECT avg(n) FROM parent) LIMIT 3",
    "subplan": "SELECT id, (SELECT count(*) FROM child WHERE child.parent = parent.id) FROM parent",
    "insert with triggers": "INSERT INTO child SELECT g, g FROM generate_series(1, 10) g",
    "update": "UPDATE parent SET n = n + 1 WHERE id < 10 RETURNING *",
    "append": "SELECT id FROM parent UNION ALL SELECT a FROM t ORDER BY 1 LIMIT 5",
}
PAGE = """<!doctype html><meta charset="utf-8">
<link rel="stylesheet" href="bootstrap/package/dist/css/bootstrap.min.css"><link rel="stylesheet" href="pev2/package/dist/pev2.css">
<script src="vue/package/dist/vue.global.prod.js"></script><script src="pev2/package/dist/pev2.umd.js"></script>
<div id="app" class="d-flex flex-column vh-100"></div>
<script>
let app = null;
function show(plan, query) {
  if (app) app.unmount();
  app = Vue.createApp({ data: () => ({ plan, query }), template: '<pev2 :plan-source="plan" :plan-query="query"></pev2>' });
  app.config.errorHandler = (error) => console.error(error.message);
  app.component("pev2", pev2.Plan);
  app.mount("#app");
}
</script>"""


@pytest.fixture(scope="module")
def shown(browser: Browser, viewer: Path) -> Iterator[Tab]:
    """The viewer with nothing in it yet."""
    (viewer / "viewer.html").write_text(PAGE, encoding="utf-8")
    with opened(browser) as tab:
        tab.page.goto((viewer / "viewer.html").as_uri())
        yield tab


@pytest.fixture(scope="module")
def connection() -> Iterator[auroraml.Connection]:
    made = auroraml.connect(user="rdsadmin", autocommit=True, endpoints={"model": lambda table: pa.array([0.5] * table.num_rows, pa.float32())})
    made.execute(SETUP)
    yield made
    made.close()


def nodes(plan: dict[str, object]) -> int:
    below = plan.get("Plans", [])
    assert isinstance(below, list)
    return 1 + sum(map(nodes, below))


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_viewer_shows_every_node(name: str, connection: auroraml.Connection, shown: Tab) -> None:
    query = STATEMENTS[name]
    for setting in PARALLEL:
        connection.execute(f"SET {setting}" if name in ("batch mode", "parallel") else f"RESET {setting.split()[0]}")
    explained = f"EXPLAIN (ANALYZE, VERBOSE, BUFFERS, WAL, SETTINGS, CHARGES, MIGRATION, HASHES, FORMAT JSON) {query}"
    row = connection.execute(explained).fetchone()
    assert row is not None
    document = row[0]
    shown.errors.clear()
    shown.page.evaluate("([plan, query]) => show(plan, query)", [json.dumps(document, default=float), query])
    shown.page.wait_for_selector(".plan-node")
    assert shown.page.locator(".plan-node").count() == nodes(document[0]["Plan"])
    assert shown.errors == []
