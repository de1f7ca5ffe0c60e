"""CREATE TABLE, CREATE TABLE AS, TRUNCATE: tables with constraints, identity and serial columns, options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from auroraml.batch import Batch, concat_batches
from auroraml.catalog.depends import reads_temporary, referencing
from auroraml.commands.collations import collated
from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.definitions import SERIAL, Draft, add_constraint, check_key, default_of, generated, refuse_system_name, with_column
from auroraml.commands.likeness import Likeness
from auroraml.commands.naming import free_name, refuse_catalog
from auroraml.commands.options import table_options
from auroraml.commands.prepare import opened, planned
from auroraml.commands.sequences import LIMITS, sequence_default, sequence_row
from auroraml.errors import (
    DuplicateColumn,
    DuplicateTable,
    FeatureNotSupported,
    InvalidParameterValue,
    InvalidTableDefinition,
    SyntaxError,
    WrongObjectType,
)
from auroraml.ir.bound import BoundStatement
from auroraml.ir.expr import Const
from auroraml.ir.objects import Column, Relation
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st
from auroraml.types.pg_type import Attribute, PgType, Rep
from auroraml.types.table import BY_NAME, TEXT, UNKNOWN


def row_types(host: Host, relation: Relation) -> tuple[PgType, PgType]:
    """The row type of `relation` and the array type over it."""
    old = host.catalog.find_type_oid(relation.row_type)
    array_oid = old.array if old is not None else host.new_oid()
    attributes = tuple(Attribute(name=c.name, type=c.type, typmod=c.typmod) for c in relation.columns if not c.dropped)
    row = PgType(
        oid=relation.row_type, name=relation.name, schema=relation.schema, rep=Rep.STRUCT, kind="c", category="C", array=array_oid,
        align="d", storage="x", attributes=attributes, relation=relation.oid, owner=relation.owner,
    )  # fmt: skip
    array = PgType(
        oid=array_oid, name=f"_{relation.name}"[:63], schema=relation.schema, rep=Rep.LIST, category="A", element=row.oid,
        align="d", storage="x", owner=relation.owner,
    )  # fmt: skip
    return row, array


def put_relation(host: Host, relation: Relation) -> None:
    """Add or replace a relation with its row type."""
    host.put(relation, *row_types(host, relation))


def exists(host: Host, name: st.Name, schema: str, if_not_exists: bool) -> bool:
    """Whether to stop: the relation is there and IF NOT EXISTS was said; 42P07 otherwise."""
    if host.catalog.find_relation(name.name, schema) is None:
        return False
    if not if_not_exists:
        raise DuplicateTable(f'relation "{name.name}" already exists')
    host.notice(f'relation "{name.name}" already exists, skipping', sqlstate=DuplicateTable.sqlstate)
    return True


def persistence_in(schema: str, unlogged: bool, at: int | None = None) -> str:
    """How a new relation in `schema` is kept: t, u, p; 42P16."""
    temporary = schema.startswith("pg_temp_")
    if temporary and unlogged:
        raise InvalidTableDefinition("only temporary relations may be created in temporary schemas", at=at)
    return "t" if temporary else "u" if unlogged else "p"


def _check_on_commit(statement: st.CreateTable | st.CreateTableAs, schema: str) -> None:
    """42P16 where a table that lasts is said to go, or not to, at a commit."""
    if statement.on_commit and not schema.startswith("pg_temp_"):
        raise InvalidTableDefinition("ON COMMIT can only be used on temporary tables")


@command(st.CreateTable)
def create_table(statement: st.CreateTable, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE TABLE."""
    schema = host.relation_schema(statement.name, statement.temporary)
    if statement.if_not_exists and exists(host, statement.name, schema.name, True):
        return done("CREATE TABLE")
    likes = {place: Likeness(element, host) for place, element in _read(statement, host) if isinstance(element, st.LikeClause)}
    _check_keys(statement, [c.name for like in likes.values() for c in like.columns])
    _check_on_commit(statement, schema.name)
    relation = Relation(
        oid=host.new_oid(), name=statement.name.name, schema=schema.name, owner=host.role.oid, row_type=host.new_oid(),
        options=table_options(statement.options), persistence=persistence_in(schema.name, statement.unlogged, statement.name.at),
        on_commit=statement.on_commit,
    )  # fmt: skip
    draft = Draft(relation=relation, host=host)
    for place, element in enumerate(statement.elements):
        if isinstance(element, st.LikeClause):
            likes[place].add_columns(draft)
        else:
            add_column(draft, element)
    for name in [column.name for column in draft.relation.columns]:
        refuse_system_name(name)
    exists(host, statement.name, schema.name, False)
    refuse_catalog(statement.name, schema.name)
    for element in statement.elements:
        if isinstance(element, st.ColumnDefinition):
            add_default(draft, element)
    constraints = _constraints(draft, statement)
    for constraint, column in constraints:
        if constraint.kind == "c":
            add_constraint(draft, constraint, column)
    for constraint, column in _keys(constraints):
        add_constraint(draft, constraint, column)
    for like in likes.values():
        like.add_parts(draft)
    for constraint, column in constraints:
        if constraint.kind == "f":
            add_constraint(draft, constraint, column)
    put_relation(host, draft.relation)
    for like in likes.values():
        like.finish(draft.relation)
    return done("CREATE TABLE")


