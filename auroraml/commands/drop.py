"""DROP: the objects named, found and checked; commands.dropping removes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from auroraml.catalog.changes import Row
from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.dropping import WORDS, drop_rows, shown
from auroraml.commands.roles import drop_roles
from auroraml.commands.statistics_objects import existing_statistics, statistics_named, without_statistics
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
from auroraml.ir.objects import Function, Index, Relation
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st
from auroraml.sql.types import TypeName
from auroraml.types.typmod import format_type

KINDS = {"table": "r", "view": "v", "materialized view": "m", "sequence": "S", "index": "i"}
Arguments = Sequence[TypeName] | None


def _relation(object: str, name: st.Name, host: Host) -> Relation | Index | None:
    found = host.find(name)
    if found is None:
        return None
    kind = "i" if isinstance(found, Index) else found.kind
    if kind != KINDS[object]:
        article = "an" if object[0] in "aeiou" else "a"
        word = "index" if kind == "i" else WORDS.get(kind, "type")
        use = f"Use DROP {word.upper()} to remove {'an' if word[0] in 'aeiou' else 'a'} {word}."
        raise WrongObjectType(f'"{name.name}" is not {article} {object}', hint=use)
    return found


def _type(name: st.Name, host: Host) -> Row | None:
    for place in (name.schema,) if name.schema else host.names.path:
        found = host.catalog.find_type(name.name, place)
        if found is None:
            continue
        if not found.relation:
            return found if found.schema != "pg_catalog" else _pinned(found.name)
        relation = host.catalog.relation(found.relation)
        if relation.kind != "c":
            text = shown(relation, host)
            raise DependentObjectsStillExist(f"cannot drop type {relation.name} because {text} requires it", hint=f"You can drop {text} instead.")
        return relation
    return None


def _pinned(name: str) -> Row:
    raise DependentObjectsStillExist(f"cannot drop type {name} because it is required by the database system")


def function_named(name: st.Name, arguments: Arguments, host: Host) -> Function | None:
    """The function of that name, with these arguments unless they were left out."""
    places = (name.schema,) if name.schema else host.names.path
    found = [f for place in places for f in host.catalog.functions_named(name.name, place) if f.kind == "f"]
    if arguments is None:
        if len(found) > 1:
            hint = "Specify the argument list to select the function unambiguously."
            raise AmbiguousFunction(f'function name "{name}" is not unique', hint=hint)
        return found[0] if found else None
    wanted = [host.type_named(a)[0].oid for a in arguments]
    return next((f for f in found if [p.type.oid for p in f.inputs] == wanted), None)


def missing_function(name: st.Name, arguments: Arguments, host: Host) -> UndefinedFunction:
    """42883 for a function that is not there."""
    if arguments is None:
        return UndefinedFunction(f'could not find a function named "{name}"')
    types = ", ".join(format_type(host.type_named(a)[0], None, host.catalog.type) for a in arguments)
    return UndefinedFunction(f"function {name}({types}) does not exist")


def _find(object: str, name: st.Name, arguments: Arguments, host: Host) -> Row | Index | None:
    finders: dict[str, Callable[[], Row | Index | None]] = {
        "schema": lambda: host.catalog.find_schema(name.name), "extension": lambda: host.catalog.find_extension(name.name),
        "function": lambda: function_named(name, arguments, host), "type": lambda: _type(name, host),
    }  # fmt: skip
    return finders.get(object, lambda: _relation(object, name, host))()


def _missing(object: str, name: st.Name, arguments: Arguments, host: Host) -> Exception:
    if name.schema is not None and host.catalog.find_schema(name.schema) is None:
        return InvalidSchemaName(f'schema "{name.schema}" does not exist')
    if object == "schema":
        return InvalidSchemaName(f'schema "{name.name}" does not exist')
    if object == "function":
        return missing_function(name, arguments, host)
    if object in ("type", "extension", "index"):
        return UndefinedObject(f'{object} "{name}" does not exist') if object != "index" else UndefinedObject(f'index "{name}" does not exist')
    return UndefinedTable(f'{object} "{name}" does not exist')


def _skipped(object: str, name: st.Name, arguments: Arguments, host: Host) -> str:
    """The notice of IF EXISTS, which names types as the grammar does: int is pg_catalog.int4."""
    if name.schema is not None and host.catalog.find_schema(name.schema) is None:
        return f'schema "{name.schema}" does not exist, skipping'
    if object == "function":
        types = "" if arguments is None else ",".join(a.written for a in arguments)
        return f"function {name}({types}) does not exist, skipping"
    shown_name = f'"{name.name}"' if object != "type" else f'"{name}"'
    return f"{object} {shown_name} does not exist, skipping"


def _refuse(row: Row, host: Host) -> None:
    for extension in host.catalog.extensions():
        if row.oid in extension.members:
            raise DependentObjectsStillExist(f"cannot drop {shown(row, host)} because extension {extension.name} requires it",
                                             hint=f"You can drop extension {extension.name} instead.")  # fmt: skip
    if isinstance(row, Relation) and row.sequence is not None and row.sequence.internal and row.sequence.owner is not None:
        table = host.catalog.relation(row.sequence.owner[0])
        column = next(c for c in table.columns if c.number == row.sequence.owner[1])
        text = f"column {column.name} of {shown(table, host)}"
        raise DependentObjectsStillExist(f"cannot drop {shown(row, host)} because {text} requires it", hint=f"You can drop {text} instead.")


@command(st.Drop)
def drop(statement: st.Drop, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """DROP object [IF EXISTS] names [CASCADE]."""
    word = statement.object
    if word == "database":
        return _database(statement, host)
    if word == "role":
        return drop_roles(statement, host)
    if word not in (*KINDS, "schema", "extension", "function", "type", "statistics"):
        raise FeatureNotSupported(f"DROP {word.upper()} is not supported")
    if word == "statistics":
        return _statistics(statement, host)
    if statement.concurrently:
        if len(statement.names) > 1:
            raise FeatureNotSupported("DROP INDEX CONCURRENTLY does not support dropping multiple objects")
        if statement.cascade:
            raise FeatureNotSupported("DROP INDEX CONCURRENTLY does not support CASCADE")
        host.block.refuse_in_block("DROP INDEX CONCURRENTLY")
    signatures = statement.arguments or (None,) * len(statement.names)
    rows: list[Row] = []
    for name, arguments in zip(statement.names, signatures, strict=True):
        row = _find(word, name, arguments, host)
        if row is None:
            if not statement.if_exists:
                raise _missing(word, name, arguments, host)
            host.notice(_skipped(word, name, arguments, host))
            continue
        if isinstance(row, Index):
            _drop_index(row, host)
            continue
        host.require_owner(row, word)
        _refuse(row, host)
        rows.append(row)
    if rows:
        drop_rows(rows, statement.cascade, host)
    return done(f"DROP {word.upper()}")


def _statistics(statement: st.Drop, host: Host) -> ResultStream:
    """Statistics objects: nothing hangs on them."""
    for name in statement.names:
        if statement.if_exists and statistics_named(name, host) is None:
            missing = name.schema is not None and host.catalog.find_schema(name.schema) is None
            host.notice(f'schema "{name.schema}" does not exist, skipping' if missing else f'statistics object "{name}" does not exist, skipping')
            continue
        found = existing_statistics(name, host)
        host.put(without_statistics(host.catalog.relation(found.relation), found))
    return done("DROP STATISTICS")


def _drop_index(index: Index, host: Host) -> None:
    table = host.catalog.relation(index.relation)
    host.require_owner(table, "index")
    for constraint in table.constraints:
        if constraint.index == index.oid and constraint.kind in "pu":
            text = f"constraint {constraint.name} on {shown(table, host)}"
            raise DependentObjectsStillExist(f"cannot drop {shown(index, host)} because {text} requires it", hint=f"You can drop {text} instead.")
    host.put(_without(table, index))


def _without(table: Relation, index: Index) -> Relation:
    return replace(table, indexes=tuple(i for i in table.indexes if i.oid != index.oid))


def _database(statement: st.Drop, host: Host) -> ResultStream:
    host.block.refuse_in_block("DROP DATABASE")
    name = statement.names[0].name
    found = host.catalog.find_database(name)
    if found is None and statement.if_exists:
        host.notice(f'database "{name}" does not exist, skipping')
        return done("DROP DATABASE")
    if found is not None:
        host.require_owner(found, "database")
    host.server.drop_database(name, host)
    return done("DROP DATABASE")
