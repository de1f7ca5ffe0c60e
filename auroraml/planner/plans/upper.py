"""Plans of what stands above joins: projections, grouping, windows, DISTINCT, LIMIT, set operations."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.planner.cost.alternatives import Alternatives
from auroraml.planner.cost.sorts import sort as sort_cost
from auroraml.planner.level.pathkeys import contained
from auroraml.planner.level.questions import equal, rewrite
from auroraml.planner.paths.path import (
    AggregatePath,
    AppendPath,
    GroupPath,
    LimitPath,
    LockPath,
    MergeAppendPath,
    MinMaxPath,
    Path,
    ProjectionPath,
    ProjectSetPath,
    RecursivePath,
    SetOpPath,
    SubqueryPath,
    UnionPath,
    UpperUniquePath,
    WindowPath,
)
from auroraml.planner.paths.steps import projects
from auroraml.planner.paths.windows import calls_of, run_conditions
from auroraml.planner.plans.emitter import EXACT, IGNORE, LABEL, SMALL, Emitter, builds
from auroraml.planner.plans.inputs import Emitted, Resolver, references
from auroraml.planner.plans.joins import with_keys
from auroraml.planner.plans.scans import whole_row
from auroraml.records import replace
from auroraml.types.table import INT8


def _list(path: Path, exprs: Sequence[e.Expr] | None) -> list[e.Expr]:
    return list(path.target.exprs) if exprs is None else list(exprs)


def _same(a: Sequence[e.Expr], b: Sequence[e.Expr]) -> bool:
    return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))


@builds(ProjectionPath)
def projection(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """A new select list: computed by the node below where it can (create_projection_plan)."""
    assert isinstance(path, ProjectionPath)
    source = path.source
    if exprs is None and whole_row(emitter, path, flags) and projects(source):
        return _labelled(emitter.plan(source, flags), path, emitter)
    outputs = _list(path, exprs)
    if projects(source):
        return _labelled(emitter.plan(source, IGNORE, outputs), path, emitter)
    made = emitter.plan(source, 0)
    if _same(outputs, made.exprs) and not isinstance(made.node, p.SetOp):  # which has the number of the side behind its columns
        return Emitted(replace(made.node, cost=emitter.cost(path)), outputs)
    return emitter.result(made, outputs, emitter.cost(path))


def _labelled(made: Emitted, path: ProjectionPath, emitter: Emitter) -> Emitted:
    """The plan with the projection's cost, unless that was a subquery scan's that has left the plan."""
    if isinstance(path.source, SubqueryPath) and not isinstance(made.node, p.SubqueryScan | p.Result):
        return Emitted(made.node, made.exprs, emitter.cost(path))
    return Emitted(replace(made.node, cost=emitter.cost(path)), made.exprs)


@builds(ProjectSetPath)
def project_set(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Set-returning functions."""
    assert isinstance(path, ProjectSetPath)
    source = emitter.plan(path.source, 0)
    outputs = list(path.target.exprs)
    targets = emitter.resolver(source.exprs).all(outputs)
    return Emitted(p.ProjectSet(source=source.node, targets=targets, cost=emitter.cost(path)), outputs)


class _Calls:
    """Aggregate or window calls of a node: each made once over the child, targets refer to that object."""

    def __init__(self, resolve: Resolver, kind: type, final: bool = False) -> None:
        self.resolve = resolve
        self.kind = kind
        self.final = final  # over states of partial calls
        self.known: list[tuple[e.Expr, e.Expr]] = []

    def over(self, expr: e.Expr) -> e.Expr:
        """The expression over the node's input and its calls."""
        return rewrite(expr, self._change)

    def _change(self, part: object) -> object | None:
        if isinstance(part, self.kind):
            found = None if not self.resolve.inputs.others else self.resolve.inputs.find(part)  # type: ignore[arg-type]
            return found if found is not None else self._made(part)  # type: ignore[arg-type]
        if isinstance(part, Alternatives):
            return rewrite(part.better(self.resolve.times), self._change)
        if isinstance(part, e.SubPlan):
            return self.resolve.inputs.find(part)
        return self.resolve.change(part)

    def _made(self, call: e.Expr) -> e.Expr:
        for known, made in self.known:
            if equal(known, call):
                return made
        made = _combined(call, self.resolve) if self.final else _inside(call, self.resolve)
        self.known.append((call, made))
        return made

    @property
    def calls(self) -> tuple[e.Expr, ...]:
        """All calls met so far."""
        return tuple(made for _, made in self.known)


