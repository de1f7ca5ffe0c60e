"""Programs see of auroraml what they see of psycopg on PostgreSQL 15: recorded with --rewrite, checked against a server with --oracle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import auroraml
from tests.unit.dbapi.scenarios import SCENARIOS, outcome

RECORDED = Path(__file__).parent / "psycopg.json"


def on_psycopg(server: str, name: str) -> str:
    """What a scenario sees on PostgreSQL."""
    import psycopg  # which only the oracle needs

    with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS scenario")
        admin.execute("CREATE DATABASE scenario")
    connection = psycopg.connect(f"{server} dbname=scenario")
    try:
        return outcome(lambda: SCENARIOS[name](connection))
    finally:
        connection.close()


@pytest.mark.parametrize("name", SCENARIOS)
def test_as_psycopg(name: str, request: pytest.FixtureRequest) -> None:
    recorded: dict[str, str] = json.loads(RECORDED.read_text(encoding="utf-8"))
    rewrite = request.config.getoption("--rewrite")
    if rewrite or request.config.getoption("--oracle"):
        seen = on_psycopg(request.getfixturevalue("oracle_server"), name)
        if rewrite:
            RECORDED.write_text(json.dumps({**recorded, name: seen}, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
            recorded[name] = seen
        assert seen == recorded[name]
        if not rewrite:
            return
    connection = auroraml.connect(user="rdsadmin")
    try:
        assert outcome(lambda: SCENARIOS[name](connection)) == recorded[name]
    finally:
        connection.close()
