"""TABLESAMPLE: the method by its name, its arguments and REPEATABLE's seed (transformRangeTableSample)."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from auroraml.errors import FeatureNotSupported, InvalidTablesampleArgument, UndefinedObject
from auroraml.ir import expr as e
from auroraml.ir.logical import FromItem, SampledItem, TableItem
from auroraml.planner.binder.binder import mismatch
from auroraml.planner.binder.coercion import located
from auroraml.planner.binder.expressions import FUNCTION_CLAUSE, Expressions
from auroraml.planner.binder.leaves import Leaves
from auroraml.types.pg_type import PgType
from auroraml.types.table import FLOAT4, FLOAT8, UNKNOWN

METHODS: Final = ("bernoulli", "system")


def sampled(item: FromItem, hint: exp.Expression, expressions: Expressions, at: int) -> SampledItem:
    """`item` with the TABLESAMPLE behind it; `at` is where the item stands."""
    if not isinstance(item, TableItem) or item.relation.kind not in "rm":
        raise FeatureNotSupported("TABLESAMPLE clause can only be applied to tables and materialized views", at=at)
    call, *seed = hint.expressions
    written, where = _name(expressions.leaves, call)
    method = written.removeprefix("pg_catalog.")
    if method not in METHODS:
        raise UndefinedObject(f"tablesample method {written} does not exist", at=where)
    given = call.expressions
    if len(given) != 1:
        raise InvalidTablesampleArgument(f"tablesample method {written} requires 1 argument, not {len(given)}", at=where)
    arguments = (_value(expressions, given[0], FLOAT4, "TABLESAMPLE"),)
    repeatable = _value(expressions, seed[0].expressions[0], FLOAT8, "REPEATABLE") if seed else None
    return SampledItem(outputs=item.outputs, alias=item.alias, aliased=item.aliased, relation=item.relation, numbers=item.numbers,
                       method=method, arguments=arguments, repeatable=repeatable)  # fmt: skip


def _name(leaves: Leaves, call: exp.Expression) -> tuple[str, int]:
    """The method as written, and where."""
    tokens, first = leaves.source.tokens, leaves.mark(call.this)[1]
    names = [tokens[first].text]
    while tokens[first - 1].is_op("."):
        first -= 2
        names.append(tokens[first].text)
    return ".".join(reversed(names)), tokens[first].start


def _value(expressions: Expressions, node: exp.Expression, type: PgType, clause: str) -> e.Expr:
    """An argument as its type (coerce_to_specific_type); it may read nothing of its own level."""
    scope = expressions.scope
    outside, inside = scope.entries, scope.siblings
    scope.entries, scope.siblings = [], [*inside, *outside]
    try:
        bound = expressions.within(FUNCTION_CLAUSE, node)
    finally:
        scope.entries, scope.siblings = outside, inside
    coercer = expressions.coercer
    if bound.type.oid != UNKNOWN.oid and not coercer.can(bound.type, type, "assignment"):
        raise mismatch(f"argument of {clause} must be type {coercer.name(type)}, not type {coercer.name(bound.type)}", located(bound))
    if isinstance(bound, e.Call) and bound.function.returns_set:
        raise mismatch(f"argument of {clause} must not return a set", located(bound))
    return coercer.coerce(bound, type, -1, "assignment")
