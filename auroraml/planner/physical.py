"""choose: a bound statement to its physical plan; WITH queries, levels of every kind, nodes numbered and scans named at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from auroraml.catalog.catalog import Catalog
from auroraml.dispatch import Choices
from auroraml.errors import FeatureNotSupported
from auroraml.evaluate import Runtime
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir import physical as p
from auroraml.ir.bound import BoundStatement
from auroraml.ir.objects import Function
from auroraml.ir.tree import children, map_children, rewrite, walk
from auroraml.planner.estimate.relation import PageSource
from auroraml.planner.level.ledger import WATCHED
from auroraml.planner.level.level import Level
from auroraml.planner.level.makeup import Makeup
from auroraml.planner.level.statement import Outer, PlannedCte, Statement
from auroraml.planner.modify import plan_change, plan_insert
from auroraml.planner.parallel import allow_workers, single_copy
from auroraml.planner.paths.dominance import cheapest_fractional
from auroraml.planner.paths.path import Path
from auroraml.planner.plans import gather, joins, scans, upper
from auroraml.planner.plans.emitter import EXACT, Emitter
from auroraml.planner.query import charge_init_plans, plan_level, values_query
from auroraml.planner.rules.inline_ctes import inline_ctes
from auroraml.planner.set_operations import plan_recursive, plan_set_operation
from auroraml.planner.subplans import materialized
from auroraml.records import replace
from auroraml.settings.planner import CURSOR_TUPLE_FRACTION
from auroraml.settings.values import Settings
from auroraml.types.table import BOOL

__all__ = ["choose", "gather", "joins", "scans", "upper"]


def choose(
    bound: BoundStatement, catalog: Catalog, settings: Settings, pages: PageSource, runtime: Runtime, may_execute: Callable[[Function], bool],
    makeup: Makeup | None = None,
) -> p.PhysicalPlan:  # fmt: skip
    """The physical plan of a bound statement, nodes numbered in pre-order; `makeup`: the plan's, where it is known."""
    statement = Statement(
        catalog, settings, pages, runtime, may_execute, plan_query=_plan_query, emit=emit, makeup=Makeup(bound.plan) if makeup is None else makeup
    )
    allow_workers(statement, bound)
    level = statement.plan_query(bound.plan, None, _cursor_fraction(settings) if bound.cursor else 0.0)
    root = emit(level)
    if bound.scroll and not runs_backward(root):
        root = materialized(level, root)
    if level.plan_safe and statement.forced == "on":
        root = single_copy(statement, root)
    if statement.parallel_ok and statement.subplans:
        root = gather.with_params(root)
    names = tuple(o.name for o in bound.columns)
    made = numbered(replace(root, names=names), _aliases(statement, level, root), bool(statement.subplans))
    if WATCHED.get() is None:
        statement.dismantle()
    return made


def _cursor_fraction(settings: Settings) -> float:
    """The share of a cursor's rows that is planned for; 0: all of them (standard_planner)."""
    fraction = settings[CURSOR_TUPLE_FRACTION]
    return 0.0 if fraction >= 1.0 else fraction or 1e-10


BACKWARD: Final = (p.SeqScan, p.FunctionScan, p.ValuesScan, p.CteScan, p.Materialize, p.Sort)


def runs_backward(node: p.PhysicalPlan) -> bool:
    """Whether a scrollable cursor can go back over a plan by itself (ExecSupportsBackwardScan)."""
    if node.parallel_aware or isinstance(node, (p.BitmapHeapScan, p.IncrementalSort)):
        return False
    if isinstance(node, p.Result):
        return node.source is not None and runs_backward(node.source)
    if isinstance(node, (p.LockRows, p.Limit, p.SubqueryScan, p.Append)) and not isinstance(node, p.MergeAppend):
        return all(runs_backward(child) for child in node.children())
    return isinstance(node, BACKWARD)


def _plan_query(statement: Statement, plan: l.LogicalPlan, outer: Outer | None, fraction: float) -> Level:
    ledger = WATCHED.get()
    if ledger is not None:
        ledger.begin()
    level = _level(plan, statement, outer, fraction)
    if ledger is not None:
        ledger.end()
    level.wanted_fraction = fraction
    return level


def _level(plan: l.LogicalPlan, statement: Statement, outer: Outer | None, fraction: float) -> Level:
    return _LEVELS[plan.__class__](plan, statement, outer, fraction)


