"""ALTER TABLE's actions on columns: ADD, DROP, RENAME, defaults, NOT NULL, type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from auroraml.catalog.depends import Dependent, column_dependents, uses
from auroraml.catalog.printing import expression_text
from auroraml.commands.altering import Alteration, action
from auroraml.commands.collations import collated
from auroraml.commands.context import Host
from auroraml.commands.definitions import (
    SYSTEM,
    Draft,
    add_constraint,
    bound_default,
    refuse_default,
    refuse_readers,
    refuse_system_name,
    retyped,
    unplaced,
    with_column,
)
from auroraml.commands.dropping import drop_all, shown_column
from auroraml.commands.options import table_options
from auroraml.commands.tables import add_column, add_default, column_type
from auroraml.commands.validation import validate
from auroraml.errors import (
    CannotCoerce,
    DatatypeMismatch,
    DuplicateColumn,
    FeatureNotSupported,
    InvalidColumnDefinition,
    InvalidTableDefinition,
    NotNullViolation,
    ObjectNotInPrerequisiteState,
    SyntaxError,
    UndefinedColumn,
)
from auroraml.ir.expr import ColumnRef, Expr
from auroraml.ir.objects import Column, Relation, StatisticsObject
from auroraml.ir.tree import rewrite, walk
from auroraml.sql import statements as st
from auroraml.types.typmod import format_type


def live(relation: Relation, name: str) -> Column:
    """The column called `name`; 42703."""
    if name in SYSTEM:
        raise FeatureNotSupported(f'cannot alter system column "{name}"')
    found = next((c for c in relation.columns if c.name == name and not c.dropped), None)
    if found is None:
        raise UndefinedColumn(f'column "{name}" of relation "{relation.name}" does not exist')
    return found


def _refuse_row_type_users(work: Alteration) -> None:
    """A table whose row type is a column's type elsewhere keeps its shape."""
    relation = work.relation
    if not relation.row_type:
        return
    row = work.host.catalog.find_type_oid(relation.row_type)
    types = {relation.row_type, 0 if row is None else row.array} - {0}
    for user in work.host.catalog.relations():
        for column in user.columns:
            if column.type.oid in types and not column.dropped and user.kind in "rm":
                raise FeatureNotSupported(f'cannot alter {"type" if relation.kind == "c" else "table"} "{relation.name}" because column '
                                          f'"{user.name}.{column.name}" uses {"it" if relation.kind == "c" else "its row type"}')  # fmt: skip


@action("add column")
def add(work: Alteration, item: st.AlterAction) -> None:
    """ADD COLUMN: stored rows get its default."""
    assert item.column is not None
    old = work.relation
    refuse_system_name(item.column.name)
    if any(c.name == item.column.name and not c.dropped for c in old.columns):
        message = f'column "{item.column.name}" of relation "{old.name}" already exists'
        if not item.if_exists:
            raise DuplicateColumn(message)
        work.host.notice(f"{message}, skipping", sqlstate=DuplicateColumn.sqlstate)
        return
    _refuse_row_type_users(work)
    draft = Draft(relation=old, host=work.host)
    column_type(work.host, item.column, old.name)  # PostgreSQL looks it up twice, and warns twice
    with unplaced():
        add_column(draft, item.column)
        add_default(draft, item.column)
        column = draft.column(item.column.name)
        for constraint in item.column.constraints:
            add_constraint(draft, constraint, column)
    work.host.rewrite(old, draft.relation)
    work.relation = draft.relation
    work.put()
    validate(work.relation, old, work.host)


@action("drop column")
def drop(work: Alteration, item: st.AlterAction) -> None:
    """DROP COLUMN, with its constraints and indexes."""
    relation = work.relation
    if item.if_exists and not any(c.name == item.name and not c.dropped for c in relation.columns):
        work.host.notice(f'column "{item.name}" of relation "{relation.name}" does not exist, skipping')
        return
    column = live(relation, item.name)
    _refuse_row_type_users(work)
    users: list[Dependent] = list(column_dependents(relation, column, work.host.catalog))
    drop_all(work.host, shown_column(relation, column, work.host), users, item.cascade)
    remove_column(work, column)


