"""Inputs: what a plan node's children make, and expressions over them by position."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir import physical as p
from auroraml.planner.cost.alternatives import Alternatives
from auroraml.planner.level.questions import equal, rewrite
from auroraml.planner.rules.placeholder import PlaceHolder
from auroraml.records import replace

Reference = Callable[[e.ColumnRef], e.Expr]


class Emitted:
    """A physical plan with what its outputs are in terms of the level's columns."""

    __slots__ = ("cost", "exprs", "node")

    def __init__(self, node: p.PhysicalPlan, exprs: Sequence[e.Expr], cost: p.Cost | None = None) -> None:
        self.node = node
        self.exprs = list(exprs)
        self.cost = node.cost if cost is None else cost  # what the node above counts with: a subquery scan left out is still charged


class Inputs:
    """The outputs of one or two children, found by column or by equal expression."""

    def __init__(self, *sides: Sequence[e.Expr | l.Output]) -> None:
        self.columns: dict[int, tuple[int, int]] = {}
        self.others: list[tuple[e.Expr, int, int]] = []
        for side, exprs in enumerate(sides):
            for index, expr in enumerate(exprs):
                if isinstance(expr, (e.ColumnRef, l.Output)):
                    self.columns.setdefault(expr.id, (side, index))
                elif not isinstance(expr, e.Const):
                    self.others.append((expr, side, index))

    def find(self, expr: e.Expr) -> e.InputRef | None:
        """The reference to an output that computes `expr`."""
        if isinstance(expr, e.ColumnRef):
            place = self.columns.get(expr.id)
            if place is None:
                return None
            return e.InputRef(type=expr.type, typmod=expr.typmod, at=expr.at, index=place[1], side=place[0], name=expr.name)
        for other, side, index in self.others:
            if type(other) is type(expr) and equal(other, expr):
                return e.InputRef(type=expr.type, typmod=expr.typmod, index=index, side=side)
        return None


class Resolver:
    """Rewrites expressions over inputs; what is not there is asked of `outside`."""

    def __init__(self, inputs: Inputs, outside: Reference, carries: Callable[[e.ColumnRef], bool], shown: Reference, rows: float) -> None:
        self.inputs = inputs
        self.times = rows  # how often an expression is likely to be evaluated
        self.outside = outside
        self.carries = carries  # whether `outside` has it
        self.shown = shown  # a column that only EXPLAIN reads

    def __call__(self, expr: e.Expr) -> e.Expr:
        """One expression."""
        return rewrite(expr, self.change)

    def tests(self, exprs: Sequence[e.Expr]) -> tuple[e.Expr, ...]:
        """Conditions, which are evaluated for rows that fail them too."""
        self.times *= 2
        found = self.all(exprs)
        self.times /= 2
        return found

    def all(self, exprs: Sequence[e.Expr]) -> tuple[e.Expr, ...]:
        """Several."""
        return tuple(rewrite(x, self.change) for x in exprs)

    def change(self, part: object) -> object | None:
        """What takes a part's place; None to go on below."""
        if isinstance(part, e.ColumnRef):
            found = self.inputs.find(part)
            if found is None:
                held = isinstance(part, PlaceHolder) and not self.carries(part)
                return rewrite(part.expr, self.change) if held else self.outside(part)  # type: ignore[attr-defined] # a place holder's
            return replace(found, original=self._original(part.original)) if isinstance(part, e.MigratedRef) else found
        if isinstance(part, e.WholeRow):
            columns = (e.ColumnRef(type=a.type, typmod=a.typmod, id=i, name=a.name) for i, a in zip(part.ids, part.type.attributes, strict=False))
            return e.RowExpr(type=part.type, args=tuple(rewrite(c, self.change) for c in columns), whole=part.alias)
        if isinstance(part, Alternatives):
            return rewrite(part.better(self.times), self.change)
        if isinstance(part, e.Expr) and self.inputs.others and not isinstance(part, e.Const):
            return self.inputs.find(part)
        return None

    def _original(self, expr: e.Expr) -> e.Expr:
        """A moved call as it was written, its columns by position where they are at hand, else by name."""

        def change(part: object) -> object | None:
            if isinstance(part, e.MigratedRef):
                return rewrite(part.original, change)
            if isinstance(part, e.ColumnRef):
                return self.inputs.find(part) or self.shown(part)
            return None

        return rewrite(expr, change)


def references(exprs: Sequence[e.Expr]) -> tuple[e.Expr, ...]:
    """A child's outputs, one for one."""
    return tuple(e.InputRef(type=x.type, typmod=x.typmod, index=i, name=x.name if isinstance(x, e.ColumnRef) else "") for i, x in enumerate(exprs))
