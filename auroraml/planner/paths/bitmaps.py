"""Bitmaps: their costs, the choice of what to AND, the heap scan over them (choose_bitmap_and, cost_bitmap_heap_scan)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auroraml.ir import expr as e
from auroraml.planner.cost import scans as cost
from auroraml.planner.level.implication import implied
from auroraml.planner.level.level import Level
from auroraml.planner.level.questions import equal
from auroraml.planner.level.relation import Parameterization, Relation
from auroraml.planner.paths.path import BitmapPath, BitmapTree, IndexPath
from auroraml.planner.paths.sizes import parameterization

LoopCount = Callable[[int], float]


def of_index(level: Level, path: IndexPath) -> BitmapTree:
    """One index's bitmap (cost_bitmap_tree_node)."""
    made = BitmapTree("index", [], path, path.index_total + 0.1 * level.costs.operator * path.rows, path.selectivity)
    made.rows = path.rows
    return made


def and_of(level: Level, parts: list[BitmapTree]) -> BitmapTree:
    """The intersection of bitmaps (cost_bitmap_and_node)."""
    total = 0.0
    share = 1.0
    for i, part in enumerate(parts):
        share *= part.selectivity
        total += part.cost
        if i:
            total += 100.0 * level.costs.operator
    return BitmapTree("and", parts, None, total, share)


def or_of(level: Level, parts: list[BitmapTree]) -> BitmapTree:
    """The union of bitmaps (cost_bitmap_or_node)."""
    total = 0.0
    share = 0.0
    for i, part in enumerate(parts):
        share += part.selectivity
        total += part.cost
        if i and part.kind != "index":
            total += 100.0 * level.costs.operator
    return BitmapTree("or", parts, None, total, min(share, 1.0))


def outer_of(tree: BitmapTree) -> int:
    """The relations whose rows the conditions read (get_bitmap_tree_required_outer)."""
    if tree.index_path is not None:
        return tree.index_path.outer
    bits = 0
    for part in tree.parts:
        bits |= outer_of(part)
    return bits


def _index_pages(tree: BitmapTree) -> float:
    if tree.index_path is not None:
        return tree.index_path.index.pages
    return sum(_index_pages(part) for part in tree.parts)


def heap_pages(level: Level, relation: Relation, tree: BitmapTree) -> float:
    """The heap pages that one scan of a bitmap reads."""
    return cost.bitmap_pages(level.costs, relation.tuples, relation.pages, _index_pages(tree), level.total_table_pages, tree.selectivity, 1.0)[0]


def bitmap_heap(level: Level, relation: Relation, tree: BitmapTree, outer: int, loops: float, workers: int = 0) -> BitmapPath:
    """The heap scan of a bitmap."""
    param = parameterization(level, relation, outer | relation.lateral)
    path = BitmapPath(relation, relation.target, (), param)
    path.tree = tree
    path.safe = relation.consider_parallel
    path.workers = workers
    path.aware = workers > 0
    _charge(level, relation, path, param, loops)
    return path


def _charge(level: Level, relation: Relation, path: BitmapPath, param: Parameterization | None, loops: float) -> None:
    tree = path.tree
    startup, per_tuple = relation.base_cost_startup, relation.base_cost_per_tuple
    if param is not None:
        a, b = level.estimates.clauses_cost(param.clauses)
        startup, per_tuple = startup + a, per_tuple + b
    rows = relation.rows if param is None else param.rows
    pages, tuples = cost.bitmap_pages(
        level.costs, relation.tuples, relation.pages, _index_pages(tree), level.total_table_pages, tree.selectivity, loops
    )
    target = relation.target
    path.startup, path.total, path.rows = cost.bitmap_heap_scan(
        level.costs, pages=relation.pages, pages_fetched=pages, tuples_fetched=tuples, index_total=tree.cost, qual_startup=startup,
        qual_per_tuple=per_tuple, target_startup=target.startup, target_per_tuple=target.per_tuple, rows=rows, workers=path.workers,
    )  # fmt: skip


class _Use:
    """A bitmap with what it tests: the clauses its indexes look up, the predicates of partial indexes, both as numbers (PathClauseUsage)."""

    __slots__ = ("ids", "predicates", "quals", "tree")

    def __init__(self, tree: BitmapTree, known: list[e.Expr]) -> None:
        self.tree = tree
        self.quals: list[e.Expr] = []
        self.predicates: list[e.Expr] = []
        self._add(tree)
        self.ids = frozenset(_place(x, known) for x in (*self.quals, *self.predicates))

    def _add(self, tree: BitmapTree) -> None:
        if tree.index_path is not None:
            self.quals += [clause.clause.expr for clause in tree.index_path.clauses]
            self.predicates += tree.index_path.index.predicate
        for part in tree.parts:
            self._add(part)


def choose_and(level: Level, relation: Relation, trees: Sequence[BitmapTree], loop_count: LoopCount) -> BitmapTree:
    """The cheapest combination of bitmaps that do not test the same conditions (choose_bitmap_and)."""
    if len(trees) == 1:
        return trees[0]
    known: list[e.Expr] = []
    chosen: list[_Use] = []
    for tree in trees:
        use = _Use(tree, known)
        for i, other in enumerate(chosen):
            if use.ids == other.ids:
                if tree.cost < other.tree.cost:
                    chosen[i] = use
                break
        else:
            chosen.append(use)
    if len(chosen) == 1:
        return chosen[0].tree
    chosen.sort(key=lambda use: (use.tree.cost, use.tree.selectivity))
    best: list[BitmapTree] = []
    best_cost = 0.0
    for i, first in enumerate(chosen):
        parts = [first.tree]
        so_far = _total(level, relation, parts, loop_count)
        used = first.ids
        quals = [*first.quals, *first.predicates]
        for use in chosen[i + 1 :]:
            if use.ids & used or any(implied([x], quals, level.fold) for x in use.predicates):
                continue
            new = _total(level, relation, [*parts, use.tree], loop_count)
            if new < so_far:
                parts.append(use.tree)
                so_far = new
                used |= use.ids
                quals += [*use.quals, *use.predicates]
        if i == 0 or so_far < best_cost:
            best, best_cost = parts, so_far
    return best[0] if len(best) == 1 else and_of(level, best)


def _total(level: Level, relation: Relation, parts: list[BitmapTree], loop_count: LoopCount) -> float:
    made = parts[0] if len(parts) == 1 else and_of(level, parts)
    outer = outer_of(made)
    return bitmap_heap(level, relation, made, outer, loop_count(outer)).total


def _place(expr: e.Expr, known: list[e.Expr]) -> int:
    for i, other in enumerate(known):
        if equal(expr, other):
            return i
    known.append(expr)
    return len(known) - 1
