"""Subqueries in expressions: once where they read nothing of the row, else for all rows at once, row by row only where they must."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from auroraml.batch import Batch, ConstVector, FixedVector, Index, ListVector, StructVector, Vector, concat, from_datums, true_places
from auroraml.errors import CardinalityViolation, DatabaseError
from auroraml.evaluate import Frame, Taken, compile, truth
from auroraml.evaluate.call import null
from auroraml.evaluate.keys import groups, sort_indices
from auroraml.executor.loops import Key, Loops
from auroraml.executor.matching import Matcher
from auroraml.executor.plans import free_parameters, runs_set_wise
from auroraml.functions.aggregates.collecting import stacked
from auroraml.ir import expr as e
from auroraml.types.pg_type import PgArray

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext

T = TypeVar("T")
FEW_PAIRS = 1_000  # that are tested each for itself
PAIRS = 1_000_000  # pairs of rows tested at once
STOPS_EARLY = ("exists", "any", "all")


def changing(params: Mapping[tuple[str, int], Vector]) -> frozenset[int]:
    """The exec parameters that differ between the rows of a frame with these parameters."""
    while isinstance(params, Taken):
        params = params.base
    return params.changing if isinstance(params, Loops) else frozenset()


def value_for_rows(plan: e.SubPlan, frame: Frame, ctx: ExecutionContext) -> Vector:
    """The subquery's value for each row of `frame`."""
    outer = changing(frame.params)
    numbers = {number for number, _ in plan.params}
    if frame.n:
        ctx.operator(plan)  # from here on its WITH queries are known
    reads = free_parameters(plan.plan, ctx.initial, ctx.cte_plans)
    if not numbers and not reads & outer:
        return _once(plan, frame, ctx)
    if not frame.n:
        return null(plan.type).take(np.zeros(0, np.int64))
    values = {("exec", number): compile(value)(frame) for number, value in plan.params}
    try:
        return _for_each(plan, values, frame, frozenset(numbers) | outer, ctx)
    except DatabaseError:
        ctx.discard(plan)
        raise


def _for_each(plan: e.SubPlan, values: dict[Key, Vector], frame: Frame, changed: frozenset[int], ctx: ExecutionContext) -> Vector:
    """The values where they depend on the row."""
    early = plan.kind in STOPS_EARLY and ctx.measured
    if frame.n > 1 and not early and runs_set_wise(plan.plan, ctx.cte_plans, ctx.initial, ctx.measured):
        return _set_wise(plan, values, frame, changed, ctx)
    parts = []
    for row in range(frame.n):  # a plan with volatile functions, or one that has to stop where PostgreSQL stops
        index = np.array([row])
        own = {key: value.take(index).flat() for key, value in values.items()}
        running = ctx.operator(plan)
        _forget_queries(plan, ctx)
        running.rescan(Loops(None, own, Taken(frame.params, index), ctx.missing, changed), changed)
        parts.append(_single(plan, frame.take(index), ctx).flat())
    return concat(parts)


def _set_wise(plan: e.SubPlan, values: dict[Key, Vector], frame: Frame, changed: frozenset[int], ctx: ExecutionContext) -> Vector:
    """All rows at once; where nobody counts, once for rows whose parameters are equal."""
    running = ctx.operator(plan)
    if plan.test is None and not ctx.measured and not changed - {number for _, number in values}:
        vectors = list(values.values())
        numbers, size, first = groups(vectors, [value.type for _, value in plan.params], frame.n)
        if size * 2 <= frame.n:
            values = {key: vector.take(first) for key, vector in values.items()}
            few = frame.take(first)
            running.rescan(Loops(few.n, values, few.params, ctx.missing, changed), changed)
            return _grouped(plan, running.drain(), few, ctx).take(numbers)
    running.rescan(Loops(frame.n, values, frame.params, ctx.missing, changed), changed)
    return _grouped(plan, running.drain(), frame, ctx)


def _forget_queries(plan: e.SubPlan, ctx: ExecutionContext) -> None:
    """WITH queries inside a correlated subquery are computed again for each row."""
    for inner in plan.plan.init_plans:
        if inner.kind == "cte" and inner.index in ctx.shared:
            del ctx.shared[inner.index]
            operator = ctx.plans.pop(inner.index, None)
            if operator is not None:
                operator.close()


