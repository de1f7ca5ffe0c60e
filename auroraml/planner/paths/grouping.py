"""GROUP BY and aggregates: sorted, hashed and plain, in the leader or in two phases (create_grouping_paths)."""

from __future__ import annotations

from typing import Final

from auroraml.catalog.builtins import builtin_function
from auroraml.catalog.data import AGGREGATES
from auroraml.ir import expr as e
from auroraml.planner.cost.grouping import AggregateCosts, aggregate, group, hashing
from auroraml.planner.cost.numbers import clamp_rows, max_align
from auroraml.planner.estimate.width import type_width
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import type_family
from auroraml.planner.level.parallel_safety import is_safe
from auroraml.planner.level.pathkeys import common_prefix, contained
from auroraml.planner.level.questions import conjuncts, equal, walk
from auroraml.planner.level.relation import Relation, Target
from auroraml.planner.paths.append import append
from auroraml.planner.paths.dominance import add_partial_path, add_path, set_cheapest
from auroraml.planner.paths.grouping_sets import SetPaths, count_groups
from auroraml.planner.paths.parallel import all_rows, gather_merged, useful_gathers
from auroraml.planner.paths.path import AggregatePath, GroupPath, Path, ResultPath
from auroraml.planner.paths.steps import incrementally_sorted, sorted_path
from auroraml.planner.paths.targets import add_new, apart, variables
from auroraml.records import replace
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_OID

_ROWS: Final = {row[0]: row for row in AGGREGATES}
INTERNAL: Final = 2281
BYTEA: Final = 17
UNHASHABLE: Final = frozenset((114, 142, 600, 2249, 2287))  # json, xml, point; anonymous records may have fields that do not hash


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


def _asks_grouping(level: Level) -> bool:
    return any(isinstance(part, e.Grouping) for root in (*(t.expr for t in level.targets), *level.query.having) for part in walk(root))


def aggregate_costs(level: Level, calls: list[e.Aggregate], phase: str = "whole") -> AggregateCosts:
    """get_agg_clause_costs; calls with equal transition and arguments share a state.

    States that have no type of their own are written out by the partial phase and read in by the final one, at one operator each.
    """
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
            if phase == "final":
                costs.trans_per_tuple += _cost(row[5] if row is not None else 0) * level.costs.operator
            else:
                costs.trans_per_tuple += _cost(transition) * level.costs.operator
            if state == INTERNAL and phase == "final":
                costs.trans_per_tuple += level.costs.operator
            if state == INTERNAL and phase == "partial":
                costs.final_per_tuple += level.costs.operator
            if phase != "final":
                _charge_inputs(level, costs, call)
            costs.space += _space(call, state, space, transition)
        if final and phase != "partial":
            costs.final_per_tuple += _cost(final) * level.costs.operator
        for arg in call.direct:
            a, b = estimates.costs.of(arg)
            costs.final_startup += a + b
    return costs


def _charge_inputs(level: Level, costs: AggregateCosts, call: e.Aggregate) -> None:
    """Arguments, order and filter of a call, computed for each row."""
    estimates = level.estimates
    for arg in (*call.args, *(k.expr for k in call.order_by if not any(equal(k.expr, a) for a in call.args))):
        a, b = estimates.costs.of(arg)
        costs.trans_startup += a
        costs.trans_per_tuple += b
    if call.filter is not None:
        a, b = estimates.costs.total(conjuncts(call.filter))
        costs.trans_startup += a
        costs.trans_per_tuple += b


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
    if level.query.grouping_sets is not None:
        return count_groups(level, rows)
    return level.estimates.groups(exprs, rows) if exprs else 1.0


def _by_sets(level: Level, made: Relation, source: Relation, paths: SetPaths, can_hash: bool) -> None:
    """Grouping sets over each useful input path."""
    cheapest = source.cheapest_total
    assert cheapest is not None
    keys = level.group_keys
    for path in source.paths:
        prefix = common_prefix(keys, path.keys)
        if path is cheapest or prefix == len(keys):
            paths.sorted(path if prefix == len(keys) else sorted_path(level, made, path, keys, -1.0), can_hash)
        if 0 < prefix < len(keys) and level.costs.incremental_sort:
            paths.sorted(incrementally_sorted(level, made, path, keys, prefix, -1.0), can_hash)
    if can_hash:
        paths.hashed(cheapest)


