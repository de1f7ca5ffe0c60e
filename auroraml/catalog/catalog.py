"""Catalog: one immutable snapshot of all objects, with the look-ups that binding and commands need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace
from itertools import count

from auroraml.catalog import own_objects
from auroraml.catalog.builtins import builtin_function, builtin_functions_named, builtin_operators_named
from auroraml.catalog.changes import Change, Put, Remove, SetComment, SetStatistics
from auroraml.catalog.statistics import RelationStatistics
from auroraml.catalog.system_tables import (
    system_relation,
    system_relation_by_oid,
    system_relations,
    system_row_type,
    system_row_type_named,
    system_row_types,
)
from auroraml.dispatch import singledispatch
from auroraml.errors import UndefinedObject
from auroraml.ir.objects import Database, Extension, Function, Index, Operator, Relation, Role, Schema, StatisticsObject
from auroraml.records import dataclass
from auroraml.types.casts import CastRow, find_cast
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_NAME, BY_OID

FIRST_OID = 16_384
_oids = count(FIRST_OID)
SUPERUSER = 10
DEFAULT_PATH = ("pg_catalog", "public")  # of texts that are no session's


def new_oid() -> int:
    """An OID that no object of this process has."""
    return next(_oids)


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """A snapshot; `apply` gives the next one. `version` grows with each change."""

    version: int = 0
    relations_by_oid: dict[int, Relation] = field(default_factory=dict)
    relations_by_name: dict[tuple[str, str], Relation] = field(default_factory=dict)
    types_by_oid: dict[int, PgType] = field(default_factory=dict)
    types_by_name: dict[tuple[str, str], PgType] = field(default_factory=dict)
    functions_by_oid: dict[int, Function] = field(default_factory=dict)
    functions_by_name: dict[tuple[str, str], tuple[Function, ...]] = field(default_factory=dict)
    schemas_by_name: dict[str, Schema] = field(default_factory=dict)
    roles_by_name: dict[str, Role] = field(default_factory=dict)
    extensions_by_name: dict[str, Extension] = field(default_factory=dict)
    statistics_by_oid: dict[int, RelationStatistics] = field(default_factory=dict)
    databases_by_name: dict[str, Database] = field(default_factory=dict)
    comments: dict[tuple[int, int, int], str] = field(default_factory=dict)
    chosen: dict[tuple[object, ...], object] = field(default_factory=dict, init=False, compare=False, repr=False)  # what overloaded calls mean
    computed: dict[str, object] = field(default_factory=dict, init=False, compare=False, repr=False)  # rows of system relations, by name

    def apply(self, changes: Iterable[Change]) -> Catalog:
        """The snapshot after `changes`."""
        found = self
        for change in changes:
            found = _apply(change, found)
        return replace(found, version=found.version + 1)

    # Relations and types

    def find_relation(self, name: str, schema: str) -> Relation | None:
        """The relation of that name in a schema."""
        return self.relations_by_name.get((schema, name)) or system_relation(name, schema)

    def relation(self, oid: int) -> Relation:
        """The relation with an OID; KeyError where there is none."""
        found = self.find_relation_oid(oid)
        if found is None:
            raise KeyError(oid)
        return found

    def find_relation_oid(self, oid: int) -> Relation | None:
        """The relation with an OID."""
        return self.relations_by_oid.get(oid) or system_relation_by_oid(oid)

    def relations(self) -> tuple[Relation, ...]:
        """All relations but the system's own."""
        return tuple(self.relations_by_oid.values())

    def all_relations(self) -> tuple[Relation, ...]:
        """All relations, the system's own first."""
        return (*system_relations(), *self.relations_by_oid.values())

    def _indexes(self) -> dict[object, tuple[Index, Relation]]:
        """Every index with its table, by OID and by (schema, name)."""
        found = self.computed.get("#indexes")
        if found is None:
            found = self.computed["#indexes"] = {key: (i, r) for r in self.all_relations() for i in r.indexes for key in (i.oid, (i.schema, i.name))}
        return found  # type: ignore[return-value] # put there above

    def index(self, oid: int) -> tuple[Index, Relation] | None:
        """The index with an OID and its table."""
        return self._indexes().get(oid)

    def find_index(self, name: str, schema: str) -> tuple[Index, Relation] | None:
        """The index of that name in a schema and its table."""
        return self._indexes().get((schema, name))

    def _statistics_objects(self) -> dict[object, StatisticsObject]:
        """Every statistics object, by OID and by (schema, name)."""
        found = self.computed.get("#statistics")
        if found is None:
            found = self.computed["#statistics"] = {key: s for r in self.relations() for s in r.statistics for key in (s.oid, (s.schema, s.name))}
        return found  # type: ignore[return-value] # put there above

    def statistics_object(self, oid: int) -> StatisticsObject | None:
        """The statistics object with an OID."""
        return self._statistics_objects().get(oid)

    def find_statistics(self, name: str, schema: str) -> StatisticsObject | None:
        """The statistics object of that name in a schema."""
        return self._statistics_objects().get((schema, name))

    def find_type(self, name: str, schema: str) -> PgType | None:
        """The type of that name in a schema."""
        if schema == "pg_catalog":
            return BY_NAME.get(name) or system_row_type_named(name, schema)
        return self.types_by_name.get((schema, name))

    def find_type_oid(self, oid: int) -> PgType | None:
        """The type with an OID."""
        return BY_OID.get(oid) or self.types_by_oid.get(oid) or system_row_type(oid)

    def type(self, oid: int) -> PgType:
        """The type with an OID; KeyError where there is none."""
        found = self.find_type_oid(oid)
        if found is None:
            raise KeyError(oid)
        return found

    def types(self) -> tuple[PgType, ...]:
        """All types, built-in ones first."""
        return (*BY_OID.values(), *system_row_types(), *self.types_by_oid.values())

    def find_cast(self, source: PgType, target: PgType) -> CastRow | None:
        """The pg_cast row between two types."""
        return find_cast(source, target)

    # Functions and operators

    def functions_named(self, name: str, schema: str) -> tuple[Function, ...]:
        """The functions of that name in a schema."""
        if schema == "pg_catalog":
            return builtin_functions_named(name) + self.functions_by_name.get((schema, name), ())
        found = self.functions_by_name.get((schema, name), ())
        return found if schema != own_objects.NAME else found + tuple(f for f in own_objects.FUNCTIONS.values() if f.name == name)

    def function(self, oid: int) -> Function:
        """The function with an OID; KeyError where there is none."""
        found = builtin_function(oid) or own_objects.FUNCTIONS.get(oid)
        return self.functions_by_oid[oid] if found is None else found

    def find_function(self, oid: int) -> Function | None:
        """The function with an OID."""
        return builtin_function(oid) or self.functions_by_oid.get(oid) or own_objects.FUNCTIONS.get(oid)

    def functions(self) -> tuple[Function, ...]:
        """The functions that are not built in."""
        return tuple(self.functions_by_oid.values())

    def operators_named(self, name: str) -> tuple[Operator, ...]:
        """The operators of that name."""
        return builtin_operators_named(name)

    def visible(self, name: str, schema: str) -> bool:
        """Whether a function is found without its schema on the default search path."""
        return schema in ("pg_catalog", "public")

    # Schemas, roles, extensions

    def find_schema(self, name: str) -> Schema | None:
        """The schema of that name."""
        return self.schemas_by_name.get(name) or (own_objects.SCHEMA if name == own_objects.NAME else None)

    def schemas(self) -> tuple[Schema, ...]:
        """All schemas."""
        return tuple(self.schemas_by_name.values())

    def find_role(self, name: str) -> Role | None:
        """The role of that name."""
        return self.roles_by_name.get(name)

    def role(self, name: str) -> Role:
        """The role of that name; 42704 where there is none."""
        found = self.roles_by_name.get(name)
        if found is None:
            raise UndefinedObject(f'role "{name}" does not exist')
        return found

    def role_by_oid(self, oid: int) -> Role | None:
        """The role with an OID."""
        found = self.computed.get("#roles")
        if found is None:
            found = self.computed["#roles"] = {role.oid: role for role in self.roles_by_name.values()}
        return found.get(oid)  # type: ignore[no-any-return, attr-defined] # put there above

    def roles(self) -> tuple[Role, ...]:
        """All roles."""
        return tuple(self.roles_by_name.values())

    def memberships(self, role: Role) -> frozenset[int]:
        """The OIDs of `role` and of all roles it is a member of, directly or not."""
        return self._reached(role, inherited=False)

    def inherited(self, role: Role) -> frozenset[int]:
        """The OIDs of `role` and of those whose privileges it has without SET ROLE: a NOINHERIT role passes nothing on."""
        return self._reached(role, inherited=True)

    def _reached(self, role: Role, *, inherited: bool) -> frozenset[int]:
        key = f"#{'inherited' if inherited else 'reached'} {role.oid}"
        known = self.computed.get(key)
        if known is None:
            known = self.computed[key] = self._members(role, inherited=inherited)
        return known  # type: ignore[return-value] # put there above

    def _members(self, role: Role, *, inherited: bool) -> frozenset[int]:
        found, pending = {role.oid}, [role]
        by_oid = {other.oid: other for other in self.roles_by_name.values()}
        while pending:
            member = pending.pop()
            for oid in member.member_of if member.inherit or not inherited else ():
                if oid not in found and oid in by_oid:
                    found.add(oid)
                    pending.append(by_oid[oid])
        return frozenset(found)

    def is_member(self, member: Role, role: Role) -> bool:
        """Whether `member` is `role` or one of its members; a superuser is a member of all."""
        return member.superuser or role.oid in self.memberships(member)

    def acts_as(self, member: Role, role: Role) -> bool:
        """Whether `member` has the privileges of `role` without SET ROLE; a superuser has all."""
        return member.superuser or role.oid in self.inherited(member)

    def find_database(self, name: str) -> Database | None:
        """The database of that name."""
        return self.databases_by_name.get(name)

    def databases(self) -> tuple[Database, ...]:
        """All databases of the cluster."""
        return tuple(self.databases_by_name.values())

    def find_extension(self, name: str) -> Extension | None:
        """The installed extension of that name."""
        return self.extensions_by_name.get(name)

    def extensions(self) -> tuple[Extension, ...]:
        """All installed extensions."""
        return tuple(self.extensions_by_name.values())

    def statistics(self, oid: int) -> RelationStatistics:
        """A relation's statistics (tuples -1 before the first ANALYZE)."""
        return self.statistics_by_oid.get(oid, _NEVER)


