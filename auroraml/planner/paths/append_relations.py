"""Sizes and paths of append relations: each member's own, then Appends and Merge Appends over them (set_append_rel_size, add_paths_to_append_rel)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.cost.numbers import rint
from auroraml.planner.estimate.estimator import InputColumn
from auroraml.planner.estimate.width import type_width
from auroraml.planner.level.append_relations import carry_over
from auroraml.planner.level.exclusion import excluded
from auroraml.planner.level.level import Level
from auroraml.planner.level.partial import check_index_predicates
from auroraml.planner.level.pathkeys import Keys, has_useful
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.append import append, flattened, merge_append, workers_of
from auroraml.planner.paths.dominance import add_partial_path, add_path, cheapest_for_keys, cheapest_safe, compare_costs, set_cheapest
from auroraml.planner.paths.parallel import consider, useful_gathers
from auroraml.planner.paths.path import Path
from auroraml.planner.paths.reparameterize import reparameterized
from auroraml.planner.paths.sampling import sample_size
from auroraml.planner.paths.scans import base_paths, is_dummy, make_dummy
from auroraml.planner.paths.sizes import set_size
from auroraml.planner.paths.subqueries import plan_subquery
from auroraml.planner.rules.join_tree import AppendItem


def set_relation_size(level: Level, relation: Relation) -> None:
    """Rows and width of a base relation of any kind (set_rel_size); subqueries are planned for it."""
    if level.statement.parallel_ok and (relation.parent is None or relation.parent.consider_parallel):
        consider(level, relation)
    relation.excluded = (relation.parent is not None or not level.bare) and excluded(level, relation)
    if isinstance(relation.item, AppendItem):
        _append_size(level, relation)
        return
    if isinstance(relation.item, l.SubqueryItem) and not relation.excluded:
        plan_subquery(level, relation, relation.item)
    check_index_predicates(level, relation)
    if isinstance(relation.item, l.SampledItem):
        relation.pages, relation.tuples = sample_size(level, relation, relation.item)
        level.estimates.inputs[relation.index].tuples = relation.tuples
    set_size(level, relation)


def set_relation_paths(level: Level, relation: Relation) -> None:
    """All paths of a base relation of any kind (set_rel_pathlist)."""
    if not isinstance(relation.item, AppendItem):
        base_paths(level, relation)
        return
    if relation.excluded:
        make_dummy(relation)
        return
    for child in relation.children:
        set_relation_paths(level, child)
    live = [child for child in relation.children if not is_dummy(child)]
    if not live:
        make_dummy(relation)
        return
    append_paths(level, relation, live)
    if relation.partial_paths and relation.parent is None and relation.bits != level.all_bits:
        useful_gathers(level, relation)
    set_cheapest(relation)


def _empty(relation: Relation) -> bool:
    """Whether a sized relation is known to have no rows."""
    if isinstance(relation.item, AppendItem):
        return all(_empty(child) for child in relation.children)
    sub = relation.sub
    return relation.excluded or (sub is not None and sub.final is not None and is_dummy(sub.final))


def _append_size(level: Level, relation: Relation) -> None:
    """The sum of the members' rows, their average widths (set_append_rel_size)."""
    ordered = has_useful(level, relation)
    rows = size = 0.0
    widths = [0.0] * len(relation.target.exprs)
    for child in relation.children:
        carry_over(level, relation, child, ordered)
        set_relation_size(level, child)
        if _empty(child):
            continue
        relation.consider_parallel &= child.consider_parallel
        if child.rows > 0:
            rows += child.rows
            size += child.target.width * child.rows
            for i, expr in enumerate(child.target.exprs):
                own = isinstance(expr, e.ColumnRef) and level.owner[expr.id] == child.index  # else the type's width counts
                width = child.widths.get(expr.id, 0) if own and isinstance(expr, e.ColumnRef) else 0
                widths[i] += (width or type_width(expr.type, expr.typmod)) * child.rows
    given = level.estimates.inputs[relation.index]
    assert relation.item is not None
    for output in relation.item.outputs:
        level.estimates.columns[output.id] = InputColumn(input=given)
    level.estimates.finish(relation.target)
    if rows > 0:
        relation.target.width = int(rint(size / rows))
        for expr, total in zip(relation.target.exprs, widths, strict=True):
            relation.widths[expr.id] = int(rint(total / rows))  # type: ignore[attr-defined] # columns
    elif all(_empty(child) for child in relation.children):
        relation.target.width = 0
        relation.widths = dict.fromkeys((expr.id for expr in relation.target.exprs), 0)  # type: ignore[attr-defined] # columns
    given.tuples = given.rows = relation.rows = relation.tuples = rows


