"""min and max read off the ends of an index, each by a little query of its own (preprocess_minmax_aggregates)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from auroraml.catalog.builtins import builtin_operator
from auroraml.catalog.data import AGGREGATES
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.level.ledger import WATCHED
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import family_of
from auroraml.planner.level.pathkeys import Keys
from auroraml.planner.level.questions import equal, mutable
from auroraml.planner.level.relation import Relation, Target
from auroraml.planner.paths.dominance import fractional
from auroraml.planner.paths.grouping import aggregates_of
from auroraml.planner.paths.path import MinMaxPath, Path
from auroraml.planner.rules.join_tree import AppendItem, Group
from auroraml.types.pg_type import Rep
from auroraml.types.table import BOOL

_SORT_OPERATORS: Final = {row[0]: row[6] for row in AGGREGATES if row[6]}
SubLevel = Callable[[l.Query], tuple[Level, Relation]]


class Extreme:
    """One min or max: the level that finds it, its path, the cost of one row, the parameter it sets."""

    __slots__ = ("call", "cost", "level", "parameter", "path")

    def __init__(self, call: e.Aggregate, level: Level, path: Path, cost: float, parameter: int) -> None:
        self.call = call
        self.level = level
        self.path = path
        self.cost = cost
        self.parameter = parameter


def find_extremes(level: Level, tree: Group, sub_level: SubLevel) -> list[Extreme] | None:
    """Index paths for every aggregate of the level, None where one of them has none; nobody's aggregates need no path at all."""
    query = level.query
    calls = aggregates_of(level)
    if not (calls or query.aggregates_dropped) or level.group_clauses or query.grouping_sets is not None or query.windows or level.row_columns:
        return None
    if len(tree.items) != 1 or not isinstance(tree.items[0], (l.TableItem, AppendItem)) or not all(_usable(c) for c in calls):
        return None
    found: list[Extreme] = []
    for call in calls:
        made = _one(level, tree, call, sub_level)
        if made is None:
            return None
        found.append(made)
    return found


def _usable(call: e.Aggregate) -> bool:
    if call.function.oid not in _SORT_OPERATORS or len(call.args) != 1 or call.order_by or call.filter is not None:
        return False
    return not mutable(call.args[0]) and call.args[0].type.rep is not Rep.STRUCT


def _one(level: Level, tree: Group, call: e.Aggregate, sub_level: SubLevel) -> Extreme | None:
    operator = builtin_operator(_SORT_OPERATORS[call.function.oid])
    found = None if operator is None else family_of(operator)
    if found is None:
        return None
    descending = found[1] == 5
    arg = call.args[0]
    for nulls_first in (descending, not descending):
        target = l.Target(id=level.statement.new_id(), name="", expr=arg)
        key = e.SortKey(expr=e.ColumnRef(type=arg.type, id=target.id), descending=descending, nulls_first=nulls_first)
        known = e.NullTest(type=BOOL, arg=arg, negated=True)
        where = tree.where if any(equal(known, x) for x in tree.where) else (known, *tree.where)
        query = l.Query(from_items=tree.items, where=where, targets=(target,), order_by=(key,))
        ledger = WATCHED.get()
        if ledger is not None:
            ledger.begin()
        sub, relation = sub_level(query)
        if ledger is not None:
            ledger.end()
        path = _ordered(relation, sub.sort_keys)
        if path is not None:
            fraction = 1.0 / relation.cheapest_total.rows if relation.cheapest_total is not None and relation.cheapest_total.rows > 1.0 else 1.0
            cost = path.startup + fraction * (path.total - path.startup)
            return Extreme(call, sub, path, cost, level.statement.new_parameter())
    return None


def _ordered(relation: Relation, keys: Keys) -> Path | None:
    """The path in the wanted order that gives its first row at the least cost."""
    total = relation.cheapest_total
    share = 1.0 / total.rows if total is not None and total.rows > 1.0 else 1.0
    best: Path | None = None
    for path in relation.paths:
        if path.keys[: len(keys)] != keys or path.outer:
            continue
        if best is None or fractional(path, share) < fractional(best, share):
            best = path
    return best


def extremes_path(level: Level, relation: Relation, target: Target, found: list[Extreme]) -> MinMaxPath:
    """The path that only hands on what the index ends gave (create_minmaxagg_path)."""
    path = MinMaxPath(relation, target)
    path.extremes = found
    path.quals = list(level.query.having)
    path.rows = 1.0
    first = sum(x.cost for x in found)
    path.startup = first + target.startup
    path.total = first + target.startup + target.per_tuple + level.costs.tuple
    return path
