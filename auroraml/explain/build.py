"""A physical plan and its metrics to the model: heads, costs, children, range-table names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field, replace

from auroraml.dispatch import singledispatch
from auroraml.explain.alternatives import alternatives_property
from auroraml.explain.charges import node_charges, total_charges
from auroraml.explain.hashes import plan_hash, query_identifier, sql_hash
from auroraml.explain.migrations import migration_property
from auroraml.explain.model import Document, NodeModel, Options, Property
from auroraml.explain.names import Place, inner_place, subplan_name
from auroraml.explain.participants import workers
from auroraml.explain.properties import node_properties
from auroraml.explain.usage import BUFFERS, NONE, Usage, usage
from auroraml.ir import physical as p
from auroraml.ir.alternatives import ConsideredRelation
from auroraml.ir.decisions import Migrations
from auroraml.ir.deparse import quote_identifier
from auroraml.ir.expr import Call, OpCall, SubPlan
from auroraml.ir.metrics import Metrics, NodeMetrics
from auroraml.ir.tree import children as parts
from auroraml.records import dataclass
from auroraml.services.meter import Bill
from auroraml.types.pg_type import PgType


@dataclass(frozen=True, kw_only=True)
class Explained:
    """What is explained: the plan, what it measured (None without ANALYZE), and how names are found."""

    plan: p.PhysicalPlan
    options: Options
    metrics: Metrics | None = None
    range_table: int = 0  # entries of the statement's range table as it was written
    resolve: Callable[[int], PgType] | None = None
    visible: Callable[[str, str], bool] | None = None
    changed_settings: tuple[tuple[str, str], ...] = ()
    sql: str = ""  # the statement's own text
    identify: bool = False  # whether statements are given an identifier
    planning: float = 0.0  # milliseconds
    planning_pages: int = 0
    charges: Bill = field(default_factory=Bill)  # the whole statement's
    currency: str = ""
    migrations: Migrations = field(default_factory=Migrations)
    alternatives: tuple[ConsideredRelation, ...] = ()
    sort_memory: int = 4 << 20  # work_mem in bytes
    hash_memory: int = 8 << 20  # work_mem × hash_mem_multiplier in bytes
    story: tuple[tuple[str, tuple[str, ...]], ...] = ()  # title and lines of each stage, under TUTOR


def document(explained: Explained) -> Document:
    """The model of one EXPLAIN."""
    builder = _Builder(explained)
    root = builder.node(explained.plan, builder.place(explained.plan), "", "")
    return Document(root=root, footer=tuple(builder.footer(root)))


def _number(value: float) -> float:
    return round(value, 2)


def _alias_of(node: p.PhysicalPlan) -> str | None:
    alias = getattr(node, "alias", None)
    return alias if isinstance(alias, str) else None


class _Builder:
    def __init__(self, explained: Explained) -> None:
        self.explained = explained
        self.options = explained.options
        scans = [node for node in _all_nodes(explained.plan) if _alias_of(node) is not None]
        measured = explained.metrics is not None and (explained.options.buffers or explained.options.wal)
        self.usage = Usage(explained.plan, explained.metrics.nodes, explained.hash_memory) if measured and explained.metrics is not None else None
        self.aliases = _unique_aliases(explained.plan)
        self.printed: set[int] = set()  # numbers of subplans
        self.prefix = max(explained.range_table, sum(not isinstance(node, p.ModifyTable) for node in scans)) > 1

    def place(self, node: p.PhysicalPlan) -> Place:
        """The root's place."""
        return Place(
            node=node, carried={}, looped={}, aliases=self.aliases, prefix=self.prefix, resolve=self.explained.resolve,
            visible=self.explained.visible, verbose=self.options.verbose, costs=self.options.costs, timing=self.options.timing,
            sort_memory=self.explained.sort_memory, hash_memory=self.explained.hash_memory,
        )  # fmt: skip

    def node(self, node: p.PhysicalPlan, place: Place, relationship: str, plan_name: str, shared: bool = False) -> NodeModel:
        """A node's model; `shared`: workers run it too."""
        metrics = None
        if self.explained.metrics is not None:
            metrics = self.explained.metrics.nodes.get(node.id, NodeMetrics())
        head, labels = describe(node, place)
        properties = [
            *labels,
            *self._cost_properties(node, metrics),
            *node_properties(node, place, self.options, metrics),
            *self._charges(metrics),
            *usage(self.options, self.usage.of(node) if self.usage is not None else NONE),
        ]
        if shared and metrics is not None:
            properties.append(workers(node, place, self.options, metrics, self.usage))
        elif isinstance(node, p.Gather) and metrics is not None:
            shared = metrics.loops > 0
        if relationship:
            at = next((i for i, item in enumerate(properties) if item.label == "Parallel Aware"), len(properties))
            properties.insert(at, Property(label="Parent Relationship", value=relationship))
            if plan_name:
                properties.insert(at + 1, Property(label="Subplan Name", value=plan_name))
        return NodeModel(
            head=head, costs=self._costs(node, metrics), properties=properties, children=list(self._children(node, place, shared)),
            relationship=relationship, plan_name=plan_name, id=node.id,
        )  # fmt: skip

    def _children(self, node: p.PhysicalPlan, place: Place, shared: bool) -> Iterator[NodeModel]:
        for plan in node.init_plans:
            yield self.node(plan.plan, place.within(plan, place), "InitPlan", init_plan_name(plan))
        names = ("Member",) * len(node.children()) if isinstance(node, p.Append | p.BitmapAnd) else ("Outer", "Inner")
        if isinstance(node, p.SubqueryScan):
            names = ("Subquery",)
        for i, child in enumerate(node.children()):
            made = self.node(child, inner_place(place) if i == 1 and isinstance(node, p.Join) else place.at(child), names[i], "", shared)
            if isinstance(child, p.Hash) and isinstance(node, p.HashJoin):
                inner_keys = tuple(c.args[1] for c in node.hash_conditions if isinstance(c, OpCall))
                tested = self._tested(_subplans_in(inner_keys), place, shared)  # the Hash computes its side of the condition
                made = replace(made, children=[*made.children, *tested])
            yield made
        yield from self._tested(_subplans(node), place, shared and not isinstance(node, p.Gather))

    def _tested(self, plans: list[SubPlan], place: Place, shared: bool) -> Iterator[NodeModel]:
        for plan in plans:
            if plan.index in self.printed:
                continue  # several members of a UNION ALL may test the same subquery
            self.printed.add(plan.index)
            action = place.node.conflict if isinstance(place.node, p.ModifyTable) else None
            setter = replace(place, conflict=action is not None and any(found is plan for found in _in_expressions([action])))
            yield self.node(plan.plan, place.within(plan, setter), "SubPlan", subplan_name(plan), shared)

    def _costs(self, node: p.PhysicalPlan, metrics: NodeMetrics | None) -> str:
        text = ""
        if self.options.costs:
            cost = node.cost
            text += f"  (cost={cost.startup:.2f}..{cost.total:.2f} rows={cost.rows:.0f} width={cost.width})"
        if metrics is not None:
            if metrics.loops == 0:
                return text + " (never executed)"
            rows = metrics.rows / metrics.loops
            times = f"time={metrics.startup / metrics.loops:.3f}..{metrics.total / metrics.loops:.3f} " if self.options.timing else ""
            text += f" (actual {times}rows={rows:.0f} loops={metrics.loops})"
        return text

    def _cost_properties(self, node: p.PhysicalPlan, metrics: NodeMetrics | None) -> Iterator[Property]:
        if self.options.costs:
            yield Property(label="Startup Cost", value=_number(node.cost.startup))
            yield Property(label="Total Cost", value=_number(node.cost.total))
            yield Property(label="Plan Rows", value=round(node.cost.rows))
            yield Property(label="Plan Width", value=node.cost.width)
        if metrics is not None:
            loops = max(metrics.loops, 1)
            if self.options.timing:
                yield Property(label="Actual Startup Time", value=round(metrics.startup / loops, 3))
                yield Property(label="Actual Total Time", value=round(metrics.total / loops, 3))
            yield Property(label="Actual Rows", value=round(metrics.rows / loops))
            yield Property(label="Actual Loops", value=metrics.loops)

    def _charges(self, metrics: NodeMetrics | None) -> Iterator[Property]:
        if self.options.charges and metrics is not None and metrics.charges is not None:
            yield from node_charges(metrics.charges, self.options, self.explained.currency)

    def _triggers(self) -> Property:
        """The calls of triggers, by name (report_triggers)."""
        explained, options = self.explained, self.options
        changed = [node.relation.name for node in _all_nodes(explained.plan) if isinstance(node, p.ModifyTable)]
        called = {} if explained.metrics is None else explained.metrics.triggers
        relations = list(dict.fromkeys((*changed, *(relation for relation, _ in called))))  # those that foreign keys' actions reach come last
        several = len(changed) > 1 or len(relations) > len(changed)
        entries: list[dict[str, object]] = []
        lines: list[str] = []
        for (_, name), found in sorted(called.items(), key=lambda item: (relations.index(item[0][0]), item[0][1])):
            times: dict[str, object] = {"Time": round(found.time, 3)} if options.timing else {}
            of: dict[str, object] = {"Constraint Name": found.constraint} if found.constraint else {}
            entries.append({"Trigger Name": name, **of, "Relation": found.relation, **times, "Calls": found.calls})
            shown = f"Trigger {name}" if options.verbose or not found.constraint else "Trigger"
            constraint = f" for constraint {found.constraint}" if found.constraint else ""
            where = f" on {found.relation}" if several else ""
            spent = f"time={found.time:.3f} " if options.timing else ""
            lines.append(f"{shown}{constraint}{where}: {spent}calls={found.calls}")
        return Property(label="Triggers", value=entries, text="\n".join(lines) if lines else None)

    def footer(self, root: NodeModel) -> Iterator[Property]:
        explained, options = self.explained, self.options
        if options.settings:
            joined = ", ".join(f"{name} = '{value}'" for name, value in explained.changed_settings)
            yield Property(label="Settings", value=dict(explained.changed_settings), text=f"Settings: {joined}" if joined else None)
        if explained.identify and options.verbose:
            found = query_identifier(explained.sql)
            yield Property(label="Query Identifier", value=found, text=f"Query Identifier: {found}")
        if options.migration:
            yield migration_property(explained.migrations, verbose=options.verbose, resolve=explained.resolve, visible=explained.visible)
        if options.alternatives:
            yield alternatives_property(explained.alternatives, options)
        if options.buffers:
            pages = explained.planning_pages
            text = f"Planning:\n  Buffers: shared hit={pages}" if pages else None
            yield Property(label="Planning", value={**dict.fromkeys(BUFFERS, 0), BUFFERS[0]: pages}, text=text)
        if options.summary:
            yield Property(label="Planning Time", value=round(explained.planning, 3), text=f"Planning Time: {explained.planning:.3f} ms")
        if options.analyze:
            yield self._triggers()
        if options.charges:
            yield total_charges(explained.charges, options, explained.currency)
        if options.summary and explained.metrics is not None:
            time = explained.metrics.execution
            yield Property(label="Execution Time", value=round(time, 3), text=f"Execution Time: {time:.3f} ms")
        if options.tutor:
            stages: list[dict[str, object]] = [{"Stage": title, "Lines": list(lines)} for title, lines in explained.story]
            yield Property(label="Story", value=stages)
        if options.hashes:
            sql, plan = sql_hash(explained.sql), plan_hash(root)
            yield Property(label="SQL Hash", value=sql, text=f"SQL Hash: {sql}, Plan Hash: {plan}")
            yield Property(label="Plan Hash", value=plan)


