"""Nested loops of a pair: what an inner path brings to all of them, Memoize over it, costs (match_unsorted_outer, get_memoize_path)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.cost.numbers import clamp_rows, parallel_divisor, rint
from auroraml.planner.cost.parameters import DISABLED
from auroraml.planner.level.operators import type_family
from auroraml.planner.level.questions import volatile
from auroraml.planner.paths.dominance import add_partial_path, add_path, partial_precheck, precheck
from auroraml.planner.paths.join_costs import rescan
from auroraml.planner.paths.join_parameters import nest_parameters
from auroraml.planner.paths.path import BitmapPath, IndexPath, MemoizePath, NestPath, Path
from auroraml.planner.paths.sizes import movable_into
from auroraml.planner.paths.uniqueness import sides_match

if TYPE_CHECKING:
    from auroraml.planner.level.clause import Clause
    from auroraml.planner.level.pathkeys import Keys
    from auroraml.planner.level.relation import Relation
    from auroraml.planner.paths.joins import Pair


class Inner:
    """An inner path with what does not depend on the outer path: costs of running it again, the clauses left to test, Memoize's keys."""

    __slots__ = (
        "again_run",
        "again_startup",
        "clauses",
        "memo",
        "memo_rows",
        "needs",
        "params",
        "path",
        "per_tuple",
        "qual_startup",
        "run",
        "startup",
    )

    def __init__(self, pair: Pair, path: Path, params: list[e.Expr] | None, clauses: list[Clause] | None = None) -> None:
        self.path = path
        self.needs = path.outer
        self.startup = path.startup
        self.run = path.total - path.startup
        again_startup, again_total = rescan(pair.level, path)
        self.again_startup = again_startup
        self.again_run = again_total - again_startup
        self.clauses = untested(pair, path) if clauses is None else clauses
        self.params = params  # None: no Memoize over it
        self.memo: Inner | None = None
        self.memo_rows = -1.0
        self.qual_startup = -1.0
        self.per_tuple = 0.0


def inner_side(pair: Pair, kind: str, path: Path) -> Inner:
    """An inner path, ready for the nested loops over each outer path."""
    return Inner(pair, path, _memo_keys(pair, kind, path))


def untested(pair: Pair, path: Path) -> list[Clause]:
    """The join's clauses without those that the inner path tests already."""
    if not path.outer & pair.outer.bits:
        return pair.clauses
    bits = path.relation.bits
    joined = bits | path.outer
    return [c for c in pair.clauses if not movable_into(c, bits, joined)]


def loops(pair: Pair, sides: list[Inner], last: Inner | None, calls: float) -> list[Inner]:
    """The inner sides to try under outer paths of `calls` rows: each path, then Memoize over it, at last a Materialize."""
    found: list[Inner] = []
    for inner in sides:
        found.append(inner)
        if inner.params is not None:
            found.append(memoized(pair, inner, inner.params, calls))
    if last is not None:
        found.append(last)
    return found


def worthwhile(relation: Relation, outer: Path, keys: Keys) -> bool:
    """Whether a nested loop over an outer path could be kept if its inner side cost nothing; the inner side needs no other rows."""
    return precheck(relation, outer.startup, outer.startup + (outer.total - outer.startup), keys, outer.outer)


def try_nests(pair: Pair, kind: str, outer: Path, inners: list[Inner], keys: Keys, partial: bool = False) -> None:
    """Keep each nested loop of an outer path that is good enough (try_nestloop_path, try_partial_nestloop_path)."""
    relation = pair.relation
    outer_bits = pair.outer.bits
    given = outer.outer
    early = pair.inner_unique or kind == "semi" or kind == "anti"
    outer_startup = outer.startup
    outer_run = outer.total - outer_startup
    again = outer.rows - 1
    for inner in inners:
        needs = inner.needs
        required = given
        if needs:
            required = (given | needs) & ~outer_bits
        if required and (partial or (not required & pair.sources and not (needs & outer_bits and needs & ~outer_bits))):
            continue
        startup = outer_startup + inner.startup
        run = outer_run
        if again > 0:
            run += again * inner.again_startup
            if not early:
                run += inner.run
                run += again * inner.again_run
        elif not early:
            run += inner.run
        if partial:
            if not partial_precheck(relation, startup + run, keys):
                continue
        elif not precheck(relation, startup, startup + run, keys, required):
            continue
        clauses = inner.clauses
        param = None
        if required:
            param, clauses = nest_parameters(pair, outer, inner.path, required, clauses)
        path = NestPath(relation, kind, outer, inner.path, clauses, keys, param)
        path.inner_unique = pair.inner_unique
        _finish(pair, path, inner, early, startup, run)
        if partial:
            add_partial_path(relation, path)
        else:
            add_path(relation, path)