def _once(plan: e.SubPlan, frame: Frame, ctx: ExecutionContext) -> Vector:
    if plan.test is not None:
        if not frame.n:
            return FixedVector(np.zeros(0, np.bool_))
        if plan.index not in ctx.kept_rows:
            ctx.kept_rows[plan.index] = _at_first(plan, ctx, lambda: ctx.operator(plan).drain())
        return tested(plan, ctx.kept_rows[plan.index], frame, ctx)
    if not frame.n:
        return null(plan.type).take(np.zeros(0, np.int64))
    if plan.index not in ctx.kept:
        ctx.kept[plan.index] = _at_first(plan, ctx, lambda: _single(plan, frame, ctx))
    return ConstVector(ctx.kept[plan.index], frame.n)


def _at_first(plan: e.SubPlan, ctx: ExecutionContext, compute: Callable[[], T]) -> T:
    """What is computed once for all rows; where that fails, it fails alike for every row that asks, and rows before may yet be given out."""
    if (trouble := ctx.troubles.get(plan.index)) is not None:
        raise trouble
    try:
        return compute()
    except DatabaseError as error:
        ctx.troubles[plan.index] = error
        raise


def _single(plan: e.SubPlan, frame: Frame, ctx: ExecutionContext) -> Vector:
    """The value for the parameters that are set, as a vector of one (with a test: for the rows of `frame`)."""
    running = ctx.operator(plan)
    if plan.kind == "exists":
        return FixedVector(np.array([running.pull(1) is not None]))
    if plan.kind in STOPS_EARLY and frame.n == 1:
        return _first_decisive(plan, frame, ctx)
    if plan.test is not None:
        return tested(plan, running.drain(), frame, ctx)
    if plan.kind == "array":
        return _array(plan, running.drain(), ctx)
    first = running.pull(1)
    if first is not None and running.pull(1) is not None:
        raise CardinalityViolation("more than one row returned by a subquery used as an expression")
    if first is None:
        return null(plan.type)
    return _row(first, np.array([0])) if plan.kind == "multi" else first.vector(0).flat().slice(0, 1)


def _row(batch: Batch, places: Index) -> Vector:
    """Rows as records; a place below 0 is a row of NULLs."""
    return StructVector([batch.vector(i).flat().take(places, True) for i in range(len(batch.columns))], len(places))


def _first_decisive(plan: e.SubPlan, frame: Frame, ctx: ExecutionContext) -> Vector:
    """ANY and ALL for one row: no further than the subquery's row that decides."""
    running = ctx.operator(plan)
    every, unknown = plan.kind == "all", False
    while (batch := running.pull(1)) is not None:
        found = tested(plan, batch, frame, ctx).datum(0)
        if found is None:
            unknown = True
        elif found != every:
            return FixedVector(np.array([not every]))
    return FixedVector(np.array([every and not unknown]), np.array([False]) if unknown else None)


def _array(plan: e.SubPlan, batch: Batch | None, ctx: ExecutionContext) -> Vector:
    if batch is None:
        return from_datums(plan.type, [PgArray((), (), ())], ctx.style.resolve(plan.type.element))
    if plan.plan.targets[0].type.is_array:
        return _stacked(plan, batch, np.zeros(batch.n, np.int64), 1, ctx)
    return ListVector(np.array([0, batch.n]), batch.vector(0).flat())


def _stacked(plan: e.SubPlan, batch: Batch, owners: Index, n: int, ctx: ExecutionContext) -> Vector:
    return stacked(plan.type, batch.vector(0).flat(), owners, n, ctx.style.resolve(plan.type.element), PgArray((), (), ()))