def _read(statement: st.CreateTable, host: Host) -> Iterator[tuple[int, st.ColumnDefinition | st.LikeClause]]:
    """The elements in the order written, columns with their types and collations looked up (transformCreateStmt)."""
    for place, element in enumerate(statement.elements):
        if isinstance(element, st.ColumnDefinition):
            column_type(host, element, statement.name.name)
        yield place, element


def _check_keys(statement: st.CreateTable, copied: Sequence[str]) -> None:
    """One primary key at most, over columns that are there, each of them once (transformIndexConstraints)."""
    columns = [element for element in statement.elements if isinstance(element, st.ColumnDefinition)]
    at_columns = [constraint for column in columns for constraint in column.constraints]
    keys = [constraint for constraint in (*at_columns, *statement.constraints) if constraint.kind in "pu"]
    for constraint in [constraint for constraint in keys if constraint.kind == "p"][1:2]:
        raise InvalidTableDefinition(f'multiple primary keys for table "{statement.name.name}" are not allowed', at=constraint.at or None)
    known = {*copied, *(column.name for column in columns)}
    for constraint in keys:
        check_key(constraint, known)


Placed = tuple[st.ConstraintDefinition, Column | None]  # a constraint, and the column it was written at


def _keys(constraints: Sequence[Placed]) -> list[Placed]:
    """Keys in the order of their indexes: the primary key first, and one index for a key that is said twice (transformIndexConstraints)."""
    found: list[Placed] = []
    places: dict[tuple[str, ...], int] = {}
    for constraint, column in sorted((c for c in constraints if c[0].kind in "pu"), key=lambda c: c[0].kind):
        names = tuple(name.name for name in constraint.columns)
        place = places.setdefault(names, len(found))
        if place == len(found) or constraint.kind == "p":
            found.append((constraint, column))
        elif found[place][0].name is None:
            found[place] = (replace(found[place][0], name=constraint.name), found[place][1])
    return found


def _constraints(draft: Draft, statement: st.CreateTable) -> list[Placed]:
    """All constraints with the columns they were written at."""
    found: list[Placed] = []
    for element in statement.elements:
        if isinstance(element, st.ColumnDefinition):
            found += [(constraint, draft.column(element.name)) for constraint in element.constraints]
    return found + [(constraint, None) for constraint in statement.constraints]


MULTIPLE = {
    "default": "multiple default values specified", "identity": "multiple identity specifications", "generated": "multiple generation clauses specified",
}  # fmt: skip


