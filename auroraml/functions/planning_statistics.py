"""auroraml.load_statistics, statistics_query and simulate_rows: planning with statistics that are not those of the stored rows, from SQL."""

from __future__ import annotations

import json

from auroraml.catalog.own_objects import LOAD_STATISTICS, SIMULATE_ROWS, STATISTICS_QUERY
from auroraml.catalog.statistics_query import STATISTICS_QUERY as QUERY
from auroraml.errors import InvalidTextRepresentation
from auroraml.functions.signature import SCALARS, CallContext, Kernel


def load_statistics(ctx: CallContext, document: str) -> int:
    """Plan with the statistics in a document; how many tables it has."""
    found = json.loads(document)
    if not isinstance(found, dict):
        raise InvalidTextRepresentation('a statistics document has a list "relations"')
    return ctx.host.pin_statistics(found)  # type: ignore[no-any-return] # the session


def statistics_query() -> str:
    """The query to run on the server."""
    return QUERY


def simulate_rows(ctx: CallContext, relation: int | None, rows: int | None) -> int | None:
    """Describe a table by statistics of so many rows, which it answers; none: it has its stored rows."""
    if relation is None:
        return None
    ctx.host.simulate_rows(relation, rows or 0)
    return rows or None


SCALARS[LOAD_STATISTICS.oid] = Kernel(function=load_statistics, face="datum", context=True)
SCALARS[SIMULATE_ROWS.oid] = Kernel(function=simulate_rows, face="datum", context=True)
SCALARS[STATISTICS_QUERY.oid] = Kernel(function=statistics_query, face="datum", raises=False)
