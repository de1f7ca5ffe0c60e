"""Parts that several aggregate calls' arguments have in common, computed once a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from auroraml.batch import Batch, Vector
from auroraml.evaluate import Evaluator, Frame, compile
from auroraml.ir import expr as e
from auroraml.ir.tree import every, rewrite, same


def _is_pure(part: object) -> bool:
    if isinstance(part, e.Call | e.OpCall):
        function = part.function
        return function.schema == "pg_catalog" and function.volatility != "v" and not function.returns_set
    return isinstance(part, e.InputRef | e.Const | e.Relabel | e.ParamRef)


def _always(expr: e.Expr) -> Iterator[e.Expr]:
    """The calls in an expression that are computed for every row, inner ones first."""
    if isinstance(expr, e.Relabel):
        yield from _always(expr.arg)
    elif isinstance(expr, e.Call | e.OpCall):
        for arg in expr.args:
            yield from _always(arg)
        if all(_is_pure(part) for part in every(expr)):
            yield expr


class SharedParts:
    """The arguments of calls with what they share replaced by columns of a second input."""

    def __init__(self, calls: Sequence[e.Aggregate]) -> None:
        seen: list[e.Expr] = []
        twice: list[e.Expr] = []
        for call in calls:
            for arg in call.args if call.filter is None and call.phase != "final" else ():
                for part in _always(arg):
                    if any(same(part, other) for other in twice):
                        continue
                    (twice if any(same(part, other) for other in seen) else seen).append(part)
        twice.sort(key=lambda part: len(every(part)))
        self.found: list[e.Expr] = []
        self.parts: list[Evaluator] = []
        for part in twice:
            made = self._replaced(part)
            if isinstance(made, e.Call | e.OpCall):  # not seen in another guise
                self.parts.append(compile(made))
                self.found.append(part)
        self.args = [[compile(self._replaced(arg) if call.filter is None else arg) for arg in call.args] for call in calls] if self.parts else []

    def _replaced(self, expr: e.Expr) -> e.Expr:
        def change(part: object) -> object | None:
            for number, other in enumerate(self.found):
                if isinstance(part, e.Call | e.OpCall) and same(part, other):
                    return e.InputRef(type=other.type, typmod=other.typmod, index=number, side=1)
            return None

        return rewrite(expr, change)

    def frame(self, frame: Frame) -> Frame:
        """The frame with the parts as its second input."""
        vectors: list[Vector] = []
        for part in self.parts:
            vectors.append(part(replace(frame, sides=(frame.sides[0], Batch.of(vectors, frame.n)))))
        return replace(frame, sides=(frame.sides[0], Batch.of(vectors, frame.n)))
