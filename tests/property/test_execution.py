"""Execution: LIMIT is a slice, and any plan a query gets answers the same."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as s

import auroraml

METHODS = ("hashjoin", "mergejoin", "nestloop", "hashagg", "sort", "indexscan", "bitmapscan", "seqscan", "material", "memoize")
QUERIES = (
    "SELECT l.k, l.v, r.w FROM l JOIN r ON l.k = r.k WHERE r.w > {n} ORDER BY 1, 2, 3",
    "SELECT l.k, l.v, r.w FROM l LEFT JOIN r ON l.k = r.k AND r.w < {n} ORDER BY 1, 2, 3",
    "SELECT l.k, l.v, r.w FROM l RIGHT JOIN r ON l.k = r.k ORDER BY 1, 2, 3",
    "SELECT l.k, l.v, r.w FROM l FULL JOIN r ON l.k = r.k ORDER BY 1, 2, 3",
    "SELECT k, v FROM l WHERE EXISTS (SELECT FROM r WHERE r.k = l.k AND r.w > {n}) ORDER BY 1, 2",
    "SELECT k, v FROM l WHERE NOT EXISTS (SELECT FROM r WHERE r.k = l.k AND r.w <> l.v) ORDER BY 1, 2",
    "SELECT k, v FROM l WHERE k NOT IN (SELECT w FROM r WHERE w IS NOT NULL) ORDER BY 1, 2",
    "SELECT k, count(*), sum(v), min(v) FROM l GROUP BY k HAVING count(*) > 1 ORDER BY 1",
    "SELECT v, (SELECT count(*) FROM r WHERE r.k = l.k AND r.w > {n}) FROM l ORDER BY 1, 2",
    "SELECT l.v, q.w FROM l, LATERAL (SELECT w FROM r WHERE r.k = l.k ORDER BY w DESC NULLS LAST LIMIT 2) q ORDER BY 1, 2",
    "SELECT DISTINCT k FROM l UNION SELECT w FROM r ORDER BY 1",
    "SELECT k FROM l INTERSECT ALL SELECT k FROM r ORDER BY 1",
    "SELECT i.id, l.v FROM l JOIN i ON i.id = l.v ORDER BY 1, 2",
    "SELECT v, sum(v) OVER (PARTITION BY k ORDER BY v), rank() OVER (ORDER BY k) FROM l ORDER BY 1, 2, 3",
)


@cache
def database() -> auroraml.Connection:
    """Tables with repeated and NULL keys, and one with an index."""
    connection = auroraml.connect(autocommit=True)
    connection.execute("CREATE TABLE l (k int, v int)")
    connection.execute("CREATE TABLE r (k int, w int)")
    connection.execute("CREATE TABLE i (id int PRIMARY KEY, z int)")
    connection.execute("INSERT INTO l SELECT CASE WHEN g % 11 = 0 THEN NULL ELSE g % 13 END, g % 29 FROM generate_series(1, 60) g")
    connection.execute("INSERT INTO r SELECT CASE WHEN g % 7 = 0 THEN NULL ELSE g % 17 END, g % 5 FROM generate_series(1, 40) g")
    connection.execute("INSERT INTO i SELECT g, g % 3 FROM generate_series(1, 200) g")
    connection.execute("ANALYZE")
    return connection


@settings(max_examples=60, deadline=None)
@given(
    query=s.sampled_from(QUERIES),
    n=s.integers(-1, 5),
    off=s.sets(s.sampled_from(METHODS), max_size=5),
    limit=s.integers(0, 30),
    skip=s.integers(0, 10),
)
def test_plans_agree_and_limit_is_a_slice(query: str, n: int, off: set[str], limit: int, skip: int) -> None:
    connection = database()
    connection.execute("RESET ALL")
    wanted = connection.execute(query.format(n=n)).fetchall()
    for method in off:
        connection.execute(f"SET enable_{method} = off")
    assert connection.execute(query.format(n=n)).fetchall() == wanted
    assert connection.execute(f"{query.format(n=n)} LIMIT {limit} OFFSET {skip}").fetchall() == wanted[skip : skip + limit]
