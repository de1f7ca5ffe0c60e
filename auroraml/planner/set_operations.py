"""UNION, INTERSECT, EXCEPT and WITH RECURSIVE to paths (prepunion.c)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.cost import grouping as group_cost
from auroraml.planner.cost.numbers import max_align, rint
from auroraml.planner.cost.sorts import sort as sort_cost
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import type_family
from auroraml.planner.level.parallel_safety import is_safe
from auroraml.planner.level.pathkeys import SortClause, sort_keys
from auroraml.planner.level.relation import Relation, Target
from auroraml.planner.level.statement import Outer, Statement
from auroraml.planner.paths.append import append, append_members, workers_of
from auroraml.planner.paths.dominance import add_partial_path, add_path, cheapest_fractional, set_cheapest
from auroraml.planner.paths.grouping import hashable
from auroraml.planner.paths.parallel import gathered, limit_needed, useful_gathers
from auroraml.planner.paths.path import AggregatePath, DummyPath, Path, RecursivePath, SetOpPath, SubqueryPath, UpperUniquePath
from auroraml.planner.paths.scans import is_dummy
from auroraml.planner.paths.steps import limited, projection, sorted_path
from auroraml.planner.paths.subqueries import all_unions, nulled
from auroraml.planner.query import LimitCounts, charge_init_plans, ordered, plan_level
from auroraml.planner.rules.pull_up_subqueries import one_relation, simple
from auroraml.types.table import INT4


def plan_set_operation(statement: Statement, plan: l.SetOperation, outer: Outer | None, fraction: float) -> Level:
    """A tree of set operations as a level whose relations are the leaves."""
    places = outer.places if outer is not None and outer.merged else list(range(len(plan.outputs)))
    outputs = tuple(plan.outputs[i] for i in places)
    level = _level(statement, outputs, outer)
    limit = None if plan.limit is None else level.fold(plan.limit)
    offset = None if plan.offset is None else level.fold(plan.offset)
    limits = LimitCounts(level, limit, offset, fraction)
    bare = replace(plan, order_by=(), limit=None, offset=None, ctes=())
    flat = all_unions(bare)
    level.tuple_fraction = limits.fraction if flat or not plan.order_by else 0.0
    current = _SetPlanner(level, flat, places).relation(bare, outputs)
    _sort_keys(level, plan)
    if flat and not (outer is not None and outer.merged):
        useful_gathers(level, current)
        set_cheapest(current)
    _finish(level, plan, current, limit, offset, limits)
    return level


def _sort_keys(level: Level, plan: l.SetOperation) -> None:
    """ORDER BY as references to the columns."""
    places = {t.id: i + 1 for i, t in enumerate(level.targets)}
    for key in plan.order_by:
        assert isinstance(key.expr, e.ColumnRef)
        level.sort_clauses.append(SortClause(places[key.expr.id], key.expr, key.descending, key.nulls_first))
    level.sort_keys = level.query_keys = sort_keys(level, level.sort_clauses)


def _level(statement: Statement, outputs: tuple[l.Output, ...], outer: Outer | None) -> Level:
    level = Level(statement, outer)
    level.is_set_operation = True
    level.outputs = outputs
    level.targets = [l.Target(id=o.id, name=o.name, expr=e.ColumnRef(type=o.type, typmod=o.typmod, id=o.id, name=o.name)) for o in outputs]
    for output in outputs:
        level.owner[output.id] = 0  # what a set operation makes belongs to no relation
    return level


def _finish(level: Level, plan: l.SetOperation, current: Relation, limit: e.Expr | None, offset: e.Expr | None, limits: LimitCounts) -> None:
    """ORDER BY and LIMIT above."""
    if level.sort_clauses:
        current = ordered(level, current, _cheapest(current).target, limits.tuples)
    final = Relation(0, "upper")
    final.target = current.target
    final.consider_startup = level.tuple_fraction > 0
    final.consider_parallel = current.consider_parallel and is_safe(level, (limit, offset))
    for path in current.paths:
        if limit is not None or offset is not None:
            path = limited(final, path, limit, offset, False, limits.offset, limits.count)
        add_path(final, path)
    if final.consider_parallel and not limit_needed(plan):
        final.partial_paths = list(current.partial_paths)
    charge_init_plans(final, level.init_plans, level.init_cost)
    set_cheapest(final)
    level.final = final


class _SetPlanner:
    """Plans the operations of one tree."""

    def __init__(self, level: Level, flat: bool = False, places: Sequence[int] | None = None) -> None:
        self.level = level
        self.places = places if flat else None  # the columns that are read
        self.flat = flat  # nothing but UNION ALL: the queries are merged into this level (flatten_simple_union_all)
        self.leaves = 0

    def relation(self, plan: l.LogicalPlan, outputs: tuple[l.Output, ...]) -> Relation:
        """The relation of an operation or leaf (recurse_set_operations)."""
        if isinstance(plan, l.SetOperation) and not (plan.order_by or plan.limit is not None or plan.offset is not None or plan.ctes):
            return self._union(plan, outputs) if plan.op == "union" else self._other(plan, outputs)
        return self.leaf(plan, None)[0]

    def leaf(self, plan: l.LogicalPlan, flag: int | None) -> tuple[Relation, float]:
        """A query scanned as a subquery, with the number of its side for INTERSECT and EXCEPT; and its groups."""
        level, statement = self.level, self.level.statement
        self.leaves += 1
        member = self.flat and _safe_member(statement, plan)
        kept: Sequence[int] = range(len(plan.outputs)) if self.places is None else self.places
        plan = _reading(plan, kept, member)
        if member:
            kept = range(len(plan.outputs))
        sub = self._planned(plan, member)
        assert sub.final is not None
        best = cheapest_fractional(sub.final, level.tuple_fraction)
        outputs = tuple(replace(o, id=statement.new_id()) for o in plan.outputs)
        index = len(level.relations)
        relation = Relation(1 << index, "base")
        relation.index = index
        relation.serial = statement.new_serial()
        relation.alias = f"*SELECT* {self.leaves}"
        relation.item = l.SubqueryItem(outputs=outputs, alias=relation.alias, query=plan)
        relation.sub = sub
        level.relations.append(relation)
        level.all_bits |= relation.bits
        exprs: list[e.Expr] = []
        for i, (output, target) in enumerate(zip(outputs, [t for t in sub.targets if not t.hidden], strict=False)):
            level.owner[output.id] = index
            relation.widths[output.id] = sub.estimates.width(target.expr)
            if i in kept:
                exprs.append(e.ColumnRef(type=output.type, typmod=output.typmod, id=output.id, name=output.name))
        if flag is not None:
            exprs.append(e.Const(type=INT4, value=flag))
        relation.target = level.estimates.finish(Target(exprs))
        relation.rows = best.rows
        relation.consider_parallel = sub.final.consider_parallel
        if is_dummy(sub.final):
            relation.target.width = 0
            dummy = DummyPath(relation, relation.target)
            dummy.safe = relation.consider_parallel
            add_path(relation, dummy)
        else:
            for path in sub.final.paths if self.flat else (best,):
                add_path(relation, _scan(level, relation, path, member))
            for path in sub.final.partial_paths if self.flat else sub.final.partial_paths[:1]:
                add_partial_path(relation, _scan(level, relation, path, member))
        set_cheapest(relation)
        if member:
            level.entries += sub.entries
            sub.entries = []
        return relation, _leaf_groups(sub, best)

    def _planned(self, plan: l.LogicalPlan, member: bool) -> Level:
        """The level of a leaf; a query of one relation under UNION ALL is no subquery any more (is_safe_append_member)."""
        level = self.level
        if not member:
            return level.statement.plan_query(plan, level.outer, level.tuple_fraction)
        assert isinstance(plan, l.Query)
        return plan_level(level.statement, plan, level.outer, level.tuple_fraction, member=True)

    def _children(self, plan: l.SetOperation, all: bool) -> list[l.LogicalPlan]:
        """UNIONs below each other are one (plan_union_children)."""
        found: list[l.LogicalPlan] = []
        for side in (plan.left, plan.right):
            if (
                isinstance(side, l.SetOperation) and side.op == "union" and (side.all == all or side.all)
                and not (side.order_by or side.limit is not None or side.offset is not None or side.ctes)
                and all_same(side.outputs, plan.outputs)
            ):  # fmt: skip
                found += self._children(side, all)
            else:
                found.append(side)
        return found

    def _union(self, plan: l.SetOperation, outputs: tuple[l.Output, ...]) -> Relation:
        children = self._children(plan, plan.all)
        level = self.level
        made = Relation(0, "upper")
        made.target = self.target(outputs)
        parts = [self.relation(child, child.outputs) for child in children]
        made.consider_parallel = all(part.consider_parallel for part in parts)
        if self.flat:
            append_members(level, made, _alive(parts))
            made.rows = sum(_cheapest(part).rows for part in _alive(parts))
            made.target.width = _average_width(parts, made.rows)
        else:
            self._appended(plan, made, parts)
        set_cheapest(made)
        return made

    def _appended(self, plan: l.SetOperation, made: Relation, parts: list[Relation]) -> None:
        """An Append of the sides, then one over what workers share of each, gathered (generate_union_paths)."""
        level = self.level
        path: Path = append(level, made, [_cheapest(part) for part in parts])
        if not plan.all:
            path = self._unique(made, path)
        add_path(made, path)
        made.rows = path.rows
        if made.consider_parallel and all(part.partial_paths for part in parts):
            partial = [part.partial_paths[0] for part in parts]
            shared = append(level, made, (), partial, workers_of(level, partial, len(partial)), level.costs.parallel_append)
            path = gathered(level, made, shared, None)
            if not plan.all:
                path = self._unique(made, path)
            add_path(made, path)

    def target(self, outputs: tuple[l.Output, ...]) -> Target:
        """The columns an operation makes."""
        for output in outputs:
            self.level.owner.setdefault(output.id, 0)
        exprs: list[e.Expr] = [e.ColumnRef(type=o.type, typmod=o.typmod, id=o.id, name=o.name) for o in outputs]
        return self.level.estimates.finish(Target(exprs))

    def _clauses(self, target: Target) -> list[SortClause]:
        return [SortClause(i + 1, x) for i, x in enumerate(target.exprs)]

    def _unique(self, made: Relation, source: Path) -> Path:
        """Duplicates removed by hashing or sorting (make_union_unique)."""
        level = self.level
        groups = source.rows
        columns = len(made.target.exprs)
        if self._hashed(made.target, source, groups, groups):
            path = AggregatePath(made, made.target, source)
            path.strategy = "hashed"
            path.group = [i + 1 for i in range(columns)]
            path.quals, path.phase, path.rollups = [], "whole", []
            path.hashing = group_cost.hashing(level.costs, 0, source.target.width, 0, [groups])
            path.startup, path.total, path.rows = group_cost.aggregate(
                level.costs, "hashed", group_cost.AggregateCosts(), columns, groups, source.startup, source.total, source.rows, source.target.width
            )
            return path
        keys = sort_keys(level, self._clauses(made.target))
        source = sorted_path(level, made, source, keys, -1.0)
        unique = UpperUniquePath(made, made.target, source, keys)
        unique.columns = len(keys)
        unique.rows = groups
        unique.startup = source.startup
        unique.total = source.total + level.costs.operator * source.rows * len(keys)
        return unique

    def _hashed(self, target: Target, source: Path, groups: float, output: float) -> bool:
        """choose_hashed_setop."""
        level = self.level
        costs = level.costs
        can_sort = all(type_family(x.type) for x in target.exprs)
        can_hash = all(hashable(x) for x in target.exprs)
        if not (can_sort and can_hash):
            return can_hash
        if not costs.hashagg:
            return False
        width = source.target.width
        if (max_align(width) + 16) * groups > costs.hash_memory:
            return False
        columns = len(target.exprs)
        startup, total, _ = group_cost.aggregate(
            costs, "hashed", group_cost.AggregateCosts(), columns, groups, source.startup, source.total, source.rows, width
        )
        sorted_startup, sorted_total = sort_cost(costs, source.total, source.rows, width, -1.0)
        sorted_startup, sorted_total = group_cost.group(costs, columns, sorted_startup, sorted_total, source.rows)
        fraction = level.tuple_fraction
        if fraction >= 1.0:
            fraction /= output
        if 0.0 < fraction < 1.0:
            return startup + fraction * (total - startup) < sorted_startup + fraction * (sorted_total - sorted_startup)
        return (total, startup) < (sorted_total, sorted_startup)

    def _flagged(self, plan: l.LogicalPlan, flag: int) -> tuple[Relation, float]:
        """One side of INTERSECT or EXCEPT."""
        nested = isinstance(plan, l.SetOperation) and not (plan.order_by or plan.limit is not None or plan.offset is not None or plan.ctes)
        if not nested:
            return self.leaf(plan, flag)
        relation = self.relation(plan, plan.outputs)
        groups = relation.rows
        made = Relation(0, "upper")
        target = relation.target
        made.target = self.level.estimates.finish(Target([*target.exprs, e.Const(type=INT4, value=flag)]))
        add_path(made, _projected(self.level, made, _cheapest(relation)))
        made.rows = relation.rows
        set_cheapest(made)
        return made, groups

    def _other(self, plan: l.SetOperation, outputs: tuple[l.Output, ...]) -> Relation:
        """INTERSECT and EXCEPT (generate_nonunion_paths)."""
        level = self.level
        saved, level.tuple_fraction = level.tuple_fraction, 0.0
        left, left_groups = self._flagged(plan.left, 0)
        right, right_groups = self._flagged(plan.right, 1)
        level.tuple_fraction = saved
        one, two = _cheapest(left), _cheapest(right)
        made = Relation(0, "upper")
        made.target = self.target(outputs)
        both = Target([*made.target.exprs, e.ColumnRef(type=INT4, id=level.statement.new_id(), name="flag")])
        level.owner[both.exprs[-1].id] = 0  # type: ignore[attr-defined] # the column just made
        level.estimates.finish(both)
        sources = [one, two] if plan.op == "except" or left_groups <= right_groups else [two, one]
        whole = Relation(0, "upper")
        whole.target = both
        path: Path = append(level, whole, sources)
        groups = left_groups if plan.op == "except" else min(left_groups, right_groups)
        if plan.op == "except":
            rows = one.rows if plan.all else groups
        else:
            rows = min(one.rows, two.rows) if plan.all else groups
        hashed = self._hashed(made.target, path, groups, rows)
        if not hashed:
            path = sorted_path(level, whole, path, sort_keys(level, self._clauses(made.target)), -1.0)
        step = SetOpPath(made, both, path, path.keys if not hashed else ())
        step.command = plan.op.capitalize() + (" All" if plan.all else "")
        step.strategy = "hashed" if hashed else "sorted"
        step.rows = rows
        step.startup = path.startup
        step.total = path.total + level.costs.operator * path.rows * len(made.target.exprs)
        add_path(made, step)
        made.rows = rows
        set_cheapest(made)
        return made


def all_same(a: tuple[l.Output, ...], b: tuple[l.Output, ...]) -> bool:
    """Whether the columns have the same types."""
    return all(x.type.oid == y.type.oid for x, y in zip(a, b, strict=False))


def _alive(parts: list[Relation]) -> list[Relation]:
    """Those that may have rows; one at least."""
    return [part for part in parts if not is_dummy(part)] or parts[:1]


def _average_width(parts: list[Relation], rows: float) -> int:
    """Bytes of a row, column by column weighted by where the rows come from (set_append_rel_size)."""
    width = 0
    for i in range(len(parts[0].target.exprs)):
        total = 0.0
        for part in parts:
            expr = part.target.exprs[i]
            total += (
                part.widths.get(expr.id, 0) if isinstance(expr, e.ColumnRef) and part.widths else part.target.width / len(part.target.exprs)
            ) * _cheapest(part).rows
        width += int(rint(total / rows)) if rows > 0 else 0
    return width


def _cheapest(relation: Relation) -> Path:
    assert relation.cheapest_total is not None
    return relation.cheapest_total


def _scan(level: Level, relation: Relation, source: Path, member: bool) -> Path:
    """A leaf's rows; nothing is charged for handing on those of a member."""
    path = SubqueryPath(relation, relation.target, source)
    path.startup = source.startup
    path.total = source.total if member else source.total + level.costs.tuple * source.rows
    return path


