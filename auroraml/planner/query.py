"""A query level to paths: preparation, base relations, joins, grouping, windows, DISTINCT, ORDER BY, LIMIT (grouping_planner)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.level.build import build_clauses, build_relations, finish_build
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import type_family
from auroraml.planner.level.parallel_safety import is_safe
from auroraml.planner.level.pathkeys import SortClause, common_prefix, sort_keys
from auroraml.planner.level.questions import contains, returns_set
from auroraml.planner.level.relation import Relation, Target
from auroraml.planner.level.rollups import build as rollups
from auroraml.planner.level.statement import Outer, Statement
from auroraml.planner.minmax import Extreme, extremes_path, find_extremes
from auroraml.planner.parallel import settle
from auroraml.planner.paths.append_relations import set_relation_paths, set_relation_size
from auroraml.planner.paths.distinct import distinct
from auroraml.planner.paths.dominance import add_path, set_cheapest
from auroraml.planner.paths.grouping import grouping, hashable
from auroraml.planner.paths.parallel import limit_needed, sorted_in_workers, useful_gathers
from auroraml.planner.paths.path import LockPath, Path
from auroraml.planner.paths.search import join_all
from auroraml.planner.paths.simplify import remove_useless_joins, unique_semi_joins
from auroraml.planner.paths.steps import incrementally_sorted, limited, projected, projection, projects, same_exprs, set_projection, sorted_path
from auroraml.planner.paths.targets import Targets, split_sets, variables
from auroraml.planner.paths.windows import choose_order, window_keys, windows
from auroraml.planner.prepare import NOTHING, Prepared
from auroraml.records import replace


class LimitCounts:
    """LIMIT and OFFSET as the planner knows them: 0 none, below 0 unknown (preprocess_limit)."""

    def __init__(self, level: Level, limit: e.Expr | None, offset: e.Expr | None, fraction: float) -> None:
        self.count = self._value(level, limit, True)
        self.offset = self._value(level, offset, False)
        self.tuples = -1.0
        self.fraction = self._combined(fraction)
        if self.count > 0 and self.offset >= 0:
            self.tuples = float(self.count) + float(self.offset)

    @staticmethod
    def _value(level: Level, expr: e.Expr | None, count: bool) -> int:
        if expr is None:
            return 0
        known = level.estimates.estimator.constant(expr)
        if known is None:
            return -1
        if known.value is None:
            return 0
        value = int(float(str(known.value)))
        return max(value, 1) if count else max(value, 0)

    def _combined(self, fraction: float) -> float:
        if self.count != 0:
            limit = 0.10 if self.count < 0 or self.offset < 0 else float(self.count) + float(self.offset)
            if fraction >= 1.0:
                return min(fraction, limit) if limit >= 1.0 else fraction
            if fraction > 0.0:
                return limit if limit >= 1.0 else min(fraction, limit)
            return limit
        if self.offset != 0 and fraction > 0.0:
            skipped = 0.10 if self.offset < 0 else float(self.offset)
            if fraction >= 1.0:
                return fraction + skipped if skipped >= 1.0 else skipped
            if skipped >= 1.0:
                return fraction
            total = fraction + skipped
            return 0.0 if total >= 1.0 else total
        return fraction


def plan_level(
    statement: Statement, query: l.Query, outer: Outer | None, fraction: float, row_of: l.TableItem | None = None, read: Mapping[int, e.Expr] = NOTHING,
    hoisted: bool = False,
) -> Level:  # fmt: skip
    """Plan one SELECT level; the result's `final` relation holds its paths. `hoisted`: its init plans are the ModifyTable's above."""
    prepared = Prepared(statement, query, outer, row_of, read)
    level = prepared.level
    level.hoisted = hoisted
    query = prepared.query
    limits = LimitCounts(level, query.limit, query.offset, fraction)
    level.tuple_fraction = limits.fraction
    calls = any(contains(t.expr, e.WindowCall) for t in level.targets)
    grouped = query.grouped or bool(query.group_by) or bool(query.having) or query.grouping_sets is not None
    sets = any(returns_set(t.expr) for t in level.targets)
    level.limit_tuples = -1.0 if grouped or level.distinct_clauses or calls or sets else limits.tuples
    _windows(level, prepared)
    _order_groups(level)
    build_relations(level, prepared.tree)
    exprs = [x for t in level.targets for x in variables(t.expr)] + [x for h in query.having for x in variables(h)]
    joins = build_clauses(level, prepared.tree, exprs)
    _keys(level)
    joins = remove_useless_joins(level, joins)
    unique_semi_joins(level)
    finish_build(level)
    extremes = find_extremes(level, prepared.tree, lambda made: _one_row_level(statement, made, outer)) if grouped else None
    if extremes is not None:
        settle(statement)  # an equally cheap plan that a worker could run is preferred to one of init plans
    source = _scan_join(level, joins)
    level.final = _upper(level, source, limits, calls, grouped, extremes)
    return level


def _one_row_level(statement: Statement, query: l.Query, outer: Outer | None) -> tuple[Level, Relation]:
    """A level of one table planned for its first row only, as far as its scans (build_minmax_path)."""
    prepared = Prepared(statement, query, outer)
    level = prepared.level
    level.tuple_fraction = level.limit_tuples = 1.0
    build_relations(level, prepared.tree)
    joins = build_clauses(level, prepared.tree, [x for t in level.targets for x in variables(t.expr)])
    _keys(level)
    finish_build(level)
    source = _scan_join(level, joins)
    return level, _with_target(level, source, Targets(level).final, gather=False)


def values_query(statement: Statement, plan: l.Values) -> l.Query:
    """A bare VALUES as a query that reads it in FROM."""
    ids = tuple(replace(o, id=statement.new_id()) for o in plan.outputs)
    item = l.ValuesItem(outputs=ids, alias="*VALUES*", rows=plan.rows)
    targets = tuple(
        l.Target(id=o.id, name=o.name, expr=e.ColumnRef(type=c.type, typmod=c.typmod, id=c.id, name=c.name))
        for o, c in zip(plan.outputs, ids, strict=True)
    )
    return l.Query(outputs=plan.outputs, from_items=(item,), targets=targets, order_by=plan.order_by, limit=plan.limit, offset=plan.offset,
                   ctes=plan.ctes)  # fmt: skip


def _windows(level: Level, prepared: Prepared) -> None:
    """Windows as references to targets."""
    for window, (partition_places, order_places) in zip(level.query.windows, prepared.window_places, strict=True):
        order = [SortClause(i + 1, level.targets[i].expr, k.descending, k.nulls_first) for k, i in zip(window.order_by, order_places, strict=True)]
        ordered = {c.ref: c for c in reversed(order)}  # a partition column takes its direction from the order, where it is there too
        partition = [ordered.get(i + 1) or SortClause(i + 1, level.targets[i].expr) for i in partition_places]
        level.window_clauses.append((_once(partition), _once(order)))
    if level.query.windows:
        choose_order(level)


def _once(clauses: list[SortClause]) -> list[SortClause]:
    """Each target once."""
    return [c for i, c in enumerate(clauses) if all(c.ref != other.ref for other in clauses[:i])]


def _order_groups(level: Level) -> None:
    """GROUP BY's columns in the order and direction of ORDER BY, as far as they agree (preprocess_groupclause)."""
    if not level.group_clauses:
        level.rollups = rollups(level.query.grouping_sets or (), [], [], lambda clause: False) if level.query.grouping_sets else []
        return
    by_ref = {s.ref: s for s in level.sort_clauses}
    for clause in level.group_clauses:
        known = by_ref.get(clause.ref)
        if known is not None:
            clause.descending, clause.nulls_first = known.descending, known.nulls_first
    unique = _once(level.group_clauses)
    if level.query.grouping_sets is not None:
        level.group_clauses = unique
        sets = [tuple(dict.fromkeys(level.group_refs[i] for i in members)) for members in level.query.grouping_sets]
        level.rollups = rollups(sets, unique, [s.ref for s in level.sort_clauses], lambda clause: hashable(clause.expr))
        return
    front: list[SortClause] = []
    for key in level.sort_clauses:
        found = next((c for c in unique if c.ref == key.ref), None)
        if found is None:
            break
        front.append(found)
    rest = [c for c in unique if c not in front]
    partial = len(front) < len(level.sort_clauses)  # then one sort could serve both only if every group column were matched
    if front and not (partial and rest) and all(type_family(c.expr.type) for c in rest):
        unique = front + rest
    level.group_clauses = unique


