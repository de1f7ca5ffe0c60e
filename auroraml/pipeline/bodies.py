"""Bodies of LANGUAGE SQL functions: bound anew where what they call was replaced or dropped, and what their caller must be allowed to use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from auroraml.catalog.acl import has_privilege
from auroraml.catalog.catalog import Catalog
from auroraml.errors import DatabaseError, UndefinedFunction
from auroraml.evaluate.calling import body_expressions
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.objects import Function, Role
from auroraml.ir.tree import children, map_children, rewrite, walk
from auroraml.pipeline.authorize import denied
from auroraml.planner.binder.statement import inherit_batch
from auroraml.types.table import POLYMORPHIC

Rebind = Callable[[Function], Function]
P = TypeVar("P")


class Bodies:
    """The functions that one statement calls, as the catalog has them now, for `role`."""

    def __init__(self, catalog: Catalog, role: Role, rebind: Rebind) -> None:
        self.catalog = catalog
        self.role = role
        self.rebind = rebind
        self.known: dict[int, Function] = {}
        self.concrete: dict[tuple[int, ...], Function] = {}  # by the types of arguments and result that polymorphic ones stand for

    def current(self, plan: P) -> P:
        """`plan` with the rows of its functions as they are now; 42501 where a body uses what the role may not."""
        if not _calls_any(plan):
            return plan

        def change(node: object) -> object | None:
            if not isinstance(node, e.Call) or node.function.schema == "pg_catalog":
                return None
            function = self._function(node.function)
            if function.language == "sql" and any(p.type.oid in POLYMORPHIC for p in function.inputs):
                function = self._concrete(function, node)
            inner = map_children(node, lambda child: rewrite(child, change))
            return inner if function is node.function else replace(inner, function=function)

        return rewrite(plan, change)

    def _function(self, function: Function) -> Function:
        found = self.known.get(function.oid)
        if found is None:
            found = self.catalog.find_function(function.oid)
            if found is None:
                raise UndefinedFunction(f"function {function.name} does not exist")
            if found.language == "sql" and found.body is not None:
                found = self._checked(found)
            self.known[function.oid] = found
        return found

    def _concrete(self, function: Function, call: e.Call) -> Function:
        """A function over polymorphic types as one call of it has them, its body bound for those."""
        key = (function.oid, *(arg.type.oid for arg in call.args), call.type.oid, *(a.type.oid for a in call.type.attributes))
        found = self.concrete.get(key)
        if found is None:
            given = iter(arg.type for arg in call.args)
            made = iter([a.type for a in call.type.attributes] if len(function.outputs) > 1 else [call.type])
            parameters = []
            for parameter in function.parameters:
                taken = next(given) if parameter.mode in "ibv" else None
                filled = next(made) if parameter.mode in "obt" else None
                parameters.append(replace(parameter, type=taken or filled or parameter.type))
            found = self.concrete[key] = self._checked(self._rebound(replace(function, parameters=tuple(parameters), result=call.type)))
        return found

    def _checked(self, function: Function) -> Function:
        """The function with a body that is up to date and that the caller (or, SECURITY DEFINER, the owner) may run."""
        if any(call.function.oid not in self.catalog.functions_by_oid for call in calls(function.body)):
            function = self._rebound(function)
        role = (self.catalog.role_by_oid(function.owner) if function.security_definer else None) or self.role
        inner = Bodies(self.catalog, role, self.rebind)
        try:
            inner._authorize(function.body)
            for step in function.before:
                inner._authorize(step)
            body = inner.current(function.body)
        except DatabaseError as error:
            if not body_expressions(function):  # what PostgreSQL inlines leaves no trace in the context
                error.diag = replace(error.diag, context=error.diag.context or f'SQL function "{function.name}" statement 1')
            raise
        return function if body is function.body else inherit_batch(replace(function, body=body))

    def _rebound(self, function: Function) -> Function:
        try:
            return self.rebind(function)
        except DatabaseError as error:
            diag = error.diag
            error.diag = replace(diag, statement_position=None, internal_position=diag.statement_position, internal_query=function.source,
                                 context=f'SQL function "{function.name}" during inlining')  # fmt: skip
            raise

    def _authorize(self, node: object) -> None:
        """Schemas, functions and tables that a body names; inside a view its owner's rights count."""
        if isinstance(node, e.Call) and node.function.schema != "pg_catalog":
            self._require(node.function.schema, self.catalog.functions_by_oid.get(node.function.oid, node.function), "X")
        if isinstance(node, l.TableItem):
            self._require(node.relation.schema, self.catalog.relations_by_oid.get(node.relation.oid, node.relation), "r")
            return
        if isinstance(node, l.SubqueryItem) and node.view is not None:
            self._require(node.view.schema, self.catalog.relations_by_oid.get(node.view.oid, node.view), "r")
            return
        for child in children(node):
            self._authorize(child)

    def _require(self, schema: str, row: object, letter: str) -> None:
        place = self.catalog.find_schema(schema)
        if place is not None and not has_privilege(self.catalog, self.role, place, "U"):
            raise denied(place)
        if not has_privilege(self.catalog, self.role, row, letter):  # type: ignore[arg-type] # a function or relation
            raise denied(row)  # type: ignore[arg-type]


def _calls_any(node: object) -> bool:
    """Whether there is such a call."""
    return any(part.__class__ is e.Call and part.function.schema != "pg_catalog" for part in walk(node))


def calls(node: object) -> Iterator[e.Call]:
    """The calls of functions outside pg_catalog."""
    if isinstance(node, e.Call) and node.function.schema != "pg_catalog":
        yield node
    for child in children(node):
        yield from calls(child)
