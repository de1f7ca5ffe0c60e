"""Fixtures shared by all tests: PostgreSQL 15 as the oracle."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.runner.cluster import cluster, standby


def pytest_addoption(parser: pytest.Parser) -> None:
    """The golden runner's options."""
    parser.addoption("--rewrite", action="store_true", help="record what the oracle (or, without one, the engine) answers")
    parser.addoption("--gaps", action="store_true", help="write the list of known gaps (tests/golden/GAPS.txt) anew")
    parser.addoption("--soak", action="store_true", help="whole counts: every golden file in every mode, many random statements")
    parser.addoption("--plan-differences", metavar="FILE", help="where the comparison of random plans lists what differs")
    parser.addoption("--oracle", action="store_true", help="run the golden files on a throw-away PostgreSQL 15 instead of auroraml")


@pytest.fixture(scope="session")
def oracle_server() -> Iterator[str]:
    """A running PostgreSQL 15: its connection string without a database."""
    with cluster() as conninfo:
        yield conninfo


@pytest.fixture(scope="session")
def oracle_standby(oracle_server: str) -> Iterator[str]:
    """A hot standby of the oracle's server."""
    with standby(oracle_server) as conninfo:
        yield conninfo


@pytest.fixture
def oracle_engine(oracle_server: str, request: pytest.FixtureRequest) -> Iterator[object]:
    """PostgreSQL 15 as an Engine, with a database of its own."""
    from tests.runner.postgres import Postgres  # needs psycopg, which only the oracle needs

    engine = Postgres(oracle_server, standby=lambda: str(request.getfixturevalue("oracle_standby")))
    yield engine
    engine.close()
