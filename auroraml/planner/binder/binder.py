"""Binder: what binding one statement shares: catalog, ids, parameters, privileges needed, names of types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol, cast

from auroraml.catalog.builtins import is_type_elsewhere
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.depends import uses
from auroraml.errors import (
    DatabaseError,
    DatatypeMismatch,
    FeatureNotSupported,
    InvalidSchemaName,
    UndefinedObject,
    UndefinedTable,
)
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.ir.bound import Need
from auroraml.ir.expr import Expr
from auroraml.ir.objects import Column, Function, Relation, Schema
from auroraml.planner.binder.calls import Chooser
from auroraml.planner.binder.coercion import Coercer
from auroraml.planner.binder.leaves import Leaves
from auroraml.records import replace
from auroraml.sql.rewrite import Source
from auroraml.sql.types import TypeName
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgType
from auroraml.types.table import BOOL, INT4, UNKNOWN
from auroraml.types.text import datum_in
from auroraml.types.typmod import reduced, typmod_in


@dataclass(frozen=True, kw_only=True)
class Names:
    """Where names are looked up: the search path (schemas in order), the one new objects go to, the user and database for "$user" and current_user."""

    path: tuple[str, ...] = ("pg_catalog", "public")
    current: str | None = "public"
    user: str = "postgres"
    dbname: str = "postgres"
    warn: Callable[[str], None] | None = field(default=None, compare=False)

    def warn_of(self, message: str | None) -> None:
        """Give a warning, where there is one, to whoever wants to know."""
        if message is not None and self.warn is not None:
            self.warn(message)


class Variables(Protocol):
    """The names that SQL inside PL/pgSQL knows beside columns."""

    def find(self, names: tuple[str, ...], at: int) -> Expr | None:
        """What a dotted name means, if it is a variable's."""

    def argument(self, number: int, at: int) -> Expr | None:
        """$number."""


class Binder:
    """One statement's binding."""

    def __init__(
        self,
        catalog: Catalog,
        names: Names,
        source: Source,
        style: TextStyle,
        parameters: Sequence[PgType] = (),
        arguments: Sequence[tuple[str, PgType]] = (),
    ) -> None:
        self.catalog = catalog
        self.names = names
        self.style = style
        self.leaves = Leaves(source)
        self.parameters: dict[int, PgType] = dict(enumerate(parameters, 1))
        self.arguments = arguments  # of a SQL function: (name, type)
        self.function_name = ""
        self.variables: Variables | None = None  # of the PL/pgSQL function whose SQL this is
        self.needs: dict[tuple[str, int, str], Need] = {}
        self.coercer = Coercer(catalog, style, self.parameters)
        self.chooser = Chooser(self.coercer)
        self._ids = count(1)
        self.lone = False  # an expression outside any query (CHECK, DEFAULT)
        self.table: str | None = None  # the table a lone expression may name
        self.columns: Sequence[Column] = ()  # what a lone expression (CHECK, DEFAULT) may refer to

    def new_id(self) -> int:
        """A column id no other column of the statement has."""
        return next(self._ids)

    def need(
        self, kind: str, oid: int, name: str, privilege: str, at: int | None = None, *, columns: tuple[int, ...] | None = None, role: int = 0
    ) -> None:
        """Note a privilege the statement requires."""
        need = Need(kind=kind, oid=oid, name=name, privilege=privilege, at=at, columns=columns, role=role)
        self.needs.setdefault((kind, oid, f"{privilege}{role}{columns or ''}"), need)

    def need_view(self, view: Relation) -> None:
        """What a view reads is read as its owner."""
        if view.view is None:
            return
        for oid, numbers in uses(view.view).columns.items():
            relation = self.catalog.find_relation_oid(oid)
            if relation is not None and relation.kind in "rvm":
                self.need("relation", oid, relation.name, "r", columns=tuple(sorted(numbers)), role=view.owner)
                self.need_view(relation if relation.kind == "v" else replace(relation, view=None))

    def schema(self, name: str, at: int) -> Schema:
        """A schema that was named; 3F000. Using it needs USAGE."""
        found = self.catalog.find_schema(name)
        if found is None:
            raise InvalidSchemaName(f'schema "{name}" does not exist', at=at)
        self.need("schema", found.oid, name, "U", at)
        return found

    def relation(self, name: str, schema: str | None, at: int) -> Relation:
        """The relation a name means; 42P01."""
        if schema is not None:
            found = None if self.catalog.find_schema(schema) is None else self.catalog.find_relation(name, schema)
            if found is None:
                raise UndefinedTable(f'relation "{schema}.{name}" does not exist', at=at)
            self.schema(schema, at)
            return found
        for place in self.names.path:
            found = self.catalog.find_relation(name, place)
            if found is not None:
                return found
        raise UndefinedTable(f'relation "{name}" does not exist', at=at)

    def functions(self, name: str, schema: str | None, at: int) -> tuple[Function, ...]:
        """All functions a name may mean, nearer schemas hiding equal signatures."""
        if schema is not None:
            self.schema(schema, at)
            return self.catalog.functions_named(name, schema)
        found: dict[tuple[int, ...], Function] = {}
        for place in self.names.path:
            for function in self.catalog.functions_named(name, place):
                found.setdefault(tuple(p.type.oid for p in function.inputs), function)
        return tuple(found.values())

    def type(self, name: TypeName) -> tuple[PgType, int]:
        """The type and typmod a type name means; 42704."""
        base = self._base(name)
        if base.kind == "m":
            raise FeatureNotSupported(f"type {base.name} is not supported", at=name.at)
        typmod = -1
        if name.modifiers:
            try:
                arguments = [_modifier(m) for m in name.modifiers]
                typmod = typmod_in(base.name, arguments)
                self.names.warn_of(reduced(base.name, arguments))
            except DatabaseError as error:
                error.diag.statement_position = name.at + 1
                raise
        if name.dimensions:
            array = self.catalog.find_type_oid(base.array) if base.array else None
            if array is None:
                raise UndefinedObject(f"could not find array type for data type {base.name}", at=name.at)
            return array, typmod
        return base, typmod

    def _base(self, name: TypeName) -> PgType:
        if name.schema is not None:
            self.schema(name.schema, name.at)
            found = self.catalog.find_type(name.name, name.schema)
        else:
            found = next((t for place in self.names.path if (t := self.catalog.find_type(name.name, place)) is not None), None)
        if found is None or (found.oid == UNKNOWN.oid and name.schema is None):
            shown = f"{name.schema}.{name.name}" if name.schema else name.name
            if name.schema in (None, "pg_catalog") and is_type_elsewhere(name.name):
                raise FeatureNotSupported(f"type {shown} is not supported", at=name.at)
            raise UndefinedObject(f'type "{shown}" does not exist', at=name.at)
        return found

    def boolean(self, expr: Expr, clause: str, at: int) -> Expr:
        """`expr` as the condition of a clause; 42804 where it is no boolean."""
        from_type = expr.type
        if from_type.oid == BOOL.oid:
            return expr
        if from_type.oid == UNKNOWN.oid:
            return self.coercer.coerce(expr, BOOL)
        raise mismatch(f"argument of {clause} must be type boolean, not type {self.coercer.name(from_type)}", at)


def mismatch(message: str, at: int | None) -> Exception:
    """A 42804 at a position."""
    return DatatypeMismatch(message, at=at)


def _modifier(text: str | None) -> int:
    if text is None:
        raise SqlSyntaxError("type modifiers must be simple constants or identifiers")
    return cast("int", datum_in(INT4, -1, text))
