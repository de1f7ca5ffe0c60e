"""Tracing: planning is watched, and what was seen is put together with the plan, its measurements and its bill into a Trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import Any

from auroraml.explain import Explained, document
from auroraml.explain.migrations import migration_property
from auroraml.explain.model import NodeModel
from auroraml.explain.text import render as text_lines
from auroraml.ir import physical as p
from auroraml.ir.alternatives import ConsideredRelation
from auroraml.ir.bound import BoundStatement
from auroraml.ir.metrics import NodeMetrics
from auroraml.ir.tree import walk
from auroraml.pipeline.plans import CHOOSE
from auroraml.records import dataclass, replace
from auroraml.services.log import CallRecord
from auroraml.services.meter import BillLine
from auroraml.sql.outline import outline
from auroraml.sql.statements import Query
from auroraml.teach import observed
from auroraml.teach.binding import binding
from auroraml.teach.firings import FIRINGS, Firing
from auroraml.teach.formula import NODE, OWN, QUANTITY, STARTUP, TOTAL, Formula, formula, opened, put
from auroraml.teach.number import plain
from auroraml.teach.outline import Outliner
from auroraml.teach.trace import Batches, Cost, Execution, Measured, Migration, Plan, PlanNode, RuleStep, Trace
from auroraml.types.pg_type import PgType

NOTHING: Mapping[int, tuple[str, str]] = {}
Resolve = Callable[[int], PgType]


class Watch:
    """What is seen of one statement's planning: the rules that fired, the paths that were offered."""

    def __init__(self) -> None:
        self.firings: list[Firing] = []
        self._ledger: Any = observed.module("level.ledger").Ledger()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Statements planned meanwhile are planned by the observed planner, whose plans have costs that remember."""
        watched = observed.module("level.ledger").WATCHED
        tokens = CHOOSE.set(observed.module("physical").choose), FIRINGS.set(self.firings), watched.set(self._ledger)
        try:
            yield
        finally:
            CHOOSE.reset(tokens[0])
            FIRINGS.reset(tokens[1])
            watched.reset(tokens[2])

    def rows(self) -> dict[int, tuple[str, str]]:
        """Tables' rows as a leaf of formulas, by their identity (the ledger keeps them alive)."""
        bases = (offer.relation for offer in self._ledger.offers if offer.relation.kind == "base" and offer.relation.alias)
        return {id(relation.rows): (QUANTITY, f"rows of {relation.alias}") for relation in bases}

    def considered(self, resolve: Resolve) -> tuple[ConsideredRelation, ...]:
        """The paths, with plain numbers."""
        found: tuple[ConsideredRelation, ...] = observed.module("considered").considered(self._ledger, resolve)
        return tuple(
            replace(
                r, rows=plain(r.rows), paths=tuple(replace(q, startup=plain(q.startup), total=plain(q.total), rows=plain(q.rows)) for q in r.paths)
            )
            for r in found
        )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Everything a trace is made of. `unmigrated` is the plan without migration where that is another one; `calls` and `bill` with ANALYZE."""

    explained: Explained
    bound: BoundStatement
    watch: Watch
    resolve: Resolve
    query: Query | None = None
    unmigrated: p.PhysicalPlan | None = None
    calls: tuple[CallRecord, ...] = ()
    bill: tuple[BillLine, ...] = ()
    currency: str = ""
    prices: str = ""
    virtual: bool = False
    settings: tuple[tuple[str, str], ...] = field(default_factory=tuple)


def traced(seen: Seen) -> Trace:
    """The trace of a statement that was planned while it was watched, and with ANALYZE run."""
    explained, resolve = seen.explained, seen.resolve
    outliner = Outliner((seen.bound.plan,), resolve)
    metrics = explained.metrics
    execution = cost = None
    if metrics is not None:
        execution = Execution(milliseconds=metrics.execution, virtual=seen.virtual, calls=seen.calls)
        cost = Cost(lines=seen.bill, currency=seen.currency, prices=seen.prices)
    return Trace(
        sql=" ".join(explained.sql.split()) if "\n" not in explained.sql.strip() else explained.sql.strip(),
        syntax=None if seen.query is None else outline(seen.query.tree), binding=binding(seen.bound, outliner), migrations=_migrations(explained),
        rules=tuple(_steps(seen)), considered=seen.watch.considered(resolve), plan=plan_of(explained, seen.watch.rows()),
        unmigrated=None if seen.unmigrated is None else plan_of(replace(explained, plan=seen.unmigrated, metrics=None)),
        planning=explained.planning if explained.options.summary else None, priced=explained.options.costs, timed=explained.options.timing,
        execution=execution, cost=cost, settings=explained.changed_settings,
    )  # fmt: skip


def _steps(seen: Seen) -> Iterator[RuleStep]:
    """The firings that changed what is read, in their order."""
    around = [seen.bound.plan, *(part for firing in seen.watch.firings for part in (*firing.before, *firing.after) if not isinstance(part, str))]
    outliner = Outliner(around, seen.resolve)
    last: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    for firing in seen.watch.firings:
        before, after = (tuple(_lines(parts, outliner)) for parts in (firing.before, firing.after))
        if before == after or (before, after) == last:
            continue
        last = before, after
        yield RuleStep(name=firing.rule, does=firing.does, before=before, after=after)


def _lines(parts: Sequence[object], outliner: Outliner) -> Iterator[str]:
    for part in parts:
        yield from [part] if isinstance(part, str) else outliner.lines(part)


def _migrations(explained: Explained) -> tuple[Migration, ...]:
    found = migration_property(explained.migrations, verbose=False, resolve=explained.resolve, visible=explained.visible).value
    assert isinstance(found, list)
    return tuple(
        Migration(call=str(x["Function Call"]), clause=str(x["Clause"]), moved=bool(x["Moved"]), rule=str(x["Rule"]), reason=str(x["Reason"]),
                  guide=str(x["Guide"]))
        for x in found if isinstance(x, dict)
    )  # fmt: skip


# Plans


def plan_of(explained: Explained, rows: Mapping[int, tuple[str, str]] = NOTHING) -> Plan:
    """A plan with its formulas; its costs are Numbers where it was planned under a watch, which knows the `rows` of its tables."""
    options = replace(explained.options, summary=False, settings=False, charges=False, migration=False, alternatives=False, hashes=False)
    made = document(replace(explained, options=options))
    models = list(_models(made.root, 0, 0))
    heads = [model.head for model, _, _ in models]
    physical: dict[int, p.PhysicalPlan] = {}
    for node in _nodes(explained.plan):
        physical.setdefault(node.id, node)
    names = {model.id: model.head if heads.count(model.head) == 1 else f"{model.head} (node {model.id})" for model, _, _ in models}
    formulas = Formulas(names, rows)
    measured = explained.metrics.nodes if explained.metrics is not None else None
    nodes = [
        _node(model, parent, depth, physical[model.id], names, formulas, None if measured is None else measured.get(model.id, NodeMetrics()))
        for model, parent, depth in models
    ]
    return Plan(nodes=tuple(nodes), lines=tuple(text_lines(replace(made, footer=()))))


def _models(model: NodeModel, parent: int, depth: int) -> Iterator[tuple[NodeModel, int, int]]:
    yield model, parent, depth
    for child in model.children:
        yield from _models(child, model.id, depth + 1)


def _nodes(thing: object) -> Iterator[p.PhysicalPlan]:
    return (part for part in walk(thing) if isinstance(part, p.PhysicalPlan))


def _node(
    model: NodeModel, parent: int, depth: int, node: p.PhysicalPlan, names: Mapping[int, str], formulas: Formulas, metrics: NodeMetrics | None
) -> PlanNode:
    cost = node.cost
    startup, total, rows = formulas.of(node)
    return PlanNode(
        id=node.id, parent=parent, depth=depth, kind=node.label, head=model.head, name=names[node.id], relationship=model.relationship,
        plan_name=model.plan_name, details=tuple(line for item in model.properties if item.text is not None for line in item.text.split("\n")),
        startup=plain(cost.startup), total=plain(cost.total), rows=plain(cost.rows), width=cost.width, startup_formula=startup, total_formula=total,
        rows_formula=rows, measured=None if metrics is None else _measured(metrics),
    )  # fmt: skip


def _measured(metrics: NodeMetrics) -> Measured:
    batches = metrics.batches
    return Measured(
        rows=metrics.rows, loops=metrics.loops, startup=metrics.startup, total=metrics.total, removed=metrics.removed_by_filter,
        removed_by_join_filter=metrics.removed_by_join_filter,
        batches=None if batches is None else Batches(sizes=tuple(batches.sizes), milliseconds=tuple(batches.times)),
        workers=tuple((number, worker.rows, worker.loops) for number, worker in sorted(metrics.workers.items())),
    )  # fmt: skip


class Formulas:
    """The formulas of a plan's nodes: in each, what the nodes below cost is a leaf."""

    def __init__(self, names: Mapping[int, str], rows: Mapping[int, tuple[str, str]] = NOTHING) -> None:
        self.names = names
        self.rows = rows
        self.known: dict[int, tuple[Formula, Formula, Formula]] = {}

    def of(self, node: p.PhysicalPlan) -> tuple[Formula, Formula, Formula]:
        """Of the startup cost, the total cost, the rows."""
        found = self.known.get(node.id)
        if found is None:
            found = self.known[node.id] = self._made(node)
        return found

    def _made(self, node: p.PhysicalPlan) -> tuple[Formula, Formula, Formula]:
        below = [other for other in _nodes(node) if other.id != node.id]
        leaves: dict[int, tuple[str, str]] = dict(self.rows)
        wholes: dict[float, list[tuple[Formula, Formula]]] = {}
        for other in sorted(below, key=lambda other: other.id):
            name, cost = self.names.get(other.id, other.label), other.cost
            leaves[id(cost.rows)] = QUANTITY, f"rows of {name}"
            for number, label, at in ((cost.startup, f"{STARTUP}{name}", 0), (cost.total, f"{TOTAL}{name}", 1)):
                if number:
                    leaves[id(number)] = NODE, label
                    whole = self.of(other)[at]
                    if whole.op and whole.counted:
                        wholes.setdefault(whole.value, []).append((whole, Formula(value=whole.value, kind=NODE, label=label)))
        cost = node.cost
        for number in (cost.rows, opened(cost.rows)):
            if id(number) not in leaves:
                leaves[id(number)] = QUANTITY, OWN
        startup, total = put(formula(cost.startup, leaves), wholes), put(formula(cost.total, leaves), wholes)
        if startup.op:
            total = put(total, {startup.value: [(startup, Formula(value=startup.value, kind=NODE, label=f"{STARTUP}it"))]})
        rows = formula(opened(cost.rows), {key: leaf for key, leaf in leaves.items() if key not in (id(cost.rows), id(opened(cost.rows)))})
        return startup, total, rows
