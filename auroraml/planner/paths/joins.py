"""Join paths of a pair of relations: merge joins, nested loops, hash joins, in PostgreSQL's order (joinpath.c)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.cost.joins import hash_least
from auroraml.planner.cost.sorts import material
from auroraml.planner.level.clause import Clause, SpecialJoin
from auroraml.planner.level.level import Level
from auroraml.planner.level.pathkeys import (
    Keys,
    contained,
    inner_keys_for_merge,
    merge_clauses_for_outer,
    outer_keys_for_merge,
    trim_merge_clauses,
    truncate_useless,
    update_classes,
)
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.dominance import (
    add_partial_path,
    add_path,
    cheapest_for_keys,
    cheapest_safe,
    compare_costs,
    partial_precheck,
    precheck,
)
from auroraml.planner.paths.join_costs import final_hash, final_merge, initial_hash, initial_merge, sorted_costs
from auroraml.planner.paths.join_parameters import other_parameters
from auroraml.planner.paths.nest_loops import Inner, inner_side, loops, try_nests, worthwhile
from auroraml.planner.paths.path import HashPath, ItemPath, MaterialPath, MergePath, Path, SortPath
from auroraml.planner.paths.uniqueness import inner_unique, pushed_down, sides_match, unique_path

OUTER: Final = ("left", "right", "full", "anti")


class Pair:
    """An outer and an inner relation with what all their joins share (JoinPathExtraData)."""

    __slots__ = (
        "clauses",
        "inner",
        "inner_unique",
        "kind",
        "level",
        "match_count",
        "match_fraction",
        "merge_clauses",
        "merges",
        "ordered",
        "outer",
        "relation",
        "sources",
        "special",
    )  # fmt: skip

    def __init__(
        self, level: Level, relation: Relation, outer: Relation, inner: Relation, kind: str, special: SpecialJoin, clauses: Sequence[Clause]
    ) -> None:
        self.level = level
        self.relation = relation
        self.outer = outer
        self.inner = inner
        self.kind = kind
        self.special = special
        self.clauses = list(clauses)
        self.merge_clauses: list[Clause] = []
        self.inner_unique = False
        self.match_fraction = 0.0
        self.match_count = 1.0
        self.sources = 0
        self.merges: dict[Keys, tuple[list[Clause], Keys]] = {}
        self.ordered: bool | None = None

    def inner_ordered(self) -> bool:
        """Whether any path of the inner side has an order."""
        if self.ordered is None:
            self.ordered = any(path.keys and path.param is None for path in self.inner.paths)
        return self.ordered

    def merging(self, keys: Keys) -> tuple[list[Clause], Keys]:
        """The merge clauses that fit an outer order, and the inner order they need."""
        found = self.merges.get(keys)
        if found is None:
            clauses = merge_clauses_for_outer(keys, self.merge_clauses)
            found = self.merges[keys] = (clauses, inner_keys_for_merge(self.level, clauses, keys))
        return found


def add_join_paths(
    level: Level, relation: Relation, outer: Relation, inner: Relation, kind: str, special: SpecialJoin, clauses: Sequence[Clause]
) -> None:
    """All joins of `outer` with `inner` (add_paths_to_joinrel)."""
    pair = Pair(level, relation, outer, inner, kind, special, clauses)
    if kind == "unique inner":
        pair.inner_unique = not special.min_left & ~outer.bits
    elif kind not in ("semi", "anti"):
        proof = "inner" if kind == "unique outer" else kind
        pair.inner_unique = inner_unique(level, relation.bits, outer.bits, inner, proof, clauses)
    allowed = True
    if level.costs.mergejoin or kind == "full":
        allowed = _select_merge_clauses(pair)
    if kind in ("semi", "anti") or pair.inner_unique:
        _match_factors(pair)
    for other in level.special_joins:
        if other.min_right & relation.bits and not other.min_left & relation.bits:
            pair.sources |= level.all_bits & ~other.min_right
        if other.kind == "full" and other.min_left & relation.bits and not other.min_right & relation.bits:
            pair.sources |= level.all_bits & ~other.min_left
    pair.sources |= relation.lateral
    if allowed:
        _sort_both(pair)
        _unsorted_outer(pair)
    if level.costs.hashjoin or kind == "full":
        _hash(pair)


def _select_merge_clauses(pair: Pair) -> bool:
    """The clauses a merge join can use; whether it may leave others aside (select_mergejoin_clauses)."""
    left_out = False
    outer_join = pair.kind in OUTER
    for clause in pair.clauses:
        if outer_join and pushed_down(clause, pair.relation.bits):
            continue
        if not clause.can_join or not clause.family:
            if not isinstance(clause.expr, e.Const):
                left_out = True
            continue
        if not sides_match(clause, pair.outer.bits, pair.inner.bits):
            left_out = True
            continue
        update_classes(clause)
        assert clause.left_class is not None and clause.right_class is not None
        if any(cls.has_const and not cls.below_outer_join for cls in (clause.left_class, clause.right_class)):
            left_out = True
            continue
        pair.merge_clauses.append(clause)
    return not left_out if pair.kind in ("right", "full") else True


def _match_factors(pair: Pair) -> None:
    """compute_semi_anti_join_factors; the fraction follows the special join's own kind, as PostgreSQL's does."""
    estimates = pair.level.estimates
    clauses = [c for c in pair.clauses if not pushed_down(c, pair.relation.bits)] if pair.kind in OUTER else pair.clauses
    matched = estimates.join_list(clauses, "anti" if pair.kind == "anti" else "semi", pair.special)
    plain = SpecialJoin("inner", pair.outer.bits, pair.inner.bits, pair.outer.bits, pair.inner.bits)
    whole = estimates.join_list(clauses, "inner", plain)
    pair.match_fraction = matched
    pair.match_count = max(1.0, whole * pair.inner.rows / matched) if matched > 0 else 1.0


def _reads(path: Path | None, relation: Relation) -> bool:
    """Whether a path needs rows of the relation (PATH_PARAM_BY_REL)."""
    return path is not None and bool(path.outer & relation.bits)


def _join_keys(pair: Pair, kind: str, keys: Keys) -> Keys:
    """The order a join keeps (build_join_pathkeys)."""
    if not keys or kind == "full" or kind == "right":
        return ()
    relation = pair.relation
    found = relation.useful_keys.get(keys)
    if found is None:
        found = relation.useful_keys[keys] = truncate_useless(pair.level, relation, keys)
    return found


def partial_outer(pair: Pair) -> bool:
    """Whether workers can share the outer side: its rows must not be told apart as a whole, as they are for missing matches."""
    return (
        pair.relation.consider_parallel and pair.kind not in ("unique outer", "full", "right") and bool(pair.outer.partial_paths)
        and not pair.relation.lateral
    )  # fmt: skip


def _safe_inner(pair: Pair, inner: Path | None) -> Path | None:
    """The inner path for workers: the cheapest if it is safe, else the cheapest safe one."""
    if inner is not None and inner.safe:
        return inner
    return None if pair.kind == "unique inner" else cheapest_safe(pair.inner.paths)


def _sort_both(pair: Pair) -> None:
    """Merge joins of the cheapest paths, both sorted (sort_inner_and_outer)."""
    if not pair.merge_clauses:
        return
    level, kind = pair.level, pair.kind
    outer, inner = pair.outer.cheapest_total, pair.inner.cheapest_total
    if outer is None or inner is None or _reads(outer, pair.inner) or _reads(inner, pair.outer):
        return
    if kind == "unique outer":
        outer, kind = unique_path(level, pair.outer, outer, pair.special), "inner"
    elif kind == "unique inner":
        inner, kind = unique_path(level, pair.inner, inner, pair.special), "inner"
    assert outer is not None and inner is not None
    shared = pair.outer.partial_paths[0] if partial_outer(pair) else None
    safe = _safe_inner(pair, inner) if shared is not None else None
    every = outer_keys_for_merge(level, pair.merge_clauses, pair.relation)
    for i, front in enumerate(every):
        keys = every if i == 0 else (front, *(k for k in every if k is not front))
        join_keys = _join_keys(pair, kind, keys)
        if _sorting_pays(pair, outer, inner, keys, join_keys, False):
            clauses, inner_keys = pair.merging(keys)
            _try_merge(pair, kind, outer, inner, join_keys, clauses, keys, inner_keys)
        if shared is not None and safe is not None and _sorting_pays(pair, shared, safe, keys, join_keys, True):
            clauses, inner_keys = pair.merging(keys)
            _try_merge(pair, kind, shared, safe, join_keys, clauses, keys, inner_keys, partial=True)


def _sorting_pays(pair: Pair, outer: Path, inner: Path, keys: Keys, join_keys: Keys, partial: bool) -> bool:
    """Whether a merge join might be kept that costs no more than to sort what is not sorted."""
    least = outer.startup if contained(keys, outer.keys) else sorted_costs(pair.level, outer)[0]
    least += inner.startup if inner.keys else sorted_costs(pair.level, inner)[0]
    return _promising(pair, least, least, join_keys, outer.outer | inner.outer, partial)


def _try_merge(
    pair: Pair, kind: str, outer: Path, inner: Path, keys: Keys, clauses: list[Clause], outer_sort: Keys | None, inner_sort: Keys | None,
    partial: bool = False,
) -> None:  # fmt: skip
    """Keep a merge join if it is good enough (try_mergejoin_path, try_partial_mergejoin_path)."""
    required = outer.outer | inner.outer
    if required and (partial or not required & pair.sources):
        return
    if outer_sort is not None and contained(outer_sort, outer.keys):
        outer_sort = None
    if inner_sort is not None and contained(inner_sort, inner.keys):
        inner_sort = None
    if inner_sort is not None:  # what sorting costs is often too much by itself
        least = (outer.startup if outer_sort is None else sorted_costs(pair.level, outer)[0]) + sorted_costs(pair.level, inner)[0]
        if not _promising(pair, least, least, keys, required, partial):
            return
    work = initial_merge(pair, kind, clauses, outer, inner, outer_sort, inner_sort)
    if not _promising(pair, work.startup, work.total, keys, required, partial):
        return
    param, restrictions = other_parameters(pair, outer, inner, required)
    path = MergePath(pair.relation, kind, outer, inner, restrictions, keys, param)
    path.merge_clauses = clauses
    path.outer_sort = outer_sort
    path.inner_sort = inner_sort
    path.inner_unique = pair.inner_unique
    final_merge(pair, path, work)
    _keep(pair, path, partial)


def _promising(pair: Pair, startup: float, total: float, keys: Keys, required: int, partial: bool) -> bool:
    if partial:
        return partial_precheck(pair.relation, total, keys)
    return precheck(pair.relation, startup, total, keys, required)


def _keep(pair: Pair, path: Path, partial: bool) -> None:
    if partial:
        add_partial_path(pair.relation, path)
    else:
        add_path(pair.relation, path)


def keeps_rows(path: Path) -> bool:
    """Whether a path keeps its rows anyway (ExecMaterializesOutput)."""
    if isinstance(path, ItemPath):
        return isinstance(path.relation.item, (l.FunctionItem, l.CteItem))
    return isinstance(path, MaterialPath) or type(path) is SortPath


def materialized(level: Level, source: Path) -> MaterialPath:
    """A Materialize over a path (create_material_path)."""
    path = MaterialPath(source.relation, source.target, source, source.keys)
    path.startup, path.total = material(level.costs, source.startup, source.total, source.rows, source.target.width)
    return path


def _unsorted_outer(pair: Pair) -> None:
    """Nested loops and merge joins that take the outer side as it comes (match_unsorted_outer)."""
    level, kind = pair.level, pair.kind
    unique_outer, unique_inner = kind == "unique outer", kind == "unique inner"
    nest = kind not in ("right", "full")
    use_all = not nest
    if unique_outer or unique_inner:
        kind = "inner"
    inner_total = pair.inner.cheapest_total
    if _reads(inner_total, pair.outer):
        inner_total = None
    kept: Path | None = None
    if unique_inner:
        if inner_total is None:
            return
        inner_total = unique_path(level, pair.inner, inner_total, pair.special)
        assert inner_total is not None
    elif nest and level.costs.material and inner_total is not None and not keeps_rows(inner_total):
        kept = materialized(level, inner_total)
    sides: list[Inner] = []
    if unique_inner:
        assert inner_total is not None
        sides = [Inner(pair, inner_total, None)]
    elif nest:
        sides = [inner_side(pair, kind, path) for path in pair.inner.cheapest_parameterized if _may_give(pair, path)]
    last = None if kept is None else Inner(pair, kept, None)
    outside = any(side.needs & ~pair.outer.bits for side in sides)
    foreign = outside or (inner_total is not None and inner_total.param is not None)
    inners: list[Inner] | None = None
    calls = 0.0
    for outer in list(pair.outer.paths):
        if outer.outer and (outer.outer & pair.inner.bits or not (foreign or outer.outer & pair.sources)):
            continue
        if unique_outer:
            if outer is not pair.outer.cheapest_total:
                continue
            made = unique_path(level, pair.outer, outer, pair.special)
            assert made is not None
            outer = made
        keys = _join_keys(pair, kind, outer.keys)
        if sides and (outside or worthwhile(pair.relation, outer, keys)):
            if inners is None or outer.rows != calls:
                calls = outer.rows
                inners = loops(pair, sides, last, calls)
            try_nests(pair, kind, outer, inners, keys)
        if unique_outer or inner_total is None or not (outer.keys or use_all):
            continue
        _merge_over(pair, kind, outer, inner_total, keys, use_all, unique_inner)
    if partial_outer(pair):
        _shared_outer(pair, kind, nest, inner_total)


def _may_give(pair: Pair, path: Path) -> bool:
    """Whether a nested loop with this inner path could pass: it is given rows of the outer side, or the join may be given rows itself."""
    return not path.outer or bool(path.outer & pair.outer.bits) or pair.sources != 0


def _shared_outer(pair: Pair, kind: str, nest: bool, inner_total: Path | None) -> None:
    """The same over the rows that each worker gets of the outer side (consider_parallel_nestloop, consider_parallel_mergejoin)."""
    unique_inner = pair.kind == "unique inner"
    if nest:
        sides: list[Inner] = []
        for path in pair.inner.cheapest_parameterized:
            if not path.safe or path.outer & ~pair.outer.bits or (unique_inner and path is not pair.inner.cheapest_total):
                continue
            made = unique_path(pair.level, pair.inner, path, pair.special) if unique_inner else path
            assert made is not None
            sides.append(inner_side(pair, kind, made))
        for outer in list(pair.outer.partial_paths):
            keys = _join_keys(pair, kind, outer.keys)
            if partial_precheck(pair.relation, outer.startup + (outer.total - outer.startup), keys):
                try_nests(pair, kind, outer, loops(pair, sides, None, outer.rows), keys, partial=True)
    inner_total = _safe_inner(pair, inner_total)
    if inner_total is None:
        return
    for outer in list(pair.outer.partial_paths):
        if outer.keys:
            _merge_over(pair, kind, outer, inner_total, _join_keys(pair, kind, outer.keys), False, unique_inner, partial=True)


def _merge_over(pair: Pair, kind: str, outer: Path, inner_total: Path, keys: Keys, use_all: bool, unique_inner: bool, partial: bool = False) -> None:
    """Merge joins over the outer path's order (generate_mergejoin_paths)."""
    clauses, sort = pair.merging(outer.keys)
    if not clauses and kind != "full":
        return
    if use_all and len(clauses) != len(pair.merge_clauses):
        return
    _try_merge(pair, kind, outer, inner_total, keys, clauses, None, sort, partial)
    if unique_inner or not pair.inner_ordered():
        return
    best_startup = best_total = inner_total if contained(sort, inner_total.keys) else None
    paths = pair.inner.paths
    for n in range(len(sort), 0, -1):
        wanted = sort[:n]
        trimmed: list[Clause] | None = None
        inner = cheapest_for_keys(paths, wanted, 0, True, partial)
        if inner is not None and (best_total is None or compare_costs(inner, best_total, True) < 0):
            trimmed = clauses if n == len(sort) else trim_merge_clauses(clauses, wanted)
            _try_merge(pair, kind, outer, inner, keys, trimmed, None, None, partial)
            best_total = inner
        inner = cheapest_for_keys(paths, wanted, 0, False, partial)
        if inner is not None and (best_startup is None or compare_costs(inner, best_startup, False) < 0):
            if inner is not best_total:
                if trimmed is None:
                    trimmed = clauses if n == len(sort) else trim_merge_clauses(clauses, wanted)
                _try_merge(pair, kind, outer, inner, keys, trimmed, None, None, partial)
            best_startup = inner
        if use_all:
            break


