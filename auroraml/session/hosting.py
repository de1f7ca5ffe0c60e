"""Hosting: what commands ask of the session: catalog rows, names, binding, planning, running, storing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from auroraml.batch import Batch, ConstVector, Datum, Index, Mask, Vector, from_datums
from auroraml.catalog.acl import has_privilege, owns
from auroraml.catalog.catalog import SUPERUSER, Catalog, new_oid
from auroraml.catalog.changes import Put, Remove, Row
from auroraml.catalog.names import ObjectNames
from auroraml.catalog.printing import index_keys, type_text
from auroraml.catalog.simulated import refuse_rows
from auroraml.commands.altering import Alteration
from auroraml.commands.columns import remove_column
from auroraml.commands.context import Bound
from auroraml.commands.dropping import owned
from auroraml.commands.functions import transposed
from auroraml.errors import (
    DatabaseError,
    Diagnostic,
    InsufficientPrivilege,
    InvalidSchemaName,
    InvalidTableDefinition,
    ReadOnlySqlTransaction,
    UndefinedTable,
)
from auroraml.evaluate import Frame, compile, truth
from auroraml.executor.context import ExecutionContext
from auroraml.executor.exchange import exchange
from auroraml.executor.operators.modify import Writer
from auroraml.executor.references import References
from auroraml.executor.run import Running, run
from auroraml.extensions.manifest import MANIFESTS
from auroraml.ir.bound import BoundStatement
from auroraml.ir.decisions import Migrations
from auroraml.ir.expr import ColumnRef, Expr, InputRef
from auroraml.ir.logical import LogicalPlan, Output, Query, TableItem, Target
from auroraml.ir.objects import Column, Function, Relation, Schema
from auroraml.ir.objects import Index as TableIndex
from auroraml.ir.physical import PhysicalPlan
from auroraml.ir.tree import rewrite
from auroraml.pipeline import plans
from auroraml.pipeline.authorize import authorize, denied
from auroraml.pipeline.bodies import Bodies
from auroraml.pipeline.dependencies import Dependencies
from auroraml.pipeline.pages import AskedPages, StoredPages
from auroraml.pipeline.parameters import given, with_values
from auroraml.pipeline.result import ResultStream
from auroraml.planner.binder import Names, assigned, bind, bind_body, bind_expression
from auroraml.planner.binder.binder import Binder
from auroraml.planner.binder.stored import current
from auroraml.planner.level.makeup import Makeup
from auroraml.planner.rules.migrate_functions import migrate
from auroraml.planner.rules.migration_notes import Migrated
from auroraml.planner.rules.repeated_calls import RepeatedCall, repeated_calls
from auroraml.records import replace
from auroraml.session.function_statistics import ZERO, Counters, FunctionStatistics, added
from auroraml.session.plan_cache import Entry, PlanCache
from auroraml.session.sequences import SequenceValues
from auroraml.session.stored_rows import StoredRows
from auroraml.settings.aurora import AURORAML_EQUAL_CALLS, AURORAML_WARN_DOUBLE_CALLS
from auroraml.settings.core import (
    BYTEA_OUTPUT,
    DATESTYLE,
    EXTRA_FLOAT_DIGITS,
    INTERVALSTYLE,
    SEARCH_PATH,
    TIMEZONE,
    TRACK_FUNCTIONS,
    TRANSACTION_READ_ONLY,
)
from auroraml.sql import parse
from auroraml.sql import statements as st
from auroraml.sql.rewrite import Source
from auroraml.sql.types import TypeName
from auroraml.system_views import rows_of
from auroraml.system_views.extensions import AvailableExtension
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgType
from auroraml.types.table import POLYMORPHIC

RDS_MAY_SET = ("track_functions", "track_activities", "track_counts", "track_io_timing", "deadlock_timeout")  # rds_superuser's, as on Aurora
EPOCH = 946_684_800_000_000  # 2000-01-01 in microseconds from 1970-01-01


def micros_now() -> int:
    """The clock in microseconds from 2000-01-01 UTC."""
    return time.time_ns() // 1000 - EPOCH


class Hosting(SequenceValues, StoredRows):
    """Methods of Session; the attributes they use are Session's."""

    plan_cache: PlanCache
    running: Any
    server: Any
    services: Any
    interrupt: Any
    dbname: str
    pid: int
    _notices: list[Diagnostic]
    statistics: FunctionStatistics
    uncounted: dict[int, Counters]  # calls of functions in the running transaction
    _style: tuple[Names, object, TextStyle] | None = None  # the style found last, and what for
    _names: tuple[Catalog, str, str, Names] | None = None  # the search path found last, and what for
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
    def is_superuser(self) -> bool:
        """Whether the current role is a superuser."""
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
    def style(self) -> TextStyle:
        """How values are written in this session."""
        settings = self.settings
        names, key, started = self.names, settings.key(), self.started
        known = self._style
        if known is not None and known[0] is names and known[1] is key and known[2].now == started:
            return known[2]
        found = TextStyle(
            date_style=settings[DATESTYLE], interval_style=settings[INTERVALSTYLE], time_zone=settings[TIMEZONE],
            extra_float_digits=settings[EXTRA_FLOAT_DIGITS], bytea_output=settings[BYTEA_OUTPUT], now=started, resolve=self.catalog.type,
            objects=ObjectNames(self.catalog, names.path),
        )  # fmt: skip
        self._style = names, key, found
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
        catalog, written, role = self.catalog, self.settings[SEARCH_PATH], self.current_role
        known = self._names
        if known is not None and known[0] is catalog and known[1] == written and known[2] == role:
            return known[3]
        path = []
        for part in written.split(","):
            name = part.strip()
            name = name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
            name = role if name == "$user" else name
            if name and catalog.find_schema(name) is not None and name not in path:
                path.append(name)
        full = path if "pg_catalog" in path else ["pg_catalog", *path]
        if catalog.find_schema(self.temporary) is not None and self.temporary not in full:
            full = [self.temporary, *full]
        found = Names(path=tuple(full), user=role, dbname=self.dbname)
        self._names = catalog, written, role, found
        return found

    def current_schema(self) -> str | None:
        """The schema new objects go to."""
        return next((name for name in self.names.path if name not in ("pg_catalog", self.temporary)), None)

    @property
    def temporary(self) -> str:
        """The name of the schema of this session's temporary tables."""
        return f"pg_temp_{self.pid}"

    def temporary_schema(self, name: st.Name) -> Schema:
        """The schema of temporary tables, made when first needed."""
        if name.schema is not None and name.schema not in ("pg_temp", self.temporary):
            raise InvalidTableDefinition("cannot create temporary relation in non-temporary schema", at=name.at)
        found = self.catalog.find_schema(self.temporary)
        if found is None:
            found = Schema(oid=self.new_oid(), name=self.temporary, owner=SUPERUSER)
            self.put(found)
        return found

    def drop_temporary(self) -> None:
        """Take the session's temporary relations away."""
        for relation in self.catalog.relations():
            if relation.schema == self.temporary and relation.oid in self.catalog.relations_by_oid:
                self.remove(*owned(relation, self), relation)  # type: ignore[arg-type] # Session is a Host

    def is_member(self, role: str) -> bool:
        """Whether the current role is `role` or has its privileges."""
        found = self.catalog.find_role(role)
        return found is not None and self.catalog.acts_as(self.role, found)

    # Catalog rows

    def put(self, *rows: Row) -> None:
        """Add catalog rows, or replace those with the same OIDs; new tables get storage."""
        for row in rows:
            if isinstance(row, Relation) and row.kind in ("r", "m") and row.oid not in self.hub.store.tables:
                self.hub.store.create(row.oid, self._types(row), self.transaction.stored)
        self.transaction.change(*(Put(row=row) for row in rows))

    def _types(self, relation: Relation) -> list[tuple[PgType, PgType | None]]:
        catalog = self.catalog
        return [(c.type, catalog.find_type_oid(c.type.element) if c.type.is_array else None) for c in relation.columns if not c.dropped]

    def remove(self, *rows: Row) -> None:
        """Take catalog rows away, and the storage of tables."""
        for row in rows:
            if isinstance(row, Relation) and row.oid in self.hub.store.tables:
                self.hub.store.drop(row.oid, self.transaction.stored)
        self.transaction.change(*(Remove(row=row) for row in rows))

    def new_oid(self) -> int:
        """An OID nobody has."""
        return new_oid()

    def relation(self, name: st.Name) -> Relation:
        """The relation called `name`; 42P01 when there is none."""
        places = (name.schema,) if name.schema is not None else self.names.path
        for place in places:
            found = self.catalog.find_relation(name.name, place)
            if found is not None:
                return found
        raise UndefinedTable(f'relation "{name}" does not exist')

    def find(self, name: st.Name) -> Relation | TableIndex | None:
        """The relation or index called `name`."""
        for place in (name.schema,) if name.schema is not None else self.names.path:
            found = self.catalog.find_relation(name.name, place)
            if found is not None:
                return found
            index = self.catalog.find_index(name.name, place)
            if index is not None:
                return index[0]
        return None

    def type_text(self, type: PgType) -> str:
        """A type as format_type prints it."""
        return type_text(type, None, self.catalog, self.names.path)

    def index_keys(self, index: TableIndex, relation: Relation) -> list[str]:
        """The keys of an index as SQL."""
        return index_keys(index, relation, self.catalog, pretty=True)

    def type_named(self, name: TypeName) -> tuple[PgType, int]:
        """The type and typmod a type name means; 42704 when there is none."""
        return self._binder().type(name)

    def _binder(self) -> Binder:
        return Binder(self.catalog, self.names, Source(tokens=()), self.style)

    def require(self, relation: Relation, privilege: str) -> None:
        """42501 where the current role lacks a privilege on `relation`."""
        if not has_privilege(self.catalog, self.role, relation, privilege):
            raise denied(relation)

    def require_owner(self, row: Row, kind: str) -> None:
        """42501 where the current role does not own `row`."""
        if not owns(self.catalog, self.role, getattr(row, "owner", 10)):
            raise InsufficientPrivilege(f"must be owner of {kind} {row.name}")

    def creation_schema(self, name: st.Name) -> Schema:
        """The schema a new object called `name` goes to; 3F000, 42501."""
        wanted = name.schema or self.current_schema()
        if wanted is None:
            raise InvalidSchemaName("no schema has been selected to create in", at=name.at)
        found = self.catalog.find_schema(wanted)
        if found is None:
            raise InvalidSchemaName(f'schema "{wanted}" does not exist', at=name.at)
        if not has_privilege(self.catalog, self.role, found, "C"):
            raise denied(found, name.at)
        return found

    # Binding and planning

    def bind(self, query: st.Query, params: tuple[Bound, ...] = ()) -> BoundStatement:
        """The query bound."""
        return bind(query, self.catalog, self.names, tuple(type for type, _ in params), self.style)

    def bind_expression(self, tree: st.Tree, columns: Sequence[Column] = (), relation: Relation | None = None, clause: str = "") -> Expr:
        """An expression over `columns` (ColumnRefs are attribute numbers); `clause` is what messages call its place."""
        clause = clause or ("check constraints" if relation is not None else "DEFAULT expressions")
        return bind_expression(tree, self.catalog, self.names, columns, self.style, clause, None if relation is None else relation.name)

    def coerced(self, expr: Expr, type: PgType, typmod: int, context: str) -> Expr:
        """`expr` as it is assigned to a column of `type`."""
        return assigned(expr, self.catalog, type, typmod, context, self.style)

    def bind_function_body(self, function: Function, statement: st.CreateFunction) -> Function:
        """The function with its SQL body bound and checked; one over polymorphic types is bound when a call says what they stand for."""
        if statement.expression is not None:
            return bind_body(function, parse(f"SELECT {statement.expression.sql}"), self.catalog, self.names, self.style)
        try:
            parsed = parse(statement.body or "")
            if any(p.type.oid in POLYMORPHIC for p in function.inputs):
                return function
            return bind_body(function, parsed, self.catalog, self.names, self.style)
        except DatabaseError as error:
            error.diag = transposed(error.diag, statement)
            raise

    def _bound_again(self, function: Function) -> Function:
        return bind_body(function, parse(function.source), self.catalog, self.names, self.style)

    def value_of(self, tree: st.Tree, type: PgType) -> Datum | None:
        """The value of a constant expression as `type`."""
        expr = self.coerced(self.bind_expression(tree), type, -1, "")
        return compile(expr)(Frame(n=1, sides=(Batch([], 1),), ctx=self.context())).datum(0)

    def context(self, params: tuple[Bound, ...] = ()) -> ExecutionContext:
        """What a statement runs in."""
        vectors: dict[tuple[str, int], Vector] = {}
        for number, (type, value) in enumerate(params, 1):
            element = self.catalog.find_type_oid(type.element) if type.is_array else None
            vectors["external", number] = from_datums(type, [value], element)
        return ExecutionContext(
            store=self.hub.store, transaction=self.transaction.stored, catalog=self.catalog, style=self.style, host=self, settings=self.settings,
            user=self.current_role, session_user=self.session_user, dbname=self.dbname, transaction_start=self.started,
            statement_start=micros_now(), services=self.services, params=vectors, check=self.interrupt.check,
            plan_function=self.plan_function, count=self.count_call, system_rows=rows_of, slots=self.server.worker_slots,
        )  # fmt: skip

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
        context = self.context(given(bound.parameters, params, self.style))
        context.measured, context.buffers = measured, buffers
        context.charges = self.services.account if charges else None
        context.most = self.server.observer.most
        self.latest = run(self.server.observer.planned(plan), context)
        return self.latest

    def _refuse_writes(self, bound: BoundStatement) -> None:
        """25006 where a read-only transaction is about to change or lock rows of tables that are not temporary."""
        if self.settings[TRANSACTION_READ_ONLY]:
            written = (self.catalog.find_relation_oid(need.oid) for need in bound.needs if need.kind == "relation" and need.privilege in "awd")
            if any(relation is not None and relation.persistence != "t" for relation in written):
                raise ReadOnlySqlTransaction(f"cannot execute {bound.command} in a read-only transaction")

    def run_query(self, statement: st.Query, params: tuple[Bound, ...] = ()) -> ResultStream:
        """Bind, authorize, plan and run a query; what was done before for the same text is not done again while it would come to the same."""
        text = statement.text[statement.start : statement.end]
        key = (text, tuple(type.oid for type, _ in params), self.settings.key(), self.current_role, self.session_user)
        entry = self.plan_cache.find(key, self.catalog, StoredPages(self.hub.store, self.context))
        if entry is None:
            entry = self._entry(key, statement, params)
        else:
            for notice in entry.notices:
                self.tell(notice)
        plan = entry.plan or self.plan(entry.bound, params)
        return plans.stream(self.start(plan, entry.bound, params), entry.bound)

    def _entry(self, key: tuple[object, ...], statement: st.Query, params: tuple[Bound, ...]) -> Entry:
        """A query bound and, if it has no parameters, planned; kept, unless it means another time when it is read again."""
        told, timed = len(self._notices), list[bool]()
        style = replace(self.style, clock_read=lambda: timed.append(True))
        bound = bind(statement, self.catalog, self.names, tuple(type for type, _ in params), style)
        entry = Entry(catalog=self.catalog, bound=bound)
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

    # Rows

    def select(self, relation: Relation, columns: Sequence[Column]) -> ResultStream:
        """All rows of a table, these columns."""
        live = [c for c in relation.columns if not c.dropped]
        outputs = tuple(Output(id=i, name=c.name, type=c.type, typmod=c.typmod) for i, c in enumerate(live, 1))
        item = TableItem(outputs=outputs, alias=relation.name, relation=relation, numbers=tuple(c.number for c in live))
        chosen = [outputs[live.index(c)] for c in columns]
        targets = tuple(
            Target(id=100_000 + i, name=o.name, expr=ColumnRef(type=o.type, typmod=o.typmod, id=o.id, name=o.name)) for i, o in enumerate(chosen)
        )
        shown = tuple(Output(id=t.id, name=t.name, type=t.expr.type, typmod=t.expr.typmod) for t in targets)
        bound = BoundStatement(plan=Query(outputs=shown, from_items=(item,), targets=targets), columns=shown)
        return self.run(bound)

    def empty(self, outputs: Sequence[Output]) -> Batch:
        """A batch of no rows."""
        return Batch.of([from_datums(o.type, [], self.catalog.find_type_oid(o.type.element)) for o in outputs], 0)

    def complete(self, relation: Relation, columns: Sequence[Column], batch: Batch) -> Batch:
        """`batch` of `columns` widened to all live columns of `relation`, defaults filled in."""
        given = {c.number: i for i, c in enumerate(columns)}
        frame = Frame(n=batch.n, sides=(batch,), ctx=self.context())
        vectors: list[Vector] = []
        for column in (c for c in relation.columns if not c.dropped):
            if column.number in given:
                vectors.append(batch.vector(given[column.number]))
            elif column.default is not None:
                vectors.append(compile(column.default)(frame))
            else:
                vectors.append(ConstVector(from_datums(column.type, [None], self.catalog.find_type_oid(column.type.element)), batch.n))
        return Batch.of(vectors, batch.n)

    def where(self, relation: Relation, tree: st.Tree, batch: Batch) -> Mask:
        """Which rows of `batch` (all live columns of `relation`) satisfy a condition."""
        live = [c for c in relation.columns if not c.dropped]
        places = {c.number: i for i, c in enumerate(live)}
        expr = self._binder().boolean(self.bind_expression(tree, live, relation, "COPY FROM WHERE conditions"), "WHERE", tree.at)

        def place(node: object) -> object | None:
            return InputRef(type=node.type, typmod=node.typmod, index=places[node.id]) if isinstance(node, ColumnRef) else None

        return np.array(truth(compile(rewrite(expr, place))(Frame(n=batch.n, sides=(batch,), ctx=self.context()))))

    def truncate(self, relation: Relation) -> None:
        """Empty a table within the transaction."""
        refuse_rows(self.catalog, relation)
        self.hub.store.create(relation.oid, self._types(relation), self.transaction.stored)

    def insert(self, relation: Relation, batch: Batch) -> int:
        """Append rows in the relation's column order, checking its constraints."""
        if batch.n:
            context = self.context()
            Writer(relation, context).insert(batch)
            if any(c.kind == "f" for c in relation.constraints):
                References(relation, context).check_new(batch)
        return batch.n

    @property
    def pages(self) -> StoredPages:
        """The sizes of what is stored, in PostgreSQL's pages."""
        return StoredPages(self.hub.store, self.context())

    def expression_tree(self, text: str) -> st.Tree:
        """The tree of an expression given as SQL."""
        statement = parse(f"SELECT {text}")[0]
        assert isinstance(statement, st.Query)
        return replace(statement.tree, root=statement.tree.root.expressions[0])

    def computed(self, relation: Relation, expr: Expr, rows: Index | None = None) -> Vector:
        """An expression over the stored rows of a table, or some of them (ColumnRefs are attribute numbers)."""
        vectors = self.column_vectors(relation)
        if rows is not None:
            vectors = [vector.take(rows) for vector in vectors]
        n = vectors[0].n if vectors else 0
        return self._over(relation, expr, Batch.of(vectors, n))

    def _over(self, relation: Relation, expr: Expr, batch: Batch) -> Vector:
        places = {c.number: i for i, c in enumerate(c for c in relation.columns if not c.dropped)}

        def place(node: object) -> object | None:
            return InputRef(type=node.type, typmod=node.typmod, index=places[node.id]) if isinstance(node, ColumnRef) else None

        return compile(rewrite(expr, place))(Frame(n=batch.n, sides=(batch,), ctx=self.context()))

    def rewrite(self, old: Relation, new: Relation, values: Mapping[int, Expr] | None = None) -> None:
        """Store a table's rows anew: columns dropped are left out, new ones get their defaults, `values` replace columns by number."""
        vectors = self.column_vectors(old)
        n = vectors[0].n if vectors else 0
        batch = Batch.of(vectors, n)
        kept: list[tuple[Column, Vector]] = []
        for column, vector in zip((c for c in old.columns if not c.dropped), vectors, strict=True):
            if any(c.number == column.number and not c.dropped for c in new.columns):
                value = None if values is None else values.get(column.number)
                kept.append((column, vector if value is None else self._over(old, value, batch).flat()))
        self.hub.store.create(new.oid, self._types(new), self.transaction.stored)
        if n:
            full = self.complete(new, [c for c, _ in kept], Batch.of([v for _, v in kept], n))
            Writer(replace(new, indexes=(), constraints=(), columns=tuple(replace(c, not_null=False) for c in new.columns)), self.context()).insert(
                full
            )
            self.transaction.stored.count(new.oid, -n)  # the rows are the same

    def current(self, plan: LogicalPlan) -> LogicalPlan:
        """A stored plan over the objects it refers to as they are now."""
        return current(plan, self.catalog, self._binder().new_id)

    def populate(self, relation: Relation, rows: Batch | None) -> None:
        """Fill an empty materialized view; None leaves it unpopulated."""
        self.put(replace(relation, populated=rows is not None))
        if rows is not None and rows.n:
            Writer(replace(relation, indexes=()), self.context()).insert(rows)

    def exchange(self, relation: Relation, rows: Batch) -> None:
        """Make the table's rows these; other transactions see the old ones until this one commits."""
        exchange(relation, rows, self.context())

    def drop_column(self, relation: Relation, number: int) -> None:
        """Take a column away with what is built on it."""
        column = next(c for c in relation.columns if c.number == number)
        remove_column(Alteration(relation=relation, host=self), column)  # type: ignore[arg-type] # Session is a Host

    # Function statistics

    def count_call(self, function: Function, calls: int, total: float, own: float) -> None:
        """Add to the function's statistics, as track_functions has it: SQL and C functions count under "all" only."""
        if calls and self.settings[TRACK_FUNCTIONS] == "all" and function.schema != "pg_catalog":
            with self.statistics.lock:  # workers count too
                self.uncounted[function.oid] = added(self.uncounted.get(function.oid, ZERO), (calls, total, own))

    def may_set(self, name: str) -> bool:
        """Whether the current user may set a superuser's parameter called `name`."""
        return self.is_superuser or (name.lower() in RDS_MAY_SET and self.is_member("rds_superuser"))

    def available_extensions(self) -> list[AvailableExtension]:
        """What pg_available_extensions lists: the extensions of the instance's release."""
        return [AvailableExtension(
            name=m.name, default=m.default(self.settings), versions=m.versions(self.settings), requires=m.requires, comment=m.comment, schema=m.schema,
            trusted=m.trusted) for m in MANIFESTS.values()]  # fmt: skip
