"""BatchCall: a call of a batch function taken apart, so that many batches' arguments are computed together and each batch is still one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auroraml.batch import ConstVector, RenderedVector, Vector
from auroraml.errors import DatabaseError
from auroraml.evaluate.call import call, kernel_of
from auroraml.evaluate.calling import Evaluator, body_expressions
from auroraml.evaluate.compile import compile
from auroraml.evaluate.frame import Frame, Runtime
from auroraml.functions.signature import BatchCalls, Kernel, Types
from auroraml.ir import expr as e
from auroraml.ir.objects import Function
from auroraml.ir.tree import children, rewrite, walk
from auroraml.records import dataclass
from auroraml.settings.batches import AURORAML_FUNCTION_STATISTICS
from auroraml.types.pg_type import PgType, Rep

ANSWER = ("answer", 0)
_HOLDERS = (e.Relabel, e.ViaText, e.FieldSelect, e.Call, e.OpCall)  # whose parts are computed for every row
_LEAVES = (e.Const, e.ParamRef, e.InputRef)


@dataclass(frozen=True, kw_only=True)
class _Level:
    """An expression around the call: the scan's own (no function), or the body of a LANGUAGE SQL function over its arguments."""

    function: Function | None
    args: tuple[Evaluator, ...]
    after: Evaluator | None  # what it makes of the answer, which stands in the frame as a parameter; None: the answer itself
    alone: bool  # it reads nothing but the answer


@dataclass(frozen=True, kw_only=True)
class BatchCall:
    """One call of a batch function, made for every row, and what is around it, from the outside in."""

    levels: tuple[_Level, ...]
    function: Function
    kernel: Kernel
    args: tuple[Evaluator, ...]
    types: tuple[PgType, ...]
    result: PgType
    read_as: PgType | None  # all that is around the call is a cast of its text to this type


def taken_apart(expr: e.Expr) -> BatchCall | None:
    """The one batch call that `expr` always makes, through wrappers in LANGUAGE SQL; None where there are others, or one that depends on values.

    Arguments are then computed ahead of calls that may never be made, so they hold nothing volatile and nothing that is counted.
    """
    levels: list[_Level] = []
    function: Function | None = None
    outer_args: tuple[e.Expr, ...] = ()
    casts: list[e.Expr] = []
    while True:
        found = _only_call(expr)
        if found is None or not all(_quiet(arg) for arg in found.args) or found.variadic:
            return None
        levels.append(_level(function, outer_args, expr, found))
        casts += [] if expr is found else [expr]
        if found.function.language != "sql":
            args, types = tuple(compile(arg) for arg in found.args), tuple(arg.type for arg in found.args)
            kernel, read_as = kernel_of(found.function), _read_as(casts, found)
            return BatchCall(levels=tuple(levels), function=found.function, kernel=kernel, args=args, types=types, result=found.type, read_as=read_as)
        body = body_expressions(found.function)
        several = found.function.result.rep is Rep.STRUCT and len(found.function.outputs) > 1
        if len(body) != 1 or several:
            return None
        function, outer_args, expr = found.function, found.args, body[0]


def _read_as(around: Sequence[e.Expr], call: e.Call) -> PgType | None:
    if len(around) == 1 and isinstance(around[0], e.ViaText) and around[0].arg is call and around[0].typmod < 0:
        return around[0].type
    return None


def _level(function: Function | None, args: Sequence[e.Expr], expr: e.Expr, found: e.Call) -> _Level:
    answer = e.ParamRef(kind=ANSWER[0], number=ANSWER[1], type=found.type, typmod=found.typmod)
    around = rewrite(expr, lambda node: answer if node is found else None)
    return _Level(
        function=function, args=tuple(compile(arg) for arg in args), after=None if around is answer else compile(around),
        alone=not any(isinstance(x, e.ParamRef) and x is not answer for x in walk(around)),
    )  # fmt: skip


def _only_call(expr: e.Expr) -> e.Call | None:
    """The batch call in `expr`, if it is the only one and nothing decides by values whether it is made."""
    calls = [x for x in walk(expr) if isinstance(x, e.Call) and x.function.batch]
    if len(calls) != 1 or calls[0].function.returns_set:
        return None
    node: object = expr
    while node is not calls[0]:
        if not isinstance(node, _HOLDERS) or (isinstance(node, e.Call | e.OpCall) and not _plain(node.function)):
            return None
        below = list(children(node))
        inside = [child for child in below if any(x is calls[0] for x in walk(child))]
        if len(inside) != 1 or not all(isinstance(child, _LEAVES) for child in below if child is not inside[0]):
            return None
        node = inside[0]
    return calls[0]


def _plain(function: Function) -> bool:
    return function.schema == "pg_catalog" and function.language != "sql" and function.volatility != "v" and not function.returns_set


def _quiet(expr: e.Expr) -> bool:
    """Whether nobody can tell how often, and for which rows, an expression is computed."""
    return all(_plain(x.function) if isinstance(x, e.Call | e.OpCall) else not isinstance(x, e.SubPlan) for x in walk(expr))


