"""KnownObject: a statistics object (CREATE STATISTICS) with what ANALYZE found for it, over the columns of a query level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auroraml.catalog.statistics import ExtendedStatistics
from auroraml.ir import expr as e
from auroraml.ir.tree import same
from auroraml.planner.estimate.relation import RelationFacts
from auroraml.types.pg_type import PgType


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownObject:
    """Its dimensions: `columns`, attribute numbers ascending, then `exprs` (None: one that reads a column the level does not)."""

    columns: tuple[int, ...]
    exprs: tuple[e.Expr | None, ...]
    types: tuple[PgType, ...]  # of the dimensions
    found: ExtendedStatistics

    @property
    def width(self) -> int:
        """How many dimensions it has."""
        return len(self.columns) + len(self.exprs)

    def place(self, expr: e.Expr) -> int | None:
        """Which of its expressions is `expr`."""
        return next((i for i, one in enumerate(self.exprs) if one is not None and same(one, expr)), None)


def known_objects(facts: RelationFacts, here: Callable[[e.Expr], e.Expr | None]) -> tuple[KnownObject, ...]:
    """Those of a table that have been built; `here` puts an expression over attribute numbers over the level's columns (get_relation_statistics)."""
    made: list[KnownObject] = []
    types = {column.number: column.type for column in facts.relation.columns}
    for object in facts.relation.statistics:
        found = facts.statistics.extended.get(object.oid)
        if found is not None:
            made.append(
                KnownObject(
                    columns=object.columns,
                    exprs=tuple(here(expr) for expr in object.expressions),
                    types=(*(types[number] for number in object.columns), *(expr.type for expr in object.expressions)),
                    found=found,
                )
            )
    return tuple(made)
