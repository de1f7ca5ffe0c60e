"""Queries with calls of batch functions in every eligible place, and the LATERAL forms that PostgreSQL would be given instead."""

PAIRS = [
    ("SELECT classify(kind, txt) FROM small", "SELECT classify.category FROM small, classify(kind, txt)"),
    ("SELECT id, classify(kind, txt) FROM small WHERE id < 10", "SELECT id, classify.category FROM small, classify(kind, txt) WHERE id < 10"),
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
    ("SELECT (pairs(kind)).* FROM small", "SELECT pairs.label, pairs_1.weight FROM small, pairs(kind), pairs(kind) pairs_1"),
    ("SELECT (pairs(kind)).weight FROM small", "SELECT pairs.weight FROM small, pairs(kind)"),
    ("SELECT id FROM small WHERE (pairs(kind)).label = 'x'", "SELECT id FROM small, pairs(kind) WHERE pairs.label = 'x'"),
    ("SELECT sum(classify(kind, txt)) FROM small", "SELECT sum(classify.category) FROM small, classify(kind, txt)"),
    (
        "SELECT count(*) FILTER (WHERE classify(kind, txt) > 1) FROM small",
        "SELECT count(*) FILTER (WHERE classify.category > 1) FROM small, classify(kind, txt)",
    ),
    ("SELECT classify(kind, txt), count(*) FROM small GROUP BY 1", "SELECT classify.category, count(*) FROM small, classify(kind, txt) GROUP BY 1"),
    (
        "SELECT kind, count(*) FROM small GROUP BY kind HAVING classify(kind, max(txt)) > 0",
        "SELECT below.kind, below.count FROM (SELECT kind, count(*), max(txt) FROM small GROUP BY kind) below, classify(below.kind, below.max) WHERE "
        "classify.category > 0",
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
    ("INSERT INTO sink SELECT id, classify(kind, txt) FROM small", "INSERT INTO sink SELECT id, classify.category FROM small, classify(kind, txt)"),
    (
        "SELECT id FROM small WHERE classify(kind, txt) IN (SELECT id FROM ts.r WHERE id < 5)",
        "SELECT id FROM small, classify(kind, txt) WHERE classify.category IN (SELECT id FROM ts.r WHERE id < 5)",
    ),
    (
        "SELECT id FROM small s WHERE EXISTS (SELECT FROM small t WHERE t.kind = s.id AND classify(t.kind, t.txt) > 2)",
        "SELECT id FROM small s WHERE EXISTS (SELECT FROM small t, classify(t.kind, t.txt) WHERE t.kind = s.id AND classify.category > 2)",
    ),
    (
        "SELECT id FROM small s WHERE NOT EXISTS (SELECT FROM small t WHERE t.kind = s.id AND classify(t.kind, t.txt) > 2)",
        "SELECT id FROM small s WHERE NOT EXISTS (SELECT FROM small t, classify(t.kind, t.txt) WHERE t.kind = s.id AND classify.category > 2)",
    ),
    (
        "SELECT classify(coalesce(s.id, t.id), s.txt) FROM small s FULL JOIN small t ON s.id = t.kind",
        "SELECT classify.category FROM small s FULL JOIN small t ON s.id = t.kind, classify(coalesce(s.id, t.id), s.txt)",
    ),
    (
        "SELECT t.id, classify(s.kind, s.txt) FROM small s RIGHT JOIN small t ON s.id = t.kind WHERE t.id < 20",
        "SELECT t.id, classify.category FROM small s RIGHT JOIN small t ON s.id = t.kind, classify(s.kind, s.txt) WHERE t.id < 20",
    ),
    (
        "SELECT a.id, classify(b.kind, c.txt) FROM small a, small b, small c WHERE a.id = b.kind AND b.id = c.id AND classify(a.id, c.txt) > 1",
        "SELECT a.id, classify_1.category FROM small a, small b, small c, classify(a.id, c.txt), classify(b.kind, c.txt) classify_1 WHERE a.id = b.kind AND "
        "b.id = c.id AND classify.category > 1",
    ),
    (
        "SELECT s.id, q.c FROM small s LEFT JOIN (SELECT id, classify(kind, txt) AS c FROM small) q ON q.id = s.kind",
        "SELECT s.id, q.c FROM small s LEFT JOIN (SELECT id, classify.category AS c FROM small, classify(kind, txt)) q ON q.id = s.kind",
    ),
    (
        "SELECT s.id, q.id FROM small s JOIN (SELECT id FROM small WHERE classify(kind, txt) = 1) q ON q.id = s.kind",
        "SELECT s.id, q.id FROM small s JOIN (SELECT id FROM small, classify(kind, txt) WHERE classify.category = 1) q ON q.id = s.kind",
    ),
    (
        "SELECT s.id FROM small s, small t WHERE s.id = t.kind AND classify(s.kind, t.txt) = 1",
        "SELECT s.id FROM small s, small t, classify(s.kind, t.txt) WHERE s.id = t.kind AND classify.category = 1",
    ),
    (
        "SELECT s.id, classify(s.kind, s.txt) FROM small s LEFT JOIN small t USING (id) WHERE t.kind > 1",
        "SELECT s.id, classify.category FROM small s LEFT JOIN small t USING (id), classify(s.kind, s.txt) WHERE t.kind > 1",
    ),
    (
        "SELECT s.id FROM small s LEFT JOIN small t ON t.id = s.kind WHERE classify(t.kind, t.txt) IS NULL",
        "SELECT s.id FROM small s LEFT JOIN small t ON t.id = s.kind, classify(t.kind, t.txt) WHERE classify.category IS NULL",
    ),
    (
        "WITH q AS MATERIALIZED (SELECT id, classify(kind, txt) AS x FROM small) SELECT a.id, b.x FROM q a JOIN q b ON a.id = b.x",
        "WITH q AS MATERIALIZED (SELECT id, classify.category AS x FROM small, classify(kind, txt)) SELECT a.id, b.x FROM q a JOIN q b ON a.id = b.x",
    ),
    (
        "WITH q AS (SELECT * FROM small WHERE kind = 1) SELECT classify(kind, txt) FROM q WHERE id > 5",
        "WITH q AS (SELECT * FROM small WHERE kind = 1) SELECT classify.category FROM q, classify(kind, txt) WHERE id > 5",
    ),
    (
        "SELECT classify(kind, txt) FROM small UNION SELECT id FROM small",
        "SELECT classify.category FROM small, classify(kind, txt) UNION SELECT id FROM small",
    ),
    (
        "SELECT id FROM small WHERE id < 5 UNION ALL SELECT classify(kind, txt) FROM small WHERE id > 5 UNION ALL SELECT classify(id, txt) FROM small",
        "SELECT id FROM small WHERE id < 5 UNION ALL SELECT classify.category FROM small, classify(kind, txt) WHERE id > 5 UNION ALL SELECT classify.category "
        "FROM small, classify(id, txt)",
    ),
    (
        "SELECT q.x FROM (SELECT classify(kind, txt) AS x FROM small UNION ALL SELECT id FROM small) q WHERE q.x > 3",
        "SELECT q.x FROM (SELECT classify.category AS x FROM small, classify(kind, txt) UNION ALL SELECT id FROM small) q WHERE q.x > 3",
    ),
    (
        "SELECT DISTINCT ON (classify(kind, txt)) id FROM small ORDER BY classify(kind, txt), id",
        "SELECT DISTINCT ON (classify.category) id FROM small, classify(kind, txt) ORDER BY classify.category, id",
    ),
    (
        "SELECT DISTINCT kind, classify(kind, txt) FROM small WHERE id < 30",
        "SELECT DISTINCT kind, classify.category FROM small, classify(kind, txt) WHERE id < 30",
    ),
    ("SELECT id, classify(kind, txt) FROM small LIMIT 5 OFFSET 3", "SELECT id, classify.category FROM small, classify(kind, txt) LIMIT 5 OFFSET 3"),
    ("SELECT id FROM small WHERE classify(kind, txt) = 2 LIMIT 3", "SELECT id FROM small, classify(kind, txt) WHERE classify.category = 2 LIMIT 3"),
    (
        "SELECT id FROM small ORDER BY classify(kind, txt) DESC, id LIMIT 4",
        "SELECT id FROM small, classify(kind, txt) ORDER BY classify.category DESC, id LIMIT 4",
    ),
    (
        "SELECT id, sum(kind) OVER (PARTITION BY classify(kind, txt) ORDER BY id) FROM small",
        "SELECT id, sum(kind) OVER (PARTITION BY classify.category ORDER BY id) FROM small, classify(kind, txt)",
    ),
    (
        "SELECT id, count(*) FILTER (WHERE classify(kind, txt) > 1) OVER (ORDER BY id) FROM small",
        "SELECT id, count(*) FILTER (WHERE classify.category > 1) OVER (ORDER BY id) FROM small, classify(kind, txt)",
    ),
    (
        "SELECT id, lag(classify(kind, txt)) OVER (ORDER BY id) FROM small WHERE kind < 3",
        "SELECT id, lag(classify.category) OVER (ORDER BY id) FROM small, classify(kind, txt) WHERE kind < 3",
    ),
    (
        "SELECT classify(kind, txt), avg(id) FROM small GROUP BY classify(kind, txt) HAVING avg(id) > 10",
        "SELECT classify.category, avg(id) FROM small, classify(kind, txt) GROUP BY classify.category HAVING avg(id) > 10",
    ),
    (
        "SELECT count(DISTINCT classify(kind, txt)), string_agg(txt, ',' ORDER BY classify(id, txt)) FROM small",
        "SELECT count(DISTINCT classify.category), string_agg(txt, ',' ORDER BY classify_1.category) FROM small, classify(kind, txt), classify(id, txt) classify_1",
    ),
    (
        "SELECT kind, max(classify(id, txt)) - min(classify(id, txt)) FROM small GROUP BY kind ORDER BY kind",
        "SELECT kind, max(classify.category) - min(classify_1.category) FROM small, classify(id, txt), classify(id, txt) classify_1 GROUP BY kind ORDER BY kind",
    ),
    (
        "SELECT kind FROM small GROUP BY kind HAVING CASE WHEN classify(kind, 'x') > 1 THEN count(*) > 2 ELSE false END",
        "SELECT below.kind FROM (SELECT kind, count(*) FROM small GROUP BY kind) below, classify(below.kind, 'x') WHERE CASE WHEN classify.category > 1 THEN "
        "below.count > 2 ELSE false END",
    ),
    (
        "SELECT (classify(kind, txt) + 1) * 2, classify(id, txt)::text || 'x' FROM small",
        "SELECT (classify.category + 1) * 2, classify_1.category::text || 'x' FROM small, classify(kind, txt), classify(id, txt) classify_1",
    ),
    (
        "SELECT greatest(classify(kind, txt), 2), nullif(classify(id, txt), 1) FROM small",
        "SELECT greatest(classify.category, 2), nullif(classify_1.category, 1) FROM small, classify(kind, txt), classify(id, txt) classify_1",
    ),
    (
        "SELECT id FROM small WHERE classify(kind, txt) IN (1, 2) AND classify(id, txt) IS NOT NULL AND kind IS NOT NULL",
        "SELECT id FROM small, classify(kind, txt), classify(id, txt) classify_1 WHERE classify.category IN (1, 2) AND classify_1.category IS NOT NULL AND "
        "kind IS NOT NULL",
    ),
    (
        "SELECT id FROM small WHERE classify(kind, txt) IS DISTINCT FROM 2 AND classify(id, txt)::numeric > 2.5",
        "SELECT id FROM small, classify(kind, txt), classify(id, txt) classify_1 WHERE classify.category IS DISTINCT FROM 2 AND classify_1.category::numeric > 2.5",
    ),
    (
        "SELECT id FROM small WHERE (pairs(kind)).label LIKE 'x%' AND (pairs(id)).weight BETWEEN 1 AND 3",
        "SELECT id FROM small, pairs(kind), pairs(id) pairs_1, pairs(id) pairs_2 WHERE pairs.label LIKE 'x%' AND pairs_1.weight >= 1 AND pairs_2.weight <= 3",
    ),
    (
        "SELECT id, (SELECT max(classify(t.kind, s.txt)) FROM small t WHERE t.id = s.id) FROM small s",
        "SELECT id, (SELECT max(classify.category) FROM small t, classify(t.kind, s.txt) WHERE t.id = s.id) FROM small s",
    ),
    (
        "SELECT s.id, l.c FROM small s, LATERAL (SELECT classify(t.kind, s.txt) AS c FROM small t WHERE t.id = s.kind) l",
        "SELECT s.id, l.c FROM small s, LATERAL (SELECT classify.category AS c FROM small t, classify(t.kind, s.txt) WHERE t.id = s.kind) l",
    ),
    ("SELECT classify(v, 'x') FROM (VALUES (1), (2)) q(v)", "SELECT classify.category FROM (VALUES (1), (2)) q(v), classify(v, 'x')"),
    (
        "SELECT classify(g, 'x') FROM generate_series(1, 5) g WHERE g > 2",
        "SELECT classify.category FROM generate_series(1, 5) g, classify(g, 'x') WHERE g > 2",
    ),
    (
        "SELECT id, anomaly_score(description) FROM ts.r WHERE score > 50",
        "SELECT id, anomaly_score FROM ts.r, anomaly_score(description) WHERE score > 50",
    ),
    (
        "SELECT id FROM ts.r WHERE anomaly_score(description) > 7 AND score < 3",
        "SELECT id FROM ts.r, anomaly_score(description) WHERE anomaly_score > 7 AND score < 3",
    ),
    (
        "SELECT score, avg(anomaly_score(description)) FROM ts.r GROUP BY score ORDER BY 2 DESC, 1 LIMIT 3",
        "SELECT score, avg(anomaly_score) FROM ts.r, anomaly_score(description) GROUP BY score ORDER BY 2 DESC, 1 LIMIT 3",
    ),
    (
        "SELECT s.id, anomaly_score(r.description) FROM small s JOIN ts.r ON r.id = s.kind ORDER BY s.id",
        "SELECT s.id, anomaly_score FROM small s JOIN ts.r ON r.id = s.kind, anomaly_score(r.description) ORDER BY s.id",
    ),
    (
        "SELECT s.id FROM small s JOIN ts.r ON r.id = s.id WHERE anomaly_score(r.description) > 6 AND classify(s.kind, r.description) = 1",
        "SELECT s.id FROM small s JOIN ts.r ON r.id = s.id, anomaly_score(r.description), classify(s.kind, r.description) WHERE anomaly_score > 6 AND "
        "classify.category = 1",
    ),
    (
        "SELECT id FROM small WHERE CASE classify(kind, txt) WHEN 1 THEN true ELSE id < 3 END",
        "SELECT id FROM small, classify(kind, txt) WHERE CASE classify.category WHEN 1 THEN true ELSE id < 3 END",
    ),
    (
        "SELECT q.kind, classify(q.kind, q.t) FROM (SELECT kind, max(txt) AS t FROM small GROUP BY kind) q WHERE q.kind > 0",
        "SELECT q.kind, classify.category FROM (SELECT kind, max(txt) AS t FROM small GROUP BY kind) q, classify(q.kind, q.t) WHERE q.kind > 0",
    ),
    (
        "SELECT classify(classify(classify(kind, txt), txt), txt) FROM small WHERE id < 7",
        "SELECT classify_2.category FROM small, classify(kind, txt), classify(classify.category, txt) classify_1, classify(classify_1.category, txt) "
        "classify_2 WHERE id < 7",
    ),
    (
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT classify(n, 'x') + 1 FROM r WHERE n < 5) SELECT n FROM r",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT classify.category + 1 FROM r, classify(n, 'x') WHERE n < 5) SELECT n FROM r",
    ),
    (
        "SELECT id, classify(kind, txt) FROM small WHERE id < 3 FOR UPDATE",
        "SELECT id, classify.category FROM small, classify(kind, txt) WHERE id < 3 FOR UPDATE OF small",
    ),
    (
        "CREATE TABLE made AS SELECT id, classify(kind, txt) FROM small WHERE id < 3",
        "CREATE TABLE made AS SELECT id, classify.category FROM small, classify(kind, txt) WHERE id < 3",
    ),
    (
        "INSERT INTO sink SELECT id, classify(kind, txt) FROM small WHERE classify(id, txt) > 1 ORDER BY id LIMIT 2",
        "INSERT INTO sink SELECT id, classify_1.category FROM small, classify(id, txt), classify(kind, txt) classify_1 WHERE classify.category > 1 ORDER BY id LIMIT 2",
    ),
]
