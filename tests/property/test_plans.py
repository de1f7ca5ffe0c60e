"""Random queries over random schemas: the plans of a live PostgreSQL 15 to the character, costs and rows included, where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.property.plans.answers import answer_all
from tests.property.plans.comparison import Comparison, Portion, compare_all
from tests.runner.aurora import Aurora
from tests.runner.cluster import binaries
from tests.runner.outcome import Engine

SMALL = Portion(schemas=range(3), numbers=range(25), most_rows=600, inner=0.995, every=0.97)
MEASURED = Portion(schemas=range(3), numbers=range(15), most_rows=600, inner=0.97, every=0.97, measured=True)
RUN, RUN_LARGE = (
    Portion(schemas=range(2), numbers=range(20), most_rows=2_000),
    Portion(schemas=range(2000, 2040), numbers=range(40), most_rows=20_000),
)
LARGE = Portion(schemas=range(1000, 1100), numbers=range(25), most_rows=20_000, inner=0.995, every=0.97)


@pytest.mark.skipif(binaries() is None, reason="compares with PostgreSQL 15's server programs")
def test_plans(request: pytest.FixtureRequest) -> None:
    """As many are alike as are promised; --plan-differences FILE lists the others."""
    counts = LARGE if request.config.getoption("--soak") else SMALL
    listing: str | None = request.config.getoption("--plan-differences")
    oracle: Engine = request.getfixturevalue("oracle_engine")
    engine = Aurora()
    result = Comparison()
    shown: list[str] = []
    try:
        for found in compare_all(engine, oracle, counts):
            if isinstance(found, Comparison):
                result = found
            else:
                shown.append(str(found))
    finally:
        engine.close()
        if listing is not None:
            Path(listing).write_text("\n".join([*shown, str(result)]), encoding="utf-8")
    assert result.planned.total() == 2 * len(counts.schemas) * len(counts.numbers)
    assert result.share("inner") >= counts.inner, result
    assert result.share("inner", "other") >= counts.every, result


@pytest.mark.skipif(binaries() is None, reason="compares with PostgreSQL 15's server programs")
def test_measured(oracle_engine: Engine) -> None:
    """What EXPLAIN ANALYZE counts of those that are planned alike."""
    engine = Aurora()
    try:
        *_, result = compare_all(engine, oracle_engine, MEASURED)
    finally:
        engine.close()
    assert isinstance(result, Comparison)
    assert result.planned.total() > len(MEASURED.schemas) * len(MEASURED.numbers), result
    assert result.share("inner") >= MEASURED.inner, result
    assert result.share("inner", "other") >= MEASURED.every, result


@pytest.mark.skipif(binaries() is None, reason="compares with PostgreSQL 15's server programs")
def test_answers(request: pytest.FixtureRequest) -> None:
    """Rows, types and errors are PostgreSQL's, whatever settings ours plans under."""
    engine = Aurora()
    try:
        *differences, result = answer_all(engine, request.getfixturevalue("oracle_engine"), RUN_LARGE if request.config.getoption("--soak") else RUN)
    finally:
        engine.close()
    assert isinstance(result, Comparison) and result.planned.total() > 40
    assert not differences, "\n".join(map(str, differences))
