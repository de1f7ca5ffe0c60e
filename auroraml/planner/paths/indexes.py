"""Index, index-only and bitmap paths of a table (indxpath.c)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.ir import expr as e
from auroraml.planner.level.classes import column_implied, sort_class
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.implication import implied
from auroraml.planner.level.level import Level
from auroraml.planner.level.pathkeys import Keys, PathKey, has_useful, pathkey, redundant, truncate_useless
from auroraml.planner.level.questions import equal, ids_in, strip
from auroraml.planner.level.relation import IndexChoice, Relation
from auroraml.planner.paths.bitmaps import bitmap_heap, choose_and, heap_pages, of_index, or_of, outer_of
from auroraml.planner.paths.dominance import add_partial_path, add_path, compare_bits
from auroraml.planner.paths.index_costs import IndexPrice
from auroraml.planner.paths.index_match import IndexClause, match_clause
from auroraml.planner.paths.parallel import workers_for
from auroraml.planner.paths.path import BitmapTree, IndexPath
from auroraml.planner.paths.sizes import movable_to, parameterization
from auroraml.planner.rules.placeholder import PlaceHolder
from auroraml.types.table import BOOL

ClauseSet = list[list[IndexClause]]  # by key position


def index_paths(level: Level, relation: Relation) -> None:
    """All index and bitmap paths (create_index_paths)."""
    if not relation.indexes:
        return
    bitmaps: list[BitmapTree] = []
    join_bitmaps: list[BitmapTree] = []
    join_ors: list[Clause] = []
    for index in relation.indexes:
        if index.usable:
            _Search(level, relation, index, bitmaps, join_bitmaps).run(join_ors)
    bitmaps += _or_bitmaps(level, relation, relation.clauses, [])
    unique_ors = list({id(c): c for c in join_ors}.values())
    join_bitmaps += _or_bitmaps(level, relation, unique_ors, relation.clauses)

    def loops(outer: int) -> float:
        return loop_count(level, relation, outer)

    if bitmaps:
        tree = choose_and(level, relation, bitmaps, loops)
        add_path(relation, bitmap_heap(level, relation, tree, 0, 1.0))
        if relation.consider_parallel and not relation.lateral:
            workers = workers_for(level, relation, heap_pages(level, relation, tree), -1.0)
            if workers > 0:
                add_partial_path(relation, bitmap_heap(level, relation, tree, 0, 1.0, workers))
    outers: list[int] = []
    for tree in join_bitmaps:
        if outer_of(tree) not in outers:
            outers.append(outer_of(tree))
    for most in outers:
        fitting = [t for t in join_bitmaps if not outer_of(t) & ~most] + bitmaps
        tree = choose_and(level, relation, fitting, loops)
        outer = outer_of(tree)
        add_path(relation, bitmap_heap(level, relation, tree, outer, loops(outer)))


def loop_count(level: Level, relation: Relation, outer: int) -> float:
    """How often a scan parameterised by `outer` is likely to run (get_loop_count)."""
    if not outer:
        return 1.0
    result = 0.0
    for other in level.relations_in(outer):
        rows = other.rows
        if rows <= 0:
            continue
        for special in level.special_joins:
            if special.kind == "semi" and special.syn_left & relation.bits and special.syn_right & other.bits:
                raw = 1.0
                for inner in level.relations_in(special.syn_right):
                    raw *= inner.rows
                rows = min(rows, level.estimates.groups(special.semi_exprs, raw))
        if result == 0.0 or result > rows:
            result = rows
    return result if result > 0.0 else 1.0


class _Search:
    """The paths of one index."""

    def __init__(self, level: Level, relation: Relation, index: IndexChoice, bitmaps: list[BitmapTree], join_bitmaps: list[BitmapTree]) -> None:
        self.level = level
        self.relation = relation
        self.index = index
        self.bitmaps = bitmaps
        self.join_bitmaps = join_bitmaps
        self.restrictions: ClauseSet = self._empty()
        self.considered: list[int] = []

    def _empty(self) -> ClauseSet:
        return [[] for _ in self.index.columns]

    def run(self, join_ors: list[Clause]) -> None:
        """Restrictions alone, then with join clauses."""
        level, relation = self.level, self.relation
        for clause in self.index.restrictions:
            self._match(clause, self.restrictions)
        self._paths(self.restrictions, self.bitmaps)
        joins = self._empty()
        for clause in relation.join_clauses:
            if not movable_to(clause, relation):
                continue
            if clause.or_arms is not None:
                join_ors.append(clause)
            else:
                self._match(clause, joins)
        derived = self._empty()
        if relation.has_class_joins:
            for column in self.index.columns:
                for clause in column_implied(level, column, relation.bits, relation.lateral_referencers):
                    self._match(clause, derived)
        if any(joins) or any(derived):
            count = 0
            for position in range(len(self.index.columns)):
                count += len(joins[position]) + len(derived[position])
                self._outer_sets(joins[position], joins, derived, count)
                self._outer_sets(derived[position], joins, derived, count)

    def _match(self, clause: Clause, into: ClauseSet) -> None:
        if clause.pseudoconstant or any(clause is known.clause for conditions in into for known in conditions):
            return
        for position in range(len(self.index.columns)):
            found = match_clause(self.level, self.index, position, clause)
            if found is not None:
                into[position].append(found)
                return

    def _outer_sets(self, clauses: list[IndexClause], joins: ClauseSet, derived: ClauseSet, count: int) -> None:
        """consider_index_join_outer_rels."""
        for item in clauses:
            clause = item.clause
            if clause.bits in self.considered:
                continue
            for old in list(self.considered):
                if compare_bits(clause.bits, old) != 3:
                    continue
                if clause.from_class is not None and any(
                    c.clause.from_class is clause.from_class and not c.clause.bits & ~old for c in clauses
                ):  # fmt: skip
                    continue
                if len(self.considered) >= 10 * count:
                    break
                self._with(clause.bits | old, joins, derived)
            self._with(clause.bits, joins, derived)

    def _with(self, bits: int, joins: ClauseSet, derived: ClauseSet) -> None:
        """get_join_index_paths."""
        if bits in self.considered:
            return
        clauses = self._empty()
        for position in range(len(self.index.columns)):
            clauses[position] += [c for c in joins[position] if not c.clause.bits & ~bits]
            first = next((c for c in derived[position] if not c.clause.bits & ~bits), None)
            if first is not None:
                clauses[position].append(first)
            clauses[position] += self.restrictions[position]
        self.considered.append(bits)
        self._paths(clauses, self.join_bitmaps)

    def _paths(self, clauses: ClauseSet, bitmaps: list[BitmapTree]) -> None:
        """get_index_paths."""
        useful = self.index.predicate_holds
        paths, lower, foreign = build_paths(self.level, self.relation, self.index, clauses, useful, False, True)
        if lower:
            paths += build_paths(self.level, self.relation, self.index, clauses, useful, False, False)[0]
        for path in paths:
            if path.workers > 0:
                add_partial_path(self.relation, path)
                continue
            add_path(self.relation, path)
            if not path.keys or path.selectivity < 1.0:
                bitmaps.append(of_index(self.level, path))
        if foreign:  # arrays that the index cannot look up by itself
            bitmaps += [of_index(self.level, path) for path in build_paths(self.level, self.relation, self.index, clauses, useful, True, False)[0]]


def build_paths(
    level: Level, relation: Relation, index: IndexChoice, clauses: ClauseSet, useful_predicate: bool, bitmap: bool, skip_lower_arrays: bool
) -> tuple[list[IndexPath], bool, bool]:
    """Forward and backward scans with these clauses; and whether array conditions were left out: of later columns, or of a hash index (build_index_paths)."""
    chosen: list[IndexClause] = []
    skipped = foreign = lower_array = False
    outer = relation.lateral
    for position, conditions in enumerate(clauses):
        for item in conditions:
            if isinstance(item.clause.expr, e.ArrayOp):
                if not index.ordered and not bitmap:
                    foreign = True
                    continue
                if position > 0:
                    if skip_lower_arrays:
                        skipped = True
                        continue
                    lower_array = True
            chosen.append(item)
            outer |= item.clause.bits
    if not chosen and not index.ordered:
        return [], skipped, foreign
    outer &= ~relation.bits
    loops = loop_count(level, relation, outer)
    ordered = not bitmap and not lower_array and index.ordered and has_useful(level, relation)
    keys, backward_keys = _useful_keys(level, relation, index) if ordered else ((), ())
    only = not bitmap and _covers(level, relation, index)
    found: list[IndexPath] = []
    shared = relation.consider_parallel and not outer and not bitmap and index.ordered

    orders: list[tuple[Keys, bool]] = []
    if chosen or keys or useful_predicate or only:
        orders.append((keys, False))
    if backward_keys:
        orders.append((backward_keys, True))
    price: IndexPrice | None = None
    workers = 0
    for wanted, backward in orders:
        path = _path(level, relation, index, chosen, wanted, backward, only, outer)
        if price is None:
            price = IndexPrice(level, relation, path, loops)
            workers = price.workers(only) if shared else 0
        price.put(path)
        found.append(path)
        if workers > 0:
            path = _path(level, relation, index, chosen, wanted, backward, only, outer)
            path.workers, path.aware = workers, True
            price.put(path)
            found.append(path)
    return found, skipped, foreign


def _useful_keys(level: Level, relation: Relation, index: IndexChoice) -> tuple[Keys, Keys]:
    """As much of the index's order, and of the opposite one, as is of use; the same whatever the conditions."""
    if index.useful_keys is None:
        index.useful_keys = (
            truncate_useless(level, relation, index_keys(level, index, False)), truncate_useless(level, relation, index_keys(level, index, True))
        )  # fmt: skip
    return index.useful_keys


