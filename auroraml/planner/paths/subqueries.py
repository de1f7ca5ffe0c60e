"""Subqueries in FROM that stay: conditions pushed into them, planned, scanned (set_subquery_pathlist)."""

from __future__ import annotations

from typing import Final

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import walk as walk_plan
from auroraml.planner.cost.numbers import clamp_rows
from auroraml.planner.estimate.estimator import InputColumn
from auroraml.planner.level.classes import sort_class
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.level import Level
from auroraml.planner.level.pathkeys import Keys, PathKey, pathkey, redundant
from auroraml.planner.level.questions import contains, equal, ids_in, returns_set, rewrite, volatile
from auroraml.planner.level.relation import Relation
from auroraml.planner.level.statement import Outer
from auroraml.planner.paths import run_conditions
from auroraml.planner.paths.dominance import add_partial_path, add_path
from auroraml.planner.paths.path import Path, SubqueryPath
from auroraml.planner.paths.sizes import parameterization
from auroraml.planner.rules.placeholder import RowHolder
from auroraml.records import replace

DEFAULTS: Final = {"eqsel": 0.005, "neqsel": 0.995, **dict.fromkeys(("scalarltsel", "scalarlesel", "scalargtsel", "scalargesel"), 1.0 / 3.0)}


def plan_subquery(level: Level, relation: Relation, item: l.SubqueryItem) -> None:
    """Push what may be pushed, plan the subquery, take over its size."""
    query = item.query
    kept: list[Clause] = []
    tested: set[int] = set()  # outputs that run conditions read
    stays = False
    for clause in relation.clauses:
        pushed = None if clause.pseudoconstant else _pushed(query, item.outputs, clause.expr, level)
        run = None if pushed is not None or clause.pseudoconstant else run_conditions.taken(query, item.outputs, clause.expr)
        if pushed is not None:
            query = pushed
        elif run is not None:
            query, read, stays = run
            tested.add(read)
        if pushed is None and (run is None or stays):
            kept.append(clause)
    relation.clauses = kept
    query = _without_unused(level, relation, item, query, tested)
    outer = Outer(level)
    parent = level.query
    simple = not (parent.grouped or parent.group_by or parent.having or level.distinct_clauses or level.sort_clauses)
    alone = level.all_bits & (level.all_bits - 1) == 0
    fraction = level.tuple_fraction if simple and alone else 0.0
    sub = level.statement.plan_query(query, outer, fraction)
    relation.sub = sub
    relation.sub_params = [(number, ref) for number, ref in outer.refs if isinstance(ref, e.ColumnRef)]  # aggregates are below none of its items
    assert sub.final is not None
    best = sub.final.cheapest_total
    assert best is not None
    relation.tuples = best.rows
    given = level.estimates.inputs[relation.index]
    for output, target in zip(item.outputs, _visible(sub), strict=False):
        statistics, unique = None, False
        if isinstance(sub_query := query, l.Query) and sub_query.grouping_sets is None and not sub_query.group_by and not sub.is_set_operation:
            if sub_query.distinct or sub_query.distinct_on is not None:
                unique = len(sub.distinct_clauses) == 1 and equal(sub.distinct_clauses[0].expr, target)
            elif isinstance(target, e.ColumnRef):
                below = sub.estimates.columns.get(target.id)
                if below is not None:
                    statistics, unique = below.statistics, False
        number = sub.owner.get(target.id) if isinstance(target, e.ColumnRef) and not sub.is_set_operation else None
        if number:
            assert isinstance(target, e.ColumnRef)
            width = sub.relation(number).widths.get(target.id)
            if width:
                relation.widths[output.id] = width
        level.estimates.columns[output.id] = InputColumn(input=given, statistics=statistics, unique=unique)


def _visible(sub: Level) -> list[e.Expr]:
    return [t.expr for t in sub.targets if not t.hidden]


def _without_unused(level: Level, relation: Relation, item: l.SubqueryItem, query: l.LogicalPlan, tested: set[int]) -> l.LogicalPlan:
    """Outputs nobody reads become NULLs (remove_unused_subquery_outputs)."""
    if not isinstance(query, l.Query) or query.distinct or query.distinct_on is not None:
        return query
    if any(isinstance(x, RowHolder) for x in relation.target.exprs):
        return query
    read = {*relation.needed, *tested}
    for clause in relation.clauses:
        read |= ids_in(clause.expr)
    visible = [t for t in query.targets if not t.hidden]
    return nulled(query, {t.id for t, o in zip(visible, item.outputs, strict=False) if o.id not in read})


def nulled(query: l.Query, unused: set[int]) -> l.Query:
    """The query with NULLs for targets that nobody reads and that change nothing else."""
    sorts = {k.expr.id for k in query.order_by if isinstance(k.expr, e.ColumnRef)}
    grouped = [*query.group_by, *(x for w in query.windows for x in (*w.partition_by, *(k.expr for k in w.order_by)))]
    targets = []
    changed = False
    dropped = query.aggregates_dropped
    for target in query.targets:
        if (
            target.id in unused and target.id not in sorts and not isinstance(target.expr, e.Const) and not volatile(target.expr)
            and not returns_set(target.expr) and not any(equal(target.expr, g) for g in grouped)
        ):  # fmt: skip
            dropped = dropped or contains(target.expr, e.Aggregate)
            targets.append(replace(target, expr=e.Const(type=target.expr.type, typmod=target.expr.typmod, value=None)))
            changed = True
        else:
            targets.append(target)
    return replace(query, targets=tuple(targets), aggregates_dropped=dropped) if changed else query


