"""GROUP BY, aggregates and DISTINCT: sorted, hashed and plain (create_grouping_paths, create_distinct_paths)."""

from __future__ import annotations

from auroraml.catalog.builtins import builtin_function
from auroraml.catalog.data import AGGREGATES
from auroraml.ir import expr as e
from auroraml.planner.cost.grouping import AggregateCosts, aggregate, group
from auroraml.planner.cost.numbers import clamp_rows, max_align
from auroraml.planner.estimate.width import type_width
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import type_family
from auroraml.planner.level.pathkeys import common_prefix, contained
from auroraml.planner.level.questions import conjuncts, equal, walk
from auroraml.planner.level.relation import Relation, Target
from auroraml.planner.paths.dominance import add_path, set_cheapest
from auroraml.planner.paths.path import AggregatePath, GroupPath, Path, ResultPath, UpperUniquePath
from auroraml.planner.paths.steps import incrementally_sorted, sorted_path
from auroraml.types.table import BY_OID

_ROWS = {row[0]: row for row in AGGREGATES}
INTERNAL = 2281
UNHASHABLE = frozenset((114, 142, 600))  # json, xml, point


def hashable(expr: e.Expr) -> bool:
    """Whether values can be told apart by hashing."""
    return expr.type.oid not in UNHASHABLE


def aggregates_of(level: Level) -> list[e.Aggregate]:
    """The different aggregate calls of a level."""
    found: list[e.Aggregate] = []
    for root in (*(t.expr for t in level.targets), *level.query.having):
        for part in walk(root):
            if isinstance(part, e.Aggregate) and not any(equal(part, known) for known in found):
                found.append(part)
    return found


def aggregate_costs(level: Level, calls: list[e.Aggregate]) -> AggregateCosts:
    """get_agg_clause_costs; calls with equal transition and arguments share a state."""
    costs = AggregateCosts()
    estimates = level.estimates
    states: list[tuple[int, int, e.Aggregate]] = []
    for call in calls:
        row = _ROWS.get(call.function.oid)
        transition, final, state, space = (row[3], row[4], row[7], row[8]) if row is not None else (0, 0, 0, 0)
        for known, known_state, other in states:
            if known == transition and known_state == state and _same_input(call, other):
                break
        else:
            states.append((transition, state, call))
            costs.states += 1
            costs.trans_per_tuple += _cost(transition) * level.costs.operator
            for arg in (*call.args, *(k.expr for k in call.order_by if not any(equal(k.expr, a) for a in call.args))):
                a, b = estimates.costs.of(arg)
                costs.trans_startup += a
                costs.trans_per_tuple += b
            if call.filter is not None:
                a, b = estimates.costs.total(conjuncts(call.filter))
                costs.trans_startup += a
                costs.trans_per_tuple += b
            costs.space += _space(call, state, space, transition)
        if final:
            costs.final_per_tuple += _cost(final) * level.costs.operator
        for arg in call.direct:
            a, b = estimates.costs.of(arg)
            costs.final_startup += a + b
    return costs


def _same_input(a: e.Aggregate, b: e.Aggregate) -> bool:
    if a.distinct != b.distinct or a.star != b.star or len(a.args) != len(b.args) or a.order_by or b.order_by or a.direct or b.direct:
        return False
    if (a.filter is None) != (b.filter is None) or (a.filter is not None and b.filter is not None and not equal(a.filter, b.filter)):
        return False
    return all(equal(x, y) for x, y in zip(a.args, b.args, strict=True))


def _cost(oid: int) -> float:
    found = builtin_function(oid) if oid else None
    return 1.0 if found is None else found.cost


def _space(call: e.Aggregate, state: int, space: int, transition: int) -> int:
    """Bytes of state outside the hash entry."""
    if state == INTERNAL:
        return space if space > 0 else 8192
    type = BY_OID.get(state)
    if type is None or 0 < type.length <= 8:
        return 0
    if type.name.startswith("any") and call.args:
        type = call.args[0].type
        if 0 < type.length <= 8:
            return 0
    if space > 0:
        width = space
    elif transition == 378:  # array_append
        width = 1024
    else:
        typmod = call.args[0].typmod if call.args and call.args[0].type.oid == type.oid else -1
        width = type_width(type, typmod)
    return max_align(width) + 16


def group_count(level: Level, rows: float) -> float:
    """get_number_of_groups."""
    exprs = [c.expr for c in level.group_clauses]
    sets = level.query.grouping_sets
    if sets is not None:
        return sum(level.estimates.groups([level.query.group_by[i] for i in members], rows) if members else 1.0 for members in sets)
    if exprs:
        return level.estimates.groups(exprs, rows)
    return 1.0


def grouping(level: Level, source: Relation, target: Target, first: Path | None = None) -> Relation:
    """The grouped relation (create_ordinary_grouping_paths); `first` is a path found beforehand."""
    made = Relation(source.bits, "upper")
    if first is not None:
        first.relation = made
        add_path(made, first)
    made.target = target
    made.consider_startup = source.consider_startup
    query = level.query
    calls = aggregates_of(level)
    if (query.having or query.grouping_sets is not None) and not calls and not level.group_clauses and not query.grouping_sets:
        one = ResultPath(made, target)
        one.quals = list(query.having)
        startup, per_tuple = level.estimates.costs.total(query.having)
        one.rows = 1.0
        one.startup = startup + target.startup
        one.total = one.startup + level.costs.tuple + per_tuple + target.per_tuple
        add_path(made, one)
        set_cheapest(made)
        return made
    costs = aggregate_costs(level, calls)
    cheapest = source.cheapest_total
    assert cheapest is not None
    groups = group_count(level, cheapest.rows)
    ordered_calls = sum(1 for c in calls if c.order_by or c.distinct)
    sets = query.grouping_sets is not None
    can_sort = all(type_family(c.expr.type) for c in level.group_clauses)
    can_hash = bool(level.group_clauses) and not ordered_calls and all(hashable(c.expr) for c in level.group_clauses)
    if sets:
        add_path(made, _aggregate(level, made, cheapest, "mixed", costs, groups))
    else:
        if can_sort:
            for given in source.paths:
                _over(level, made, given, given is cheapest, costs, groups, bool(calls))
        if can_hash:
            add_path(made, _aggregate(level, made, cheapest, "hashed", costs, groups))
    set_cheapest(made)
    return made


