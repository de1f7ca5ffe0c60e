"""A migrated query is planned as its hand-written LATERAL form, and answers the same whatever the switches say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.runner.aurora import Aurora
from tests.runner.setups import SETUPS
from tests.unit.planner.lateral_pairs import PAIRS

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


SELECTS = [*(written for written, _ in PAIRS if written.startswith(("SELECT", "WITH"))), *(sql for sql in UNMOVED if sql.startswith("SELECT")),
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