def remove_column(work: Alteration, column: Column) -> None:
    """Take a column away with what is built on it."""
    relation = work.host.catalog.relation(work.relation.oid)
    gone = replace(column, dropped=True, default=None, generated=None, not_null=False, identity="", acl=None)
    constraints = tuple(c for c in relation.constraints if column.number not in c.columns)
    lost = {c.index for c in relation.constraints} - {c.index for c in constraints}
    indexes = tuple(i for i in relation.indexes if i.oid not in lost and column.number not in i.columns + i.included
                    and column.number not in _refers(i.expressions, i.predicate))  # fmt: skip
    statistics = tuple(s for s in relation.statistics if column.number not in s.columns and column.number not in _refers(s.expressions))
    new = replace(relation, columns=with_column(relation, gone), constraints=constraints, indexes=indexes, statistics=statistics)
    work.host.rewrite(relation, new)
    work.relation = new
    work.put()
    for other in work.host.catalog.relations():
        if other.sequence is not None and other.sequence.owner == (relation.oid, column.number):
            work.host.remove(other)


def _refers(*trees: object) -> set[int]:
    found: set[int] = set()
    for tree in trees:
        for part in tree if isinstance(tree, tuple) else (tree,):
            found |= _columns_of(part)
    return found


def _columns_of(expr: object) -> set[int]:
    return set() if not isinstance(expr, Expr) else {node.id for node in walk(expr) if isinstance(node, ColumnRef)}


@action("rename column", "rvmc")
def rename(work: Alteration, item: st.AlterAction) -> None:
    """RENAME COLUMN; what refers to it is bound by number and follows."""
    relation = work.relation
    column = next((c for c in relation.columns if c.name == item.name and not c.dropped), None)
    if column is None:
        raise UndefinedColumn(f'column "{item.name}" does not exist')
    refuse_system_name(item.new_name)
    if any(c.name == item.new_name and not c.dropped for c in relation.columns):
        raise DuplicateColumn(f'column "{item.new_name}" of relation "{relation.name}" already exists')
    named = replace(column, name=item.new_name)
    relation = replace(
        relation, columns=tuple(c if c.generated is None else replace(c, generated=_renamed(c.generated, named)) for c in relation.columns)
    )
    named = replace(named, generated=next(c for c in relation.columns if c.number == column.number).generated)
    checks = tuple(replace(c, check=_renamed(c.check, named)) if c.check is not None else c for c in relation.constraints)
    indexes = tuple(replace(i, expressions=tuple(_renamed(x, named) for x in i.expressions),
                            predicate=None if i.predicate is None else _renamed(i.predicate, named)) for i in relation.indexes)  # fmt: skip
    statistics = tuple(replace(s, expressions=tuple(_renamed(x, named) for x in s.expressions)) for s in relation.statistics)
    work.put(columns=with_column(relation, named), constraints=checks, indexes=indexes, statistics=statistics)


def _renamed(expr: Expr, column: Column) -> Expr:
    def change(node: object) -> object | None:
        return replace(node, name=column.name) if isinstance(node, ColumnRef) and node.id == column.number else None

    return rewrite(expr, change)


@action("set default", "rv")
def set_default(work: Alteration, item: st.AlterAction) -> None:
    """SET DEFAULT."""
    column = live(work.relation, item.name)
    if column.identity:
        raise SyntaxError(f'column "{column.name}" of relation "{work.relation.name}" is an identity column')
    refuse_default(work.relation, column)
    assert item.expression is not None
    with unplaced():
        default = work.host.coerced(bound_default(work.host, item.expression), column.type, column.typmod, column.name)
    work.put(columns=with_column(work.relation, replace(column, default=default)))


@action("drop default", "rv")
def drop_default(work: Alteration, item: st.AlterAction) -> None:
    """DROP DEFAULT."""
    column = live(work.relation, item.name)
    if column.identity:
        raise SyntaxError(f'column "{column.name}" of relation "{work.relation.name}" is an identity column',
                          hint="Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.")  # fmt: skip
    refuse_default(work.relation, column, dropping=True)
    work.put(columns=with_column(work.relation, replace(column, default=None)))


