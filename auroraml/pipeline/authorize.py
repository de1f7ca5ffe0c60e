"""The only privilege check: what a bound statement needs against what the current role has."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.catalog.acl import has_privilege
from auroraml.catalog.catalog import Catalog
from auroraml.errors import InsufficientPrivilege
from auroraml.ir.bound import Need
from auroraml.ir.objects import Function, Relation, Role, Schema

_KINDS = {"r": "table", "v": "view", "m": "materialized view", "S": "sequence"}


def denied(row: Relation | Function | Schema, at: int | None = None) -> InsufficientPrivilege:
    """42501 in PostgreSQL's words; only schemas are pointed at."""
    if isinstance(row, Schema):
        return InsufficientPrivilege(f"permission denied for schema {row.name}", at=at)
    if isinstance(row, Function):
        return InsufficientPrivilege(f"permission denied for function {row.name}")
    return InsufficientPrivilege(f"permission denied for {_KINDS.get(row.kind, 'table')} {row.name}")


def authorize(needs: Sequence[Need], catalog: Catalog, role: Role) -> None:
    """Raise for the first privilege the role lacks: schemas first, as names are looked up before objects are used."""
    for need in sorted(needs, key=lambda n: n.kind != "schema"):
        row: Relation | Function | Schema | None
        if need.kind == "schema":
            row = catalog.find_schema(need.name)
        elif need.kind == "function":
            row = catalog.function(need.oid)
        else:
            row = catalog.relation(need.oid)
        if row is not None and not has_privilege(catalog, role, row, need.privilege):
            raise denied(row, need.at)