def init_plan_name(plan: SubPlan) -> str:
    """ "InitPlan 1 (returns $0)", or "CTE name"."""
    if plan.kind == "cte":
        return f"CTE {plan.name}"
    returns = ",".join(f"${number}" for number in plan.outputs)
    return f"InitPlan {plan.index} (returns {returns})"


def _subplans(node: p.PhysicalPlan) -> list[SubPlan]:
    """The subplans in the node's own expressions, in the order in which these are prepared."""
    initial = {plan.index for plan in node.init_plans}
    return [plan for plan in _subplans_in(parts(node)) if plan.index not in initial]


def _subplans_in(items: Iterable[object]) -> list[SubPlan]:
    """Those in expressions, in the order in which these are prepared: rows assigned to several columns are first."""
    found: dict[int, SubPlan] = {}
    for plan in _in_expressions(items):
        if plan.kind != "cte":
            found.setdefault(plan.index, plan)
    return sorted(found.values(), key=lambda plan: plan.index if plan.kind == "multi" else len(found) + max(found, default=0))


def _in_expressions(items: Iterable[object]) -> Iterator[SubPlan]:
    """The subplans in expressions, from left to right."""
    pending: list[object] = list(items)[::-1]
    while pending:
        item = pending.pop()
        if isinstance(item, p.PhysicalPlan):
            continue
        if isinstance(item, SubPlan):
            yield item
        pending += parts(item)[::-1]