def _combined(call: e.Expr, resolve: Resolver) -> e.Aggregate:
    """The call over the states that its partial one made below (convert_combining_aggrefs)."""
    assert isinstance(call, e.Aggregate)
    for known, side, index in resolve.inputs.others:
        if isinstance(known, e.Aggregate) and known.phase == "partial" and equal(replace(known, phase="whole", state=None), call):
            states = e.InputRef(type=call.type, typmod=call.typmod, index=index, side=side)
            return replace(call, args=(states,), filter=None, star=False, phase="final")
    raise AssertionError(f"no states of {call.function.name}")


def _inside(call: e.Expr, resolve: Resolver) -> e.Expr:
    """A call with its arguments over the input."""
    if isinstance(call, e.Aggregate):
        return replace(
            call, args=resolve.all(call.args), direct=resolve.all(call.direct), filter=None if call.filter is None else resolve(call.filter),
            order_by=tuple(replace(k, expr=resolve(k.expr)) for k in call.order_by),
        )  # fmt: skip
    assert isinstance(call, e.WindowCall)
    return replace(call, args=resolve.all(call.args), filter=None if call.filter is None else resolve(call.filter))


def _keys(path: Path, refs: Sequence[int], source: Emitted, emitter: Emitter) -> tuple[int, ...]:
    """Child positions of target references."""
    level = emitter.level
    found: list[int] = []
    for ref in refs:
        wanted = level.targets[ref - 1].expr
        found.append(next(i for i, x in enumerate(source.exprs) if equal(x, wanted)))
    return tuple(found)


