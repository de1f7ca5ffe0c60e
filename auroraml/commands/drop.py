"""DROP: tables, views, functions, types, schemas, databases, extensions, roles."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auroraml.catalog.changes import Row
from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import (
    AmbiguousFunction,
    DependentObjectsStillExist,
    FeatureNotSupported,
    InvalidSchemaName,
    UndefinedFunction,
    UndefinedObject,
    UndefinedTable,
    WrongObjectType,
)
from auroraml.ir.expr import Aggregate, Call, OpCall, WindowCall
from auroraml.ir.logical import TableItem
from auroraml.ir.objects import Extension, Function, Relation, Schema
from auroraml.ir.tree import walk
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st
from auroraml.types.pg_type import PgType
from auroraml.types.typmod import format_type

_KINDS = {"table": "r", "view": "v", "materialized view": "m", "sequence": "S", "index": "i"}
_WORDS = {"r": "table", "v": "view", "m": "materialized view", "S": "sequence"}


def shown(row: Row) -> str:
    """An object as messages name it."""
    if isinstance(row, Relation):
        return f"{_WORDS.get(row.kind, 'type')} {row.name if row.schema in ('public',) else row.schema + '.' + row.name}"
    if isinstance(row, Function):
        name = row.name if row.schema in ("public", "pg_catalog") else f"{row.schema}.{row.name}"
        return f"function {name}({','.join(format_type(p.type) for p in row.inputs)})"
    if isinstance(row, Schema):
        return f"schema {row.name}"
    return f"extension {row.name}" if isinstance(row, Extension) else f"type {row.name}"


def dependents(row: Row, host: Host) -> Iterator[Row]:
    """What would break without `row`, directly."""
    catalog = host.catalog
    if isinstance(row, Schema):
        yield from (r for r in catalog.relations() if r.schema == row.name)
        yield from (f for f in catalog.functions() if f.schema == row.name)
    elif isinstance(row, Relation):
        for other in catalog.relations():
            if (other.view is not None and any(isinstance(x, TableItem) and x.relation.oid == row.oid for x in walk(other.view))) or (
                row.kind == "c" and any(c.type.oid == row.row_type for c in other.columns if not c.dropped)
            ):
                yield other
    elif isinstance(row, Function):
        yield from (r for r in catalog.relations() if r.view is not None and any(f.oid == row.oid for f in called(r.view)))
    elif isinstance(row, Extension):
        yield from (x for x in catalog.extensions() if row.name in x.requires)


def called(plan: object) -> Iterator[Function]:
    """The functions, aggregates and operators' functions in a stored plan."""
    return (x.function for x in walk(plan) if isinstance(x, Call | OpCall | Aggregate | WindowCall))


def _links(row: Row, host: Host) -> list[tuple[Row, Row]]:
    """What depends on `row`, or, if it is an extension, on what belongs to it: (on what, what)."""
    found = [(row, other) for other in dependents(row, host)]
    if isinstance(row, Extension):
        members = _owned(row, host)
        found = [(member, other) for member in members for other in dependents(member, host) if other.oid not in row.members] + found
    return found


def _refuse_member(row: Row, host: Host) -> None:
    for extension in host.catalog.extensions():
        if row.oid in extension.members:
            raise DependentObjectsStillExist(
                f"cannot drop {shown(row)} because extension {extension.name} requires it", hint=f"You can drop extension {extension.name} instead."
            )


def _find(object: str, name: st.Name, arguments: object, host: Host) -> Row | None:
    finders: dict[str, Callable[[], Row | None]] = {
        "schema": lambda: host.catalog.find_schema(name.name), "extension": lambda: host.catalog.find_extension(name.name),
        "function": lambda: _function(name, arguments, host), "type": lambda: _type(name, host),
    }  # fmt: skip
    return finders.get(object, lambda: _relation(object, name, host))()


def _relation(object: str, name: st.Name, host: Host) -> Relation | None:
    try:
        found = host.relation(name)
    except UndefinedTable:
        return None
    if found.kind != _KINDS.get(object, "r"):
        article = "an" if object[0] in "aeiou" else "a"
        raise WrongObjectType(f'"{name.name}" is not {article} {object}')
    return found


