"""Trace: what happened to one statement, from its text to its bill, as a value; stories and pages are made of it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from auroraml.ir.alternatives import ConsideredRelation
from auroraml.records import dataclass
from auroraml.services.log import CallRecord
from auroraml.services.meter import BillLine
from auroraml.sql.outline import SyntaxNode
from auroraml.teach.formula import Formula


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A name with its type as SQL writes it."""

    name: str
    type: str


@dataclass(frozen=True, kw_only=True)
class FromTable:
    """Something in FROM and what its name turned out to be (`kind`: table, view, function, subquery, WITH query, VALUES), with the columns that are read.

    `changed`: by UPDATE or DELETE, whose table it is.
    """

    alias: str
    kind: str
    name: str
    columns: tuple[Typed, ...] = ()
    changed: bool = False


@dataclass(frozen=True, kw_only=True)
class Coercion:
    """A value that is made another type; `implicit`: nobody wrote the cast."""

    value: str
    source: str
    target: str
    implicit: bool


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """An operator or function call and the row of the catalog it is: its signature, its volatility, its cost in calls of a plain operator."""

    text: str
    signature: str
    kind: str
    volatility: str
    cost: float
    batch: bool = False


@dataclass(frozen=True, kw_only=True)
class Privilege:
    """A privilege that was needed, and therefore held: SELECT, EXECUTE and so on, on what."""

    privilege: str
    kind: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Binding:
    """The bound statement: its outline, its result's columns, what its names are."""

    lines: tuple[str, ...] = ()
    columns: tuple[Typed, ...] = ()
    tables: tuple[FromTable, ...] = ()
    coercions: tuple[Coercion, ...] = ()
    calls: tuple[Resolved, ...] = ()
    privileges: tuple[Privilege, ...] = ()
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RuleStep:
    """A planner rule that fired: its name, what it does (a sentence), the lines of what it was given and of what it made."""

    name: str
    does: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Migration:
    """What was decided about one call of a batch function: moved to FROM or not, by which rule, and the guide's heading ("" where the choice is ours)."""

    call: str
    clause: str
    moved: bool
    rule: str
    reason: str
    guide: str


@dataclass(frozen=True, kw_only=True)
class Batches:
    """The service batches of a node, in the order they were closed: rows, and milliseconds of the call."""

    sizes: tuple[int, ...]
    milliseconds: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What ANALYZE counted at a node, over all loops and participants: rows and milliseconds are totals, `removed` are the rows its filters took out."""

    rows: int
    loops: int
    startup: float = 0.0
    total: float = 0.0
    removed: int = 0
    removed_by_join_filter: int = 0
    batches: Batches | None = None
    workers: tuple[tuple[int, int, int], ...] = ()  # number, rows, loops


@dataclass(frozen=True, kw_only=True)
class PlanNode:
    """A node of the plan; the first of a plan is its root, the rest follow in the order in which EXPLAIN prints them.

    `parent` is 0 for the root, `plan_name` titles init plans and subplans, `details` are EXPLAIN's lines below the head. The three formulas say how
    startup cost, total cost and rows were computed from what stands below; `name` tells the node apart from all others of the plan.
    """

    id: int
    parent: int
    depth: int
    kind: str
    head: str
    name: str
    relationship: str = ""
    plan_name: str = ""
    details: tuple[str, ...] = ()
    startup: float = 0.0
    total: float = 0.0
    rows: float = 0.0
    width: int = 0
    startup_formula: Formula | None = None
    total_formula: Formula | None = None
    rows_formula: Formula | None = None
    measured: Measured | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan: its nodes and the lines EXPLAIN prints of it."""

    nodes: tuple[PlanNode, ...]
    lines: tuple[str, ...]

    @property
    def root(self) -> PlanNode:
        """The top node."""
        return self.nodes[0]

    def children(self, node: PlanNode) -> tuple[PlanNode, ...]:
        """The nodes right below another."""
        return tuple(other for other in self.nodes if other.parent == node.id)


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What running took: milliseconds of the session's clock, rows of the result, calls of services in the order they were sent."""

    milliseconds: float
    virtual: bool
    calls: tuple[CallRecord, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The bill of the statement, a line for each service, operation and target; amounts None where there is no price."""

    lines: tuple[BillLine, ...]
    currency: str
    prices: str = ""


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One statement from its text to its bill. `syntax` is None for what was prepared before; `unmigrated`: the plan it would have had with
    `apg_enable_function_migration` off, where migration changed something; `execution` and `cost`: with ANALYZE.
    """

    sql: str
    syntax: SyntaxNode | None
    binding: Binding
    migrations: tuple[Migration, ...]
    rules: tuple[RuleStep, ...]
    considered: tuple[ConsideredRelation, ...]
    plan: Plan
    unmigrated: Plan | None = None
    planning: float | None = None  # milliseconds, where SUMMARY asks for them
    priced: bool = True  # whether costs are told (COSTS)
    timed: bool = True  # whether times are told (TIMING)
    execution: Execution | None = None
    cost: Cost | None = None
    settings: tuple[tuple[str, str], ...] = ()  # that differ from their defaults


LISTENER: ContextVar[Callable[[Trace], None] | None] = ContextVar("listener", default=None)  # is given each trace that EXPLAIN (TUTOR) makes