def _keys(level: Level) -> None:
    """The orders the upper steps want (standard_qp_callback)."""
    columns = level.rollups[0].clauses if level.rollups else level.group_clauses
    if columns and all(type_family(c.expr.type) for c in columns):
        level.group_keys = sort_keys(level, columns)
    if level.active_windows:
        level.window_keys = window_keys(level, level.active_windows[0])
    if level.distinct_clauses and all(type_family(c.expr.type) for c in level.distinct_clauses):
        level.distinct_keys = sort_keys(level, level.distinct_clauses)
    level.sort_keys = sort_keys(level, level.sort_clauses)
    if level.group_keys:
        level.query_keys = level.group_keys
    elif level.window_keys:
        level.query_keys = level.window_keys
    elif len(level.distinct_keys) > len(level.sort_keys):
        level.query_keys = level.distinct_keys
    else:
        level.query_keys = level.sort_keys


def _scan_join(level: Level, joins: list) -> Relation:  # type: ignore[type-arg] # a JoinList
    """Sizes and paths of base relations, then the joins (make_one_rel)."""
    for special in level.special_joins:
        if special.kind in ("semi", "anti") and not special.syn_right & (special.syn_right - 1):
            level.relation(special.syn_right.bit_length() - 1).consider_param_startup = True
    for relation in level.relations_in(level.all_bits):
        relation.consider_startup = level.tuple_fraction > 0
        set_relation_size(level, relation)
    level.total_table_pages = sum(
        r.pages for r in level.relations[1:] if r is not None and (r.bits & level.all_bits or r.parent is not None) and not r.excluded
    )
    for relation in level.relations_in(level.all_bits):
        set_relation_paths(level, relation)
    found = join_all(level, joins)
    if found.cheapest_total is None:
        set_cheapest(found)
    return found


