"""Parallel paths: which relations workers may scan, Gather and Gather Merge over partial paths (generate_useful_gather_paths)."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.cost.numbers import parallel_divisor
from auroraml.planner.cost.sorts import gather, gather_merge
from auroraml.planner.cost.workers import scan_workers
from auroraml.planner.level.classes import EquivalenceClass
from auroraml.planner.level.level import Level
from auroraml.planner.level.parallel_safety import is_safe
from auroraml.planner.level.pathkeys import Keys, common_prefix
from auroraml.planner.level.questions import equal, parts, returns_set
from auroraml.planner.level.relation import Relation, Target
from auroraml.planner.paths.dominance import add_path
from auroraml.planner.paths.path import GatherMergePath, GatherPath, Path
from auroraml.planner.paths.steps import incrementally_sorted, sorted_path
from auroraml.planner.rules.join_tree import AppendItem, NoTable


def consider(level: Level, relation: Relation) -> None:
    """Decide whether workers may scan a base relation (set_rel_consider_parallel)."""
    if not level.statement.parallel_ok:
        return
    item = relation.item
    assert item is not None
    if not _shared(level, item):
        return
    if not is_safe(level, [c.expr for c in relation.clauses]) or not is_safe(level, relation.target.exprs):
        return
    relation.consider_parallel = True


def _shared(level: Level, item: l.FromItem) -> bool:
    """Whether workers see what a FROM item names."""
    if isinstance(item, l.SampledItem) and not is_safe(level, item.arguments):
        return False
    if isinstance(item, l.TableItem):
        return item.relation.persistence != "t" and (item.relation.system is None or item.relation.kind == "r")
    if isinstance(item, l.SubqueryItem):
        return not limit_needed(item.query)
    if isinstance(item, l.FunctionItem):
        return is_safe(level, item.calls)
    if isinstance(item, l.ValuesItem):
        return is_safe(level, item.rows)
    return isinstance(item, (NoTable, AppendItem))


def limit_needed(plan: l.LogicalPlan) -> bool:
    """Whether a query has a LIMIT or OFFSET that leaves rows out."""
    if not isinstance(plan, (l.Query, l.SetOperation, l.Values)):
        return False
    count, offset = plan.limit, plan.offset
    if count is not None and not (isinstance(count, e.Const) and count.value is None):
        return True
    return offset is not None and not (isinstance(offset, e.Const) and (offset.value is None or offset.value == 0))


def workers_for(level: Level, relation: Relation, heap_pages: float, index_pages: float) -> int:
    """The workers a scan of so many pages gets (-1: pages not looked at)."""
    return scan_workers(level.costs, heap_pages, index_pages, relation.wanted_workers, relation.parent is not None)


def divisor_of(level: Level, path: Path) -> float:
    """How many processes' worth of work a partial path shares (get_parallel_divisor)."""
    return parallel_divisor(path.workers, level.costs.leader)


def gathered(level: Level, relation: Relation, source: Path, rows: float | None) -> GatherPath:
    """A Gather over a partial path (create_gather_path)."""
    made = GatherPath(relation, relation.target, source)
    made.rows = relation.rows if rows is None else rows
    made.startup, made.total = gather(level.costs, source.startup, source.total, made.rows)
    return made


def gather_merged(level: Level, relation: Relation, source: Path, rows: float | None, target: Target | None = None) -> GatherMergePath:
    """A Gather Merge over a sorted partial path (create_gather_merge_path)."""
    made = GatherMergePath(relation, relation.target if target is None else target, source, source.keys)
    made.rows = relation.rows if rows is None else rows
    made.startup, made.total = gather_merge(level.costs, made.planned, source.startup, source.total, made.rows)
    return made


def all_rows(source: Path) -> float:
    """The rows of all workers of a partial path, the leader left out as PostgreSQL does."""
    return source.rows * source.workers


def plain_gathers(level: Level, relation: Relation, override: bool) -> None:
    """A Gather of the cheapest partial path, a Gather Merge of each sorted one (generate_gather_paths)."""
    cheapest = relation.partial_paths[0]
    add_path(relation, gathered(level, relation, cheapest, all_rows(cheapest) if override else None))
    for source in relation.partial_paths:
        if source.keys:
            add_path(relation, gather_merged(level, relation, source, all_rows(source) if override else None))


def useful_gathers(level: Level, relation: Relation, override: bool = False) -> None:
    """Those, and Gather Merges over sorts in the query's order; `override` counts the workers' rows, not the relation's."""
    if not relation.partial_paths:
        return
    plain_gathers(level, relation, override)
    keys = _sortable_early(level, relation)
    if not keys:
        return
    cheapest = relation.partial_paths[0]
    rows: float | None = all_rows(cheapest) if override else None
    for source in relation.partial_paths:
        prefix = common_prefix(keys, source.keys)
        if prefix == len(keys):
            continue
        if source is cheapest:
            made = sorted_path(level, relation, source, keys, -1.0)
            rows = all_rows(made) if override else None
            add_path(relation, gather_merged(level, relation, made, rows))
        if level.costs.incremental_sort and prefix > 0:
            # PostgreSQL counts the rows of the path it looked at before
            add_path(relation, gather_merged(level, relation, incrementally_sorted(level, relation, source, keys, prefix, -1.0), rows))


def sorted_in_workers(level: Level, made: Relation, source: Relation, keys: Keys, limit: float) -> Iterator[Path]:
    """Gather Merges over the partial paths of `source` sorted in the order that was asked for (create_ordered_paths)."""
    cheapest = source.partial_paths[0]
    if common_prefix(keys, cheapest.keys) < len(keys):
        path = sorted_path(level, made, cheapest, keys, limit)
        yield gather_merged(level, made, path, all_rows(cheapest), path.target)
    if not level.costs.incremental_sort or len(keys) < 2:
        return
    for partial in source.partial_paths:
        prefix = common_prefix(keys, partial.keys)
        if 0 < prefix < len(keys):
            path = incrementally_sorted(level, made, partial, keys, prefix, limit)
            yield gather_merged(level, made, path, all_rows(partial), path.target)


def _sortable_early(level: Level, relation: Relation) -> Keys:
    """The leading keys of the query's order that workers can sort the relation by (get_useful_pathkeys_for_relation)."""
    n = 0
    for key in level.query_keys:
        if not _computable(level, relation, key.cls):
            break
        n += 1
    return level.query_keys[:n]


def _computable(level: Level, relation: Relation, cls: EquivalenceClass) -> bool:
    """Whether the relation's columns give a safe member of a class (relation_can_be_sorted_early)."""
    if cls.has_volatile:
        return False
    exprs = relation.target.exprs
    for expr in exprs:
        for member in cls.members:
            if not member.is_const and equal(member.expr, expr):
                if not returns_set(expr) and is_safe(level, expr):
                    return True
                break
    for member in cls.members:
        if member.is_const or not all(any(equal(x, known) for known in exprs) for x in _inputs(member.expr)):
            continue
        if is_safe(level, member.expr):
            return not returns_set(member.expr)
    return False


def _inputs(expr: e.Expr) -> list[e.Expr]:
    """The columns, aggregates and window calls that an expression is made of."""
    found: list[e.Expr] = []
    pending: list[object] = [expr]
    while pending:
        part = pending.pop()
        if isinstance(part, (e.ColumnRef, e.Aggregate, e.WindowCall)):
            found.append(part)
        else:
            pending += parts(part)
    return found