def _grouped(plan: e.SubPlan, batch: Batch | None, frame: Frame, ctx: ExecutionContext) -> Vector:
    """The value of each loop from the rows of all."""
    n = frame.n
    owners = np.zeros(0, np.int64) if batch is None else batch.owners
    counts = np.bincount(owners, minlength=n)
    if plan.kind == "exists":
        return FixedVector(counts > 0)
    if plan.test is not None:
        return _tested_pairs(plan, batch, frame, owners, ctx)
    if plan.kind == "array":
        if batch is None:
            return ConstVector(_array(plan, None, ctx), n)
        if plan.plan.targets[0].type.is_array:
            return _stacked(plan, batch, owners, n, ctx)
        offsets = np.zeros(n + 1, np.int64)
        np.cumsum(counts, out=offsets[1:])
        return ListVector(offsets, batch.vector(0).flat().take(np.argsort(owners, kind="stable")))
    if (counts > 1).any():
        raise CardinalityViolation("more than one row returned by a subquery used as an expression")
    if batch is None:
        return ConstVector(null(plan.type), n)
    place = np.full(n, -1, np.int64)
    place[owners] = np.arange(batch.n)
    if plan.kind == "multi":
        return _row(batch, place)
    return batch.vector(0).flat().take(place, True)


def initial_values(plan: e.SubPlan, loops: Loops, ctx: ExecutionContext) -> list[Vector]:
    """The values of an init plan's output parameters, for each loop that it depends on."""
    changed = free_parameters(plan.plan, ctx.initial, ctx.cte_plans) & loops.changing
    if not changed:
        return _at_first(plan, ctx, lambda: _initial(plan, loops, changed, ctx))
    try:
        return _initial(plan, loops, changed, ctx)
    except DatabaseError:
        ctx.discard(plan)
        raise


def _initial(plan: e.SubPlan, loops: Loops, changed: frozenset[int], ctx: ExecutionContext) -> list[Vector]:
    running = ctx.operator(plan)
    if changed:
        running.rescan(loops, changed)
    elif running.started:
        running.rewind()
    if loops.n is not None and changed:
        batch = running.drain()
        frame = Frame(n=loops.n, params=loops, ctx=ctx)
        if plan.kind == "exists":  # its rows may have no columns
            return [_grouped(plan, batch, frame, ctx)]
        return [_grouped(plan, None if batch is None else batch.select([i]), frame, ctx) for i in range(len(plan.outputs))]
    if plan.kind == "exists" or plan.kind == "array":
        return [_single(plan, Frame(n=1, params=loops, ctx=ctx), ctx)]
    first = running.pull(1)
    if first is not None and running.pull(1) is not None:
        raise CardinalityViolation("more than one row returned by a subquery used as an expression")
    types = [target.type for target in plan.plan.targets] or [plan.type]
    return [null(types[i]) if first is None else first.vector(i).flat().slice(0, 1) for i in range(len(plan.outputs))]


# left op ANY | ALL (subquery)


