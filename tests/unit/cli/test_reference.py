"""The help texts name every backslash command and option."""

from __future__ import annotations

import re

import pytest
from auroraml_cli.invocation import PARAMETERS
from auroraml_cli.meta.registry import commands
from auroraml_cli.reference import COMMANDS as COMMANDS_TEXT
from auroraml_cli.reference import OPTIONS, VARIABLES
from auroraml_cli.syntax import SYNTAX, synopses
from auroraml_cli.variables import DEFAULTS

from auroraml.errors import SyntaxError
from auroraml.sql import parse
from auroraml.sql.statements import Refused
from auroraml.sql.utility import UTILITY

ALIASES = {"connect", "edit", "help", "html", "include", "include_relative", "list", "out", "print", "quit", "reset", "write"}


def test_every_command_is_listed_and_every_listed_command_exists() -> None:
    listed = set(re.findall(r"\\([A-Za-z?!]+)", COMMANDS_TEXT))
    assert set(commands()) - ALIASES == listed


def test_every_option_is_listed() -> None:
    for parameter in PARAMETERS:
        for name in parameter.opts:
            if name.startswith("-"):
                assert re.search(rf"(^|[ ,]){re.escape(name)}\b", OPTIONS, re.M) or name in ("-?", "-1", "-0"), name


def test_every_special_variable_is_listed() -> None:
    for name in DEFAULTS:
        assert re.search(rf"\b{name}\b", VARIABLES), name


def test_syntax_of_statements() -> None:
    assert synopses("nonsense") is None
    assert (synopses("select") or "").startswith("Command:     SELECT\n")
    assert (synopses("*") or "").count("Command:") == len(SYNTAX)