def _upper(level: Level, source: Relation, limits: LimitCounts, calls: bool, grouped: bool, extremes: list[Extreme] | None) -> Relation:
    """Everything above the joins."""
    query = level.query
    targets = Targets(level)
    final = targets.final
    sort_input = targets.sort_input()
    grouping_target = targets.window_input() if calls else sort_input
    scan_target = targets.group_input() if grouped else grouping_target
    current = _with_target(level, source, scan_target)
    if grouped:
        below = split_sets(level, grouping_target, scan_target)[0][0]
        current = grouping(level, current, below, None if extremes is None else extremes_path(level, current, below, extremes))
        current = _sets(level, current, grouping_target, scan_target)
    if calls:
        current = windows(level, current, grouping_target, split_sets(level, sort_input, grouping_target)[0][0])
        current = _sets(level, current, sort_input, grouping_target)
    if level.distinct_clauses:
        current = distinct(level, current)
    if level.sort_clauses:
        current = ordered(level, current, final, limits.tuples, sort_input)
    made = level.upper(current.bits)
    made.target = final
    made.consider_startup = current.consider_startup
    made.consider_parallel = current.consider_parallel and is_safe(level, (query.limit, query.offset))
    for path in current.paths:
        add_path(made, _finished(level, made, path, limits, query))
    if made.consider_parallel and current.partial_paths and not limit_needed(query):
        made.partial_paths = list(current.partial_paths)
    if not level.hoisted:
        charge_init_plans(made, level.init_plans, level.init_cost)
    set_cheapest(made)
    return made


def charge_init_plans(final: Relation, plans: Sequence[e.SubPlan], cost: float) -> None:
    """What a level's init plans cost; workers cannot run a level that has any (SS_charge_for_initplans)."""
    if not plans:
        return
    for path in final.paths:
        path.startup += cost
        path.total += cost
        path.safe = False
    final.partial_paths = []
    final.consider_parallel = False