def _level_other(plan: l.LogicalPlan, statement: Statement, outer: Outer | None, fraction: float) -> Level:
    raise FeatureNotSupported(f"{type(plan).__name__} is not supported")


def _level_query(plan: l.Query, statement: Statement, outer: Outer | None, fraction: float) -> Level:
    inlined = inline_ctes(plan, statement.new_id)
    made = _with(inlined.ctes, statement, outer)
    level = plan_level(statement, replace(inlined, ctes=()), outer, fraction)
    return _attach(level, made)


def _level_values(plan: l.Values, statement: Statement, outer: Outer | None, fraction: float) -> Level:
    return _level(values_query(statement, plan), statement, outer, fraction)


def _level_set_operation(plan: l.SetOperation, statement: Statement, outer: Outer | None, fraction: float) -> Level:
    inlined = inline_ctes(plan, statement.new_id)
    made = _with(inlined.ctes, statement, outer)
    return _attach(plan_set_operation(statement, replace(inlined, ctes=()), outer, fraction), made)


def _level_insert(plan: l.Insert, statement: Statement, outer: Outer | None, fraction: float) -> Level:
    plan = inline_ctes(plan, statement.new_id)
    made = _with(plan.ctes, statement, outer)
    return _attach(plan_insert(statement, plan, outer), made)


def _level_change(plan: l.Update | l.Delete, statement: Statement, outer: Outer | None, fraction: float) -> Level:
    plan = inline_ctes(plan, statement.new_id)  # type: ignore[type-var] # each of them
    made = _with(plan.ctes, statement, outer)
    return _attach(plan_change(statement, plan, outer), made)


def _with(ctes: tuple[l.Cte, ...], statement: Statement, outer: Outer | None) -> list[e.SubPlan]:
    """WITH queries that are planned by themselves (SS_process_ctes)."""
    plans: list[e.SubPlan] = []
    for cte in ctes:
        if cte.recursive and isinstance(cte.query, l.SetOperation) and any(isinstance(x, l.CteItem) and x.cte == cte.id for x in walk(cte.query)):
            query = inline_ctes(cte.query, statement.new_id)
            made = _with(query.ctes, statement, outer)
            level = _attach(plan_recursive(statement, replace(cte, query=replace(query, ctes=())), outer), made)
        else:
            level = statement.plan_query(cte.query, outer, 0.0)
        node = emit(level)
        statement.work_tables.pop(cte.id, None)
        index = statement.new_subplan(level)
        statement.new_parameter()
        statement.ctes[cte.id] = PlannedCte(index, cte.name, level, node, node.cost.rows)
        run = node.cost.total - node.cost.startup
        plans.append(e.SubPlan(type=BOOL, kind="cte", plan=node, index=index, name=cte.name, startup_cost=0.0, per_call_cost=run + node.cost.startup))
    return plans


def _attach(level: Level, plans: list[e.SubPlan]) -> Level:
    """WITH queries hang on the level's top node and are charged there."""
    if not plans:
        return level
    level.init_plans[:0] = plans
    cost = sum(plan.per_call_cost for plan in plans)
    if level.final is not None:
        charge_init_plans(level.final, plans, cost)
    elif level.plan is not None:
        known = level.plan.cost
        level.plan = replace(level.plan, init_plans=(*plans, *level.plan.init_plans),
                             cost=replace(known, startup=known.startup + cost, total=known.total + cost))  # fmt: skip
    return level


def emit(level: Level, path: Path | None = None) -> p.PhysicalPlan:
    """The plan of a level: of `path`, or of its best path for the fraction of rows that was asked for."""
    if level.plan is not None:
        return level.plan
    assert level.final is not None
    if path is None:
        path = cheapest_fractional(level.final, level.wanted_fraction)
    level.plan_safe = path.safe
    node = Emitter(level).plan(path, EXACT).node
    if level.init_plans and not level.hoisted:
        node = replace(node, init_plans=(*level.init_plans, *node.init_plans))
    return node


# Names and numbers


