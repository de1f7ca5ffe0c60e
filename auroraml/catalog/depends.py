"""What would break without an object: views, defaults, constraints, columns, functions, found by looking at what they refer to."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.catalog.catalog import Catalog
from auroraml.catalog.changes import Row
from auroraml.ir import expr as e
from auroraml.ir.logical import Delete, Insert, LogicalPlan, SubqueryItem, TableItem, Update
from auroraml.ir.objects import OLD, Column, Constraint, Database, Extension, Function, Index, Relation, Role, Schema, StatisticsObject, Trigger
from auroraml.ir.tree import children, walk
from auroraml.records import dataclass
from auroraml.types.pg_type import PgType

CLASSES: dict[type, int] = {Relation: 1259, Function: 1255, PgType: 1247, Schema: 2615, Role: 1260, Database: 1262, Extension: 3079}


def classes(row: Row) -> int:
    """The OID of the catalog an object's row stands in (composite types have theirs in pg_class here)."""
    return CLASSES[type(row)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """A part of a relation that can go away alone: a column, a column's default, a constraint, an index, a statistics object, a trigger."""

    relation: Relation
    column: Column | None = None
    default: bool = False
    constraint: Constraint | None = None
    index: Index | None = None
    statistics: StatisticsObject | None = None
    trigger: Trigger | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two parts the same."""
        named = self.constraint or self.index or self.statistics or self.trigger
        return self.relation.oid, None if self.column is None else self.column.number, self.default, None if named is None else named.oid


Dependent = Row | Part


@dataclass(frozen=True, kw_only=True)
class Uses:
    """What a bound tree refers to: attribute numbers by relation OID, function OIDs, type OIDs."""

    columns: dict[int, set[int]]
    functions: set[int]
    types: set[int]


def uses(*roots: object) -> Uses:
    """What these trees (None: none) refer to; a view is a reference to the view, not to what it reads."""
    found = Uses(columns={}, functions=set(), types=set())
    places: dict[int, tuple[int, int]] = {}
    refs: list[int] = []
    for root in (root for root in roots if root is not None):
        _collect(root, found, places, refs)
    for id in refs:
        if id in places:
            oid, number = places[id]
            found.columns[oid].add(number)
    return found


def _collect(node: object, found: Uses, places: dict[int, tuple[int, int]], refs: list[int]) -> None:
    if isinstance(node, TableItem):
        found.columns.setdefault(node.relation.oid, set())
        places.update({o.id: (node.relation.oid, n) for o, n in zip(node.outputs, node.numbers, strict=True)})
    elif isinstance(node, SubqueryItem) and node.view is not None:
        found.columns.setdefault(node.view.oid, set())
        places.update({o.id: (node.view.oid, c.number) for o, c in zip(node.outputs, node.view.columns, strict=False)})
        return
    elif isinstance(node, (Insert, Update, Delete)):
        found.columns.setdefault(node.relation.oid, set())
        if not isinstance(node, Delete):
            live = [c.number for c in node.relation.columns if not c.dropped]
            places.update({id: (node.relation.oid, n) for id, n in zip(node.row_ids, live, strict=True)})
    elif isinstance(node, e.ColumnRef):
        refs.append(node.id)
    elif isinstance(node, e.WholeRow):
        refs.extend(node.ids)
    elif isinstance(node, (e.Call, e.Aggregate, e.WindowCall)):
        found.functions.add(node.function.oid)
    elif isinstance(node, e.Const) and node.type.name == "regclass" and isinstance(node.value, int):
        found.columns.setdefault(node.value, set())
    if isinstance(node, e.Expr):
        found.types.add(node.type.oid)
    for child in children(node):
        _collect(child, found, places, refs)


def reads_temporary(plan: LogicalPlan) -> bool:
    """Whether a query reads temporary tables or views (isQueryUsingTempRelation)."""
    read = (node.relation if isinstance(node, TableItem) else node.view if isinstance(node, SubqueryItem) else None for node in walk(plan))
    return any(relation is not None and relation.persistence == "t" for relation in read)


def plan_uses(plan: LogicalPlan) -> Uses:
    """What a view's query refers to."""
    return uses(plan)


def direct_dependents(row: Row, catalog: Catalog) -> Iterator[Row]:
    """The whole objects that refer to `row` directly (parts of relations left out)."""
    return (found for found in dependents(row, catalog) if not isinstance(found, Part))


def dependents(row: Row, catalog: Catalog) -> Iterator[Dependent]:
    """What refers to `row` directly, in order of creation."""
    if isinstance(row, Schema):
        yield from _members(row, catalog)
    elif isinstance(row, Extension):
        yield from (x for x in catalog.extensions() if row.name in x.requires)
    elif isinstance(row, Relation):
        yield from _of_relation(row, catalog)
    elif isinstance(row, Function):
        yield from _of_function(row, catalog)


def _members(schema: Schema, catalog: Catalog) -> Iterator[Dependent]:
    found: list[Relation | Function] = [r for r in catalog.relations() if r.schema == schema.name and not _owned_sequence(r)]
    found += [f for f in catalog.functions() if f.schema == schema.name]
    elsewhere = [
        Part(relation=r, statistics=s) for r in catalog.relations() if r.schema != schema.name for s in r.statistics if s.schema == schema.name
    ]
    yield from sorted(found, key=lambda row: row.oid)
    yield from elsewhere


def _owned_sequence(r: Relation) -> bool:
    return r.sequence is not None and r.sequence.owner is not None


def _array(oid: int, catalog: Catalog) -> set[int]:
    type = catalog.find_type_oid(oid)
    return {oid} if type is None else {oid, type.array}


def _of_relation(row: Relation, catalog: Catalog) -> Iterator[Dependent]:
    types = _array(row.row_type, catalog) if row.row_type else set()
    for other in catalog.relations():
        if other.oid != row.oid:
            yield from _other_relation(row, other, types)
        elif row.kind == "S":
            continue
    for function in catalog.functions():
        if any(p.type.oid in types for p in function.parameters) or function.result.oid in types:
            yield function


def _other_relation(row: Relation, other: Relation, types: set[int]) -> Iterator[Dependent]:
    for column in other.columns:
        if column.dropped:
            continue
        if column.type.oid in types and other.kind not in "vm":
            yield Part(relation=other, column=column)
        elif row.kind == "S" and column.default is not None and row.oid in uses(column.default).columns:
            yield Part(relation=other, column=column, default=True)
    for constraint in other.constraints:
        if constraint.kind == "f" and constraint.foreign == row.oid:
            yield Part(relation=other, constraint=constraint)
    if other.view is not None:
        found = uses(other.view)
        if row.oid in found.columns or types & found.types:
            yield other


def _of_function(row: Function, catalog: Catalog) -> Iterator[Dependent]:
    for relation in catalog.relations():
        for column in relation.columns:
            if column.default is not None and not column.dropped and row.oid in uses(column.default).functions:
                yield Part(relation=relation, column=column, default=True)
            if column.generated is not None and row.oid in uses(column.generated).functions:
                yield Part(relation=relation, column=column)
        for constraint in relation.constraints:
            if constraint.check is not None and row.oid in uses(constraint.check).functions:
                yield Part(relation=relation, constraint=constraint)
        for index in relation.indexes:
            if row.oid in uses(*index.expressions, index.predicate).functions:
                yield Part(relation=relation, index=index)
        for statistics in relation.statistics:
            if row.oid in uses(*statistics.expressions).functions:
                yield Part(relation=relation, statistics=statistics)
        for trigger in relation.triggers:
            if trigger.function == row.oid or row.oid in uses(trigger.condition).functions:
                yield Part(relation=relation, trigger=trigger)
        if relation.view is not None and row.oid in uses(relation.view).functions:
            yield relation


def condition_columns(trigger: Trigger) -> frozenset[int]:
    """The attribute numbers that a trigger's condition reads by name: OLD.* and NEW.* are of whatever columns there are."""
    found: set[int] = set()
    pending: list[object] = [trigger.condition] if trigger.condition is not None else []
    while pending:
        node = pending.pop()
        if isinstance(node, e.ColumnRef):
            found.add(node.id % OLD)
        elif not (isinstance(node, e.RowExpr) and node.whole):
            pending += children(node)
    return frozenset(found)


def column_dependents(relation: Relation, column: Column, catalog: Catalog) -> Iterator[Dependent]:
    """What refers to one column: triggers, views, foreign keys of other tables, constraints over several columns and indexes of its own table."""
    for trigger in relation.triggers:
        if column.number in trigger.columns or column.number in condition_columns(trigger):
            yield Part(relation=relation, trigger=trigger)
    for reader in relation.columns:
        if reader.generated is not None and any(isinstance(node, e.ColumnRef) and node.id == column.number for node in walk(reader.generated)):
            yield Part(relation=relation, column=reader)
    for other in catalog.relations():
        if other.view is not None and column.number in uses(other.view).columns.get(relation.oid, ()):
            yield other
        for constraint in other.constraints:
            if constraint.kind == "f" and constraint.foreign == relation.oid and column.number in constraint.foreign_columns:
                yield Part(relation=other, constraint=constraint)


def referencing(oids: set[int], catalog: Catalog) -> Iterator[tuple[Relation, int]]:
    """Other tables with a foreign key to one of `oids`, and which."""
    for other in catalog.relations():
        target = next((c.foreign for c in other.constraints if c.kind == "f" and c.foreign in oids), None)
        if target is not None and other.oid not in oids:
            yield other, target