_NEVER = RelationStatistics()


@singledispatch
def _apply(change: Change, catalog: Catalog) -> Catalog:
    raise TypeError(type(change).__name__)


@_apply.register
def _(change: SetStatistics, catalog: Catalog) -> Catalog:
    return replace(catalog, statistics_by_oid={**catalog.statistics_by_oid, change.oid: change.statistics})


@_apply.register
def _(change: SetComment, catalog: Catalog) -> Catalog:
    comments = {key: text for key, text in catalog.comments.items() if key != (change.catalog, change.oid, change.column)}
    if change.text is not None:
        comments[change.catalog, change.oid, change.column] = change.text
    return replace(catalog, comments=comments)


@_apply.register
def _(change: Put, catalog: Catalog) -> Catalog:
    return _put(change.row, _without(change.row, catalog))


@_apply.register
def _(change: Remove, catalog: Catalog) -> Catalog:
    return _without(change.row, catalog)


@singledispatch
def _put(row: object, catalog: Catalog) -> Catalog:
    raise TypeError(type(row).__name__)


@_put.register
def _(row: Relation, catalog: Catalog) -> Catalog:
    return replace(
        catalog,
        relations_by_oid={**catalog.relations_by_oid, row.oid: row},
        relations_by_name={**catalog.relations_by_name, (row.schema, row.name): row},
    )


