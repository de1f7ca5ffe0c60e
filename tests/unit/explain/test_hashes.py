"""EXPLAIN (HASHES): what the two numbers depend on."""

from __future__ import annotations

import re

from auroraml.explain.hashes import sql_hash
from tests.runner.aurora import Aurora


def lines(engine: Aurora, sql: str) -> list[str]:
    return [str(row[0]) for row in engine.run(f"EXPLAIN (HASHES, COSTS off) {sql}").rows]


def test_literals_case_and_spacing_do_not_count() -> None:
    assert sql_hash("SELECT a FROM t WHERE b = 1") == sql_hash("select  a from T where b =  25 -- why")
    assert sql_hash("SELECT a FROM t") != sql_hash("SELECT b FROM t")


def test_last_line_after_the_plan() -> None:
    engine = Aurora()
    engine.run("CREATE TABLE t (a int, b text)")
    try:
        first, second, other = (
            lines(engine, "SELECT * FROM t WHERE a = 1"),
            lines(engine, "SELECT * FROM t WHERE a = 2"),
            lines(engine, "SELECT a FROM t"),
        )
        assert re.fullmatch(r"SQL Hash: -?\d+, Plan Hash: -?\d+", first[-1])
        assert first[-1] == second[-1]
        assert first[-1].split(",")[1] == other[-1].split(",")[1], "the same scan"
        assert first[-1].split(",")[0] != other[-1].split(",")[0]
    finally:
        engine.close()
