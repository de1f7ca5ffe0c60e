"""auroraml.bill and its kin: what service calls cost the database, this session, its last statement with calls; and what the budget still allows."""

from __future__ import annotations

from auroraml.catalog.own_objects import RESET_BILL
from auroraml.functions.signature import SCALARS, CallContext, Kernel
from auroraml.services.account import Account
from auroraml.services.meter import Bill
from auroraml.services.prices import money
from auroraml.system_views.registry import Reader, Rows, view


def _account(ctx: Reader) -> Account:
    found = ctx.host.services.account
    assert isinstance(found, Account)
    return found


def _lines(bill: Bill, currency: str) -> Rows:
    """A row for each line of a bill."""
    rows: Rows = []
    for (service, operation, target), line in bill.lines.items():
        rows.append({
            "service": service, "operation": operation, "target": target, "calls": line.calls, "retries": line.retries, "failures": line.failures,
            "rows": line.rows, "units": line.units, "input_tokens": line.input_tokens, "output_tokens": line.output_tokens,
            "seconds": line.seconds, "amount": line.price, "currency": currency,
        })  # fmt: skip
    return rows


@view("auroraml.bill")
def bill(ctx: Reader) -> Rows:
    """All sessions' calls since the database was opened or the bill was reset."""
    account = _account(ctx)
    return _lines(account.meter.snapshot(), account.prices.currency)


@view("auroraml.session_bill")
def session_bill(ctx: Reader) -> Rows:
    """This session's calls."""
    account = _account(ctx)
    return _lines(account.total(), account.prices.currency)


@view("auroraml.statement_bill")
def statement_bill(ctx: Reader) -> Rows:
    """The calls of the session's last statement that made any."""
    account = _account(ctx)
    return _lines(account.latest(), account.prices.currency)


@view("auroraml.budget")
def budget(ctx: Reader) -> Rows:
    """The session's budget: NULL without one."""
    account = _account(ctx)
    left, limit = account.left(), account.limit
    row: dict[str, object] = {"held": money(account.held), "remaining": money(left), "currency": account.prices.currency}
    if left is not None and limit is not None:
        row |= {"budget": money(limit), "spent": money(limit - left)}
    return [row]


def reset_bill(ctx: CallContext) -> str:
    """Begin a new bill for the database, and a new month of Comprehend's tiers; sessions' own bills and budgets go on."""
    ctx.services.meter.reset()
    return ""


SCALARS[RESET_BILL.oid] = Kernel(function=reset_bill, face="datum", context=True)