def _finish(pair: Pair, path: NestPath, inner: Inner, early: bool, startup: float, run: float) -> None:
    """final_cost_nestloop."""
    level = pair.level
    costs = level.costs
    outer_rows = path.outer_path.rows or 1.0
    inner_rows = path.inner.rows or 1.0
    rows = pair.relation.rows if path.param is None else path.param.rows
    if path.workers > 0:
        rows = clamp_rows(rows / parallel_divisor(path.workers, costs.leader))
    path.rows = rows
    if not costs.nestloop:
        startup += DISABLED
    if early:
        matched = rint(outer_rows * pair.match_fraction)
        unmatched = outer_rows - matched
        fraction = 2.0 / (pair.match_count + 1.0)
        tuples = matched * inner_rows * fraction
        if _indexed(path):
            run += inner.run * fraction
            if matched > 1:
                run += (matched - 1) * inner.again_run * fraction
            run += unmatched * inner.again_run / inner_rows
        else:
            tuples += unmatched * inner_rows
            run += inner.run
            if unmatched >= 1:
                unmatched -= 1
            else:
                matched -= 1
            if matched > 0:
                run += matched * inner.again_run * fraction
            if unmatched > 0:
                run += unmatched * inner.again_run
    else:
        tuples = outer_rows * inner_rows
    if path.clauses is inner.clauses:
        if inner.qual_startup < 0:
            inner.qual_startup, inner.per_tuple = level.estimates.clauses_cost(inner.clauses)
        qual_startup, per_tuple = inner.qual_startup, inner.per_tuple
    else:
        qual_startup, per_tuple = level.estimates.clauses_cost(path.clauses)
    startup += qual_startup
    run += (costs.tuple + per_tuple) * tuples
    startup += path.target.startup
    run += path.target.per_tuple * rows
    path.startup = startup
    path.total = startup + run


def _indexed(path: NestPath) -> bool:
    """Whether all join clauses are index conditions of the inner side (has_indexed_join_quals)."""
    if path.clauses:
        return False
    inner = path.inner
    if inner.param is None:
        return False
    if isinstance(inner, IndexPath):
        used = [c.clause for c in inner.clauses if not c.lossy]
    elif isinstance(inner, BitmapPath) and inner.tree.index_path is not None:
        used = [c.clause for c in inner.tree.index_path.clauses if not c.lossy]
    else:
        return False
    joined = inner.relation.bits | path.outer_path.relation.bits
    found = False
    for clause in inner.param.clauses:
        if movable_into(clause, inner.relation.bits, joined):
            if not any(other is clause or (clause.from_class is not None and clause.from_class is other.from_class) for other in used):
                return False
            found = True
    return found


def memoized(pair: Pair, inner: Inner, params: list[e.Expr], calls: float) -> Inner:
    """The inner path with its rows kept by parameter values; outer paths of as many rows share it."""
    if inner.memo is not None and inner.memo_rows == calls:
        return inner.memo
    source = inner.path
    path = MemoizePath(source.relation, source.target, source, source.keys)
    path.params = params
    path.calls = calls
    path.single_row = pair.inner_unique
    path.distinct = -1.0
    path.startup = source.startup + pair.level.costs.tuple
    path.total = source.total + pair.level.costs.tuple
    inner.memo = Inner(pair, path, None, inner.clauses)
    inner.memo_rows = calls
    return inner.memo


def _memo_keys(pair: Pair, kind: str, path: Path) -> list[e.Expr] | None:
    """The expressions that Memoize would keep rows by; None where it is not possible."""
    if not pair.level.costs.memoize or pair.outer.rows < 2:
        return None
    clauses = path.param.clauses if path.param is not None and path.relation.kind == "base" else []  # of a join, its inputs know them
    if not clauses and not pair.inner.lateral_vars:
        return None
    if kind in ("semi", "anti") and not pair.inner_unique:
        return None
    if pair.inner_unique and (path.param is None or len(clauses) < len(pair.clauses)):
        return None
    if pair.inner.memoizable is None:
        pair.inner.memoizable = _memoizable(pair.inner)
    if not pair.inner.memoizable:
        return None
    params: list[e.Expr] = []
    for clause in clauses:
        if not isinstance(clause.expr, e.OpCall) or len(clause.expr.args) != 2 or clause.pseudoconstant:
            return None
        if not sides_match(clause, pair.outer.bits, pair.inner.bits):
            return None
        left, right = clause.args
        side = left if clause.outer_is_left else right
        if not type_family(side.type):
            return None
        params.append(side)
    for column in pair.inner.lateral_vars:
        if not type_family(column.type):
            return None
        params.append(column)
    return params


def _memoizable(relation: Relation) -> bool:
    """Whether a relation's rows are the same each time."""
    if any(not isinstance(x, e.ColumnRef) and volatile(x) for x in relation.target.exprs):
        return False
    return not any(c.has_volatile for c in relation.clauses) and not _calls_batch(relation)


def _calls_batch(relation: Relation) -> bool:
    """Whether the relation calls batch functions, which are called for every row."""
    item = relation.item
    return isinstance(item, l.FunctionItem) and any(isinstance(c, e.Call) and c.function.batch for c in item.calls)
