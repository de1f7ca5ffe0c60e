"""Random conditions over correlated columns: the row estimates of a live PostgreSQL 15 with its statistics objects, where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.property.estimates.queries import query
from tests.property.estimates.tables import Table, make_table
from tests.property.plans.comparison import text
from tests.runner.aurora import Aurora
from tests.runner.cluster import binaries
from tests.runner.outcome import Engine

SMALL, LARGE = (range(3), range(15), 300), (range(1000, 1100), range(60), 4000)
WANTED = 0.995


@pytest.mark.skipif(binaries() is None, reason="compares with PostgreSQL 15's server programs")
def test_estimates(request: pytest.FixtureRequest) -> None:
    """Plans with costs and rows are alike; --plan-differences FILE lists the others."""
    tables, numbers, most_rows = LARGE if request.config.getoption("--soak") else SMALL
    listing: str | None = request.config.getoption("--plan-differences")
    oracle: Engine = request.getfixturevalue("oracle_engine")
    engine = Aurora()
    planned = 0
    different: list[str] = []
    try:
        for seed in tables:
            table = make_table(seed, most_rows)
            _prepare(table, engine, oracle)
            for number in numbers:
                sql = query(table, number)
                outcome = oracle.run(f"EXPLAIN {sql}")
                assert outcome.failure is None, (sql, outcome.failure)
                ours, theirs = text(engine.run(f"EXPLAIN {sql}")), text(outcome)
                planned += 1
                if ours != theirs:
                    different.append(f"### table {seed}, query {number}\n{sql};\n--- ours\n{ours}\n--- PostgreSQL\n{theirs}\n")
    finally:
        engine.close()
        if listing is not None:
            Path(listing).write_text("\n".join([*different, f"planned alike: {planned - len(different)} of {planned}"]), encoding="utf-8")
    assert planned == len(tables) * len(numbers)
    assert len(different) <= (1 - WANTED) * planned, "\n".join(different[:3])


def _prepare(table: Table, *engines: Engine) -> None:
    """Make the table in each engine, in a public schema of its own."""
    for engine in engines:
        for statement in ("DROP SCHEMA IF EXISTS public CASCADE", "CREATE SCHEMA public", *table.statements):
            outcome = engine.run(statement)
            assert outcome.failure is None, (statement, outcome.failure)