@_put.register
def _(row: PgType, catalog: Catalog) -> Catalog:
    return replace(catalog, types_by_oid={**catalog.types_by_oid, row.oid: row}, types_by_name={**catalog.types_by_name, (row.schema, row.name): row})


@_put.register
def _(row: Function, catalog: Catalog) -> Catalog:
    key = (row.schema, row.name)
    return replace(
        catalog,
        functions_by_oid={**catalog.functions_by_oid, row.oid: row},
        functions_by_name={**catalog.functions_by_name, key: (*catalog.functions_by_name.get(key, ()), row)},
    )


@_put.register
def _(row: Schema, catalog: Catalog) -> Catalog:
    return replace(catalog, schemas_by_name={**catalog.schemas_by_name, row.name: row})


@_put.register
def _(row: Role, catalog: Catalog) -> Catalog:
    return replace(catalog, roles_by_name={**catalog.roles_by_name, row.name: row})


@_put.register
def _(row: Extension, catalog: Catalog) -> Catalog:
    return replace(catalog, extensions_by_name={**catalog.extensions_by_name, row.name: row})


@_put.register
def _(row: Database, catalog: Catalog) -> Catalog:
    return replace(catalog, databases_by_name={**catalog.databases_by_name, row.name: row})


@singledispatch
def _without(row: object, catalog: Catalog) -> Catalog:
    raise TypeError(type(row).__name__)


