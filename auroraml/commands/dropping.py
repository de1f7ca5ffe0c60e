"""Removing objects with what depends on them: RESTRICT's errors, CASCADE's notices, in PostgreSQL's order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from auroraml.catalog.changes import Row
from auroraml.catalog.depends import Dependent, Part, dependents
from auroraml.catalog.printing import function_text, relation_text, statistics_text, type_text
from auroraml.commands.context import Host
from auroraml.commands.statistics_objects import without_statistics
from auroraml.errors import DependentObjectsStillExist
from auroraml.ir.deparse import quote_identifier
from auroraml.ir.objects import Column, Database, Extension, Function, Index, Relation, Role, Schema
from auroraml.records import dataclass
from auroraml.types.pg_type import PgType

WORDS = {"r": "table", "v": "view", "m": "materialized view", "S": "sequence"}
REPORTED = 100  # lines of DETAIL that a client is sent


def shown(row: Dependent | Index, host: Host) -> str:
    """An object as messages name it, qualified where the search path does not find it."""
    catalog, path = host.catalog, host.names.path
    if isinstance(row, Part):
        return _shown_part(row, host)
    if isinstance(row, Relation):
        if row.kind == "c":
            type = catalog.find_type_oid(row.row_type)
            return f"type {row.name if type is None else type_text(type, None, catalog, path)}"
        return f"{WORDS[row.kind]} {relation_text(row, catalog, path)}"
    if isinstance(row, Index):
        return f"index {relation_text(row, catalog, path)}"
    if isinstance(row, Function):
        return f"function {function_text(row, catalog, path)}"
    if isinstance(row, PgType):
        return f"type {type_text(row, None, catalog, path)}"
    word = {Schema: "schema", Extension: "extension", Role: "role", Database: "database"}[type_of(row)]
    return f"{word} {quote_identifier(row.name)}"


def type_of(row: Row) -> type:
    """The class of a row."""
    return row.__class__


def shown_column(relation: Relation, column: Column, host: Host) -> str:
    """column a of table t."""
    return f"column {quote_identifier(column.name)} of {shown(relation, host)}"


def _shown_part(part: Part, host: Host) -> str:
    if part.constraint is not None:
        return f"constraint {quote_identifier(part.constraint.name)} on {shown(part.relation, host)}"
    if part.index is not None:
        return shown(part.index, host)
    if part.statistics is not None:
        return f"statistics object {statistics_text(part.statistics, host.catalog, host.names.path)}"
    if part.trigger is not None:
        return f"trigger {part.trigger.name} on {shown(part.relation, host)}"
    assert part.column is not None
    text = shown_column(part.relation, part.column, host)
    return f"default value for {text}" if part.default else text


def _key(item: Dependent) -> object:
    return item.key if isinstance(item, Part) else (type_of(item), item.oid)


def _order(item: Dependent) -> float:
    """Objects in order of creation: a default is made after its table, a constraint has an OID of its own."""
    if not isinstance(item, Part):
        return item.oid
    if item.constraint is not None:
        return item.constraint.oid
    if item.index is not None:
        return item.index.oid
    if item.statistics is not None:
        return item.statistics.oid
    if item.trigger is not None:
        return item.trigger.oid
    assert item.column is not None
    return item.relation.oid + item.column.number / 10_000 * (1 if item.default or item.column.generated is not None else -1)


@dataclass(kw_only=True)
class Found:
    """Everything that goes, with the lines that say why."""

    items: list[Dependent]
    lines: list[str]


def closure(roots: Sequence[Row], host: Host) -> Found:
    """What depends on `roots` (without them), each after what it depends on: PostgreSQL visits newer objects first and reports backwards."""
    found = Found(items=[], lines=[])
    seen = {_key(root) for root in roots}
    for root in roots:
        seen |= {_key(row) for row in owned(root, host)}

    def visit(item: Row, name: str) -> None:
        for other in sorted(_around(item, host), key=_order, reverse=True):
            if _key(other) in seen or (isinstance(other, Part) and (Relation, other.relation.oid) in seen):
                continue
            seen.add(_key(other))
            if not isinstance(other, Part):
                visit(other, shown(other, host))
            found.items.append(other)
            elements = "[]" if isinstance(other, Part) and other.column is not None and not other.default and other.column.type.is_array else ""
            found.lines.append(f"{shown(other, host)} depends on {name}{elements}")

    for root in reversed(roots):
        visit(root, shown(root, host))
        if isinstance(root, Extension):
            for member in owned(root, host):
                if isinstance(member, Function | Relation):
                    visit(member, shown(member, host))
    found.items.reverse()
    found.lines.reverse()
    return found


def _around(item: Row, host: Host) -> Iterator[Dependent]:
    if isinstance(item, Relation) and item.kind == "c":
        yield from (d for d in dependents(item, host.catalog) if _key(d) != _key(item))
    else:
        yield from dependents(item, host.catalog)


def drop_rows(roots: Sequence[Row], cascade: bool, host: Host) -> None:
    """Remove objects; 2BP01 where others depend on them, unless CASCADE takes those along."""
    found = closure(roots, host)
    subject = shown(roots[0], host) if len(roots) == 1 else "desired object(s)"
    report(subject, found, cascade, host)
    for item in reversed(found.items):
        remove(item, host)
    for root in roots:
        remove(root, host)


def drop_quietly(roots: Sequence[Row], host: Host) -> None:
    """Remove objects and all that depends on them, and say nothing."""
    for item in (*reversed(closure(roots, host).items), *roots):
        remove(item, host)


def drop_all(host: Host, subject: str, users: Sequence[Dependent], cascade: bool) -> None:
    """Remove what depends on a part of a relation (`subject`), and what depends on that."""
    found = Found(items=[], lines=[])
    for user in sorted(users, key=_order):
        found.items.append(user)
        found.lines.append(f"{shown(user, host)} depends on {subject}")
        if not isinstance(user, Part):
            below = closure([user], host)
            fresh = [i for i, item in enumerate(below.items) if all(_key(item) != _key(x) for x in found.items)]
            found.items += [below.items[i] for i in fresh]
            found.lines += [below.lines[i] for i in fresh]
    report(subject, found, cascade, host)
    for item in reversed(found.items):
        remove(item, host)


def report(subject: str, found: Found, cascade: bool, host: Host) -> None:
    """RESTRICT's error or CASCADE's notice."""
    if not found.items:
        return
    if not cascade:
        raise DependentObjectsStillExist(
            f"cannot drop {subject} because other objects depend on it" if not subject.endswith("(s)") else
            f"cannot drop {subject} because other objects depend on them",
            detail=_limited(found.lines), hint="Use DROP ... CASCADE to drop the dependent objects too.",
        )  # fmt: skip
    if len(found.items) == 1:
        host.notice(f"drop cascades to {shown(found.items[0], host)}")
    else:
        lines = [f"drop cascades to {shown(item, host)}" for item in found.items]
        host.notice(f"drop cascades to {len(lines)} other objects", detail=_limited(lines))


def _limited(lines: Sequence[str]) -> str:
    rest = len(lines) - REPORTED
    more = [f"and {rest} other object{'s' if rest > 1 else ''} (see server log for list)"] if rest > 0 else []
    return "\n".join([*lines[:REPORTED], *more])


def remove(item: Dependent, host: Host) -> None:
    """Take away an object with what belongs to it, or a part of a relation."""
    if not isinstance(item, Part):
        for row in (*owned(item, host), item):
            host.remove(row)
        return
    relation = host.catalog.relations_by_oid.get(item.relation.oid)
    if relation is None:
        return
    if item.constraint is not None:
        lost = item.constraint
        host.put(replace(relation, constraints=tuple(c for c in relation.constraints if c.oid != lost.oid),
                         indexes=tuple(i for i in relation.indexes if i.oid != lost.index or not lost.index or lost.kind == "f")))  # fmt: skip
    elif item.index is not None:
        gone = item.index.oid
        host.put(replace(relation, indexes=tuple(i for i in relation.indexes if i.oid != gone)))
    elif item.statistics is not None:
        host.put(without_statistics(relation, item.statistics))
    elif item.trigger is not None:
        lost_trigger = item.trigger.oid
        host.put(replace(relation, triggers=tuple(t for t in relation.triggers if t.oid != lost_trigger)))
    else:
        assert item.column is not None
        number = item.column.number
        if item.default:
            host.put(replace(relation, columns=tuple(replace(c, default=None) if c.number == number else c for c in relation.columns)))
        else:
            host.drop_column(relation, number)


def owned(row: Row, host: Host) -> list[Row]:
    """What belongs to an object and goes with it silently: row types, sequences of columns, an extension's members."""
    catalog = host.catalog
    if isinstance(row, Relation):
        types: list[PgType | None] = [catalog.find_type_oid(row.row_type)] if row.row_type else []
        types += [catalog.find_type_oid(t.array) for t in types if t is not None and t.array]
        sequences = [r for r in catalog.relations() if r.sequence is not None and r.sequence.owner is not None and r.sequence.owner[0] == row.oid]
        return [*(t for t in types if t is not None), *sequences]
    if isinstance(row, Extension):
        everything: list[Row] = [*catalog.functions(), *catalog.relations(), *catalog.schemas()]
        members = [x for x in everything if x.oid in row.members]
        return [part for member in members for part in (*owned(member, host), member)]
    return []
