"""What an index path costs: the walk through the B-tree and the heap rows (btcostestimate, cost_index)."""

from __future__ import annotations

from auroraml.ir import expr as e
from auroraml.planner.cost import scans as cost
from auroraml.planner.cost.expressions import array_length
from auroraml.planner.cost.numbers import rint
from auroraml.planner.estimate.selectivity import clauselist_selectivity
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import family_of
from auroraml.planner.level.relation import IndexChoice, Relation
from auroraml.planner.paths.parallel import workers_for
from auroraml.planner.paths.path import IndexPath


def charge(level: Level, relation: Relation, path: IndexPath, loops: float, partial: bool = False) -> None:
    """Fill in the path's costs, rows and selectivity; of a `partial` path its workers too, 0 if it is not worth any."""
    index = path.index
    exprs = [condition for _, condition, _ in path.clauses]
    given = level.estimates.inputs.get(relation.index)
    share = clauselist_selectivity(exprs, level.estimates.estimator, given) if exprs else 1.0
    boundary, arrays = _boundary(level, relation, path)
    argument = 0.0
    for condition in exprs:
        if isinstance(condition, e.OpCall | e.ArrayOp):
            a, b = level.estimates.costs.of(condition.args[1])
            argument += a + b
    startup, total, pages = cost.btree_scan(
        level.costs, index.tuples, index.pages, index.height, share, boundary, arrays, loops, len(exprs), argument, level.total_table_pages
    )
    path.selectivity = share
    path.index_total = total
    left = rest_of(relation.clauses, path)
    if path.param is not None:
        left += rest_of(path.param.clauses, path)
    qual_startup, qual_per_tuple = level.estimates.clauses_cost(left)
    rows = relation.rows if path.param is None else path.param.rows
    target = relation.target
    if partial:
        heap = -1.0 if path.index_only else cost.heap_pages_at_random(
            level.costs, relation.tuples, relation.pages, index.pages, level.total_table_pages, share
        )  # fmt: skip
        path.workers = workers_for(level, relation, heap, pages)
        path.aware = path.workers > 0
        if not path.workers:
            return
    path.startup, path.total, path.rows = cost.index_scan(
        level.costs, tuples=relation.tuples, pages=relation.pages, index_pages=index.pages, total_table_pages=level.total_table_pages,
        all_visible=relation.all_visible, selectivity=share, correlation=_correlation(level, index), index_startup=startup, index_total=total,
        index_only=path.index_only, loop_count=loops, qual_startup=qual_startup, qual_per_tuple=qual_per_tuple, target_startup=target.startup,
        target_per_tuple=target.per_tuple, rows=rows, workers=path.workers,
    )  # fmt: skip


def rest_of(clauses: list[Clause], path: IndexPath) -> list[Clause]:
    """The conditions that the index does not test already (extract_nonindex_conditions)."""
    return [c for c in clauses if not c.pseudoconstant and not covered(c, path)]


def covered(clause: Clause, path: IndexPath) -> bool:
    """Whether an index condition says the same (is_redundant_with_indexclauses)."""
    return any(other is clause or (clause.from_class is not None and clause.from_class is other.from_class) for other, _, _ in path.clauses)


def _boundary(level: Level, relation: Relation, path: IndexPath) -> tuple[float, float]:
    """Index entries that one descent visits, and how many descents array conditions make."""
    index = path.index
    bounds: list[e.Expr] = []
    column = 0
    equality = array = null = False
    arrays = 1.0
    for _, condition, position in path.clauses:
        if position != column:
            if not equality:
                break
            equality = False
            column += 1
            if position != column:
                break
        if isinstance(condition, e.NullTest):
            if not condition.negated:
                null = equality = True
        elif isinstance(condition, e.OpCall | e.ArrayOp):
            if isinstance(condition, e.ArrayOp):
                array = True
                arrays *= max(array_length(condition.args[1]), 1)
            found = family_of(condition.operator)
            if found is not None and found[1] == 3:
                equality = True
        bounds.append(condition)
    every = 1.0
    for _, condition, _ in path.clauses:
        if isinstance(condition, e.ArrayOp):
            every *= max(array_length(condition.args[1]), 1)
    if index.unique and column == len(index.columns) - 1 and equality and not array and not null:
        return 1.0, every
    given = level.estimates.inputs.get(relation.index)
    share = clauselist_selectivity(bounds, level.estimates.estimator, given) if bounds else 1.0
    return rint(share * relation.tuples / arrays), every


def _correlation(level: Level, index: IndexChoice) -> float:
    """How well the index's order agrees with the table's."""
    known = level.estimates.columns.get(index.columns[0].id)
    if known is None or known.statistics is None or known.statistics.correlation is None:
        return 0.0
    found = float(known.statistics.correlation)
    return found * 0.75 if len(index.columns) > 1 else found
