"""DDL as values: rows put in and taken out; a transaction carries them and commit applies them again."""

from __future__ import annotations

from auroraml.catalog.statistics import RelationStatistics
from auroraml.ir.objects import Database, Extension, Function, Relation, Role, Schema
from auroraml.records import dataclass
from auroraml.types.pg_type import PgType

Row = Relation | PgType | Function | Schema | Role | Extension | Database


@dataclass(frozen=True, kw_only=True)
class Put:
    """Add `row`, or replace the one with its OID."""

    row: Row


@dataclass(frozen=True, kw_only=True)
class Remove:
    """Take `row` away."""

    row: Row


@dataclass(frozen=True, kw_only=True)
class SetStatistics:
    """Replace a relation's statistics."""

    oid: int
    statistics: RelationStatistics


@dataclass(frozen=True, kw_only=True)
class SetComment:
    """COMMENT ON: None takes it away; `catalog` is the OID of the catalog the object stands in, `column` an attribute number or 0."""

    catalog: int
    oid: int
    column: int
    text: str | None


Change = Put | Remove | SetStatistics | SetComment
