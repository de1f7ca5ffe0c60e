"""COMMENT ON."""

from __future__ import annotations

from collections.abc import Callable

from auroraml.catalog.changes import SetComment
from auroraml.commands.columns import live
from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.drop import function_named, missing_function
from auroraml.commands.dropping import WORDS
from auroraml.commands.statistics_objects import existing_statistics
from auroraml.commands.triggers import trigger_of
from auroraml.errors import FeatureNotSupported, InvalidCatalogName, InvalidSchemaName, UndefinedObject, UndefinedTable, WrongObjectType
from auroraml.ir.objects import Index, Relation
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st

RELATION, FUNCTION, TYPE, SCHEMA, ROLE, DATABASE, EXTENSION, CONSTRAINT, STATISTICS, TRIGGER = (
    1259,
    1255,
    1247,
    2615,
    1260,
    1262,
    3079,
    2606,
    3381,
    2620,
)
KINDS = {"table": "r", "view": "v", "materialized view": "m", "sequence": "S", "index": "i"}
Place = tuple[int, int, int]  # catalog, object, column


def _relation(statement: st.Comment, host: Host) -> Place:
    found = host.find(statement.name)
    if found is None:
        raise UndefinedTable(f'relation "{statement.name}" does not exist')
    kind = "i" if isinstance(found, Index) else found.kind
    if kind != KINDS[statement.object]:
        article = "an" if statement.object[0] in "aeiou" else "a"
        raise WrongObjectType(f'"{found.name}" is not {article} {statement.object}')
    host.require_owner(host.catalog.relation(found.relation) if isinstance(found, Index) else found, statement.object)
    return RELATION, found.oid, 0


def _column(statement: st.Comment, host: Host) -> Place:
    relation = host.relation(statement.name)
    if relation.kind not in "rvmc":
        raise WrongObjectType(
            f'cannot set comment on relation "{relation.name}"', detail=f"This operation is not supported for {WORDS[relation.kind]}s."
        )
    host.require_owner(relation, WORDS.get(relation.kind, "type"))
    return RELATION, relation.oid, live(relation, statement.column).number


def _function(statement: st.Comment, host: Host) -> Place:
    found = function_named(statement.name, statement.arguments, host)
    if found is None:
        raise missing_function(statement.name, statement.arguments, host)
    host.require_owner(found, "function")
    return FUNCTION, found.oid, 0


def _schema(statement: st.Comment, host: Host) -> Place:
    found = host.catalog.find_schema(statement.name.name)
    if found is None:
        raise InvalidSchemaName(f'schema "{statement.name.name}" does not exist')
    host.require_owner(found, "schema")
    return SCHEMA, found.oid, 0


def _database(statement: st.Comment, host: Host) -> Place:
    found = host.catalog.find_database(statement.name.name)
    if found is None:
        raise InvalidCatalogName(f'database "{statement.name.name}" does not exist')
    host.require_owner(found, "database")
    return DATABASE, found.oid, 0


def _role(statement: st.Comment, host: Host) -> Place:
    return ROLE, host.catalog.role(statement.name.name).oid, 0


def _extension(statement: st.Comment, host: Host) -> Place:
    found = host.catalog.find_extension(statement.name.name)
    if found is None:
        raise UndefinedObject(f'extension "{statement.name.name}" does not exist')
    host.require_owner(found, "extension")
    return EXTENSION, found.oid, 0


def _type(statement: st.Comment, host: Host) -> Place:
    places = (statement.name.schema,) if statement.name.schema else host.names.path
    found = next((t for place in places if (t := host.catalog.find_type(statement.name.name, place)) is not None), None)
    if found is None:
        raise UndefinedObject(f'type "{statement.name}" does not exist')
    host.require_owner(found, "type")
    return TYPE, found.oid, 0


def _constraint(statement: st.Comment, host: Host) -> Place:
    relation: Relation = host.relation(statement.name)
    host.require_owner(relation, "table")
    found = next((c for c in relation.constraints if c.name == statement.column), None)
    if found is None:
        raise UndefinedObject(f'constraint "{statement.column}" for table "{relation.name}" does not exist')
    return CONSTRAINT, found.oid, 0


def _trigger(statement: st.Comment, host: Host) -> Place:
    relation = host.relation(statement.name)
    host.require_owner(relation, "table")
    return TRIGGER, trigger_of(relation, statement.column or "").oid, 0


def _statistics(statement: st.Comment, host: Host) -> Place:
    return STATISTICS, existing_statistics(statement.name, host).oid, 0


PLACES: dict[str, Callable[[st.Comment, Host], Place]] = {
    **dict.fromkeys(KINDS, _relation), "column": _column, "function": _function, "schema": _schema, "database": _database, "role": _role,
    "extension": _extension, "type": _type, "constraint": _constraint, "statistics": _statistics, "trigger": _trigger,
}  # fmt: skip


@command(st.Comment)
def comment(statement: st.Comment, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """COMMENT ON object IS text; NULL and '' take the comment away."""
    find = PLACES.get(statement.object)
    if find is None:
        raise FeatureNotSupported(f"COMMENT ON {statement.object.upper()} is not supported")
    catalog, oid, column = find(statement, host)
    host.change(SetComment(catalog=catalog, oid=oid, column=column, text=statement.comment or None))
    return done("COMMENT")
