"""Statement: what the levels of one statement share: catalog, settings, sizes, parameter and subplan numbers, WITH queries."""

from __future__ import annotations

from collections.abc import Callable
from sys import maxsize
from typing import TYPE_CHECKING, TypeVar

from auroraml.catalog.catalog import Catalog
from auroraml.evaluate import Runtime
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.objects import Function, Relation
from auroraml.planner.cost.parameters import CostParameters
from auroraml.planner.estimate.relation import PageSource, RelationFacts, facts_of
from auroraml.planner.level.makeup import Makeup
from auroraml.planner.rules.inline_functions import inline
from auroraml.records import replace
from auroraml.settings.aurora import AURORAML_FUNCTION_SCAN_COST
from auroraml.settings.planner import FORCE_PARALLEL_MODE, FROM_COLLAPSE_LIMIT, GEQO, GEQO_THRESHOLD, JOIN_COLLAPSE_LIMIT
from auroraml.settings.values import Settings

if TYPE_CHECKING:
    from auroraml.ir.physical import PhysicalPlan
    from auroraml.planner.level.level import Level

T = TypeVar("T")


class PlannedCte:
    """A WITH query planned by itself: its number among the subplans, its plan's costs."""

    __slots__ = ("columns", "index", "level", "name", "plan", "rows", "work_table")

    def __init__(self, index: int, name: str, level: Level | None, plan: PhysicalPlan | None, rows: float) -> None:
        self.index = index
        self.name = name
        self.level = level
        self.plan = plan
        self.rows = rows
        self.work_table = 0
        self.columns: dict[int, int] = {}


class Statement:
    """One statement being planned (PlannerGlobal)."""

    def __init__(
        self, catalog: Catalog, settings: Settings, pages: PageSource, runtime: Runtime, may_execute: Callable[[Function], bool], plan_query: Callable[..., Level],
        emit: Callable[..., PhysicalPlan], makeup: Makeup,
    ) -> None:  # fmt: skip
        self.catalog = catalog
        self.settings = settings
        self.pages = pages
        self.runtime = runtime
        self._may_execute = may_execute
        self.costs = CostParameters.of(settings)
        self.from_limit = int(settings[FROM_COLLAPSE_LIMIT])
        self.join_limit = int(settings[JOIN_COLLAPSE_LIMIT])
        self.genetic_from = int(settings[GEQO_THRESHOLD]) if settings[GEQO] else maxsize  # relations from which on not all orders are tried
        self.charge_rows = settings[AURORAML_FUNCTION_SCAN_COST] != "postgres"
        self._plan_query = plan_query
        self.emit = emit
        self.makeup = makeup
        self.parallel_ok = False  # whether parallel plans are considered at all
        self.unsettled = False  # that was not looked at: workers could gain nothing
        self.all_safe = False  # nothing in the statement is restricted to the leader
        self.forced = str(settings[FORCE_PARALLEL_MODE])
        self._parameters = 0
        self._serials = 0
        self._ids = -2
        self._work_tables = 0
        self.subplans: list[Level | None] = []
        self.ctes: dict[int, PlannedCte] = {}
        self.work_tables: dict[int, tuple[int, float]] = {}  # WITH RECURSIVE under way: work table number, rows of the first query
        self.range_table = 0
        self.levels: list[Level] = []
        self._facts: dict[int, RelationFacts] = {}

    def plan_query(self, query: l.LogicalPlan, outer: Outer | None, fraction: float) -> Level:
        """A query of any kind planned as a level of its own."""
        return self._plan_query(self, query, outer, fraction)

    def dismantle(self) -> None:
        """Planning is over: nothing that refers to itself is left."""
        for level in self.levels:
            level.dismantle()
        self.levels, self.subplans, self.ctes = [], [], {}

    def inlined(self, node: T) -> T:
        """An expression or FROM item with calls of simple SQL functions replaced by their bodies."""
        return inline(node, self.settings, self._may_execute)

    @property
    def has_parameters(self) -> bool:
        """Whether any exec parameter was made yet."""
        return self._parameters > 0

    def new_parameter(self) -> int:
        """An exec parameter's number."""
        self._parameters += 1
        return self._parameters - 1

    def new_serial(self) -> int:
        """A number for a range-table entry."""
        self._serials += 1
        return self._serials

    def new_id(self) -> int:
        """A column id that nothing else has (below those the binder gives)."""
        self._ids -= 1
        return self._ids

    def new_work_table(self) -> int:
        """A number for a recursive query's work table."""
        self._work_tables += 1
        return self._work_tables

    def new_subplan(self, level: Level | None) -> int:
        """The next SubPlan's number."""
        self.subplans.append(level)
        return len(self.subplans)

    def facts(self, relation: Relation) -> RelationFacts:
        """A table's size and statistics."""
        found = self._facts.get(relation.oid)
        if found is None:
            found = self._facts[relation.oid] = facts_of(self.catalog, relation, self.pages)
        return found


class Outer:
    """The level around a subquery: gives columns through exec parameters."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.params: dict[int, e.ParamRef] = {}
        self.refs: list[tuple[int, e.Expr]] = []  # parameters that this level's columns, aggregates and GROUPINGs fill

    def reference(self, ref: e.ColumnRef) -> e.Expr:
        """The parameter that carries an outer column (in place of what stands for the column, an expression over it)."""
        known = self.params.get(ref.id)
        if known is not None:
            return known
        level = self.level
        if ref.id in level.ids:
            made = e.ParamRef(type=ref.type, typmod=ref.typmod, number=level.statement.new_parameter(), kind="exec", name=ref.name)
            self.params[ref.id] = made
            self.refs.append((made.number, level.placeholders.get(ref.id, ref)))
            return made
        if level.outer is None:
            raise AssertionError(f"column {ref.name} ({ref.id}) is nowhere")
        return level.outer.reference(ref)

    def computed(self, call: e.Expr, ids: frozenset[int]) -> e.Expr:
        """The parameter that carries an aggregate or GROUPING of the level whose columns it reads, a new one each time."""
        level = self.level
        if level.ids.isdisjoint(ids):
            assert level.outer is not None
            return level.outer.computed(call, ids)
        made = e.ParamRef(type=call.type, typmod=call.typmod, number=level.statement.new_parameter(), kind="exec")
        self.refs.append((made.number, replace(call, outer=False) if isinstance(call, e.Aggregate) else call))
        return made


def target_ids(plan: l.LogicalPlan) -> list[int]:
    """The ids of a plan's outputs."""
    return [o.id for o in plan.outputs]
