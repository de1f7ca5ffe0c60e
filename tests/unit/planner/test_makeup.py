"""What a statement's plan is made of."""

from __future__ import annotations

import pytest

import auroraml
from auroraml import sql
from auroraml.ir.tree import every, walk
from auroraml.planner.level.makeup import Makeup


@pytest.fixture(scope="module")
def connection() -> auroraml.Connection:
    made = auroraml.connect(autocommit=True)
    made.execute("CREATE TABLE t (a int PRIMARY KEY, b text)")
    made.execute("CREATE VIEW v AS SELECT a FROM t")
    made.execute("CREATE FUNCTION twice(x int) RETURNS int LANGUAGE sql AS 'SELECT x * 2'")
    return made


@pytest.mark.parametrize(
    ("text", "built_in", "plain", "hazard"),
    [
        ("SELECT b FROM t WHERE a = 1", True, True, "s"),
        ("SELECT 1", True, True, "s"),
        ("SELECT count(*), upper(b) FROM t x JOIN t y USING (a, b) GROUP BY b ORDER BY 1 LIMIT 3", True, True, "s"),
        ("SELECT rank() OVER (ORDER BY a) FROM t", True, True, "r"),
        ("SELECT a FROM t FOR UPDATE", True, False, "u"),
        ("INSERT INTO t SELECT a + 1, b FROM t", True, False, "u"),
        ("INSERT INTO t VALUES (1, 'x')", True, False, "u"),
        ("INSERT INTO t VALUES (1, 'x'), (2, 'y')", True, False, "u"),
        ("DELETE FROM t WHERE a = 1", True, False, "u"),
        ("SELECT a FROM v", True, False, "s"),
        ("SELECT a FROM t WHERE a IN (SELECT a FROM t)", True, False, "r"),
        ("SELECT t FROM t", True, False, "s"),
        ("SELECT a FROM generate_series(1, 3) AS g(a)", True, False, "s"),
        ("SELECT twice(a) FROM t", False, False, "u"),
        ("SELECT lastval() FROM t", True, True, "u"),
        ("SELECT * FROM t NATURAL JOIN (VALUES (1)) AS w(a)", True, False, "s"),
        ("SELECT a FROM t UNION SELECT 1", True, False, "s"),
    ],
)
def test_makeup(connection: auroraml.Connection, text: str, built_in: bool, plain: bool, hazard: str) -> None:
    statement = sql.parse(text)[0]
    assert isinstance(statement, sql.statements.Query)
    connection.session.transaction.statement()
    plan = connection.session.bind(statement).plan
    connection.session.rollback()
    made = Makeup(plan)
    assert (made.built_in, made.plain, made.hazard) == (built_in, plain, hazard)
    assert sorted(map(id, every(plan))) == sorted(map(id, walk(plan)))
