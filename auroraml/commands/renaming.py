"""ALTER ... RENAME TO, OWNER TO, SET SCHEMA: of relations, indexes, functions, schemas, types, databases, sequences."""

from __future__ import annotations

from dataclasses import replace

from auroraml.catalog.acl import granted
from auroraml.catalog.changes import Row
from auroraml.commands.altering import Alteration, action, other
from auroraml.commands.column_statistics import set_index_statistics
from auroraml.commands.context import Host
from auroraml.commands.definitions import unplaced
from auroraml.commands.drop import function_named, missing_function
from auroraml.commands.sequences import altered
from auroraml.errors import (
    DuplicateDatabase,
    DuplicateFunction,
    DuplicateObject,
    DuplicateSchema,
    DuplicateTable,
    FeatureNotSupported,
    InsufficientPrivilege,
    InvalidCatalogName,
    InvalidSchemaName,
    ReservedName,
    UndefinedObject,
    UndefinedTable,
    WrongObjectType,
)
from auroraml.ir.objects import AclItem, Database, Function, Relation, Role, Schema
from auroraml.sql import statements as st

WORDS = {"r": "relation", "v": "relation", "m": "relation", "S": "relation", "c": "type"}


def new_owner(name: str, host: Host) -> Role:
    """The role OWNER TO names; the current role must be a member of it."""
    special = {"current_user": host.current_role, "current_role": host.current_role, "session_user": host.session_user}
    role = host.catalog.role(special.get(name, name))
    if not host.catalog.is_member(host.role, role):
        raise InsufficientPrivilege(f'must be member of role "{role.name}"')
    return role


def handed_over(acl: tuple[AclItem, ...] | None, old: int, new: int) -> tuple[AclItem, ...] | None:
    """An acl whose owner changes: the old owner's entries become the new one's."""
    if acl is None:
        return None
    found: tuple[AclItem, ...] = ()
    for grantee, letters, grantor in acl:
        who, by = new if grantee == old else grantee, new if grantor == old else grantor
        plain, options = letters.replace("*", ""), "".join(x for x, y in zip(letters, letters[1:] + " ", strict=True) if y == "*")
        found = granted(found, who, plain, by, False)
        found = granted(found, who, options, by, True) if options else found
    return found


@action("rename", "rvmSc")
def rename(work: Alteration, item: st.AlterAction) -> None:
    """RENAME TO."""
    relation = work.relation
    taken = host_find(work.host, item.new_name, relation.schema)
    if taken:
        raise DuplicateTable(f'relation "{item.new_name}" already exists')
    work.put(name=item.new_name)


def host_find(host: Host, name: str, schema: str) -> bool:
    """Whether a relation or index of that name is there."""
    return host.catalog.find_relation(name, schema) is not None or host.catalog.find_index(name, schema) is not None


@action("owner", "rvmSc")
def owner(work: Alteration, item: st.AlterAction) -> None:
    """OWNER TO; sequences of columns follow their table."""
    relation = work.relation
    role = new_owner(item.new_name, work.host)
    work.put(owner=role.oid, acl=handed_over(relation.acl, relation.owner, role.oid))
    for sequence in work.host.catalog.relations():
        if sequence.sequence is not None and sequence.sequence.owner is not None and sequence.sequence.owner[0] == relation.oid:
            work.host.put(replace(sequence, owner=role.oid, acl=handed_over(sequence.acl, sequence.owner, role.oid)))


@action("set schema", "rvmSc")
def set_schema(work: Alteration, item: st.AlterAction) -> None:
    """SET SCHEMA; indexes and sequences of columns follow their table."""
    relation = work.relation
    if relation.sequence is not None and relation.sequence.owner is not None:
        table = work.host.catalog.relation(relation.sequence.owner[0])
        raise FeatureNotSupported("cannot move an owned sequence into another schema",
                                  detail=f'Sequence "{relation.name}" is linked to table "{table.name}".')  # fmt: skip
    with unplaced():
        schema = work.host.creation_schema(st.Name(name=relation.name, schema=item.new_name))
    if schema.name == relation.schema:
        return
    if host_find(work.host, relation.name, schema.name):
        raise DuplicateTable(f'relation "{relation.name}" already exists in schema "{schema.name}"')
    for sequence in work.host.catalog.relations():
        if sequence.sequence is not None and sequence.sequence.owner is not None and sequence.sequence.owner[0] == relation.oid:
            work.host.put(replace(sequence, schema=schema.name))
    work.put(schema=schema.name, indexes=tuple(replace(i, schema=schema.name) for i in relation.indexes))


