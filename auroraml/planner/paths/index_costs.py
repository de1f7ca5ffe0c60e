"""What an index path costs: the walk through the B-tree and the heap rows (btcostestimate, cost_index)."""

from __future__ import annotations

from auroraml.ir import expr as e
from auroraml.planner.cost import scans as cost
from auroraml.planner.cost.expressions import array_length
from auroraml.planner.cost.numbers import rint
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.implication import implied
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import strategy_in
from auroraml.planner.level.relation import IndexChoice, Relation
from auroraml.planner.paths.index_match import EQUAL
from auroraml.planner.paths.parallel import workers_for
from auroraml.planner.paths.path import IndexPath


class IndexPrice:
    """The costs of scans of one index with the same conditions and outer rows: forward, backward, shared by workers."""

    __slots__ = ("correlation", "index", "level", "loops", "pages", "qual_per_tuple", "qual_startup", "relation", "share", "startup", "total")

    def __init__(self, level: Level, relation: Relation, path: IndexPath, loops: float) -> None:
        index = path.index
        self.level, self.relation, self.index, self.loops = level, relation, index, loops
        exprs = [condition for clause in path.clauses for condition in clause.exprs]
        self.share = _share(level, relation, path)
        argument = sum([_argument_cost(level, condition) for condition in exprs])
        arrays = 1.0
        for condition in exprs:
            if isinstance(condition, e.ArrayOp):
                arrays *= max(array_length(condition.args[1]), 1)
        given = cost.IndexWalk(
            tuples=index.tuples, pages=index.pages, height=index.height, array_scans=arrays, loop_count=loops, quals=len(exprs), argument=argument,
            table_pages=level.total_table_pages,
        )  # fmt: skip
        if index.ordered:
            self.startup, self.total, self.pages = cost.btree_scan(level.costs, given, _boundary(level, relation, path))
        else:
            self.startup, self.total, self.pages = cost.hash_scan(level.costs, given, self.share * relation.tuples)
        left = rest_of(index.restrictions, path)
        if path.param is not None:
            left += rest_of(path.param.clauses, path)
        self.qual_startup, self.qual_per_tuple = level.estimates.clauses_cost(left) if left else (0.0, 0.0)
        self.correlation = _correlation(level, index)

    def workers(self, only: bool) -> int:
        """The workers that a scan shared out gets, 0 if it is not worth any; `only`: of the index alone."""
        level, relation = self.level, self.relation
        heap = -1.0 if only else cost.heap_pages_at_random(
            level.costs, relation.tuples, relation.pages, self.index.pages, level.total_table_pages, self.share
        )  # fmt: skip
        return workers_for(level, relation, heap, self.pages)

    def put(self, path: IndexPath) -> None:
        """Fill in a path's costs, rows and selectivity; its workers are set."""
        level, relation, target = self.level, self.relation, self.relation.target
        path.selectivity = self.share
        path.index_total = self.total
        path.startup, path.total, path.rows = cost.index_scan(
            level.costs, tuples=relation.tuples, pages=relation.pages, index_pages=self.index.pages, total_table_pages=level.total_table_pages,
            all_visible=relation.all_visible, selectivity=self.share, correlation=self.correlation, index_startup=self.startup,
            index_total=self.total, index_only=path.index_only, loop_count=self.loops, qual_startup=self.qual_startup,
            qual_per_tuple=self.qual_per_tuple, target_startup=target.startup, target_per_tuple=target.per_tuple,
            rows=relation.rows if path.param is None else path.param.rows, workers=path.workers,
        )  # fmt: skip


def _share(level: Level, relation: Relation, path: IndexPath) -> float:
    """The part of the rows that the index conditions leave."""
    clauses = path.clauses
    if len(clauses) == 1 and not path.index.predicate:
        clause = clauses[0].clause
        if (
            len(clauses[0].exprs) == 1
            and clauses[0].exprs[0] is clause.expr
            and clause.bits == relation.bits
            and 0.0 <= clause.inner_selectivity <= 1.0
            and clause.or_arms is None
        ):
            return clause.inner_selectivity  # the relation's own restriction, as it was estimated already
    return _selectivity(level, relation, path.index, [x for c in clauses if c.clause.inner_selectivity <= 1.0 for x in c.exprs])


def rest_of(clauses: list[Clause], path: IndexPath) -> list[Clause]:
    """The conditions that the index does not test already (extract_nonindex_conditions)."""
    return [c for c in clauses if not c.pseudoconstant and not covered(c, path)]


def covered(clause: Clause, path: IndexPath) -> bool:
    """Whether an index condition says the same (is_redundant_with_indexclauses)."""
    return any(
        known.clause is clause or (clause.from_class is not None and clause.from_class is known.clause.from_class)
        for known in path.clauses if not known.lossy
    )  # fmt: skip


def _selectivity(level: Level, relation: Relation, index: IndexChoice, exprs: list[e.Expr]) -> float:
    """Of conditions, with what the index's predicate adds to them (add_predicate_to_index_quals)."""
    extra = [x for x in index.predicate if not implied([x], exprs, level.fold)] if index.predicate else []
    if not extra and not exprs:
        return 1.0
    return level.estimates.conditions([*extra, *exprs], relation, bare=bool(extra))


def _argument_cost(level: Level, condition: e.Expr) -> float:
    """Computing what a key is compared with (index_other_operands_eval_cost)."""
    if isinstance(condition, e.RowCompare):
        return sum(sum(level.estimates.costs.of(x)) for x in condition.right)
    if isinstance(condition, (e.OpCall, e.ArrayOp)):
        return sum(level.estimates.costs.of(condition.args[1]))
    return 0.0


def _boundary(level: Level, relation: Relation, path: IndexPath) -> float:
    """Index entries that one descent visits."""
    index = path.index
    bounds: list[e.Expr] = []
    column = 0
    equality = array = null = False
    arrays = 1.0
    for clause in path.clauses:
        if clause.position != column:
            if not equality:
                break
            equality = False
            column += 1
            if clause.position != column:
                break
        for condition in clause.exprs:
            if isinstance(condition, e.NullTest):
                if not condition.negated:
                    null = equality = True
            elif isinstance(condition, (e.OpCall, e.ArrayOp)):
                if isinstance(condition, e.ArrayOp):
                    array = True
                    arrays *= max(array_length(condition.args[1]), 1)
                if strategy_in(condition.operator.oid, index.families[column]) == EQUAL:
                    equality = True
            if clause.clause.inner_selectivity <= 1.0:  # others are known to say nothing new
                bounds.append(condition)
    if index.unique and column == len(index.columns) - 1 and equality and not array and not null:
        return 1.0
    return rint(_selectivity(level, relation, index, bounds) * relation.tuples / arrays)


def _correlation(level: Level, index: IndexChoice) -> float:
    """How well the index's order agrees with the table's: by the statistics of its first column, or of its own where that is an expression."""
    if not index.ordered or index.families[0] < 0:
        return 0.0
    first, facts = index.columns[0], index.relation.facts
    if isinstance(first, e.ColumnRef):
        known = level.estimates.columns.get(first.id)
        statistics = None if known is None else known.statistics
    else:
        stored = None if facts is None else facts.statistics.indexes.get(index.index.oid)
        statistics = None if stored is None else stored.expressions.get(1)
    if statistics is None or statistics.correlation is None:
        return 0.0
    found = float(statistics.correlation)
    return found * 0.75 if len(index.columns) > 1 else found
