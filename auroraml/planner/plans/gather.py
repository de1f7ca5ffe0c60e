"""Plans of Gather and Gather Merge: workers compute the select list (create_gather_plan, create_gather_merge_plan)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.tree import map_children, rewrite, walk
from auroraml.planner.paths.path import GatherMergePath, GatherPath, Path
from auroraml.planner.plans.emitter import EXACT, Emitter, builds
from auroraml.planner.plans.inputs import Emitted
from auroraml.planner.plans.joins import with_keys
from auroraml.records import replace


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


def with_params(root: p.PhysicalPlan) -> p.PhysicalPlan:
    """The plan with the values of init plans that each Gather hands to its workers (set_param_references)."""
    known: set[int] = set()
    for node in walk(root):
        if isinstance(node, p.PhysicalPlan):
            known.update(number for plan in node.init_plans for number in plan.outputs)
    return rewrite(root, lambda node: _handing(node, known)) if known else root


def _handing(node: object, known: set[int]) -> object | None:
    if not isinstance(node, p.Gather):
        return None
    made = map_children(node, lambda child: rewrite(child, lambda part: _handing(part, known)))
    needed = _free(node.source) & known
    return replace(made, params=tuple(sorted(needed))) if needed else made


def _free(plan: p.PhysicalPlan) -> set[int]:
    """The exec parameters that a plan reads and does not set."""
    read: set[int] = set()
    own: set[int] = set()
    for node in walk(plan):
        if isinstance(node, e.ParamRef) and node.kind == "exec":
            read.add(node.number)
        elif isinstance(node, e.SubPlan):
            own.update(node.outputs)
            own.update(number for number, _ in node.params)
        elif isinstance(node, p.NestedLoop):
            own.update(number for number, _ in node.params)
    return read - own
