"""ExecutionContext: what running operators and kernels share: parameters, storage, subqueries, metrics, the session behind them."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from functools import partial
from typing import Any

import numpy as np

from auroraml.batch import Batch, Index, Vector, concat, concat_batches, from_datums
from auroraml.errors import DatabaseError
from auroraml.evaluate import Frame
from auroraml.evaluate.call import null
from auroraml.executor import subplans
from auroraml.executor.crew import Gathering, WorkerSlots
from auroraml.executor.loops import Key, Loops
from auroraml.executor.operator import ALL, Operator, build
from auroraml.executor.pace import Pace
from auroraml.executor.plans import free_parameters
from auroraml.ir import expr as e
from auroraml.ir.metrics import Metrics, NodeMetrics
from auroraml.ir.objects import Function
from auroraml.ir.physical import PhysicalPlan
from auroraml.records import dataclass
from auroraml.services.account import Account
from auroraml.services.clock import REAL, Clock
from auroraml.services.meter import Bill
from auroraml.settings.memory import hash_memory, work_memory
from auroraml.storage.store import Store
from auroraml.storage.table import Table
from auroraml.storage.transactions import Transaction
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import Rep

NO_CHARGES = contextlib.nullcontext()


class SharedRows:
    """The rows of a WITH query, computed as far as some scan has asked, and kept for the others."""

    def __init__(self, running: Operator) -> None:
        self.running = running
        self.parts: list[Batch] = []
        self.n = 0
        self.ended = False
        self.trouble: DatabaseError | None = None  # what came after the last row

    def rows(self, at: int, n: int) -> Batch | None:
        """At most `n` rows from number `at` on, None behind the last."""
        if at >= self.n and not self.ended:
            if self.trouble is not None:
                raise self.trouble
            try:
                batch = self.running.pull(n)
            except DatabaseError as error:
                self.trouble = error
                raise
            if batch is None:
                self.ended = True
            else:
                self.parts.append(batch)
                self.n += batch.n
        if at >= self.n:
            return None
        if len(self.parts) > 1:
            self.parts = [concat_batches(self.parts)]
        return self.parts[0].slice(at, min(self.n, at + n))


@dataclass(kw_only=True)
class ExecutionContext:
    """One statement's execution; `host` is the session."""

    store: Store
    transaction: Transaction
    catalog: Any
    style: TextStyle
    host: Any
    settings: Any
    user: str = "postgres"
    session_user: str = "postgres"
    dbname: str = "postgres"
    transaction_start: int = 0
    statement_start: int = 0
    services: Any = None
    params: dict[Key, Vector] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    most: int = ALL  # rows that one pull may give
    charges: Account | None = None  # EXPLAIN (CHARGES): where each node's service calls are billed
    measured: bool = False  # EXPLAIN ANALYZE: every counter has to be PostgreSQL's, at the price of running subqueries that stop early row by row
    buffers: bool = False  # EXPLAIN (ANALYZE, BUFFERS): pages are counted
    check: Callable[[], None] = lambda: None
    clock: Clock = REAL  # by which the statement runs
    pace: Pace | None = None  # what the engine's work takes, where the clock does not see it
    slots: WorkerSlots | None = None  # the Database's; None: this plan has no workers
    plan_function: Callable[[Function], PhysicalPlan] | None = None
    count: Callable[[Function, int, float, float], None] = lambda function, calls, total, own: None
    nested_time: float = 0.0
    moment: bool = False  # planning has computed what another moment may answer otherwise: a stable function, for an estimate
    system_rows: Callable[[str, Any], Batch] | None = None
    plans: dict[int, Operator] = field(default_factory=dict)
    kept: dict[int, Vector] = field(default_factory=dict)
    kept_rows: dict[int, Batch | None] = field(default_factory=dict)
    troubles: dict[int, DatabaseError] = field(default_factory=dict)  # by subquery: the error it has raised instead, for rows that ask again
    multis: dict[int, tuple[Frame, Vector]] = field(default_factory=dict)  # rows assigned to several columns, as last made
    initial: dict[int, e.SubPlan] = field(default_factory=dict)  # by the exec parameter the init plan sets
    cte_plans: dict[int, e.SubPlan] = field(default_factory=dict)
    shared: dict[int, SharedRows] = field(default_factory=dict)
    work_tables: dict[int, Batch | None] = field(default_factory=dict)
    seeds: dict[int, int] = field(default_factory=dict)  # by node: what a sample without REPEATABLE is drawn with, however often it is run
    only_rows: dict[int, np.ndarray] = field(default_factory=dict)  # by relation: the row versions a re-check reads instead of the snapshot's
    seen: dict[Table, Index] = field(default_factory=dict)  # of tables that are changed and read on: what the statement sees of them
    taken: dict[int, list[np.ndarray]] = field(default_factory=dict)  # by relation: the rows that parts of this statement have changed
    affected: int = 0
    counted: PhysicalPlan | None = None  # of several parts that change rows the one whose rows the command's tag counts
    at_end: list[Callable[[], None]] | None = None  # where several parts of a statement change rows: what is done when all have
    statements: dict[tuple[int, str], int] = field(
        default_factory=dict
    )  # by relation and event, begun: how often AFTER triggers are yet to be called
    gathers: list[Gathering] = field(default_factory=list)  # those that have workers now
    loops: Loops = field(init=False)
    check_step: Callable[[], None] = field(init=False)  # between two steps of a plan: a worker whose rows nobody wants any more ends there

    def __post_init__(self) -> None:
        self.check_step = self.check
        self.loops = Loops(None, self.params, None, partial(_missing, weakref.ref(self)))

    def check_cancel(self) -> None:
        """Raise where the statement was cancelled or timed out."""
        self.check()

    def charging(self, metrics: NodeMetrics) -> contextlib.AbstractContextManager[None]:
        """While it is open, this thread's service calls are the node's."""
        if self.charges is None:
            return NO_CHARGES
        if metrics.charges is None:
            metrics.charges = Bill()
        return self.charges.charging(metrics.charges)

    @property
    def work_memory(self) -> int:
        """Bytes that a sort may take."""
        return work_memory(self.settings)

    @property
    def hash_memory(self) -> int:
        """Bytes that a hash table may take."""
        return hash_memory(self.settings)

    def setting(self, name: str) -> str:
        """The text of a setting."""
        return str(self.settings.show(name))

    def count_call(self, function: Function, calls: int, total: float, own: float) -> None:
        """Add to the function's statistics."""
        self.count(function, calls, total, own)

    # Rows

    def visible(self, table: Table) -> Index | None:
        """The rows of a table that the statement sees; None when it sees all."""
        found = self.seen.get(table)
        return self.store.visible(table, self.transaction) if found is None else found

    def hold(self, relations: Iterable[int]) -> None:
        """Have what the statement reads of these tables from now on be what is there now."""
        for oid in relations:
            if oid in self.store.tables:
                table = self.store.table(oid)
                rows = self.visible(table)
                self.seen[table] = np.arange(table.n) if rows is None else rows

    # Subqueries

    def declare(self, plan: e.SubPlan) -> None:
        """An init plan or WITH query that expressions and scans below may read."""
        if plan.kind == "cte":
            self.cte_plans[plan.index] = plan
        for number in plan.outputs:
            self.initial[number] = plan

    def operator(self, plan: e.SubPlan) -> Operator:
        """The running form of a subquery's plan."""
        found = self.plans.get(plan.index)
        if found is None:
            found = self.plans[plan.index] = build(plan.plan, self)
        return found

    def discard(self, plan: e.SubPlan) -> None:
        """Have the subquery's plan built anew for whoever asks next: an error has left this one in the middle."""
        operator = self.plans.pop(plan.index, None)
        if operator is not None:
            operator.close()

    def close_subqueries(self) -> None:
        """Let go of what subqueries hold, at the end of the plan that reads them: some operators count what they read when they end."""
        for operator in list(self.plans.values()):
            operator.close()
        self.plans.clear()  # operators hold this context: what they hold goes now, not when the collector comes
        self.shared.clear()

    def cte(self, index: int, loops: Loops) -> SharedRows:
        """The rows of a WITH query, which may read what these loops set."""
        found = self.shared.get(index)
        if found is None:
            plan = self.cte_plans[index]
            running = self.operator(plan)
            if loops.changing & free_parameters(plan.plan, self.initial, self.cte_plans):
                running.rescan(Loops(None, {}, loops, self.missing, loops.changing), loops.changing)
            found = self.shared[index] = SharedRows(running)
        return found

    def forget_cte(self, index: int, changed: frozenset[int]) -> None:
        """A WITH query that reads one of these parameters gives other rows from now on."""
        if index in self.shared and changed & free_parameters(self.cte_plans[index].plan, self.initial, self.cte_plans):
            del self.shared[index]

    def missing(self, key: Key, loops: Loops) -> Vector | None:
        """A parameter that an init plan sets, where these loops are the innermost that the plan reads something of."""
        plan = self.initial.get(key[1]) if key[0] == "exec" else None
        if plan is None:
            return None
        if loops.outer is not None and not free_parameters(plan.plan, self.initial, self.cte_plans) & {number for _, number in loops.own}:
            return None
        for number, vector in zip(plan.outputs, subplans.initial_values(plan, loops, self), strict=True):
            loops.own["exec", number] = vector
        return loops.own[key]

    def run_subplan(self, plan: e.SubPlan, frame: Frame) -> Vector:
        """The subquery's value for each row; a row that several columns are assigned from is made once."""
        if plan.kind == "multi":
            known = self.multis.get(plan.index)
            if known is None or known[0] is not frame:
                known = self.multis[plan.index] = (frame, subplans.value_for_rows(plan, frame, self))
            return known[1]
        return subplans.value_for_rows(plan, frame, self)

    def run_sql_function(self, function: Function, args: list[Vector], n: int) -> Vector:
        """A LANGUAGE SQL function with a real query as its body: once for each row."""
        assert self.plan_function is not None
        plan = self.plan_function(function)
        parts = []
        for row in range(n):  # each call may read other rows, so calls run one by one
            params: dict[Key, Vector] = {("external", i): arg.take(np.array([row])).flat() for i, arg in enumerate(args, 1)}
            self.run_earlier(function, params)
            batch = build(plan, self.nested(params)).pull(ALL)
            if batch is None or batch.n == 0 or function.result.rep is Rep.VOID:
                parts.append(null(function.result))
            elif len(batch.columns) > 1:
                parts.append(from_datums(function.result, [tuple(batch.vector(i).datum(0) for i in range(len(batch.columns)))]))
            else:
                parts.append(batch.vector(0).flat().slice(0, 1))
        return concat([part.flat() for part in parts])

    def run_procedural(self, function: Function, args: list[Vector], n: int) -> Vector:
        """A LANGUAGE plpgsql function, for each of `n` rows."""
        found: Vector = self.host.run_procedural(function, args, n, self)
        return found

    def run_earlier(self, function: Function, params: dict[Key, Vector]) -> None:
        """The statements of a LANGUAGE SQL function before its last, in order."""
        for step in self.host.plan_earlier(function) if function.before else ():
            build(step, self.nested(params)).drain()

    def for_worker(self, params: Mapping[Key, Vector], check: Callable[[], None], check_step: Callable[[], None]) -> ExecutionContext:
        """A context for a worker of this statement: it reads what the leader reads, and measures for itself."""
        made = self.nested(dict(params))
        made.check, made.check_step = check, check_step
        made.most, made.measured, made.charges, made.buffers = self.most, self.measured, self.charges, self.buffers
        if not self.measured:  # what subqueries gave the leader they would give the worker
            made.kept, made.kept_rows = dict(self.kept), dict(self.kept_rows)
        made.initial, made.cte_plans = dict(self.initial), dict(self.cte_plans)
        return made

    def nested(self, params: dict[Key, Vector]) -> ExecutionContext:
        """A context for a plan of its own inside this statement."""
        return ExecutionContext(
            store=self.store, transaction=self.transaction, catalog=self.catalog, style=self.style, host=self.host, settings=self.settings, user=self.user,
            session_user=self.session_user, dbname=self.dbname, transaction_start=self.transaction_start, statement_start=self.statement_start,
            services=self.services, clock=self.clock, pace=self.pace, params=params, check=self.check, plan_function=self.plan_function, count=self.count,
            system_rows=self.system_rows,
        )  # fmt: skip


def _missing(ctx: weakref.ref[ExecutionContext], key: Key, loops: Loops) -> Vector | None:
    """`missing` of a context that its loops do not hold: the end of a statement then leaves nothing for the collector to find."""
    found = ctx()
    assert found is not None
    return found.missing(key, loops)
