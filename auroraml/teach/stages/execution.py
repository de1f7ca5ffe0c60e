"""Execution: rows against estimates, loops and times of each node, and the service calls on a time line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auroraml.services.log import CallRecord
from auroraml.teach.trace import Execution, PlanNode, Trace
from auroraml.teach.words import WIDTH, columns, count, listed, milliseconds, paragraph, times

BAR, LEAST = 40, 12  # places of a time line, and those it has at least
GATHERING = ("Gather", "Gather Merge")
CHANGING = ("Insert on ", "Update on ", "Delete on ")  # how the names of nodes begin that change rows
READING_ALL = ("Sort", "Hash", "Aggregate", "SetOp")  # nodes that read all that is below before their first row
MARKS = {"░": "waiting for an instance", "×": "an attempt that failed"}
MOST = 24  # calls shown one by one


def tell(trace: Trace) -> Iterator[str]:
    """With ANALYZE alone."""
    execution = trace.execution
    if execution is None:
        return
    root = trace.plan.root
    assert root.measured is not None
    made = f"{'returned' if root.name.startswith(CHANGING) else 'made'} {count(root.measured.rows, 'row')}"
    clock = " of virtual time" if execution.virtual else ""
    yield from paragraph(
        f"The statement ran for {milliseconds(execution.milliseconds)}{clock} and {made}." if trace.timed else f"The statement {made}."
    )
    yield ""
    yield from _nodes(trace, execution)
    yield from _misjudged(trace.plan.nodes)
    yield from _filters(trace.plan.nodes)
    yield from _batches(trace)
    yield from _calls(trace, execution.calls)


def _per_loop(node: PlanNode) -> float:
    assert node.measured is not None
    return node.measured.rows / max(node.measured.loops, 1)


def _participants(nodes: Sequence[PlanNode]) -> dict[int, int]:
    """By how many processes each node was run."""
    found: dict[int, int] = {0: 1}
    gathers = {node.id for node in nodes if node.kind in GATHERING}
    for node in nodes:
        loops = node.measured.loops if node.measured is not None else 0
        found[node.id] = max(loops, 1) if node.parent in gathers else found.get(node.parent, 1)
    return found


def _nodes(trace: Trace, execution: Execution) -> Iterator[str]:
    """Estimate and truth side by side, and how long each node took of the whole, in each process that ran it."""
    shared = _participants(trace.plan.nodes)
    whole = max([execution.milliseconds, *(node.measured.total / shared[node.id] for node in trace.plan.nodes if node.measured)]) or 1.0
    rows: list[Sequence[str]] = [("node", "expected", "rows", "loops", "ms")]
    spans: list[tuple[float, float]] = [(0.0, 0.0)]
    for node in trace.plan.nodes:
        found = node.measured
        head = "  " * node.depth + node.name, f"{node.rows:,.0f}"
        if found is None or not found.loops:
            rows.append((*head, "never run", "0", ""))
            spans.append((0.0, 0.0))
            continue
        spent = found.total / shared[node.id]
        again = found.loops > shared[node.id]  # each loop has a first row of its own
        rows.append((*head, f"{_per_loop(node):,.0f}", f"{found.loops:,}", f"{spent:.3f}"))
        spans.append((0.0 if again else min(found.startup, found.total) / shared[node.id] / whole, spent / whole))
    shown = columns(rows if trace.timed else [row[:4] for row in rows], right=(1, 2, 3, 4))
    bars = [_bar(*span, _room(shown)) for span in spans] if trace.timed else [""] * len(shown)
    wide = max(map(len, shown))
    yield from (f"  {line.ljust(wide)}  {bar}".rstrip() for line, bar in zip(shown, bars, strict=True))
    loops = any(row[3] not in ("loops", "0", "1") for row in rows)
    notes = ["rows are those of one loop, times those of all loops"] if loops else []
    notes += ["in one process"] if max(shared.values()) > 1 else []
    notes += ["· until the first row, █ from the first to the last"] if trace.timed else []
    if notes:
        yield from paragraph(f"({'; '.join(notes)})".replace("; in one", " in one"), 2)


def _room(lines: Sequence[str]) -> int:
    """Places that are left for a bar behind the longest line."""
    return min(max(WIDTH - 4 - max(map(len, lines)), LEAST), BAR)


def _bar(begin: float, end: float, places: int) -> str:
    """A span of the whole: what is before it as dots."""
    if not end:
        return ""
    start, stop = round(places * begin), round(places * end)
    return "·" * min(start, places - 1) + "█" * max(stop - start, 1)


def _finished(nodes: Sequence[PlanNode]) -> Iterator[PlanNode]:
    """The nodes that ran to their end: a Limit and a Merge Join may leave off what is below, and so does what passes it on."""
    short: dict[int, bool] = {0: False}
    kinds = {node.id: node.kind for node in nodes}
    for node in nodes:
        above = kinds.get(node.parent, "")
        short[node.id] = above in ("Limit", "Merge Join") or (short.get(node.parent, False) and above not in READING_ALL and not node.plan_name)
        if not short[node.id] and node.measured is not None and node.measured.loops:
            yield node


def _off(node: PlanNode) -> float:
    """How many times too high or too low the estimate was."""
    actual, expected = max(_per_loop(node), 1.0), max(node.rows, 1.0)
    return max(actual / expected, expected / actual)


def _misjudged(nodes: Sequence[PlanNode]) -> Iterator[str]:
    """The estimate that is furthest off; the lowest node where several are. Shares of processes are not judged: who gets how many is chance."""
    shared, finished = _participants(nodes), list(_finished(nodes))
    judged = [node for node in reversed(finished) if shared[node.id] == 1]
    worst = max(judged, key=_off, default=None)
    if worst is None:
        return
    yield ""
    whole = len(judged) == sum(node.measured is not None and node.measured.loops > 0 for node in nodes)
    of = "" if whole else " of nodes that ran to their end" if len(judged) == len(finished) else " of nodes that no processes shared"
    if _off(worst) == 1.0:
        yield from paragraph(f"All estimates{of} are exact.")
    elif _off(worst) < 1.05:
        yield from paragraph(f"No estimate{of} is off by more than {100 * (_off(worst) - 1):.0f} %.")
    else:
        actual = _per_loop(worst)
        expected = f"{count(worst.rows, 'row')} expected, {count(actual, 'row') if actual else 'none'} came"
        side = f", so it was {times(_off(worst), 1.0)} too {'low' if actual > worst.rows else 'high'}" if actual else ""
        yield from paragraph(f"The estimate{of} that is furthest off is that of {worst.name}: {expected}{side}.")


def _filters(nodes: Sequence[PlanNode]) -> Iterator[str]:
    for node in nodes:
        found = node.measured
        if found is None:
            continue
        removed = found.removed + found.removed_by_join_filter
        if removed:
            read = removed + found.rows
            yield from paragraph(f"{node.name} looked at {count(read, 'row')} and let {found.rows:,} through, {100 * found.rows / read:.1f} %.")


def _batches(trace: Trace) -> Iterator[str]:
    """The batches of each batch-mode scan: how many, how full, how long their calls took."""
    for node in trace.plan.nodes:
        found = node.measured.batches if node.measured is not None else None
        if found is None or not found.sizes:
            continue
        spent = f": {milliseconds(sum(found.milliseconds))} of calls" if trace.timed else ""
        batches = count(len(found.sizes), "batch")
        yield ""
        yield from paragraph(f"{node.name} made {batches} of {count(sum(found.sizes), 'row')}{_spread(found.sizes)}{spent}.")


def _spread(sizes: Sequence[int]) -> str:
    least, most = min(sizes), max(sizes)
    return "" if len(sizes) == 1 else f", {least:,} in each" if least == most else f", {least:,} to {most:,} in each"


def _calls(trace: Trace, calls: Sequence[CallRecord]) -> Iterator[str]:
    """Who called when: a line for each call, or for each participant where there are many."""
    if not calls:
        return
    attempts = [attempt for call in calls for attempt in call.timeline]
    whole = max(attempt.start + attempt.milliseconds for attempt in attempts)
    busy = whole - min(attempt.start for attempt in attempts)
    yield ""
    if not busy or not trace.timed:
        yield from paragraph(f"{count(len(calls), 'call')} of services went out{'' if busy else ' and took no time'}.")
        return
    waited = sum(call.queued for call in calls)
    told = f"{count(len(calls), 'call')} of services went out within {milliseconds(busy)}."
    told += f" They waited {milliseconds(waited)} for an instance that was busy." if waited else ""
    yield from paragraph(f"{told} The time line begins with the statement; each place is {milliseconds(whole / BAR)}.")
    yield ""
    if len(calls) <= MOST:
        what = "batch" if any(node.measured is not None and node.measured.batches for node in trace.plan.nodes) else "call"
        rows = [(_who(call), f"{what} {call.batch}" if call.batch else "", _where(call), _line([call], whole), milliseconds(call.milliseconds),
                 count(call.items, "row"), _outcome(call)) for call in sorted(calls, key=lambda call: (call.start, call.batch))]  # fmt: skip
    else:
        grouped: dict[tuple[str, str], list[CallRecord]] = {}
        for call in calls:
            grouped.setdefault((_who(call), _where(call)), []).append(call)
        rows = [(who, count(len(made), "call"), where, _line(made, whole), milliseconds(sum(call.milliseconds for call in made)),
                 count(sum(call.items for call in made), "row"), "") for (who, where), made in sorted(grouped.items())]  # fmt: skip
    yield from (f"  {line}" for line in columns(rows, right=(4, 5)))
    marks = [f"{mark} {meaning}" for mark, meaning in MARKS.items() if any(mark in row[3] for row in rows)]
    if marks:
        yield from paragraph(f"({listed(marks)})", 2)


def _who(call: CallRecord) -> str:
    return "leader" if call.worker is None else f"worker {call.worker}"


def _where(call: CallRecord) -> str:
    return "" if call.instance is None else f"instance {call.instance}"


def _outcome(call: CallRecord) -> str:
    if call.error is not None:
        return f"failed: {call.error}"
    return count(call.attempts, "attempt") if call.attempts > 1 else ""


def _line(calls: Sequence[CallRecord], whole: float) -> str:
    places = ["·"] * BAR

    def put(begin: float, end: float, mark: str) -> None:
        start = min(int(BAR * begin / whole), BAR - 1)
        stop = min(max(round(BAR * end / whole), start + 1), BAR)
        places[start:stop] = [mark] * (stop - start)

    for call in calls:
        for attempt in call.timeline:
            served = attempt.start + attempt.queued
            if attempt.queued:
                put(attempt.start, served, "░")
            put(served, attempt.start + attempt.milliseconds, "×" if attempt.error else "█")
    return "".join(places)
