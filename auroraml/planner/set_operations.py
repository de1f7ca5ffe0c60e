"""UNION, INTERSECT, EXCEPT and WITH RECURSIVE to paths (prepunion.c)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.cost import grouping as group_cost
from auroraml.planner.cost.numbers import clamp_rows, max_align
from auroraml.planner.cost.sorts import sort as sort_cost
from auroraml.planner.estimate.width import type_width
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import type_family
from auroraml.planner.level.parallel_safety import is_safe
from auroraml.planner.level.pathkeys import SortClause, sort_keys
from auroraml.planner.level.questions import rewrite
from auroraml.planner.level.relation import Relation, Target
from auroraml.planner.level.statement import Outer, Statement
from auroraml.planner.paths.append import append, workers_of
from auroraml.planner.paths.dominance import add_partial_path, add_path, cheapest_fractional, set_cheapest
from auroraml.planner.paths.grouping import hashable
from auroraml.planner.paths.parallel import gathered, limit_needed
from auroraml.planner.paths.path import Path, RecursivePath, SetOpPath, SubqueryPath, UnionPath, UpperUniquePath
from auroraml.planner.paths.steps import limited, projected, projection, sorted_path
from auroraml.planner.query import LimitCounts, charge_init_plans, ordered, plan_level
from auroraml.planner.rules.pull_up_subqueries import merged_unions
from auroraml.records import replace
from auroraml.types.table import INT4


def plan_set_operation(statement: Statement, plan: l.SetOperation, outer: Outer | None, fraction: float) -> Level:
    """A tree of set operations as a level whose relations are the leaves; nothing but UNION ALLs is a level over them."""
    bare = replace(plan, order_by=(), limit=None, offset=None, ctes=())
    if merged_unions(bare):
        return plan_level(statement, _over_union(statement, plan, bare), outer, fraction)
    level = _level(statement, plan.outputs, outer)
    limit = None if plan.limit is None else level.fold(plan.limit)
    offset = None if plan.offset is None else level.fold(plan.offset)
    limits = LimitCounts(level, limit, offset, fraction)
    level.tuple_fraction = limits.fraction if not plan.order_by else 0.0
    current, _ = _SetPlanner(level).relation(bare, (), None, junk=True)
    _sort_keys(level, plan)
    _finish(level, plan, current, limit, offset, limits)
    return level


def _over_union(statement: Statement, plan: l.SetOperation, bare: l.SetOperation) -> l.Query:
    """UNION ALL as a query that reads it in FROM (flatten_simple_union_all)."""
    outputs = tuple(replace(o, id=statement.new_id()) for o in plan.outputs)
    targets = tuple(
        l.Target(id=o.id, name=o.name, expr=e.ColumnRef(type=c.type, typmod=c.typmod, id=c.id, name=c.name))
        for o, c in zip(plan.outputs, outputs, strict=True)
    )
    item = l.SubqueryItem(outputs=outputs, alias="*SELECT* 1", query=bare)
    return l.Query(outputs=plan.outputs, from_items=(item,), targets=targets, order_by=plan.order_by, limit=plan.limit, offset=plan.offset)


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
        target = _cheapest(current).target
        current = ordered(level, current, target, limits.tuples, target)
    final = level.upper(0)
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


Casts = Sequence[e.Expr | None]


class _SetPlanner:
    """Plans the operations of one tree."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.leaves = 0

    def relation(self, plan: l.LogicalPlan, casts: Casts, flag: int | None, junk: bool = False) -> tuple[Relation, float]:
        """The relation of an operation or leaf, and its groups; `flag` is its side of INTERSECT or EXCEPT (recurse_set_operations)."""
        if not isinstance(plan, l.SetOperation) or plan.order_by or plan.limit is not None or plan.offset is not None or plan.ctes:
            return self.leaf(plan, casts, flag)
        level = self.level
        made = self._union(plan) if plan.op == "union" else self._other(plan)
        if flag is None and not casts and (plan.op == "union" or junk):
            return made, made.rows
        target = Target(self._columns(plan.outputs, [column(o) for o in plan.outputs], casts))
        if flag is not None:
            target.exprs.append(e.Const(type=INT4, value=flag))
        level.estimates.finish(target)
        made.paths = [projected(level, made, path, target) for path in made.paths]
        made.partial_paths = [projection(level, made, path, target) for path in made.partial_paths]
        set_cheapest(made)
        return made, made.rows

    def leaf(self, plan: l.LogicalPlan, casts: Casts, flag: int | None) -> tuple[Relation, float]:
        """A query scanned as a subquery, with the number of its side for INTERSECT and EXCEPT; and its groups."""
        level, statement = self.level, self.level.statement
        self.leaves += 1
        sub = statement.plan_query(plan, level.outer, level.tuple_fraction)
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
        level.entries.append(relation.serial)
        level.all_bits |= relation.bits
        columns: list[e.Expr] = []
        for output, target in zip(outputs, [t for t in sub.targets if not t.hidden], strict=False):
            level.owner[output.id] = index
            relation.widths[output.id] = sub.estimates.width(target.expr) or type_width(output.type, output.typmod)
            columns.append(target.expr if isinstance(target.expr, e.Const) else column(output))
        exprs = self._columns(plan.outputs, columns, casts)
        if flag is not None:
            exprs.append(e.Const(type=INT4, value=flag))
        relation.target = level.estimates.finish(Target(exprs))
        relation.rows = clamp_rows(best.rows)
        relation.consider_parallel = sub.final.consider_parallel
        add_path(relation, _scan(level, relation, best))
        if relation.consider_parallel:
            for path in sub.final.partial_paths[:1]:
                add_partial_path(relation, _scan(level, relation, path))
        set_cheapest(relation)
        return relation, _leaf_groups(sub, best)

    @staticmethod
    def _columns(outputs: Sequence[l.Output], columns: Sequence[e.Expr], casts: Casts) -> list[e.Expr]:
        """What stands for a side's columns, cast where the operation has other types (generate_setop_tlist)."""
        known = {output.id: expr for output, expr in zip(outputs, columns, strict=True)}

        def change(part: object) -> object | None:
            return known.get(part.id) if isinstance(part, e.ColumnRef) else None

        return [expr if cast is None else rewrite(cast, change) for expr, cast in zip(columns, casts or [None] * len(columns), strict=True)]

    def _children(self, plan: l.SetOperation, all: bool) -> list[tuple[l.LogicalPlan, Casts]]:
        """UNIONs below each other are one (plan_union_children)."""
        found: list[tuple[l.LogicalPlan, Casts]] = []
        for side, casts in ((plan.left, plan.left_casts), (plan.right, plan.right_casts)):
            if (
                isinstance(side, l.SetOperation) and side.op == "union" and (side.all == all or side.all) and not casts
                and not (side.order_by or side.limit is not None or side.offset is not None or side.ctes)
            ):  # fmt: skip
                found += self._children(side, all)
            else:
                found.append((side, casts))
        return found

    def _union(self, plan: l.SetOperation) -> Relation:
        level = self.level
        saved = level.tuple_fraction
        if not plan.all:
            level.tuple_fraction = 0.0
        parts = [self.relation(child, casts, None)[0] for child, casts in self._children(plan, plan.all)]
        made = self._upper(self.target(plan.outputs), parts)
        made.consider_parallel = all(part.consider_parallel for part in parts)
        self._appended(plan, made, parts)
        level.tuple_fraction = saved
        set_cheapest(made)
        return made

    def _upper(self, target: Target, parts: Sequence[Relation]) -> Relation:
        made = self.level.upper(sum({part.bits for part in parts}))
        made.target = target
        made.consider_startup = self.level.tuple_fraction > 0
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
        """Duplicates removed by hashing or sorting, in PostgreSQL for a relation of which nothing says that it is parallel safe (make_union_unique)."""
        level = self.level
        groups = source.rows
        columns = len(made.target.exprs)
        if self._hashed(made.target, source, groups, groups):
            path = UnionPath(made, made.target, source)
            path.safe = False
            path.strategy = "hashed"
            path.group = []
            path.quals, path.phase, path.rollups = [], "whole", []
            path.hashing = group_cost.hashing(level.costs, source.target.width, 0, [groups])
            path.startup, path.total, path.rows = group_cost.aggregate(
                level.costs, "hashed", group_cost.AggregateCosts(), columns, groups, source.startup, source.total, source.rows, source.target.width
            )
            return path
        keys = sort_keys(level, self._clauses(made.target))
        source = sorted_path(level, made, source, keys, -1.0)
        unique = UpperUniquePath(made, made.target, source, keys)
        unique.safe = False
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

    def _other(self, plan: l.SetOperation) -> Relation:
        """INTERSECT and EXCEPT (generate_nonunion_paths)."""
        level = self.level
        saved, level.tuple_fraction = level.tuple_fraction, 0.0
        left, left_groups = self.relation(plan.left, plan.left_casts, 0)
        right, right_groups = self.relation(plan.right, plan.right_casts, 1)
        level.tuple_fraction = saved
        one, two = _cheapest(left), _cheapest(right)
        made = self._upper(self.target(plan.outputs), (left, right))
        both = Target([*made.target.exprs, e.ColumnRef(type=INT4, id=level.statement.new_id(), name="flag")])
        level.owner[both.exprs[-1].id] = 0  # type: ignore[attr-defined] # the column just made
        level.estimates.finish(both)
        sources = [one, two] if plan.op == "except" or left_groups <= right_groups else [two, one]
        whole = level.upper(made.bits)
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


def column(output: l.Output) -> e.ColumnRef:
    """A reference to a query's output."""
    return e.ColumnRef(type=output.type, typmod=output.typmod, id=output.id, name=output.name)


def _cheapest(relation: Relation) -> Path:
    assert relation.cheapest_total is not None
    return relation.cheapest_total


def _scan(level: Level, relation: Relation, source: Path) -> Path:
    """A leaf's rows."""
    path = SubqueryPath(relation, relation.target, source)
    path.rows = clamp_rows(source.rows)
    target = relation.target
    path.startup = source.startup + target.startup
    path.total = source.total + target.startup + (level.costs.tuple * source.rows + target.per_tuple * path.rows)
    return path


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
    first, _ = planner.leaf(plan.left, plan.left_casts, None)
    one = _cheapest(first)
    number = statement.new_work_table()
    statement.work_tables[cte.id] = (number, one.rows)
    again, _ = planner.leaf(plan.right, plan.right_casts, None)
    two = _cheapest(again)
    made = level.upper(0)
    made.target = planner.target(plan.outputs)
    made.target.width = max(one.target.width, two.target.width)
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
