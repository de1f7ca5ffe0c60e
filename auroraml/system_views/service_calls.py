"""auroraml.service_calls: the requests sent to services, and the functions that forget them, inject faults and change an endpoint's status."""

from __future__ import annotations

import json

from auroraml.catalog.own_objects import RESET_SERVICE_CALLS, SET_ENDPOINT_STATUS, SET_FAULTS
from auroraml.errors import InvalidParameterValue
from auroraml.functions.signature import SCALARS, CallContext, Kernel
from auroraml.services.log import Attempt, CallRecord
from auroraml.services.prices import money
from auroraml.system_views.registry import Reader, Rows, view

EPOCH = 946_684_800  # 2000-01-01 UTC in seconds from 1970
UNANSWERED = ("abandoned", "cancelled")  # why a call has no answer but no error of its service either


@view("auroraml.service_calls")
def service_calls(ctx: Reader) -> Rows:
    """The latest calls, oldest first, of all sessions."""
    services = ctx.host.services
    return [_row(number, record, services.account.prices.currency) for number, record in services.log.numbered()]


def _row(number: int, record: CallRecord, currency: str) -> dict[str, object]:
    status = "succeeded" if record.error is None else record.error if record.error in UNANSWERED else "failed"
    return {
        "call_id": number, "pid": record.pid, "statement": record.statement, "worker": record.worker, "batch": record.batch,
        "service": record.service, "operation": record.operation, "target": record.target, "items": record.items,
        "request_bytes": record.request_bytes, "response_bytes": record.response_bytes, "attempts": record.attempts, "status": status,
        "error": record.error if status == "failed" else None, "started_at": round((record.started - EPOCH) * 1_000_000),
        "milliseconds": record.milliseconds, "units": record.units if record.service == "Comprehend" else None,
        "cost": money(record.amount), "currency": currency, "start_ms": record.start, "instance": record.instance, "queued_ms": record.queued,
        "attempt_times": json.dumps([_attempt(attempt) for attempt in record.timeline]),
    }  # fmt: skip


def _attempt(attempt: Attempt) -> dict[str, object]:
    return {"start_ms": attempt.start, "milliseconds": attempt.milliseconds, "instance": attempt.instance, "queued_ms": attempt.queued,
            "error": attempt.error}  # fmt: skip


def reset_service_calls(ctx: CallContext) -> str:
    """Forget the calls made so far; the bill stays."""
    ctx.services.log.clear()
    return ""


def set_faults(ctx: CallContext, target: str, faults: str) -> str:
    """Give an endpoint, a model or "comprehend" these faults instead of those it has; `{}` ends them."""
    chances = json.loads(faults)
    if not isinstance(chances, dict):
        raise InvalidParameterValue("faults must be a JSON object")
    try:
        ctx.services.simulated.set_faults(target, chances)
    except ValueError as error:
        raise InvalidParameterValue(str(error)) from error
    return ""


def set_endpoint_status(ctx: CallContext, endpoint: str, status: str) -> str:
    """Give an endpoint another status: only InService and Updating answer."""
    try:
        ctx.services.simulated.set_status(endpoint, status)
    except ValueError as error:
        raise InvalidParameterValue(str(error)) from error
    return ""


SCALARS[RESET_SERVICE_CALLS.oid] = Kernel(function=reset_service_calls, face="datum", context=True)
SCALARS[SET_FAULTS.oid] = Kernel(function=set_faults, face="datum", context=True)
SCALARS[SET_ENDPOINT_STATUS.oid] = Kernel(function=set_endpoint_status, face="datum", context=True)