def _aliases(statement: Statement, top: Level, root: p.PhysicalPlan) -> dict[int, str]:
    """Range-table entries that the plan uses to the names EXPLAIN shows: repeated ones numbered, outer levels first."""
    used: dict[int, str] = {}
    for node in _nodes(root) if statement.subplans else _without_subplans(root):
        if node.range_index:
            used.setdefault(node.range_index, getattr(node, "alias", ""))
        elif isinstance(node, p.Append):
            for serial, name in node.covers:
                used.setdefault(serial, name)
    order: list[int] = []
    seen: set[int] = set()
    pending = [top, *[sub for sub in statement.subplans if sub is not None]]
    pending.reverse()
    while pending:
        level = pending.pop()
        if id(level) not in seen:
            seen.add(id(level))
            order.extend(level.entries)
            pending += reversed(level.children)
    names: dict[int, str] = {}
    taken: set[str] = set()
    for serial in [*order, *(s for s in used if s not in order)]:
        alias = used.get(serial)
        if not alias or serial in names:
            continue
        unique, number = alias, 0
        while unique in taken:
            number += 1
            unique = f"{alias}_{number}"
        taken.add(unique)
        names[serial] = unique
    return names


def _nodes(node: object) -> list[p.PhysicalPlan]:
    found: list[p.PhysicalPlan] = []
    pending: list[object] = [node]
    while pending:
        item = pending.pop()
        if isinstance(item, p.PhysicalPlan):
            found.append(item)
        pending.extend(children(item))
    return found


def _without_subplans(root: p.PhysicalPlan) -> list[p.PhysicalPlan]:
    """The nodes of a plan whose expressions hold no plans, in the order of `_nodes`."""
    found: list[p.PhysicalPlan] = []
    pending = [root]
    while pending:
        node = pending.pop()
        found.append(node)
        pending += [child for child in children(node) if isinstance(child, p.PhysicalPlan)]
    return found


def numbered(root: p.PhysicalPlan, aliases: dict[int, str], subplans: bool = True) -> p.PhysicalPlan:
    """The plan with node ids in pre-order and unique names of scans; only with `subplans` do expressions hold plans."""
    return rewrite(root, _Numbering(aliases, subplans).change)


class _Numbering:
    """The nodes met so far."""

    def __init__(self, aliases: dict[int, str], subplans: bool) -> None:
        self.aliases = aliases
        self.subplans = subplans
        self.nodes = 0
        self.rows: dict[int, e.SubPlan] = {}  # of columns assigned together: one plan, wherever its fields are read
        self.plans: dict[int, p.PhysicalPlan] = {}  # of subqueries in aggregates

    def change(self, node: object) -> object | None:
        """The plan of a node; None for what is no plan itself."""
        if isinstance(node, e.SubPlan) and node.kind == "multi":
            if node.index not in self.rows:
                self.rows[node.index] = map_children(node, self._below)
            return self.rows[node.index]
        if isinstance(node, e.Aggregate) and self.subplans:
            return map_children(node, lambda child: rewrite(child, self._in_aggregate))
        if isinstance(node, p.PhysicalPlan):
            self.nodes += 1
            changed: dict[str, Any] = {"id": self.nodes}
            if node.range_index in self.aliases and not isinstance(node, p.ModifyTable):
                changed["alias"] = self.aliases[node.range_index]
            if self.aliases and isinstance(node, p.Result) and node.source is None:
                changed["targets"] = tuple(rewrite(target, _bare) for target in node.targets)
            return map_children(replace(node, **changed), self._below)
        return None

    def _in_aggregate(self, node: object) -> object | None:
        """An aggregate stands among a node's calls and in its targets: their subqueries' plans are one."""
        if not isinstance(node, e.SubPlan):
            return self.change(node)
        known = self.plans.get(node.index)
        if known is not None:
            return map_children(node, lambda child: known if child is node.plan else self._below(child))
        made = map_children(node, self._below)
        self.plans[node.index] = made.plan
        return made

    def _below(self, child: object) -> object:
        if self.subplans:
            return rewrite(child, self.change)
        return self.change(child) if isinstance(child, p.PhysicalPlan) else child


def _bare(node: object) -> object | None:
    """A column that nothing makes, without its relation's name: only those of relations with nodes are shown."""
    return replace(node, alias="") if isinstance(node, e.AbsentColumn) else None


_LEVELS: Final[Choices[Callable[..., Level]]] = Choices(
    {
        object: _level_other,
        l.Query: _level_query,
        l.Values: _level_values,
        l.SetOperation: _level_set_operation,
        l.Insert: _level_insert,
        l.Update: _level_change,
        l.Delete: _level_change,
    }
)
