"""The system relations' columns, indexes and row types, made when first asked for; system_views computes their rows."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from auroraml.catalog import own_objects
from auroraml.catalog.system_data import INDEXES, RELATIONS
from auroraml.ir.objects import Column, Index, Relation
from auroraml.types.pg_type import Attribute, PgType, Rep
from auroraml.types.table import BY_NAME, TEXT

_FOUND = (*RELATIONS, *own_objects.RELATIONS)
_BY_NAME = {(row[1], row[2]): row for row in _FOUND}
_BY_OID = {row[0]: row for row in _FOUND}
_BY_ROW_TYPE = {row[4]: row for row in _FOUND}
SHOWN = {"anyarray": replace(BY_NAME["anyarray"], rep=Rep.TEXT)}  # an array of whatever type the column has, as its text


def _column(number: int, text: str) -> Column:
    name, _, type = text.rstrip("!").partition(":")
    type, _, typmod = type.partition("/")
    known = SHOWN.get(type) or BY_NAME.get(type, TEXT)  # types that are not built here (inet, pg_lsn, ...) are shown as text
    return Column(name=name, type=known, typmod=int(typmod or -1), number=number, not_null=text.endswith("!"))


@cache
def _relation(oid: int) -> Relation:
    _, schema, name, kind, row_type, columns = _BY_OID[oid]
    return Relation(
        oid=oid, name=name, schema=schema, kind=kind, row_type=row_type, system=f"{schema}.{name}",
        columns=tuple(_column(number, text) for number, text in enumerate(columns.split(" "), 1)),
        indexes=tuple(Index(oid=row[0], name=row[2], schema=schema, relation=oid, columns=row[3], unique=row[4], primary=row[5])
                      for row in INDEXES if row[1] == oid),
    )  # fmt: skip


def system_relation(name: str, schema: str) -> Relation | None:
    """The system relation of that name."""
    row = _BY_NAME.get((schema, name))
    return None if row is None else _relation(row[0])


def system_relation_by_oid(oid: int) -> Relation | None:
    """The system relation with an OID."""
    return _relation(oid) if oid in _BY_OID else None


@cache
def system_relations() -> tuple[Relation, ...]:
    """All system relations of PostgreSQL."""
    return tuple(_relation(row[0]) for row in RELATIONS)


@cache
def system_row_type(oid: int) -> PgType | None:
    """The row type with an OID, of a system relation."""
    row = _BY_ROW_TYPE.get(oid)
    if row is None:
        return None
    relation = _relation(row[0])
    attributes = tuple(Attribute(name=c.name, type=c.type, typmod=c.typmod) for c in relation.columns)
    return PgType(oid=oid, name=relation.name, schema=relation.schema, rep=Rep.STRUCT, kind="c", category="C", align="d", storage="x",
                  attributes=attributes, relation=relation.oid)  # fmt: skip


def system_row_type_named(name: str, schema: str) -> PgType | None:
    """The row type of the system relation of that name."""
    row = _BY_NAME.get((schema, name))
    return None if row is None else system_row_type(row[4])


def system_row_types() -> tuple[PgType, ...]:
    """The row types of all system relations of PostgreSQL."""
    return tuple(type for row in RELATIONS if (type := system_row_type(row[4])) is not None)


SEQUENCE_COLUMNS = (("last_value", "int8"), ("log_cnt", "int8"), ("is_called", "bool"))


def sequence_rows(sequence: Relation) -> Relation:
    """A sequence as the table of one row that it is in FROM; system_views computes the row."""
    columns = tuple(Column(name=name, type=BY_NAME[type], number=i, not_null=True) for i, (name, type) in enumerate(SEQUENCE_COLUMNS, 1))
    return replace(sequence, columns=columns, system=f"sequence:{sequence.oid}", sequence=None)
