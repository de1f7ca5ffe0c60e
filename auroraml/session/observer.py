"""Observer: what watches or bends how statements run: tests that run plans in other ways."""

from __future__ import annotations

from auroraml.executor.operator import ALL
from auroraml.ir.physical import PhysicalPlan


class Observer:
    """Does nothing; subclasses are given to Database(observer=...)."""

    most: int = ALL  # rows that one pull of an operator may give
    shortcuts: bool = True  # plans of one row may run without operators

    def planned(self, plan: PhysicalPlan) -> PhysicalPlan:
        """A plan is about to run; what is returned runs in its place, and must answer the same."""
        return plan
