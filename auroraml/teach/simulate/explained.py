"""EXPLAIN ANALYZE of plans over simulated rows: in virtual time they are simulated, and their calls charged."""

from __future__ import annotations

from auroraml.executor.context import ExecutionContext
from auroraml.ir import physical as p
from auroraml.ir.metrics import Metrics
from auroraml.teach.simulate.billing import charge
from auroraml.teach.simulate.run import simulate


def simulated(plan: p.PhysicalPlan, ctx: ExecutionContext) -> Metrics:
    """The metrics of a simulated run. The statement's clock moves on by what it took."""
    outcome = simulate(plan, ctx)
    ctx.clock.spend(outcome.seconds)
    charge(outcome, ctx)
    return outcome.metrics
