"""Generated columns: their expressions bound and checked, and what may not be done to them (cookDefault)."""

from __future__ import annotations

from auroraml.commands.context import Host
from auroraml.errors import DatatypeMismatch, FeatureNotSupported, InvalidObjectDefinition, SyntaxError
from auroraml.ir import expr as e
from auroraml.ir.objects import Column, Relation
from auroraml.ir.tree import walk
from auroraml.sql import statements as st
from auroraml.types.pg_type import PgType

STABLE_TEXTS = frozenset(("aclitem", "date", "interval", "money", "time", "timestamp", "timestamptz", "timetz", "xml"))  # they depend on settings
CLAUSE = "column generation expressions"


def generated(host: Host, relation: Relation, column: Column, tree: st.Tree) -> e.Expr:
    """The bound expression of a generated column: immutable, over columns that are not generated themselves."""
    live = tuple(c for c in relation.columns if not c.dropped)
    expr = host.bind_expression(tree, live, relation, CLAUSE)
    names = {c.number: c for c in live}
    for node in walk(expr):
        if isinstance(node, e.RowExpr) and node.whole:
            raise InvalidObjectDefinition("cannot use whole-row variable in column generation expression",
                                          detail="This would cause the generated column to depend on its own value.", at=node.at)  # fmt: skip
        if isinstance(node, e.ColumnRef) and node.id in names and names[node.id].generated is not None:
            raise InvalidObjectDefinition(f'cannot use generated column "{names[node.id].name}" in column generation expression',
                                          detail="A generated column cannot reference another generated column.", at=node.at)  # fmt: skip
    try:
        expr = host.coerced(expr, column.type, column.typmod, column.name)
    except DatatypeMismatch as error:
        message = (error.diag.message_primary or "").replace(" but expression is ", " but default expression is ")
        raise DatatypeMismatch(message, hint=error.diag.message_hint) from None
    if any(_mutable(node) for node in walk(expr)):
        raise InvalidObjectDefinition("generation expression is not immutable")
    return expr


def _mutable(node: object) -> bool:
    """Whether a node's value may be another one another time (contain_mutable_functions)."""
    if isinstance(node, e.ViaText):
        return _stable_text(node.arg.type) or _stable_text(node.type)
    function = getattr(node, "function", None)
    if function is not None and function.name in ("textanycat", "anytextcat"):  # SQL functions, seen through
        return any(_stable_text(arg.type) for arg in node.args)  # type: ignore[attr-defined] # a call
    return isinstance(node, e.SqlValue) or (function is not None and function.volatility != "i")


def _stable_text(type: PgType) -> bool:
    """Whether a type's text form depends on settings."""
    return type.name in STABLE_TEXTS or type.name.startswith("reg") or type.is_array


def reads(column: Column) -> frozenset[int]:
    """The attribute numbers that a generated column is computed from."""
    return frozenset() if column.generated is None else frozenset(node.id for node in walk(column.generated) if isinstance(node, e.ColumnRef))


def refuse_default(relation: Relation, column: Column, *, dropping: bool = False) -> None:
    """42601 where a generated column's default would be changed."""
    if column.generated is not None:
        hint = "Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead." if dropping else None
        raise SyntaxError(f'column "{column.name}" of relation "{relation.name}" is a generated column', hint=hint)


def refuse_readers(relation: Relation, column: Column) -> None:
    """0A000 where a generated column is computed from one whose type would change."""
    reader = next((c for c in relation.columns if column.number in reads(c)), None)
    if reader is not None:
        raise FeatureNotSupported("cannot alter type of a column used by a generated column",
                                  detail=f'Column "{column.name}" is used by generated column "{reader.name}".')  # fmt: skip


def retyped(host: Host, column: Column, type: PgType, typmod: int) -> e.Expr | None:
    """The expression of a generated column that gets another type."""
    return None if column.generated is None else host.coerced(column.generated, type, typmod, column.name)