def append_paths(level: Level, relation: Relation, live: Sequence[Relation]) -> None:
    """Appends of the cheapest paths, shared among workers, merged in each order, and given outer rows (add_paths_to_append_rel)."""
    whole: list[Path] | None = []
    partial: list[Path] | None = []
    mixed: tuple[list[Path], list[Path]] | None = ([], []) if level.costs.parallel_append and relation.consider_parallel else None
    orders: list[Keys] = []
    outers: list[int] = []
    for child in live:
        best = child.cheapest_total
        if best is None or best.param is not None:
            whole = None
        elif whole is not None:
            whole += flattened(best)
        cheapest = child.partial_paths[0] if child.partial_paths else None
        if cheapest is None:
            partial = None
        elif partial is not None:
            partial += flattened(cheapest)
        if mixed is not None:
            mixed = _mixed(child, cheapest, mixed)
        for path in child.paths:
            if path.keys and path.keys not in orders:
                orders.append(path.keys)
            if path.outer and path.outer not in outers:
                outers.append(path.outer)
    if whole is not None:
        add_path(relation, append(level, relation, whole))
    rows = -1.0
    if partial:
        made = append(level, relation, (), partial, workers_of(level, partial, len(live)), level.costs.parallel_append)
        rows = made.rows
        add_partial_path(relation, made)
    if mixed is not None and mixed[0]:
        add_partial_path(relation, append(level, relation, mixed[0], mixed[1], workers_of(level, mixed[1], len(live)), True, rows))
    if whole is not None:
        for keys in orders:
            _merged(level, relation, live, keys)
    for outer in outers:
        _given(level, relation, live, outer)
    if len(live) == 1:
        for path in live[0].partial_paths[1:]:
            if path.keys:
                add_partial_path(relation, append(level, relation, (), [path], path.workers, True, rows))


def _mixed(child: Relation, cheapest: Path | None, mixed: tuple[list[Path], list[Path]]) -> tuple[list[Path], list[Path]] | None:
    """One more member for a Parallel Append of whole paths and partial ones."""
    safe = cheapest_safe(child.paths)
    if cheapest is None and safe is None:
        return None
    if safe is None or (cheapest is not None and cheapest.total < safe.total):
        assert cheapest is not None
        mixed[1].extend(flattened(cheapest))
    else:
        mixed[0].extend(flattened(safe))
    return mixed


def _merged(level: Level, relation: Relation, live: Sequence[Relation], keys: Keys) -> None:
    """Merge Appends in one order, of the paths quickest to start and of the cheapest (generate_orderedappend_paths)."""
    first: list[Path] = []
    total: list[Path] = []
    differ = False
    for child in live:
        quick, cheap = (cheapest_for_keys(child.paths, keys, 0, by_total) for by_total in (False, True))
        if quick is None or cheap is None:
            quick = cheap = child.cheapest_total
            assert quick is not None and cheap is not None
        differ |= quick is not cheap
        first += flattened(quick)
        total += flattened(cheap)
    add_path(relation, merge_append(level, relation, first, keys))
    if differ:
        add_path(relation, merge_append(level, relation, total, keys))


def _given(level: Level, relation: Relation, live: Sequence[Relation], outer: int) -> None:
    """An Append whose members all read the same outer rows."""
    parts: list[Path] = []
    for child in live:
        path = _parameterized(level, child, outer)
        if path is None:
            return
        parts += flattened(path)
    add_path(relation, append(level, relation, parts, outer=outer))


def _parameterized(level: Level, child: Relation, outer: int) -> Path | None:
    """The member's cheapest path that reads those outer rows, or could (get_cheapest_parameterized_child_path)."""
    best = cheapest_for_keys(child.paths, (), outer, True)
    if best is None or best.outer == outer:
        return best
    best = None
    for path in child.paths:
        if path.outer & ~outer or (best is not None and compare_costs(best, path, True) <= 0):
            continue
        if path.outer != outer:
            made = reparameterized(level, path, outer)
            if made is None or (best is not None and compare_costs(best, made, True) <= 0):
                continue
            path = made
        best = path
    return best
