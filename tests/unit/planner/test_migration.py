"""A migrated query is planned as its hand-written LATERAL form, and answers the same whatever the switches say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.runner.aurora import Aurora
from tests.runner.setups import SETUPS

PAIRS = [
    ("SELECT classify(kind, txt) FROM small", "SELECT classify.category FROM small, classify(kind, txt)"),
    (
        "SELECT id, classify(kind, txt) FROM small WHERE id < 10",
        "SELECT id, classify.category FROM small, classify(kind, txt) WHERE id < 10",
    ),
    (
        "SELECT id FROM small WHERE classify(kind, txt) > 1 AND id < 10",
        "SELECT id FROM small, classify(kind, txt) WHERE classify.category > 1 AND id < 10",
    ),
    (
        "SELECT id FROM small WHERE classify(kind, txt) > id OR NOT classify(kind, txt) > 3",
        "SELECT id FROM small WHERE classify(kind, txt) > id OR NOT classify(kind, txt) > 3",
    ),
    (
        "SELECT classify(kind, txt), classify(id, txt) FROM small",
        "SELECT classify.category, classify_1.category FROM small, classify(kind, txt), classify(id, txt) classify_1",
    ),
    (
        "SELECT classify(classify(kind, txt), txt) FROM small",
        "SELECT classify_1.category FROM small, classify(kind, txt), classify(classify.category, txt) classify_1",
    ),
    (
        "SELECT (pairs(kind)).* FROM small",
        "SELECT pairs.label, pairs_1.weight FROM small, pairs(kind), pairs(kind) pairs_1",
    ),
    ("SELECT (pairs(kind)).weight FROM small", "SELECT pairs.weight FROM small, pairs(kind)"),
    ("SELECT id FROM small WHERE (pairs(kind)).label = 'x'", "SELECT id FROM small, pairs(kind) WHERE pairs.label = 'x'"),
    ("SELECT sum(classify(kind, txt)) FROM small", "SELECT sum(classify.category) FROM small, classify(kind, txt)"),
    (
        "SELECT count(*) FILTER (WHERE classify(kind, txt) > 1) FROM small",
        "SELECT count(*) FILTER (WHERE classify.category > 1) FROM small, classify(kind, txt)",
    ),
    (
        "SELECT classify(kind, txt), count(*) FROM small GROUP BY 1",
        "SELECT classify.category, count(*) FROM small, classify(kind, txt) GROUP BY 1",
    ),
    (
        "SELECT kind, count(*) FROM small GROUP BY kind HAVING classify(kind, max(txt)) > 0",
        "SELECT below.kind, below.count FROM (SELECT kind, count(*), max(txt) FROM small GROUP BY kind) below, classify(below.kind, below.max) WHERE classify.category > 0",
    ),
    (
        "SELECT kind, count(*) FROM small GROUP BY kind HAVING avg(classify(kind, txt)) > 0",
        "SELECT kind, count(*) FROM small, classify(kind, txt) GROUP BY kind HAVING avg(classify.category) > 0",
    ),
    (
        "SELECT kind, classify(kind, max(txt)) FROM small GROUP BY kind HAVING count(*) > 2 ORDER BY 2, 1 LIMIT 3",
        "SELECT below.kind, classify.category FROM (SELECT kind, max(txt) FROM small GROUP BY kind HAVING count(*) > 2) below, classify(below.kind, below.max) "
        "ORDER BY 2, 1 LIMIT 3",
    ),
    (
        "SELECT id % 3, classify(id % 3, max(txt)) FROM small GROUP BY id % 3",
        "SELECT below.k, classify.category FROM (SELECT id % 3 AS k, max(txt) FROM small GROUP BY id % 3) below, classify(below.k, below.max)",
    ),
    (
        "SELECT id, classify(kind, txt) FROM small ORDER BY id LIMIT 5",
        "SELECT id, classify.category FROM small, classify(kind, txt) ORDER BY id LIMIT 5",
    ),
    ("SELECT id FROM small ORDER BY classify(kind, txt)", "SELECT id FROM small, classify(kind, txt) ORDER BY classify.category"),
    ("SELECT DISTINCT classify(kind, txt) FROM small", "SELECT DISTINCT classify.category FROM small, classify(kind, txt)"),
    (
        "SELECT CASE classify(kind, txt) WHEN 1 THEN 'a' ELSE 'b' END FROM small",
        "SELECT CASE classify.category WHEN 1 THEN 'a' ELSE 'b' END FROM small, classify(kind, txt)",
    ),
    (
        "SELECT CASE WHEN classify(kind, txt) > 1 THEN 'a' WHEN id > 3 THEN 'c' ELSE 'b' END FROM small",
        "SELECT CASE WHEN classify.category > 1 THEN 'a' WHEN id > 3 THEN 'c' ELSE 'b' END FROM small, classify(kind, txt)",
    ),
    (
        "SELECT s.id, classify(s.kind, r.description) FROM small s JOIN ts.r ON r.id = s.id",
        "SELECT s.id, classify.category FROM small s JOIN ts.r ON r.id = s.id, classify(s.kind, r.description)",
    ),
    (
        "SELECT s.id, classify(s.kind, r.description) FROM small s LEFT JOIN ts.r ON r.id = s.id AND r.score > 50",
        "SELECT s.id, classify.category FROM small s LEFT JOIN ts.r ON r.id = s.id AND r.score > 50, classify(s.kind, r.description)",
    ),
    (
        "SELECT x FROM (SELECT classify(kind, txt) AS x FROM small) q WHERE x > 1",
        "SELECT x FROM (SELECT classify.category AS x FROM small, classify(kind, txt)) q WHERE x > 1",
    ),
    (
        "WITH q AS (SELECT classify(kind, txt) AS x FROM small) SELECT count(*) FROM q",
        "WITH q AS (SELECT classify.category AS x FROM small, classify(kind, txt)) SELECT count(*) FROM q",
    ),
    (
        "SELECT classify(kind, txt) FROM small UNION ALL SELECT id FROM small",
        "SELECT classify.category FROM small, classify(kind, txt) UNION ALL SELECT id FROM small",
    ),
    (
        "SELECT id FROM small WHERE id IN (SELECT classify(kind, txt) FROM small)",
        "SELECT id FROM small WHERE id IN (SELECT classify.category FROM small, classify(kind, txt))",
    ),
    (
        "SELECT id, row_number() OVER (ORDER BY classify(kind, txt), id) FROM small",
        "SELECT id, row_number() OVER (ORDER BY classify.category, id) FROM small, classify(kind, txt)",
    ),
    (
        "SELECT id, classify(rank() OVER (ORDER BY kind)::int, txt) FROM small",
        "SELECT below.id, classify.category FROM (SELECT id, rank() OVER (ORDER BY kind), txt FROM small) below, classify(below.rank::int, below.txt)",
    ),
    (
        "SELECT kind, sum(classify(kind, max(txt))) OVER () FROM small GROUP BY kind",
        "SELECT below.kind, sum(classify.category) OVER () FROM (SELECT kind, max(txt) FROM small GROUP BY kind) below, classify(below.kind, below.max)",
    ),
    (
        "INSERT INTO sink SELECT id, classify(kind, txt) FROM small",
        "INSERT INTO sink SELECT id, classify.category FROM small, classify(kind, txt)",
    ),
]
UNMOVED = [
    "SELECT CASE WHEN id > 1 THEN classify(kind, txt) END FROM small",
    "SELECT CASE WHEN id > 1 AND classify(kind, txt) > 1 THEN 1 END FROM small",
    "SELECT CASE WHEN id > 1 THEN 1 WHEN classify(kind, txt) > 1 THEN 2 END FROM small",
    "SELECT 1 + CASE classify(kind, txt) WHEN 1 THEN 2 END FROM small",
    "SELECT coalesce(classify(kind, txt), 1) FROM small",
    "SELECT id > 1 AND classify(kind, txt) > 1 FROM small",
    "SELECT id FROM small WHERE id > 1 OR classify(kind, txt) > 1",
    "SELECT s.id FROM small s JOIN small r ON classify(s.kind, s.txt) = r.id",
    "SELECT classify(1, 'x') FROM small",
    "SELECT classify(1, 'x')",
    "SELECT (SELECT classify(s.kind, s.txt)) FROM small s",
    "SELECT sum(id) FILTER (WHERE id > 1 AND classify(kind, txt) > 1) FROM small",
    "UPDATE small SET kind = classify(kind, txt)",
    "DELETE FROM small WHERE classify(kind, txt) > 1",
]


@pytest.fixture(scope="module")
def engine() -> Iterator[Aurora]:
    aurora = Aurora()
    prepared = aurora.run(SETUPS["lateral"].aurora + "CREATE TABLE sink (a int, b int);")
    assert prepared.failure is None, prepared.failure
    yield aurora
    aurora.close()


def lines(engine: Aurora, sql: str) -> list[str]:
    """The rows of a query, columns joined."""
    found = engine.run(sql)
    assert found.failure is None, (sql, found.failure)
    return ["\t".join("NULL" if value is None else value for value in row) for row in found.rows]


@pytest.mark.parametrize(("written", "lateral"), PAIRS, ids=[written for written, _ in PAIRS])
def test_a_migrated_query_is_planned_as_its_lateral_form(engine: Aurora, written: str, lateral: str) -> None:
    assert lines(engine, f"EXPLAIN {written}") == lines(engine, f"EXPLAIN {lateral.replace('below', 'unnamed_subquery')}")


@pytest.mark.parametrize("sql", UNMOVED)
def test_calls_that_are_not_evaluated_for_every_row_stay(engine: Aurora, sql: str) -> None:
    assert not any("Function Scan" in line for line in lines(engine, f"EXPLAIN {sql}"))


SELECTS = [*(written for written, _ in PAIRS if not written.startswith("INSERT")), *(sql for sql in UNMOVED if sql.startswith("SELECT")),
           "SELECT pairs(kind) FROM small", "SELECT pairs(kind), (pairs(kind)).label FROM small WHERE pairs(kind) IS NOT NULL"]  # fmt: skip


@pytest.mark.parametrize("sql", SELECTS)
def test_answers_do_not_depend_on_the_switches(engine: Aurora, sql: str) -> None:
    wanted = lines(engine, sql)
    switches = ("apg_enable_function_migration", "apg_enable_batch_mode_function_execution")
    ordered = "ORDER BY" in sql.replace("OVER (ORDER BY", "")
    try:
        for off in (switches[:1], switches[1:], switches):
            for switch in off:
                engine.run(f"SET {switch} = off")
            got = lines(engine, sql)
            assert (got == wanted) if ordered else (sorted(got) == sorted(wanted))
            engine.run("RESET ALL")
            engine.run("SET auroraml.function_scan_cost = 'postgres'")
    finally:
        engine.run("RESET ALL")
        engine.run("SET auroraml.function_scan_cost = 'postgres'")
