"""The only privilege check: what a bound statement needs against what the current role has."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.catalog.acl import has_column_privilege, has_privilege
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.depends import uses
from auroraml.errors import InsufficientPrivilege
from auroraml.ir.bound import Need
from auroraml.ir.logical import LogicalPlan
from auroraml.ir.objects import Function, Relation, Role, Schema

_KINDS = {"r": "table", "v": "view", "m": "materialized view", "S": "sequence"}


def denied(row: Relation | Function | Schema, at: int | None = None) -> InsufficientPrivilege:
    """42501 in PostgreSQL's words; only schemas are pointed at."""
    if isinstance(row, Schema):
        return InsufficientPrivilege(f"permission denied for schema {row.name}", at=at)
    if isinstance(row, Function):
        return InsufficientPrivilege(f"permission denied for function {row.name}")
    return InsufficientPrivilege(f"permission denied for {_KINDS.get(row.kind, 'table')} {row.name}")


def authorize(needs: Sequence[Need], catalog: Catalog, role: Role, plan: LogicalPlan | None = None) -> None:
    """Raise for the first privilege the role lacks: schemas first, as names are looked up before objects are used."""
    for need in sorted(needs, key=lambda n: n.kind != "schema"):
        who = role if need.role == 0 else catalog.role_by_oid(need.role) or role
        row: Relation | Function | Schema | None
        if need.kind == "schema":
            row = catalog.find_schema(need.name)
        elif need.kind == "function":
            row = catalog.function(need.oid)
        else:
            row = catalog.relation(need.oid)
        if row is None or has_privilege(catalog, who, row, need.privilege):
            continue
        if not isinstance(row, Relation) or not _on_columns(need, row, catalog, who, plan):
            raise denied(row, need.at)


def _on_columns(need: Need, row: Relation, catalog: Catalog, role: Role, plan: LogicalPlan | None) -> bool:
    """Whether privileges on columns make up for the table's: on all that are used, or, where none is, on any."""
    if need.privilege not in "arwx" or all(c.acl is None for c in row.columns):
        return False
    numbers = need.columns
    if numbers is None:
        numbers = tuple(uses(plan).columns.get(row.oid, ())) if plan is not None else ()
    live = [c for c in row.columns if not c.dropped]
    wanted = [c for c in live if c.number in numbers]
    having = [has_column_privilege(catalog, role, row, c, need.privilege) for c in wanted or live]
    return all(having) if wanted else any(having)
