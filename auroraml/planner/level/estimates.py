"""Estimates at a level: selectivities of clauses (kept in them), join sizes, groups, widths, expression costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING

from auroraml.ir import expr as e
from auroraml.planner.cost.expressions import ExpressionCosts
from auroraml.planner.cost.numbers import clamp_rows
from auroraml.planner.estimate.buckets import bucket_statistics, merge_fractions
from auroraml.planner.estimate.context import Context
from auroraml.planner.estimate.estimator import Estimator, Input, InputColumn
from auroraml.planner.estimate.extended import all_of, any_of
from auroraml.planner.estimate.groups import any_defaulted, estimate_num_groups
from auroraml.planner.estimate.joins import JoinSides
from auroraml.planner.estimate.selectivity import clause as clause_selectivity
from auroraml.planner.estimate.selectivity import clauselist_selectivity, combined
from auroraml.planner.estimate.selectivity import clauses as list_selectivity
from auroraml.planner.estimate.width import type_width
from auroraml.planner.level.clause import Clause, SpecialJoin
from auroraml.planner.level.foreign_keys import key_selectivity
from auroraml.planner.level.questions import equal
from auroraml.planner.level.relation import Relation, Target
from auroraml.planner.rules.fold_constants import Folder

if TYPE_CHECKING:
    from auroraml.planner.level.level import Level

Estimate = Callable[[Clause, bool], float]  # one clause, with statistics objects or without


class Estimates:
    """What a level asks of statistics; one an instance of Level."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.costs = ExpressionCosts(level.costs.operator)
        self.columns: dict[int, InputColumn] = {}
        self.inputs: dict[int, Input] = {}  # by relation number
        self.described = 0  # relations with statistics objects that ANALYZE has built
        self._folder = Folder(level.statement.runtime, stable=True)
        self.estimator = Estimator(self.columns, fold=self._fold, known_equal=self._known_equal, runtime=level.statement.runtime)
        self._conditions: dict[tuple[int, ...], tuple[tuple[e.Expr, ...], float]] = {}
        self._merged: dict[tuple[int, int, bool, bool], tuple[e.Expr, e.Expr, tuple[float, float, float, float]]] = {}
        self._lists: dict[tuple[int, ...], tuple[list[Clause], float]] = {}
        self._groups: dict[tuple[int, ...], tuple[tuple[e.Expr, ...], float]] = {}
        self._defaulted: dict[tuple[int, ...], tuple[tuple[e.Expr, ...], bool]] = {}

    def dismantle(self) -> None:
        """Let go of what refers back to this."""
        self.estimator.dismantle()
        for input in self.inputs.values():
            input.prepare = None

    def _fold(self, expr: e.Expr) -> e.Const | None:
        found = self._folder(expr)
        return found if isinstance(found, e.Const) else None

    def _known_equal(self, a: e.Expr, b: e.Expr) -> bool:
        """Whether a class holds both (exprs_known_equal)."""
        for cls in self.level.classes:
            if cls.has_volatile:
                continue
            first = second = False
            for member in cls.members:
                first = first or equal(member.expr, a)
                second = second or equal(member.expr, b)
            if first and second:
                return True
        return False

    # Clauses

    def restrictions(self, clauses: Sequence[Clause], relation: Relation) -> float:
        """Conditions on one relation; columns of others count as unknown constants."""
        key = (relation.index, *(id(c) for c in clauses))
        found = self._lists.get(key)
        if found is None:
            context = Context(estimator=self.estimator, only=self.inputs.get(relation.index))
            value = self._all(clauses, context, lambda one, extended: self._restriction(one, relation.bits, context, extended))
            found = self._lists[key] = (list(clauses), value)
        return found[1]

    def _restriction(self, clause: Clause, bits: int, context: Context, extended: bool) -> float:
        """One condition on the relation `bits`, kept in it where it reads no other."""
        if clause.pseudoconstant:
            return 0.0 if isinstance(clause.expr, e.Const) and not clause.expr.value else 1.0
        known = clause.inner_selectivity
        if known > 1.0:
            return 1.0  # known to say nothing that others do not (reconsider_outer_join_clause)
        if known < 0 or clause.bits & ~bits:
            known = self._single(clause, context, lambda part, more: self._restriction(part, bits, context, more), extended)
            if clause.bits & ~bits:
                return known
            clause.inner_selectivity = known
        return min(known, 1.0)

    def conditions(self, exprs: Sequence[e.Expr], relation: Relation, *, bare: bool = False) -> float:
        """Conditions of an index on one relation, kept as long as the level; `bare`: some stand in its predicate, which no statistics objects are about."""
        key = (relation.index, *[id(x) for x in exprs])
        found = self._conditions.get(key)
        if found is None:
            context = Context(estimator=self.estimator, only=self.inputs.get(relation.index))
            if bare or len(exprs) < 2 or not self.described & relation.bits:
                value = list_selectivity(list(exprs), context)
            else:
                clauses = [Clause(expr, self.level.bits_of(expr)) for expr in exprs]
                value = self._all(clauses, context, lambda one, extended: clause_selectivity(one.expr, context))
            found = self._conditions[key] = (tuple(exprs), value)
        return found[1]

    def _all(self, clauses: Sequence[Clause], context: Context, one: Estimate, extended: bool = True) -> float:
        """Clauses together, each by `one` (clauselist_selectivity_ext)."""
        if len(clauses) == 1:
            return one(clauses[0], extended)
        start, done = 1.0, set[int]()
        input = self._described_alone(clauses) if extended and self.described else None
        if input is not None:
            start, done = all_of(clauses, input, self.estimator, lambda some: self._all(some, context, one, False))
        return combined([c.expr for c in clauses], lambda place: one(clauses[place], extended), context, start, done)

    def _single(self, clause: Clause, context: Context, one: Estimate, extended: bool) -> float:
        """One clause whose selectivity is not known yet; an OR over a table with statistics objects by its arms (clauselist_selectivity_or)."""
        arms = clause.or_arms
        if arms is None or not clause.bits & self.described:
            return clause_selectivity(clause.expr, context)
        total, done = 0.0, set[int]()
        input = self._described_alone([part for arm in arms for part in arm]) if extended else None
        if input is not None:
            total, done = any_of(arms, input, self.estimator, lambda some: self._all(some, context, one, False))
        for place, arm in enumerate(arms):
            if place not in done:
                found = self._all(arm, context, one, extended)
                total = total + found - total * found
        return total

    def _described_alone(self, clauses: Sequence[Clause]) -> Input | None:
        """The only relation that clauses read, where it has statistics objects (find_single_rel_for_clauses)."""
        bits = 0
        for clause in clauses:
            bits |= clause.bits
        return self.inputs[bits.bit_length() - 1] if bits & self.described and not bits & (bits - 1) else None

    def sides(self, special: SpecialJoin, asked: str) -> JoinSides:
        """The join as estimates see it: nearly everywhere its own kind decides, whatever kind the caller asks for."""
        level = self.level
        left, right = self._inputs_of(special.syn_left), self._inputs_of(special.syn_right)
        inner = level.find(special.min_right)
        return JoinSides(kind=special.kind, asked=asked, left=left, right=right, inner_rows=1.0 if inner is None else inner.rows)

    def _inputs_of(self, bits: int) -> frozenset[Input]:
        """The relations' inputs, and place holders that their join computes."""
        joint = [one.input for one in self.level.joint.values() if not one.at & ~bits]
        return frozenset([*(self.inputs[r.index] for r in self.level.relations_in(bits) if r.index in self.inputs), *joint])

    def join_list(self, clauses: Sequence[Clause], kind: str, special: SpecialJoin) -> float:
        """Several join clauses together (clauselist_selectivity for a join)."""
        if len(clauses) == 1:
            return self.join_clause(clauses[0], kind, special)
        context = Context(estimator=self.estimator, sides=self.sides(special, kind))
        return self._all(clauses, context, lambda clause, extended: self.join_clause(clause, kind, special, extended))

    def join_clause(self, clause: Clause, kind: str, special: SpecialJoin, extended: bool = True) -> float:
        """One clause of a join, kept in it."""
        if kind == "inner":
            if clause.inner_selectivity >= 0:
                return min(clause.inner_selectivity, 1.0) if clause.inner_selectivity <= 1.0 else 1.0
        elif clause.outer_selectivity >= 0:
            return clause.outer_selectivity
        if clause.pseudoconstant:
            found = 1.0 if not isinstance(clause.expr, e.Const) or clause.expr.value else 0.0
        else:
            context = Context(estimator=self.estimator, sides=self.sides(special, kind))
            found = self._single(clause, context, lambda part, extended: self.join_clause(part, kind, special, extended), extended)
        if kind == "inner":
            clause.inner_selectivity = found
        else:
            clause.outer_selectivity = found
        return found

    def having(self, exprs: Sequence[e.Expr]) -> float:
        """Conditions over groups."""
        return clauselist_selectivity(list(exprs), self.estimator) if exprs else 1.0

    # Groups, distinct values, keys

    def groups(self, exprs: Sequence[e.Expr], rows: float) -> float:
        """How many groups `rows` rows fall into."""
        key = tuple([id(x) for x in exprs])
        found = self._groups.get(key)
        if found is None:  # the rows only limit the number
            found = self._groups[key] = (tuple(exprs), float(estimate_num_groups(list(exprs), inf, self.estimator)))
        return max(min(found[1], rows), 1.0) if exprs else 1.0

    def sized(self) -> None:
        """A relation's rows have become known: groups among them are counted anew."""
        self._groups.clear()

    def defaulted(self, exprs: Sequence[e.Expr]) -> bool:
        """Whether some distinct count is a mere default."""
        key = tuple([id(x) for x in exprs])
        found = self._defaulted.get(key)
        if found is None:
            found = self._defaulted[key] = (tuple(exprs), any_defaulted(exprs, self.estimator))
        return found[1]

    def distinct_keys(self, exprs: Sequence[e.Expr], calls: float) -> float:
        """How many different values `calls` look-ups by `exprs` ask for: all, where that is not known."""
        return calls if self.defaulted(exprs) else self.groups(exprs, calls)

    def bucket(self, key: e.Expr, buckets: float) -> tuple[float, float]:
        """Most common value's frequency and bucket fraction of a hash key."""
        return bucket_statistics(key, buckets, self.estimator)

    def scan_fractions(self, clause: Clause, descending: bool, nulls_first: bool) -> tuple[float, float, float, float]:
        """Fractions of a merge join's inputs that are read, by the clause's two sides."""
        key = (descending, nulls_first)
        found = clause.scan_fractions.get(key)
        if found is None:
            left, right = clause.args
            found = clause.scan_fractions[key] = self._fractions(left, right, descending, nulls_first)
        return found

    def _fractions(self, left: e.Expr, right: e.Expr, descending: bool, nulls_first: bool) -> tuple[float, float, float, float]:
        """The same; the clauses of a class ask for the same expressions again and again, either way round."""
        found = self._merged.get((id(left), id(right), descending, nulls_first))
        if found is None:
            turned = self._merged.get((id(right), id(left), descending, nulls_first))
            if turned is None:
                values = merge_fractions(left, right, self.estimator, descending=descending, nulls_first=nulls_first)
            else:
                values = turned[2][2], turned[2][3], turned[2][0], turned[2][1]
            found = self._merged[id(left), id(right), descending, nulls_first] = left, right, values
        return found[2]

    # Widths and costs

    def width(self, expr: e.Expr) -> int:
        """Bytes of an expression's values."""
        if isinstance(expr, e.ColumnRef):
            number = self.level.owner.get(expr.id)
            if number:
                relation = self.level.relation(number)
                found = relation.widths.get(expr.id)
                if found or (found == 0 and relation.attribute_numbers.get(expr.id, 0) < 0):  # ctid beside the row's number
                    return found
        if isinstance(expr, e.Aggregate) and expr.state is not None:
            return type_width(expr.state)
        return type_width(expr.type, expr.typmod)

    def finish(self, target: Target) -> Target:
        """Give a target its cost and width (set_pathtarget_cost_width)."""
        startup = per_tuple = 0.0
        width = 0
        for expr in target.exprs:
            width += self.width(expr)
            if not isinstance(expr, e.ColumnRef):
                a, b = self.costs.of(expr)
                startup += a
                per_tuple += b
        target.startup, target.per_tuple, target.width = startup, per_tuple, width
        return target

    def clause_cost(self, clause: Clause) -> tuple[float, float]:
        """Startup and per-row cost of a clause, kept in it; a constant condition costs at startup only."""
        if clause.startup < 0:
            if clause.or_arms is not None:
                startup = per_tuple = 0.0
                for arm in clause.or_arms:
                    for part in arm:
                        a, b = self.clause_cost(part)
                        startup += a
                        per_tuple += b
            else:
                startup, per_tuple = self.costs.of(clause.expr)
            if clause.pseudoconstant:
                startup += per_tuple
                per_tuple = 0.0
            clause.startup, clause.per_tuple = startup, per_tuple
        return clause.startup, clause.per_tuple

    def clauses_cost(self, clauses: Sequence[Clause]) -> tuple[float, float]:
        """Of several."""
        startup = per_tuple = 0.0
        for clause in clauses:
            a, b = self.clause_cost(clause)
            startup += a
            per_tuple += b
        return startup, per_tuple

    # Sizes of joins

    def join_rows(self, outer: Relation, inner: Relation, rows: tuple[float, float], special: SpecialJoin, clauses: Sequence[Clause]) -> float:
        """Rows of a join of so many outer and inner `rows` (calc_joinrel_size_estimate)."""
        kind = special.kind
        join_bits = outer.bits | inner.bits
        outer_rows, inner_rows = rows
        keyed = 1.0
        if self.level.foreign_keys:
            keyed, clauses = key_selectivity(self.level, outer.bits, inner.bits, special, clauses)
        if kind in ("left", "full", "anti", "right"):
            own = [c for c in clauses if not (c.pushed_down or c.required & ~join_bits)]
            pushed = [c for c in clauses if c.pushed_down or c.required & ~join_bits]
            joined = self.join_list(own, kind, special)
            kept = self.join_list(pushed, kind, special)
        else:
            joined = self.join_list(clauses, kind, special)
            kept = 0.0
        if kind == "inner":
            size = outer_rows * inner_rows * keyed * joined
        elif kind == "left":
            size = outer_rows * inner_rows * keyed * joined
            size = max(size, outer_rows) * kept
        elif kind == "full":
            size = outer_rows * inner_rows * keyed * joined
            size = max(size, outer_rows, inner_rows) * kept
        elif kind == "semi":
            size = outer_rows * keyed * joined
        else:
            size = outer_rows * (1.0 - keyed * joined)
            size *= kept
        return clamp_rows(size)