def _over(level: Level, made: Relation, path: Path, cheapest: bool, costs: AggregateCosts, groups: float, calls: bool) -> None:
    """Sorted grouping over one input path, sorted wholly or incrementally as needed."""
    keys = level.group_keys
    prefix = common_prefix(keys, path.keys)
    is_sorted = prefix == len(keys)
    if cheapest or is_sorted:
        source = path if is_sorted else sorted_path(level, made, path, keys, -1.0)
        add_path(made, _sorted(level, made, source, costs, groups, calls))
    if is_sorted or not level.costs.incremental_sort or prefix == 0:
        return
    source = incrementally_sorted(level, made, path, keys, prefix, -1.0)
    add_path(made, _sorted(level, made, source, costs, groups, calls))


def _sorted(level: Level, made: Relation, source: Path, costs: AggregateCosts, groups: float, calls: bool) -> Path:
    if calls:
        return _aggregate(level, made, source, "sorted" if level.group_clauses else "plain", costs, groups)
    if level.group_clauses:
        return _group(level, made, source, groups)
    return _aggregate(level, made, source, "plain", costs, groups)


def _having(level: Level, startup: float, total: float, rows: float) -> tuple[float, float, float]:
    quals = level.query.having
    if not quals:
        return startup, total, rows
    qual_startup, per_tuple = level.estimates.costs.total(quals)
    startup += qual_startup
    total += qual_startup + rows * per_tuple
    return startup, total, clamp_rows(rows * level.estimates.having(quals))


def _finish(level: Level, path: Path, startup: float, total: float, rows: float) -> None:
    startup, total, rows = _having(level, startup, total, rows)
    target = path.target
    path.rows = rows
    path.startup = startup + target.startup
    path.total = total + target.startup + target.per_tuple * rows


def _aggregate(level: Level, made: Relation, source: Path, strategy: str, costs: AggregateCosts, groups: float) -> Path:
    """create_agg_path."""
    path = AggregatePath(made, made.target, source, source.keys if strategy == "sorted" else ())
    path.strategy = strategy
    path.group = [c.ref for c in level.group_clauses]
    path.quals = list(level.query.having)
    path.phase = "whole"
    path.sets = [list(s) for s in level.query.grouping_sets or ()]
    startup, total, rows = aggregate(
        level.costs, strategy, costs, len(level.group_clauses), groups, source.startup, source.total, source.rows, source.target.width
    )
    _finish(level, path, startup, total, rows)
    return path


def _group(level: Level, made: Relation, source: Path, groups: float) -> Path:
    """create_group_path."""
    path = GroupPath(made, made.target, source, source.keys)
    path.group = [c.ref for c in level.group_clauses]
    path.quals = list(level.query.having)
    startup, total = group(level.costs, len(level.group_clauses), source.startup, source.total, source.rows)
    _finish(level, path, startup, total, groups)
    return path


# DISTINCT


def distinct(level: Level, source: Relation) -> Relation:
    """create_final_distinct_paths."""
    made = Relation(source.bits, "upper")
    made.consider_startup = source.consider_startup
    query = level.query
    cheapest = source.cheapest_total
    assert cheapest is not None
    made.target = cheapest.target
    clauses = level.distinct_clauses
    if query.grouped or query.group_by or query.having or query.grouping_sets is not None:
        rows = cheapest.rows
    else:
        rows = level.estimates.groups([c.expr for c in clauses], cheapest.rows)
    on = query.distinct_on is not None
    if all(type_family(c.expr.type) for c in clauses):
        longer = len(level.distinct_keys) < len(level.sort_keys)
        needed = level.sort_keys if on and longer else level.distinct_keys
        for path in source.paths:
            if contained(needed, path.keys):
                add_path(made, _unique(level, made, path, rows))
        needed = level.sort_keys if longer else level.distinct_keys
        path = cheapest
        if not contained(needed, path.keys):
            path = sorted_path(level, made, path, needed, -1.0)
        add_path(made, _unique(level, made, path, rows))
    hashing = not made.paths or (not on and level.costs.hashagg)
    if hashing and all(hashable(c.expr) for c in clauses):
        path = AggregatePath(made, cheapest.target, cheapest)
        path.strategy = "hashed"
        path.group = [c.ref for c in clauses]
        path.quals = []
        path.phase = "whole"
        path.sets = []
        path.startup, path.total, path.rows = aggregate(
            level.costs, "hashed", AggregateCosts(), len(clauses), rows, cheapest.startup, cheapest.total, cheapest.rows, cheapest.target.width
        )
        target = cheapest.target
        path.startup += target.startup
        path.total += target.startup + target.per_tuple * path.rows
        add_path(made, path)
    set_cheapest(made)
    return made


def _unique(level: Level, made: Relation, source: Path, rows: float) -> Path:
    """create_upper_unique_path."""
    path = UpperUniquePath(made, source.target, source, source.keys)
    path.columns = len(level.distinct_keys)
    path.rows = rows
    path.startup = source.startup
    path.total = source.total + level.costs.operator * source.rows * path.columns
    return path
