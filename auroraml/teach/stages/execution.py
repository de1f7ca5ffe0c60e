"""Execution: rows against estimates, loops and times of each node, and the service calls on a time line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auroraml.services.log import CallRecord
from auroraml.teach.trace import Execution, PlanNode, Trace
from auroraml.teach.words import columns, count, milliseconds, paragraph, times

BAR = 40  # places of a time line
READING_ALL = ("Sort", "Hash", "Aggregate", "SetOp")  # nodes that read all that is below before their first row
MOST = 24  # calls shown one by one


def tell(trace: Trace) -> Iterator[str]:
    """With ANALYZE alone."""
    execution = trace.execution
    if execution is None:
        return
    root = trace.plan.root
    assert root.measured is not None
    clock = " of virtual time" if execution.virtual else ""
    yield from paragraph(f"The statement ran for {milliseconds(execution.milliseconds)}{clock} and made {count(root.measured.rows, 'row')}.")
    yield ""
    yield from _nodes(trace, execution)
    yield from _misjudged(trace.plan.nodes)
    yield from _filters(trace.plan.nodes)
    yield from _batches(trace.plan.nodes)
    yield from _calls(execution.calls)


def _per_loop(node: PlanNode) -> float:
    assert node.measured is not None
    return node.measured.rows / max(node.measured.loops, 1)


def _nodes(trace: Trace, execution: Execution) -> Iterator[str]:
    """Estimate and truth side by side, and how long each node took of the whole."""
    whole = max(execution.milliseconds, max((node.measured.total for node in trace.plan.nodes if node.measured), default=0.0)) or 1.0
    rows: list[Sequence[str]] = [("node", "expected", "rows", "loops", "ms", "")]
    for node in trace.plan.nodes:
        found = node.measured
        if found is None or not found.loops:
            rows.append(("  " * node.depth + node.name, f"{node.rows:,.0f}", "never run", "0", "", ""))
            continue
        begin, end = (round(BAR * at / whole) for at in (min(found.startup, found.total), found.total))
        bar = "·" * begin + "█" * max(end - begin, 1)
        rows.append(("  " * node.depth + node.name, f"{node.rows:,.0f}", f"{_per_loop(node):,.0f}", f"{found.loops:,}", f"{found.total:.3f}", bar))
    yield from (f"  {line}" for line in columns(rows, right=(1, 2, 3, 4)))
    yield from paragraph("(rows are those of one loop; · until the first row, █ from the first to the last)", 2)


def _finished(nodes: Sequence[PlanNode]) -> Iterator[PlanNode]:
    """The nodes that ran to their end: a Limit, and what passes its rows on as it gets them, leaves off what is below."""
    short: dict[int, bool] = {0: False}
    kinds = {node.id: node.kind for node in nodes}
    for node in nodes:
        above = kinds.get(node.parent, "")
        short[node.id] = above == "Limit" or (short.get(node.parent, False) and above not in READING_ALL and not node.plan_name)
        if not short[node.id] and node.measured is not None and node.measured.loops:
            yield node


def _off(node: PlanNode) -> float:
    """How many times too high or too low the estimate was."""
    actual, expected = max(_per_loop(node), 1.0), max(node.rows, 1.0)
    return max(actual / expected, expected / actual)


def _misjudged(nodes: Sequence[PlanNode]) -> Iterator[str]:
    """The estimate that is furthest off; the lowest node where several are."""
    worst = max(reversed(list(_finished(nodes))), key=_off, default=None)
    if worst is None:
        return
    yield ""
    if _off(worst) < 1.05:
        yield from paragraph(f"The estimates are right: none is off by more than {100 * (_off(worst) - 1):.0f} %.")
        return
    actual = _per_loop(worst)
    side = "more" if actual > worst.rows else "fewer"
    came = count(actual, "row")
    yield from paragraph(
        f"The estimate furthest off is that of {worst.name}: {count(worst.rows, 'row')} expected, {came} came, {times(_off(worst), 1.0)} {side}."
    )


def _filters(nodes: Sequence[PlanNode]) -> Iterator[str]:
    for node in nodes:
        found = node.measured
        if found is None:
            continue
        removed = found.removed + found.removed_by_join_filter
        if removed:
            read = removed + found.rows
            yield from paragraph(f"{node.name} looked at {count(read, 'row')} and let {found.rows:,} through, {100 * found.rows / read:.1f} %.")


def _batches(nodes: Sequence[PlanNode]) -> Iterator[str]:
    """The batches of each batch-mode scan, one after the other, as long as their calls took."""
    for node in nodes:
        found = node.measured.batches if node.measured is not None else None
        if found is None or not found.sizes:
            continue
        total = sum(found.milliseconds)
        yield ""
        yield from paragraph(
            f"{node.name} made {count(len(found.sizes), 'batch')} of {count(sum(found.sizes), 'row')}: "
            f"{_spread(found.sizes)} rows each, {milliseconds(total)} of calls."
        )


def _spread(sizes: Sequence[int]) -> str:
    least, most = min(sizes), max(sizes)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _who(call: CallRecord) -> str:
    return "leader" if call.worker is None else f"worker {call.worker}"


def _calls(calls: Sequence[CallRecord]) -> Iterator[str]:
    """Who called when: a line for each call, or for each participant where there are many."""
    if not calls:
        return
    first = min(call.started for call in calls)
    whole = max((call.started - first) * 1000 + call.milliseconds for call in calls) or 1.0
    yield ""
    yield from paragraph(
        f"{count(len(calls), 'call')} of services went out within {milliseconds(whole)}; each place of the time line is {milliseconds(whole / BAR)}."
    )
    yield ""
    if len(calls) <= MOST:
        rows = [(_who(call), f"batch {call.batch}" if call.batch else "", _line([call], first, whole), milliseconds(call.milliseconds),
                 count(call.items, "row"), _outcome(call)) for call in sorted(calls, key=lambda call: call.started)]  # fmt: skip
        yield from (f"  {line}" for line in columns(rows, right=(3, 4)))
        return
    grouped: dict[str, list[CallRecord]] = {}
    for call in calls:
        grouped.setdefault(_who(call), []).append(call)
    lines = [(who, count(len(made), "call"), _line(made, first, whole), milliseconds(sum(call.milliseconds for call in made)),
              count(sum(call.items for call in made), "row")) for who, made in sorted(grouped.items())]  # fmt: skip
    yield from (f"  {line}" for line in columns(lines, right=(1, 3, 4)))


def _outcome(call: CallRecord) -> str:
    if call.error is not None:
        return f"failed: {call.error}"
    return count(call.attempts, "attempt") if call.attempts > 1 else ""


def _line(calls: Sequence[CallRecord], first: float, whole: float) -> str:
    places = ["·"] * BAR
    for call in calls:
        begin = (call.started - first) * 1000
        start = min(int(BAR * begin / whole), BAR - 1)
        end = max(round(BAR * (begin + call.milliseconds) / whole), start + 1)
        places[start:end] = ["█"] * (min(end, BAR) - start)
    return "".join(places)
