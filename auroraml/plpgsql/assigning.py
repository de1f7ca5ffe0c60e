"""Assignments: a value to a variable or field, a row of a query to a record or to several variables."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.batch import Batch, Vector
from auroraml.errors import DatabaseError, DatatypeMismatch, NullValueNotAllowed, UndefinedColumn
from auroraml.evaluate.call import null
from auroraml.plpgsql import tree
from auroraml.plpgsql.activation import Activation
from auroraml.plpgsql.expressions import Wanted, cast, evaluate, inside
from auroraml.plpgsql.values import Row, Shape, is_null, row_of
from auroraml.plpgsql.variables import Record, Scalar
from auroraml.types.pg_type import PgType, Rep


def assign_expression(act: Activation, target: tree.Target, sql: tree.Sql) -> None:
    """target := expression."""
    if isinstance(target, Scalar):
        value, _ = evaluate(act, sql, (target.type, target.typmod))
        put_scalar(act, target, value)
    elif isinstance(target, Record):
        value, type = evaluate(act, sql)
        put_record(act, target, value, type)
    else:
        try:
            row, place = field_of(act, target)
        except DatabaseError as error:
            inside(act, sql, error, "PL/pgSQL assignment")
            raise
        value, _ = evaluate(act, sql, (row.shape.types[place], row.shape.typmods[place]))
        row.put(place, value)


def assign(act: Activation, target: tree.Target, value: Vector, source: tuple[PgType, int]) -> None:
    """A value of a type, cast to the target's."""
    if isinstance(target, Scalar):
        put_scalar(act, target, cast(act, value, source, (target.type, target.typmod)))
    elif isinstance(target, Record):
        put_record(act, target, value, source[0])
    else:
        row, place = field_of(act, target)
        row.put(place, cast(act, value, source, (row.shape.types[place], row.shape.typmods[place])))


def wanted_of(act: Activation, target: tree.Target) -> Wanted:
    """The type and typmod of what is assigned to."""
    if isinstance(target, Scalar):
        return target.type, target.typmod
    if isinstance(target, Record):
        return None
    row, place = field_of(act, target)
    return row.shape.types[place], row.shape.typmods[place]


def field_of(act: Activation, target: tree.Field) -> tuple[Row, int]:
    """The row that a field belongs to, and its place."""
    row = act.row(target.record)
    place = row.shape.places.get(target.name)
    if place is None:
        raise UndefinedColumn(f'record "{target.record.name}" has no field "{target.name}"')
    return row, place


def put_scalar(act: Activation, target: Scalar, value: Vector) -> None:
    """A value of the variable's type."""
    if target.not_null and is_null(value):
        raise NullValueNotAllowed(f'null value cannot be assigned to variable "{target.name}" declared NOT NULL')
    act.cells[target.number] = value


def put_record(act: Activation, target: Record, value: Vector, type: PgType) -> None:
    """A composite value to a record."""
    if type.rep is not Rep.STRUCT:
        if not is_null(value):
            raise DatatypeMismatch("cannot assign non-composite value to a record variable")
        act.cells[target.number] = None if target.type is None else Row.empty(act.function.shape(target.type))
        return
    shape = act.function.shape(type)
    if target.not_null and is_null(value):
        raise NullValueNotAllowed(f'null value cannot be assigned to variable "{target.name}" declared NOT NULL')
    row = row_of(shape, value)
    move(act, target, shape, None if row.missing else [row.get(i) for i in range(len(shape.types))])


def copy_record(act: Activation, target: Record, source: Row) -> None:
    """A record to another."""
    shape = source.shape
    move(act, target, shape, None if source.missing else [source.get(i) for i in range(len(shape.types))])


def move(act: Activation, target: Record, shape: Shape, values: Sequence[Vector] | None) -> None:
    """A row of some shape (None: no row) to a record, by position (exec_move_row)."""
    if target.type is None:
        act.cells[target.number] = Row.empty(shape) if values is None else Row(shape, values)
        return
    own = act.function.shape(target.type)
    if values is None:
        act.cells[target.number] = Row.empty(own)
        return
    made: list[Vector | None] = []
    for i, (type, typmod) in enumerate(zip(own.types, own.typmods, strict=True)):
        made.append(null(type) if i >= len(values) else cast(act, values[i], (shape.types[i], shape.typmods[i]), (type, typmod)))
    act.cells[target.number] = Row(own, made)


def move_row(act: Activation, targets: tree.Targets, shape: Shape, rows: Batch | None, number: int = 0) -> None:
    """Row `number` of a query's answer (None: there is none) to what INTO or FOR names."""
    found = None if rows is None else [rows.vector(i).flat().slice(number, number + 1) for i in range(len(shape.types))]
    if targets.record is not None:
        whole = len(shape.types) == 1 and targets.record.type is not None and shape.types[0].oid == targets.record.type.oid
        if whole and found is not None:
            put_record(act, targets.record, found[0], shape.types[0])
            return
        move(act, targets.record, shape, found)
        return
    for i, target in enumerate(targets.items):
        if found is None or i >= len(found):
            wanted = wanted_of(act, target)
            assert wanted is not None
            assign(act, target, null(wanted[0]), wanted)
        else:
            assign(act, target, found[i], (shape.types[i], shape.typmods[i]))