EXAMPLES = {
    "ABORT": "ABORT WORK AND NO CHAIN", "ALTER DATABASE": "ALTER DATABASE d RENAME TO e", "ALTER EXTENSION": "ALTER EXTENSION aws_ml UPDATE TO '1.0'",
    "ALTER FUNCTION": "ALTER FUNCTION f(int) COST 5", "ALTER INDEX": "ALTER INDEX IF EXISTS i ALTER COLUMN 1 SET STATISTICS 10",
    "ALTER MATERIALIZED VIEW": "ALTER MATERIALIZED VIEW m OWNER TO o", "ALTER ROLE": "ALTER ROLE r WITH NOLOGIN", "ALTER SCHEMA": "ALTER SCHEMA s OWNER TO o",
    "ALTER SEQUENCE": "ALTER SEQUENCE s RESTART WITH 5", "ALTER STATISTICS": "ALTER STATISTICS s SET STATISTICS 10",
    "ALTER TABLE": "ALTER TABLE ONLY t ADD COLUMN IF NOT EXISTS a int NOT NULL, DROP CONSTRAINT IF EXISTS c CASCADE",
    "ALTER TRIGGER": "ALTER TRIGGER a ON t RENAME TO b",
    "ALTER TYPE": "ALTER TYPE t SET SCHEMA s", "ALTER VIEW": "ALTER VIEW v RENAME TO w", "ANALYZE": "ANALYZE VERBOSE t (a)",
    "BEGIN": "BEGIN WORK READ ONLY, NOT DEFERRABLE", "CLOSE": "CLOSE ALL", "COMMENT": "COMMENT ON CONSTRAINT c ON t IS NULL", "COMMIT": "COMMIT AND CHAIN",
    "COPY": "COPY t (a) FROM STDIN WITH (FORMAT csv, FORCE_NULL (a)) WHERE a > 1", "CREATE DATABASE": "CREATE DATABASE d WITH OWNER = o",
    "CREATE EXTENSION": "CREATE EXTENSION IF NOT EXISTS e WITH SCHEMA s VERSION '1.0' CASCADE",
    "CREATE FUNCTION": "CREATE OR REPLACE FUNCTION f(INOUT a int DEFAULT 1) LANGUAGE SQL SECURITY DEFINER SET work_mem = '1MB' RETURN a",
    "CREATE INDEX": 'CREATE UNIQUE INDEX CONCURRENTLY i ON ONLY t USING btree (a COLLATE "C" DESC NULLS LAST, (a + 1)) INCLUDE (b) WHERE a > 0',
    "CREATE MATERIALIZED VIEW": "CREATE MATERIALIZED VIEW IF NOT EXISTS m (a) AS SELECT 1 WITH NO DATA",
    "CREATE ROLE": "CREATE ROLE r WITH NOLOGIN CONNECTION LIMIT 3 VALID UNTIL '2030-01-01' IN ROLE a, b", "CREATE SCHEMA": "CREATE SCHEMA AUTHORIZATION o",
    "CREATE SEQUENCE": "CREATE TEMP SEQUENCE s AS int INCREMENT BY 2 NO MAXVALUE OWNED BY t.a", "CREATE STATISTICS": "CREATE STATISTICS s (mcv) ON a, (b + 1) FROM t",
    "CREATE TABLE": "CREATE TEMP TABLE t (a int GENERATED ALWAYS AS IDENTITY (START 5) PRIMARY KEY, LIKE u, FOREIGN KEY (a) REFERENCES u (b) ON DELETE RESTRICT)",
    "CREATE TABLE AS": "CREATE TABLE t AS EXECUTE p (1) WITH NO DATA",
    "CREATE TRIGGER": "CREATE OR REPLACE TRIGGER a BEFORE INSERT OR UPDATE OF b, c ON t FOR EACH ROW WHEN (new.b > 1) EXECUTE FUNCTION f('x')",
    "CREATE TYPE": "CREATE TYPE t AS ENUM ('a', 'b')", "CREATE USER": "CREATE USER u PASSWORD 'x'",
    "CREATE VIEW": "CREATE OR REPLACE TEMP VIEW v (a) AS SELECT 1", "DEALLOCATE": "DEALLOCATE PREPARE ALL",
    "DECLARE": "DECLARE c INSENSITIVE NO SCROLL CURSOR WITH HOLD FOR SELECT 1", "DELETE": "DELETE FROM t AS x USING u WHERE x.a = u.a RETURNING x.*",
    "DISCARD": "DISCARD ALL", "DO": "DO LANGUAGE plpgsql 'BEGIN END'",
    "DROP DATABASE": "DROP DATABASE IF EXISTS d", "DROP EXTENSION": "DROP EXTENSION e CASCADE", "DROP FUNCTION": "DROP FUNCTION IF EXISTS f(int), g",
    "DROP INDEX": "DROP INDEX CONCURRENTLY IF EXISTS i", "DROP MATERIALIZED VIEW": "DROP MATERIALIZED VIEW m, n", "DROP OWNED": "DROP OWNED BY o RESTRICT",
    "DROP ROLE": "DROP ROLE IF EXISTS a, b", "DROP SCHEMA": "DROP SCHEMA s CASCADE", "DROP SEQUENCE": "DROP SEQUENCE s", "DROP STATISTICS": "DROP STATISTICS s",
    "DROP TABLE": "DROP TABLE IF EXISTS t, u RESTRICT", "DROP TRIGGER": "DROP TRIGGER IF EXISTS a ON t CASCADE",
    "DROP TYPE": "DROP TYPE t", "DROP VIEW": "DROP VIEW v", "END": "END TRANSACTION", "EXECUTE": "EXECUTE p (1, 2)",
    "EXPLAIN": "EXPLAIN (ANALYZE, WAL off, TUTOR true, FORMAT yaml) SELECT 1", "FETCH": "FETCH BACKWARD ALL IN c",
    "GRANT": "GRANT SELECT (a, b), INSERT ON TABLE t TO r WITH GRANT OPTION GRANTED BY o",
    "INSERT": "INSERT INTO t AS x (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2 WHERE x.a = 3 RETURNING a",
    "LOCK": "LOCK TABLE t, u IN SHARE ROW EXCLUSIVE MODE NOWAIT", "MOVE": "MOVE ABSOLUTE 3 FROM c", "PREPARE": "PREPARE p (int) AS SELECT $1",
    "REFRESH MATERIALIZED VIEW": "REFRESH MATERIALIZED VIEW CONCURRENTLY m WITH DATA", "RELEASE SAVEPOINT": "RELEASE s", "RESET": "RESET ALL",
    "REVOKE": "REVOKE GRANT OPTION FOR ALL PRIVILEGES ON ALL TABLES IN SCHEMA s FROM r CASCADE", "ROLLBACK": "ROLLBACK AND CHAIN",
    "LISTEN": "LISTEN a", "NOTIFY": "NOTIFY a, 'b'", "UNLISTEN": "UNLISTEN *",
    "REINDEX": "REINDEX (CONCURRENTLY off) TABLE CONCURRENTLY t", "ROLLBACK TO SAVEPOINT": "ROLLBACK WORK TO SAVEPOINT s", "SAVEPOINT": "SAVEPOINT s",
    "SELECT": "SELECT DISTINCT ON (a) a FROM t WINDOW w AS (ORDER BY a) ORDER BY a NULLS FIRST LIMIT 1 OFFSET 2 FOR NO KEY UPDATE OF t SKIP LOCKED",
    "SELECT INTO": "SELECT 1 AS a INTO TEMP TABLE t", "SET": "SET LOCAL TIME ZONE LOCAL", "SET CONSTRAINTS": "SET CONSTRAINTS a, b.c DEFERRED", "SET ROLE": "SET SESSION ROLE NONE",
    "SET SESSION AUTHORIZATION": "SET LOCAL SESSION AUTHORIZATION DEFAULT", "SET TRANSACTION": "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "SHOW": "SHOW ALL",
    "START TRANSACTION": "START TRANSACTION ISOLATION LEVEL READ COMMITTED", "TABLE": "TABLE t", "TRUNCATE": "TRUNCATE TABLE ONLY t, u RESTART IDENTITY CASCADE",
    "UPDATE": "WITH x AS (SELECT 1) UPDATE t AS y SET a = 1 FROM x WHERE true RETURNING *", "VACUUM": "VACUUM FULL FREEZE VERBOSE ANALYZE t (a), u",
    "VALUES": "VALUES (1), (2) ORDER BY 1 LIMIT 1 OFFSET 1", "WITH": "WITH RECURSIVE x (n) AS NOT MATERIALIZED (SELECT 1) SELECT n FROM x",
}  # fmt: skip


@pytest.mark.parametrize("name", SYNTAX)
def test_what_help_promises_is_read(name: str) -> None:
    (statement,) = parse(EXAMPLES[name])
    assert not isinstance(statement, Refused)


def test_every_statement_has_help() -> None:
    described = {name.partition(" ")[0].lower() for name in SYNTAX}
    for word in UTILITY:
        assert word in described or word == "analyse" or _refused(word), word


def _refused(word: str) -> bool:
    try:
        return isinstance(parse(word)[0], Refused)
    except SyntaxError:
        return False
