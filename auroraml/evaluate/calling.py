"""Calls of functions over frames: kernels, LANGUAGE SQL bodies, one call a row for batch functions outside batch mode, statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, StructVector, TextVector, Vector, concat
from auroraml.errors import FeatureNotSupported
from auroraml.evaluate.call import call, kernel_of, null
from auroraml.evaluate.frame import Frame, scatter
from auroraml.functions.signature import Kernel
from auroraml.ir import expr as e
from auroraml.ir.logical import Query
from auroraml.ir.objects import Function
from auroraml.ir.tree import expressions
from auroraml.lazy import compute as pc
from auroraml.settings.batches import AURORAML_FUNCTION_STATISTICS
from auroraml.types.pg_type import PgType, Rep

Evaluator = Callable[[Frame], Vector]
T = TypeVar("T")
Compiler = Callable[[e.Expr], Evaluator]
Needs = frozenset[tuple[int, int, bool]]  # input columns: side and number, and whether nothing but a dictionary will do
ASKED = -1  # in the place of a side: the exec parameter of a number must be known, as an init plan runs only where a row asks for its value


def mark_safe(run: Evaluator, needs: Needs | None = None, *, rowless: bool = False) -> Evaluator:
    """Say of `run` that it raises for no row, or for every one, so that it may run on rows that nobody asked about.

    `needs`: it is light, which means that it costs less for all rows than choosing some, where these columns are as told. `rowless`: it reads no row.
    The marks are attributes of the function: sets of weak references, which know as much, take longer to ask than a small batch to evaluate.
    """
    vars(run)["marks"] = needs, rowless
    return run


def is_safe(run: Evaluator) -> bool:
    """Whether `run` may run on rows that nobody asked about."""
    return hasattr(run, "marks")


def is_rowless(run: Evaluator) -> bool:
    """Whether `run` is safe and reads no row."""
    return hasattr(run, "marks") and run.marks[1]


def light_by(run: Evaluator) -> Needs | None:
    """The columns that `run` needs to be light; None where it never is."""
    return run.marks[0] if hasattr(run, "marks") else None


def function_call(
    function: Function, result: PgType, args: Sequence[Evaluator], types: tuple[PgType, ...], compile: Compiler, constants: Sequence[object] = ()
) -> Evaluator:
    """The function's value for each row of a frame; `constants` has the values of the arguments that are."""
    if function.language == "sql":
        return _sql_call(function, args, compile)
    if function.language == "plpgsql":
        return _procedural_call(function, args)
    kernel = kernel_of(function)
    alone = kernel if kernel.single is None else replace(kernel, function=kernel.single)

    def once(frame: Frame, values: Sequence[Vector]) -> Vector:
        return call(kernel if frame.batched else alone, function, result, values, frame.n, frame.ctx, types)

    def plain(frame: Frame) -> Vector:
        return once(frame, [arg(frame) for arg in args])

    if function.schema != "pg_catalog":
        return lambda frame: counted(function, frame, [arg(frame) for arg in args], once, result)
    _classify(plain, kernel, function, args, constants)
    return plain


def _classify(run: Evaluator, kernel: Kernel, function: Function, args: Sequence[Evaluator], constants: Sequence[object]) -> None:
    """Mark a call as safe, rowless and light where it is."""
    if function.volatility == "v" or not all(map(is_safe, args)):
        return
    varying = [arg for arg in args if not is_rowless(arg)]
    if not varying:
        mark_safe(run, frozenset(), rowless=True)
    elif not kernel.raises or (kernel.harmless is not None and kernel.harmless(constants)):
        mark_safe(run, needs_of(varying, kernel.light, function))


def needs_of(varying: Sequence[Evaluator], light: bool, function: Function) -> Needs | None:
    """What columns a function of these arguments must read to be light itself: a function that is not computes over one dictionary only."""
    known = [light_by(arg) for arg in varying]
    needs = frozenset(need for part in known if part is not None for need in part)
    if None in known:
        return None
    if light:
        return needs
    one = len(varying) == 1 and len(needs) == 1 and function.strict and function.volatility == "i"
    return frozenset((side, index, True) for side, index, _ in needs) if one else None


def counted(function: Function, frame: Frame, values: Sequence[Vector], once: Callable[[Frame, Sequence[Vector]], Vector], result: PgType) -> Vector:
    """`once` for all rows, or where a batch function is outside batch mode for one after the other; counted either way."""
    if function.batch and not frame.batched and frame.n != 1:
        return _row_by_row(frame, values, lambda one, given: measured(function, one, lambda: once(one, given)), result)
    return measured(function, frame, lambda: once(frame, values))


