"""CREATE INDEX: the row of pg_index, its name made up where none is given, the rows checked where it is unique."""

from __future__ import annotations

from dataclasses import replace

from auroraml.catalog.builtins import btree_operators, comparison_type
from auroraml.catalog.printing import index_column_names
from auroraml.catalog.system_data import CLASSES
from auroraml.commands.collations import collated
from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.definitions import Draft
from auroraml.commands.index_builds import note_builds
from auroraml.commands.naming import columns_part, free_name
from auroraml.commands.options import index_options
from auroraml.commands.validation import validate
from auroraml.errors import (
    DatatypeMismatch,
    DuplicateTable,
    FeatureNotSupported,
    InvalidObjectDefinition,
    TooManyColumns,
    UndefinedColumn,
    UndefinedObject,
    WrongObjectType,
)
from auroraml.ir import expr as e
from auroraml.ir.objects import Column, Index, Relation
from auroraml.ir.tree import walk
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st
from auroraml.types.pg_type import PgType
from auroraml.types.typmod import format_type

ACCESS_METHODS = {"btree": 403, "hash": 405}
ANY_ENUM = 3500
METHODS = ("btree", "hash", "gist", "gin", "brin", "spgist")


@command(st.CreateIndex)
def create_index(statement: st.CreateIndex, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE [UNIQUE] INDEX."""
    if statement.concurrently:
        host.block.refuse_in_block("CREATE INDEX CONCURRENTLY")
    relation = host.relation(statement.table)
    if relation.kind not in "rm":
        plural = {"v": "views", "S": "sequences", "c": "composite types"}[relation.kind]
        raise WrongObjectType(f'cannot create index on relation "{relation.name}"', detail=f"This operation is not supported for {plural}.")
    host.require_owner(relation, "table" if relation.kind == "r" else "materialized view")
    host.refuse_pending(relation, "CREATE INDEX")
    host.creation_schema(st.Name(name=relation.name, schema=relation.schema))
    method = statement.method.lower()
    if method not in METHODS:
        raise UndefinedObject(f'access method "{method}" does not exist')
    if method not in ("btree", "hash"):
        raise FeatureNotSupported(f"indexes of access method {method} are not supported")
    if len(statement.keys) > 32:
        raise TooManyColumns("cannot use more than 32 columns in an index")
    if method == "hash" and (statement.unique or len(statement.keys) > 1):
        feature = "unique indexes" if statement.unique else "multicolumn indexes"
        raise FeatureNotSupported(f'access method "hash" does not support {feature}')
    draft = Draft(relation=relation, host=host)
    index = _index(statement, relation, host)
    name = statement.name or _name(index, draft)
    if statement.name is not None and draft.taken(name):
        message = f'relation "{name}" already exists'
        if not statement.if_not_exists:
            raise DuplicateTable(message)
        host.notice(f"{message}, skipping", sqlstate=DuplicateTable.sqlstate)
        return done("CREATE INDEX")
    index = replace(index, name=name)
    new = replace(relation, indexes=(*relation.indexes, index))
    validate(new, relation, host)
    host.put(new)
    note_builds(new, relation, host)
    return done("CREATE INDEX")


def _name(index: Index, draft: Draft) -> str:
    """t_a_b_idx; expressions and INCLUDE take part as in pg_attribute."""
    return free_name(draft.relation.name, columns_part(index_column_names(index, draft.relation)), "idx", draft.taken)


def _index(statement: st.CreateIndex, relation: Relation, host: Host) -> Index:
    live = [c for c in relation.columns if not c.dropped]
    columns: list[int] = []
    expressions: list[e.Expr] = []
    opclasses: list[str] = []
    for item in statement.keys:
        if isinstance(item.key, st.Name):
            column = _column(item.key.name, live)
            columns.append(column.number)
            type, own = column.type, column.collation
        else:
            expr = host.bind_expression(item.key, live, relation, "index expressions")
            plain = expr if isinstance(expr, e.ColumnRef) else None
            columns.append(0 if plain is None else plain.id)
            type, own = expr.type, next((c.collation for c in live if plain is not None and c.number == plain.id), 0)
            if plain is None:
                _immutable(expr, "functions in index expression must be marked IMMUTABLE")
                expressions.append(expr)
        if item.collation is not None:
            _check_collation(item.collation, own, type, host)
        if item.opclass is None:
            _ordered(type, statement.method, host)
            opclasses.append("")
        else:
            opclasses.append(_opclass(item.opclass, type, statement.method.lower(), host))
    predicate = None
    if statement.where is not None:
        predicate = host.bind_expression(statement.where, live, relation, "index predicates")
        if predicate.type.name != "bool":
            raise DatatypeMismatch(f"argument of WHERE must be type boolean, not type {format_type(predicate.type)}", at=statement.where.at)
        _immutable(predicate, "functions in index predicate must be marked IMMUTABLE")
    directions = tuple((item.descending, item.nulls_first) for item in statement.keys)
    return Index(
        oid=host.new_oid(), name="", schema=relation.schema, relation=relation.oid, columns=tuple(columns), unique=statement.unique, primary=False,
        method=statement.method, expressions=tuple(expressions), predicate=predicate,
        directions=directions if any(d != (False, False) for d in directions) else (),
        included=tuple(_column(name, live).number for name in statement.include), opclasses=tuple(opclasses) if any(opclasses) else (),
        options=index_options(statement.options, statement.method.lower()),
    )  # fmt: skip


def _check_collation(name: st.Name, own: int, type: PgType, host: Host) -> None:
    """The collation of a key is its column's `own`: of all text the same, so that an index of another one would be used by no query."""
    if collated(name, type, host, None) != own:
        raise FeatureNotSupported(f'indexes with collation "{name}" are not supported', at=name.at)


def _opclass(name: st.Name, type: PgType, method: str, host: Host) -> str:
    """The operator class of a key; "" for the one its type has by default."""
    found = next((row for row in CLASSES if row[1] == ACCESS_METHODS[method] and row[2] == name.name and name.schema in (None, "pg_catalog")), None)
    if found is None:
        raise UndefinedObject(f'operator class "{name}" does not exist for access method "{method}"')
    _, _, _, _, input_type, default, _ = found
    compared = comparison_type(type)
    enum = input_type == ANY_ENUM and type.kind == "e"
    if compared != input_type and not enum:
        raise DatatypeMismatch(f'operator class "{name}" does not accept data type {format_type(type, None, host.catalog.type)}')
    return "" if default else name.name


def _column(name: str, live: list[Column]) -> Column:
    found = next((c for c in live if c.name == name), None)
    if found is None:
        raise UndefinedColumn(f'column "{name}" does not exist')
    return found


def _immutable(expr: e.Expr, message: str) -> None:
    for node in walk(expr):
        function = getattr(node, "function", None)
        if isinstance(node, e.SqlValue) or (function is not None and function.volatility != "i"):
            raise InvalidObjectDefinition(message)


def _ordered(type: PgType, method: str, host: Host) -> None:
    if method == "btree" and not btree_operators(type) and type.kind not in "ce":
        raise UndefinedObject(
            f'data type {format_type(type, None, host.catalog.type)} has no default operator class for access method "{method}"',
            hint="You must specify an operator class for the index or define a default operator class for the data type.",
        )
