"""Alternatives: a subquery planned to be run for each row and to be hashed once; which one is better depends on how often it is asked."""

from __future__ import annotations

from auroraml.ir.expr import Expr, SubPlan
from auroraml.records import dataclass


@dataclass(frozen=True, kw_only=True, eq=False)
class Alternatives(Expr):
    """Two plans of one EXISTS (AlternativeSubPlan)."""

    first: SubPlan
    second: SubPlan

    def better(self, times: float) -> SubPlan:
        """The cheaper one for so many evaluations (fix_alternative_subplan)."""
        one = self.first.startup_cost + times * self.first.per_call_cost
        two = self.second.startup_cost + times * self.second.per_call_cost
        return self.second if two <= one else self.first
