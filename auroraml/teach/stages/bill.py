"""The bill: what the statement's service calls cost, line by line, and what one of each thing billed for comes to."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from auroraml.services.meter import BillLine
from auroraml.teach.trace import Trace
from auroraml.teach.words import amount, count, paragraph


def tell(trace: Trace) -> Iterator[str]:
    """With ANALYZE alone; without a call in a sentence."""
    if trace.cost is None:
        return
    lines = trace.cost.lines
    if not lines:
        yield "No service was called, so nothing is owed."
        return
    for line in lines:
        yield from paragraph(_line(line))
    known = [line.amount for line in lines if line.amount is not None]
    if len(lines) > 1 and known:
        yield ""
        yield from paragraph(f"Together {amount(sum(known, Decimal(0)), trace.cost.currency)}, by the price list {trace.cost.prices}.")
    elif known:
        yield from paragraph(f"That is by the price list {trace.cost.prices}.")
    rows = sum(line.rows for line in lines)
    million = (sum(known, Decimal(0)) * 1_000_000 / rows).quantize(Decimal("0.01")) if known and rows else Decimal(0)
    if million:
        yield from paragraph(f"A million rows like these would come to {amount(million, trace.cost.currency)}.")


def _line(line: BillLine) -> str:
    what = f"{line.service} {line.operation} ({line.target})"
    used = [count(line.calls, "call")]
    used += [count(line.rows, "row")] if line.rows else []
    used += [f"{count(line.units, 'unit')}"] if line.units else []
    used += [f"{count(line.input_tokens, 'token')} in"] if line.input_tokens else []
    used += [f"{count(line.output_tokens, 'token')} out"] if line.output_tokens else []
    used += [count(line.retries, "retry")] if line.retries else []
    used += [count(line.failures, "failure")] if line.failures else []
    used += [f"{line.seconds:.3f} s of an instance"] if line.seconds else []
    if line.amount is None:
        return f"{what}: {', '.join(used)}; the price list has no price for it."
    return f"{what}: {', '.join(used)}; {_each(line)}{amount(line.amount, line.currency)}."


def _each(line: BillLine) -> str:
    """What one unit, or one second of an instance, comes to."""
    assert line.amount is not None
    if line.units:
        return f"{line.units:,} × {amount((line.amount / line.units).normalize(), line.currency)} = "
    if line.seconds:
        per_hour = line.amount / Decimal(str(line.seconds)) * 3600
        return f"at {amount(per_hour.quantize(Decimal('0.0001')), line.currency)} an hour that is "
    return ""
