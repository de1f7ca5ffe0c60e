"""Stored rows against new constraints: NOT NULL, CHECK, unique indexes, foreign keys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import Vector
from auroraml.commands.context import Host
from auroraml.errors import CheckViolation, ForeignKeyViolation, NotNullViolation, UniqueViolation
from auroraml.evaluate.keys import codes_of, combine
from auroraml.ir.deparse import quote_identifier
from auroraml.ir.objects import Constraint, Index, Relation
from auroraml.types.pg_type import PgType
from auroraml.types.text import datum_out


def validate(relation: Relation, before: Relation | None, host: Host) -> None:
    """Raise where a stored row breaks a constraint that `before` did not have (None: any constraint)."""
    known = set() if before is None else {c.oid for c in before.constraints} | {i.oid for i in before.indexes}
    required = set() if before is None else {c.number for c in before.columns if c.not_null}
    columns = [c for c in relation.columns if not c.dropped]
    vectors = host.column_vectors(relation)
    for column, vector in zip(columns, vectors, strict=True):
        if column.not_null and column.number not in required and not np.all(vector.valid):
            raise NotNullViolation(f'column "{column.name}" of relation "{relation.name}" contains null values', schema=relation.schema,
                                   table=relation.name, column=column.name)  # fmt: skip
    for index in relation.indexes:
        if index.unique and index.oid not in known:
            unique(relation, index, host)
    for constraint in sorted(relation.constraints, key=lambda c: c.oid):
        if constraint.oid not in known and constraint.valid:
            obeyed(relation, constraint, host)


def obeyed(relation: Relation, constraint: Constraint, host: Host) -> None:
    """23514 or 23503 where a stored row breaks a CHECK or a foreign key."""
    if constraint.check is not None:
        test = host.computed(relation, constraint.check).flat()
        if (test.valid & ~test.values).any():  # type: ignore[attr-defined] # a boolean vector
            raise CheckViolation(f'check constraint "{constraint.name}" of relation "{relation.name}" is violated by some row',
                                 schema=relation.schema, table=relation.name, constraint=constraint.name)  # fmt: skip
    elif constraint.kind == "f":
        referenced(relation, constraint, host)


def keys(relation: Relation, index: Index, host: Host) -> tuple[list[Vector], list[PgType], np.ndarray]:
    """The values of an index's keys for the stored rows it covers, their types, and which rows these are."""
    numbers = [c.number for c in relation.columns if not c.dropped]
    types = {c.number: c.type for c in relation.columns}
    vectors = host.column_vectors(relation)
    expressions = iter(index.expressions)
    found: list[Vector] = []
    kinds: list[PgType] = []
    for number in index.columns:
        if number:
            found.append(vectors[numbers.index(number)].flat())
            kinds.append(types[number])
        else:
            expr = next(expressions)
            found.append(host.computed(relation, expr).flat())
            kinds.append(expr.type)
    rows = np.arange(vectors[0].n if vectors else 0)
    if index.predicate is not None:
        test = host.computed(relation, index.predicate).flat()
        rows = np.flatnonzero(test.valid & test.values)  # type: ignore[attr-defined] # a boolean vector
    return [v.take(rows).flat() for v in found], kinds, rows


def unique(relation: Relation, index: Index, host: Host) -> None:
    """23505 where two stored rows have one key."""
    vectors, types, rows = keys(relation, index, host)
    usable = np.ones(len(rows), np.bool_)
    for vector in vectors:
        usable &= vector.valid
    codes, _ = combine([codes_of(vector, type) for vector, type in zip(vectors, types, strict=True)], len(rows))
    chosen = np.flatnonzero(usable)
    order = chosen[np.argsort(codes[chosen], kind="stable")]
    twice = np.flatnonzero(codes[order][1:] == codes[order][:-1])
    if len(twice):
        row = int(order[twice[0]])
        raise UniqueViolation(f'could not create unique index "{index.name}"', detail=f"Key {_key(relation, index, vectors, types, row, host)} is duplicated.",
                              schema=relation.schema, table=relation.name, constraint=index.name)  # fmt: skip


def _key(relation: Relation, index: Index, vectors: Sequence[Vector], types: Sequence[PgType], row: int, host: Host) -> str:
    names = host.index_keys(index, relation)
    return f"({', '.join(names)})=({', '.join(_text(v, t, row, host) for v, t in zip(vectors, types, strict=True))})"


def _text(vector: Vector, type: PgType, row: int, host: Host) -> str:
    value = vector.datum(row)
    return "null" if value is None else datum_out(type, value, host.style)


def referenced(relation: Relation, constraint: Constraint, host: Host) -> None:
    """23503 where a stored row refers to a key that is not there."""
    target = host.catalog.relation(constraint.foreign)
    own = _chosen(relation, constraint.columns, host)
    theirs = {tuple(row) for row in zip(*(v.datums() for v in _chosen(target, constraint.foreign_columns, host)), strict=True)}
    # one look-up a row: keys of any types are compared as Python values
    for row, key in enumerate(zip(*(v.datums() for v in own), strict=True)):
        if None not in key and key not in theirs:
            names = {c.number: c for c in relation.columns}
            shown = ", ".join(quote_identifier(names[n].name) for n in constraint.columns)
            values = ", ".join(_text(v, names[n].type, row, host) for v, n in zip(own, constraint.columns, strict=True))
            raise ForeignKeyViolation(
                f'insert or update on table "{relation.name}" violates foreign key constraint "{constraint.name}"',
                detail=f'Key ({shown})=({values}) is not present in table "{target.name}".',
                schema=relation.schema, table=relation.name, constraint=constraint.name,
            )  # fmt: skip


def _chosen(relation: Relation, numbers: Sequence[int], host: Host) -> list[Vector]:
    live = [c.number for c in relation.columns if not c.dropped]
    vectors = host.column_vectors(relation)
    return [vectors[live.index(n)].flat() for n in numbers]
