"""auroraml.bill and its kin: what service calls cost the database, this session, its last statement with calls; and what the budget still allows."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

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


def _lines(bill: Bill) -> Rows:
    """A row for each line of a bill."""
    return [asdict(line) for line in bill.listed()]


@view("auroraml.bill")
def bill(ctx: Reader) -> Rows:
    """All sessions' calls since the database was opened or the bill was reset."""
    return _lines(_account(ctx).meter.snapshot())


@view("auroraml.session_bill")
def session_bill(ctx: Reader) -> Rows:
    """This session's calls."""
    return _lines(_account(ctx).total())


@view("auroraml.statement_bill")
def statement_bill(ctx: Reader) -> Rows:
    """The calls of the session's last statement that made any."""
    return _lines(_account(ctx).latest())


@view("auroraml.budget")
def budget(ctx: Reader) -> Rows:
    """The session's budget: NULL without one."""
    account = _account(ctx)
    left, limit = account.left(), account.limit
    row: dict[str, object] = {"held": money(account.held), "remaining": money(left), "currency": account.prices.currency}
    if left is not None and limit is not None:
        row |= {"budget": money(limit), "spent": money(limit - left)}
    return [row]


@view("auroraml.prices")
def prices(ctx: Reader) -> Rows:
    """Every price list there is, with where its prices come from."""
    lists = _account(ctx).lists
    rows: Rows = []
    for name in lists.names:
        found = lists[name]
        day = (found.date - date(1970, 1, 1)).days
        rows += [{"list": name, **asdict(price), "currency": found.currency, "date": day} for price in found.printed()]
    return rows


def reset_bill(ctx: CallContext) -> str:
    """Begin a new bill for the database, and a new month of Comprehend's tiers; sessions' own bills and budgets go on."""
    ctx.services.meter.reset()
    return ""


SCALARS[RESET_BILL.oid] = Kernel(function=reset_bill, face="datum", context=True)