def _refuse_conflicts(given: Sequence[tuple[str, int]], column: str, table: str) -> None:
    """What a column may not be said to be twice, or at once (transformColumnDefinition)."""
    not_null: bool | None = None
    seen: set[str] = set()
    for kind, place in given:
        fault = ""
        if kind in seen and kind in MULTIPLE:
            fault = MULTIPLE[kind]
        elif kind not in ("default", "generated") and not_null is (kind == "null"):
            fault = "conflicting NULL/NOT NULL declarations"
        not_null = not_null if kind in ("default", "generated") else kind != "null"
        seen.add(kind)
        if not fault and {"default", "identity"} <= seen:
            fault = "both default and identity specified"
        if not fault and "generated" in seen and seen & {"default", "identity"}:
            fault = f"both {'default' if 'default' in seen else 'identity'} and generation expression specified"
        if fault:
            raise SyntaxError(f'{fault} for column "{column}" of table "{table}"', at=place if place >= 0 else None)


def column_type(host: Host, definition: st.ColumnDefinition, table: str) -> tuple[PgType, int, int]:
    """The type, typmod and collation of a column as written, which says nothing twice (transformColumnDefinition)."""
    serial = SERIAL.get(definition.type.name) if definition.type.schema is None else None
    _refuse_conflicts((*definition.given, *((("default", -1), ("not null", -1)) if serial else ())), definition.name, table)
    type, typmod = (BY_NAME[serial], -1) if serial is not None else host.type_named(definition.type)
    return type, typmod, collated(definition.collation, type, host, definition.collation.at if definition.collation is not None else None)


def add_column(draft: Draft, definition: st.ColumnDefinition) -> Column:
    """Add one column, with the sequence behind serial and identity."""
    host, relation = draft.host, draft.relation
    type, typmod, collation = column_type(host, definition, relation.name)
    if draft.column(definition.name) is not None:
        raise DuplicateColumn(f'column "{definition.name}" specified more than once')
    number = max((c.number for c in relation.columns), default=0) + 1
    if type.kind == "p":
        raise InvalidTableDefinition(f'column "{definition.name}" has pseudo-type {type.name}')
    default, not_null = None, definition.not_null
    if (definition.type.schema is None and definition.type.name in SERIAL) or definition.identity:
        name = free_name(relation.name, definition.name, "seq", draft.taken)
        if definition.identity and type.name not in LIMITS:
            raise InvalidParameterValue("identity column type must be smallint, integer, or bigint")
        sequence = sequence_row(host, name, relation.schema, type, definition.identity_options, (relation.oid, number), bool(definition.identity))
        host.put(sequence)
        default, not_null = sequence_default(host, sequence, type), True
    column = Column(name=definition.name, type=type, typmod=typmod, number=number, not_null=not_null, default=default,
                    identity=definition.identity[:1], collation=collation, generated=None if definition.generated is None else UNBOUND)  # fmt: skip
    draft.set(columns=(*relation.columns, column))
    return column


UNBOUND = Const(type=UNKNOWN, value=None)  # a generation expression that is not bound yet


def add_default(draft: Draft, definition: st.ColumnDefinition) -> None:
    """Bind the default, or the generation expression, that a column was written with."""
    column = draft.column(definition.name)
    assert column is not None
    if definition.generated is not None:
        bound = generated(draft.host, draft.relation, column, definition.generated)
        draft.set(columns=with_column(draft.relation, replace(column, generated=bound)))
        return
    default = default_of(draft.host, definition, column.type, column.typmod)
    if default is not None:
        draft.set(columns=with_column(draft.relation, replace(column, default=default)))


def new_relation(statement: st.CreateTableAs, host: Host, schema: str, bound: BoundStatement) -> Relation:
    """The table that CREATE TABLE AS makes for a bound query."""
    names = [output.name for output in bound.columns]
    if len(statement.columns) > len(names):
        raise SyntaxError("too many column names were specified")
    names[: len(statement.columns)] = statement.columns
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DuplicateColumn(f'column "{twice}" specified more than once')
    columns = tuple(
        Column(name=name, type=TEXT if output.type.oid == UNKNOWN.oid else output.type, typmod=output.typmod, number=number)
        for number, (name, output) in enumerate(zip(names, bound.columns, strict=True), 1)
    )
    return Relation(
        oid=host.new_oid(), name=statement.name.name, schema=schema, kind="m" if statement.materialized else "r", columns=columns,
        owner=host.role.oid, row_type=host.new_oid(), options=table_options(statement.options), view=bound.plan if statement.materialized else None,
        persistence=persistence_in(schema, statement.unlogged, statement.name.at), on_commit=statement.on_commit,
    )  # fmt: skip