def _with_target(level: Level, relation: Relation, target: Target, gather: bool = True) -> Relation:
    """The top scan or join's paths computing `target` (apply_scanjoin_target_to_paths)."""
    steps = split_sets(level, target)
    first = steps[0][0]
    same = len(steps) == 1 and same_exprs(first, relation.target)
    if relation.consider_parallel and not is_safe(level, target.exprs):
        if gather:
            useful_gathers(level, relation)
        relation.partial_paths = []
        relation.consider_parallel = False
    made = level.upper(relation.bits, relation.kind)
    made.index, made.rows, made.consider_startup = relation.index, relation.rows, relation.consider_startup
    made.consider_parallel = relation.consider_parallel

    def computing(path: Path) -> Path:
        if same:
            path.target = _referenced(path.target, first)
            new = path
        else:
            new = projection(level, relation, path, first)
        for step, is_set in steps[1:]:
            new = set_projection(level, relation, new, step) if is_set else projected(level, relation, new, step)
        return new

    made.paths = [computing(path) for path in relation.paths]
    made.partial_paths = [computing(path) for path in relation.partial_paths]
    made.target = steps[-1][0]
    if gather and made.consider_parallel:
        useful_gathers(level, made)
    set_cheapest(made)
    return made


def _referenced(target: Target, wanted: Target) -> Target:
    made = Target(wanted.exprs, list(wanted.refs))
    made.startup, made.per_tuple, made.width = target.startup, target.per_tuple, target.width
    return made


def _sets(level: Level, relation: Relation, target: Target, given: Target) -> Relation:
    """Set-returning functions over an upper relation (adjust_paths_for_srfs)."""
    steps = split_sets(level, target, given)
    if len(steps) == 1:
        return relation
    made = level.upper(relation.bits)
    made.consider_startup = relation.consider_startup
    made.consider_parallel = relation.consider_parallel
    made.target = target
    for path in relation.paths:
        for step, is_set in steps[1:]:
            path = set_projection(level, relation, path, step) if is_set else projected(level, relation, path, step)
        made.paths.append(path)
    set_cheapest(made)
    return made


def ordered(level: Level, source: Relation, final: Target, limit: float, given: Target | None = None) -> Relation:
    """create_ordered_paths."""
    made = level.upper(source.bits)
    made.target = final
    made.consider_startup = source.consider_startup
    made.consider_parallel = source.consider_parallel and is_safe(level, final.exprs)
    keys = level.sort_keys
    steps = split_sets(level, final, given)
    if len(steps) > 1:
        limit = -1.0  # sets come after the sort

    def finished(path: Path) -> Path:
        if path.target is final:
            return path
        first = steps[0][0]
        if same_exprs(path.target, first):  # PostgreSQL puts a projection above, which may show where the plan below hands on whole rows
            path = path if projects(path) else projection(level, made, path, first)
        else:
            path = projected(level, made, path, first)
        for step, is_set in steps[1:]:
            path = set_projection(level, made, path, step) if is_set else projected(level, made, path, step)
        return path

    for path in source.paths:
        prefix = common_prefix(keys, path.keys)
        if prefix == len(keys):
            add_path(made, finished(path))
            continue
        if path is source.cheapest_total:
            add_path(made, finished(sorted_path(level, made, path, keys, limit)))
        if not level.costs.incremental_sort or prefix == 0:
            continue
        add_path(made, finished(incrementally_sorted(level, made, path, keys, prefix, limit)))
    if made.consider_parallel and source.partial_paths:
        for path in sorted_in_workers(level, made, source, keys, limit):
            add_path(made, finished(path))
    set_cheapest(made)
    return made


def _finished(level: Level, made: Relation, path: Path, limits: LimitCounts, query: l.Query) -> Path:
    if level.locks:
        locked = LockPath(made, path.target, path, path.keys)
        locked.marks = level.marks
        locked.startup, locked.total = path.startup, path.total + level.costs.tuple * path.rows
        path = locked
    count = query.limit if not (isinstance(query.limit, e.Const) and query.limit.value is None) else None
    offset = query.offset if not (isinstance(query.offset, e.Const) and (query.offset.value is None or query.offset.value == 0)) else None
    if count is not None or offset is not None:
        path = limited(made, path, count, offset, query.with_ties, limits.offset, limits.count)
    return path