def _reading(plan: l.LogicalPlan, places: Sequence[int], member: bool) -> l.LogicalPlan:
    """A leaf of which some columns are read: a member makes no others, a subquery makes NULLs of them."""
    if not isinstance(plan, l.Query) or len(places) == len(plan.outputs):
        return plan
    if member:
        return replace(plan, outputs=tuple(plan.outputs[i] for i in places), targets=tuple(plan.targets[i] for i in places))
    if plan.distinct or plan.distinct_on is not None:
        return plan
    visible = [t for t in plan.targets if not t.hidden]
    return nulled(plan, {t.id for i, t in enumerate(visible) if i not in places})


def _safe_member(statement: Statement, query: l.LogicalPlan) -> bool:
    return isinstance(query, l.Query) and simple(query) and one_relation(query, statement.pushed)


def _projected(level: Level, relation: Relation, source: Path) -> Path:
    return projection(level, relation, source, relation.target)


def _leaf_groups(sub: Level, best: Path) -> float:
    """Distinct rows of a leaf."""
    query = sub.query
    if query.grouped or query.group_by or sub.distinct_clauses or query.having or sub.is_set_operation:
        return best.rows
    return sub.estimates.groups([t.expr for t in sub.targets if not t.hidden], best.rows)


def plan_recursive(statement: Statement, cte: l.Cte, outer: Outer | None) -> Level:
    """WITH RECURSIVE (generate_recursion_path)."""
    plan = cte.query
    assert isinstance(plan, l.SetOperation)
    level = _level(statement, plan.outputs, outer)
    planner = _SetPlanner(level)
    first, _ = planner.leaf(plan.left, None)
    one = _cheapest(first)
    number = statement.new_work_table()
    statement.work_tables[cte.id] = (number, one.rows)
    again, _ = planner.leaf(plan.right, None)
    two = _cheapest(again)
    made = Relation(0, "upper")
    made.target = planner.target(plan.outputs)
    path = RecursivePath(made, made.target)
    path.first, path.again = one, two
    path.work_table, path.distinct = number, not plan.all
    path.startup = one.startup
    path.rows = one.rows + 10 * two.rows
    path.total = one.total + 10 * two.total + level.costs.tuple * path.rows
    add_path(made, path)
    set_cheapest(made)
    level.final = made
    return level