def _hash(pair: Pair) -> None:
    """Hash joins (hash_inner_and_outer)."""
    outer_join = pair.kind in OUTER
    clauses = [
        c
        for c in pair.clauses
        if not (outer_join and pushed_down(c, pair.relation.bits)) and c.can_join and c.hashable and sides_match(c, pair.outer.bits, pair.inner.bits)
    ]
    if not clauses:
        return
    level, kind = pair.level, pair.kind
    startup, total, inner = pair.outer.cheapest_startup, pair.outer.cheapest_total, pair.inner.cheapest_total
    if total is None or inner is None or _reads(total, pair.inner) or _reads(inner, pair.outer):
        return
    if kind == "unique outer":
        made = unique_path(level, pair.outer, total, pair.special)
        assert made is not None
        _try_hash(pair, "inner", made, inner, clauses)
    elif kind == "unique inner":
        made = unique_path(level, pair.inner, inner, pair.special)
        assert made is not None
        kind, inner = "inner", made
        _try_hash(pair, "inner", total, made, clauses)
        if startup is not None and startup is not total:
            _try_hash(pair, "inner", startup, made, clauses)
    else:
        if startup is not None:
            _try_hash(pair, kind, startup, inner, clauses)
        if not pair.sources and total.param is None and inner.param is None:  # then paths that are given rows have none to be given
            if startup is not total:
                _try_hash(pair, kind, total, inner, clauses)
        else:
            _hash_each(pair, kind, startup, inner, clauses)
    if partial_outer(pair):
        _shared_hash(pair, kind, inner, clauses)