def index_keys(level: Level, index: IndexChoice, backward: bool) -> Keys:
    """The order an index gives, as far as anything asks for it (build_index_pathkeys)."""
    keys: list[PathKey] = []
    directions = index.index.directions
    for position, column in enumerate(index.columns):
        if index.families[position] < 0:
            break
        cls = sort_class(level, column, 0, False, index.relation.bits)
        if cls is None:
            if column.type is BOOL and any(_is_boolean_key(c.expr, column) for c in index.relation.clauses):
                continue  # a constant by the restrictions: it does not disturb the order
            break
        descending, nulls_first = directions[position] if directions else (False, False)
        key = pathkey(level, cls, descending != backward, nulls_first != backward)
        if not redundant(key, keys):
            keys.append(key)
    return tuple(keys)


def _is_boolean_key(expr: e.Expr, column: e.Expr) -> bool:
    """Whether a restriction fixes a boolean key (indexcol_is_bool_constant_for_query)."""
    if isinstance(expr, e.Not) or (isinstance(expr, e.BooleanTest) and not expr.negated and expr.test != "unknown"):
        expr = expr.arg
    return equal(strip(expr), strip(column))


def _covers(level: Level, relation: Relation, index: IndexChoice) -> bool:
    """Whether the index holds every column that is read (check_index_only)."""
    if not level.costs.indexonlyscan or not index.ordered:
        return False
    if index.covering is None:
        index.covering = _holds(relation, index)
    return index.covering


