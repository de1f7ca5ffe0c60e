"""Statements: what parse makes. Queries hold a sqlglot tree; every utility statement is a frozen dataclass."""

from __future__ import annotations

from sqlglot import exp

from auroraml.records import dataclass
from auroraml.sql.rewrite import Source
from auroraml.sql.types import TypeName


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement: `text` is the whole string sent, `start` and `end` the span of this statement in it."""

    text: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, kw_only=True)
class Detached(Statement):
    """A statement that looks at no data: a transaction's access mode may change after it."""


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A sqlglot tree with the tokens its leaves point to; `at` is where it begins, `sql` its own text."""

    root: exp.Expression
    source: Source
    at: int
    sql: str = ""


@dataclass(frozen=True, kw_only=True)
class Name:
    """A possibly qualified name."""

    name: str
    schema: str | None = None
    database: str | None = None
    at: int = 0

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, kw_only=True)
class Query(Statement):
    """SELECT, VALUES, WITH, TABLE, INSERT, UPDATE, DELETE."""

    tree: Tree


@dataclass(frozen=True, kw_only=True)
class Option:
    """name value in a list of options (COPY, EXPLAIN, CREATE ROLE, storage parameters); `value` None when none was written."""

    name: str
    value: str | tuple[str, ...] | None = None
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class ColumnDefinition:
    """A column of CREATE TABLE or ALTER TABLE ADD; `identity` is "", "always" or "default"."""

    name: str
    type: TypeName
    default: Tree | None = None
    not_null: bool = False
    identity: str = ""
    given: tuple[tuple[str, int], ...] = ()  # each "null", "not null", "default" and "identity", and where it stands
    identity_options: tuple[Option, ...] = ()
    generated: Tree | None = None
    constraints: tuple[ConstraintDefinition, ...] = ()
    collation: Name | None = None  # its place is COLLATE's
    at: int = 0


ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}  # of foreign keys, by pg_constraint's letters


@dataclass(frozen=True, kw_only=True)
class ConstraintDefinition:
    """kind p (primary key), u (unique), c (check), f (foreign key)."""

    kind: str
    name: str | None = None
    columns: tuple[Name, ...] = ()
    check: Tree | None = None
    foreign: Name | None = None
    foreign_columns: tuple[Name, ...] = ()
    no_inherit: bool = False
    on_delete: str = "a"  # a foreign key's actions are pg_constraint's letters
    on_update: str = "a"
    columns_set: tuple[Name, ...] = ()  # ON DELETE SET NULL (...)
    deferrable: bool = False
    deferred: bool = False
    valid: bool = True
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class LikeClause:
    """LIKE source among the columns of CREATE TABLE; `parts` are what it includes beside the columns: comments, constraints, defaults, ..."""

    name: Name
    parts: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class CreateTable(Statement):
    """CREATE [TEMP] TABLE; `elements` in the order written."""

    name: Name
    elements: tuple[ColumnDefinition | LikeClause, ...]
    constraints: tuple[ConstraintDefinition, ...] = ()
    if_not_exists: bool = False
    temporary: bool = False
    unlogged: bool = False
    options: tuple[Option, ...] = ()
    on_commit: str = ""  # drop, delete, preserve


@dataclass(frozen=True, kw_only=True)
class CreateTableAs(Statement):
    """CREATE TABLE AS, and CREATE MATERIALIZED VIEW (`materialized`)."""

    name: Name
    query: Query | Execute
    columns: tuple[str, ...] = ()
    if_not_exists: bool = False
    temporary: bool = False
    unlogged: bool = False
    with_data: bool = True
    materialized: bool = False
    options: tuple[Option, ...] = ()
    on_commit: str = ""
    into: bool = False  # written SELECT ... INTO


@dataclass(frozen=True, kw_only=True)
class CreateView(Statement):
    """CREATE [OR REPLACE] VIEW."""

    name: Name
    query: Query
    columns: tuple[str, ...] = ()
    replace: bool = False
    temporary: bool = False
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RefreshMaterializedView(Statement):
    """REFRESH MATERIALIZED VIEW."""

    name: Name
    concurrently: bool = False
    with_data: bool = True


@dataclass(frozen=True, kw_only=True)
class CreateType(Statement):
    """CREATE TYPE ... AS (...); `labels` for AS ENUM."""

    name: Name
    attributes: tuple[ColumnDefinition, ...] = ()
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class CreateSchema(Statement):
    """CREATE SCHEMA."""

    name: str
    if_not_exists: bool = False
    owner: str | None = None


@dataclass(frozen=True, kw_only=True)
class CreateDatabase(Statement):
    """CREATE DATABASE."""

    name: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CreateExtension(Statement):
    """CREATE EXTENSION."""

    name: str
    if_not_exists: bool = False
    cascade: bool = False
    schema: str | None = None
    version: str | None = None
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class AlterExtension(Statement):
    """ALTER EXTENSION name UPDATE [TO version]."""

    name: str
    version: str | None = None


@dataclass(frozen=True, kw_only=True)
class IndexKey:
    """A key of an index: a column's name, or an expression."""

    key: Name | Tree
    descending: bool = False
    nulls_first: bool = False
    opclass: Name | None = None
    collation: Name | None = None
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class CreateIndex(Statement):
    """CREATE [UNIQUE] INDEX."""

    name: str | None
    table: Name
    keys: tuple[IndexKey, ...]
    unique: bool = False
    if_not_exists: bool = False
    method: str = "btree"
    where: Tree | None = None
    include: tuple[str, ...] = ()
    concurrently: bool = False
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CreateSequence(Statement):
    """CREATE SEQUENCE."""

    name: Name
    if_not_exists: bool = False
    temporary: bool = False
    unlogged: bool = False
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ParameterDefinition:
    """A parameter of a function; mode i, o, b, v, t."""

    name: str
    type: TypeName
    mode: str = "i"
    default: Tree | None = None
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class CreateFunction(Statement):
    """CREATE [OR REPLACE] FUNCTION. `body` is the string after AS (at `body_at`); `expression` the tree after RETURN."""

    name: Name
    parameters: tuple[ParameterDefinition, ...]
    returns: TypeName | None = None
    returns_table: bool = False
    replace: bool = False
    procedure: bool = False
    language: str | None = None
    body: str | None = None
    body_at: int = 0
    expression: Tree | None = None
    volatility: str | None = None
    strict: bool | None = None
    parallel: str | None = None
    cost: float | None = None
    rows: float | None = None
    settings: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CreateRole(Statement):
    """CREATE ROLE, USER (`login` default true), GROUP."""

    name: str
    options: tuple[Option, ...] = ()
    login: bool = False