class BatchRun:
    """Many batches on their way through one call: the arguments of all are computed when it starts."""

    def __init__(self, call: BatchCall, frame: Frame) -> None:
        """DatabaseError where an argument fails for some row: its batch may never be called."""
        self.of = call
        self.frames = [frame]
        self.strict_nulls = False
        for level in call.levels[1:]:
            values = [arg(frame) for arg in level.args]
            if level.function is not None and level.function.strict and any(value.validity is not None for value in values):
                self.strict_nulls = True
            params = {("external", i): value for i, value in enumerate(values, 1)}
            frame = Frame(n=frame.n, params=params, ctx=frame.ctx, batched=True)
            self.frames.append(frame)
        self.ctx = frame.ctx
        self.calls = None if self.strict_nulls else _calls(call, [arg(frame) for arg in call.args], frame)
        self.called = 0.0  # seconds in calls
        self.now = frame.ctx.clock.now
        self.in_step = self.calls is not None and not self.calls.apart  # whether batches may be answered together

    @property
    def possible(self) -> bool:
        """Whether the arguments' values allow it: not where a strict wrapper leaves rows out."""
        return self.calls is not None

    def answer(self, start: int, stop: int) -> Vector:
        """The value of the expression for rows `start` to before `stop`: one batch, one call."""
        assert self.calls is not None
        begun = self.now()
        vector = self.calls.call(start, stop)
        self.called += self.now() - begun
        if isinstance(vector, RenderedVector) and vector.type is self.of.read_as and vector.validity is None:
            return vector.source  # what was to be read is at hand
        return self._around(vector, start, stop)

    def _around(self, vector: Vector, start: int, stop: int) -> Vector:
        """What the levels make of the answers for these rows."""
        for level, frame in zip(reversed(self.of.levels), reversed(self.frames), strict=True):
            if level.after is not None:
                params: Mapping[tuple[str, int], Vector] = {ANSWER: vector} if level.alone else _Sliced(frame.params, vector, start, stop)
                vector = level.after(Frame(n=stop - start, params=params, ctx=self.ctx, batched=True))
        return vector

    def together(self, start: int, stop: int, rows: int) -> Vector | None:
        """The values for several batches of `rows` rows from `start` on, at most to `stop`; None where the next batch has to be called by itself."""
        assert self.calls is not None
        if not self.in_step:
            return None
        begun = self.now()
        vector = self.calls.together(start, stop, rows)
        if vector is None:
            return None
        spent = self.now() - begun
        try:
            vector = self._around(vector, start, start + vector.n)
        except DatabaseError:  # of some batch: those before it have been called by then, those after it have not
            self.in_step = False
            return None
        self.calls.sent()
        self.called += spent
        return vector

    def settle(self, rows: int, batches: int, milliseconds: float) -> None:
        """So many rows got their values since the last time, in so many batches and milliseconds: the statistics of all functions called."""
        assert self.calls is not None
        self.calls.settle()
        inner, self.called = self.called * 1000, 0.0
        if rows:
            rows = batches if self.ctx.settings[AURORAML_FUNCTION_STATISTICS] == "batches" else rows
            self.ctx.count_call(self.of.function, rows, inner, inner)
            for level in reversed(self.of.levels):
                if level.function is not None:
                    self.ctx.count_call(level.function, rows, milliseconds, max(milliseconds - inner, 0.0))
                    inner = milliseconds
        self.ctx.nested_time += inner


class _Sliced(dict):  # type: ignore[type-arg] # a lazy view, as Taken is
    """The answer of a batch, beside the part of its level's parameters that belongs to it."""

    def __init__(self, base: Mapping[tuple[str, int], Vector], answer: Vector, start: int, stop: int) -> None:
        super().__init__({ANSWER: answer})
        self.base = base
        self.start = start
        self.stop = stop

    def __missing__(self, key: tuple[str, int]) -> Vector:
        found = self.base[key]
        self[key] = part = found if found.n == 1 else found.slice(self.start, self.stop)
        return part


class _KernelCalls:
    """The calls of a kernel that knows nothing of several batches."""

    apart = True

    def __init__(self, of: BatchCall, args: Sequence[Vector], ctx: Runtime) -> None:
        self.of = of
        self.args = args
        self.ctx = ctx

    def call(self, start: int, stop: int) -> Vector:
        """One batch."""
        part = [arg.slice(start, stop) for arg in self.args]
        return call(self.of.kernel, self.of.function, self.of.result, part, stop - start, self.ctx, self.of.types)

    def together(self, start: int, stop: int, rows: int) -> Vector | None:
        """Each by itself."""
        return None

    def sent(self) -> None:
        """None were."""

    def settle(self) -> None:
        """Nothing was put off."""


def _calls(of: BatchCall, args: Sequence[Vector], frame: Frame) -> BatchCalls | None:
    kernel = of.kernel
    if of.function.volatility != "v" and all(isinstance(arg, ConstVector) for arg in args):
        return None  # one value for all rows of a batch
    if kernel.batches is None or of.function.strict:
        return _KernelCalls(of, args, frame.ctx)
    extra: tuple[object, ...] = (frame.ctx,) if kernel.context else ()
    if kernel.typed:
        extra = (*extra, Types(args=of.types, result=of.result))
    return kernel.batches(*extra, *args) or _KernelCalls(of, args, frame.ctx)