def _holds(relation: Relation, index: IndexChoice) -> bool:
    held = {c.id for c in (*index.columns, *index.included) if isinstance(c, e.ColumnRef)}
    for expr in relation.target.exprs:  # of a UNION ALL's member, columns of other relations may be among them
        read = ids_in(expr.expr if isinstance(expr, PlaceHolder) else expr)
        if not read.intersection(relation.attribute_numbers) <= held:
            return False
    return all(ids_in(clause.expr).intersection(relation.attribute_numbers) <= held for clause in index.restrictions)


def _path(
    level: Level, relation: Relation, index: IndexChoice, clauses: Sequence[IndexClause], keys: Keys, backward: bool, only: bool, outer: int,
) -> IndexPath:  # fmt: skip
    """A path whose costs are not known yet."""
    path = IndexPath(relation, relation.target, keys, parameterization(level, relation, outer))
    path.index = index
    path.clauses = list(clauses)
    path.backward = backward
    path.index_only = only
    path.safe = relation.consider_parallel
    return path


def _or_bitmaps(level: Level, relation: Relation, clauses: Sequence[Clause], others: Sequence[Clause]) -> list[BitmapTree]:
    """A bitmap for each OR all of whose arms have one (generate_bitmap_or_paths)."""
    every = [*clauses, *others]
    found: list[BitmapTree] = []

    def loops(outer: int) -> float:
        return loop_count(level, relation, outer)

    for clause in clauses:
        if clause.or_arms is None:
            continue
        parts: list[BitmapTree] = []
        for arm in clause.or_arms:
            trees = _arm_paths(level, relation, arm, every)
            if len(arm) > 1:
                trees += _or_bitmaps(level, relation, arm, every)
            if not trees:
                parts = []
                break
            parts.append(choose_and(level, relation, trees, loops))
        if parts:
            found.append(or_of(level, parts))
    return found


def _arm_paths(level: Level, relation: Relation, arm: Sequence[Clause], others: Sequence[Clause]) -> list[BitmapTree]:
    """Index paths that use at least one clause of an OR's arm, or an index whose predicate the arm implies (build_paths_for_OR)."""
    found: list[BitmapTree] = []
    for index in relation.indexes:
        useful = False
        if index.predicate and not index.predicate_holds:
            given = [c.expr for c in others]
            if not implied(index.predicate, [*(c.expr for c in arm), *given], level.fold):
                continue
            useful = not implied(index.predicate, given, level.fold)
        search = _Search(level, relation, index, [], [])
        clauses: ClauseSet = [[] for _ in index.columns]
        for clause in arm:
            search._match(clause, clauses)
        if not any(clauses) and not useful:
            continue
        for clause in others:
            search._match(clause, clauses)
        found += [of_index(level, path) for path in build_paths(level, relation, index, clauses, useful, True, False)[0]]
    return found