def tested(plan: e.SubPlan, batch: Batch | None, frame: Frame, ctx: ExecutionContext) -> Vector:
    """The test of each row of `frame` against all rows of `batch`."""
    every = plan.kind == "all"
    if batch is None or batch.n == 0:
        return FixedVector(np.full(frame.n, every), np.zeros(frame.n, np.bool_) if plan.kind == "row" else None)
    assert plan.test is not None
    if plan.kind in ("any", "all") and frame.n * batch.n > FEW_PAIRS:
        if plan.kind == "any" and (found := _by_codes(plan, batch, frame, ctx)) is not None:
            return found
        batch = _deciding(plan, batch)
    step = max(1, PAIRS // batch.n)
    parts = []
    for start in range(0, frame.n, step):
        ctx.check_cancel()
        rows = np.arange(start, min(start + step, frame.n))
        owners = np.repeat(np.arange(len(rows)), batch.n)
        parts.append(_tested_pairs(plan, batch.take(np.tile(np.arange(batch.n), len(rows))), frame.take(rows), owners, ctx))
    return concat(parts) if parts else FixedVector(np.zeros(0, np.bool_))


def _tested_pairs(plan: e.SubPlan, batch: Batch | None, frame: Frame, owners: Index, ctx: ExecutionContext) -> Vector:
    """The test of row `owners[k]` of `frame` with row k of `batch`, brought together for each row of `frame`."""
    every = plan.kind == "all"
    if batch is None:
        return FixedVector(np.full(frame.n, every), np.zeros(frame.n, np.bool_) if plan.kind == "row" else None)
    assert plan.test is not None
    pairs = frame.take(owners)
    params = _WithOutputs(pairs.params, {("exec", number): batch.vector(i) for i, number in enumerate(plan.outputs)})
    result = compile(plan.test)(Frame(n=batch.n, sides=pairs.sides, params=params, ctx=ctx, computed=pairs.computed)).flat()
    decisive = truth(result) if not every else result.valid & ~truth(result)
    hit = np.bincount(owners[decisive], minlength=frame.n) > 0
    unknown = (np.bincount(owners[~result.valid], minlength=frame.n) > 0) & ~hit
    if plan.kind == "row":
        found = np.bincount(owners, minlength=frame.n)
        if (found > 1).any():
            raise CardinalityViolation("more than one row returned by a subquery used as an expression")
        unknown |= found == 0
    values = (~hit if every else hit) & ~unknown
    return FixedVector(values, ~unknown if unknown.any() else None)


def _deciding(plan: e.SubPlan, batch: Batch) -> Batch:
    """The rows that a test with <, <=, > or >= comes down to: the one that is passed first, or last, and one NULL. All of them for other tests."""
    test = plan.test
    if not isinstance(test, e.OpCall) or len(plan.outputs) != 1 or not isinstance(test.args[1], e.ParamRef) or test.args[1].number != plan.outputs[0]:
        return batch
    if not test.operator.restrict.startswith("scalar"):  # scalarltsel and its kin: the operators of orders
        return batch
    values = batch.vector(0).flat()
    nulls, known = true_places(~values.valid)[:1], true_places(values.valid)
    if len(known):
        order = sort_indices([values.take(known)], [test.args[1].type], [False], [False], len(known))
        greatest = test.operator.name.startswith("<") == (plan.kind == "any")
        known = known[order[-1:] if greatest else order[:1]]
    return batch.take(np.concatenate([known, nulls]))


class _WithOutputs(dict):  # type: ignore[type-arg] # parameters of the frame, and the subquery's columns over them
    def __init__(self, base: Mapping[tuple[str, int], Vector], own: Mapping[tuple[str, int], Vector]) -> None:
        super().__init__(own)
        self.base = base

    def __missing__(self, key: object) -> Vector:
        return self.base[key]  # type: ignore[index] # keys are (kind, number)


def _equalities(test: e.Expr) -> Sequence[e.OpCall] | None:
    parts = test.args if isinstance(test, e.And) else (test,)
    equal = [part for part in parts if isinstance(part, e.OpCall) and part.operator.name == "=" and isinstance(part.args[1], e.ParamRef)]
    return equal if len(equal) == len(parts) else None


def _by_codes(plan: e.SubPlan, batch: Batch, frame: Frame, ctx: ExecutionContext) -> Vector | None:
    """x = ANY (subquery) by look-up, where types allow it."""
    assert plan.test is not None
    equalities = _equalities(plan.test)
    if equalities is None or any(c.args[0].type is not c.args[1].type or not c.operator.can_hash for c in equalities):
        return None
    places = {number: i for i, number in enumerate(plan.outputs)}
    ours: list[Vector] = []
    theirs: list[Vector] = []
    for call in equalities:
        right = call.args[1]
        if not isinstance(right, e.ParamRef) or right.number not in places:
            return None
        ours.append(compile(call.args[0])(frame))
        theirs.append(batch.vector(places[right.number]))
    known = np.logical_and.reduce([v.valid for v in ours])
    stored = np.logical_and.reduce([v.valid for v in theirs])
    found = Matcher(theirs, [call.args[1].type for call in equalities], batch.n).contains(ours, frame.n)
    if stored.all() and known.all():
        return FixedVector(found)
    rest = np.flatnonzero(~found) if not stored.all() else np.flatnonzero(~known)
    if not len(rest):
        return FixedVector(found)
    suspects = batch if not known[rest].all() else batch.filter(~stored)
    step = max(1, PAIRS // suspects.n)
    validity = np.ones(frame.n, np.bool_)
    for start in range(0, len(rest), step):
        rows = rest[start : start + step]
        owners = np.repeat(np.arange(len(rows)), suspects.n)
        result = _tested_pairs(plan, suspects.take(np.tile(np.arange(suspects.n), len(rows))), frame.take(rows), owners, ctx)
        validity[rows] = result.valid
    return FixedVector(found & validity, validity)
