"""Plans of Gather and Gather Merge: workers compute the select list (create_gather_plan, create_gather_merge_plan)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.planner.paths.path import GatherMergePath, GatherPath, Path
from auroraml.planner.plans.emitter import EXACT, Emitter, builds
from auroraml.planner.plans.inputs import Emitted
from auroraml.planner.plans.joins import with_keys


@builds(GatherPath)
def gather(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Gather."""
    assert isinstance(path, GatherPath)
    source = emitter.plan(path.source, EXACT)
    outputs = list(path.target.exprs) if exprs is None else list(exprs)
    emitter.level.statement.new_parameter()  # by which PostgreSQL tells workers of a rescan
    node = p.Gather(source=source.node, workers=path.planned, targets=emitter.resolver(source.exprs).all(outputs), cost=emitter.cost(path))
    return Emitted(node, outputs)


@builds(GatherMergePath)
def gather_merge(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Gather Merge."""
    assert isinstance(path, GatherMergePath)
    source, keys = with_keys(emitter, path.source, EXACT, path.keys)
    outputs = list(path.target.exprs) if exprs is None else list(exprs)
    emitter.level.statement.new_parameter()
    targets = emitter.resolver(source.exprs).all(outputs)
    node = p.GatherMerge(source=source.node, workers=path.planned, keys=keys, targets=targets, cost=emitter.cost(path))
    return Emitted(node, outputs)