@command(st.CreateTableAs)
def create_table_as(statement: st.CreateTableAs, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE TABLE AS and CREATE MATERIALIZED VIEW."""
    bound, params, choose = planned(statement, params, host)
    if statement.materialized and reads_temporary(bound.plan):
        raise FeatureNotSupported("materialized views must not use temporary tables or views")
    schema = host.relation_schema(statement.name, statement.temporary)
    tag = "CREATE MATERIALIZED VIEW" if statement.materialized else "CREATE TABLE AS"
    if exists(host, statement.name, schema.name, statement.if_not_exists):
        return done(tag)
    _check_on_commit(statement, schema.name)
    refuse_catalog(statement.name, schema.name)
    relation = new_relation(statement, host, schema.name, bound)
    chosen = choose()
    rows = all_rows(opened(chosen, params, host)) if statement.with_data else None
    put_relation(host, replace(relation, populated=rows is not None or relation.kind == "r"))
    if rows is None:
        return done("SELECT 0" if isinstance(statement.query, st.Execute) else tag)
    n = host.insert(relation, rows) if rows.n else 0
    host.pack(relation)
    return ResultStream(tag=f"SELECT {n}", rowcount=n)


def all_rows(stream: ResultStream) -> Batch:
    """The rows of a result as one batch."""
    batches = [batch for batch in stream.batches() if batch.n]
    return concat_batches(batches) if batches else Batch((), 0)


@command(st.Truncate)
def truncate(statement: st.Truncate, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """TRUNCATE."""
    relations: list[Relation] = []
    for name in statement.names:
        relation = host.relation(name)
        if relation.kind != "r":
            raise WrongObjectType(f'"{relation.name}" is not a table')
        host.require(relation, "D")
        host.refuse_pending(relation, "TRUNCATE")
        relations.append(relation)
    if statement.cascade:
        _add_referencing(relations, host)
    _check_foreign(relations, host)
    host.fire_truncate(relations, before=True)
    for relation in relations:
        host.truncate(relation)
        old = host.catalog.statistics(relation.oid)
        host.set_statistics(relation, replace(old, pages=0, tuples=-1.0, all_visible=0, indexes={}, pinned=False))
    if statement.restart:
        oids = {relation.oid for relation in relations}
        for other in host.catalog.relations():
            if other.sequence is not None and other.sequence.owner is not None and other.sequence.owner[0] in oids:
                host.set_sequence(other, other.sequence.start, False)
    host.fire_truncate(relations, before=False)
    return done("TRUNCATE TABLE")


def _add_referencing(relations: list[Relation], host: Host) -> None:
    """Add the tables whose foreign keys reference those that are there, and theirs (heap_truncate_find_FKs)."""
    oids = {relation.oid for relation in relations}
    while found := [other for other, _ in referencing(oids, host.catalog)]:
        for other in sorted(found, key=lambda relation: relation.oid):
            host.notice(f'truncate cascades to table "{other.name}"')
            host.require(other, "D")
            relations.append(other)
        oids.update(other.oid for other in found)


def _check_foreign(relations: Sequence[Relation], host: Host) -> None:
    for other, target in referencing({relation.oid for relation in relations}, host.catalog):
        name = next(relation.name for relation in relations if relation.oid == target)
        raise FeatureNotSupported(
            "cannot truncate a table referenced in a foreign key constraint",
            detail=f'Table "{other.name}" references "{name}".',
            hint=f'Truncate table "{other.name}" at the same time, or use TRUNCATE ... CASCADE.',
        )