def _hash_each(pair: Pair, kind: str, startup: Path | None, inner: Path, clauses: list[Clause]) -> None:
    """Hash joins of parameterised paths too; that of the cheapest paths to start with has been tried."""
    for outer in pair.outer.cheapest_parameterized:
        if not _reads(outer, pair.inner):
            for other in pair.inner.cheapest_parameterized:
                if not _reads(other, pair.outer) and not (outer is startup and other is inner):
                    _try_hash(pair, kind, outer, other, clauses)


def _shared_hash(pair: Pair, kind: str, inner: Path, clauses: list[Clause]) -> None:
    """Hash joins in workers: with one table that they build together, or one for each."""
    outer = pair.outer.partial_paths[0]
    if pair.inner.partial_paths and pair.kind != "unique inner" and pair.level.costs.parallel_hash:
        _try_hash(pair, kind, outer, pair.inner.partial_paths[0], clauses, partial=True, together=True)
    safe = _safe_inner(pair, inner)
    if safe is not None:
        _try_hash(pair, kind, outer, safe, clauses, partial=True)


def _try_hash(pair: Pair, kind: str, outer: Path, inner: Path, clauses: list[Clause], partial: bool = False, together: bool = False) -> None:
    """Keep a hash join if it is good enough (try_hashjoin_path, try_partial_hashjoin_path)."""
    required = outer.outer | inner.outer
    if required and (partial or not required & pair.sources):
        return
    startup, run = hash_least(pair.level.costs, len(clauses), outer.startup, outer.total, outer.rows, inner.total, inner.rows)
    if not _promising(pair, startup, startup + run, (), required, partial):
        return
    work = initial_hash(pair, startup, run, outer, inner, together)
    if work.batches > 1 and not _promising(pair, work.startup, work.total, (), required, partial):
        return
    param, restrictions = other_parameters(pair, outer, inner, required)
    path = HashPath(pair.relation, kind, outer, inner, restrictions, (), param)
    path.hash_clauses = clauses
    path.inner_unique = pair.inner_unique
    path.aware = together
    final_hash(pair, path, work)
    _keep(pair, path, partial)
