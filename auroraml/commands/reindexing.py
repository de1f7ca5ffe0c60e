"""REINDEX: indexes hold no more than their tables' rows, so that only what making them anew leaves in pg_class is noted."""

from __future__ import annotations

from dataclasses import replace

from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.index_builds import note_builds
from auroraml.errors import FeatureNotSupported, InvalidSchemaName, SyntaxError, UndefinedTable, WrongObjectType
from auroraml.ir.objects import Index, Relation
from auroraml.pipeline.result import ResultStream
from auroraml.settings.setting import parse_bool
from auroraml.sql import statements as st
from auroraml.sql.reindexing import Reindex


@command(Reindex)
def reindex(statement: Reindex, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """REINDEX INDEX, TABLE, SCHEMA, SYSTEM, DATABASE."""
    concurrently = _concurrently(statement)
    if concurrently:
        host.block.refuse_in_block("REINDEX CONCURRENTLY")
    _WORK[statement.object](statement, concurrently, host)
    return done("REINDEX")


def _concurrently(statement: Reindex) -> bool:
    """Whether it is to be done concurrently; 42601 for options there are not, 0A000 for those that would have to do something."""
    found = statement.concurrently
    for option in statement.options:
        if option.name == "tablespace":
            raise FeatureNotSupported("REINDEX option TABLESPACE is not supported", at=option.at)
        if option.name not in ("verbose", "concurrently"):
            raise SyntaxError(f'unrecognized REINDEX option "{option.name}"', at=option.at)
        flag = True if option.value is None else parse_bool(str(option.value).lower())
        if flag is None:
            raise SyntaxError(f"{option.name} requires a Boolean value")
        if option.name == "concurrently":
            found = flag
        elif flag:
            raise FeatureNotSupported("REINDEX option VERBOSE is not supported", at=option.at)
    return found


def _find(name: st.Name, host: Host) -> Relation | Index:
    if name.schema is not None and host.catalog.find_schema(name.schema) is None:
        raise InvalidSchemaName(f'schema "{name.schema}" does not exist')
    found = host.find(name)
    if found is None:
        raise UndefinedTable(f'relation "{name}" does not exist')
    return found


def _build(relation: Relation, host: Host, index: Index | None = None) -> None:
    """Note the sizes of one index, or of all of a table."""
    if relation.system is None and relation.kind in "rm":
        note_builds(relation, replace(relation, indexes=tuple(i for i in relation.indexes if index is not None and i is not index)), host)


def _index(statement: Reindex, concurrently: bool, host: Host) -> None:
    index = _find(statement.name, host)
    if not isinstance(index, Index):
        raise WrongObjectType(f'"{statement.name.name}" is not an index')
    relation = host.catalog.relation(index.relation)
    host.require_owner(replace(relation, name=index.name), "index")
    host.refuse_pending(relation, "REINDEX INDEX")
    _build(relation, host, index)


def _table(statement: Reindex, concurrently: bool, host: Host) -> None:
    relation = _find(statement.name, host)
    if isinstance(relation, Index) or relation.kind not in "rm":
        raise WrongObjectType(f'"{statement.name.name}" is not a table or materialized view')
    host.require_owner(relation, "table" if relation.kind == "r" else "materialized view")
    host.refuse_pending(relation, "REINDEX TABLE")
    if concurrently and relation.schema == "pg_catalog":
        raise FeatureNotSupported("cannot reindex system catalogs concurrently")
    if not relation.indexes and relation.system is None:
        ending = "that can be reindexed concurrently" if concurrently else "to reindex"
        host.notice(f'table "{relation.name}" has no indexes {ending}')
    _build(relation, host)


def _schema(statement: Reindex, concurrently: bool, host: Host) -> None:
    host.block.refuse_in_block("REINDEX SCHEMA")
    schema = host.catalog.find_schema(statement.name.name)
    if schema is None:
        raise InvalidSchemaName(f'schema "{statement.name.name}" does not exist')
    host.require_owner(schema, "schema")
    for relation in host.catalog.relations():
        if relation.schema == schema.name:
            _build(relation, host)


def _database(statement: Reindex, concurrently: bool, host: Host) -> None:
    word = statement.object
    host.block.refuse_in_block(f"REINDEX {word.upper()}")
    if word == "system" and concurrently:
        raise FeatureNotSupported("cannot reindex system catalogs concurrently")
    if statement.name.name != host.dbname:
        raise FeatureNotSupported("can only reindex the currently open database")
    database = host.catalog.find_database(host.dbname)
    if database is not None:
        host.require_owner(database, "database")
    for relation in host.catalog.relations() if word == "database" else ():
        _build(relation, host)


_WORK = {"index": _index, "table": _table, "schema": _schema, "system": _database, "database": _database}
