"""Dependencies: the relations, functions and types a statement was bound or planned with, and whether they are still as they were (plancache.c)."""

from __future__ import annotations

from typing import Protocol

from auroraml.catalog.catalog import Catalog
from auroraml.catalog.statistics import RelationStatistics
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.objects import Function, Relation, Schema
from auroraml.ir.tree import walk
from auroraml.storage.store import Store
from auroraml.storage.table import Table
from auroraml.types.pg_type import PgType


class Place(Protocol):
    """Where names are looked up: the path of schemas."""

    @property
    def path(self) -> tuple[str, ...]:
        """The schemas in order."""


Counts = tuple[int, float, int, RelationStatistics | None]


class Dependencies:
    """What a bound plan was made of; a change of anything else leaves it as it is, as in PostgreSQL.

    A relation's counts belong to it (pg_class has them), its columns' statistics do not: ANALYZE that finds the same pages and rows lets plans
    stand. A new object that would be found earlier on the path is not noticed; another path, and any change of a schema, is.
    """

    def __init__(self, catalog: Catalog, store: Store, names: Place, plan: l.LogicalPlan) -> None:
        self.path = names.path
        self.schemas: dict[str, Schema] = catalog.schemas_by_name
        self.relations: dict[int, Relation] = {}
        self.functions: dict[int, Function] = {}
        self.types: dict[int, PgType] = {}
        self._collect(plan, catalog)
        self.counts = {oid: _counts(catalog, oid) for oid in self.relations}
        self.tables: dict[int, Table | None] = {oid: store.tables.get(oid) for oid in self.relations}
        self._latest = catalog

    def hold(self, catalog: Catalog, store: Store, names: Place) -> bool:
        """Whether all is as it was."""
        if self.path != names.path or any(store.tables.get(oid) is not table for oid, table in self.tables.items()):
            return False
        if self._latest is catalog:
            return True
        same = (
            self.schemas is catalog.schemas_by_name
            and all(catalog.find_relation_oid(oid) is row for oid, row in self.relations.items())
            and all(catalog.find_function(oid) is function for oid, function in self.functions.items())
            and all(catalog.find_type_oid(oid) is type for oid, type in self.types.items())
            and all(_counts(catalog, oid) == counts for oid, counts in self.counts.items())
        )
        if same:
            self._latest = catalog
        return same

    def _collect(self, plan: object, catalog: Catalog) -> None:
        for node in walk(plan):
            if isinstance(node, l.TableItem | l.Insert | l.Update | l.Delete):
                self.relations[node.relation.oid] = catalog.relation(node.relation.oid)
            elif isinstance(node, l.SubqueryItem) and node.view is not None:
                self.relations[node.view.oid] = catalog.relation(node.view.oid)
            elif isinstance(node, e.Call | e.Aggregate | e.WindowCall) and node.function.oid in catalog.functions_by_oid:
                self._function(catalog.functions_by_oid[node.function.oid], catalog)
            if isinstance(node, e.Expr) and node.type.oid in catalog.types_by_oid:
                self.types[node.type.oid] = catalog.types_by_oid[node.type.oid]

    def _function(self, function: Function, catalog: Catalog) -> None:
        """A function and what its body is made of."""
        if function.oid not in self.functions:
            self.functions[function.oid] = function
            for step in function.before if function.body is None else (*function.before, function.body):
                self._collect(step, catalog)


def _counts(catalog: Catalog, oid: int) -> Counts:
    known = catalog.statistics(oid)
    return known.pages, known.tuples, known.all_visible, known if known.pinned else None
