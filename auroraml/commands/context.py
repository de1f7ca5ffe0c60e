"""Host: what a command may ask of its session, and the registry of commands by statement class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import BinaryIO, Protocol, TypeVar

from auroraml.batch import Batch, Datum
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.changes import Change
from auroraml.ir.bound import BoundStatement
from auroraml.ir.objects import Relation, Role
from auroraml.pipeline.result import ResultStream
from auroraml.settings import Settings
from auroraml.storage.store import Store
from auroraml.storage.transactions import Transaction
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgType

Bound = tuple[PgType, Datum | None]
S = TypeVar("S")


class Server(Protocol):
    """What commands need of the Database: databases, extensions, parameters."""

    def create_database(self, name: str, owner: Role) -> None:
        """Add an empty database."""

    def drop_database(self, name: str) -> None:
        """Remove a database; 55006 while sessions are connected to it."""


class Host(Protocol):
    """The session as commands see it."""

    settings: Settings
    server: Server
    dbname: str
    copy_input: BinaryIO | None
    copy_output: BinaryIO | None

    @property
    def catalog(self) -> Catalog:
        """The catalog this statement sees."""

    @property
    def store(self) -> Store:
        """The database's storage."""

    @property
    def transaction(self) -> Transaction:
        """The storage half of the running transaction."""

    @property
    def role(self) -> Role:
        """The current role."""

    @property
    def style(self) -> TextStyle:
        """How values are written in this session."""

    def change(self, *changes: Change) -> None:
        """Apply DDL to the catalog within the transaction."""

    def notice(self, message: str, *, severity: str = "NOTICE", sqlstate: str = "00000", detail: str | None = None, hint: str | None = None) -> None:
        """Send a notice to the client."""

    def run(self, bound: BoundStatement, params: tuple[Bound, ...] = ()) -> ResultStream:
        """Authorize, plan and run a bound statement."""

    def execute_statement(self, statement: object, params: tuple[Bound, ...] = ()) -> ResultStream:
        """Run any one parsed statement inside the running transaction."""

    def refuse_in_block(self, command: str) -> None:
        """25001 inside a transaction block."""

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


Registry = Mapping[type, Handler[object]]