@_without.register
def _(row: Relation, catalog: Catalog) -> Catalog:
    old = catalog.relations_by_oid.get(row.oid)
    if old is None:
        return catalog
    by_oid = {oid: other for oid, other in catalog.relations_by_oid.items() if oid != row.oid}
    return replace(catalog, relations_by_oid=by_oid, relations_by_name={k: r for k, r in catalog.relations_by_name.items() if r.oid != row.oid})


@_without.register
def _(row: PgType, catalog: Catalog) -> Catalog:
    if row.oid not in catalog.types_by_oid:
        return catalog
    by_oid = {oid: other for oid, other in catalog.types_by_oid.items() if oid != row.oid}
    return replace(catalog, types_by_oid=by_oid, types_by_name={k: t for k, t in catalog.types_by_name.items() if t.oid != row.oid})


@_without.register
def _(row: Function, catalog: Catalog) -> Catalog:
    if row.oid not in catalog.functions_by_oid:
        return catalog
    by_oid = {oid: other for oid, other in catalog.functions_by_oid.items() if oid != row.oid}
    by_name = {key: tuple(f for f in rows if f.oid != row.oid) for key, rows in catalog.functions_by_name.items()}
    return replace(catalog, functions_by_oid=by_oid, functions_by_name=by_name)


@_without.register
def _(row: Schema, catalog: Catalog) -> Catalog:
    return replace(catalog, schemas_by_name={name: other for name, other in catalog.schemas_by_name.items() if other.oid != row.oid})


@_without.register
def _(row: Role, catalog: Catalog) -> Catalog:
    return replace(catalog, roles_by_name={name: other for name, other in catalog.roles_by_name.items() if other.oid != row.oid})


@_without.register
def _(row: Extension, catalog: Catalog) -> Catalog:
    return replace(catalog, extensions_by_name={name: other for name, other in catalog.extensions_by_name.items() if other.oid != row.oid})


@_without.register
def _(row: Database, catalog: Catalog) -> Catalog:
    return replace(catalog, databases_by_name={name: other for name, other in catalog.databases_by_name.items() if other.oid != row.oid})
