"""The picture of an EXPLAIN's own run: its plan as a tree, and its service calls on a time line."""

from __future__ import annotations

import itertools

from auroraml.notebook.statements import Answer
from auroraml.services.log import CallRecord
from auroraml.teach.page.calls import Attempt, Call, time_line
from auroraml.teach.page.plan import read_plan
from auroraml.teach.page.rendering import fragment_html

DRAWN = 400  # bars of a time line: a notebook keeps its pictures
KEYS = itertools.count(1)  # an SVG's names must be its own in the notebook's page


def picture(answer: Answer) -> str:
    """HTML for a notebook's cell."""
    plan = read_plan(answer.plan())
    calls = [_call(number, record, plan.planning or 0.0) for number, record in enumerate(answer.calls, 1)]
    line = time_line(calls, plan.execution or 0.0, DRAWN) if calls else None
    return fragment_html(plan, line, f"auroraml{next(KEYS)}")


def _call(number: int, record: CallRecord, planning: float) -> Call:
    """A call as it is drawn: execution, not planning, begins at 0."""
    tries = tuple(
        Attempt(
            start=max(0.0, entry.start - planning), milliseconds=entry.milliseconds, queued=entry.queued, instance=entry.instance, error=entry.error
        )
        for entry in record.timeline
    )
    return Call(
        number=number, start=tries[0].start, milliseconds=record.milliseconds, worker=record.worker, batch=record.batch, service=record.service,
        operation=record.operation, target=record.target, items=record.items, attempts=record.attempts, tries=tries,
        status="succeeded" if record.error is None else "failed", error=record.error,
    )  # fmt: skip
