"""Emitter: one level's chosen path to physical nodes (create_plan); scans, joins and upper steps are in the modules beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir import physical as p
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.level import Level, plain
from auroraml.planner.level.questions import equal
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.path import Path, SubqueryPath
from auroraml.planner.plans.inputs import Emitted, Inputs, Resolver

EXACT: Final = 1
SMALL: Final = 2
LABEL: Final = 4
IGNORE: Final = 8
Build = Callable[["Emitter", Path, int, "Sequence[e.Expr] | None"], Emitted]
Tested = Callable[[Path], "Sequence[Clause]"]
BUILDERS: Final[dict[type, Build]] = {}
TESTED: Final[dict[type, Tested]] = {}


def builds(*kinds: type, tested: Tested | None = None) -> Callable[[Build], Build]:
    """Register what makes the plan of some kinds of path, and tells the conditions that a scan or join tests."""

    def register(build: Build) -> Build:
        for kind in kinds:
            BUILDERS[kind] = build
            if tested is not None:
                TESTED[kind] = tested
        return build

    return register


class Emitter:
    """Makes the plan of one level."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.outer_bits = 0
        self.rows = 0.0  # of the path whose plan is being made
        self.nest_params: list[tuple[int, e.ColumnRef]] = []

    def plan(self, path: Path, flags: int, exprs: Sequence[e.Expr] | None = None) -> Emitted:
        """The plan of a path; `exprs` is the select list wanted of a node that can compute one."""
        saved, self.rows = self.rows, path.rows
        if path.relation.ledger is not None:
            path.relation.ledger.use(path)
        try:
            gates = self._gates(path) if self.level.has_pseudoconstants else ()
            if gates:
                return self._gated(BUILDERS[type(path)](self, path, 0, None), path, gates, exprs)
            return BUILDERS[type(path)](self, path, flags, exprs)
        finally:
            self.rows = saved

    # Costs

    @staticmethod
    def cost(path: Path) -> p.Cost:
        """What EXPLAIN prints for a path."""
        return p.Cost(startup=path.startup, total=path.total, rows=path.rows, width=path.target.width)

    # Expressions

    def resolver(self, *sides: Sequence[e.Expr | l.Output]) -> Resolver:
        """Expressions over children's outputs."""
        return Resolver(Inputs(*sides), self.outside, self.carries, self.shown, self.rows)

    def outside(self, column: e.ColumnRef) -> e.Expr:
        """A column of the other side of a nested loop, carried by a parameter (replace_nestloop_params)."""
        if not self.carries(column):
            raise AssertionError(f"column {column.name} ({column.id}) is not at hand")
        for known, other in self.nest_params:
            if other.id == column.id:
                return e.ParamRef(type=column.type, typmod=column.typmod, number=known, kind="exec", name=column.name)
        made = self.level.statement.new_parameter()
        self.nest_params.append((made, plain(column)))
        return e.ParamRef(type=column.type, typmod=column.typmod, number=made, kind="exec", name=column.name)

    def carries(self, column: e.ColumnRef) -> bool:
        """Whether the outer sides of nested loops around have a column."""
        bits = self.level.bits_of(column)
        return bits != 0 and not bits & ~self.outer_bits

    def shown(self, column: e.ColumnRef) -> e.Expr:
        """A column that a moved call read, by name, where no plan node carries it."""
        number = self.level.owner.get(column.id)
        alias = "" if number is None else self.level.relation(number).alias
        return e.NamedColumn(type=column.type, typmod=column.typmod, alias=alias, name=column.name)

    def ordered(self, clauses: Sequence[Clause]) -> list[Clause]:
        """Conditions cheap ones first, otherwise as they are (order_qual_clauses)."""
        estimates = self.level.estimates
        return sorted(clauses, key=lambda c: estimates.clause_cost(c)[1])

    @staticmethod
    def _gates(path: Path) -> list[e.Expr]:
        """The conditions of a scan or join that are the same for all rows (get_gating_quals)."""
        tested = TESTED.get(type(path))
        return [] if tested is None else [c.expr for c in tested(path) if c.pseudoconstant]

    def _gated(self, emitted: Emitted, path: Path, gates: Sequence[e.Expr], exprs: Sequence[e.Expr] | None) -> Emitted:
        """The plan, with the output that suits it, under such conditions; the select list is computed above them (create_gating_plan)."""
        tests = self.resolver().all(gates)
        outputs = list(path.target.exprs) if exprs is None else list(exprs)
        node = emitted.node
        targets = self.resolver(emitted.exprs).all(outputs)
        return Emitted(p.Result(source=node, one_time=tests, targets=targets, cost=emitted.cost), outputs)

    def result(self, source: Emitted, exprs: Sequence[e.Expr], cost: p.Cost) -> Emitted:
        """A Result that computes a select list over a plan that cannot."""
        return Emitted(p.Result(source=source.node, targets=self.resolver(source.exprs).all(exprs), cost=cost), exprs)

    def with_columns(self, path: Path, flags: int, wanted: Sequence[e.Expr]) -> Emitted:
        """The path's plan with further columns in its output, computed there or by a Result."""
        made = self.plan(path, flags)
        missing = [x for x in wanted if not any(equal(x, known) for known in made.exprs)]
        if not missing:
            return made
        exprs = [*made.exprs, *missing]
        if isinstance(path, SubqueryPath) or self.can_project(made.node):
            return self.plan(path, flags, exprs)
        return self.result(made, exprs, made.node.cost)

    def exactly(self, path: Path, flags: int, exprs: Sequence[e.Expr]) -> Emitted:
        """The path's plan with this select list, computed there or by a Result (change_plan_targetlist)."""
        made = self.plan(path, flags)
        if isinstance(path, SubqueryPath) or self.can_project(made.node):
            return self.plan(path, flags, exprs)
        return self.result(made, exprs, made.node.cost)

    @staticmethod
    def can_project(node: p.PhysicalPlan) -> bool:
        """Whether a node computes its own select list."""
        return not isinstance(
            node,
            (p.Hash, p.Materialize, p.Memoize, p.Sort, p.Unique, p.SetOp, p.LockRows, p.Limit, p.ModifyTable, p.Append, p.RecursiveUnion, p.ProjectSet),
        )  # fmt: skip


def physical_columns(relation: Relation) -> list[e.Expr]:
    """All columns of a base relation, in order (build_physical_tlist)."""
    if relation.columns is None:
        assert relation.item is not None
        relation.columns = [e.ColumnRef(type=o.type, typmod=o.typmod, id=o.id, name=o.name) for o in relation.item.outputs]
    return list(relation.columns)
