"""What `\\h` shows: the statements, what each does, and as much of PostgreSQL's syntax as is supported."""

from __future__ import annotations

SYNTAX: dict[str, tuple[str, str]] = {
    "ABORT": ("end the transaction and undo its work", "ABORT [ WORK | TRANSACTION ] [ AND [ NO ] CHAIN ]"),
    "ALTER DATABASE": (
        "change a database",
        "ALTER DATABASE name RENAME TO new_name\n"
        "ALTER DATABASE name OWNER TO role",
    ),
    "ALTER EXTENSION": ("bring an extension to a version", "ALTER EXTENSION name UPDATE [ TO version ]"),
    "ALTER FUNCTION": (
        "change a function",
        "ALTER FUNCTION name [ ( [ type [, ...] ] ) ] action [ RESTRICT ]\n"
        "  action: IMMUTABLE | STABLE | VOLATILE | STRICT | COST n | PARALLEL { UNSAFE | RESTRICTED | SAFE }\n"
        "        | RENAME TO new_name | OWNER TO role | SET SCHEMA schema",
    ),
    "ALTER INDEX": (
        "change an index",
        "ALTER INDEX [ IF EXISTS ] name RENAME TO new_name\n"
        "ALTER INDEX [ IF EXISTS ] name { SET ( parameter = value [, ...] ) | RESET ( parameter [, ...] ) }\n"
        "ALTER INDEX [ IF EXISTS ] name ALTER [ COLUMN ] number SET STATISTICS n",
    ),
    "ALTER MATERIALIZED VIEW": (
        "change a materialized view",
        "ALTER MATERIALIZED VIEW [ IF EXISTS ] name { RENAME TO new_name | OWNER TO role | SET SCHEMA schema }",
    ),
    "ALTER ROLE": (
        "change a role",
        "ALTER ROLE name [ WITH ] option [ ... ]\n"
        "  option: as in CREATE ROLE",
    ),
    "ALTER SCHEMA": ("change a schema", "ALTER SCHEMA name { RENAME TO new_name | OWNER TO role }"),
    "ALTER SEQUENCE": (
        "change a sequence",
        "ALTER SEQUENCE [ IF EXISTS ] name option [ ... ]\n"
        "ALTER SEQUENCE [ IF EXISTS ] name { RENAME TO new_name | OWNER TO role | SET SCHEMA schema }\n"
        "  option: as in CREATE SEQUENCE, and RESTART [ [ WITH ] n ]",
    ),
    "ALTER STATISTICS": (
        "change an extended statistics object",
        "ALTER STATISTICS name { RENAME TO new_name | OWNER TO role | SET SCHEMA schema }\n"
        "ALTER STATISTICS [ IF EXISTS ] name SET STATISTICS n",
    ),
    "ALTER TABLE": (
        "change a table",
        "ALTER TABLE [ IF EXISTS ] [ ONLY ] name action [, ...]\n"
        "  action: ADD [ COLUMN ] [ IF NOT EXISTS ] name type [ constraint ... ] | DROP [ COLUMN ] [ IF EXISTS ] name [ CASCADE ]\n"
        "        | ALTER [ COLUMN ] name [ SET DATA ] TYPE type [ COLLATE collation ] [ USING expr ]\n"
        "        | ALTER [ COLUMN ] name { SET DEFAULT expr | DROP DEFAULT | { SET | DROP } NOT NULL | SET STATISTICS n }\n"
        "        | ALTER [ COLUMN ] name DROP EXPRESSION [ IF EXISTS ]\n"
        "        | ALTER [ COLUMN ] name { SET ( parameter = value [, ...] ) | RESET ( parameter [, ...] ) }\n"
        "        | ADD [ CONSTRAINT name ] table_constraint [ NOT VALID ] | DROP CONSTRAINT [ IF EXISTS ] name [ CASCADE ]\n"
        "        | VALIDATE CONSTRAINT name | ALTER CONSTRAINT name [ [ NOT ] DEFERRABLE ] [ INITIALLY { IMMEDIATE | DEFERRED } ]\n"
        "        | SET ( parameter = value [, ...] ) | RESET ( parameter [, ...] )\n"
        "        | RENAME [ COLUMN ] name TO new_name | RENAME CONSTRAINT name TO new_name | RENAME TO new_name\n"
        "        | { ENABLE [ ALWAYS | REPLICA ] | DISABLE } TRIGGER { name | ALL | USER } | OWNER TO role | SET SCHEMA schema\n"
        "  parameter: parallel_workers, fillfactor, autovacuum_* and others of PostgreSQL",
    ),
    "ALTER TRIGGER": ("change a trigger", "ALTER TRIGGER name ON table RENAME TO new_name"),
    "ALTER TYPE": ("change a type", "ALTER TYPE name { RENAME TO new_name | OWNER TO role | SET SCHEMA schema }"),
    "ALTER VIEW": ("change a view", "ALTER VIEW [ IF EXISTS ] name { RENAME TO new_name | OWNER TO role | SET SCHEMA schema }"),
    "ANALYZE": ("gather statistics", "ANALYZE [ VERBOSE ] [ table [ ( column [, ...] ) ] [, ...] ]"),
    "BEGIN": (
        "start a transaction block",
        "BEGIN [ WORK | TRANSACTION ] [ mode [, ...] ]\n"
        "  mode: ISOLATION LEVEL READ COMMITTED | READ ONLY | READ WRITE | [ NOT ] DEFERRABLE",
    ),
    "CLOSE": ("close a cursor", "CLOSE { name | ALL }"),
    "COMMENT": (
        "say what an object is for",
        "COMMENT ON object IS { 'text' | NULL }\n"
        "  object: COLUMN table.column | CONSTRAINT name ON table | DATABASE name | EXTENSION name | FUNCTION name [ ( [ type [, ...] ] ) ]\n"
        "        | INDEX name | MATERIALIZED VIEW name | ROLE name | SCHEMA name | SEQUENCE name | STATISTICS name | TABLE name | TRIGGER name ON table | TYPE name | VIEW name",
    ),
    "COMMIT": ("end the transaction and keep its work", "COMMIT [ WORK | TRANSACTION ] [ AND [ NO ] CHAIN ]"),
    "COPY": (
        "move data between a table and a file",
        "COPY table [ ( column [, ...] ) ] FROM { 'file' | STDIN } [ [ WITH ] ( option [, ...] ) ] [ WHERE condition ]\n"
        "COPY { table [ ( column [, ...] ) ] | ( query ) } TO { 'file' | STDOUT } [ [ WITH ] ( option [, ...] ) ]\n"
        "  option: FORMAT { text | csv } | DELIMITER 'c' | NULL 'text' | HEADER [ boolean | MATCH ] | QUOTE 'c' | ESCAPE 'c' | ENCODING 'name'\n"
        "        | FORCE_QUOTE { ( column [, ...] ) | * } | FORCE_NOT_NULL ( column [, ...] ) | FORCE_NULL ( column [, ...] )",
    ),
    "CREATE DATABASE": ("make a database", "CREATE DATABASE name [ [ WITH ] OWNER [=] role ]"),
    "CREATE EXTENSION": (
        "install an extension",
        "CREATE EXTENSION [ IF NOT EXISTS ] name [ WITH ] [ SCHEMA schema ] [ VERSION version ] [ CASCADE ]",
    ),
    "CREATE FUNCTION": (
        "make a function",
        "CREATE [ OR REPLACE ] FUNCTION name ( [ [ mode ] [ name ] type [ DEFAULT expr ] [, ...] ] )\n"
        "  [ RETURNS type | RETURNS TABLE ( column type [, ...] ) ]\n"
        "  { LANGUAGE { SQL | plpgsql } | IMMUTABLE | STABLE | VOLATILE | STRICT | PARALLEL { UNSAFE | RESTRICTED | SAFE } | COST n | ROWS n\n"
        "  | SECURITY { INVOKER | DEFINER } | SET name { TO | = } value | AS 'body' | RETURN expr } ...",
    ),
    "CREATE INDEX": (
        "make an index",
        "CREATE [ UNIQUE ] INDEX [ CONCURRENTLY ] [ [ IF NOT EXISTS ] name ] ON [ ONLY ] table [ USING btree ]\n"
        "  ( { column | ( expr ) } [ COLLATE collation ] [ opclass ] [ ASC | DESC ] [ NULLS { FIRST | LAST } ] [, ...] )\n"
        "  [ INCLUDE ( column [, ...] ) ] [ WITH ( parameter = value [, ...] ) ] [ WHERE condition ]",
    ),
    "CREATE MATERIALIZED VIEW": (
        "make a table that keeps a query's rows",
        "CREATE MATERIALIZED VIEW [ IF NOT EXISTS ] name [ ( column [, ...] ) ] [ WITH ( parameter = value [, ...] ) ]\n"
        "  AS query [ WITH [ NO ] DATA ]",
    ),
    "CREATE ROLE": (
        "make a role",
        "CREATE ROLE name [ [ WITH ] option [ ... ] ]\n"
        "  option: [ NO ]SUPERUSER | [ NO ]CREATEDB | [ NO ]CREATEROLE | [ NO ]INHERIT | [ NO ]LOGIN | CONNECTION LIMIT n | PASSWORD { 'text' | NULL }\n"
        "        | VALID UNTIL 'time' | IN ROLE role [, ...] | ROLE role [, ...] | ADMIN role [, ...]",
    ),
    "CREATE SCHEMA": ("make a schema", "CREATE SCHEMA [ IF NOT EXISTS ] { name [ AUTHORIZATION role ] | AUTHORIZATION role }"),
    "CREATE SEQUENCE": (
        "make a sequence",
        "CREATE [ TEMP | UNLOGGED ] SEQUENCE [ IF NOT EXISTS ] name option [ ... ]\n"
        "  option: AS type | INCREMENT [ BY ] n | MINVALUE n | NO MINVALUE | MAXVALUE n | NO MAXVALUE | START [ WITH ] n | CACHE n | [ NO ] CYCLE\n"
        "        | OWNED BY { table.column | NONE }",
    ),
    "CREATE STATISTICS": (
        "tell the planner which columns depend on each other",
        "CREATE STATISTICS [ IF NOT EXISTS ] name [ ( { ndistinct | dependencies | mcv } [, ...] ) ]\n"
        "  ON { column | ( expr ) } [, ...] FROM table",
    ),
    "CREATE TABLE": (
        "make a table",
        "CREATE [ TEMP | UNLOGGED ] TABLE [ IF NOT EXISTS ] name\n"
        "  ( { column type [ COLLATE collation ] [ constraint ... ] | table_constraint | LIKE table [ like_option ... ] } [, ...] ) [ WITH ( parameter = value [, ...] ) ]\n"
        "  [ ON COMMIT { PRESERVE ROWS | DELETE ROWS | DROP } ]\n"
        "  constraint: [ CONSTRAINT name ] { NOT NULL | NULL | DEFAULT expr | PRIMARY KEY | UNIQUE | CHECK ( expr ) | REFERENCES table [ ( column ) ]\n"
        "        [ ON { DELETE | UPDATE } action ... ] [ when ]\n"
        "        | GENERATED { ALWAYS | BY DEFAULT } AS IDENTITY [ ( sequence_option ... ) ] | GENERATED ALWAYS AS ( expr ) STORED }\n"
        "  table_constraint: [ CONSTRAINT name ] { PRIMARY KEY ( column [, ...] ) | UNIQUE ( column [, ...] ) | CHECK ( expr )\n"
        "        | FOREIGN KEY ( column [, ...] ) REFERENCES table [ ( column [, ...] ) ] [ ON { DELETE | UPDATE } action ... ] [ when ] }\n"
        "  when: [ NOT ] DEFERRABLE [ INITIALLY { IMMEDIATE | DEFERRED } ]\n"
        "  action: NO ACTION | RESTRICT | CASCADE | SET { NULL | DEFAULT } [ ( column [, ...] ) ]",
    ),
    "CREATE TABLE AS": (
        "make a table from a query",
        "CREATE [ TEMP | UNLOGGED ] TABLE [ IF NOT EXISTS ] name [ ( column [, ...] ) ] [ WITH ( parameter = value [, ...] ) ]\n"
        "  [ ON COMMIT { PRESERVE ROWS | DELETE ROWS | DROP } ] AS { query | EXECUTE name [ ( value [, ...] ) ] } [ WITH [ NO ] DATA ]",
    ),
    "CREATE TRIGGER": (
        "have a function called when rows change",
        "CREATE [ OR REPLACE ] TRIGGER name { BEFORE | AFTER } { INSERT | UPDATE [ OF column [, ...] ] | DELETE | TRUNCATE } [ OR ... ] ON table\n"
        "  [ FOR [ EACH ] { ROW | STATEMENT } ] [ WHEN ( condition ) ] EXECUTE { FUNCTION | PROCEDURE } function ( [ 'argument' [, ...] ] )",
    ),
    "CREATE TYPE": (
        "make a composite type or an enumeration",
        "CREATE TYPE name AS ( [ attribute type [, ...] ] )\n"
        "CREATE TYPE name AS ENUM ( [ 'label' [, ...] ] )",
    ),
    "CREATE USER": (
        "make a role that may log in",
        "CREATE USER name [ [ WITH ] option [ ... ] ]\n"
        "  option: as in CREATE ROLE",
    ),
    "CREATE VIEW": (
        "make a view",
        "CREATE [ OR REPLACE ] [ TEMP ] VIEW name [ ( column [, ...] ) ] [ WITH ( parameter = value [, ...] ) ] AS query",
    ),
    "DEALLOCATE": ("forget a prepared statement", "DEALLOCATE [ PREPARE ] { name | ALL }"),
    "DECLARE": (
        "open a cursor",
        "DECLARE name [ BINARY ] [ ASENSITIVE | INSENSITIVE ] [ [ NO ] SCROLL ] CURSOR [ { WITH | WITHOUT } HOLD ] FOR query",
    ),
    "DELETE": (
        "delete rows",
        "[ WITH ... ] DELETE FROM table [ [ AS ] alias ] [ USING item [, ...] ] [ WHERE condition ] [ RETURNING ... ]",
    ),
    "DISCARD": ("forget what the session keeps", "DISCARD { ALL | PLANS | SEQUENCES | TEMP }"),
    "DO": ("run a block of PL/pgSQL", "DO [ LANGUAGE plpgsql ] 'block'"),
    "DROP DATABASE": ("remove a database", "DROP DATABASE [ IF EXISTS ] name"),
    "DROP EXTENSION": ("remove extensions", "DROP EXTENSION [ IF EXISTS ] name [, ...] [ CASCADE | RESTRICT ]"),
    "DROP FUNCTION": ("remove functions", "DROP FUNCTION [ IF EXISTS ] name [ ( [ type [, ...] ] ) ] [, ...] [ CASCADE | RESTRICT ]"),
    "DROP INDEX": ("remove indexes", "DROP INDEX [ CONCURRENTLY ] [ IF EXISTS ] name [, ...] [ CASCADE | RESTRICT ]"),
    "DROP MATERIALIZED VIEW": ("remove materialized views", "DROP MATERIALIZED VIEW [ IF EXISTS ] name [, ...] [ CASCADE | RESTRICT ]"),
    "DROP OWNED": ("remove what roles own", "DROP OWNED BY role [, ...] [ CASCADE | RESTRICT ]"),
    "DROP ROLE": ("remove roles", "DROP ROLE [ IF EXISTS ] name [, ...]"),
    "DROP SCHEMA": ("remove schemas", "DROP SCHEMA [ IF EXISTS ] name [, ...] [ CASCADE | RESTRICT ]"),
    "DROP SEQUENCE": ("remove sequences", "DROP SEQUENCE [ IF EXISTS ] name [, ...] [ CASCADE | RESTRICT ]"),
    "DROP STATISTICS": ("remove extended statistics objects", "DROP STATISTICS [ IF EXISTS ] name [, ...] [ CASCADE | RESTRICT ]"),
    "DROP TABLE": ("remove tables", "DROP TABLE [ IF EXISTS ] name [, ...] [ CASCADE | RESTRICT ]"),
    "DROP TRIGGER": ("remove a trigger", "DROP TRIGGER [ IF EXISTS ] name ON table [ CASCADE | RESTRICT ]"),
    "DROP TYPE": ("remove types", "DROP TYPE [ IF EXISTS ] name [, ...] [ CASCADE | RESTRICT ]"),
    "DROP VIEW": ("remove views", "DROP VIEW [ IF EXISTS ] name [, ...] [ CASCADE | RESTRICT ]"),
    "END": ("end the transaction and keep its work", "END [ WORK | TRANSACTION ] [ AND [ NO ] CHAIN ]"),
    "EXECUTE": ("run a prepared statement", "EXECUTE name [ ( value [, ...] ) ]"),
    "EXPLAIN": (
        "show a statement's plan",
        "EXPLAIN [ ( option [, ...] ) ] statement\n"
        "  option: ANALYZE | VERBOSE | COSTS | SETTINGS | BUFFERS | WAL | TIMING | SUMMARY | HASHES | MIGRATION | CHARGES | ALTERNATIVES | TUTOR,\n"
        "          each with [ boolean ], FORMAT { TEXT | XML | JSON | YAML }",
    ),
    "FETCH": (
        "read rows of a cursor",
        "FETCH [ direction ] [ FROM | IN ] cursor\n"
        "  direction: NEXT | PRIOR | FIRST | LAST | ABSOLUTE n | RELATIVE n | n | ALL | FORWARD [ n | ALL ] | BACKWARD [ n | ALL ]",
    ),
    "GRANT": (
        "give privileges or membership",
        "GRANT { privilege [ ( column [, ...] ) ] [, ...] | ALL [ PRIVILEGES ] } ON object TO role [, ...] [ WITH GRANT OPTION ] [ GRANTED BY role ]\n"
        "GRANT role [, ...] TO role [, ...] [ WITH ADMIN OPTION ] [ GRANTED BY role ]\n"
        "  object: [ TABLE ] name [, ...] | SEQUENCE name [, ...] | DATABASE name [, ...] | SCHEMA name [, ...] | TYPE name [, ...] | LANGUAGE name [, ...]\n"
        "        | FUNCTION name [ ( [ type [, ...] ] ) ] [, ...] | ALL { TABLES | SEQUENCES | FUNCTIONS } IN SCHEMA name [, ...]",
    ),
    "INSERT": (
        "add rows",
        "[ WITH ... ] INSERT INTO table [ AS alias ] [ ( column [, ...] ) ] [ OVERRIDING { SYSTEM | USER } VALUE ]\n"
        "  { DEFAULT VALUES | VALUES ( ... ) [, ...] | query } [ ON CONFLICT [ target ] { DO NOTHING | DO UPDATE SET ... [ WHERE condition ] } ] [ RETURNING ... ]",
    ),
    "LISTEN": ("hear what NOTIFY says on a channel", "LISTEN channel"),
    "LOCK": (
        "lock tables",
        "LOCK [ TABLE ] [ ONLY ] name [ * ] [, ...] [ IN mode MODE ] [ NOWAIT ]\n"
        "  mode: ACCESS SHARE | ROW SHARE | ROW EXCLUSIVE | SHARE UPDATE EXCLUSIVE | SHARE | SHARE ROW EXCLUSIVE | EXCLUSIVE | ACCESS EXCLUSIVE",
    ),
    "MOVE": (
        "move a cursor",
        "MOVE [ direction ] [ FROM | IN ] cursor\n"
        "  direction: as in FETCH",
    ),
    "NOTIFY": ("tell those who listen to a channel", "NOTIFY channel [, 'payload' ]"),
    "PREPARE": ("prepare a statement", "PREPARE name [ ( type [, ...] ) ] AS statement"),
    "REFRESH MATERIALIZED VIEW": (
        "read a materialized view's rows anew",
        "REFRESH MATERIALIZED VIEW [ CONCURRENTLY ] name [ WITH [ NO ] DATA ]",
    ),
    "REINDEX": (
        "build indexes anew",
        "REINDEX [ ( CONCURRENTLY [ boolean ] ) ] { INDEX | TABLE | SCHEMA | DATABASE | SYSTEM } [ CONCURRENTLY ] name",
    ),
    "RELEASE SAVEPOINT": ("forget a place in the transaction", "RELEASE [ SAVEPOINT ] name"),
    "RESET": ("set a setting back", "RESET { name | ALL }"),
    "REVOKE": (
        "take privileges or membership",
        "REVOKE [ GRANT OPTION FOR ] { privilege [, ...] | ALL [ PRIVILEGES ] } ON object FROM role [, ...] [ GRANTED BY role ] [ CASCADE | RESTRICT ]\n"
        "REVOKE [ ADMIN OPTION FOR ] role [, ...] FROM role [, ...] [ GRANTED BY role ] [ CASCADE | RESTRICT ]\n"
        "  object: as in GRANT",
    ),
    "ROLLBACK": ("end the transaction and undo its work", "ROLLBACK [ WORK | TRANSACTION ] [ AND [ NO ] CHAIN ]"),
    "ROLLBACK TO SAVEPOINT": (
        "undo what came after a place in the transaction",
        "ROLLBACK [ WORK | TRANSACTION ] TO [ SAVEPOINT ] name",
    ),
    "SAVEPOINT": ("mark a place in the transaction", "SAVEPOINT name"),
    "SELECT": (
        "read rows",
        "[ WITH [ RECURSIVE ] name [ ( column [, ...] ) ] AS [ [ NOT ] MATERIALIZED ] ( query ) [, ...] ]\n"
        "SELECT [ ALL | DISTINCT [ ON ( expr [, ...] ) ] ] [ * | expr [ [ AS ] name ] [, ...] ]\n"
        "  [ FROM item [, ...] ] [ WHERE condition ] [ GROUP BY element [, ...] ] [ HAVING condition ] [ WINDOW name AS ( ... ) [, ...] ]\n"
        "  [ { UNION | INTERSECT | EXCEPT } [ ALL ] query ] [ ORDER BY expr [ ASC | DESC ] [ NULLS { FIRST | LAST } ] [, ...] ]\n"
        "  [ LIMIT n ] [ OFFSET n ] [ FOR { UPDATE | SHARE | NO KEY UPDATE | KEY SHARE } [ OF name [, ...] ] [ NOWAIT | SKIP LOCKED ] ]",
    ),
    "SELECT INTO": (
        "make a table from a query",
        "SELECT expr [, ...] INTO [ TEMP | UNLOGGED ] [ TABLE ] name [ FROM item [, ...] ] ...",
    ),
    "SET": (
        "change a setting",
        "SET [ SESSION | LOCAL ] name { TO | = } { value [, ...] | DEFAULT }\n"
        "SET [ SESSION | LOCAL ] TIME ZONE { 'zone' | LOCAL | DEFAULT }",
    ),
    "SET CONSTRAINTS": (
        "check deferrable foreign keys at once, or at the end of the transaction",
        "SET CONSTRAINTS { ALL | name [, ...] } { DEFERRED | IMMEDIATE }",
    ),
    "SET ROLE": ("act as another role", "SET [ SESSION | LOCAL ] ROLE { role | NONE }"),
    "SET SESSION AUTHORIZATION": ("be another user", "SET [ SESSION | LOCAL ] SESSION AUTHORIZATION { role | DEFAULT }"),
    "SET TRANSACTION": (
        "set the modes of the transaction",
        "SET TRANSACTION mode [, ...]\n"
        "SET SESSION CHARACTERISTICS AS TRANSACTION mode [, ...]\n"
        "  mode: as in BEGIN",
    ),
    "SHOW": ("show a setting", "SHOW { name | ALL }"),
    "START TRANSACTION": (
        "start a transaction block",
        "START TRANSACTION [ mode [, ...] ]\n"
        "  mode: as in BEGIN",
    ),
    "TABLE": ("read all rows of a table", "TABLE name"),
    "TRUNCATE": (
        "empty tables",
        "TRUNCATE [ TABLE ] [ ONLY ] name [, ...] [ RESTART IDENTITY | CONTINUE IDENTITY ] [ CASCADE | RESTRICT ]",
    ),
    "UNLISTEN": ("hear no more", "UNLISTEN { channel | * }"),
    "UPDATE": (
        "change rows",
        "[ WITH ... ] UPDATE table [ [ AS ] alias ] SET column = expr [, ...] [ FROM item [, ...] ] [ WHERE condition ] [ RETURNING ... ]",
    ),
    "VACUUM": (
        "free dead rows' space, and gather statistics",
        "VACUUM [ FULL ] [ FREEZE ] [ VERBOSE ] [ ANALYZE ] [ table [ ( column [, ...] ) ] [, ...] ]",
    ),
    "VALUES": ("rows from expressions", "VALUES ( expr [, ...] ) [, ...] [ ORDER BY ... ] [ LIMIT n ] [ OFFSET n ]"),
    "WITH": (
        "name queries for one statement",
        "WITH [ RECURSIVE ] name [ ( column [, ...] ) ] AS [ [ NOT ] MATERIALIZED ] ( statement ) [, ...] statement",
    ),
}  # fmt: skip


def synopses(topic: str | None) -> str | None:
    """The syntax of the statements that `topic` begins; all their names without one; None where there is none."""
    if not topic:
        names = sorted(SYNTAX)
        third = (len(names) + 2) // 3
        rows = [names[i::third] for i in range(third)]
        return "Available help:\n" + "".join("  " + "".join(f"{name:<26}" for name in row).rstrip() + "\n" for row in rows)
    wanted = " ".join(topic.upper().split())
    chosen = list(SYNTAX) if wanted == "*" else [name for name in SYNTAX if name == wanted] or [name for name in SYNTAX if name.startswith(wanted)]
    if not chosen:
        return None
    parts = [f"Command:     {name}\nDescription: {SYNTAX[name][0]}\nSyntax:\n{SYNTAX[name][1]}\n\n" for name in chosen]
    return "".join(parts)
