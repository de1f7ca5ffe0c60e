"""From a table's definition to its catalog rows: columns, constraints, the indexes behind them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from auroraml.commands.context import Host
from auroraml.commands.naming import columns_part, free_name
from auroraml.errors import (
    DatabaseError,
    DatatypeMismatch,
    DuplicateColumn,
    DuplicateObject,
    DuplicateTable,
    FeatureNotSupported,
    InvalidColumnReference,
    InvalidForeignKey,
    InvalidObjectDefinition,
    InvalidTableDefinition,
    SyntaxError,
    UndefinedColumn,
    UndefinedObject,
    UndefinedTable,
    WrongObjectType,
)
from auroraml.ir import expr as e
from auroraml.ir.expr import ColumnRef, Expr
from auroraml.ir.objects import Column, Constraint, Index, Relation
from auroraml.ir.tree import walk
from auroraml.records import dataclass
from auroraml.sql import statements as st
from auroraml.types.casts import find_cast
from auroraml.types.pg_type import PgType
from auroraml.types.table import BOOL, DATE, FLOAT4, FLOAT8, INT2, INT4, INT8, NAME, TEXT, TIMESTAMP, TIMESTAMPTZ

SERIAL = {"serial": "int4", "serial4": "int4", "bigserial": "int8", "serial8": "int8", "smallserial": "int2", "serial2": "int2"}
SYSTEM = ("tableoid", "ctid", "xmin", "cmin", "xmax", "cmax")
KEY_FAMILIES = tuple(
    frozenset(type.oid for type in types) for types in ((INT2, INT4, INT8), (FLOAT4, FLOAT8), (DATE, TIMESTAMP, TIMESTAMPTZ), (NAME, TEXT))
)  # B-tree operator families with equality across types
STABLE_TEXTS = frozenset(("aclitem", "date", "interval", "money", "time", "timestamp", "timestamptz", "timetz", "xml"))  # they depend on settings
CLAUSE = "column generation expressions"


@dataclass(kw_only=True)
class Draft:
    """A relation being defined; indexes and constraints are added one by one."""

    relation: Relation
    host: Host
    altering: bool = False  # by ALTER TABLE

    def column(self, name: str) -> Column | None:
        """The live column called `name`."""
        return next((c for c in self.relation.columns if c.name == name and not c.dropped), None)

    def key_columns(self, definition: st.ConstraintDefinition) -> tuple[Column, ...]:
        """The columns of a key; 42703 where one is not there."""
        found = [self.column(name.name) for name in definition.columns]
        check_key(definition, [column.name for column in found if column is not None], self.relation.name if self.altering else None)
        return tuple(column for column in found if column is not None)

    def taken(self, name: str) -> bool:
        """Whether a relation or a constraint of this table has `name`."""
        return self.is_relation(name) or any(c.name == name for c in self.relation.constraints)

    def is_relation(self, name: str) -> bool:
        """Whether a relation or an index of the schema has `name`."""
        relation, catalog = self.relation, self.host.catalog
        if name == relation.name or any(i.name == name for i in relation.indexes):
            return True
        return catalog.find_relation(name, relation.schema) is not None or catalog.find_index(name, relation.schema) is not None

    def set(self, **changes: object) -> None:
        """Replace fields of the relation."""
        self.relation = replace(self.relation, **changes)  # type: ignore[arg-type] # by name, as dataclasses.replace


def with_column(relation: Relation, column: Column) -> tuple[Column, ...]:
    """The relation's columns with one replaced by its number."""
    return tuple(column if c.number == column.number else c for c in relation.columns)


@contextmanager
def unplaced() -> Iterator[None]:
    """What ALTER TABLE does to a table: its errors have no place in the statement."""
    try:
        yield
    except DatabaseError as error:
        error.diag = replace(error.diag, statement_position=None)
        raise


def refuse_repeated(definition: st.ConstraintDefinition) -> None:
    """42701 where a column stands twice in a key."""
    names = [name.name for name in definition.columns]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None and definition.kind in "pu":
        raise DuplicateColumn(
            f'column "{twice}" appears twice in {"primary key" if definition.kind == "p" else "unique"} constraint', at=definition.at
        )


