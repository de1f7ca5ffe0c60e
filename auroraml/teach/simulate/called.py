"""What a batch-mode Function Scan calls: the service and target, found in the bodies of its functions, and how many rows a batch and a request have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from auroraml.batch import Batch
from auroraml.catalog.catalog import Catalog
from auroraml.errors import FeatureNotSupported
from auroraml.evaluate import Frame, compile
from auroraml.evaluate.calling import body_expressions
from auroraml.executor.context import ExecutionContext
from auroraml.executor.operators.service_batches import BatchSize
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.tree import rewrite, walk
from auroraml.planner.estimate.width import column_width, type_width
from auroraml.records import dataclass
from auroraml.services.calls import DETECTING, MAX_BODY_BYTES, Services, invoking
from auroraml.services.embedded.hosting import Hosting, virtual
from auroraml.services.protocols import MAX_DOCUMENTS
from auroraml.teach.simulate.requests import Called

DIGITS = {"int2": 5, "int4": 7, "int8": 10, "bool": 1, "float4": 8, "float8": 12, "numeric": 8, "date": 10}  # characters of a number's text, roughly


@dataclass(frozen=True, kw_only=True)
class BatchOf:
    """A scan's batches: at most `rows` each, sent to `called`, which is hosted so."""

    rows: int
    called: Called
    hosting: Hosting


def batch_of(scan: p.FunctionScan, widths: Mapping[int, int], ctx: ExecutionContext, rows: int | None) -> BatchOf:
    """What a scan calls. `widths` are those of the parameters its calls read; `rows`: of a batch, in place of what the calls say."""
    calls = [found for call in scan.calls for found in _service_calls(call)]
    if len(calls) != 1:
        raise FeatureNotSupported(f"a simulated run of a Function Scan with {len(calls)} service calls is not supported")
    size = BatchSize(scan.calls)
    if size.varies:
        raise FeatureNotSupported("a simulated run of batches whose size depends on a row is not supported")
    limit = rows or size.rows(Frame(n=1, params=ctx.loops, ctx=ctx))
    call = calls[0]
    find = TARGETS.get((call.function.schema, call.function.name))
    if find is None:
        raise FeatureNotSupported(f"a simulated run of function {call.function.name} is not supported")
    called, hosting = find(call, widths, ctx)
    return BatchOf(rows=limit, called=called, hosting=hosting)


def _service_calls(expr: e.Expr, args: Sequence[e.Expr] | None = None) -> Iterator[e.Call]:
    """The calls of the extension's functions in an expression, through LANGUAGE SQL functions, over what the expression reads."""

    def argument(node: object) -> object | None:
        if args is not None and isinstance(node, e.ParamRef) and node.kind == "external":
            return args[node.number - 1]
        return None

    for call in walk(expr):
        if not isinstance(call, e.Call) or not call.function.batch:
            continue
        passed = tuple(rewrite(arg, argument) for arg in call.args)
        if call.function.language == "sql":
            for body in body_expressions(call.function):
                yield from _service_calls(body, passed)
        else:
            yield e.Call(type=call.type, function=call.function, args=passed, variadic=call.variadic)


def _constant(expr: e.Expr, what: str, ctx: ExecutionContext) -> str:
    if any(isinstance(x, e.InputRef) or (isinstance(x, e.ParamRef) and x.kind == "exec") for x in walk(expr)):
        raise FeatureNotSupported(f"a simulated run of calls whose {what} depends on a row is not supported")
    return str(compile(expr)(Frame(n=1, sides=(Batch([], 1),), params=ctx.loops, ctx=ctx)).datum(0))


def _text_width(expr: e.Expr, widths: Mapping[int, int]) -> int:
    """Characters of an argument's text, by the widths of what it reads; a text's width counts the byte that says how long it is."""
    if isinstance(expr, e.Relabel | e.ViaText):
        return _text_width(expr.arg, widths)
    if expr.type.name in DIGITS:
        return DIGITS[expr.type.name]
    if isinstance(expr, e.Const):
        return len(str(expr.value))
    width = widths.get(expr.number) if isinstance(expr, e.ParamRef) and expr.kind == "exec" else None
    return max((type_width(expr.type) if width is None else width) - 1, 1)


def _endpoint(call: e.Call, widths: Mapping[int, int], ctx: ExecutionContext) -> tuple[Called, Hosting]:
    services: Services = ctx.services
    endpoint = _constant(call.args[0], "endpoint", ctx)
    row = sum(_text_width(arg, widths) + 1 for arg in call.args[2:])  # a comma or newline behind each
    known: Mapping[str, Hosting] = getattr(services.sagemaker, "hosting", {})
    return Called(
        service="SageMaker", operation="InvokeEndpoint", target=endpoint, problem=invoking(endpoint), row_bytes=row,
        most_rows=max((MAX_BODY_BYTES + 1) // row, 1), instance_type=services.sagemaker.instance(endpoint),
    ), virtual("SageMaker", known.get(endpoint, Hosting()))  # fmt: skip


def _comprehend(call: e.Call, widths: Mapping[int, int], ctx: ExecutionContext) -> tuple[Called, Hosting]:
    services: Services = ctx.services
    language = _constant(call.args[1], "language", ctx)
    characters = _text_width(call.args[0], widths)
    most = MAX_DOCUMENTS if services.account.limited else services.comprehend.at_once
    hosting: Hosting = getattr(services.comprehend, "hosting", Hosting())
    return Called(
        service="Comprehend", operation="BatchDetectSentiment", target=language, problem=DETECTING, row_bytes=characters, characters=characters,
        most_rows=most,
    ), virtual("Comprehend", hosting)  # fmt: skip


Find = Callable[[e.Call, Mapping[int, int], ExecutionContext], tuple[Called, Hosting]]
TARGETS: Mapping[tuple[str, str], Find] = {
    ("aws_sagemaker", "invoke_endpoint"): _endpoint,
    ("aws_comprehend", "detect_sentiment"): _comprehend,
}


def widths_below(node: p.PhysicalPlan, params: Sequence[tuple[int, e.Expr]], catalog: Catalog) -> dict[int, int]:
    """The average widths of a nested loop's parameters, by their numbers: of columns that a table's statistics know."""
    found = {}
    for number, value in params:
        while isinstance(value, e.Relabel):
            value = value.arg
        if isinstance(value, e.InputRef) and (width := _output_width(node, value.index, catalog)) is not None:
            found[number] = width
    return found


def _output_width(node: p.PhysicalPlan, index: int, catalog: Catalog) -> int | None:
    if node.targets:
        target = node.targets[index]
        if not isinstance(target, e.InputRef):
            return None
        if isinstance(node, p.SeqScan):
            column = node.columns[target.index]
            statistics = catalog.statistics(node.relation.oid).columns.get(column.number)
            return column_width(column.type, column.typmod, statistics)
        children = node.children()
        return _output_width(children[target.side], target.index, catalog) if target.side < len(children) else None
    return _output_width(node.children()[0], index, catalog) if node.children() else None