def grouping(level: Level, source: Relation, target: Target, first: Path | None = None) -> Relation:
    """The grouped relation (create_ordinary_grouping_paths); `first` is a path found beforehand."""
    made = level.upper(source.bits)
    if first is not None:
        first.relation = made
        add_path(made, first)
    made.target = target
    made.consider_startup = source.consider_startup
    query = level.query
    made.consider_parallel = source.consider_parallel and is_safe(level, target.exprs) and is_safe(level, query.having)
    calls = aggregates_of(level)
    aggregates = bool(calls) or query.aggregates_dropped or _asks_grouping(level)
    if (level.has_having or query.grouping_sets is not None) and not aggregates and not query.group_by:
        rows = [_one_row(level, made) for _ in query.grouping_sets or ((),)]
        add_path(made, append(level, made, rows) if len(rows) > 1 else rows[0])
        set_cheapest(made)
        return made
    costs = aggregate_costs(level, calls)
    cheapest = source.cheapest_total
    assert cheapest is not None
    ordered_calls = sum(1 for c in calls if c.order_by or c.distinct)
    can_sort = all(type_family(c.expr.type) for c in level.group_clauses)
    can_hash = bool(level.group_clauses) and not ordered_calls and all(hashable(c.expr) for c in level.group_clauses)
    partly = partially_grouped(level, made, source, calls, can_sort, can_hash) if made.consider_parallel and source.partial_paths else None
    groups = group_count(level, cheapest.rows)
    if query.grouping_sets is not None:
        _by_sets(level, made, source, SetPaths(level, made, costs, groups), not ordered_calls and any(r.hashable for r in level.rollups))
    else:
        final_costs = aggregate_costs(level, calls, "final") if partly is not None else costs
        if can_sort:
            for given in source.paths:
                over_sorted(level, made, given, given is cheapest, costs, groups, aggregates)
            for given in partly.paths if partly is not None else ():
                assert partly is not None
                over_sorted(level, made, given, given is partly.cheapest_total, final_costs, groups, aggregates, "final")
        if can_hash:
            add_path(made, aggregated(level, made, cheapest, "hashed", costs, groups))
            if partly is not None and partly.cheapest_total is not None:
                add_path(made, aggregated(level, made, partly.cheapest_total, "hashed", final_costs, groups, "final"))
    set_cheapest(made)
    return made


def _one_row(level: Level, made: Relation) -> ResultPath:
    """The one row that nothing aggregated over everything is (create_group_result_path)."""
    target = made.target
    one = ResultPath(made, target)
    one.quals = list(level.query.having)
    one.safe = made.consider_parallel
    startup, per_tuple = level.estimates.costs.total(one.quals)
    one.rows = 1.0
    one.startup = target.startup + startup + per_tuple
    one.total = one.startup + level.costs.tuple + target.per_tuple
    return one


def partially_grouped(level: Level, made: Relation, source: Relation, calls: list[e.Aggregate], can_sort: bool, can_hash: bool) -> Relation | None:
    """Groups made by each worker and gathered, to be combined in the leader (create_partial_grouping_paths)."""
    if (
        level.query.grouping_sets is not None
        or not (calls or level.query.aggregates_dropped or level.group_clauses)
        or not all(_combines(call) for call in calls)
    ):
        return None
    partly = level.upper(made.bits)
    partly.consider_startup = made.consider_startup
    partly.consider_parallel = made.consider_parallel
    partly.target = partial_target(level, made.target)
    costs = aggregate_costs(level, calls, "partial")
    cheapest = source.partial_paths[0]
    groups = group_count(level, cheapest.rows)
    if can_sort:
        for path in source.partial_paths:
            over_sorted(level, partly, path, path is cheapest, costs, groups, bool(calls) or level.query.aggregates_dropped, "partial")
    if can_hash:
        add_partial_path(partly, aggregated(level, partly, cheapest, "hashed", costs, groups, "partial"))
    if not partly.partial_paths:
        return None
    _gather_groups(level, partly)
    set_cheapest(partly)
    return partly


def _combines(call: e.Aggregate) -> bool:
    """Whether states of the aggregate can be put together."""
    row = _ROWS.get(call.function.oid)
    return row is not None and row[5] != 0 and not call.distinct and not call.order_by


def partial_target(level: Level, target: Target) -> Target:
    """The group columns and the states of everything else's aggregates, conditions on groups included (make_partial_grouping_target)."""
    made, others = apart(target, {c.ref for c in level.group_clauses})
    for expr in (*others, *level.query.having):
        add_new(made, variables(expr, aggregates=True))
    made.exprs = [replace(x, phase="partial", state=_state(x)) if isinstance(x, e.Aggregate) else x for x in made.exprs]
    return level.estimates.finish(made)