def check_key(definition: st.ConstraintDefinition, known: Collection[str], altered: str | None = None) -> None:
    """The columns of a key are there, each once; 42703 and 42701. Of a table that is `altered`, a primary key's columns become NOT NULL first."""
    for name in (name.name for name in definition.columns):
        if name not in known and altered is not None and definition.kind == "p":
            raise UndefinedColumn(f'column "{name}" of relation "{altered}" does not exist')
        if name not in known:
            raise UndefinedColumn(f'column "{name}" named in key does not exist', at=definition.at)
    refuse_repeated(definition)


def refuse_system_name(name: str) -> None:
    """42701 where a column would be called like one of the system's."""
    if name in SYSTEM:
        raise DuplicateColumn(f'column name "{name}" conflicts with a system column name')


def add_constraint(draft: Draft, definition: st.ConstraintDefinition, own: Column | None = None) -> Constraint:
    """Add one constraint; `own` is the column it was written at."""
    adders = {"p": _add_key, "u": _add_key, "c": _add_check, "f": _add_foreign}
    constraint = adders[definition.kind](draft, definition, own)
    draft.set(constraints=(*draft.relation.constraints, constraint))
    return constraint


def _given(draft: Draft, definition: st.ConstraintDefinition) -> str | None:
    name = definition.name
    if name is not None and any(c.name == name for c in draft.relation.constraints):
        if definition.kind == "c" and not draft.altering:
            raise DuplicateObject(f'check constraint "{name}" already exists')
        raise DuplicateObject(f'constraint "{name}" for relation "{draft.relation.name}" already exists')
    return name


def _add_key(draft: Draft, definition: st.ConstraintDefinition, own: Column | None) -> Constraint:
    relation = draft.relation
    primary = definition.kind == "p"
    columns = draft.key_columns(definition) if own is None else (own,)
    if primary and any(c.kind == "p" for c in relation.constraints):
        raise InvalidTableDefinition(f'multiple primary keys for table "{relation.name}" are not allowed', at=definition.at or None)
    if definition.name is not None and draft.is_relation(definition.name):
        raise DuplicateTable(f'relation "{definition.name}" already exists')
    given = _given(draft, definition)
    if given is not None:
        name = given
    elif primary:
        name = free_name(relation.name, "", "pkey", draft.taken)
    else:
        name = free_name(relation.name, columns_part([c.name for c in columns]), "key", draft.taken)
    numbers = tuple(c.number for c in columns)
    index = Index(oid=draft.host.new_oid(), name=name, schema=relation.schema, relation=relation.oid, columns=numbers, unique=True, primary=primary)
    draft.set(indexes=(*relation.indexes, index))
    if primary:
        draft.set(columns=tuple(replace(c, not_null=True) if c.number in numbers else c for c in relation.columns))
    return Constraint(oid=draft.host.new_oid(), name=name, kind=definition.kind, columns=numbers, index=index.oid)


def _add_check(draft: Draft, definition: st.ConstraintDefinition, own: Column | None) -> Constraint:
    relation = draft.relation
    assert definition.check is not None
    live = tuple(c for c in relation.columns if not c.dropped)
    check = draft.host.bind_expression(definition.check, live, relation)
    if check.type.oid != BOOL.oid:
        raise DatatypeMismatch(f"argument of CHECK must be type boolean, not type {draft.host.type_text(check.type)}", at=check.at)
    numbers = tuple(dict.fromkeys(node.id for node in walk(check) if isinstance(node, ColumnRef)))
    names = {c.number: c.name for c in relation.columns}
    middle = names[numbers[0]] if len(numbers) == 1 else ""
    name = _given(draft, definition) or free_name(relation.name, middle, "check", draft.taken)
    return Constraint(oid=draft.host.new_oid(), name=name, kind="c", columns=numbers, check=check, no_inherit=definition.no_inherit,
                      valid=definition.valid or not draft.altering)  # fmt: skip