@builds(AggregatePath, UnionPath)
def aggregate(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Aggregate."""
    assert isinstance(path, AggregatePath)
    source = emitter.plan(path.source, LABEL)
    outputs = _list(path, exprs)
    resolve = emitter.resolver(source.exprs)
    calls = _Calls(resolve, e.Aggregate, path.phase == "final")
    targets = tuple(calls.over(x) for x in outputs)
    quals = sorted(path.quals, key=lambda x: emitter.level.estimates.costs.of(x)[1])
    tests = tuple(calls.over(x) for x in quals)
    keys = tuple(range(len(source.exprs))) if isinstance(path, UnionPath) else _keys(path, path.group, source, emitter)
    node = p.Aggregate(
        source=source.node, strategy=path.strategy, keys=keys, calls=calls.calls, filter=tests, targets=targets, phase=path.phase,  # type: ignore[arg-type]
        rollups=_rollups(path, source, emitter), hashing=path.hashing, cost=emitter.cost(path),
    )  # fmt: skip
    return Emitted(node, outputs)


def _rollups(path: AggregatePath, source: Emitted, emitter: Emitter) -> tuple[p.Rollup, ...]:
    """The path's rollups over its input; all but the first unhashed one sort for themselves."""
    made: list[p.Rollup] = []
    in_order = True
    for rollup in path.rollups:
        keys = _keys(path, [c.ref for c in rollup.clauses], source, emitter)
        columns = zip(keys, rollup.clauses, strict=True)
        sort = () if rollup.hashed or in_order else tuple(
            p.SortColumn(index=key, descending=c.descending, nulls_first=c.nulls_first) for key, c in columns
        )  # fmt: skip
        in_order = in_order and rollup.hashed
        made.append(p.Rollup(keys=keys, sizes=tuple(len(s) for s in rollup.sets), hashed=rollup.hashed, sort=sort))
    return tuple(made)


@builds(GroupPath)
def group(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Group."""
    assert isinstance(path, GroupPath)
    source = emitter.plan(path.source, LABEL)
    outputs = _list(path, exprs)
    resolve = emitter.resolver(source.exprs)
    quals = sorted(path.quals, key=lambda x: emitter.level.estimates.costs.of(x)[1])
    node = p.Group(source=source.node, keys=_keys(path, path.group, source, emitter), filter=resolve.all(quals), targets=resolve.all(outputs),
                   cost=emitter.cost(path))  # fmt: skip
    return Emitted(node, outputs)


@builds(UpperUniquePath)
def upper_unique(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Unique over sorted input."""
    assert isinstance(path, UpperUniquePath)
    source = emitter.plan(path.source, flags | LABEL)
    keys: list[int] = []
    for key in path.keys[: path.columns]:
        keys.append(next(i for m in key.cls.members for i, x in enumerate(source.exprs) if equal(m.expr, x)))
    node = p.Unique(source=source.node, keys=tuple(keys), targets=references(source.exprs), cost=emitter.cost(path))
    return Emitted(node, source.exprs)


@builds(WindowPath)
def window(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """WindowAgg."""
    assert isinstance(path, WindowPath)
    level = emitter.level
    source = emitter.plan(path.source, LABEL | SMALL)
    outputs = _list(path, exprs)
    resolve = emitter.resolver(source.exprs)
    calls = _Calls(resolve, e.WindowCall)
    for call in calls_of(level, path.window):
        calls.over(call)
    targets = tuple(calls.over(x) for x in outputs)
    tests = tuple(calls.over(x) for x in path.quals)
    run = tuple(calls.over(x) for x in run_conditions(level, path.window))
    partition, order = level.window_clauses[path.window]

    def place(expr: e.Expr) -> int:
        return next(i for i, x in enumerate(source.exprs) if equal(x, expr))

    definition = level.query.windows[path.window]
    shown = replace(
        definition, partition_by=resolve.all(definition.partition_by), order_by=tuple(replace(k, expr=resolve(k.expr)) for k in definition.order_by),
        frame=None if definition.frame is None else tuple(resolve(x) if isinstance(x, e.Expr) else x for x in definition.frame),
    )  # fmt: skip
    node = p.WindowAgg(
        source=source.node, partition=tuple(place(c.expr) for c in partition),
        order=tuple(p.SortColumn(index=place(c.expr), descending=c.descending, nulls_first=c.nulls_first) for c in order),
        calls=calls.calls, window=shown, run_condition=run, topmost=path.topmost, filter=tests, targets=targets, cost=emitter.cost(path),  # type: ignore[arg-type]
    )  # fmt: skip
    return Emitted(node, outputs)


@builds(MinMaxPath)
def min_max(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """A Result over the parameters that init plans set, one for each aggregate (create_minmaxagg_plan)."""
    assert isinstance(path, MinMaxPath)
    level = emitter.level
    outputs = _list(path, exprs)
    params: list[tuple[e.Expr, e.ParamRef]] = []
    for extreme in path.extremes:
        call = extreme.call
        source = Emitter(extreme.level).plan(extreme.path, EXACT)
        cost = p.Cost(startup=extreme.path.startup, total=extreme.cost, rows=1.0, width=extreme.path.target.width)
        node = p.Limit(source=source.node, count=e.Const(type=INT8, value=1), targets=references(source.exprs), cost=cost)
        index = level.statement.new_subplan(extreme.level)
        level.init_plans.append(e.SubPlan(type=call.type, kind="scalar", plan=node, index=index, outputs=(extreme.parameter,)))
        params.append((call, e.ParamRef(type=call.type, typmod=call.typmod, number=extreme.parameter, kind="exec")))

    def change(part: object) -> object | None:
        if isinstance(part, e.Aggregate):
            return next((param for known, param in params if equal(known, part)), None)
        return None

    result = p.Result(
        targets=tuple(rewrite(x, change) for x in outputs), one_time=tuple(rewrite(x, change) for x in path.quals), cost=emitter.cost(path)
    )
    return Emitted(result, outputs)


@builds(LimitPath)
def limit(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Limit."""
    assert isinstance(path, LimitPath)
    source = emitter.plan(path.source, flags)
    nothing = emitter.resolver()
    ties: tuple[p.SortColumn, ...] = ()
    if path.ties:
        ties = tuple(
            p.SortColumn(index=next(i for i, x in enumerate(source.exprs) if equal(x, c.expr)), descending=c.descending, nulls_first=c.nulls_first)
            for c in emitter.level.sort_clauses
        )
    node = p.Limit(
        source=source.node, count=None if path.count is None else nothing(path.count), offset=None if path.offset is None else nothing(path.offset),
        ties=ties, targets=references(source.exprs), cost=emitter.cost(path),
    )  # fmt: skip
    return Emitted(node, source.exprs)


@builds(LockPath)
def lock(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """LockRows."""
    assert isinstance(path, LockPath)
    source = emitter.plan(path.source, flags)
    places = {x.id: i for i, x in enumerate(source.exprs) if isinstance(x, e.ColumnRef)}
    rows = tuple((places[id], item.relation, policy) for id, item, policy in path.marks)
    return Emitted(p.LockRows(source=source.node, rows=rows, targets=references(source.exprs), cost=emitter.cost(path)), source.exprs)


@builds(AppendPath)
def append(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Append: its children's columns by position."""
    assert isinstance(path, AppendPath)
    outputs = list(path.target.exprs)
    sources = tuple(emitter.plan(source, EXACT).node for source in path.sources)
    if len(sources) == 1 and sources[0].parallel_aware == path.aware:
        return Emitted(sources[0], outputs)
    node = p.Append(sources=sources, targets=references(outputs), cost=emitter.cost(path), parallel_aware=path.aware, covers=_covered(emitter, path))
    return Emitted(node, outputs)


def _covered(emitter: Emitter, path: Path) -> tuple[tuple[int, str], ...]:
    return tuple((r.serial, r.alias) for r in emitter.level.relations_in(path.relation.bits))


@builds(MergeAppendPath)
def merge_append(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Merge Append: members in order, sorted where they are not (create_merge_append_plan)."""
    assert isinstance(path, MergeAppendPath)
    level = emitter.level
    outputs = list(path.target.exprs)
    parts: list[p.PhysicalPlan] = []
    columns: tuple[p.SortColumn, ...] = ()
    for source in path.sources:
        made, columns = with_keys(emitter, source, EXACT, path.keys)
        node = made.node
        if not contained(path.keys, source.keys):
            below = made.cost
            startup, total = sort_cost(level.costs, below.total, below.rows, below.width, path.limit)
            cost = p.Cost(startup=startup, total=total, rows=below.rows, width=below.width)
            node = p.Sort(source=node, keys=columns, targets=references(made.exprs), cost=cost)
        parts.append(node)
    if len(parts) == 1:
        return Emitted(parts[0], outputs)
    for key in path.keys:
        if all(not equal(m.expr, x) for m in key.cls.members for x in outputs):
            outputs.append(next(m.expr for m in key.cls.members if not m.is_const and not m.bits & ~path.relation.bits))
    node = p.MergeAppend(sources=tuple(parts), keys=columns, targets=references(outputs), cost=emitter.cost(path), covers=_covered(emitter, path))
    return Emitted(node, outputs)


@builds(SetOpPath)
def set_op(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """SetOp: the last column tells the sides apart."""
    assert isinstance(path, SetOpPath)
    source = emitter.plan(path.source, flags | LABEL)
    width = len(source.exprs) - 1
    node = p.SetOp(
        source=source.node, command=path.command, strategy=path.strategy, keys=tuple(range(width)), flag=width,
        targets=references(source.exprs)[:width], cost=emitter.cost(path),
    )  # fmt: skip
    return Emitted(node, source.exprs[:width])


@builds(RecursivePath)
def recursive(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Recursive Union."""
    assert isinstance(path, RecursivePath)
    outputs = list(path.target.exprs)
    first = emitter.plan(path.first, EXACT)
    again = emitter.plan(path.again, EXACT)
    node = p.RecursiveUnion(outer=first.node, inner=again.node, work_table=path.work_table, distinct=path.distinct, targets=references(outputs),
                            cost=emitter.cost(path))  # fmt: skip
    return Emitted(node, outputs)
