"""Which function computes the rows of a system relation, and their columns as vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from auroraml.batch import Batch, from_datums
from auroraml.catalog.acl import acl_text
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.system_tables import sequence_rows, system_relation
from auroraml.errors import FeatureNotSupported
from auroraml.ir.objects import AclItem
from auroraml.lazy import load
from auroraml.types.pg_type import PgArray


class Reader(Protocol):
    """What the rows may depend on besides the catalog: the statement that reads them (an ExecutionContext)."""

    catalog: Any
    host: Any
    settings: Any
    store: Any
    style: Any
    user: str
    dbname: str


Row = dict[str, object]
Rows = list[Row]
Source = Callable[[Reader], Rows]
FAMILIES = "auroraml.system_views.families"
SOURCES: dict[str, Source] = {}
_PER_CATALOG: set[str] = set()


def view(*names: str, per_catalog: bool = False) -> Callable[[Source], Source]:
    """Register the function that computes a relation's rows as dicts by column (absent: NULL).

    `per_catalog`: the rows depend on nothing but the catalog, so they are kept with it.
    """

    def register(function: Source) -> Source:
        for name in names:
            SOURCES[name] = function
            if per_catalog:
                _PER_CATALOG.add(name)
        return function

    return register


def rows_of(name: str, ctx: Reader) -> Batch:
    """All columns of a system relation; 0A000 where it is not filled here."""
    kept = ctx.catalog.computed.get(name)
    if kept is not None:
        return kept  # type: ignore[no-any-return] # put there below
    if name.startswith("sequence:"):
        return _sequence(int(name.removeprefix("sequence:")), ctx)
    schema, _, bare = name.partition(".")
    relation = system_relation(bare, schema)
    load(FAMILIES)
    if relation is None or name not in SOURCES:
        raise FeatureNotSupported(f'system relation "{bare}" is not supported')
    rows = SOURCES[name](ctx)
    batch = Batch.of([from_datums(c.type, [row.get(c.name) for row in rows]) for c in relation.columns], len(rows))
    if name in _PER_CATALOG:
        ctx.catalog.computed[name] = batch
    return batch


def _sequence(oid: int, ctx: Reader) -> Batch:
    """A sequence's one row."""
    relation = ctx.catalog.relation(oid)
    last, called = ctx.store.sequences.state(oid, relation.sequence.start)
    values = {"last_value": last, "log_cnt": 0, "is_called": called}
    return Batch.of([from_datums(c.type, [values[c.name]]) for c in sequence_rows(relation).columns], 1)


def array(values: Sequence[object] | None) -> PgArray | None:
    """A one-dimensional array, or NULL."""
    return None if values is None else PgArray.of(tuple(values))


def vector(values: Sequence[object]) -> PgArray:
    """An int2vector or oidvector: bounds start at 0."""
    return PgArray(tuple(values), (len(values),), (0,)) if values else PgArray((), (), ())


def acl_array(catalog: Catalog, acl: tuple[AclItem, ...] | None) -> PgArray | None:
    """An aclitem[], NULL while the defaults hold."""
    return None if acl is None else array(acl_text(catalog, acl))


def role_name(catalog: Catalog, oid: int) -> str:
    """A role's name, as pg_get_userbyid gives it."""
    found = catalog.role_by_oid(oid)
    return f"unknown (OID={oid})" if found is None else found.name


def schema_oid(catalog: Catalog, name: str) -> int:
    """The OID of a schema."""
    found = catalog.find_schema(name)
    return 0 if found is None else found.oid
