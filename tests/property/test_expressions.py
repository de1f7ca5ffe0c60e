"""Random expressions over all types: the same columns, rows and errors as a live PostgreSQL 15, where there is one."""

from __future__ import annotations

import pytest

from tests.property.expressions import Generator
from tests.runner.aurora import Aurora
from tests.runner.cluster import binaries
from tests.runner.outcome import Engine, Outcome

SMALL, LARGE = range(1, 3), range(1000, 1040)
STATEMENTS = {"small": 150, "large": 1000}


def answer(outcome: Outcome) -> object:
    """What must agree: columns and rows, or SQLSTATE and message (positions have golden files of their own)."""
    failure = outcome.failure
    return (outcome.columns, outcome.rows) if failure is None else (failure.sqlstate, failure.message)


@pytest.mark.skipif(binaries() is None, reason="compares with PostgreSQL 15's server programs")
def test_expressions(request: pytest.FixtureRequest) -> None:
    """Every statement of each seed has PostgreSQL's answer; what this engine refuses by name (0A000) is left out."""
    large = bool(request.config.getoption("--soak"))
    oracle: Engine = request.getfixturevalue("oracle_engine")
    engine = Aurora()
    try:
        for seed in LARGE if large else SMALL:
            generator = Generator(seed)
            for _ in range(STATEMENTS["large" if large else "small"]):
                sql = generator.statement()
                ours = engine.run(sql)
                if ours.failure is not None and ours.failure.sqlstate == "0A000":
                    continue
                assert answer(ours) == answer(oracle.run(sql)), sql
    finally:
        engine.close()
