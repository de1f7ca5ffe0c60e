"""Billing: what simulated calls cost, charged to the statement as calls are; and their rows in auroraml.service_calls."""

from __future__ import annotations

import numpy as np

from auroraml.errors import ConfigurationLimitExceeded
from auroraml.executor.context import ExecutionContext
from auroraml.services.calls import Outgoing, Services
from auroraml.services.log import Attempt as Logged
from auroraml.services.log import CallRecord
from auroraml.services.meter import Bill
from auroraml.services.prices import PriceList, money
from auroraml.services.protocols import MAX_DOCUMENTS, Waiting
from auroraml.services.tariffs import Usage
from auroraml.settings.charges import AURORAML_FREE_TIER
from auroraml.teach.simulate.requests import Called, Spent
from auroraml.teach.simulate.run import Outcome
from auroraml.teach.simulate.turns import LEADER


def usage_of(called: Called, spent: Spent, prices: PriceList, before: int, free: bool) -> Usage:
    """What calls used, by the tariffs of services/tariffs.py. `before`: Comprehend's units this month."""
    if called.service == "Comprehend":
        units = prices.units(["x" * called.characters]) * spent.rows
        return Usage(rows=spent.rows, units=units, amount=prices.units_amount(units, before, free=free))
    price = prices.second(called.target, called.instance_type)
    amount = None if price is None else int(np.rint(np.array(spent.seconds) * price).sum())
    return Usage(rows=spent.rows, seconds=float(sum(spent.seconds)), amount=amount)


def charge(outcome: Outcome, ctx: ExecutionContext) -> None:
    """Charge a simulated run's calls to its statement and, where they are asked for, to its nodes; 53400 where they exceed the budget."""
    services: Services = ctx.services
    account = services.account
    for found in sorted(outcome.spent, key=lambda one: one.worker):
        called, spent = found.called, found.spent
        if not spent.calls:
            continue
        outgoing = Outgoing(service=called.service, operation=called.operation, target=called.target, problem=called.problem, items=spent.rows,
                            waits=Waiting.NO, abandon=lambda thread: None, instance=called.instance_type)  # fmt: skip
        usage = usage_of(called, spent, account.prices, account.meter.units, account.settings[AURORAML_FREE_TIER])
        left = account.left()
        if left is not None and (usage.amount is None or usage.amount > left):
            cost = "an unknown amount" if usage.amount is None else f"{money(usage.amount):f} {account.prices.currency}"
            raise ConfigurationLimitExceeded(
                "service charges would exceed auroraml.budget", detail=f"{spent.calls} simulated calls cost {cost}, and {money(left):f} is left."
            )
        account.book_usage(outgoing, usage, spent.calls, spent.retries)
        if ctx.charges is not None:
            metrics = outcome.metrics.nodes[found.node]
            kept = metrics if found.worker == LEADER else metrics.workers[found.worker]
            for one in {id(metrics): metrics, id(kept): kept}.values():
                one.charges = one.charges or Bill()
                one.charges.line((called.service, called.operation, called.target, account.prices.currency)).add(usage, spent.calls, spent.retries, 0)
    _log(outcome, services)


def _log(outcome: Outcome, services: Services) -> None:
    """Rows of auroraml.service_calls: of the calls whose attempts are known."""
    begun = services.caller.started
    calls: dict[int, list[Logged]] = {}
    heads = {}
    for attempt in outcome.attempts:
        sent, lasted, waited = (round(value * 1000, 6) for value in (attempt.sent - begun, attempt.end - attempt.sent, attempt.start - attempt.sent))
        calls.setdefault(attempt.call, []).append(Logged(sent, lasted, attempt.instance, waited, attempt.error))
        heads[attempt.call] = attempt
    for call, tries in sorted(calls.items(), key=lambda item: item[1][0].start):
        last = heads[call]
        called = outcome.targets[last.target]
        lasted = round((last.end - begun) * 1000 - tries[0].start, 6) if len(tries) > 1 else tries[0].milliseconds
        record = CallRecord(
            service=called.service, operation=called.operation, target=called.target, items=last.rows, attempts=len(tries),
            milliseconds=lasted, error=last.error, started=services.clock.epoch + begun + tries[0].start / 1000,
            pid=services.caller.pid, statement=services.caller.statement, worker=None if last.worker == LEADER else last.worker, batch=services.caller.batch(),
            start=tries[0].start, tries=tuple(tries),
        )  # fmt: skip
        several = record.service == "Comprehend" and record.items > MAX_DOCUMENTS
        for part in [part for _, part in record.parts(MAX_DOCUMENTS)] if several else [record]:
            services.log.add(part)
