"""Grid: a statement simulated for several batch sizes, numbers of workers and of instances: how long it takes, what it calls, what that costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from itertools import product
from typing import Protocol

from auroraml.errors import FeatureNotSupported
from auroraml.executor.context import ExecutionContext
from auroraml.ir import physical as p
from auroraml.ir.bound import BoundStatement
from auroraml.ir.tree import walk
from auroraml.records import dataclass
from auroraml.services.calls import Services
from auroraml.services.embedded.hosting import Hosting
from auroraml.services.prices import money
from auroraml.settings.charges import AURORAML_FREE_TIER
from auroraml.sql import parse
from auroraml.sql import statements as st
from auroraml.teach.simulate.billing import usage_of
from auroraml.teach.simulate.requests import NOTED, Attempt, Called
from auroraml.teach.simulate.run import Outcome, Simulation, WhatIf

MOST_CALLS = 5_000_000


class Host(Protocol):
    """What a session offers for it."""

    def bind(self, query: st.Query) -> BoundStatement:
        """A query with its names found."""

    def plan(self, bound: BoundStatement) -> p.PhysicalPlan:
        """Its plan."""

    def context(self) -> ExecutionContext:
        """What it would run in."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One run of a grid. Seconds are virtual; `first_row` is when the statement gave its first row.

    `batch_rows`, `workers` and `instances` are None where the grid did not ask for them: they are the plan's and the services' own. `cost` is None where the
    price list has no price. `attempts` (see requests.Attempt) are those of the first 10,000 calls, where they were asked for.
    """

    batch_rows: int | None
    workers: int | None
    instances: int | None
    seconds: float
    first_row: float
    rows: int
    batches: int
    calls: int
    retries: int
    busy_seconds: float  # of all attempts that a service answered or worked on
    cost: Decimal | None
    currency: str
    attempts: tuple[Attempt, ...] = ()
    targets: tuple[Called, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The sizes of a grid. An empty list leaves that side as plan and services have it.

    `hosting` replaces how targets are hosted (an endpoint's name, for Comprehend the language code); `instances` then replaces the number of instances of
    every target. Workers are those of each Gather; a plan without one has none, whatever is asked for.
    """

    batch_rows: Sequence[int] = ()
    workers: Sequence[int] = ()
    instances: Sequence[int] = ()
    hosting: Mapping[str, Hosting] = field(default_factory=dict)
    attempts: bool = False
    most_calls: int = MOST_CALLS  # points that would make more calls are left out


def grid(plan: p.PhysicalPlan, ctx: ExecutionContext, asked: Asked) -> list[Point]:
    """The points of a plan's grid, in the order batch_rows, workers, instances (the last moves first).

    No row is read and nothing is called, booked or charged: cardinalities are the planner's, as for a table described by `auroraml.simulate_rows`, whether
    the tables have rows or not. 0A000 for a plan that cannot be simulated.
    """
    found = []
    for rows, workers, instances in product(asked.batch_rows or (None,), asked.workers or (None,), asked.instances or (None,)):
        what_if = WhatIf(batch_rows=rows, workers=workers, hosting=asked.hosting, instances=instances, noted=NOTED if asked.attempts else 0)
        simulation = Simulation(plan, ctx, what_if, started=0.0)
        if simulation.reckoned_calls() <= asked.most_calls:
            found.append(_point(simulation.run(), what_if, ctx))
    return found


def statement_grid(host: Host, sql: str, asked: Asked) -> list[Point]:
    """The grid of a query's text, bound and planned by a session (`connection.session`) under its settings."""
    statements = parse(sql)
    if len(statements) != 1 or not isinstance(statements[0], st.Query):
        raise FeatureNotSupported("a grid is simulated of one query")
    plan = host.plan(host.bind(statements[0]))
    return grid(plan, host.context(), asked)


def has_workers(plan: p.PhysicalPlan) -> bool:
    """Whether a plan has a Gather, so that its workers can be asked for."""
    return any(isinstance(node, p.Gather) for node in walk(plan))


def _point(outcome: Outcome, what_if: WhatIf, ctx: ExecutionContext) -> Point:
    services: Services = ctx.services
    account = services.account
    amount: int | None = 0
    before = account.meter.units
    for one in outcome.spent:
        usage = usage_of(one.called, one.spent, account.prices, before, account.settings[AURORAML_FREE_TIER])
        before += usage.units
        amount = None if amount is None or usage.amount is None else amount + usage.amount
    metrics = [found for found in outcome.metrics.nodes.values() if found.batches is not None]
    return Point(
        batch_rows=what_if.batch_rows, workers=what_if.workers, instances=what_if.instances, seconds=outcome.seconds, first_row=outcome.first,
        rows=outcome.rows, batches=sum(len(found.batches.sizes) for found in metrics if found.batches is not None),
        calls=sum(one.spent.calls for one in outcome.spent), retries=sum(one.spent.retries for one in outcome.spent),
        busy_seconds=float(sum(sum(one.spent.seconds) for one in outcome.spent)), cost=None if amount is None else money(amount),
        currency=account.prices.currency, attempts=outcome.attempts, targets=outcome.targets,
    )  # fmt: skip
