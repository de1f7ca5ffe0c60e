"""Statistics objects by name, tables without them, and statistics targets."""

from __future__ import annotations

from dataclasses import replace

from auroraml.catalog.acl import owns
from auroraml.commands.context import Host
from auroraml.commands.naming import columns_part, free_name
from auroraml.errors import InsufficientPrivilege, InvalidParameterValue, InvalidSchemaName, UndefinedObject
from auroraml.ir.expr import ColumnRef
from auroraml.ir.objects import Relation, StatisticsObject
from auroraml.ir.tree import rewrite
from auroraml.sql import statements as st

MOST_TARGET = 10_000


def statistics_named(name: st.Name, host: Host) -> StatisticsObject | None:
    """The statistics object of that name."""
    for place in (name.schema,) if name.schema is not None else host.names.path:
        found = host.catalog.find_statistics(name.name, place)
        if found is not None:
            return found
    return None


def existing_statistics(name: st.Name, host: Host) -> StatisticsObject:
    """The statistics object of that name; 42704, 3F000, 42501 where the current role does not own it."""
    found = statistics_named(name, host)
    if found is None:
        if name.schema is not None and host.catalog.find_schema(name.schema) is None:
            raise InvalidSchemaName(f'schema "{name.schema}" does not exist')
        raise UndefinedObject(f'statistics object "{name}" does not exist')
    if not owns(host.catalog, host.role, found.owner):
        raise InsufficientPrivilege(f"must be owner of statistics object {name}")
    return found


def without_statistics(relation: Relation, gone: StatisticsObject) -> Relation:
    """The table without one of its statistics objects."""
    return replace(relation, statistics=tuple(s for s in relation.statistics if s.oid != gone.oid))


def copy_statistics(source: Relation, table: Relation, host: Host) -> dict[int, int]:
    """Give a table the statistics objects of the one it was made like, over its own columns and under names made of them; new OIDs by old."""
    copies: dict[int, int] = {}
    places = {column.name: column.number for column in table.columns}
    ours = {column.number: places[column.name] for column in source.columns if not column.dropped}
    names = {column.number: column.name for column in source.columns}

    def moved(node: object) -> object | None:
        return replace(node, id=ours[node.id]) if isinstance(node, ColumnRef) else None

    def taken(name: str) -> bool:
        return host.catalog.find_statistics(name, schema) is not None

    schema = table.schema
    for old in source.statistics:
        parts = [names[number] for number in old.columns] + ["expr"] * len(old.expressions)
        name = free_name(table.name, columns_part(parts), "stat", taken)
        made = StatisticsObject(
            oid=host.new_oid(), name=name, schema=table.schema, relation=table.oid, kinds=old.kinds, owner=host.role.oid,
            columns=tuple(sorted(ours[number] for number in old.columns)), expressions=tuple(rewrite(x, moved) for x in old.expressions),
        )  # fmt: skip
        table = replace(table, statistics=(*table.statistics, made))
        copies[old.oid] = made.oid
        host.put(table)
    return copies


def statistics_target(text: str, host: Host) -> int:
    """A statistics target as SET STATISTICS takes it."""
    target = int(text)
    if target < -1:
        raise InvalidParameterValue(f"statistics target {target} is too low")
    if target > MOST_TARGET:
        host.notice(f"lowering statistics target to {MOST_TARGET}", severity="WARNING", sqlstate=InvalidParameterValue.sqlstate)
    return min(target, MOST_TARGET)
