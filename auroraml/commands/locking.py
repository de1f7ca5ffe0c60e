"""LOCK TABLE: a table, or a view with what it reads, is the transaction's own in a mode until its end (lockcmds.c)."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.catalog.acl import has_privilege
from auroraml.catalog.depends import uses
from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import InvalidSchemaName, UndefinedTable, WrongObjectType
from auroraml.ir.objects import Index, Relation
from auroraml.pipeline.authorize import denied
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st

PLURALS = {"m": "materialized views", "S": "sequences", "c": "composite types"}


@command(st.Lock)
def lock(statement: st.Lock, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """LOCK [TABLE] names [IN mode MODE] [NOWAIT]."""
    host.block.require_block("LOCK TABLE")
    for name in statement.names:
        relation = _find(name, host)
        letters = {"access share": "r", "row exclusive": "awdD"}.get(statement.mode, "wdD")
        if not any(has_privilege(host.catalog, host.role, relation, letter) for letter in letters):
            raise denied(relation)
        for locked in _with_sources(relation, host):
            host.lock(locked, statement.mode, nowait=statement.nowait)
    return done("LOCK TABLE")


def _find(name: st.Name, host: Host) -> Relation:
    if name.schema is not None and host.catalog.find_schema(name.schema) is None:
        raise InvalidSchemaName(f'schema "{name.schema}" does not exist')
    found = host.find(name)
    if found is None:
        raise UndefinedTable(f'relation "{name}" does not exist')
    if isinstance(found, Index) or found.kind not in "rv":
        plural = "indexes" if isinstance(found, Index) else PLURALS[found.kind]
        raise WrongObjectType(f'cannot lock relation "{found.name}"', detail=f"This operation is not supported for {plural}.")
    return found


def _with_sources(relation: Relation, host: Host) -> Iterator[Relation]:
    """A relation, and the tables and views that a view reads, at whatever depth."""
    yield relation
    for oid in () if relation.view is None else uses(relation.view).columns:
        source = host.catalog.find_relation_oid(oid)
        if source is not None and source.kind in "rv" and source.oid != relation.oid:
            yield from _with_sources(source, host)
