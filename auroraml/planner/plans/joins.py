"""Plans of joins and of what stands below them: sorts, Hash, Materialize, Memoize, unique inner sides (create_join_plan)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.planner.cost.grouping import hashing
from auroraml.planner.cost.sorts import sort as sort_cost
from auroraml.planner.level.classes import Member
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.pathkeys import Keys
from auroraml.planner.level.questions import equal, strip
from auroraml.planner.paths.index_match import commuted
from auroraml.planner.paths.path import (
    HashPath,
    IncrementalSortPath,
    JoinPath,
    MaterialPath,
    MemoizePath,
    MergePath,
    NestPath,
    Path,
    SortPath,
    UniquePath,
)
from auroraml.planner.paths.uniqueness import pushed_down
from auroraml.planner.plans.emitter import SMALL, Emitter, builds
from auroraml.planner.plans.inputs import Emitted, Resolver, references
from auroraml.records import replace

OUTER: Final = ("left", "right", "full", "anti")


def _list(path: Path, exprs: Sequence[e.Expr] | None) -> list[e.Expr]:
    return list(path.target.exprs) if exprs is None else list(exprs)


def _conditions(emitter: Emitter, path: JoinPath, clauses: Sequence[Clause]) -> tuple[list[e.Expr], list[e.Expr]]:
    """The join's own conditions, and those that filter its result (extract_actual_join_clauses)."""
    ordered = [c for c in emitter.ordered(clauses) if not c.pseudoconstant]
    if path.kind not in OUTER:
        return [c.expr for c in ordered], []
    own = [c.expr for c in ordered if not pushed_down(c, path.relation.bits)]
    return own, [c.expr for c in ordered if pushed_down(c, path.relation.bits)]


def _joined(path: Path) -> Sequence[Clause]:
    assert isinstance(path, JoinPath)
    return path.clauses


def _above(emitter: Emitter, path: JoinPath, outer: Emitted, inner: Emitted) -> Resolver:
    """Expressions above the join, which compute anew what a side without a match has computed below (set_join_references)."""
    sides = ((outer, path.kind in ("right", "full")), (inner, path.kind in ("left", "full", "semi", "anti")))
    return emitter.resolver(*([x for x in side.exprs if isinstance(x, e.ColumnRef)] if bare else side.exprs for side, bare in sides))


