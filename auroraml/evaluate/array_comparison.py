"""ArrayOp: a value compared with every element of an array, `operator ANY` and `operator ALL`."""

from __future__ import annotations

import numpy as np

from auroraml.batch import ConstVector, DictVector, FixedVector, ListVector, TextVector, Vector
from auroraml.evaluate.call import call, kernel_of, looked_up
from auroraml.evaluate.calling import Evaluator, is_rowless, is_safe, mark_safe, needs_of
from auroraml.evaluate.frame import Frame
from auroraml.functions.comparison import EQUALITY
from auroraml.functions.membership import members
from auroraml.ir import expr as e
from auroraml.types.pg_type import PgArray
from auroraml.types.table import BOOL

FEW_ITEMS = 64  # of an array that does not change from row to row, compared one by one
SOME = 24  # numbers from which on a table of them is faster
FEW_TEXTS = 2  # texts up to which this takes less time than a table of them
VERY_FEW = 8  # of which all are compared with sooner than rows are chosen


def array_comparison(expr: e.ArrayOp, left: Evaluator, right: Evaluator) -> Evaluator:
    """Compares `left`'s value with the elements of `right`'s array, row by row."""
    kernel = kernel_of(expr.function)
    element = expr.args[1].type.element

    def run(frame: Frame) -> Vector:
        value, arrays = left(frame), right(frame)
        if isinstance(arrays, ConstVector) and not kernel.raises and frame.n > 1:
            items = arrays.one.flat()
            assert isinstance(items, ListVector)
            child = items.child.slice(int(items.offsets[0]), int(items.offsets[-1]))
            many = items.validity is None and child.n > _compared_singly(value, frame.n)
            if many and (among := _among(expr, value, child)) is not None:
                return among
            if items.validity is None and 0 < child.n <= FEW_ITEMS:
                return _with_items(expr, value, items, frame)
        arrays = arrays.flat()
        assert isinstance(arrays, ListVector)
        lengths = np.diff(arrays.offsets)
        owner = np.repeat(np.arange(frame.n), lengths)
        types = (expr.args[0].type, frame.ctx.style.resolve(element))
        child = arrays.child.slice(int(arrays.offsets[0]), int(arrays.offsets[-1]))
        found = call(kernel, expr.function, BOOL, [value.take(owner), child], len(owner), frame.ctx, types).flat()
        assert isinstance(found, FixedVector)
        decisive = found.valid & (found.values != expr.all)
        hits = np.bincount(owner[decisive], minlength=frame.n) > 0
        unknown = (np.bincount(owner[~found.valid], minlength=frame.n) > 0) & ~hits
        validity = arrays.valid & ~unknown
        values = (hits if not expr.all else ~hits) & validity
        return FixedVector(values, None if validity.all() else validity)

    if kernel.raises or not is_safe(left) or not is_rowless(right):
        return run
    given = expr.args[1].value if isinstance(expr.args[1], e.Const) else None
    few = isinstance(given, PgArray) and len(given.elements) <= VERY_FEW
    return mark_safe(run, needs_of([left], kernel.light, expr.function) if few else None)


def _compared_singly(value: Vector, n: int) -> int:
    """Up to how many items are compared with `n` values one after the other."""
    if isinstance(value, DictVector):
        return 1 if value.dictionary.n < n else VERY_FEW
    return FEW_TEXTS if isinstance(value, TextVector) else SOME


def _among(expr: e.ArrayOp, value: Vector, items: Vector) -> Vector | None:
    """IN and NOT IN (a long list): by a table of the items."""
    name, trim = EQUALITY.get(expr.function.oid, ("", False))
    if name != ("ne" if expr.all else "eq") or isinstance(value, ConstVector):
        return None
    some_null = items.validity is not None and not items.validity.all()
    known = items if items.validity is None else items.filter(items.validity).with_validity(None)
    if isinstance(value, DictVector):
        found = members(value.dictionary, known, trim)
        if found is not None:
            chosen = looked_up(FixedVector(found), value.codes) if value.dictionary.n else FixedVector(np.zeros(value.n, np.bool_))
            assert isinstance(chosen, FixedVector)
            found = chosen.values
    else:
        found = members(value, known, trim)
    if found is None:
        return None
    validity = value.validity
    if some_null:
        validity = found if validity is None else found & validity  # what is none of the others may be the unknown one
    values = ~found if expr.all else found
    return FixedVector(values if validity is None else values & validity, validity)


def _with_items(expr: e.ArrayOp, value: Vector, items: ListVector, frame: Frame) -> Vector:
    """The same array for every row: compared with one item after the other."""
    kernel = kernel_of(expr.function)
    types = (expr.args[0].type, frame.ctx.style.resolve(expr.args[1].type.element))
    values, known = np.full(frame.n, expr.all), np.ones(frame.n, np.bool_)
    for number in range(int(items.offsets[0]), int(items.offsets[-1])):
        item = ConstVector(items.child.slice(number, number + 1), frame.n)
        found = call(kernel, expr.function, BOOL, [value, item], frame.n, frame.ctx, types).flat()
        assert isinstance(found, FixedVector)
        decided = found.values if found.validity is None else found.valid & (found.values != expr.all)
        if found.validity is not None:
            known &= found.validity
            values = np.where(decided, not expr.all, values)
        else:
            (np.logical_and if expr.all else np.logical_or)(values, decided, out=values)
    known |= values != expr.all  # one item that decides is enough
    return FixedVector(values & known, None if known.all() else known)