def _all_nodes(plan: p.PhysicalPlan) -> Iterator[p.PhysicalPlan]:
    yield plan
    for sub in plan.init_plans:
        yield from _all_nodes(sub.plan)
    for child in plan.children():
        yield from _all_nodes(child)
    for sub in _subplans(plan):
        yield from _all_nodes(sub.plan)


def _unique_aliases(plan: p.PhysicalPlan) -> dict[int, str]:
    """Node id to alias, repeated ones numbered: t, t_1, t_2 (the index part of a bitmap scan shares its heap scan's)."""
    aliases: dict[int, str] = {}
    used: set[str] = set()
    for node in _all_nodes(plan):
        alias = _alias_of(node)
        if alias is None or isinstance(node, p.ModifyTable):
            continue
        unique, count = alias, 0
        while unique in used:
            count += 1
            unique = f"{alias}_{count}"
        used.add(unique)
        aliases[node.id] = unique
        if isinstance(node, p.BitmapHeapScan):
            for below in _all_nodes(node.source):
                aliases[below.id] = unique
    for node in _all_nodes(plan):
        if isinstance(node, p.ModifyTable):
            aliases[node.id] = node.alias
    return aliases


def _target(place: Place, schema: str, name: str, alias: str) -> str:
    shown = f"{quote_identifier(schema)}.{quote_identifier(name)}" if place.verbose else quote_identifier(name)
    return f"{shown} {quote_identifier(alias)}" if alias and alias != name else shown