@action("sequence options", "S")
def sequence_options(work: Alteration, item: st.AlterAction) -> None:
    """ALTER SEQUENCE's options."""
    work.relation = altered(work.relation, item.options, work.host)
    work.host.put(work.relation)


@other("index")
def index(statement: st.AlterTable, host: Host) -> None:
    """ALTER INDEX name RENAME TO: indexes, and as PostgreSQL has it any relation."""
    found = host.find(statement.name)
    if found is None:
        message = f'relation "{statement.name}" does not exist'
        if not statement.if_exists:
            raise UndefinedTable(message)
        host.notice(f"{message}, skipping")
        return
    for item in statement.actions:
        if item.kind == "set statistics" and not isinstance(found, Relation):
            host.require_owner(host.catalog.relation(found.relation), "index")
            set_index_statistics(found, item, host)
            continue
        if item.kind != "rename":
            raise FeatureNotSupported(f"ALTER INDEX ... {item.kind.upper()} is not supported", at=item.at)
        if isinstance(found, Relation):
            rename(Alteration(relation=found, host=host), item)
            continue
        table = host.catalog.relation(found.relation)
        host.require_owner(table, "index")
        if host_find(host, item.new_name, found.schema):
            raise DuplicateTable(f'relation "{item.new_name}" already exists')
        host.put(replace(
            table, indexes=tuple(replace(i, name=item.new_name) if i.oid == found.oid else i for i in table.indexes),
            constraints=tuple(replace(c, name=item.new_name) if c.index == found.oid and c.kind in "pu" else c for c in table.constraints),
        ))  # fmt: skip


@other("schema")
def schema(statement: st.AlterTable, host: Host) -> None:
    """ALTER SCHEMA."""
    found = host.catalog.find_schema(statement.name.name)
    if found is None:
        raise InvalidSchemaName(f'schema "{statement.name.name}" does not exist')
    host.require_owner(found, "schema")
    for item in statement.actions:
        if item.kind == "rename":
            if host.catalog.find_schema(item.new_name) is not None:
                raise DuplicateSchema(f'schema "{item.new_name}" already exists')
            if item.new_name.startswith("pg_"):
                raise ReservedName(f'unacceptable schema name "{item.new_name}"', detail='The prefix "pg_" is reserved for system schemas.')
            _move(found, item.new_name, host)
            host.remove(found)
            found = replace(found, name=item.new_name)
        elif item.kind == "owner":
            role = new_owner(item.new_name, host)
            found = replace(found, owner=role.oid, acl=handed_over(found.acl, found.owner, role.oid))
        else:
            raise FeatureNotSupported(f"ALTER SCHEMA ... {item.kind.upper()} is not supported", at=item.at)
        host.put(found)


def _move(old: Schema, name: str, host: Host) -> None:
    """Everything in a schema that is renamed."""
    catalog = host.catalog
    rows: list[Row] = [
        replace(r, schema=name if r.schema == old.name else r.schema,
                indexes=tuple(replace(i, schema=name) for i in r.indexes) if r.schema == old.name else r.indexes,
                statistics=tuple(replace(s, schema=name) if s.schema == old.name else s for s in r.statistics))
        for r in catalog.relations() if r.schema == old.name or any(s.schema == old.name for s in r.statistics)
    ]  # fmt: skip
    rows += [replace(f, schema=name) for f in catalog.functions() if f.schema == old.name]
    rows += [replace(t, schema=name) for t in catalog.types() if t.schema == old.name]
    rows += [replace(x, schema=name) for x in catalog.extensions() if x.schema == old.name]
    host.put(*rows)


