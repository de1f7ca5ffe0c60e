"""Simulated rows: a table that auroraml.simulate_rows has described by statistics is planned for; nobody can read or change its rows."""

from __future__ import annotations

from auroraml.catalog.catalog import Catalog
from auroraml.errors import ObjectNotInPrerequisiteState
from auroraml.ir.deparse import quote_identifier
from auroraml.ir.objects import Relation


def simulates(catalog: Catalog, relation: Relation) -> bool:
    """Whether a relation's rows are simulated."""
    return catalog.statistics(relation.oid).stored is not None


def refuse_rows(catalog: Catalog, relation: Relation) -> None:
    """55000 for a relation whose rows are simulated; the words are ours."""
    if simulates(catalog, relation):
        raise rows_are_simulated(catalog, relation)


def rows_are_simulated(catalog: Catalog, relation: Relation) -> ObjectNotInPrerequisiteState:
    """Why the rows of such a table can be neither read nor changed, and what to do."""
    name = f"{quote_identifier(relation.schema)}.{quote_identifier(relation.name)}"
    return ObjectNotInPrerequisiteState(
        f'cannot access rows of table "{relation.name}": they are simulated',
        detail=f"auroraml.simulate_rows has described it by statistics of {catalog.statistics(relation.oid).tuples:.0f} rows.",
        hint=f"Use EXPLAIN, or EXPLAIN ANALYZE while auroraml.clock is virtual. SELECT auroraml.simulate_rows('{name}', NULL) brings the stored rows back.",
    )
