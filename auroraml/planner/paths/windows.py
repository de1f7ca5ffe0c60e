"""Window functions: the order of windows, their sorts and WindowAgg steps (create_window_paths)."""

from __future__ import annotations

from auroraml.ir import expr as e
from auroraml.planner.cost.grouping import window as window_cost
from auroraml.planner.level.level import Level
from auroraml.planner.level.pathkeys import Keys, SortClause, common_prefix, sort_keys
from auroraml.planner.level.questions import equal, walk
from auroraml.planner.level.relation import Relation, Target
from auroraml.planner.paths.dominance import add_path, set_cheapest
from auroraml.planner.paths.path import Path, WindowPath
from auroraml.planner.paths.steps import incrementally_sorted, sorted_path


def calls_of(level: Level, window: int) -> list[e.WindowCall]:
    """The different calls over one window."""
    found: list[e.WindowCall] = []
    for target in level.targets:
        for part in walk(target.expr):
            if isinstance(part, e.WindowCall) and part.window == window and not any(equal(part, known) for known in found):
                found.append(part)
    return found


def run_conditions(level: Level, window: int) -> list[e.Expr]:
    """The run conditions on calls over one window."""
    return [x for x in level.query.run_conditions if any(isinstance(part, e.WindowCall) and part.window == window for part in walk(x))]


def choose_order(level: Level) -> None:
    """The windows that are used, those that share sorting next to each other (select_active_windows)."""
    used = [i for i in range(len(level.query.windows)) if calls_of(level, i)]
    numbers: dict[int, int] = {}  # references by when the parser meets them: ORDER BY, GROUP BY, DISTINCT, then each window's order and partition
    for clause in (*level.sort_clauses, *level.group_clauses, *level.distinct_clauses):
        numbers.setdefault(clause.ref, len(numbers) + 1)
    for partition, order in level.window_clauses:
        for clause in (*order, *partition):
            numbers.setdefault(clause.ref, len(numbers) + 1)

    def place(i: int) -> tuple[tuple[int, int, int], ...]:
        partition, order = level.window_clauses[i]
        found: list[tuple[int, int, int]] = []
        for clause in (*partition, *order):
            if all(numbers[clause.ref] != -known[0] for known in found):
                found.append((-numbers[clause.ref], -int(clause.descending), -int(clause.nulls_first)))
        return (*found, (1, 0, 0))

    level.active_windows = sorted(used, key=place)


def window_sort(level: Level, window: int) -> list[SortClause]:
    """Partition columns, then order columns."""
    partition, order = level.window_clauses[window]
    return [*partition, *order]


def window_keys(level: Level, window: int) -> Keys:
    """The order a window needs (make_pathkeys_for_window)."""
    return sort_keys(level, window_sort(level, window))


def windows(level: Level, source: Relation, given: Target, output: Target) -> Relation:
    """create_window_paths."""
    made = level.upper(source.bits)
    made.target = output
    made.consider_startup = source.consider_startup
    for path in source.paths:
        prefix = common_prefix(level.window_keys, path.keys)
        if path is source.cheapest_total or prefix == len(level.window_keys) or prefix > 0:
            add_path(made, _one(level, made, path, given, output))
    set_cheapest(made)
    return made


def _one(level: Level, made: Relation, path: Path, given: Target, output: Target) -> Path:
    target = given
    active = level.active_windows
    for place, number in enumerate(active):
        keys = window_keys(level, number)
        prefix = common_prefix(keys, path.keys)
        if prefix < len(keys):
            if prefix == 0 or not level.costs.incremental_sort:
                path = sorted_path(level, made, path, keys, -1.0)
            else:
                path = incrementally_sorted(level, made, path, keys, prefix, -1.0)
        calls = calls_of(level, number)
        if place + 1 < len(active):
            target = Target([*target.exprs, *calls], [*target.refs, *(0 for _ in calls)])
            level.estimates.finish(target)
        else:
            target = output
        step = WindowPath(made, target, path, path.keys)
        step.window = number
        step.topmost = place + 1 == len(active)
        step.quals = [x for other in active[:place] for x in run_conditions(level, other)] if step.topmost else []
        partition, order = level.window_clauses[number]
        step.startup, step.total = window_cost(
            level.costs, path.startup, path.total, path.rows, [_call_cost(level, c) for c in calls], len(partition) + len(order)
        )
        step.startup += target.startup
        step.total += target.startup + target.per_tuple * path.rows
        path = step
    return path


def _call_cost(level: Level, call: e.WindowCall) -> tuple[float, float]:
    startup = 0.0
    per_tuple = call.function.cost * level.costs.operator
    for arg in (*call.args, *((call.filter,) if call.filter is not None else ())):
        a, b = level.estimates.costs.of(arg)
        startup += a
        per_tuple += b
    return startup, per_tuple