@other("function")
def function(statement: st.AlterTable, host: Host) -> None:
    """ALTER FUNCTION."""
    found = function_named(statement.name, statement.arguments, host)
    if found is None:
        raise missing_function(statement.name, statement.arguments, host)
    host.require_owner(found, "function")
    for item in statement.actions:
        found = _altered_function(found, item, host)
        host.put(found)


def _altered_function(found: Function, item: st.AlterAction, host: Host) -> Function:
    types = [p.type.oid for p in found.inputs]
    if item.kind == "rename":
        if any([p.type.oid for p in f.inputs] == types for f in host.catalog.functions_named(item.new_name, found.schema)):
            shown = f"{item.new_name}({', '.join(host.type_text(p.type) for p in found.inputs)})"
            raise DuplicateFunction(f'function {shown} already exists in schema "{found.schema}"')
        return replace(found, name=item.new_name)
    if item.kind == "owner":
        role = new_owner(item.new_name, host)
        return replace(found, owner=role.oid, acl=handed_over(found.acl, found.owner, role.oid))
    if item.kind == "set schema":
        wanted = host.creation_schema(st.Name(name=found.name, schema=item.new_name))
        return replace(found, schema=wanted.name)
    if item.kind == "function option":
        return _option(found, item)
    raise FeatureNotSupported(f"ALTER FUNCTION ... {item.kind.upper()} is not supported", at=item.at)


def _option(found: Function, item: st.AlterAction) -> Function:
    if item.name in ("immutable", "stable", "volatile"):
        return replace(found, volatility=item.name[0])
    if item.name == "strict":
        return replace(found, strict=True)
    if item.name == "parallel":
        return replace(found, parallel=item.new_name[0].lower())
    return replace(found, cost=float(item.new_name))


@other("type")
def type(statement: st.AlterTable, host: Host) -> None:
    """ALTER TYPE of composite types: RENAME, OWNER TO, SET SCHEMA, RENAME ATTRIBUTE."""
    places = (statement.name.schema,) if statement.name.schema else host.names.path
    found = next((t for place in places if (t := host.catalog.find_type(statement.name.name, place)) is not None), None)
    if found is None:
        raise UndefinedObject(f'type "{statement.name}" does not exist')
    relation = host.catalog.find_relation_oid(found.relation) if found.relation else None
    if relation is None:
        raise InsufficientPrivilege(f"must be owner of type {found.name}")
    if relation.kind != "c":
        raise WrongObjectType(f"{found.name} is a table's row type", hint="Use ALTER TABLE instead.")
    host.require_owner(relation, "type")
    actions = {"rename": rename, "owner": owner, "set schema": set_schema}
    for item in statement.actions:
        if item.kind not in actions:
            raise FeatureNotSupported(f"ALTER TYPE ... {item.kind.upper()} is not supported", at=item.at)
        if item.kind == "rename" and host.catalog.find_type(item.new_name, relation.schema) is not None:
            raise DuplicateObject(f'type "{item.new_name}" already exists')
        actions[item.kind](Alteration(relation=relation, host=host), item)


@other("database")
def database(statement: st.AlterTable, host: Host) -> None:
    """ALTER DATABASE name OWNER TO, RENAME TO."""
    found = host.catalog.find_database(statement.name.name)
    if found is None:
        raise InvalidCatalogName(f'database "{statement.name.name}" does not exist')
    host.require_owner(found, "database")
    for item in statement.actions:
        if item.kind == "rename":
            if host.catalog.find_database(item.new_name) is not None:
                raise DuplicateDatabase(f'database "{item.new_name}" already exists')
            host.server.rename_database(found.name, item.new_name)
            return
        found = _altered_database(found, item, host)
        host.put(found)


def _altered_database(found: Database, item: st.AlterAction, host: Host) -> Database:
    if item.kind == "owner":
        role = new_owner(item.new_name, host)
        return replace(found, owner=role.oid, acl=handed_over(found.acl, found.owner, role.oid))
    raise FeatureNotSupported(f"ALTER DATABASE ... {item.kind.upper()} is not supported", at=item.at)
