"""Execution: how a session's statements are planned and run, in which style and search path, by a kept plan or a new one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, cast

from auroraml.batch import Vector, from_datums
from auroraml.catalog.acl import has_privilege
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.names import ObjectNames
from auroraml.commands.context import Bound
from auroraml.errors import Diagnostic, InvalidParameterValue, ReadOnlySqlTransaction
from auroraml.executor.context import ExecutionContext
from auroraml.executor.pace import pace_of
from auroraml.executor.run import Running, run
from auroraml.executor.shortcuts import shortcut_of
from auroraml.explain import Explained
from auroraml.ir.bound import BoundStatement
from auroraml.ir.decisions import Migrations
from auroraml.ir.logical import LogicalPlan, Query
from auroraml.ir.objects import Function
from auroraml.ir.physical import PhysicalPlan
from auroraml.lazy import load
from auroraml.pipeline import plans
from auroraml.pipeline.authorize import authorize
from auroraml.pipeline.bodies import Bodies
from auroraml.pipeline.dependencies import Dependencies
from auroraml.pipeline.pages import AskedPages, StoredPages
from auroraml.pipeline.parameters import fit, given, with_values
from auroraml.pipeline.result import ResultStream
from auroraml.planner.binder import Names, bind, bind_body
from auroraml.planner.level.makeup import Makeup
from auroraml.planner.rules.migrate_functions import migrate
from auroraml.planner.rules.migration_notes import Migrated
from auroraml.planner.rules.repeated_calls import RepeatedCall, repeated_calls
from auroraml.records import replace
from auroraml.session.part import SessionPart
from auroraml.session.plan_cache import Entry, PlanCache
from auroraml.settings.aurora import AURORAML_EQUAL_CALLS, AURORAML_WARN_DOUBLE_CALLS
from auroraml.settings.core import (
    BYTEA_OUTPUT,
    DATESTYLE,
    EXTRA_FLOAT_DIGITS,
    INTERVALSTYLE,
    SEARCH_PATH,
    TIMEZONE,
    TRANSACTION_READ_ONLY,
)
from auroraml.sql import parse
from auroraml.sql import statements as st
from auroraml.storage.transactions import ACCESS_SHARE, ROW_EXCLUSIVE, ROW_SHARE
from auroraml.storage.transactions import Transaction as StoredTransaction
from auroraml.system_views import rows_of
from auroraml.types.form import TextStyle

EPOCH = 946_684_800_000_000  # 2000-01-01 in microseconds from 1970-01-01


def micros_now() -> int:
    """The clock in microseconds from 2000-01-01 UTC."""
    return time.time_ns() // 1000 - EPOCH


class Overtaken(Exception):
    """The catalog became another while a statement waited for a table: it has to be bound anew."""


class Execution(SessionPart):
    """Methods of Session; the attributes they use are Session's."""

    plan_cache: PlanCache
    server: Any
    services: Any
    interrupt: Any
    dbname: str
    _notices: list[Diagnostic]
    _style: tuple[Catalog, object, TextStyle] | None = None  # the style found last, and what for
    _names: tuple[Catalog, object, Names] | None = None  # the search path found last, and what for
    explained: Explained | None = None  # what EXPLAIN explained last, for those who want it in another form
    entered = True  # whether the statement has begun to run a query
    latest: Running | None = None  # the plan started last, whose metrics show how far a statement is

    def notice(
        self, message: str, *, severity: str = "NOTICE", sqlstate: str | None = "00000", detail: str | None = None, hint: str | None = None
    ) -> None:
        """Send a notice, if client_min_messages lets it through."""
        raise NotImplementedError

    def tell(self, notice: Diagnostic | None) -> None:
        """Pass a notice on."""
        raise NotImplementedError

    @property
    def current_role(self) -> str:
        """The current role's name."""
        raise NotImplementedError

    @property
    def session_user(self) -> str:
        """The session user's name."""
        raise NotImplementedError

    @property
    def temporary(self) -> str:
        """The name of the schema of this session's temporary tables."""
        raise NotImplementedError

    def count_call(self, function: Function, calls: int, total: float, own: float) -> None:
        """Add to the function's statistics."""
        raise NotImplementedError

    @property
    def style(self) -> TextStyle:
        """How values are written in this session."""
        settings, transaction = self.settings, self.transaction
        catalog, key, started = transaction.catalog, settings.key(), transaction.started
        known = self._style
        if known is not None and known[0] is catalog and known[1] is key:  # these decide all of it but the time
            if known[2].now != started:
                self._style = known = catalog, key, replace(known[2], now=started)
            return known[2]
        names = self.names
        found = TextStyle(
            date_style=settings[DATESTYLE], interval_style=settings[INTERVALSTYLE], time_zone=settings[TIMEZONE],
            extra_float_digits=settings[EXTRA_FLOAT_DIGITS], bytea_output=settings[BYTEA_OUTPUT], now=started, resolve=self.catalog.type,
            objects=ObjectNames(self.catalog, names.path, names.warn_of),
        )  # fmt: skip
        self._style = catalog, key, found
        return found

    @property
    def started(self) -> int:
        """When the transaction began."""
        return self.transaction.started

    def transaction_id(self) -> int:
        """The number of the transaction that is running."""
        return self.transaction.stored.xid

    @property
    def names(self) -> Names:
        """The search path: pg_catalog first unless it is named, then the schemas that exist."""
        catalog, key = self.catalog, self.settings.key()
        known = self._names
        if known is not None and known[0] is catalog and known[1] is key:  # the role is one of the settings
            return known[2]
        written, role = self.settings[SEARCH_PATH], self.current_role
        path = []
        for part in written.split(","):
            name = part.strip()
            name = name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
            name = role if name == "$user" else self.temporary if name == "pg_temp" else name
            if name and name not in path and (name == self.temporary or catalog.find_schema(name) is not None):
                path.append(name)
        current = path[0] if path else None
        full = path if "pg_catalog" in path else ["pg_catalog", *path]
        if catalog.find_schema(self.temporary) is None:
            full = [name for name in full if name != self.temporary]
        elif self.temporary not in full:
            full = [self.temporary, *full]
        found = Names(path=tuple(full), current=current, user=role, dbname=self.dbname, warn=self._warn)
        self._names = catalog, key, found
        return found

    def _warn(self, message: str) -> None:
        self.notice(message, severity="WARNING", sqlstate=InvalidParameterValue.sqlstate)

    def context(self, params: tuple[Bound, ...] = ()) -> ExecutionContext:
        """What a statement runs in."""
        transaction, services = self.transaction, self.services
        stored, engine = transaction.stored, services.engine
        _ = stored.snapshot  # taken now: what runs together sees the same
        vectors: dict[tuple[str, int], Vector] = {}
        for number, (type, value) in enumerate(params, 1):
            element = self.catalog.find_type_oid(type.element) if type.is_array else None
            vectors["external", number] = from_datums(type, [value], element)
        return ExecutionContext(
            store=self.hub.store, transaction=stored, catalog=transaction.catalog, style=self.style, host=self, settings=self.settings,
            user=self.current_role, session_user=self.session_user, dbname=self.dbname, transaction_start=transaction.started,
            statement_start=int(engine.day() * 1_000_000) - EPOCH, services=services, clock=engine,
            pace=pace_of(engine), params=vectors, check=self.interrupt.check, plan_function=self.plan_function, count=self.count_call,
            system_rows=rows_of, slots=self.server.worker_slots,
        )  # fmt: skip

    def bind(self, query: st.Query, params: tuple[Bound, ...] = ()) -> BoundStatement:
        """The query bound."""
        return bind(query, self.catalog, self.names, tuple(type for type, _ in params), self.style)

    def _bound_again(self, function: Function) -> Function:
        return bind_body(function, parse(function.source), self.catalog, self.names, self.style)

    def _may_execute(self, function: Function) -> bool:
        return has_privilege(self.catalog, self.role, function, "X")

    def plan_earlier(self, function: Function) -> list[PhysicalPlan]:
        """The plans of a SQL function's statements before its last."""
        return [self._planned(step) for step in function.before]

    def _planned(self, body: LogicalPlan) -> PhysicalPlan:
        moved = migrate(body, self.settings).plan
        return plans.plan(BoundStatement(plan=moved, columns=moved.outputs, parallel=False), self.context(), self._may_execute)

    def plan_function(self, function: Function) -> PhysicalPlan:
        """The plan of a SQL function's body."""
        assert function.body is not None
        body = migrate(function.body, self.settings).plan
        return plans.plan(BoundStatement(plan=body, columns=body.outputs, parallel=False), self.context(), self._may_execute)

    def plan(self, bound: BoundStatement, params: tuple[Bound, ...] = ()) -> PhysicalPlan:
        """The plan of a bound statement, made anew."""
        return self.plan_with_decisions(bound, params)[0]

    def plan_with_decisions(self, bound: BoundStatement, params: tuple[Bound, ...] = ()) -> tuple[PhysicalPlan, Migrations]:
        """The plan of a bound statement, for these values of its parameters if there are any, and what was decided about its calls of batch functions."""
        if params:
            bound = with_values(bound, given(bound.parameters, params, self.style))
        moved = self.admit(bound)
        if moved.plan is not bound.plan:
            bound = replace(bound, plan=moved.plan)
        return plans.plan(bound, self.context(), self._may_execute, makeup=moved.makeup), moved.migrations

    def admit(self, bound: BoundStatement) -> Migrated:
        """What comes before planning, and before each run by a kept plan: privileges, bodies brought up to date, batch calls moved, warnings."""
        authorize(bound.needs, self.catalog, self.role, bound.plan)
        makeup = Makeup(bound.plan)
        if makeup.built_in:
            return Migrated(plan=bound.plan, makeup=makeup)
        current: LogicalPlan = Bodies(self.catalog, self.role, self._bound_again).current(bound.plan)
        moved = migrate(current, self.settings)
        separate = self.settings[AURORAML_EQUAL_CALLS] == "separate" or not isinstance(current, Query)
        if moved.migrations.decisions and separate and self.settings[AURORAML_WARN_DOUBLE_CALLS]:
            for call in repeated_calls(current):
                self._warn_of(call)
        return moved

    def dependencies(self, bound: BoundStatement) -> Dependencies:
        """What a statement bound just now was made of."""
        return Dependencies(self.catalog, self.hub.store, self.names, bound.plan)

    def hold(self, depends: Dependencies) -> bool:
        """Whether all that a statement was made of is as it was."""
        return depends.hold(self.catalog, self.hub.store, self.names)

    def _warn_of(self, call: RepeatedCall) -> None:
        message = f"function {call.function} is called {call.times} times for each row with the same arguments, for columns {', '.join(call.columns)}"
        self.notice(message, severity="WARNING", sqlstate="01000", hint="Call it in FROM to call it once for each row.")

    @property
    def stored(self) -> StoredTransaction:
        """The running transaction's half of storage."""
        return self.transaction.stored

    def answer(self, plan: PhysicalPlan, bound: BoundStatement, params: tuple[Bound, ...] = ()) -> ResultStream:
        """Run a plan: the shortest way there is."""
        short = shortcut_of(plan)
        if short is not None and self.server.observer.shortcuts:
            self._refuse_writes(bound)
            self._enter(bound)
            rows = short.run(params if fit(bound.parameters, params) else given(bound.parameters, params, self.style), self)
            if rows is not None:
                return plans.answered(bound, rows)
        return plans.stream(self.start(plan, bound, params), bound)

    def start(
        self,
        plan: PhysicalPlan,
        bound: BoundStatement,
        params: tuple[Bound, ...] = (),
        *,
        timing: bool = True,
        measured: bool = False,
        charges: bool = False,
        buffers: bool = False,
    ) -> Running:
        """Run a plan."""
        self._refuse_writes(bound)
        self._enter(bound)
        context = self.context(params if fit(bound.parameters, params) else given(bound.parameters, params, self.style))
        context.measured, context.buffers = measured, buffers
        context.charges = self.services.account if charges else None
        observer = self.server.observer
        context.most = observer.most
        self.latest = run(observer.planned(plan), context)
        return self.latest

    def _enter(self, bound: BoundStatement) -> None:
        """Note the relations that a statement uses, each as PostgreSQL locks it; wait where somebody has locked one."""
        used = self.transaction.stored.used
        writing = ROW_SHARE if bound.tag == "SELECT" else ROW_EXCLUSIVE
        uses = [(need.oid, ACCESS_SHARE if need.privilege == "r" else writing) for need in bound.needs if need.kind == "relation"]
        first, self.entered = not self.entered, True
        if not used.issuperset(uses) and self.enter(uses) and first:
            raise Overtaken

    def enter(self, uses: Sequence[tuple[int, int]]) -> bool:
        """Use relations, by their OIDs, in modes of storage.locks; whether the catalog has become another while that was waited for."""
        if self.hub.store.named is not None:
            return cast("bool", load("auroraml.session.table_locks").enter(self, uses))
        self.transaction.stored.used.update(uses)
        return False

    def _refuse_writes(self, bound: BoundStatement) -> None:
        """25006 where a read-only transaction is about to change or lock rows of tables that are not temporary."""
        if self.settings[TRANSACTION_READ_ONLY]:
            written = (self.catalog.find_relation_oid(need.oid) for need in bound.needs if need.kind == "relation" and need.privilege in "awd")
            if any(relation is not None and relation.persistence != "t" for relation in written):
                raise ReadOnlySqlTransaction(f"cannot execute {bound.command} in a read-only transaction")

    def run_query(self, statement: st.Query, params: tuple[Bound, ...] = ()) -> ResultStream:
        """Bind, authorize, plan and run a query; what was done before for the same text is not done again while it would come to the same."""
        text = statement.text[statement.start : statement.end]
        key = (text, tuple([type.oid for type, _ in params]), self.settings.key(), self.current_role, self.session_user)
        entry = self.plan_cache.find(key, self.catalog, StoredPages(self.hub.store, self.context))
        if entry is None:
            entry = self._entry(key, statement, params)
        else:
            for notice in entry.notices:
                self.tell(notice)
        plan = entry.plan or self.plan(entry.bound, params)
        return self.answer(plan, entry.bound, params)

    def _entry(self, key: tuple[object, ...], statement: st.Query, params: tuple[Bound, ...]) -> Entry:
        """A query bound and, if it has no parameters, planned; kept, unless it means another time when it is read again."""
        told, timed = len(self._notices), list[bool]()
        style = replace(self.style, clock_read=lambda: timed.append(True))
        bound = bind(statement, self.catalog, self.names, tuple(type for type, _ in params), style)
        entry = Entry(catalog=self.catalog, bound=bound, notices=tuple(self._notices[told:]))
        if not params:
            context = self.context()
            pages = AskedPages(self.hub.store, context)
            moved = self.admit(bound)
            plan = plans.plan(replace(bound, plan=moved.plan), context, self._may_execute, pages, moved.makeup)
            entry = Entry(catalog=self.catalog, bound=bound, plan=plan, answers=pages.answers, notices=tuple(self._notices[told:]))
            timed.extend([True] if context.moment else [])
        if not timed:
            self.plan_cache.keep(key, entry)
        return entry

    def run(self, bound: BoundStatement, params: tuple[Bound, ...] = ()) -> ResultStream:
        """Authorize, plan and run a bound statement."""
        return plans.stream(self.start(self.plan(bound, params), bound, params), bound)