def _identity(work: Alteration, item: st.AlterAction) -> Column | None:
    """The identity column that an action names; 55000 where it is none, None where that is to be passed over."""
    column = live(work.relation, item.name)
    if column.identity:
        return column
    message = f'column "{column.name}" of relation "{work.relation.name}" is not an identity column'
    if not item.if_exists:
        raise ObjectNotInPrerequisiteState(message)
    work.host.notice(f"{message}, skipping")
    return None


@action("set generated")
def set_generated(work: Alteration, item: st.AlterAction) -> None:
    """SET GENERATED ALWAYS and BY DEFAULT."""
    column = _identity(work, item)
    assert column is not None
    work.put(columns=with_column(work.relation, replace(column, identity=item.new_name[:1])))


@action("drop identity")
def drop_identity(work: Alteration, item: st.AlterAction) -> None:
    """DROP IDENTITY, with the sequence behind it; the column stays NOT NULL."""
    column = _identity(work, item)
    if column is None:
        return
    work.put(columns=with_column(work.relation, replace(column, identity="", default=None)))
    for other in work.host.catalog.relations():
        if other.sequence is not None and other.sequence.owner == (work.relation.oid, column.number):
            work.host.remove(other)


@action("drop expression")
def drop_expression(work: Alteration, item: st.AlterAction) -> None:
    """DROP EXPRESSION: the values stay, and are ordinary ones."""
    column = live(work.relation, item.name)
    if column.generated is None:
        message = f'column "{column.name}" of relation "{work.relation.name}" is not a stored generated column'
        if not item.if_exists:
            raise ObjectNotInPrerequisiteState(message)
        work.host.notice(f"{message}, skipping")
        return
    work.put(columns=with_column(work.relation, replace(column, generated=None)))


@action("set not null")
def set_not_null(work: Alteration, item: st.AlterAction) -> None:
    """SET NOT NULL, after a look at the rows."""
    column = live(work.relation, item.name)
    refuse_nulls(work, column)
    work.put(columns=with_column(work.relation, replace(column, not_null=True)))


def refuse_nulls(work: Alteration, column: Column) -> None:
    """23502 where a stored row has NULL in the column."""
    relation = work.relation
    columns = [c for c in relation.columns if not c.dropped]
    vectors = work.host.column_vectors(relation)
    place = next(i for i, c in enumerate(columns) if c.number == column.number)
    if not np.all(vectors[place].valid):
        raise NotNullViolation(f'column "{column.name}" of relation "{relation.name}" contains null values', schema=relation.schema,
                               table=relation.name, column=column.name)  # fmt: skip


@action("drop not null")
def drop_not_null(work: Alteration, item: st.AlterAction) -> None:
    """DROP NOT NULL."""
    column = live(work.relation, item.name)
    if any(c.kind == "p" and column.number in c.columns for c in work.relation.constraints):
        raise InvalidTableDefinition(f'column "{column.name}" is in a primary key')
    if column.identity:
        raise SyntaxError(f'column "{column.name}" of relation "{work.relation.name}" is an identity column')
    work.put(columns=with_column(work.relation, replace(column, not_null=False)))