def _state(call: e.Aggregate) -> PgType:
    """The type of an aggregate's state as it leaves a worker."""
    oid = _ROWS[call.function.oid][7]
    type = BY_OID[BYTEA if oid == INTERNAL else oid]
    return call.args[0].type if type.name.startswith("any") else type


def _gather_groups(level: Level, partly: Relation) -> None:
    """gather_grouping_paths."""
    useful_gathers(level, partly, override=True)
    keys = level.group_keys
    cheapest = partly.partial_paths[0]
    rows = all_rows(cheapest)
    if not contained(keys, cheapest.keys):
        add_path(partly, gather_merged(level, partly, sorted_path(level, partly, cheapest, keys, -1.0), rows))
    if not level.costs.incremental_sort or len(keys) == 1:
        return
    for path in partly.partial_paths:
        prefix = common_prefix(keys, path.keys)
        if 0 < prefix < len(keys):
            # PostgreSQL counts the rows of the cheapest path here too
            add_path(partly, gather_merged(level, partly, incrementally_sorted(level, partly, path, keys, prefix, -1.0), rows))


def over_sorted(
    level: Level, made: Relation, path: Path, cheapest: bool, costs: AggregateCosts, groups: float, calls: bool, phase: str = "whole"
) -> None:
    """Sorted grouping over one input path, sorted wholly or incrementally as needed."""
    keep = add_partial_path if phase == "partial" else add_path
    keys = level.group_keys
    prefix = common_prefix(keys, path.keys)
    is_sorted = prefix == len(keys)
    if cheapest or is_sorted:
        source = path if is_sorted else sorted_path(level, made, path, keys, -1.0)
        keep(made, _sorted(level, made, source, costs, groups, calls, phase))
    if is_sorted or not level.costs.incremental_sort or prefix == 0:
        return
    source = incrementally_sorted(level, made, path, keys, prefix, -1.0)
    keep(made, _sorted(level, made, source, costs, groups, calls, phase))


def _sorted(level: Level, made: Relation, source: Path, costs: AggregateCosts, groups: float, calls: bool, phase: str) -> Path:
    if calls:
        return aggregated(level, made, source, "sorted" if level.group_clauses else "plain", costs, groups, phase)
    if level.group_clauses:
        return _group(level, made, source, groups, phase)
    return aggregated(level, made, source, "plain", costs, groups, phase)


def _having(level: Level, quals: list[e.Expr], startup: float, total: float, rows: float) -> tuple[float, float, float]:
    if not quals:
        return startup, total, rows
    qual_startup, per_tuple = level.estimates.costs.total(quals)
    startup += qual_startup
    total += qual_startup + rows * per_tuple
    return startup, total, clamp_rows(rows * level.estimates.having(quals))


def _finish(level: Level, path: AggregatePath | GroupPath, startup: float, total: float, rows: float) -> None:
    startup, total, rows = _having(level, path.quals, startup, total, rows)
    target = path.target
    path.rows = rows
    path.startup = startup + target.startup
    path.total = total + target.startup + target.per_tuple * rows


def aggregated(
    level: Level, made: Relation, source: Path, strategy: str, costs: AggregateCosts, groups: float, phase: str = "whole"
) -> AggregatePath:
    """An Aggregate over a path (create_agg_path); conditions wait for the last phase."""
    path = AggregatePath(made, made.target, source, source.keys if strategy == "sorted" else ())
    path.strategy = strategy
    path.group = [c.ref for c in level.group_clauses]
    path.quals = [] if phase == "partial" else list(level.query.having)
    path.phase = phase
    path.hashing = hashing(level.costs, source.target.width, costs.space, [groups]) if strategy == "hashed" else None
    path.rollups = []
    startup, total, rows = aggregate(
        level.costs, strategy, costs, len(level.group_clauses), groups, source.startup, source.total, source.rows, source.target.width
    )
    _finish(level, path, startup, total, rows)
    return path


def _group(level: Level, made: Relation, source: Path, groups: float, phase: str) -> GroupPath:
    """create_group_path."""
    path = GroupPath(made, made.target, source, source.keys)
    path.group = [c.ref for c in level.group_clauses]
    path.quals = [] if phase == "partial" else list(level.query.having)
    startup, total = group(level.costs, len(level.group_clauses), source.startup, source.total, source.rows)
    _finish(level, path, startup, total, groups)
    return path
