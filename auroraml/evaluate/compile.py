"""Expr to a function over frames: each class of expression once, three-valued logic under selection masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auroraml.batch import ConstVector, FixedVector, Index, ListVector, Mask, StructVector, Vector, concat, from_datums
from auroraml.catalog.builtins import btree_operators, builtin_function
from auroraml.dispatch import singledispatch
from auroraml.errors import ArraySubscriptError
from auroraml.evaluate.array_comparison import array_comparison
from auroraml.evaluate.call import call, kernel_of, null
from auroraml.evaluate.calling import ASKED, Evaluator, function_call, mark_safe, parenthesized
from auroraml.evaluate.choosing import choose
from auroraml.evaluate.conditions import as_harmless_as, junction, logical, truth
from auroraml.evaluate.frame import Frame, scatter
from auroraml.evaluate.values import sql_value, subscript
from auroraml.evaluate.variadic import spread_call
from auroraml.evaluate.zoned import note_zoned
from auroraml.ir import expr as e
from auroraml.ir.objects import Function
from auroraml.types.casts import cast_vector, find_cast
from auroraml.types.pg_type import PgArray, PgType, Rep
from auroraml.types.table import ANY, BOOL
from auroraml.types.text import text_in, text_out
from auroraml.types.typmod import apply_typmod

MOST_COLUMNS = 1664  # of a row


@singledispatch
def compile(expr: e.Expr) -> Evaluator:
    """A function that computes `expr` for the rows of a frame."""
    raise TypeError(f"cannot evaluate {type(expr).__name__}")


def rowless(run: Evaluator) -> Evaluator:
    """`run`, which gives one value for all rows."""
    return mark_safe(run, frozenset(), rowless=True)


def constant(type: PgType, value: object, n: int, resolve: Callable[[int], PgType] | None = None) -> ConstVector:
    """`value` repeated."""
    element = resolve(type.element) if resolve is not None and type.is_array and type.element else None
    return ConstVector(from_datums(type, [value], element), n)


@compile.register
def _(expr: e.AbsentColumn) -> Evaluator:
    return compile(e.Const(type=expr.type, typmod=expr.typmod, value=None))  # nobody asks: there are no rows


@compile.register
def _(expr: e.Const) -> Evaluator:
    kept: list[Vector] = []

    def run(frame: Frame) -> Vector:
        if not kept:
            kept.append(constant(expr.type, expr.value, 1, frame.ctx.style.resolve).one)
        return ConstVector(kept[0], frame.n)

    return rowless(run)


_INPUTS: dict[tuple[int, int], Evaluator] = {}  # by side and number: most of what plans are made of, and the same in all


@compile.register
def _(expr: e.InputRef) -> Evaluator:
    return _INPUTS.get((expr.side, expr.index)) or _input(expr.side, expr.index)


def _input(side: int, index: int) -> Evaluator:
    def run(frame: Frame) -> Vector:
        return frame.sides[side].vector(index)

    mark_safe(run, frozenset([(side, index, False)]))
    if index < MOST_COLUMNS:
        _INPUTS[side, index] = run
    return run


@compile.register
def _(expr: e.ParamRef) -> Evaluator:
    key = (expr.kind, expr.number)

    def run(frame: Frame) -> Vector:
        if not frame.n and expr.kind == "exec":
            return null(expr.type).take(np.zeros(0, np.int64))  # without a row nobody asks for it, so that an init plan is not run
        vector = frame.params[key]
        return ConstVector(vector, frame.n) if vector.n == 1 != frame.n else vector

    needs = frozenset([(ASKED, expr.number, False)]) if expr.kind == "exec" else frozenset()
    return mark_safe(run, needs)  # not one value for all rows: loops have each their own


@compile.register(e.Aggregate)
@compile.register(e.Grouping)
@compile.register(e.WindowCall)
def _(expr: e.Expr) -> Evaluator:
    key = id(expr)
    return lambda frame: frame.computed[key]


@compile.register
def _(expr: e.SubPlan) -> Evaluator:
    return lambda frame: frame.ctx.run_subplan(expr, frame)


@compile.register
def _(expr: e.ElementRef) -> Evaluator:
    def run(frame: Frame) -> Vector:
        assert frame.element is not None
        return frame.element

    return run


def _constants(args: Sequence[e.Expr]) -> list[object]:
    return [arg.value if isinstance(arg, e.Const) else None for arg in args]


@compile.register
def _(expr: e.Call) -> Evaluator:
    if expr.function.returns_set:
        key = id(expr)
        return lambda frame: frame.computed[key]  # ProjectSet puts its rows there
    if expr.variadic and expr.function.variadic == ANY.oid:
        return spread_call(expr, [compile(arg) for arg in expr.args])
    return function_call(
        expr.function, expr.type, [compile(arg) for arg in expr.args], tuple(arg.type for arg in expr.args), compile, _constants(expr.args)
    )


@compile.register
def _(expr: e.OpCall) -> Evaluator:
    args = [compile(arg) for arg in expr.args]
    run = function_call(expr.function, expr.type, args, tuple(arg.type for arg in expr.args), compile, _constants(expr.args))
    if len(args) == 2 and expr.function.language != "sql":
        for flipped, column in enumerate(expr.args):
            while isinstance(column, e.Relabel):
                column = column.arg
            if isinstance(column, e.InputRef):
                note_zoned(run, expr.function, (column.side, column.index), bool(flipped), args[1 - flipped])
    return run


def _cast(source: PgType, target: PgType, typmod: int, explicit: bool) -> Callable[[Frame, Vector], Vector]:
    row = find_cast(source, target)

    def run(frame: Frame, vector: Vector) -> Vector:
        style = frame.ctx.style
        if source == target:
            return vector if typmod < 0 else apply_typmod(target, typmod, vector, explicit)
        if (row is not None and row.method != "i") or (row is not None and source.rep is not target.rep):
            return cast_vector(source, target, typmod, vector, style, explicit)
        return text_in(target, typmod, text_out(source, vector, style), style)

    return run


def _on_valid(vector: Vector, frame: Frame, change: Callable[[Frame, Vector], Vector], target: PgType) -> Vector:
    """Apply `change` once to a constant, and never to NULLs."""
    if isinstance(vector, ConstVector):
        if not vector.one.valid[0]:
            return ConstVector(null(target), frame.n)
        return ConstVector(change(frame, vector.one), frame.n)
    if vector.validity is None or vector.validity.all():
        return change(frame, vector)
    index = np.flatnonzero(vector.validity)
    if not len(index):
        return ConstVector(null(target), frame.n)
    return scatter(change(frame, vector.take(index)), index, frame.n)


@compile.register
def _(expr: e.Relabel) -> Evaluator:
    arg = compile(expr.arg)
    if expr.typmod >= 0 and expr.typmod != expr.arg.typmod:
        change = _cast(expr.type, expr.type, expr.typmod, not expr.implicit)
        return lambda frame: _on_valid(arg(frame), frame, change, expr.type)
    return arg


@compile.register
def _(expr: e.ViaText) -> Evaluator:
    arg, source, target, typmod = compile(expr.arg), expr.arg.type, expr.type, expr.typmod
    model_output = expr.model_output and target.rep is Rep.STRUCT

    def change(frame: Frame, vector: Vector) -> Vector:
        style = frame.ctx.style
        texts = vector.flat() if source.rep is Rep.TEXT else text_out(source, vector, style)
        if model_output and frame.ctx.setting("auroraml.composite_outputs") == "parenthesized":
            texts = parenthesized(texts)
        if target.rep is Rep.TEXT and target.category == "S":
            return texts if typmod < 0 else apply_typmod(target, typmod, texts, True)
        return text_in(target, typmod, texts, style)

    return lambda frame: _on_valid(arg(frame), frame, change, target)


@compile.register
def _(expr: e.ArrayCoerce) -> Evaluator:
    arg, element = compile(expr.arg), compile(expr.element)

    def run(frame: Frame) -> Vector:
        vector = arg(frame)
        constant_n = frame.n if isinstance(vector, ConstVector) else None
        lists = vector.one if isinstance(vector, ConstVector) else vector
        assert isinstance(lists, ListVector)
        start, stop = int(lists.offsets[0]), int(lists.offsets[-1])
        child = lists.child.slice(start, stop)
        inner = element(Frame(n=child.n, params=frame.params, ctx=frame.ctx, element=child))
        found = ListVector(lists.offsets - start, inner.flat(), lists.validity, lists.shapes)
        return found if constant_n is None else ConstVector(found, constant_n)

    return run


@compile.register
def _(expr: e.RowCoerce) -> Evaluator:
    arg, fields = compile(expr.arg), [compile(f) for f in expr.fields]

    def run(frame: Frame) -> Vector:
        whole = arg(frame).flat()
        return StructVector([f(frame).flat() for f in fields], frame.n, whole.validity)

    return run


@compile.register
def _(expr: e.And) -> Evaluator:
    return junction([compile(arg) for arg in expr.args], False)


@compile.register
def _(expr: e.Or) -> Evaluator:
    return junction([compile(arg) for arg in expr.args], True)


@compile.register
def _(expr: e.Not) -> Evaluator:
    arg = compile(expr.arg)

    def run(frame: Frame) -> Vector:
        vector = arg(frame).flat()
        assert isinstance(vector, FixedVector)
        return FixedVector(~vector.values if vector.validity is None else ~vector.values & vector.validity, vector.validity)

    return as_harmless_as(run, [arg])


@compile.register
def _(expr: e.NullTest) -> Evaluator:
    arg = compile(expr.arg)

    def run(frame: Frame) -> Vector:
        vector = arg(frame)
        if expr.per_field and isinstance(row := vector.flat(), StructVector):
            empty = np.ones(frame.n, np.bool_)
            for part in row.fields:
                empty &= part.valid if expr.negated else ~part.valid
            return FixedVector(empty & row.valid if expr.negated else empty | ~row.valid)
        return FixedVector(np.array(vector.valid if expr.negated else ~vector.valid))

    return as_harmless_as(run, [arg])


@compile.register
def _(expr: e.BooleanTest) -> Evaluator:
    arg = compile(expr.arg)

    def run(frame: Frame) -> Vector:
        vector = arg(frame).flat()
        assert isinstance(vector, FixedVector)
        if expr.test == "unknown":
            found = ~vector.valid
        else:
            found = vector.valid & (vector.values == (expr.test == "true"))
        return FixedVector(~found if expr.negated else found)

    return run


def _equality(function: Function, args: Sequence[e.Expr]) -> tuple[Evaluator, Evaluator, Callable[[Frame, Vector, Vector], Mask]]:
    left, right = (compile(arg) for arg in args)
    types = tuple(arg.type for arg in args)
    kernel = kernel_of(function)

    def equal(frame: Frame, a: Vector, b: Vector) -> Mask:
        return truth(call(kernel, function, BOOL, [a, b], frame.n, frame.ctx, types))

    return left, right, equal


@compile.register
def _(expr: e.Distinct) -> Evaluator:
    left, right, equal = _equality(expr.function, expr.args)

    def run(frame: Frame) -> Vector:
        a, b = left(frame), right(frame)
        same = np.array(equal(frame, a, b))
        return FixedVector(~(same | (~a.valid & ~b.valid)))

    return run


@compile.register
def _(expr: e.NullIf) -> Evaluator:
    left, right, equal = _equality(expr.function, expr.args)

    def run(frame: Frame) -> Vector:
        a, b = left(frame), right(frame)
        same = equal(frame, a, b)
        return a if not same.any() else a.flat().take(np.where(same, -1, np.arange(frame.n)), True)

    return run


@compile.register
def _(expr: e.Case) -> Evaluator:
    operand = None if expr.operand is None else compile(expr.operand)
    whens = [(compile(when.condition), compile(when.result)) for when in expr.whens]
    default = compile(expr.default)

    def run(frame: Frame) -> Vector:
        if operand is not None:
            frame = Frame(n=frame.n, sides=frame.sides, params=frame.params, ctx=frame.ctx, computed=frame.computed, element=operand(frame))
        left = np.arange(frame.n)
        parts: list[tuple[np.ndarray, Vector]] = []
        for condition, result in whens:
            if not len(left):
                break
            rest = frame if len(left) == frame.n else frame.take(left)
            hit = truth(condition(rest))
            if hit.any():
                index = left[hit]
                parts.append((index, result(frame if len(index) == frame.n else frame.take(index))))
                left = left[~hit]
        if len(left):
            parts.append((left, default(frame if len(left) == frame.n else frame.take(left))))
        return choose(frame.n, parts, expr.type)

    return run


@compile.register
def _(expr: e.Coalesce) -> Evaluator:
    args = [compile(arg) for arg in expr.args]

    def run(frame: Frame) -> Vector:
        left = np.arange(frame.n)
        parts: list[tuple[np.ndarray, Vector]] = []
        for arg in args:
            if not len(left):
                break
            vector = arg(frame if len(left) == frame.n else frame.take(left))
            valid = vector.valid
            if valid.all():
                parts.append((left, vector))
                left = left[:0]
            elif valid.any():
                parts.append((left[valid], vector.filter(valid)))
                left = left[~valid]
        return choose(frame.n, parts, expr.type)

    return run


@compile.register
def _(expr: e.MinMax) -> Evaluator:
    args = [compile(arg) for arg in expr.args]
    kernel = kernel_of(expr.function)

    def run(frame: Frame) -> Vector:
        best = args[0](frame)
        for arg in args[1:]:
            other = arg(frame)
            pair = [other, best] if expr.least else [best, other]
            better = truth(call(kernel, expr.function, BOOL, pair, frame.n, frame.ctx, (expr.type, expr.type))) | (~best.valid & other.valid)
            best = choose(frame.n, [(np.flatnonzero(~better), best.filter(~better)), (np.flatnonzero(better), other.filter(better))], expr.type)
        return best

    return run


@compile.register
def _(expr: e.ArrayExpr) -> Evaluator:
    args = [compile(arg) for arg in expr.args]

    def run(frame: Frame) -> Vector:
        resolve = frame.ctx.style.resolve
        if not args:
            return constant(expr.type, PgArray((), (), ()), frame.n, resolve)
        vectors = [arg(frame).flat() for arg in args]
        if expr.multi:
            return _nested(expr, vectors, frame)
        joined = concat(vectors)
        order = (np.arange(len(args))[None, :] * frame.n + np.arange(frame.n)[:, None]).reshape(-1)
        return ListVector(np.arange(frame.n + 1) * len(args), joined.take(order))

    return run


def _nested(expr: e.ArrayExpr, vectors: Sequence[Vector], frame: Frame) -> Vector:
    """ARRAY[ARRAY..., ...]: arrays of arrays are rare and small, so row by row."""
    from_rows = []
    for row in range(frame.n):
        parts = [vector.datum(row) for vector in vectors]
        arrays = [part for part in parts if isinstance(part, PgArray)]
        shapes = {array.dims for array in arrays}
        if len(shapes) > 1 or len(arrays) != len(parts):
            raise ArraySubscriptError("multidimensional arrays must have array expressions with matching dimensions")
        dims = arrays[0].dims
        elements = tuple(element for array in arrays for element in array.elements)
        from_rows.append(PgArray(elements, (len(arrays), *dims), (1,) * (len(dims) + 1)) if dims else PgArray((), (), ()))
    return from_datums(expr.type, from_rows, frame.ctx.style.resolve(expr.type.element))


@compile.register
def _(expr: e.RowExpr) -> Evaluator:
    args = [compile(arg) for arg in expr.args]

    def run(frame: Frame) -> Vector:
        fields = [arg(frame).flat() for arg in args]
        return StructVector(fields, frame.n, np.logical_or.reduce([f.valid for f in fields]) if expr.migrated else None)

    return run


@compile.register
def _(expr: e.FieldSelect) -> Evaluator:
    arg = compile(expr.arg)

    def run(frame: Frame) -> Vector:
        vector = arg(frame)
        if isinstance(vector, ConstVector):
            return ConstVector(_field(vector.one, expr.index), frame.n)
        return _field(vector, expr.index)

    return run


def _field(vector: Vector, index: int) -> Vector:
    assert isinstance(vector, StructVector)
    found = vector.fields[index]
    if vector.validity is None:
        return found
    return found.with_validity(vector.validity if found.validity is None else vector.validity & found.validity)


@compile.register
def _(expr: e.RowCompare) -> Evaluator:
    pairs = list(zip(expr.left, expr.right, expr.functions, strict=True))
    compiled = [(compile(a), compile(b), f) for a, b, f in pairs]

    def run(frame: Frame) -> Vector:
        if expr.symbol in ("=", "<>"):
            tests = [_pair(a, b, f, (x.type, y.type)) for (a, b, f), (x, y, _) in zip(compiled, pairs, strict=True)]
            return logical(frame, tests, expr.symbol == "<>")
        result = np.zeros(frame.n, np.bool_)
        known = np.ones(frame.n, np.bool_)
        undecided = np.ones(frame.n, np.bool_)
        for position, (a, b, function) in enumerate(compiled):
            left, right = a(frame), b(frame)
            valid = left.valid & right.valid
            types = (expr.left[position].type, expr.right[position].type)
            operator_true = truth(call(kernel_of(function), function, BOOL, [left, right], frame.n, frame.ctx, types))
            same = _same(left, right, expr.operators[position].left or expr.operators[position].right, frame)
            last = position == len(compiled) - 1
            known[undecided & ~valid] = False
            decided = undecided & (~valid | ~same | last)
            result[decided] = operator_true[decided]
            undecided &= ~decided
        return FixedVector(result & known, None if known.all() else known)

    return run


def _pair(a: Evaluator, b: Evaluator, function: Function, types: tuple[PgType, ...]) -> Evaluator:
    kernel = kernel_of(function)
    return lambda frame: call(kernel, function, BOOL, [a(frame), b(frame)], frame.n, frame.ctx, types)


def _same(left: Vector, right: Vector, type: PgType, frame: Frame) -> Mask:
    operator = btree_operators(type)[3]
    function = builtin_function(operator.function)
    assert function is not None
    return truth(call(kernel_of(function), function, BOOL, [left, right], frame.n, frame.ctx, (type, type)))


@compile.register
def _(expr: e.ArrayOp) -> Evaluator:
    return array_comparison(expr, compile(expr.args[0]), compile(expr.args[1]))


@compile.register
def _(expr: e.Subscript) -> Evaluator:
    arg = compile(expr.arg)
    bounds = [(None if a is None else compile(a), None if b is None else compile(b)) for a, b in expr.bounds]

    def run(frame: Frame) -> Vector:
        vector = arg(frame).flat()
        if isinstance(vector, ListVector) and len(bounds) == 1 and vector.shapes is None:
            ends = [None if bound is None else bound(frame).flat() for bound in bounds[0]]
            if expr.slice:
                return _sliced(vector, ends[0], ends[1])
            if ends[1] is not None:
                return _element(vector, ends[1])
        places = [(None if a is None else a(frame).datums(), None if b is None else b(frame).datums()) for a, b in bounds]
        # Several dimensions, other lower bounds and points: rare, so value by value.
        values = [
            subscript(vector.datum(row), [(... if a is None else a[row], ... if b is None else b[row]) for a, b in places], expr.slice)
            for row in range(frame.n)
        ]
        element = frame.ctx.style.resolve(expr.type.element) if expr.type.is_array and expr.type.element else None
        return from_datums(expr.type, values, element)

    return run


def _numbers(bound: Vector) -> Index:
    """Subscripts; where one is NULL, one of no element."""
    assert isinstance(bound, FixedVector)
    return np.where(bound.valid, bound.values.astype(np.int64), 0)


def _sliced(lists: ListVector, low: Vector | None, high: Vector | None) -> Vector:
    sizes = np.diff(lists.offsets)
    start = np.zeros(lists.n, np.int64) if low is None else np.clip(_numbers(low) - 1, 0, sizes)
    stop = sizes if high is None else np.clip(_numbers(high), 0, sizes)
    counts = np.maximum(stop - start, 0)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    places = np.repeat(lists.offsets[:-1] + start - offsets[:-1], counts) + np.arange(offsets[-1])
    validity = np.logical_and.reduce([part.valid for part in (lists, low, high) if part is not None])
    return ListVector(offsets, lists.child.flat().take(places), None if validity.all() else validity)


def _element(lists: ListVector, index: Vector) -> Vector:
    wanted = _numbers(index) - 1
    lengths = np.diff(lists.offsets)
    inside = (wanted >= 0) & (wanted < lengths) & lists.valid
    return lists.child.take(np.where(inside, lists.offsets[:-1] + wanted, -1), True)


@compile.register
def _(expr: e.SqlValue) -> Evaluator:
    def run(frame: Frame) -> Vector:
        return constant(expr.type, sql_value(expr, frame.ctx), frame.n)

    return rowless(run)