@builds(NestPath, tested=_joined)
def nest_loop(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Nested Loop; what the inner side reads of the outer row goes through parameters."""
    assert isinstance(path, NestPath)
    outputs = _list(path, exprs)
    outer = emitter.plan(path.outer_path, 0)
    saved = emitter.outer_bits
    bits = path.outer_path.relation.bits
    emitter.outer_bits |= bits
    inner = emitter.plan(path.inner, 0)
    emitter.outer_bits = saved
    level = emitter.level
    mine = [(n, c) for n, c in emitter.nest_params if not level.bits_of(c) & ~bits]
    emitter.nest_params = [item for item in emitter.nest_params if item not in mine]
    carried = emitter.resolver(outer.exprs)
    params = tuple((number, carried(column)) for number, column in mine)
    resolve, upper = emitter.resolver(outer.exprs, inner.exprs), _above(emitter, path, outer, inner)
    own, above = _conditions(emitter, path, path.clauses)
    node = p.NestedLoop(
        kind=path.kind, outer=outer.node, inner=inner.node, params=params, condition=resolve.tests(own), filter=upper.tests(above),
        inner_unique=path.inner_unique, targets=upper.all(outputs), cost=emitter.cost(path),
    )  # fmt: skip
    return Emitted(node, outputs)


def _switched(clauses: Sequence[Clause], outer: int) -> list[e.Expr]:
    """Join clauses with the outer side on the left (get_switched_clauses)."""
    found: list[e.Expr] = []
    for clause in clauses:
        expr = clause.expr
        assert isinstance(expr, e.OpCall)
        if clause.right_bits & ~outer or not clause.right_bits:
            found.append(expr)
            continue
        turned = commuted(expr)
        found.append(turned if turned is not None else replace(expr, args=(expr.args[1], expr.args[0])))
    return found


@builds(HashPath, tested=_joined)
def hash_join(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Hash Join over a Hash."""
    assert isinstance(path, HashPath)
    outputs = _list(path, exprs)
    outer = emitter.plan(path.outer_path, SMALL if path.batches > 1 else 0)
    inner = emitter.plan(path.inner, SMALL)
    resolve, upper = emitter.resolver(outer.exprs, inner.exprs), _above(emitter, path, outer, inner)
    rest = [c for c in path.clauses if not any(c is h for h in path.hash_clauses)]
    own, above = _conditions(emitter, path, rest)
    below = inner.cost
    hashed = p.Hash(source=inner.node, targets=references(inner.exprs), cost=replace(below, startup=below.total), parallel_aware=path.aware)
    hash_conditions = resolve.all(_switched(path.hash_clauses, path.outer_path.relation.bits))
    node = p.HashJoin(
        kind=path.kind, outer=outer.node, inner=hashed, hash_conditions=hash_conditions, condition=resolve.tests(own), filter=upper.tests(above),
        inner_unique=path.inner_unique, targets=upper.all(outputs), cost=emitter.cost(path), parallel_aware=path.aware,
    )  # fmt: skip
    return Emitted(node, outputs)


@builds(MergePath, tested=_joined)
def merge_join(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Merge Join, its inputs sorted and kept as the path says."""
    assert isinstance(path, MergePath)
    outputs = _list(path, exprs)
    outer = _sorted_side(emitter, path.outer_path, path.outer_sort)
    inner = _sorted_side(emitter, path.inner, path.inner_sort)
    if path.materialize:
        below = inner.cost
        cost = replace(below, total=below.total + emitter.level.costs.operator * below.rows)
        inner = Emitted(p.Materialize(source=inner.node, targets=references(inner.exprs), cost=cost), inner.exprs)
    resolve, upper = emitter.resolver(outer.exprs, inner.exprs), _above(emitter, path, outer, inner)
    rest = [c for c in path.clauses if not any(c is m for m in path.merge_clauses)]
    own, above = _conditions(emitter, path, rest)
    merge = resolve.all(_switched(path.merge_clauses, path.outer_path.relation.bits))
    keys = []
    order = path.outer_sort if path.outer_sort is not None else path.outer_path.keys
    for clause in path.merge_clauses:
        cls = clause.left_class if clause.outer_is_left else clause.right_class
        key = next((k for k in order if k.cls is (cls.canonical() if cls is not None else None)), order[0] if order else None)
        keys.append(p.SortColumn(index=0, descending=key.descending if key else False, nulls_first=key.nulls_first if key else False))
    node = p.MergeJoin(
        kind=path.kind, outer=outer.node, inner=inner.node, merge_conditions=merge, keys=tuple(keys), condition=resolve.tests(own),
        filter=upper.tests(above), inner_unique=path.inner_unique, targets=upper.all(outputs), cost=emitter.cost(path),
    )  # fmt: skip
    return Emitted(node, outputs)


def _sorted_side(emitter: Emitter, path: Path, keys: Keys | None) -> Emitted:
    if keys is None:
        return emitter.plan(path, 0)
    source, columns = with_keys(emitter, path, SMALL, keys)
    below = source.cost
    startup, total = sort_cost(emitter.level.costs, below.total, below.rows, below.width, -1.0)
    cost = p.Cost(startup=startup, total=total, rows=below.rows, width=below.width)
    return Emitted(p.Sort(source=source.node, keys=columns, targets=references(source.exprs), cost=cost), source.exprs)


def with_keys(emitter: Emitter, path: Path, flags: int, keys: Keys) -> tuple[Emitted, tuple[p.SortColumn, ...]]:
    """The path's plan with its sort columns, added where they are missing (prepare_sort_from_pathkeys)."""
    source = emitter.plan(path, flags)
    missing: list[e.Expr] = []
    for key in keys:
        if _place(source.exprs, key.cls.members_for(path.relation.bits)) is None:
            missing.append(_computable(emitter, path, key.cls.members_for(path.relation.bits)))
    if missing:
        source = emitter.with_columns(path, flags, missing)
    columns: list[p.SortColumn] = []
    for key in keys:
        place = _place(source.exprs, key.cls.members_for(path.relation.bits))
        assert place is not None
        columns.append(p.SortColumn(index=place, descending=key.descending, nulls_first=key.nulls_first))
    return source, tuple(columns)


def _place(exprs: Sequence[e.Expr], members: Sequence[Member]) -> int | None:
    """The first output that is a member of the key's class, whatever text it is called (find_ec_member_matching_expr)."""
    wanted = [_unlabelled(m.expr) for m in members if not m.is_const]
    for i, expr in enumerate(exprs):
        bare = _unlabelled(expr)
        if any(equal(bare, x) for x in wanted):
            return i
    return None


def _unlabelled(expr: e.Expr) -> e.Expr:
    """Below casts from one kind of text to another: they have one order, which numbers and oids do not."""
    bare = strip(expr)
    return bare if bare.type.category == "S" and expr.type.category == "S" else expr


def _computable(emitter: Emitter, path: Path, members: Sequence[Member]) -> e.Expr:
    for member in members:
        if not member.is_const and not member.bits & ~path.relation.bits:
            return member.expr
    raise AssertionError("could not find pathkey item to sort")


@builds(SortPath, IncrementalSortPath)
def sort(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Sort and Incremental Sort."""
    assert isinstance(path, SortPath)
    source, columns = with_keys(emitter, path.source, flags | SMALL, path.keys)
    targets = references(source.exprs)
    if isinstance(path, IncrementalSortPath):
        node: p.PhysicalPlan = p.IncrementalSort(source=source.node, keys=columns, presorted=path.presorted, targets=targets, cost=emitter.cost(path))
    else:
        node = p.Sort(source=source.node, keys=columns, targets=targets, cost=emitter.cost(path))
    return Emitted(node, source.exprs)


@builds(MaterialPath)
def material(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Materialize."""
    assert isinstance(path, MaterialPath)
    source = emitter.plan(path.source, flags | SMALL)
    return Emitted(p.Materialize(source=source.node, targets=references(source.exprs), cost=emitter.cost(path)), source.exprs)


@builds(MemoizePath)
def memoize(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Memoize by the parameters the inner side reads."""
    assert isinstance(path, MemoizePath)
    source = emitter.plan(path.source, flags | SMALL)
    keys = emitter.resolver().all(path.params)
    binary = any(not isinstance(c.expr, e.OpCall) or not c.hashable for c in (path.param.clauses if path.param is not None else ()))
    binary = binary or bool(path.relation.lateral_vars)
    node = p.Memoize(source=source.node, keys=keys, binary=binary, targets=references(source.exprs), cost=emitter.cost(path))
    return Emitted(node, source.exprs)


@builds(UniquePath)
def unique(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """A semi join's inner side made unique: by hashing, by sorting, or as it is."""
    assert isinstance(path, UniquePath)
    if path.method == "none":
        return emitter.plan(path.source, flags, exprs)
    wanted = list(path.target.exprs)
    wanted += [x for x in path.exprs if not any(equal(x, known) for known in wanted)]
    if len(wanted) == len(path.target.exprs) and path.method == "hash":
        source = emitter.plan(path.source, flags)
    else:
        source = emitter.exactly(path.source, flags, wanted)
    places = [next(i for i, x in enumerate(source.exprs) if equal(x, key)) for key in path.exprs]
    if path.method == "hash":
        outputs = _list(path, exprs)
        node: p.PhysicalPlan = p.Aggregate(
            source=source.node,
            strategy="hashed",
            keys=tuple(places),
            targets=emitter.resolver(source.exprs).all(outputs),
            cost=emitter.cost(path),
            hashing=hashing(emitter.level.costs, source.cost.width, 0, [path.rows]),
        )
        return Emitted(node, outputs)
    below = source.cost
    startup, total = sort_cost(emitter.level.costs, below.total, below.rows, below.width, -1.0)
    keys = tuple(p.SortColumn(index=i) for i in places)
    sorted_ = p.Sort(source=source.node, keys=keys, targets=references(source.exprs),
                     cost=p.Cost(startup=startup, total=total, rows=below.rows, width=below.width))  # fmt: skip
    node = p.Unique(source=sorted_, keys=tuple(places), targets=references(source.exprs), cost=emitter.cost(path))
    return Emitted(node, source.exprs)
