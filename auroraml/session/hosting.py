"""Hosting: what commands ask of the session: catalog rows, names, binding, planning, running, storing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from auroraml.batch import Batch, ConstVector, Datum, Index, Mask, Vector, from_datums
from auroraml.catalog.acl import has_privilege, owns
from auroraml.catalog.catalog import SUPERUSER, new_oid
from auroraml.catalog.changes import Put, Remove, Row
from auroraml.catalog.depends import referencing
from auroraml.catalog.printing import index_keys, type_text
from auroraml.catalog.simulated import refuse_rows
from auroraml.commands.altering import Alteration
from auroraml.commands.columns import remove_column
from auroraml.commands.dropping import drop_quietly, owned
from auroraml.commands.functions import transposed
from auroraml.errors import (
    DatabaseError,
    FeatureNotSupported,
    InsufficientPrivilege,
    InvalidSchemaName,
    InvalidTableDefinition,
    ObjectInUse,
    UndefinedTable,
)
from auroraml.evaluate import Frame, compile, truth
from auroraml.executor.exchange import exchange
from auroraml.executor.fired_changes import insert_rows
from auroraml.executor.operators.modify import Writer
from auroraml.executor.references import References, deferred_of
from auroraml.extensions.manifest import MANIFESTS
from auroraml.ir.bound import BoundStatement
from auroraml.ir.expr import ColumnRef, Expr, InputRef
from auroraml.ir.logical import LogicalPlan, Output, Query, TableItem, Target
from auroraml.ir.objects import Column, Function, Relation, Schema
from auroraml.ir.objects import Index as TableIndex
from auroraml.ir.tree import rewrite
from auroraml.lazy import load
from auroraml.pipeline.authorize import denied
from auroraml.pipeline.pages import StoredPages
from auroraml.pipeline.result import ResultStream
from auroraml.planner.binder import assigned, bind_body, bind_expression
from auroraml.planner.binder.binder import Binder
from auroraml.planner.binder.stored import current
from auroraml.planner.binder.triggers import bind_condition
from auroraml.records import replace
from auroraml.session.execution import Execution
from auroraml.session.function_statistics import ZERO, Counters, FunctionStatistics, added
from auroraml.session.procedures import Procedures
from auroraml.session.sequences import SequenceValues
from auroraml.session.stored_rows import StoredRows
from auroraml.settings.core import (
    TRACK_FUNCTIONS,
)
from auroraml.sql import parse
from auroraml.sql import statements as st
from auroraml.sql.rewrite import Source
from auroraml.sql.types import TypeName
from auroraml.storage.transactions import ACCESS_EXCLUSIVE, ROW_EXCLUSIVE
from auroraml.system_views.extensions import AvailableExtension
from auroraml.types.pg_type import PgType
from auroraml.types.table import POLYMORPHIC

if TYPE_CHECKING:
    from auroraml.executor.deferred_references import DeferredReferences

RDS_MAY_SET = ("track_functions", "track_activities", "track_counts", "track_io_timing", "deadlock_timeout")  # rds_superuser's, as on Aurora


class Hosting(Execution, Procedures, SequenceValues, StoredRows):
    """Methods of Session; the attributes they use are Session's."""

    running: Any
    pid: int
    statistics: FunctionStatistics
    uncounted: dict[int, Counters]  # calls of functions in the running transaction

    @property
    def is_superuser(self) -> bool:
        """Whether the current role is a superuser."""
        raise NotImplementedError

    def current_schema(self) -> str | None:
        """The schema new objects go to."""
        found = self.names.current
        return self.temporary_schema().name if found == self.temporary else found

    @property
    def temporary(self) -> str:
        """The name of the schema of this session's temporary tables."""
        return f"pg_temp_{self.pid}"

    def temporary_schema(self, name: st.Name | None = None) -> Schema:
        """The schema of temporary tables, made when first needed."""
        if name is not None and name.schema is not None and name.schema not in ("pg_temp", self.temporary):
            raise InvalidTableDefinition("cannot create temporary relation in non-temporary schema", at=name.at or None)
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

    def end_temporary(self) -> None:
        """ON COMMIT of the session's temporary tables: rows go, then tables, with what depends on them and in silence (PreCommit_on_commit_actions)."""
        catalog = self.catalog
        ending = cast("list[Relation] | None", catalog.computed.get("#on_commit"))
        if ending is None:
            ending = catalog.computed["#on_commit"] = [r for r in catalog.relations() if r.on_commit in ("drop", "delete")]
        own = [relation for relation in ending if relation.schema == self.temporary]
        emptied = [relation for relation in own if relation.on_commit == "delete"]
        for other, target in referencing({relation.oid for relation in emptied}, catalog) if emptied else ():
            raise FeatureNotSupported(
                "unsupported ON COMMIT and foreign key combination",
                detail=f'Table "{other.name}" references "{catalog.relation(target).name}", but they do not have the same ON COMMIT setting.',
            )
        for relation in emptied:
            if self.hub.store.table(relation.oid).n:
                self.truncate(relation)
        dropped = [relation for relation in own if relation.on_commit == "drop"]
        if dropped:
            drop_quietly(dropped, self)  # type: ignore[arg-type] # Session is a Host

    def is_member(self, role: str) -> bool:
        """Whether the current role is `role` or has its privileges."""
        found = self.catalog.find_role(role)
        return found is not None and self.catalog.acts_as(self.role, found)

    # Catalog rows

    def put(self, *rows: Row) -> None:
        """Add catalog rows, or replace those with the same OIDs; new tables get storage."""
        for row in rows:
            if isinstance(row, Relation):
                self.enter([(row.oid, ACCESS_EXCLUSIVE)])
            if isinstance(row, Relation) and row.kind in ("r", "m") and row.oid not in self.hub.store.tables:
                self.hub.store.create(row.oid, self._types(row), self.transaction.stored)
        self.transaction.change(*(Put(row=row) for row in rows))

    def _types(self, relation: Relation) -> list[tuple[PgType, PgType | None]]:
        catalog = self.catalog
        return [(c.type, catalog.find_type_oid(c.type.element) if c.type.is_array else None) for c in relation.columns if not c.dropped]

    def remove(self, *rows: Row) -> None:
        """Take catalog rows away, and the storage of tables."""
        for row in rows:
            if isinstance(row, Relation):
                self.refuse_pending(row, "DROP TABLE")
                self.enter([(row.oid, ACCESS_EXCLUSIVE)])
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
        wanted = name.schema or self.names.current
        if wanted in ("pg_temp", self.temporary):
            return self.temporary_schema()
        if wanted is None:
            raise InvalidSchemaName("no schema has been selected to create in", at=name.at)
        found = self.catalog.find_schema(wanted)
        if found is None:
            raise InvalidSchemaName(f'schema "{wanted}" does not exist', at=name.at)
        if not has_privilege(self.catalog, self.role, found, "C"):
            raise denied(found, name.at)
        return found

    def relation_schema(self, name: st.Name, temporary: bool) -> Schema:
        """The schema a new relation called `name` goes to."""
        return self.temporary_schema(name) if temporary else self.creation_schema(name)

    # Binding and planning

    def bind_expression(self, tree: st.Tree, columns: Sequence[Column] = (), relation: Relation | None = None, clause: str = "") -> Expr:
        """An expression over `columns` (ColumnRefs are attribute numbers); `clause` is what messages call its place."""
        clause = clause or ("check constraints" if relation is not None else "DEFAULT expressions")
        return bind_expression(tree, self.catalog, self.names, columns, self.style, clause, None if relation is None else relation.name)

    def bind_condition(self, tree: st.Tree, relation: Relation) -> Expr:
        """A trigger's condition over OLD and NEW."""
        return bind_condition(tree, relation, self.catalog, self.names, self.style)

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
            diag = error.diag
            if diag.statement_position is not None:
                error.diag = transposed(diag, statement.text, statement.body_at)
            else:
                diag.context = diag.context or f'SQL function "{statement.name.name}"'
            raise

    def value_of(self, tree: st.Tree, type: PgType) -> Datum | None:
        """The value of a constant expression as `type`."""
        expr = self.coerced(self.bind_expression(tree), type, -1, "")
        return compile(expr)(Frame(n=1, sides=(Batch([], 1),), ctx=self.context())).datum(0)

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
        self.enter([(relation.oid, ACCESS_EXCLUSIVE)])
        self.hub.store.create(relation.oid, self._types(relation), self.transaction.stored)

    def listen(self, channel: str | None, on: bool) -> None:
        """LISTEN or UNLISTEN (None: all channels) when the transaction commits."""
        heard = load("auroraml.session.notifications")
        heard.say(self, heard.Saying(listen=on, channel=channel))

    def notify(self, channel: str | None, payload: str | None) -> None:
        """Tell those who listen when the transaction commits."""
        load("auroraml.session.notifications").notify(self, channel, payload)

    @property
    def deferred(self) -> DeferredReferences:
        """What the transaction has put off."""
        return deferred_of(self.transaction.stored)

    def refuse_pending(self, relation: Relation, command: str) -> None:
        """55006 where rows of a table have still to be looked at by deferred foreign keys."""
        if self.running is not None and self.running.stored.deferred is not None and self.deferred.concerns(relation):
            raise ObjectInUse(f'cannot {command} "{relation.name}" because it has pending trigger events')

    def defer(self, oids: Collection[int] | None, deferred: bool) -> None:
        """SET CONSTRAINTS of foreign keys by their OIDs, or of all (None)."""
        self.deferred.set(oids, deferred)
        if not deferred:
            self.transaction.statement()
            self.deferred.check(self.context(), lambda constraint: not self.deferred.is_late(constraint))

    def lock(self, relation: Relation, mode: str, *, nowait: bool) -> None:
        """Lock a table until the transaction ends."""
        load("auroraml.session.table_locks").lock(self, relation, mode, nowait)

    def insert(self, relation: Relation, batch: Batch) -> int:
        """Append rows in the relation's column order, checking its constraints."""
        self.enter([(relation.oid, ROW_EXCLUSIVE)])
        if batch.n or relation.triggers:
            context = self.context()
            if relation.triggers:
                return insert_rows(relation, batch, context)
            writer = Writer(relation, context)
            batch = writer.constraints.completed(batch)
            writer.insert(batch)
            if any(c.kind == "f" for c in relation.constraints):
                References(relation, context).check(None, batch)
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
            writer = Writer(replace(new, indexes=(), constraints=(), columns=tuple(replace(c, not_null=False) for c in new.columns)), self.context())
            writer.insert(writer.constraints.completed(full))
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
        tracked = self.settings[TRACK_FUNCTIONS]
        if calls and (tracked == "all" or (tracked == "pl" and function.language == "plpgsql")) and function.schema != "pg_catalog":
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
