"""Context: where a clause stands when it is estimated: at a table, in a parameterised scan, in a join."""

from __future__ import annotations

from auroraml.ir import expr as e
from auroraml.planner.estimate.estimator import Estimator, Input, Variable
from auroraml.planner.estimate.joins import JoinSides


class Context:
    """Where a clause stands: `only` that input's columns vary (a parameterised scan), or in the join `sides`; neither: a restriction."""

    __slots__ = ("estimator", "only", "sides")

    def __init__(self, *, estimator: Estimator, only: Input | None = None, sides: JoinSides | None = None) -> None:
        self.estimator = estimator
        self.only = only
        self.sides = sides

    def joins(self, clause: e.Expr) -> bool:
        """Whether `clause` is to be estimated as a join clause (treat_as_join_clause)."""
        return self.sides is not None and self.only is None and len(self.estimator.inputs(clause)) > 1

    def examine(self, expr: e.Expr) -> Variable:
        """`expr` as a variable."""
        return self.estimator.examine(expr, self.only, joined=self.sides is None)

    def restriction(self, left: e.Expr, right: e.Expr) -> Restriction | None:
        """`left op right` as a variable and what it is compared with; None where not exactly one side varies (get_restriction_variable)."""
        first, second = self.examine(left), self.examine(right)
        if first.known == second.known:
            return None
        other = right if first.known else left
        return Restriction(variable=first if first.known else second, other=self.estimator.reduced(other), on_left=first.known)


class Restriction:
    """A variable compared with an expression that does not vary: a constant where its value is known. `on_left`: the variable is the left side."""

    __slots__ = ("on_left", "other", "variable")

    def __init__(self, *, variable: Variable, other: e.Expr, on_left: bool) -> None:
        self.variable = variable
        self.other = other
        self.on_left = on_left