def _label(node: p.PhysicalPlan, kind: str, **more: str | bool) -> list[Property]:
    head = [Property(label="Node Type", value=kind)]
    head += [Property(label=label.replace("_", " "), value=value) for label, value in more.items()]
    return [*head, Property(label="Parallel Aware", value=node.parallel_aware), Property(label="Async Capable", value=False)]


@singledispatch
def describe(node: p.PhysicalPlan, place: Place) -> tuple[str, list[Property]]:
    """The head of the node's text line, and its first structured properties."""
    text = ("Parallel " if node.parallel_aware else "") + node.label
    return text, _label(node, node.label)


def _relation(node: p.SeqScan, place: Place) -> list[Property]:
    schema = [Property(label="Schema", value=node.relation.schema)] if place.verbose else []
    return [Property(label="Relation Name", value=node.relation.name), *schema, Property(label="Alias", value=place.aliases[node.id])]


def _scanned(node: p.SeqScan, place: Place) -> str:
    return _target(place, node.relation.schema, node.relation.name, place.aliases[node.id])


@describe.register
def _(node: p.SeqScan, place: Place) -> tuple[str, list[Property]]:
    parallel = "Parallel " if node.parallel_aware else ""
    return f"{parallel}{node.label} on {_scanned(node, place)}", [*_label(node, node.label), *_relation(node, place)]


@describe.register
def _(node: p.IndexScan, place: Place) -> tuple[str, list[Property]]:
    backward = " Backward" if node.backward else ""
    parallel = "Parallel " if node.parallel_aware else ""
    text = f"{parallel}{node.label}{backward} using {quote_identifier(node.index.name)} on {_scanned(node, place)}"
    properties = [
        *_label(node, node.label), Property(label="Scan Direction", value="Backward" if node.backward else "Forward"),
        Property(label="Index Name", value=node.index.name), *_relation(node, place),
    ]  # fmt: skip
    return text, properties


