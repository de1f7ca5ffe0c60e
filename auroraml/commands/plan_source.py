"""PlanSource: a prepared statement with its generic plan, and PostgreSQL's choice between that and custom plans (plancache.c)."""

from __future__ import annotations

from dataclasses import replace

from auroraml.catalog.catalog import Catalog
from auroraml.commands.context import Bound, Host
from auroraml.errors import FeatureNotSupported
from auroraml.executor.shortcuts import shortcut_of
from auroraml.ir.bound import BoundStatement
from auroraml.ir.decisions import Migrations
from auroraml.ir.physical import PhysicalPlan
from auroraml.ir.range_table import entries
from auroraml.pipeline.dependencies import Dependencies
from auroraml.records import dataclass
from auroraml.settings.planner import CPU_OPERATOR_COST, PLAN_CACHE_MODE
from auroraml.sql import statements as st
from auroraml.types.pg_type import PgType

CUSTOM_FIRST = 5  # custom plans are made this often before costs are compared
PLANNING_OPERATORS = 1000.0  # what planning is charged for each relation, in calls of operators


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A plan and the statement it is of; `reused`: it was made for an earlier execution."""

    bound: BoundStatement
    plan: PhysicalPlan
    migrations: Migrations
    reused: bool = False


def made_anew(bound: BoundStatement, params: tuple[Bound, ...], host: Host) -> Chosen:
    """A plan made now, for these values of the parameters if there are any."""
    plan, migrations = host.plan_with_decisions(bound, params)
    return Chosen(bound=bound, plan=plan, migrations=migrations)


class PlanSource:
    """A prepared statement: its query, bound while what that refers to stays as it is, and its plans (CachedPlanSource)."""

    def __init__(self, query: st.Query, bound: BoundStatement, host: Host) -> None:
        self.query = query
        self.types: tuple[PgType, ...] = bound.parameters
        self.generic_plans = 0
        self.custom_plans = 0
        self._columns = _shape(bound)
        self._bound = bound
        self._depends: Dependencies = host.dependencies(bound)
        self._generic: Chosen | None = None
        self.short = False  # whether the generic plan takes a shortcut
        self._generic_cost = -1.0
        self._custom_cost = 0.0  # of all custom plans, planning included
        self._admitted: tuple[Catalog, str] | None = None  # the catalog and role that it was found fit for

    def choose(self, host: Host, params: tuple[Bound, ...]) -> Chosen:
        """The plan for these values of the parameters, counted as an execution (GetCachedPlan)."""
        bound = self.current(host)
        if not self._custom(host, params):
            generic = self._known(host, bound)
            if not self._custom(host, params):  # now that the cost is known
                self.generic_plans += 1
                return generic
        made = made_anew(bound, params, host)
        planning = PLANNING_OPERATORS * host.settings[CPU_OPERATOR_COST] * (entries(bound.plan) + 1)
        self._custom_cost += made.plan.cost.total + planning
        self.custom_plans += 1
        return made

    def generic(self, host: Host) -> Chosen:
        """The plan for any values."""
        return self._known(host, self.current(host))

    def _known(self, host: Host, bound: BoundStatement) -> Chosen:
        generic = self._generic
        if generic is not None:
            self._admit(host, bound)
            return generic
        generic = made_anew(bound, (), host)
        self._generic_cost = generic.plan.cost.total
        self._generic = replace(generic, reused=True)
        self.short = shortcut_of(generic.plan) is not None
        return generic

    def _admit(self, host: Host, bound: BoundStatement) -> None:
        """Look again whether the role may run the statement; where the catalog is the same, and nothing is there to warn of, once is enough."""
        asking = (host.catalog, host.current_role)
        if self._admitted is None or self._admitted[0] is not asking[0] or self._admitted[1] != asking[1]:
            makeup = host.admit(bound).makeup
            self._admitted = asking if makeup is not None and makeup.built_in else None

    def current(self, host: Host) -> BoundStatement:
        """The statement bound to today's objects; 0A000 where its result would be of other columns (RevalidateCachedQuery)."""
        if not host.hold(self._depends):
            self._generic, self.short = None, False
            bound = host.bind(self.query, tuple((type, None) for type in self.types))
            if _shape(bound) != self._columns:
                raise FeatureNotSupported("cached plan must not change result type")
            self._bound, self._depends = bound, host.dependencies(bound)
        return self._bound

    def _custom(self, host: Host, params: tuple[Bound, ...]) -> bool:
        """Whether to plan with the values (choose_custom_plan)."""
        if not params:
            return False
        mode = host.settings[PLAN_CACHE_MODE]
        if mode != "auto":
            return mode == "force_custom_plan"
        if self.custom_plans < CUSTOM_FIRST:
            return True
        return self._generic_cost >= self._custom_cost / self.custom_plans


def _shape(bound: BoundStatement) -> tuple[tuple[str, int, int], ...]:
    """What clients know of the result: names, types, typmods."""
    return tuple((column.name, column.type.oid, column.typmod) for column in bound.columns)
