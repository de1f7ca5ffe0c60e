"""Calls as the services' log recorded them, on the time line of their statement's execution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from auroraml.services.log import CallRecord
from auroraml.services.prices import money
from auroraml.teach.page.calls import Attempt, Call


def recorded(records: Sequence[CallRecord], *, currency: str, planning: float, execution: float) -> list[Call]:
    """The log counts from the statement's start; execution begins behind planning, and by the real clock behind whatever else came first.

    No call ends after the execution, so that much of what came first is known.
    """
    calls = [_call(number, record, currency) for number, record in enumerate(records, 1)]
    if not calls:
        return []
    first, last = min(call.start for call in calls), max(call.end for call in calls)
    by = min(max(planning, last - execution), first)
    return [_moved(call, -by) for call in calls]


def _call(number: int, record: CallRecord, currency: str) -> Call:
    amount = money(record.amount)
    return Call(
        number=number, start=record.start, milliseconds=record.milliseconds, worker=record.worker, batch=record.batch, service=record.service,
        operation=record.operation, target=record.target, items=record.items, attempts=record.attempts,
        tries=tuple(
            Attempt(start=attempt.start, milliseconds=attempt.milliseconds, queued=attempt.queued, instance=attempt.instance, error=attempt.error)
            for attempt in record.tries
        ),
        status="succeeded" if record.error is None else "failed", error=record.error,
        cost=None if amount is None else f"{amount:f} {currency}".rstrip(),
    )  # fmt: skip


def _moved(call: Call, by: float) -> Call:
    return replace(call, start=call.start + by, tries=tuple(replace(attempt, start=attempt.start + by) for attempt in call.tries))