@dataclass(frozen=True, kw_only=True)
class AlterRole(Statement):
    """ALTER ROLE name [WITH] options."""

    name: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CreateStatistics(Statement):
    """CREATE STATISTICS; `table` is None where FROM has no plain table, `several` where it has more than one."""

    name: Name
    keys: tuple[Name | Tree, ...]
    kinds: tuple[str, ...] = ()
    table: Name | None = None
    several: bool = False
    if_not_exists: bool = False


@dataclass(frozen=True, kw_only=True)
class AlterAction:
    """One action of ALTER TABLE: `kind` is the action in lower-case words ("add column", "drop column", "set options", "reset options",
    "set default", "drop default", "set not null", "drop not null", "type", "rename column", "rename", "owner", "set schema",
    "add constraint", "drop constraint")."""

    kind: str
    name: str = ""
    new_name: str = ""
    column: ColumnDefinition | None = None
    constraint: ConstraintDefinition | None = None
    type: TypeName | None = None
    collation: Name | None = None
    expression: Tree | None = None
    options: tuple[Option, ...] = ()
    if_exists: bool = False
    cascade: bool = False
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class AlterTable(Statement):
    """ALTER TABLE, VIEW, INDEX, SEQUENCE, SCHEMA, DATABASE, FUNCTION (`object`) with its actions; functions give `arguments`."""

    object: str
    name: Name
    actions: tuple[AlterAction, ...]
    if_exists: bool = False
    arguments: tuple[TypeName, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Drop(Statement):
    """DROP object; `object` is its words in lower case (table, view, materialized view, index, schema, function, type, role, extension, ...)."""

    object: str
    names: tuple[Name, ...]
    if_exists: bool = False
    cascade: bool = False
    concurrently: bool = False
    arguments: tuple[tuple[TypeName, ...] | None, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DropOwned(Statement):
    """DROP OWNED BY."""

    roles: tuple[str, ...]
    cascade: bool = False


@dataclass(frozen=True, kw_only=True)
class Truncate(Statement):
    """TRUNCATE."""

    names: tuple[Name, ...]
    restart: bool = False
    cascade: bool = False


@dataclass(frozen=True, kw_only=True)
class Copy(Statement):
    """COPY; `file` is None for STDIN and STDOUT."""

    table: Name | None
    columns: tuple[Name, ...] = ()
    query: Query | None = None
    incoming: bool = True
    file: str | None = None
    program: bool = False
    options: tuple[Option, ...] = ()
    where: Tree | None = None


@dataclass(frozen=True, kw_only=True)
class Explain(Statement):
    """EXPLAIN; `options` as written, ANALYZE and VERBOSE without parentheses included."""

    statement: Statement
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SetSetting(Statement):
    """SET [LOCAL] name; `values` None for DEFAULT."""

    name: str
    values: tuple[str, ...] | None
    local: bool = False
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class SetTransaction(Statement):
    """SET TRANSACTION and SET SESSION CHARACTERISTICS: the modes."""

    modes: tuple[str, ...]
    session: bool = False


@dataclass(frozen=True, kw_only=True)
class SetRole(Statement):
    """SET ROLE; `role` None for NONE, and for RESET ROLE (`reset`)."""

    role: str | None
    local: bool = False
    reset: bool = False


@dataclass(frozen=True, kw_only=True)
class SetSessionAuthorization(Statement):
    """SET SESSION AUTHORIZATION; None for DEFAULT, and for RESET (`reset`)."""

    role: str | None
    local: bool = False
    reset: bool = False


@dataclass(frozen=True, kw_only=True)
class Show(Statement):
    """SHOW name or ALL."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Reset(Statement):
    """RESET name or ALL; `role` and `session authorization` by those names."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Begin(Statement):
    """BEGIN, START TRANSACTION (`start`)."""

    modes: tuple[str, ...] = ()
    start_transaction: bool = False


@dataclass(frozen=True, kw_only=True)
class Commit(Statement):
    """COMMIT, END."""

    chain: bool = False


@dataclass(frozen=True, kw_only=True)
class Rollback(Statement):
    """ROLLBACK, ABORT."""

    chain: bool = False


@dataclass(frozen=True, kw_only=True)
class Savepoint(Statement):
    """SAVEPOINT."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Release(Statement):
    """RELEASE [SAVEPOINT]."""

    name: str


@dataclass(frozen=True, kw_only=True)
class RollbackTo(Statement):
    """ROLLBACK TO [SAVEPOINT]."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Analyze(Statement):
    """ANALYZE; no names: everything."""

    names: tuple[Name, ...] = ()
    columns: tuple[tuple[str, ...], ...] = ()
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Vacuum(Statement):
    """VACUUM [FULL] [FREEZE] [VERBOSE] [ANALYZE]."""

    names: tuple[Name, ...] = ()
    columns: tuple[tuple[str, ...], ...] = ()
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Prepare(Statement):
    """PREPARE name (types) AS statement."""

    name: str
    types: tuple[TypeName, ...]
    statement: Query | CreateTableAs


@dataclass(frozen=True, kw_only=True)
class Execute(Statement):
    """EXECUTE name (arguments)."""

    name: str
    arguments: tuple[Tree, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Deallocate(Statement):
    """DEALLOCATE name, or ALL (None)."""

    name: str | None


@dataclass(frozen=True, kw_only=True)
class Declare(Statement):
    """DECLARE name CURSOR FOR query."""

    name: str
    query: Query
    hold: bool = False
    scroll: bool | None = None
    insensitive: bool = False


@dataclass(frozen=True, kw_only=True)
class Fetch(Statement):
    """FETCH and MOVE: direction (next, prior, first, last, absolute, relative, forward, backward), count None for ALL."""

    name: str
    direction: str = "next"
    count: int | None = 1
    move: bool = False


@dataclass(frozen=True, kw_only=True)
class Close(Statement):
    """CLOSE name, or ALL (None)."""

    name: str | None


@dataclass(frozen=True, kw_only=True)
class Comment(Statement):
    """COMMENT ON object name IS text."""

    object: str
    name: Name
    comment: str | None
    column: str = ""
    arguments: tuple[TypeName, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Discard(Statement):
    """DISCARD ALL, PLANS, SEQUENCES, TEMP."""

    what: str


@dataclass(frozen=True, kw_only=True)
class Lock(Statement):
    """LOCK TABLE."""

    names: tuple[Name, ...]
    mode: str = "access exclusive"
    nowait: bool = False


@dataclass(frozen=True, kw_only=True)
class Refused(Statement):
    """A statement that parses as PostgreSQL's but is not supported here (DO, CALL, LISTEN, CREATE TRIGGER, ...)."""

    feature: str