def _type(name: st.Name, host: Host) -> Row | None:
    for place in (name.schema,) if name.schema else ("public", *(s.name for s in host.catalog.schemas())):
        found = host.catalog.find_type(name.name, place)
        if found is not None and found.relation:
            return host.catalog.relation(found.relation)
    return None


def _function(name: st.Name, arguments: object, host: Host) -> Function | None:
    found = [f for f in host.catalog.functions() if f.name == name.name and (name.schema is None or f.schema == name.schema)]
    if arguments is None:
        if len(found) > 1:
            raise AmbiguousFunction(
                f'function name "{name.name}" is not unique', hint="Specify the argument list to select the function unambiguously."
            )
        return found[0] if found else None
    wanted = [host.type_named(a)[0].oid for a in arguments]  # type: ignore[attr-defined] # type names
    return next((f for f in found if [p.type.oid for p in f.inputs] == wanted), None)


def _missing(object: str, name: st.Name, arguments: object, host: Host) -> Exception:
    if object == "schema":
        return InvalidSchemaName(f'schema "{name.name}" does not exist')
    if object == "function":
        if arguments is None:
            return UndefinedFunction(f'could not find a function named "{name.name}"')
        types = ", ".join(format_type(host.type_named(a)[0]) for a in arguments)  # type: ignore[attr-defined]
        return UndefinedFunction(f"function {name}({types}) does not exist")
    if object in ("type", "extension"):
        return UndefinedObject(f'{object} "{name.name}" does not exist')
    return UndefinedTable(f'{object} "{name.name}" does not exist')


@command(st.Drop)
def drop(statement: st.Drop, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """DROP object [IF EXISTS] names [CASCADE]."""
    word = statement.object
    if word == "database":
        host.block.refuse_in_block("DROP DATABASE")
        host.server.drop_database(statement.names[0].name, host)
        return done("DROP DATABASE")
    if word == "role":
        return _roles(statement, host)
    if word not in ("table", "view", "materialized view", "sequence", "schema", "extension", "function", "type"):
        raise FeatureNotSupported(f"DROP {word.upper()} is not supported")
    signatures = statement.arguments or (None,) * len(statement.names)
    for name, arguments in zip(statement.names, signatures, strict=True):
        row = _find(word, name, arguments, host)
        if row is None:
            error = _missing(word, name, arguments, host)
            if not statement.if_exists:
                raise error
            host.notice(f"{error}, skipping")
            continue
        host.require_owner(row, word)
        _remove(row, statement.cascade, host)
    return done(f"DROP {word.upper()}")


def _remove(row: Row, cascade: bool, host: Host) -> None:
    below: list[Row] = []
    _refuse_member(row, host)
    pending = _links(row, host)
    lines = []
    while pending:
        parent, child = pending.pop(0)
        if any(child is other for other in below):
            continue
        below.append(child)
        lines.append(f"{shown(child)} depends on {shown(parent)}")
        pending += _links(child, host)
    if below and not cascade:
        raise DependentObjectsStillExist(
            f"cannot drop {shown(row)} because other objects depend on it",
            detail="\n".join(lines),
            hint="Use DROP ... CASCADE to drop the dependent objects too.",
        )
    if len(below) == 1:
        host.notice(f"drop cascades to {shown(below[0])}")
    elif below:
        host.notice(f"drop cascades to {len(below)} other objects", detail="\n".join(f"drop cascades to {shown(b)}" for b in below))
    for item in (*reversed(below), row):
        host.remove(item, *_owned(item, host))


def _owned(row: Row, host: Host) -> list[Row]:
    """What belongs to an object: a relation's types, an extension's members."""
    catalog = host.catalog
    if isinstance(row, Relation):
        types: list[PgType | None] = [catalog.find_type_oid(row.row_type)]
        types.append(catalog.find_type_oid(types[0].array) if types[0] is not None else None)
        return [t for t in types if t is not None]
    if isinstance(row, Extension):
        everything: list[Row] = [*catalog.functions(), *catalog.schemas(), *catalog.relations()]
        return [x for x in everything if x.oid in row.members]
    return []


def _roles(statement: st.Drop, host: Host) -> ResultStream:
    for name in statement.names:
        found = host.catalog.find_role(name.name)
        if found is None:
            if not statement.if_exists:
                raise UndefinedObject(f'role "{name.name}" does not exist')
            host.notice(f'role "{name.name}" does not exist, skipping')
            continue
        host.remove(found)
    return done("DROP ROLE")