@action("type")
def change_type(work: Alteration, item: st.AlterAction) -> None:
    """SET DATA TYPE: rows are stored anew, the default is cast."""
    assert item.type is not None
    relation = work.relation
    column = live(relation, item.name)
    with unplaced():
        work.host.type_named(item.type)  # twice, as above
        type, typmod = work.host.type_named(item.type)
    collation = collated(item.collation, type, work.host, None)
    _refuse_row_type_users(work)
    for user in work.host.catalog.relations():
        if user.view is not None and column.number in uses(user.view).columns.get(relation.oid, ()):
            raise FeatureNotSupported("cannot alter type of a column used by a view or rule",
                                      detail=f'rule _RETURN on view {user.name} depends on column "{column.name}"')  # fmt: skip
    if column.generated is not None and item.expression is not None:
        raise InvalidColumnDefinition("cannot specify USING when altering type of generated column",
                                      detail=f'Column "{column.name}" is a generated column.')  # fmt: skip
    refuse_readers(relation, column)
    columns = [c for c in relation.columns if not c.dropped]
    shown = format_type(type, typmod, work.host.catalog.type)
    if item.expression is not None:
        value = work.host.bind_expression(item.expression, columns, relation, "transform expressions")
        message = f'result of USING clause for column "{column.name}" cannot be cast automatically to type {format_type(type, None, work.host.catalog.type)}'
        hint = "You might need to add an explicit cast."
    else:
        value = ColumnRef(type=column.type, typmod=column.typmod, id=column.number, name=column.name)
        message = f'column "{column.name}" cannot be cast automatically to type {format_type(type, None, work.host.catalog.type)}'
        hint = f'You might need to specify "USING {column.name}::{shown}".'
    try:
        value = work.host.coerced(value, type, typmod, column.name)
    except (DatatypeMismatch, CannotCoerce):
        raise DatatypeMismatch(message, hint=hint) from None
    default = column.default
    if default is not None and not column.identity:
        try:
            default = work.host.coerced(default, type, typmod, column.name)
        except (DatatypeMismatch, CannotCoerce):
            name = format_type(type, None, work.host.catalog.type)
            raise DatatypeMismatch(f'default for column "{column.name}" cannot be cast automatically to type {name}') from None
    new = replace(relation, columns=with_column(relation, replace(column, type=type, typmod=typmod, default=default, collation=collation,
                                                                   generated=retyped(work.host, column, type, typmod))))  # fmt: skip
    new = _bound_again(new, column.number, work.host)
    work.host.rewrite(relation, new, {column.number: value})
    _forget_statistics(work, column)
    work.relation = new
    work.put()
    validate(new, None, work.host)


def _forget_statistics(work: Alteration, column: Column) -> None:
    """What ANALYZE found of a column, and of index expressions over it, is about values that are no more."""
    host, relation = work.host, work.relation
    old = host.catalog.statistics(relation.oid)
    over = {i.oid for i in relation.indexes if column.number in _refers(i.expressions)}
    host.set_statistics(relation, replace(
        old, columns={number: found for number, found in old.columns.items() if number != column.number},
        indexes={oid: replace(found, expressions={}) if oid in over else found for oid, found in old.indexes.items()},
    ))  # fmt: skip


def _bound_again(relation: Relation, number: int, host: Host) -> Relation:
    """Checks and index expressions over a column whose type changed, read again from their text."""
    columns = [c for c in relation.columns if not c.dropped]

    def again(expr: Expr | None) -> Expr | None:
        if expr is None or number not in _columns_of(expr):
            return expr
        return host.bind_expression(host.expression_tree(expression_text(expr, host.catalog)), columns, relation)

    checks = tuple(replace(c, check=again(c.check)) for c in relation.constraints)
    indexes = tuple(replace(i, expressions=tuple(again(x) or x for x in i.expressions), predicate=again(i.predicate)) for i in relation.indexes)
    statistics = tuple(_statistics_again(s, number, again, host) for s in relation.statistics)
    return replace(relation, constraints=checks, indexes=indexes, statistics=statistics)


def _statistics_again(old: StatisticsObject, number: int, again: Callable[[Expr | None], Expr | None], host: Host) -> StatisticsObject:
    """A statistics object over a column whose type changed is another one with the same name, without a target of its own."""
    if number not in old.columns and number not in _refers(old.expressions):
        return old
    return replace(old, oid=host.new_oid(), target=-1, expressions=tuple(again(x) or x for x in old.expressions))


@action("set options", "rmv")
def set_options(work: Alteration, item: st.AlterAction) -> None:
    """SET (storage parameters)."""
    work.host.pages.heap_pages(work.relation)  # the rows there are stay where the old fillfactor put them
    work.put(options=table_options(item.options, work.relation.options))


@action("reset options", "rmv")
def reset_options(work: Alteration, item: st.AlterAction) -> None:
    """RESET (storage parameters)."""
    work.host.pages.heap_pages(work.relation)
    gone = {option.name.lower() for option in item.options}
    work.put(options=tuple(pair for pair in work.relation.options if pair[0] not in gone))