def measured(function: Function, frame: Frame, run: Callable[[], T]) -> T:
    """`run()`, its rows and time added to the function's statistics; time spent in other functions is not its own."""
    ctx = frame.ctx
    before, ctx.nested_time = ctx.nested_time, 0.0
    now = ctx.clock.now
    start = now()
    try:
        found = run()
        total = (now() - start) * 1000
        ctx.count_call(function, calls_in(frame), total, total - ctx.nested_time)
    finally:
        ctx.nested_time = before + (now() - start) * 1000
    return found


def calls_in(frame: Frame) -> int:
    """How often a function is called for a frame: once a row, or in batch mode once a batch where the setting has it so."""
    return 1 if frame.batched and frame.n and frame.ctx.settings[AURORAML_FUNCTION_STATISTICS] == "batches" else frame.n


def _row_by_row(frame: Frame, values: Sequence[Vector], run: Callable[[Frame, list[Vector]], Vector], result: PgType) -> Vector:
    """A batch function outside batch mode: each row is a service call of its own, as its caller pays for it."""
    parts = []
    for row in range(frame.n):
        index = np.array([row])
        parts.append(run(frame.take(index), [value.take(index).flat() for value in values]).flat())
    return concat(parts) if parts else null(result).take(np.zeros(0, np.int64))


def body_expressions(function: Function) -> list[e.Expr]:
    """The body of a LANGUAGE SQL function that is a plain select list without subqueries; empty where it is more than that."""
    return [] if function.returns_set or function.before else plain_targets(function.body)


def plain_targets(body: object) -> list[e.Expr]:
    """The expressions of a query that is nothing but a select list without subqueries; empty where it is more than that."""
    if not isinstance(body, Query):
        return []
    if body.from_items or body.where or body.grouped or body.limit or body.offset or body.ctes or body.distinct or body.order_by:
        return []
    found = [target.expr for target in body.targets if not target.hidden]
    return [] if any(isinstance(part, e.SubLink) for expr in found for part in expressions(expr)) else found


def _sql_call(function: Function, args: Sequence[Evaluator], compile: Compiler) -> Evaluator:
    """A plain expression runs over the whole batch; anything else goes to the statement's runner."""
    compiled = [compile(expression) for expression in body_expressions(function)]

    def run(frame: Frame) -> Vector:
        values = [arg(frame) for arg in args]
        return _strict(function, values, frame, lambda part, given: measured(function, part, lambda: _body(function, compiled, part, given)))

    return run


def _procedural_call(function: Function, args: Sequence[Evaluator]) -> Evaluator:
    """A LANGUAGE plpgsql function, row by row."""
    if function.result.name == "trigger":
        context = f'compilation of PL/pgSQL function "{function.name}" near line 1'
        raise FeatureNotSupported("trigger functions can only be called as triggers", context=context)

    def once(part: Frame, given: list[Vector]) -> Vector:
        return measured(function, part, lambda: part.ctx.run_procedural(function, given, part.n))

    return lambda frame: _strict(function, [arg(frame) for arg in args], frame, once)


def _body(function: Function, compiled: Sequence[Evaluator], frame: Frame, values: list[Vector]) -> Vector:
    """The body's value, computed as the function's owner where it is SECURITY DEFINER."""
    ctx = frame.ctx
    caller = ctx.user
    if function.security_definer:
        ctx.user = str(ctx.catalog.role_by_oid(function.owner).name)
    try:
        return _value(function, compiled, frame, values)
    finally:
        ctx.user = caller


def _value(function: Function, compiled: Sequence[Evaluator], frame: Frame, values: list[Vector]) -> Vector:
    if not compiled:
        return frame.ctx.run_sql_function(function, values, frame.n)
    params = {("external", i): value for i, value in enumerate(values, 1)}
    inner = Frame(n=frame.n, params=params, ctx=frame.ctx, batched=frame.batched)
    outputs = [one(inner) for one in compiled]
    if function.result.rep is Rep.STRUCT and len(function.outputs) != 1 and (len(outputs) > 1 or len(function.outputs) > 1):
        return StructVector([output.flat() for output in outputs], frame.n)
    return outputs[0]


def _strict(function: Function, values: list[Vector], frame: Frame, run: Callable[[Frame, list[Vector]], Vector]) -> Vector:
    if not function.strict or all(value.validity is None for value in values):
        return run(frame, values)
    valid = np.logical_and.reduce([value.valid for value in values])
    index = np.flatnonzero(valid)
    if not len(index):
        return ConstVector(null(function.result), frame.n)
    return scatter(run(frame.take(index), [value.take(index) for value in values]), index, frame.n)


def parenthesized(texts: Vector) -> Vector:
    """A model's outputs as text forms of a composite type: in parentheses, unless they are already."""
    flat = texts.flat()
    assert isinstance(flat, TextVector)
    opening, closing, nothing = (pa.scalar(text, pa.large_string()) for text in ("(", ")", ""))
    around = pc.binary_join_element_wise(opening, flat.values, closing, nothing)
    return TextVector(pc.if_else(pc.starts_with(flat.values, "("), flat.values, around), flat.validity)