@describe.register
def _(node: p.BitmapIndexScan, place: Place) -> tuple[str, list[Property]]:
    return f"{node.label} on {quote_identifier(node.index.name)}", [*_label(node, node.label), Property(label="Index Name", value=node.index.name)]


@describe.register
def _(node: p.FunctionScan, place: Place) -> tuple[str, list[Property]]:
    alias = place.aliases[node.id]
    properties = _label(node, node.label)
    called = node.calls[0]
    function = called.function if len(node.calls) == 1 and isinstance(called, Call) else None
    if function is None:
        return f"{node.label} on {quote_identifier(alias)}", [*properties, Property(label="Alias", value=alias)]
    properties.append(Property(label="Function Name", value=function.name))
    if place.verbose:
        properties.append(Property(label="Schema", value=function.schema))
    return f"{node.label} on {_target(place, function.schema, function.name, alias)}", [*properties, Property(label="Alias", value=alias)]


@describe.register(p.ValuesScan)
@describe.register(p.SubqueryScan)
def _(node: p.ValuesScan | p.SubqueryScan, place: Place) -> tuple[str, list[Property]]:
    alias = place.aliases[node.id]
    return f"{node.label} on {quote_identifier(alias)}", [*_label(node, node.label), Property(label="Alias", value=alias)]


@describe.register
def _(node: p.CteScan, place: Place) -> tuple[str, list[Property]]:
    alias = place.aliases[node.id]
    text = f"{node.label} on {quote_identifier(node.cte_name)}" + (f" {quote_identifier(alias)}" if alias != node.cte_name else "")
    return text, [*_label(node, node.label), Property(label="CTE Name", value=node.cte_name), Property(label="Alias", value=alias)]


@describe.register
def _(node: p.WorkTableScan, place: Place) -> tuple[str, list[Property]]:
    alias, name = place.aliases[node.id], node.cte_name or node.alias
    text = f"{node.label} on {quote_identifier(name)}" + (f" {quote_identifier(alias)}" if alias != name else "")
    return text, [*_label(node, node.label), Property(label="CTE Name", value=name), Property(label="Alias", value=alias)]


_JOINS = {"inner": "Inner", "left": "Left", "right": "Right", "full": "Full", "semi": "Semi", "anti": "Anti"}


@describe.register
def _(node: p.Join, place: Place) -> tuple[str, list[Property]]:
    kind = _JOINS[node.kind]
    stem = "Nested Loop" if isinstance(node, p.NestedLoop) else node.label.removesuffix(" Join")
    text = f"{stem} {kind} Join" if node.kind != "inner" else node.label
    return ("Parallel " if node.parallel_aware else "") + text, [*_label(node, node.label), Property(label="Join Type", value=kind)]


_STRATEGIES = {"plain": "Aggregate", "sorted": "GroupAggregate", "hashed": "HashAggregate", "mixed": "MixedAggregate"}
_PHASES = {"whole": ("", "Simple"), "partial": ("Partial ", "Partial"), "final": ("Finalize ", "Finalize")}


@describe.register
def _(node: p.Aggregate, place: Place) -> tuple[str, list[Property]]:
    prefix, mode = _PHASES[node.phase]
    strategy = node.strategy.capitalize()
    return prefix + _STRATEGIES[node.strategy], _label(node, "Aggregate", Strategy=strategy, Partial_Mode=mode)


@describe.register
def _(node: p.SetOp, place: Place) -> tuple[str, list[Property]]:
    head = "HashSetOp" if node.strategy == "hashed" else "SetOp"
    return f"{head} {node.command}", [*_label(node, "SetOp", Strategy=node.strategy.capitalize()), Property(label="Command", value=node.command)]


@describe.register
def _(node: p.ModifyTable, place: Place) -> tuple[str, list[Property]]:
    schema = [Property(label="Schema", value=node.relation.schema)] if place.verbose else []
    text = f"{node.operation} on {_target(place, node.relation.schema, node.relation.name, node.alias)}"
    return text, [
        *_label(node, "ModifyTable", Operation=node.operation), Property(label="Relation Name", value=node.relation.name), *schema,
        Property(label="Alias", value=node.alias),
    ]  # fmt: skip
