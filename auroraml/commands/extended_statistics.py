"""CREATE and ALTER STATISTICS: statistics objects over several columns and expressions of a table."""

from __future__ import annotations

from dataclasses import replace

from auroraml.catalog.acl import owns
from auroraml.catalog.builtins import btree_operators
from auroraml.catalog.printing import expression_text
from auroraml.commands.altering import other
from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.definitions import SYSTEM
from auroraml.commands.renaming import new_owner
from auroraml.commands.statistics_objects import existing_statistics, statistics_named, statistics_target
from auroraml.errors import (
    DuplicateColumn,
    DuplicateObject,
    FeatureNotSupported,
    InsufficientPrivilege,
    InvalidObjectDefinition,
    InvalidSchemaName,
    SyntaxError,
    TooManyColumns,
    UndefinedColumn,
    WrongObjectType,
)
from auroraml.ir import expr as e
from auroraml.ir.objects import Column, Relation, StatisticsObject
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st
from auroraml.types.pg_type import PgType
from auroraml.types.typmod import format_type

KINDS = {"ndistinct": "d", "dependencies": "f", "mcv": "m"}
MOST_COLUMNS = 8
PLURALS = {"v": "views", "S": "sequences", "c": "composite types", "i": "indexes"}


@command(st.CreateStatistics)
def create_statistics(statement: st.CreateStatistics, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE STATISTICS (statscmds.c: CreateStatistics; its checks in their order)."""
    if statement.table is None:
        raise FeatureNotSupported("CREATE STATISTICS only supports relation names in the FROM clause")
    relation = host.relation(statement.table)
    live = [column for column in relation.columns if not column.dropped]
    bound = [key if isinstance(key, st.Name) else _bound(key, live, relation, host) for key in statement.keys]
    if statement.several:
        raise FeatureNotSupported("only a single relation is allowed in CREATE STATISTICS")
    if relation.kind not in "rm":
        detail = f"This operation is not supported for {PLURALS[relation.kind]}."
        raise WrongObjectType(f'cannot define statistics for relation "{relation.name}"', detail=detail)
    if not owns(host.catalog, host.role, relation.owner):
        raise InsufficientPrivilege(f"must be owner of {'table' if relation.kind == 'r' else 'materialized view'} {relation.name}")
    if relation.system is not None:
        raise InsufficientPrivilege(f'permission denied: "{relation.name}" is a system catalog')
    schema = _creation_schema(statement.name.schema, host)
    if host.catalog.find_statistics(statement.name.name, schema) is not None:
        message = f'statistics object "{statement.name.name}" already exists'
        if not statement.if_not_exists:
            raise DuplicateObject(message)
        host.notice(f"{message}, skipping", sqlstate=DuplicateObject.sqlstate)
        return done("CREATE STATISTICS")
    columns, expressions = _keys(statement, bound, live, host)
    kinds = _kinds(statement, expressions)
    if len(statement.keys) == 1 and not expressions:
        raise InvalidObjectDefinition("extended statistics require at least 2 columns")
    if len(set(columns)) < len(columns):
        raise DuplicateColumn("duplicate column name in statistics definition")
    if len({expression_text(expr, host.catalog) for expr in expressions}) < len(expressions):
        raise DuplicateColumn("duplicate expression in statistics definition")
    made = StatisticsObject(
        oid=host.new_oid(), name=statement.name.name, schema=schema, relation=relation.oid, kinds=kinds, columns=tuple(sorted(columns)),
        expressions=tuple(expressions), owner=host.role.oid,
    )  # fmt: skip
    host.put(replace(relation, statistics=(*relation.statistics, made)))
    return done("CREATE STATISTICS")


def _creation_schema(name: str | None, host: Host) -> str:
    """The schema for a new name; its errors have no position here."""
    try:
        return host.creation_schema(st.Name(name="", schema=name)).name
    except (InvalidSchemaName, InsufficientPrivilege) as error:
        raise type(error)(str(error)) from None


def _bound(tree: st.Tree, live: list[Column], relation: Relation, host: Host) -> e.Expr:
    try:
        return host.bind_expression(tree, live, relation, "statistics expressions")
    except UndefinedColumn as error:
        if any(str(error).startswith(f'column "{name}"') for name in (*SYSTEM, relation.name)):
            raise FeatureNotSupported("statistics creation on system columns is not supported") from None
        raise


def _keys(statement: st.CreateStatistics, bound: list[st.Name | e.Expr], live: list[Column], host: Host) -> tuple[list[int], list[e.Expr]]:
    """Attribute numbers of the plain columns, and the expressions; all of a type that has an order."""
    if len(bound) > MOST_COLUMNS:
        raise TooManyColumns(f"cannot have more than {MOST_COLUMNS} columns in statistics")
    columns: list[int] = []
    expressions: list[e.Expr] = []
    for key in bound:
        if isinstance(key, e.WholeRow):
            raise FeatureNotSupported("statistics creation on system columns is not supported")
        if isinstance(key, e.Expr) and not isinstance(key, e.ColumnRef):
            if len(bound) > 1 and not _ordered(key.type):
                text = format_type(key.type, None, host.catalog.type)
                raise FeatureNotSupported(
                    f"expression cannot be used in multivariate statistics because its type {text} has no default btree operator class"
                )
            expressions.append(key)
            continue
        column = next((c for c in live if c.name == key.name), None)
        if column is None:
            if key.name in SYSTEM:
                raise FeatureNotSupported("statistics creation on system columns is not supported")
            raise UndefinedColumn(f'column "{key.name}" does not exist')
        if not _ordered(column.type):
            text = format_type(column.type, None, host.catalog.type)
            raise FeatureNotSupported(
                f'column "{column.name}" cannot be used in statistics because its type {text} has no default btree operator class'
            )
        columns.append(column.number)
    return columns, expressions


def _ordered(type: PgType) -> bool:
    return bool(btree_operators(type)) or type.kind in "ce"


def _kinds(statement: st.CreateStatistics, expressions: list[e.Expr]) -> str:
    if len(statement.keys) == 1 and expressions:
        if statement.kinds:
            raise FeatureNotSupported("when building statistics on a single expression, statistics kinds may not be specified")
        return "e"
    for kind in statement.kinds:
        if kind not in KINDS:
            raise SyntaxError(f'unrecognized statistics kind "{kind}"')
    return "".join(letter for kind, letter in KINDS.items() if kind in (statement.kinds or KINDS)) + ("e" if expressions else "")


@other("statistics")
def alter_statistics(statement: st.AlterTable, host: Host) -> None:
    """ALTER STATISTICS: RENAME TO, OWNER TO, SET SCHEMA, SET STATISTICS."""
    (item,) = statement.actions
    if statement.if_exists and statistics_named(statement.name, host) is None:
        host.notice(f'statistics object "{statement.name}" does not exist, skipping')
        return
    old = existing_statistics(statement.name, host)
    new = _altered(old, item, host)
    relation = host.catalog.relation(old.relation)
    host.put(replace(relation, statistics=tuple(new if s.oid == old.oid else s for s in relation.statistics)))


def _altered(old: StatisticsObject, item: st.AlterAction, host: Host) -> StatisticsObject:
    if item.kind == "set statistics":
        return replace(old, target=statistics_target(item.new_name, host))
    if item.kind == "owner":
        return replace(old, owner=new_owner(item.new_name, host).oid)
    schema, name = old.schema, old.name
    if item.kind == "rename":
        name = item.new_name
        _creation_schema(schema, host)
    else:
        schema = _creation_schema(item.new_name, host)
        if schema == old.schema:
            return old
    if host.catalog.find_statistics(name, schema) is not None:
        raise DuplicateObject(f'statistics object "{name}" already exists in schema "{schema}"')
    return replace(old, schema=schema, name=name)