def _add_foreign(draft: Draft, definition: st.ConstraintDefinition, own: Column | None) -> Constraint:
    relation = draft.relation
    assert definition.foreign is not None
    given = _given(draft, definition)
    target = relation if _is_self(relation, definition.foreign) else draft.host.relation(definition.foreign)
    if target.kind != "r":
        raise WrongObjectType(f'referenced relation "{target.name}" is not a table')
    columns = (own,) if own is not None else _foreign_columns(draft, definition.columns)
    referenced = _referenced(target, definition)
    if len(columns) != len(referenced):
        raise InvalidForeignKey("number of referencing and referenced columns for foreign key disagree")
    name = given or free_name(relation.name, columns_part([c.name for c in columns]), "fkey", draft.taken)
    for column, number in zip(columns, referenced, strict=True):
        _check_key_types(draft.host, name, column, next(c for c in target.columns if c.number == number))
    _refuse_actions(columns, definition)
    return Constraint(
        oid=draft.host.new_oid(),
        name=name,
        kind="f",
        columns=tuple(c.number for c in columns),
        foreign=target.oid,
        foreign_columns=referenced,
        on_delete=definition.on_delete,
        on_update=definition.on_update,
        columns_set=_columns_set(draft, definition, columns),
        deferrable=definition.deferrable,
        deferred=definition.deferred,
        valid=definition.valid or not draft.altering,
    )


def _refuse_actions(columns: Sequence[Column], definition: st.ConstraintDefinition) -> None:
    """42601 where a foreign key's action would set a generated column."""
    if any(column.generated is not None for column in columns):
        for event, letter, refused in (("UPDATE", definition.on_update, "cnd"), ("DELETE", definition.on_delete, "nd")):
            if letter in refused:
                raise SyntaxError(f"invalid ON {event} action for foreign key constraint containing generated column")


def _columns_set(draft: Draft, definition: st.ConstraintDefinition, columns: Sequence[Column]) -> tuple[int, ...]:
    """The columns that ON DELETE SET names, each once; 42P10 where one is not the key's (validateFkOnDeleteSetColumns)."""
    found = _foreign_columns(draft, definition.columns_set)
    for column in found:
        if column not in columns:
            raise InvalidColumnReference(f'column "{column.name}" referenced in ON DELETE SET action must be part of foreign key')
    return tuple(dict.fromkeys(column.number for column in found))


def _check_key_types(host: Host, name: str, own: Column, key: Column) -> None:
    """42804 where no equality of the referenced key's operator family takes the referencing column (ATAddForeignKeyConstraint)."""
    given, wanted = own.type, key.type
    cast = find_cast(given, wanted)
    if given.oid == wanted.oid or any({given.oid, wanted.oid} <= family for family in KEY_FAMILIES) or (cast is not None and cast.context == "i"):
        return
    detail = f'Key columns "{own.name}" and "{key.name}" are of incompatible types: {host.type_text(given)} and {host.type_text(wanted)}.'
    raise DatatypeMismatch(f'foreign key constraint "{name}" cannot be implemented', detail=detail)


def _is_self(relation: Relation, name: st.Name) -> bool:
    return name.name == relation.name and name.schema in (None, relation.schema)


def _foreign_columns(draft: Draft, names: Sequence[st.Name]) -> tuple[Column, ...]:
    found = []
    for name in names:
        column = draft.column(name.name)
        if column is None:
            raise UndefinedColumn(f'column "{name.name}" referenced in foreign key constraint does not exist')
        found.append(column)
    return tuple(found)


def _referenced(target: Relation, definition: st.ConstraintDefinition) -> tuple[int, ...]:
    keys = [index.columns for index in target.indexes if index.unique]
    if not definition.foreign_columns:
        primary = next((index.columns for index in target.indexes if index.primary), None)
        if primary is None:
            raise UndefinedObject(f'there is no primary key for referenced table "{target.name}"')
        return primary
    numbers = []
    for name in definition.foreign_columns:
        column = next((c for c in target.columns if c.name == name.name and not c.dropped), None)
        if column is None:
            raise UndefinedColumn(f'column "{name.name}" referenced in foreign key constraint does not exist')
        numbers.append(column.number)
    if not any(sorted(key) == sorted(numbers) for key in keys):
        raise InvalidForeignKey(f'there is no unique constraint matching given keys for referenced table "{target.name}"')
    return tuple(numbers)


def default_of(host: Host, definition: st.ColumnDefinition, type: PgType, typmod: int) -> Expr | None:
    """The bound default of a column, None where it has none."""
    if definition.default is None:
        return None
    return host.coerced(bound_default(host, definition.default), type, typmod, definition.name)


def bound_default(host: Host, tree: st.Tree) -> Expr:
    """A DEFAULT, which may not look at columns."""
    try:
        return host.bind_expression(tree)
    except (UndefinedColumn, UndefinedTable) as error:
        position = error.diag.statement_position
        raise FeatureNotSupported("cannot use column reference in DEFAULT expression", at=None if position is None else position - 1) from None


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
