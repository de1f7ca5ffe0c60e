"""What a scan pays for the conditions it tests (get_restriction_qual_cost)."""

from __future__ import annotations

from auroraml.planner.level.level import Level
from auroraml.planner.level.relation import Parameterization, Relation


def quals_cost(level: Level, relation: Relation, param: Parameterization | None) -> tuple[float, float]:
    """Startup and per-row cost of all conditions of a scan (get_restriction_qual_cost)."""
    startup, per_tuple = relation.base_cost_startup, relation.base_cost_per_tuple
    if param is not None:
        a, b = level.estimates.clauses_cost(param.clauses)
        startup, per_tuple = startup + a, per_tuple + b
    return startup, per_tuple
