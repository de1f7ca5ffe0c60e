"""ExecutionContext: what running operators and kernels share: parameters, storage, subplans, metrics, the session behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from auroraml.batch import Batch, ConstVector, FixedVector, ListVector, Vector, concat, from_datums
from auroraml.errors import CardinalityViolation
from auroraml.evaluate import Frame, compile, truth
from auroraml.evaluate.call import null
from auroraml.executor.operator import ALL, Operator, build
from auroraml.ir import expr as e
from auroraml.ir.metrics import Metrics
from auroraml.ir.objects import Function
from auroraml.ir.physical import PhysicalPlan
from auroraml.storage.store import Store
from auroraml.storage.transactions import Transaction
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgArray


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
    params: dict[tuple[str, int], Vector] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    check: Callable[[], None] = lambda: None
    plan_function: Callable[[Function], PhysicalPlan] | None = None
    count: Callable[[Function, int, float, float], None] = lambda function, calls, total, own: None
    nested_time: float = 0.0
    system_rows: Callable[[str, Any], Batch] | None = None
    plans: dict[int, Operator] = field(default_factory=dict)
    kept: dict[int, Vector] = field(default_factory=dict)
    ctes: dict[int, Batch] = field(default_factory=dict)
    cte_plans: dict[int, e.SubPlan] = field(default_factory=dict)
    work_tables: dict[int, Batch | None] = field(default_factory=dict)
    affected: int = 0

    def check_cancel(self) -> None:
        """Raise where the statement was cancelled or timed out."""
        self.check()

    def setting(self, name: str) -> str:
        """The text of a setting."""
        return str(self.settings.show(name))

    def count_call(self, function: Function, calls: int, total: float, own: float) -> None:
        """Add to the function's statistics."""
        self.count(function, calls, total, own)

    # Subqueries

    def run_subplan(self, plan: e.SubPlan, frame: Frame) -> Vector:
        """The subquery's value for each row: once where it reads nothing of the row, else once for each distinct set of parameters."""
        if not plan.params and plan.test is None:
            if plan.index not in self.kept:
                self.kept[plan.index] = self._value(plan, self._rows(plan))
            return ConstVector(self.kept[plan.index], frame.n)
        if not plan.params:
            return self._test(plan, self._kept_rows(plan), frame)
        values = [compile(value)(frame) for _, value in plan.params]
        found: dict[tuple[object, ...], list[int]] = {}
        datums = [v.datums() for v in values]
        for row in range(frame.n):  # rows with equal parameters share one run of the subquery
            found.setdefault(tuple(d[row] for d in datums), []).append(row)
        parts, order = [], []
        for rows in found.values():
            index = np.array(rows, np.int64)
            for (number, _), value in zip(plan.params, values, strict=True):
                self.params["exec", number] = value.take(index[:1]).flat()
            batch = self._rows(plan)
            if plan.test is not None:
                parts.append(self._test(plan, batch, frame.take(index)).flat())
            else:
                parts.append(ConstVector(self._value(plan, batch), len(rows)).flat())
            order.append(index)
        if not parts:
            return null(plan.type).take(np.zeros(0, np.int64))
        places = np.empty(frame.n, np.int64)
        places[np.concatenate(order)] = np.arange(frame.n)
        return concat(parts).take(places)

    def operator(self, plan: e.SubPlan) -> Operator:
        found = self.plans.get(plan.index)
        if found is None:
            found = self.plans[plan.index] = build(plan.plan, self)
        return found

    def _rows(self, plan: e.SubPlan) -> Batch | None:
        running = self.operator(plan)
        running.rescan()
        if plan.kind == "exists":
            return running.pull(1)
        if plan.kind == "scalar":
            first = running.pull(2)
            if first is not None and first.n == 1:
                more = running.pull(1)
                if more is not None:
                    raise CardinalityViolation("more than one row returned by a subquery used as an expression")
            elif first is not None and first.n > 1:
                raise CardinalityViolation("more than one row returned by a subquery used as an expression")
            return first
        return running.drain()

    def _kept_rows(self, plan: e.SubPlan) -> Batch | None:
        if plan.index not in self.ctes:
            rows = self._rows(plan)
            self.ctes[plan.index] = Batch([], 0) if rows is None else rows
        found = self.ctes[plan.index]
        return found if found.n else None

    def _value(self, plan: e.SubPlan, batch: Batch | None) -> Vector:
        if plan.kind == "exists":
            return FixedVector(np.array([batch is not None and batch.n > 0]))
        if plan.kind == "array":
            if batch is None:
                return from_datums(plan.type, [PgArray((), (), ())], self.style.resolve(plan.type.element))
            return ListVector(np.array([0, batch.n]), batch.vector(0).flat())
        return null(plan.type) if batch is None else batch.vector(0).flat().slice(0, 1)

    def _test(self, plan: e.SubPlan, batch: Batch | None, frame: Frame) -> Vector:
        """left op ANY | ALL over the subquery's rows."""
        every = plan.kind == "all"
        if batch is None or batch.n == 0:
            return FixedVector(np.full(frame.n, every))
        assert plan.test is not None
        compiled = compile(plan.test)
        values, unknown = np.zeros(frame.n, np.bool_), np.zeros(frame.n, np.bool_)
        step = max(1, 4_000_000 // batch.n)
        for start in range(0, frame.n, step):
            rows = np.arange(start, min(start + step, frame.n))
            left, right = np.repeat(rows, batch.n), np.tile(np.arange(batch.n), len(rows))
            pairs = frame.take(left)
            params = {**self.params, **{("exec", number): batch.vector(i).take(right) for i, number in enumerate(plan.outputs)}}
            tested = compiled(Frame(n=len(left), sides=pairs.sides, params=params, ctx=self, computed=pairs.computed)).flat()
            hit = truth(tested) if not every else tested.valid & ~truth(tested)
            values[rows] = hit.reshape(len(rows), batch.n).any(axis=1)
            unknown[rows] = (~tested.valid).reshape(len(rows), batch.n).any(axis=1)
        unknown &= ~values
        result = values if not every else ~values & ~unknown
        return FixedVector(result & ~unknown, None if not unknown.any() else ~unknown)

    def run_sql_function(self, function: Function, args: list[Vector], n: int) -> Vector:
        """A LANGUAGE SQL function with a real query as its body: once for each row."""
        assert self.plan_function is not None
        plan = self.plan_function(function)
        parts = []
        for row in range(n):  # each call may read other rows, so calls run one by one
            inner = self.nested({("external", i): arg.take(np.array([row])).flat() for i, arg in enumerate(args, 1)})
            batch = build(plan, inner).pull(ALL)
            if batch is None or batch.n == 0:
                parts.append(null(function.result))
            elif len(batch.columns) > 1:
                parts.append(from_datums(function.result, [tuple(batch.vector(i).datum(0) for i in range(len(batch.columns)))]))
            else:
                parts.append(batch.vector(0).flat().slice(0, 1))
        return concat([part.flat() for part in parts])

    def nested(self, params: dict[tuple[str, int], Vector]) -> ExecutionContext:
        """A context for a plan of its own inside this statement."""
        return ExecutionContext(
            store=self.store, transaction=self.transaction, catalog=self.catalog, style=self.style, host=self.host, settings=self.settings, user=self.user,
            session_user=self.session_user, dbname=self.dbname, transaction_start=self.transaction_start, statement_start=self.statement_start,
            services=self.services, params=params, check=self.check, plan_function=self.plan_function, count=self.count, system_rows=self.system_rows,
        )  # fmt: skip