def _pushed(query: l.LogicalPlan, outputs: tuple[l.Output, ...], condition: e.Expr, level: Level) -> l.LogicalPlan | None:
    """The subquery with a condition tested inside, None where that could change its meaning (subquery_is_pushdown_safe)."""
    if contains(condition, e.SubPlan) or volatile(condition) or level.bits_of(condition) & ~level.bits_of_ids(frozenset(o.id for o in outputs)):
        return None
    if isinstance(query, l.SetOperation):
        if query.limit is not None or query.offset is not None or query.op == "except" or query.ctes:
            return None
        left = _pushed_arm(query.left, outputs, query, condition, level)
        right = None if left is None else _pushed_arm(query.right, outputs, query, condition, level)
        return None if left is None or right is None else replace(query, left=left, right=right)
    if not isinstance(query, l.Query) or query.limit is not None or query.offset is not None:
        return None
    targets = {o.id: t for o, t in zip(outputs, [t for t in query.targets if not t.hidden], strict=False)}
    windows = [c for t in query.targets for c in walk_plan(t.expr) if isinstance(c, e.WindowCall)]
    for id in ids_in(condition):
        target = targets.get(id)
        if target is None or volatile(target.expr) or returns_set(target.expr) or contains(target.expr, e.SubLink):
            return None
        if query.distinct_on is not None and target.id not in query.distinct_on:
            return None
        for call in windows:
            if not any(equal(target.expr, x) for x in query.windows[call.window].partition_by):
                return None

    def change(part: object) -> object | None:
        if isinstance(part, e.ColumnRef) and part.id in targets:
            return targets[part.id].expr
        return None

    made = rewrite(condition, change)
    if query.grouped or query.group_by:
        if query.grouping_sets is not None:
            return None
        return replace(query, having=(*query.having, made))
    return replace(query, where=(*query.where, made))


def _pushed_arm(arm: l.LogicalPlan, outputs: tuple[l.Output, ...], whole: l.SetOperation, condition: e.Expr, level: Level) -> l.LogicalPlan | None:
    """The condition inside one side of a set operation, whose columns have other types only if none was coerced."""
    read = ids_in(condition)
    if any(a.type.oid != b.type.oid and o.id in read for a, b, o in zip(arm.outputs, whole.outputs, outputs, strict=False)):
        return None
    return _pushed(arm, outputs, condition, level)


def subquery_paths(level: Level, relation: Relation, item: l.SubqueryItem) -> None:
    """A scan of each path the subquery kept."""
    sub = relation.sub
    assert sub is not None and sub.final is not None
    for source in sub.final.paths:
        add_path(relation, subquery_scan(level, relation, source, _keys(level, relation, item, source)))
    if relation.consider_parallel and not relation.lateral:
        for source in sub.final.partial_paths:
            add_partial_path(relation, subquery_scan(level, relation, source, _keys(level, relation, item, source)))


def subquery_scan(level: Level, relation: Relation, source: Path, keys: Keys, outer: int = 0) -> Path:
    """A scan of one of the subquery's paths (create_subqueryscan_path, cost_subqueryscan)."""
    path = SubqueryPath(relation, relation.target, source, keys)
    path.parameterize(parameterization(level, relation, relation.lateral | outer))
    share = level.estimates.restrictions(relation.clauses, relation)
    for clause in () if path.param is None else path.param.clauses:
        share *= _as_restriction(level, relation, clause)
    path.rows = clamp_rows(source.rows * share)
    startup, per_tuple = relation.base_cost_startup, relation.base_cost_per_tuple
    if path.param is not None:
        a, b = level.estimates.clauses_cost(path.param.clauses)
        startup, per_tuple = startup + a, per_tuple + b
    run = (level.costs.tuple + per_tuple) * source.rows
    startup += relation.target.startup
    run += relation.target.per_tuple * path.rows
    path.startup = source.startup + startup
    path.total = source.total + (startup + run)
    return path


def _as_restriction(level: Level, relation: Relation, clause: Clause) -> float:
    """The selectivity of a join clause tested by a subquery scan: a default, kept in the clause for the join as well, as in PostgreSQL."""
    operator = clause.expr.operator if isinstance(clause.expr, e.OpCall) else None
    if operator is None or not (clause.left_bits and clause.right_bits) or operator.restrict not in DEFAULTS:
        return level.estimates.restrictions([clause], relation)
    if clause.inner_selectivity < 0:
        clause.inner_selectivity = DEFAULTS[operator.restrict]
    return min(clause.inner_selectivity, 1.0)


def _keys(level: Level, relation: Relation, item: l.SubqueryItem, source: Path) -> Keys:
    """The subquery's order as this level sees it (convert_subquery_pathkeys)."""
    sub = relation.sub
    assert sub is not None
    read = {x.id for x in relation.target.exprs if isinstance(x, e.ColumnRef)}
    outputs = [(o, t) for o, t in zip(item.outputs, _visible(sub), strict=False) if o.id in read]
    found: list[PathKey] = []
    for key in source.keys:
        made: PathKey | None = None
        best = -1
        for member in key.cls.members:
            for output, target in outputs:
                if not equal(member.expr, target):
                    continue
                column = e.ColumnRef(type=output.type, typmod=output.typmod, id=output.id, name=output.name)
                cls = sort_class(level, column, 0, False, relation.bits)
                if cls is None:
                    continue
                candidate = pathkey(level, cls, key.descending, key.nulls_first)
                score = len(cls.all_members) - 1
                score += len(found) < len(level.query_keys) and level.query_keys[len(found)] is candidate
                if score > best:
                    made, best = candidate, score
        if made is None:
            break
        if not redundant(made, found):
            found.append(made)
    return tuple(found)
