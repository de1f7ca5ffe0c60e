"""Host: what a command may ask of its session, and the registry of commands by statement class."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeVar

from auroraml.batch import Batch, Datum, Vector
from auroraml.batch import Index as RowNumbers
from auroraml.batch.vector import Mask
from auroraml.errors import Diagnostic
from auroraml.executor import Running
from auroraml.executor.crew import WorkerSlots
from auroraml.explain import Explained
from auroraml.ir.bound import BoundStatement
from auroraml.ir.decisions import Migrations
from auroraml.ir.expr import Expr
from auroraml.ir.logical import LogicalPlan, Output
from auroraml.ir.objects import Column, Database, Extension, Function, Index, Relation, Role, Schema
from auroraml.ir.physical import PhysicalPlan
from auroraml.lazy import load
from auroraml.pipeline.dependencies import Dependencies
from auroraml.pipeline.result import ResultStream
from auroraml.planner.estimate.relation import PageSource
from auroraml.planner.rules.migration_notes import Migrated
from auroraml.services.calls import Services
from auroraml.settings import Settings
from auroraml.sql import statements as st
from auroraml.sql.types import TypeName
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgType

if TYPE_CHECKING:
    from auroraml.catalog.catalog import Catalog
    from auroraml.catalog.changes import Change
    from auroraml.catalog.statistics import RelationStatistics
    from auroraml.commands.cursors import Cursor
    from auroraml.commands.prepare import Prepared
    from auroraml.planner.binder import Names

Bound = tuple[PgType, Datum | None]
Row = Relation | Function | PgType | Role | Schema | Extension | Database  # a catalog row
S = TypeVar("S")


class Server(Protocol):
    """What commands and sessions need of the Database: its databases and services."""

    service_clients: Services
    worker_slots: WorkerSlots

    def create_database(self, name: str, owner: str) -> None:
        """Add an empty database; 42P04 where there is one of that name."""

    def drop_database(self, name: str, session: object) -> None:
        """Remove a database; 55006 while sessions are connected to it."""

    def rename_database(self, name: str, new_name: str) -> None:
        """Give a database another name; 55006 while sessions are connected to it."""


class BlockState(Protocol):
    """The transaction block as commands see it."""

    savepoints: list[str]
    inside: bool

    @property
    def status(self) -> str:
        """I, T or E."""

    @property
    def in_block(self) -> bool:
        """Whether BEGIN was run."""

    def begin(self) -> Diagnostic | None:
        """BEGIN."""

    def end(self) -> bool:
        """COMMIT or ROLLBACK; whether there was a block."""

    def no_transaction(self) -> Diagnostic:
        """The warning of both where there was none."""

    def recover(self) -> None:
        """A failed block works again."""

    def savepoint(self, name: str) -> int:
        """SAVEPOINT."""

    def find(self, name: str, command: str) -> int:
        """The depth of a savepoint."""

    def require_block(self, command: str) -> None:
        """25P01 outside a block."""

    def refuse_in_block(self, command: str) -> None:
        """25001 inside a block."""


class Work(Protocol):
    """The running transaction as commands see it."""

    def savepoint(self) -> int:
        """Open a subtransaction; its depth, from 1."""

    def rollback_to(self, depth: int) -> None:
        """Undo everything since savepoint `depth`."""

    def release(self, depth: int) -> None:
        """Forget savepoints from `depth` on."""


class Host(Protocol):
    """The session as commands see it."""

    settings: Settings
    server: Server
    dbname: str
    copy_input: BinaryIO | None
    copy_output: BinaryIO | None
    prepared: dict[str, Prepared]
    cursors: dict[str, Cursor]
    explained: Explained | None  # what EXPLAIN explained last, for those who want it in another form

    @property
    def block(self) -> BlockState:
        """The transaction block."""

    @property
    def session_user(self) -> str:
        """The session user's name."""

    @property
    def current_role(self) -> str:
        """The current role's name."""

    @property
    def catalog(self) -> Catalog:
        """The catalog this statement sees."""

    @property
    def transaction(self) -> Work:
        """The running transaction."""

    @property
    def role(self) -> Role:
        """The current role."""

    @property
    def is_superuser(self) -> bool:
        """Whether the current role is a superuser."""

    @property
    def services(self) -> Services:
        """The machine-learning services, charged to this session."""

    @property
    def started(self) -> int:
        """When the transaction began, in microseconds from 2000-01-01 UTC."""

    @property
    def style(self) -> TextStyle:
        """How values are written in this session."""

    def may_set(self, name: str) -> bool:
        """Whether the current user may set a superuser's parameter."""

    def is_member(self, role: str) -> bool:
        """Whether the current role is `role` or a member of it."""

    def put(self, *rows: Row) -> None:
        """Add catalog rows, or replace those with the same OIDs."""

    def remove(self, *rows: Row) -> None:
        """Take catalog rows away (and the storage of tables)."""

    def new_oid(self) -> int:
        """An OID nobody has."""

    def notice(
        self, message: str, *, severity: str = "NOTICE", sqlstate: str | None = "00000", detail: str | None = None, hint: str | None = None
    ) -> None:
        """Send a notice to the client."""

    def tell(self, notice: Diagnostic | None) -> None:
        """Send a notice already made."""

    def commit(self) -> None:
        """End the transaction and keep its work."""

    def rollback(self) -> None:
        """End the transaction and undo its work."""

    def set_role(self, name: str | None, *, local: bool = False) -> None:
        """SET ROLE; None is NONE."""

    def set_session_user(self, name: str | None, *, local: bool = False) -> None:
        """SET SESSION AUTHORIZATION; None is DEFAULT."""

    def forget_all(self) -> None:
        """Drop prepared statements and cursors (DISCARD ALL)."""

    @property
    def names(self) -> Names:
        """The search path."""

    def find(self, name: st.Name) -> Relation | Index | None:
        """The relation or index called `name`."""

    def type_text(self, type: PgType) -> str:
        """A type as format_type prints it."""

    def index_keys(self, index: Index, relation: Relation) -> list[str]:
        """The keys of an index as SQL."""

    def change(self, *changes: Change) -> None:
        """Apply catalog changes within the transaction."""

    def expression_tree(self, text: str) -> st.Tree:
        """The tree of an expression given as SQL."""

    def computed(self, relation: Relation, expr: Expr, rows: RowNumbers | None = None) -> Vector:
        """An expression over the stored rows of a table, or some of them (ColumnRefs are attribute numbers)."""

    def rewrite(self, old: Relation, new: Relation, values: Mapping[int, Expr] | None = None) -> None:
        """Store a table's rows anew after columns were added, dropped or changed."""

    def current(self, plan: LogicalPlan) -> LogicalPlan:
        """A stored plan over the objects it refers to as they are now."""

    def populate(self, relation: Relation, rows: Batch | None) -> None:
        """Fill an empty materialized view; None leaves it unpopulated."""

    def exchange(self, relation: Relation, rows: Batch) -> None:
        """Make the table's rows these; other transactions see the old ones until this one commits."""

    def drop_column(self, relation: Relation, number: int) -> None:
        """Take a column away with what is built on it."""

    def sequence_state(self, relation: Relation) -> tuple[int, bool]:
        """A sequence's last value, and whether it was given out."""

    def set_sequence(self, relation: Relation, value: int, called: bool) -> None:
        """Let a sequence go on from `value`."""

    def relation(self, name: st.Name) -> Relation:
        """The relation called `name`; 42P01 when there is none."""

    def row_type(self, relation: Relation) -> PgType:
        """The composite type of a relation's rows."""

    def fire_truncate(self, relations: Sequence[Relation], *, before: bool) -> None:
        """Call the TRUNCATE triggers of tables."""

    def run_block(self, text: str) -> None:
        """Run the body of DO."""

    def type_named(self, name: TypeName) -> tuple[PgType, int]:
        """The type and typmod a type name means; 42704 when there is none."""

    def require(self, relation: Relation, privilege: str) -> None:
        """42501 where the current role lacks a privilege on `relation`."""

    def require_owner(self, row: Row, kind: str) -> None:
        """42501 where the current role does not own `row` ("must be owner of table t")."""

    def current_schema(self) -> str | None:
        """The schema new objects go to."""

    def lock(self, relation: Relation, mode: str, *, nowait: bool) -> None:
        """Lock a table until the transaction ends."""

    def listen(self, channel: str | None, on: bool) -> None:
        """LISTEN or UNLISTEN (None: all channels) when the transaction commits."""

    def notify(self, channel: str | None, payload: str | None) -> None:
        """Tell those who listen when the transaction commits."""

    def refuse_pending(self, relation: Relation, command: str) -> None:
        """55006 where rows of a table have still to be looked at by deferred foreign keys."""

    def defer(self, oids: Collection[int] | None, deferred: bool) -> None:
        """SET CONSTRAINTS of foreign keys by their OIDs, or of all (None)."""

    def temporary_schema(self, name: st.Name | None = None) -> Schema:
        """The schema of this session's temporary tables."""

    def drop_temporary(self) -> None:
        """Take the session's temporary relations away."""

    def creation_schema(self, name: st.Name) -> Schema:
        """The schema a new object called `name` goes to; 3F000, 42501."""

    def relation_schema(self, name: st.Name, temporary: bool) -> Schema:
        """The schema a new relation called `name` goes to."""

    def bind(self, query: st.Query, params: tuple[Bound, ...] = ()) -> BoundStatement:
        """The query bound."""

    def bind_expression(self, tree: st.Tree, columns: Sequence[Column] = (), relation: Relation | None = None, clause: str = "") -> Expr:
        """An expression over `columns` (ColumnRefs are attribute numbers); `clause` is what messages call its place."""

    def bind_condition(self, tree: st.Tree, relation: Relation) -> Expr:
        """A trigger's condition over OLD and NEW."""

    def coerced(self, expr: Expr, type: PgType, typmod: int, context: str) -> Expr:
        """`expr` as it is assigned to a column of `type`."""

    def value_of(self, tree: st.Tree, type: PgType) -> Datum | None:
        """The value of a constant expression as `type`."""

    def run_query(self, statement: st.Query, params: tuple[Bound, ...] = ()) -> ResultStream:
        """Bind, authorize, plan and run a query, by the plan made before where it still holds."""

    def run(self, bound: BoundStatement, params: tuple[Bound, ...] = ()) -> ResultStream:
        """Authorize, plan and run a bound statement."""

    def plan(self, bound: BoundStatement, params: tuple[Bound, ...] = ()) -> PhysicalPlan:
        """The plan of a bound statement, made anew."""

    def plan_with_decisions(self, bound: BoundStatement, params: tuple[Bound, ...] = ()) -> tuple[PhysicalPlan, Migrations]:
        """The plan of a bound statement, for these values of its parameters if there are any, and what was decided about its calls of batch functions."""

    def admit(self, bound: BoundStatement) -> Migrated:
        """What comes before each run by a kept plan: privileges, warnings."""

    def dependencies(self, bound: BoundStatement) -> Dependencies:
        """What a statement bound just now was made of."""

    def hold(self, depends: Dependencies) -> bool:
        """Whether all that a statement was made of is as it was."""

    def answer(self, plan: PhysicalPlan, bound: BoundStatement, params: tuple[Bound, ...] = ()) -> ResultStream:
        """Run a plan the shortest way there is."""

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
        """Run a plan; `charges`: each node's service calls are billed to it; `buffers`: its pages are counted."""

    def bind_function_body(self, function: Function, statement: st.CreateFunction) -> Function:
        """A SQL function with its body bound and checked."""

    @property
    def pages(self) -> PageSource:
        """The sizes of what is stored, in PostgreSQL's pages."""

    def column_vectors(self, relation: Relation) -> list[Vector]:
        """The visible rows' live columns."""

    def heap_order(self, relation: Relation) -> RowNumbers | None:
        """The visible rows in the order of their heap pages; None where that is the order of `column_vectors`."""

    def row_pages(self, relation: Relation) -> RowNumbers:
        """The heap page that each visible row is on."""

    def changed_rows(self, relation: Relation) -> int:
        """Rows inserted, updated and deleted by committed transactions since the last ANALYZE of the whole table."""

    def forget_changes(self, relation: Relation) -> None:
        """Count changed rows from now on."""

    def dead_rows(self, relation: Relation) -> int:
        """Row versions stored that this statement does not see."""

    def set_statistics(self, relation: Relation, statistics: RelationStatistics) -> None:
        """Replace a relation's statistics."""

    def select(self, relation: Relation, columns: Sequence[Column]) -> ResultStream:
        """All rows of a table, these columns."""

    def empty(self, outputs: Sequence[Output]) -> Batch:
        """A batch of no rows."""

    def complete(self, relation: Relation, columns: Sequence[Column], batch: Batch) -> Batch:
        """`batch` of `columns` widened to all columns of `relation`, defaults filled in."""

    def where(self, relation: Relation, tree: st.Tree, batch: Batch) -> Mask:
        """Which rows of `batch` (all columns of `relation`) satisfy a condition."""

    def truncate(self, relation: Relation) -> None:
        """Empty a table within the transaction."""

    def pack(self, relation: Relation) -> None:
        """The rows stored so far fill page after page, as CREATE TABLE AS writes them; INSERT looks for free space."""

    def insert(self, relation: Relation, batch: Batch) -> int:
        """Append rows in the relation's column order, checking its constraints."""


Handler = Callable[[S, Host, tuple[Bound, ...]], ResultStream]
HANDLERS: dict[type, Handler[object]] = {}


def command(*classes: type[S]) -> Callable[[Handler[S]], Handler[S]]:
    """Register a handler for statements of `classes`."""

    def register(handler: Handler[S]) -> Handler[S]:
        for cls in classes:
            HANDLERS[cls] = handler  # type: ignore[assignment] # dispatched by exact class, so S is the class
        return handler

    return register


def done(tag: str) -> ResultStream:
    """The answer of a command that returns no rows."""
    return ResultStream(tag=tag)


def handler_of(statement: type) -> Handler[Any] | None:
    """What runs statements of a class; all commands are loaded when one is asked for that was not."""
    found = HANDLERS.get(statement)
    if found is None:
        load("auroraml.commands.families")
        found = HANDLERS.get(statement)
    return found
